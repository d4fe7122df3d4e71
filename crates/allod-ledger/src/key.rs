//! Keys of signed notes, and their text form (C2SP signed-note, "vkey"). Spec: `spec/ledger.md`, rules G-1 and G-11.

use std::fmt;
use std::str::FromStr;

use allod_crypto::identity::SigningSecret;
use allod_crypto::ledger::{NoteKeyKind, cosign, note_key_id, sign_checkpoint, verify_checkpoint, verify_cosignature};
use data_encoding::BASE64;
use signed_note::{Signature, Verifier, is_key_name_valid};

/// The public key of a log or of a witness.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoteKey {
    name: String,
    kind: NoteKeyKind,
    public: [u8; 32],
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteKeyError {
    /// It is not `name+id+key`.
    #[error("a key looks like name+1a2b3c4d+base64")]
    Malformed,
    /// A kind of key that is not an Ed25519 key of a log or of a witness.
    #[error("not an Ed25519 key of a log or a witness")]
    Kind,
    /// The id is not that of this name and key.
    #[error("the id is not that of this name and key")]
    Id,
}

impl NoteKey {
    /// A key; `None` if the name is empty or has a space or a plus.
    pub fn new(name: &str, kind: NoteKeyKind, public: [u8; 32]) -> Option<Self> {
        is_key_name_valid(name).then(|| Self { name: name.to_owned(), kind, public })
    }

    /// Whose it is: the origin of a log, the name of a witness.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub fn kind(&self) -> NoteKeyKind {
        self.kind
    }

    /// The Ed25519 key.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The id in signature lines.
    pub fn id(&self) -> u32 {
        note_key_id(&self.name, self.kind, &self.public)
    }

    /// The time in POSIX seconds of a witness's signature that verified.
    pub(crate) fn time_of(&self, text: &[u8], signature: &[u8]) -> Option<u64> {
        verify_cosignature(&self.public, text, signature)
    }
}

impl Verifier for NoteKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id()
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        match self.kind {
            NoteKeyKind::Log => {
                signature.try_into().is_ok_and(|signature| verify_checkpoint(&self.public, text, signature))
            }
            NoteKeyKind::Witness => verify_cosignature(&self.public, text, signature).is_some(),
        }
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind as u8][..], &self.public].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), BASE64.encode(&key))
    }
}

impl FromStr for NoteKey {
    type Err = NoteKeyError;

    fn from_str(text: &str) -> Result<Self, NoteKeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteKeyError::Malformed);
        };
        let key = BASE64.decode(key.as_bytes()).map_err(|_| NoteKeyError::Malformed)?;
        let (kind, public) = key.split_first().ok_or(NoteKeyError::Malformed)?;
        let kind = [NoteKeyKind::Log, NoteKeyKind::Witness].into_iter().find(|known| *known as u8 == *kind);
        let public = public.try_into().map_err(|_| NoteKeyError::Kind)?;
        let key = Self::new(name, kind.ok_or(NoteKeyError::Kind)?, public).ok_or(NoteKeyError::Malformed)?;
        let is_plain = id.len() == 8 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_plain && u32::from_str_radix(id, 16) == Ok(key.id()) { Ok(key) } else { Err(NoteKeyError::Id) }
    }
}

/// Signs what a [`NoteKey`] verifies.
#[derive(Debug, Clone)]
pub struct NoteSigner {
    key: NoteKey,
    secret: SigningSecret,
}

impl NoteSigner {
    /// A signer; `None` if the name is no name of a key.
    pub fn new(name: &str, kind: NoteKeyKind, secret: SigningSecret) -> Option<Self> {
        Some(Self { key: NoteKey::new(name, kind, secret.public())?, secret })
    }

    /// The public key.
    pub fn key(&self) -> &NoteKey {
        &self.key
    }

    /// The signature line for a text, at a POSIX time in seconds (which a log's signature does not hold).
    pub(crate) fn sign(&self, text: &[u8], seconds: u64) -> Signature {
        let signature = match self.key.kind {
            NoteKeyKind::Log => sign_checkpoint(&self.secret, text).to_vec(),
            NoteKeyKind::Witness => cosign(&self.secret, text, seconds).to_vec(),
        };
        Signature::new(self.key.name.clone(), self.key.id(), signature).expect("the name was checked")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of C2SP's signed-note specification.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_key_reads_as_it_is_written_and_nothing_else_does_g_1() {
        let key: NoteKey = PETER.parse().unwrap();
        assert_eq!((key.name(), key.kind(), key.id()), ("PeterNeumann", NoteKeyKind::Log, 0xc74f_20a3));
        assert_eq!(key.to_string(), PETER);
        let refused = |text: &str| text.parse::<NoteKey>().unwrap_err();
        assert_eq!(refused("PeterNeumann+c74f20a3"), NoteKeyError::Malformed);
        assert_eq!(refused(&PETER.replace("c74f20a3", "C74F20A3")), NoteKeyError::Id);
        assert_eq!(refused(&PETER.replace("c74f20a3", "c74f20a4")), NoteKeyError::Id);
        assert_eq!(refused(&PETER.replace("PeterNeumann", "EnochRoot")), NoteKeyError::Id);
        assert_eq!(refused(&PETER.replace("pc2Q", "pc3Q")), NoteKeyError::Id);
        assert_eq!(refused(&PETER.replace("ARpc", "ABpc")), NoteKeyError::Kind);
        assert_eq!(refused("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), NoteKeyError::Malformed);
        assert_eq!(refused("PeterNeumann+c74f20a3+ARpc"), NoteKeyError::Kind);
    }
}
