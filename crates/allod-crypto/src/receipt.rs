//! The hash chain over a log, and receipts signed once for a batch. Spec: `spec/log.md`, rules L-6 and L-7.

use allod_wire::log::{Digest, Entry, Receipt, ReceiptBody, ReceiptProof};
use allod_wire::{LogId, cbor};
use sha2::{Digest as _, Sha256};

use crate::digest::{labelled, sha256};
use crate::identity::{SigningSecret, verify};

const BATCH_LABEL: &[u8] = b"allod receipts v1";

/// The chain before the first entry (rule L-6).
pub fn first_head(log: LogId) -> Digest {
    labelled("allod log v1", &[log.as_bytes()])
}

/// The chain after `entry` (rule L-6).
pub fn next_head(head: &Digest, entry: &Entry) -> Digest {
    let new = &entry.new;
    let kind = cbor::to_vec(&(new.kind, &new.changes));
    let place = [entry.position.0.to_be_bytes(), u64::from(entry.day.0).to_be_bytes()].concat();
    let payload = sha256(&new.payload);
    labelled("allod entry v1", &[&head[..], &place, new.id.as_bytes(), &kind, &new.frank[..], &payload[..]])
}

/// Signs receipts: one signature for all of them (rule L-7). The proofs are in the order of `bodies`.
pub fn sign_batch(hub: &SigningSecret, bodies: &[ReceiptBody]) -> Vec<ReceiptProof> {
    let leaves: Vec<Digest> = bodies.iter().map(|body| leaf_hash(&cbor::to_vec(body))).collect();
    let levels = tree_levels(leaves);
    let Some(root) = levels.last().and_then(|level| level.first()) else { return Vec::new() };
    let signature = hub.sign(BATCH_LABEL, &root[..]).into();
    let size = u32::try_from(bodies.len()).expect("a batch is bounded far below 2^32");
    (0..size).map(|index| ReceiptProof { index, size, path: path(&levels, index as usize), signature }).collect()
}

/// Why a receipt is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// L-7: the path does not fit index and size.
    #[error("the receipt's proof has an impossible shape")]
    BadShape,
    /// L-7: the hub did not sign this.
    #[error("the hub's signature does not verify")]
    BadSignature,
}

/// Checks that the hub signed this receipt (rule L-7).
///
/// # Errors
/// [`ReceiptError`].
pub fn verify_receipt(hub_key: &[u8; 32], receipt: &Receipt) -> Result<(), ReceiptError> {
    let proof = &receipt.proof;
    let leaf = leaf_hash(&cbor::to_vec(&receipt.body));
    let root = root_from_path(leaf, proof.index as usize, proof.size as usize, &proof.path);
    let root = root.ok_or(ReceiptError::BadShape)?;
    if verify(hub_key, BATCH_LABEL, &root[..], &proof.signature) { Ok(()) } else { Err(ReceiptError::BadSignature) }
}

/// RFC 6962 section 2.1 leaf hash.
fn leaf_hash(bytes: &[u8]) -> Digest {
    let hash = Sha256::new_with_prefix([0]).chain_update(bytes).finalize();
    <[u8; 32]>::from(hash).into()
}

/// RFC 6962 section 2.1 node hash.
fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let hash = Sha256::new_with_prefix([1]).chain_update(&left[..]).chain_update(&right[..]).finalize();
    <[u8; 32]>::from(hash).into()
}

/// All levels from leaves to root. A last node without a sibling moves up as it is, which is RFC 6962's tree.
fn tree_levels(leaves: Vec<Digest>) -> Vec<Vec<Digest>> {
    let mut levels = vec![leaves];
    while let Some(level) = levels.last().filter(|level| level.len() > 1) {
        let up = |pair: &[Digest]| match pair {
            [left, right] => node_hash(left, right),
            alone => alone[0],
        };
        levels.push(level.chunks(2).map(up).collect());
    }
    levels
}

