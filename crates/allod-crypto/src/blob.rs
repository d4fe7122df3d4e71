//! Files, sealed in blocks, so that they can be sent, resumed and read in pieces. Spec: `spec/blob.md`, rules B-1 and B-2.
//!
//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar 2015) over ChaCha20-Poly1305: the nonce of block `i` is `i` as
//! 11 bytes and a byte that is 1 for the last block. Each blob has its own key. The plaintext is padded with zeros.

use allod_wire::blob::BlobKey;
use allod_wire::limits::BLOB_BLOCK_BYTES;
use allod_wire::size_class::blob_class;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

use crate::{DoesNotOpen, Random};

const TAG_BYTES: usize = 16;
/// Plaintext in one block, in bytes.
pub const BLOCK_PLAIN_BYTES: usize = BLOB_BLOCK_BYTES - TAG_BYTES;

/// Longer than the largest blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file is larger than a blob can be")]
pub struct FileTooLarge;

/// A fresh key.
pub fn random_key(rng: &mut dyn Random) -> BlobKey {
    BlobKey(crate::random_bytes(rng))
}

/// Length of the blob for a file of `plain_bytes` (rule B-1).
///
/// # Errors
/// [`FileTooLarge`].
pub fn sealed_len(plain_bytes: u64) -> Result<u64, FileTooLarge> {
    let blocks = plain_bytes.div_ceil(BLOCK_PLAIN_BYTES as u64).max(1);
    blocks.checked_mul(BLOB_BLOCK_BYTES as u64).and_then(blob_class).ok_or(FileTooLarge)
}

/// Seals the blocks of one blob, in any order; the caller hands block `i` the file's bytes from `i * BLOCK_PLAIN_BYTES`.
#[derive(Debug, Clone)]
pub struct BlobSealer {
    key: BlobKey,
    blocks: u64,
}

impl BlobSealer {
    /// For a file of `plain_bytes`.
    ///
    /// # Errors
    /// [`FileTooLarge`].
    pub fn new(key: BlobKey, plain_bytes: u64) -> Result<Self, FileTooLarge> {
        Ok(Self { key, blocks: sealed_len(plain_bytes)? / BLOB_BLOCK_BYTES as u64 })
    }

    /// How many blocks the blob has.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Seals block `index`: `plain` is the file's part, short or empty behind its end.
    ///
    /// # Panics
    /// If `plain` is longer than a block or `index` not below [`Self::blocks`]: a mistake of the caller.
    pub fn seal(&self, index: u64, plain: &[u8]) -> Vec<u8> {
        assert!(plain.len() <= BLOCK_PLAIN_BYTES && index < self.blocks);
        let mut padded = Vec::with_capacity(BLOB_BLOCK_BYTES);
        padded.extend_from_slice(plain);
        padded.resize(BLOCK_PLAIN_BYTES, 0);
        cipher(&self.key).encrypt(&nonce(index, self.blocks), padded.as_slice()).expect("a block is short")
    }
}

/// Opens block `index` of a blob for a file of `plain_bytes`, and cuts the padding off.
///
/// # Errors
/// [`DoesNotOpen`] if the block was changed, moved, or belongs to another blob.
pub fn open_block(key: &BlobKey, plain_bytes: u64, index: u64, sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
    let blocks = sealed_len(plain_bytes).map_err(|_| DoesNotOpen)? / BLOB_BLOCK_BYTES as u64;
    if index >= blocks || sealed.len() != BLOB_BLOCK_BYTES {
        return Err(DoesNotOpen);
    }
    let mut plain = cipher(key).decrypt(&nonce(index, blocks), sealed).map_err(|_| DoesNotOpen)?;
    let start = index * BLOCK_PLAIN_BYTES as u64;
    let wanted = plain_bytes.saturating_sub(start).min(BLOCK_PLAIN_BYTES as u64) as usize;
    if plain[wanted..].iter().any(|byte| *byte != 0) {
        return Err(DoesNotOpen);
    }
    plain.truncate(wanted);
    Ok(plain)
}

fn cipher(key: &BlobKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new((&key.0).into())
}

fn nonce(index: u64, blocks: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&index.to_be_bytes());
    nonce[11] = u8::from(index + 1 == blocks);
    nonce.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: BlobKey = BlobKey([3; 32]);

    fn seal_all(file: &[u8]) -> Vec<Vec<u8>> {
        let sealer = BlobSealer::new(KEY, file.len() as u64).unwrap();
        let part = |i: u64| {
            let start = (i as usize * BLOCK_PLAIN_BYTES).min(file.len());
            &file[start..(start + BLOCK_PLAIN_BYTES).min(file.len())]
        };
        (0..sealer.blocks()).map(|i| sealer.seal(i, part(i))).collect()
    }

    #[test]
    fn files_of_every_length_around_a_block_read_back_b_2() {
        for bytes in [0, 1, BLOCK_PLAIN_BYTES - 1, BLOCK_PLAIN_BYTES, BLOCK_PLAIN_BYTES + 1, 5 * BLOCK_PLAIN_BYTES] {
            let file: Vec<u8> = (0..bytes).map(|i| i as u8).collect();
            let blocks = seal_all(&file);
            assert_eq!((blocks.len() * BLOB_BLOCK_BYTES) as u64, sealed_len(bytes as u64).unwrap());
            let open = |(i, block): (usize, &Vec<u8>)| open_block(&KEY, bytes as u64, i as u64, block).unwrap();
            assert_eq!(blocks.iter().enumerate().flat_map(open).collect::<Vec<_>>(), file);
        }
    }

    #[test]
    fn a_block_in_another_place_or_a_cut_blob_does_not_open_b_2() {
        let blocks = seal_all(&vec![1; 3 * BLOCK_PLAIN_BYTES]);
        let len = 3 * BLOCK_PLAIN_BYTES as u64;
        assert_eq!(open_block(&KEY, len, 1, &blocks[0]), Err(DoesNotOpen));
        assert_eq!(open_block(&KEY, BLOCK_PLAIN_BYTES as u64, 0, &blocks[0]), Err(DoesNotOpen));
        assert_eq!(open_block(&BlobKey([4; 32]), len, 0, &blocks[0]), Err(DoesNotOpen));
    }

    #[test]
    fn a_file_beyond_the_largest_class_is_refused_b_1() {
        assert_eq!(sealed_len(2 << 30), Err(FileTooLarge));
        assert_eq!(sealed_len(u64::MAX), Err(FileTooLarge));
    }
}
