//! Backups under a recovery phrase: the phrase, the key that follows from it, and the sealed stream. Spec: `spec/backup.md`, rules
//! K-1 to K-3.
//!
//! The STREAM construction as for files (`crate::blob`), with the header as associated data of each block. A stream's length need
//! not be known beforehand, and its last block says that it is the last.

use argon2::{Algorithm, Argon2, Params, Version};
use bip39::{Language, Mnemonic};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Random, random_bytes};

/// What a backup begins with.
const MAGIC: &[u8; 7] = b"ALLODBK";
/// The only version so far.
const VERSION: u8 = 1;
/// Bytes of the header: magic, version, salt, and three numbers of four bytes.
pub const HEADER_BYTES: usize = 36;
/// Bytes of a sealed block, the last one excepted.
const BLOCK_BYTES: usize = 64 << 10;
const TAG_BYTES: usize = 16;
const BLOCK_PLAIN_BYTES: usize = BLOCK_BYTES - TAG_BYTES;
/// RFC 9106, the second recommended choice: 64 MiB, three passes, four lanes.
const COST: Cost = Cost { memory_kib: 64 << 10, passes: 3, lanes: 4 };
/// A header that asks for more is refused.
const COST_MAX: Cost = Cost { memory_kib: 1 << 20, passes: 16, lanes: 16 };
const WORDS: usize = 12;

/// A recovery phrase: 128 random bits as twelve words of the English list of BIP-39, of which the last checks the others (rule K-1).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryPhrase([u8; 16]);

/// Why words are no phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// K-1: not twelve words.
    #[error("a recovery phrase has {WORDS} words, not {0}")]
    Length(usize),
    /// K-1: a word that is not in the list; counted from 1.
    #[error("word {0} is none of a recovery phrase")]
    Word(usize),
    /// K-1: words that do not belong together.
    #[error("these words do not belong together: one of them is another, or two are swapped")]
    Checksum,
}

impl RecoveryPhrase {
    /// A fresh one.
    pub fn random(rng: &mut dyn Random) -> Self {
        Self(random_bytes(rng))
    }

    /// From words as people type them: in any case, between any white space.
    ///
    /// # Errors
    /// [`PhraseError`].
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let words = Zeroizing::new(text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "));
        let count = words.split(' ').filter(|word| !word.is_empty()).count();
        if count != WORDS {
            return Err(PhraseError::Length(count));
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &words).map_err(|error| match error {
            bip39::Error::UnknownWord(index) => PhraseError::Word(index + 1),
            _ => PhraseError::Checksum,
        })?;
        let (entropy, _) = mnemonic.to_entropy_array();
        let entropy = Zeroizing::new(entropy);
        Ok(Self(entropy[..16].try_into().expect("twelve words hold 16 bytes")))
    }

    /// Looks at words that are being typed: the first that is none of the list, counted from 0. The last one may be the beginning of one.
    pub fn first_unknown(text: &str) -> Option<usize> {
        let lower = Zeroizing::new(text.to_lowercase());
        let is_whole = lower.ends_with(char::is_whitespace);
        let count = lower.split_whitespace().count();
        lower.split_whitespace().enumerate().position(|(index, word)| {
            let is_typed = index + 1 == count && !is_whole;
            let list = Language::English.word_list();
            !list.iter().any(|known| if is_typed { known.starts_with(word) } else { *known == word })
        })
    }

    /// The words, with a space between each two.
    pub fn words(&self) -> Zeroizing<String> {
        let mnemonic = Mnemonic::from_entropy_in(Language::English, &self.0).expect("16 bytes make twelve words");
        Zeroizing::new(mnemonic.words().collect::<Vec<_>>().join(" "))
    }
}

impl std::fmt::Debug for RecoveryPhrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryPhrase(…)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why a backup does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// K-3: something else, or cut within its header.
    #[error("this is no backup")]
    NotABackup,
    /// K-3: of a version that this release does not know.
    #[error("this backup was made by a newer release (version {found}, this one knows {VERSION})")]
    Newer {
        /// Its version.
        found: u8,
    },
    /// K-2: the header asks for more work than any release would.
    #[error("the header of this backup is damaged")]
    Cost,
    /// K-2, K-3: the first block does not open. The two causes cannot be told apart.
    #[error("the recovery phrase is another one, or the file is damaged")]
    WrongPhrase,
    /// K-3: a later block does not open, or the end is missing.
    #[error("this backup is damaged or incomplete")]
    Damaged,
}