fn path(levels: &[Vec<Digest>], mut index: usize) -> Vec<Digest> {
    let mut path = Vec::new();
    for level in levels {
        path.extend(level.get(index ^ 1).filter(|_| level.len() > 1));
        index /= 2;
    }
    path
}

fn root_from_path(leaf: Digest, mut index: usize, mut size: usize, path: &[Digest]) -> Option<Digest> {
    if index >= size {
        return None;
    }
    let (mut node, mut path) = (leaf, path.iter());
    while size > 1 {
        if index % 2 == 1 {
            node = node_hash(path.next()?, &node);
        } else if index + 1 < size {
            node = node_hash(&node, path.next()?);
        }
        (index, size) = (index / 2, size.div_ceil(2));
    }
    path.next().is_none().then_some(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use allod_wire::log::{EntryKind, NewEntry};
    use allod_wire::{Day, EntryId, Position};

    fn bodies(count: u8) -> Vec<ReceiptBody> {
        let body = |i| ReceiptBody {
            log: LogId([i; 32]),
            position: Position(1),
            entry: EntryId([i; 16]),
            day: Day(1),
            frank: [0; 32].into(),
            head: [i; 32].into(),
        };
        (0..count).map(body).collect()
    }

    #[test]
    fn each_receipt_of_a_batch_verifies_alone_l_7() {
        let hub = SigningSecret::from_seed(&[1; 32]);
        for count in 1..=9 {
            let bodies = bodies(count);
            for (body, proof) in bodies.iter().zip(sign_batch(&hub, &bodies)) {
                let receipt = Receipt { body: body.clone(), proof };
                assert_eq!(verify_receipt(&hub.public(), &receipt), Ok(()), "{count}");
            }
        }
    }

    #[test]
    fn another_body_key_index_or_path_does_not_verify_l_7() {
        let hub = SigningSecret::from_seed(&[1; 32]);
        let bodies = bodies(5);
        let good = Receipt { body: bodies[2].clone(), proof: sign_batch(&hub, &bodies).swap_remove(2) };
        let refused = |change: fn(&mut Receipt)| {
            let mut receipt = good.clone();
            change(&mut receipt);
            verify_receipt(&hub.public(), &receipt)
        };
        assert_eq!(refused(|receipt| receipt.body.position = Position(2)), Err(ReceiptError::BadSignature));
        assert_eq!(refused(|receipt| receipt.proof.index = 3), Err(ReceiptError::BadSignature));
        assert_eq!(refused(|receipt| receipt.proof.index = 5), Err(ReceiptError::BadShape));
        assert_eq!(refused(|receipt| receipt.proof.size = 1), Err(ReceiptError::BadShape));
        assert_eq!(refused(|receipt| receipt.proof.path.push([0; 32].into())), Err(ReceiptError::BadShape));
        assert_eq!(verify_receipt(&[2; 32], &good), Err(ReceiptError::BadSignature));
    }

    #[test]
    fn the_chain_depends_on_every_field_and_on_the_order_l_6() {
        let new = NewEntry {
            id: EntryId([1; 16]),
            kind: EntryKind::Message,
            changes: vec![],
            frank: [0; 32].into(),
            payload: vec![0; 1024].into(),
        };
        let entry = Entry { position: Position(1), day: Day(1), new };
        let start = first_head(LogId([1; 32]));
        let head = next_head(&start, &entry);
        let changed: [fn(&mut Entry); 5] = [
            |entry| entry.position = Position(2),
            |entry| entry.day = Day(2),
            |entry| entry.new.id = EntryId([2; 16]),
            |entry| entry.new.kind = EntryKind::Commit { seen: Default::default() },
            |entry| entry.new.payload[0] = 1,
        ];
        for change in changed {
            let mut other = entry.clone();
            change(&mut other);
            assert_ne!(next_head(&start, &other), head);
        }
        assert_ne!(next_head(&first_head(LogId([2; 32])), &entry), head);
    }
}
