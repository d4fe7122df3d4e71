//! That an epoch only added to the one before it (rule Y-10): the tree is built twice from the nodes that a proof names.
//!
//! A node stands for all that is below it, since its value is a hash of that. If the same unchanged nodes lead to the former root
//! alone, and to the new one with the inserted leaves, then nothing that was there is gone or has another value. That holds only
//! if the nodes are at different places: no label may be a prefix of another.

use akd_core::configuration::Configuration;
use akd_core::{AzksValue, NodeLabel};
use allod_wire::cbor::{self, DecodeError};
use allod_wire::directory::{AppendOnlyProof, EpochRoot, LEAF_BITS, TreeNode};
use allod_wire::limits::APPEND_ONLY_PROOF_BYTES_MAX;

use crate::convert::{label_in, value_in};
use crate::{Hashes, ProofError};

/// The proof of an epoch as received.
#[derive(Debug, Clone)]
pub struct AppendOnlyProofIn(AppendOnlyProof);

impl AppendOnlyProofIn {
    /// Decodes at most [`APPEND_ONLY_PROOF_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::from_slice_bounded(bytes, APPEND_ONLY_PROOF_BYTES_MAX).map(Self)
    }

    /// Checks that `after` follows `before` and holds all that it held. Says how many leaves it added: one for a user's first entry, two for a change.
    ///
    /// # Errors
    /// [`ProofError::Impossible`] if they are not neighbours or nothing was added, or the labels cannot be; [`ProofError::NotShown`].
    pub fn verify(self, before: &EpochRoot, after: &EpochRoot) -> Result<usize, ProofError> {
        let AppendOnlyProof { inserted, mut unchanged } = self.0;
        let neighbours = before.epoch.checked_add(1) == Some(after.epoch);
        let leaves = inserted.iter().all(|node| node.label.bits == LEAF_BITS);
        if !neighbours || !leaves || inserted.is_empty() || !unchanged.iter().all(is_clean) {
            return Err(ProofError::Impossible);
        }
        let added = inserted.len();
        if root(&mut unchanged)? != <[u8; 32]>::from(before.root) {
            return Err(ProofError::NotShown);
        }
        unchanged.extend(inserted.into_iter().map(|node| TreeNode {
            value: Hashes::hash_leaf_with_commitment(value_in(&node.value), after.epoch).0.into(),
            ..node
        }));
        if root(&mut unchanged)? == <[u8; 32]>::from(after.root) { Ok(added) } else { Err(ProofError::NotShown) }
    }
}

/// The bits that do not count are zero, so that a place has one label.
fn is_clean(node: &TreeNode) -> bool {
    let label = label_in(&node.label);
    node.label.bits > 0 && label.get_prefix(label.label_len) == label
}

/// The root of the tree that has these nodes.
fn root(nodes: &mut [TreeNode]) -> Result<[u8; 32], ProofError> {
    nodes.sort_by_key(|node| node.label.path);
    if nodes.is_empty() {
        return Ok(Hashes::compute_root_hash_from_val(&Hashes::empty_root_value()));
    }
    // The root is where it is, however few there are.
    let value = parent(nodes, 0)?;
    Ok(Hashes::compute_root_hash_from_val(&value))
}

/// The value of the node whose children differ in the bit after `bits`.
fn parent(nodes: &[TreeNode], bits: u16) -> Result<AzksValue, ProofError> {
    if nodes.iter().any(|node| node.label.bits <= bits) {
        return Err(ProofError::Impossible); // One of them is a prefix of the others.
    }
    let (left, right) = nodes.split_at(nodes.partition_point(|node| bit(node, bits) == 0));
    let (left, right) = (child(left)?, child(right)?);
    let label = |label: &NodeLabel| label.value::<Hashes>();
    Ok(Hashes::compute_parent_hash_from_children(&left.1, &label(&left.0), &right.1, &label(&right.0)))
}

/// The node that stands for these.
fn child(nodes: &[TreeNode]) -> Result<(NodeLabel, AzksValue), ProofError> {
    match nodes {
        [] => Ok((Hashes::empty_label(), Hashes::empty_node_hash())),
        [node] => Ok((label_in(&node.label), value_in(&node.value))),
        [first, .., last] => {
            // In order, so what these two share all share.
            let bits = common_bits(first, last);
            let label = label_in(&first.label).get_prefix(u32::from(bits));
            Ok((label, parent(nodes, bits)?))
        }
    }
}

fn bit(node: &TreeNode, index: u16) -> u8 {
    let path = node.label.path[usize::from(index / 8)];
    path >> (7 - index % 8) & 1
}

fn common_bits(a: &TreeNode, b: &TreeNode) -> u16 {
    (0..LEAF_BITS).find(|index| bit(a, *index) != bit(b, *index)).unwrap_or(LEAF_BITS)
}

#[cfg(test)]
mod tests;