/// The key of one backup: what follows from its header and a phrase.
#[derive(Clone)]
pub struct BackupKey {
    header: Header,
    key: Zeroizing<[u8; 32]>,
}

impl BackupKey {
    /// Makes it here and now (rule K-2). Takes as much memory and time as the header says.
    pub fn stretch(header: Header, phrase: &RecoveryPhrase) -> Self {
        let Cost { memory_kib, passes, lanes } = header.cost;
        let params = Params::new(memory_kib, passes, lanes, Some(32)).expect("the cost is within bounds");
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&phrase.0, &header.salt, &mut *key)
            .expect("the salt has sixteen bytes");
        Self { header, key }
    }

    /// What [`stretch`] needs to make it elsewhere, where it holds nobody up.
    pub fn task(header: &Header, phrase: &RecoveryPhrase) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&phrase.0[..], &header.bytes].concat())
    }

    /// As it was made elsewhere; `None` if that is no key.
    pub fn made(header: Header, key: &[u8]) -> Option<Self> {
        Some(Self { header, key: Zeroizing::new(key.try_into().ok()?) })
    }

    fn blocks(&self) -> Blocks {
        Blocks { cipher: ChaCha20Poly1305::new((&*self.key).into()), header: self.header.bytes, next: 0 }
    }
}

/// Does a [`BackupKey::task`]: the key's bytes.
///
/// # Errors
/// [`OpenError`] as of [`Header::decode`], for what is none.
pub fn stretch(task: &[u8]) -> Result<Zeroizing<[u8; 32]>, OpenError> {
    let (phrase, header) = task.split_first_chunk().ok_or(OpenError::NotABackup)?;
    Ok(BackupKey::stretch(Header::decode(header)?, &RecoveryPhrase(*phrase)).key)
}

/// What stands before the sealed blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    bytes: [u8; HEADER_BYTES],
    salt: [u8; 16],
    cost: Cost,
}

impl Header {
    /// Of a new backup.
    pub fn random(rng: &mut dyn Random) -> Self {
        Self::new(random_bytes(rng), COST)
    }

    fn new(salt: [u8; 16], cost: Cost) -> Self {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..7].copy_from_slice(MAGIC);
        bytes[7] = VERSION;
        bytes[8..24].copy_from_slice(&salt);
        for (at, number) in [(24, cost.memory_kib), (28, cost.passes), (32, cost.lanes)] {
            bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
        }
        Self { bytes, salt, cost }
    }

    /// Reads the first [`HEADER_BYTES`] bytes of a backup.
    ///
    /// # Errors
    /// [`OpenError`], each kind but those of blocks.
    pub fn decode(bytes: &[u8]) -> Result<Self, OpenError> {
        let bytes: [u8; HEADER_BYTES] = bytes.try_into().map_err(|_| OpenError::NotABackup)?;
        if bytes[..7] != *MAGIC {
            return Err(OpenError::NotABackup);
        }
        if bytes[7] != VERSION {
            return Err(OpenError::Newer { found: bytes[7] });
        }
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let cost = Cost { memory_kib: number(24), passes: number(28), lanes: number(32) };
        let fits = (1..=COST_MAX.passes).contains(&cost.passes)
            && (1..=COST_MAX.lanes).contains(&cost.lanes)
            && (8 * cost.lanes..=COST_MAX.memory_kib).contains(&cost.memory_kib);
        if !fits {
            return Err(OpenError::Cost);
        }
        let salt = bytes[8..24].try_into().expect("sixteen bytes");
        Ok(Self { bytes, salt, cost })
    }
}

/// The blocks of one stream, in order.
struct Blocks {
    cipher: ChaCha20Poly1305,
    header: [u8; HEADER_BYTES],
    next: u64,
}

impl Blocks {
    fn nonce(&mut self, is_last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.next.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.next += 1;
        nonce.into()
    }

    fn seal(&mut self, plain: &[u8], is_last: bool) -> Vec<u8> {
        let nonce = self.nonce(is_last);
        let payload = Payload { msg: plain, aad: &self.header };
        self.cipher.encrypt(&nonce, payload).expect("a block is short")
    }

    fn open(&mut self, sealed: &[u8], is_last: bool) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let failure = if self.next == 0 { OpenError::WrongPhrase } else { OpenError::Damaged };
        let nonce = self.nonce(is_last);
        let payload = Payload { msg: sealed, aad: &self.header };
        self.cipher.decrypt(&nonce, payload).map(Zeroizing::new).map_err(|_| failure)
    }
}

