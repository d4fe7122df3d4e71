//! The Merkle tree over a log's entries (RFC 6962, C2SP tlog-tiles): growing it, and proving from its stored hashes. Spec: `spec/ledger.md`, rules G-1, G-8, G-10.

use tlog_tiles::{Error, HashReader};

pub use tlog_tiles::{Hash, record_hash as leaf_hash, stored_hash_count};

/// A larger tree is none of ours: below it no sum of the proofs' arithmetic overflows.
pub const TREE_SIZE_MAX: u64 = 1 << 48;
/// The root of the empty tree: SHA-256 of nothing (RFC 6962, section 2.1).
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// A proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not hold")]
pub struct BadProof;

/// Where the hashes of a tree are kept, in the order of [`tlog_tiles::stored_hash_index`].
pub trait StoredHashes {
    /// The hashes at these indexes, in their order; `None` if one is not there.
    fn read(&self, indexes: &[u64]) -> Option<Vec<Hash>>;
}

impl StoredHashes for Vec<Hash> {
    fn read(&self, indexes: &[u64]) -> Option<Vec<Hash>> {
        indexes.iter().map(|index| self.get(usize::try_from(*index).ok()?).copied()).collect()
    }
}

/// Stored hashes that lack one below the tree's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ledger's stored hashes are damaged")]
pub struct DamagedTree;

/// Stored hashes as the Merkle library reads them.
pub(crate) struct Reader<'a, H: ?Sized>(pub(crate) &'a H);

impl<H: StoredHashes + ?Sized> HashReader for Reader<'_, H> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let hashes = self.0.read(indexes).filter(|hashes| hashes.len() == indexes.len());
        hashes.ok_or(Error::IndexesNotInTree)
    }
}

/// The hashes to store behind those of a tree of `size` entries when `entry` is appended: from index [`stored_hash_count`]`(size)` on.
///
/// # Errors
/// [`DamagedTree`].
pub fn hashes_of_next<H: StoredHashes + ?Sized>(size: u64, entry: &[u8], stored: &H) -> Result<Vec<Hash>, DamagedTree> {
    tlog_tiles::stored_hashes(size, entry, &Reader(stored)).map_err(|_| DamagedTree)
}

/// The root of the tree of the first `size` entries.
///
/// # Errors
/// [`DamagedTree`].
pub fn root<H: StoredHashes + ?Sized>(size: u64, stored: &H) -> Result<Hash, DamagedTree> {
    if size == 0 { Ok(EMPTY_ROOT) } else { tlog_tiles::tree_hash(size, &Reader(stored)).map_err(|_| DamagedTree) }
}

/// The proof that the entry at `index` is in the tree of `size` entries (`index < size`).
///
/// # Errors
/// [`DamagedTree`].
pub fn prove_inclusion<H: StoredHashes + ?Sized>(size: u64, index: u64, stored: &H) -> Result<Vec<Hash>, DamagedTree> {
    tlog_tiles::prove_record(size, index, &Reader(stored)).map_err(|_| DamagedTree)
}

/// Checks that an entry with this leaf hash is at `index` of the tree (rule G-10).
///
/// # Errors
/// [`BadProof`].
pub fn check_inclusion(proof: &Vec<Hash>, size: u64, root: Hash, index: u64, leaf: Hash) -> Result<(), BadProof> {
    if size > TREE_SIZE_MAX || proof.len() > PROOF_HASHES_MAX {
        return Err(BadProof);
    }
    tlog_tiles::check_record(proof, size, root, index, leaf).map_err(|_| BadProof)
}

/// The proof that the tree of `size` entries begins with that of `old` entries (`old <= size`); empty for `old == 0`.
///
/// # Errors
/// [`DamagedTree`].
pub fn prove_consistency<H: StoredHashes + ?Sized>(old: u64, size: u64, stored: &H) -> Result<Vec<Hash>, DamagedTree> {
    if old == 0 {
        return Ok(Vec::new());
    }
    tlog_tiles::prove_tree(size, old, &Reader(stored)).map_err(|_| DamagedTree)
}

/// Checks that a tree begins with an older one (rule G-8 e).
///
/// # Errors
/// [`BadProof`].
pub fn check_consistency(
    proof: &Vec<Hash>,
    (old, old_root): (u64, Hash),
    (size, root): (u64, Hash),
) -> Result<(), BadProof> {
    if size > TREE_SIZE_MAX || proof.len() > PROOF_HASHES_MAX {
        return Err(BadProof);
    }
    let holds = if old == 0 {
        proof.is_empty() && old_root == EMPTY_ROOT && (size > 0 || root == EMPTY_ROOT)
    } else {
        tlog_tiles::check_tree(proof, size, root, old, old_root).is_ok()
    };
    if holds { Ok(()) } else { Err(BadProof) }
}

/// Hashes of a proof (tlog-witness allows 63).
pub const PROOF_HASHES_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of `size` small entries.
    fn tree(size: u64) -> Vec<Hash> {
        let mut stored: Vec<Hash> = Vec::new();
        for n in 0..size {
            let next = hashes_of_next(n, &n.to_be_bytes(), &stored).unwrap();
            assert_eq!(stored.len() as u64, stored_hash_count(n));
            stored.extend(next);
        }
        stored
    }

    #[test]
    fn every_entry_of_every_size_is_proved_and_no_other_is_g_10() {
        let stored = tree(33);
        for size in 1..=33 {
            let root = root(size, &stored).unwrap();
            for index in 0..size {
                let proof = prove_inclusion(size, index, &stored).unwrap();
                let leaf = leaf_hash(&index.to_be_bytes());
                assert_eq!(check_inclusion(&proof, size, root, index, leaf), Ok(()));
                assert_eq!(check_inclusion(&proof, size, root, (index + 1) % size, leaf).is_ok(), size == 1);
                assert_eq!(check_inclusion(&proof, size, root, index, leaf_hash(b"other")), Err(BadProof));
                assert_eq!(check_inclusion(&proof, size, root, size, leaf), Err(BadProof));
                let longer = [proof.clone(), vec![leaf]].concat();
                assert_eq!(check_inclusion(&longer, size, root, index, leaf), Err(BadProof));
            }
        }
    }

    #[test]
    fn every_tree_begins_with_every_smaller_one_and_with_no_other_g_8() {
        let stored = tree(33);
        for size in 0..=33 {
            for old in 0..=size {
                let (from, to) = ((old, root(old, &stored).unwrap()), (size, root(size, &stored).unwrap()));
                let proof = prove_consistency(old, size, &stored).unwrap();
                assert_eq!(check_consistency(&proof, from, to), Ok(()));
                let other = Hash([7; 32]);
                assert_eq!(check_consistency(&proof, (old, other), to), Err(BadProof), "{old} {size}");
                // Nothing is known about what follows on nothing.
                assert_eq!(check_consistency(&proof, from, (size, other)).is_ok(), old == 0 && size > 0);
                if size > 0 {
                    assert_eq!(check_consistency(&proof, (size + 1, from.1), to), Err(BadProof));
                }
            }
        }
    }

    #[test]
    fn hashes_that_are_gone_are_damage() {
        let mut stored = tree(9);
        stored.truncate(12);
        assert_eq!(root(9, &stored), Err(DamagedTree));
        assert_eq!(prove_inclusion(9, 8, &stored), Err(DamagedTree));
    }
}