/// Seals a backup, part by part.
pub struct BackupSealer {
    blocks: Blocks,
    waiting: Zeroizing<Vec<u8>>,
}

impl BackupSealer {
    /// Begins a backup under a key that was made for it alone; the header is its first bytes.
    pub fn new(key: &BackupKey) -> (Self, Vec<u8>) {
        (Self { blocks: key.blocks(), waiting: Zeroizing::default() }, key.header.bytes.to_vec())
    }

    /// Takes more of the content; gives what can be written.
    pub fn push(&mut self, plain: &[u8]) -> Vec<u8> {
        self.waiting.extend_from_slice(plain);
        let mut sealed = Vec::new();
        // What may be the last block waits until it is known.
        let mut start = 0;
        while self.waiting.len() - start > BLOCK_PLAIN_BYTES {
            let block = &self.waiting[start..start + BLOCK_PLAIN_BYTES];
            sealed.extend(self.blocks.seal(block, false));
            start += BLOCK_PLAIN_BYTES;
        }
        self.waiting.drain(..start);
        sealed
    }

    /// The rest.
    pub fn finish(mut self) -> Vec<u8> {
        let last = std::mem::take(&mut self.waiting);
        self.blocks.seal(&last, true)
    }
}

/// Opens a backup, part by part.
pub struct BackupOpener {
    under: Under,
    blocks: Option<Blocks>,
    waiting: Vec<u8>,
}

/// What a backup opens with.
enum Under {
    Phrase(RecoveryPhrase),
    Key(BackupKey),
}

impl BackupOpener {
    /// Nothing was read yet.
    pub fn new(phrase: RecoveryPhrase) -> Self {
        Self { under: Under::Phrase(phrase), blocks: None, waiting: Vec::new() }
    }

    /// Nothing was read yet, and the key was made already.
    pub fn with_key(key: BackupKey) -> Self {
        Self { under: Under::Key(key), blocks: None, waiting: Vec::new() }
    }

    /// Takes more of the file; gives the content that is known to be genuine.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn push(&mut self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.waiting.extend_from_slice(sealed);
        let mut start = 0;
        let blocks = match &mut self.blocks {
            Some(blocks) => blocks,
            None if self.waiting.len() < HEADER_BYTES => return Ok(Zeroizing::default()),
            None => {
                let header = Header::decode(&self.waiting[..HEADER_BYTES])?;
                start = HEADER_BYTES;
                let blocks = match &self.under {
                    Under::Phrase(phrase) => BackupKey::stretch(header, phrase).blocks(),
                    Under::Key(key) if key.header == header => key.blocks(),
                    // Another file than the one for which the key was made.
                    Under::Key(_) => return Err(OpenError::WrongPhrase),
                };
                self.blocks.insert(blocks)
            }
        };
        let mut plain = Zeroizing::new(Vec::new());
        while self.waiting.len() - start > BLOCK_BYTES {
            plain.extend_from_slice(&blocks.open(&self.waiting[start..start + BLOCK_BYTES], false)?);
            start += BLOCK_BYTES;
        }
        self.waiting.drain(..start);
        Ok(plain)
    }

    /// The rest of the content: only now it is known to be whole.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn finish(mut self) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let blocks = self.blocks.as_mut().ok_or(OpenError::NotABackup)?;
        blocks.open(&self.waiting, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

    fn phrase() -> RecoveryPhrase {
        RecoveryPhrase::parse(PHRASE).unwrap()
    }

    /// A backup under little work, as tests do not mind.
    fn sealed(content: &[u8]) -> Vec<u8> {
        let header = Header::new([7; 16], Cost { memory_kib: 64, passes: 1, lanes: 1 });
        let (mut sealer, mut file) = BackupSealer::new(&BackupKey::stretch(header, &phrase()));
        content.chunks(10_000).for_each(|part| file.extend(sealer.push(part)));
        file.extend(sealer.finish());
        file
    }

    fn open(file: &[u8], phrase: RecoveryPhrase) -> Result<Vec<u8>, OpenError> {
        let mut opener = BackupOpener::new(phrase);
        let mut content = Vec::new();
        for part in file.chunks(7_777) {
            content.extend_from_slice(&opener.push(part)?);
        }
        content.extend_from_slice(&opener.finish()?);
        Ok(content)
    }

    #[test]
    fn a_phrase_is_read_as_people_type_it_and_checked_k_1() {
        assert_eq!(*phrase().words(), PHRASE, "the test vector of BIP-39 for 7f7f…");
        assert_eq!(phrase().0, [0x7f; 16]);
        let typed = PHRASE.to_uppercase().replace(' ', "\n  ");
        assert_eq!(RecoveryPhrase::parse(&typed).unwrap().0, phrase().0);
        let refused = |text: &str| RecoveryPhrase::parse(text).unwrap_err();
        assert_eq!(refused(""), PhraseError::Length(0));
        assert_eq!(refused(&format!("{PHRASE} zoo")), PhraseError::Length(13));
        assert_eq!(refused(&PHRASE.replace("wave", "vawe")), PhraseError::Word(5));
        assert_eq!(refused(&PHRASE.replace("yellow", "zoo")), PhraseError::Checksum);
        assert!(!format!("{:?}", phrase()).contains("legal"));
    }

    #[test]
    fn content_of_every_length_around_a_block_reads_back_k_3() {
        for bytes in [0, 1, BLOCK_PLAIN_BYTES - 1, BLOCK_PLAIN_BYTES, BLOCK_PLAIN_BYTES + 1, 3 * BLOCK_PLAIN_BYTES] {
            let content: Vec<u8> = (0..bytes).map(|i| i as u8).collect();
            assert!(open(&sealed(&content), phrase()) == Ok(content), "{bytes}");
        }
    }

    #[test]
    fn another_phrase_opens_nothing_k_2() {
        let other = RecoveryPhrase([1; 16]);
        assert_eq!(open(&sealed(b"secret"), other), Err(OpenError::WrongPhrase));
    }

    #[test]
    fn a_backup_that_is_cut_anywhere_is_not_taken_for_a_whole_one_k_3() {
        let file = sealed(&vec![5; 3 * BLOCK_PLAIN_BYTES]);
        for end in [0, 7, HEADER_BYTES - 1] {
            assert_eq!(open(&file[..end], phrase()), Err(OpenError::NotABackup), "{end}");
        }
        let after_two = HEADER_BYTES + 2 * BLOCK_BYTES;
        for end in [after_two - 1, after_two, after_two + 20, file.len() - 1] {
            assert_eq!(open(&file[..end], phrase()), Err(OpenError::Damaged), "{end}");
        }
    }

    #[test]
    fn a_changed_byte_or_a_moved_block_is_found_k_3() {
        let file = sealed(&vec![5; 3 * BLOCK_PLAIN_BYTES]);
        let second = HEADER_BYTES + BLOCK_BYTES;
        for (at, expected) in
            [(10, OpenError::WrongPhrase), (HEADER_BYTES, OpenError::WrongPhrase), (second, OpenError::Damaged)]
        {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert_eq!(open(&changed, phrase()), Err(expected), "byte {at}");
        }
        let mut moved = file.clone();
        moved[HEADER_BYTES..second + BLOCK_BYTES].rotate_left(BLOCK_BYTES);
        assert_eq!(open(&moved, phrase()), Err(OpenError::WrongPhrase));
        let longer = [&file[..], &[0]].concat();
        assert_eq!(open(&longer, phrase()), Err(OpenError::Damaged));
    }

    #[test]
    fn a_wrong_word_is_named_while_it_is_typed_k_1() {
        let unknown = RecoveryPhrase::first_unknown;
        for fine in ["", "legal", "leg", "Legal  winner tha", "act ", "act", "actor"] {
            assert_eq!(unknown(fine), None, "{fine}");
        }
        assert_eq!(unknown("legal winer thank"), Some(1));
        assert_eq!(unknown("legal winn thank"), Some(1), "the beginning of a word, but not the last one");
        assert_eq!(unknown("winn "), Some(0), "it is over");
        assert_eq!(unknown("legal winner xyzzy"), Some(2));
    }

    #[test]
    fn a_header_of_something_else_a_newer_release_or_absurd_cost_is_refused_k_2_k_3() {
        let header = Header::new([7; 16], COST);
        assert_eq!(Header::decode(&header.bytes), Ok(header.clone()));
        let with = |at: usize, byte: u8| {
            let mut bytes = header.bytes;
            bytes[at] = byte;
            Header::decode(&bytes)
        };
        assert_eq!(with(0, b'X'), Err(OpenError::NotABackup));
        assert_eq!(with(7, 2), Err(OpenError::Newer { found: 2 }));
        for (at, byte) in [(24, 0xff), (28, 1), (31, 0), (35, 0), (35, 17)] {
            assert_eq!(with(at, byte), Err(OpenError::Cost), "byte {at}");
        }
    }
}
