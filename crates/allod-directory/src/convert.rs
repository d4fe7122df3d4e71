//! Proofs as the library has them, and as they travel (rule Y-6).

use akd_core::{AkdValue, AzksElement, AzksValue, Direction, MembershipProof, NonMembershipProof, SiblingProof};
use allod_wire::directory as wire;

/// A label, for the library.
pub(crate) fn label_in(label: &wire::NodeLabel) -> akd_core::NodeLabel {
    akd_core::NodeLabel { label_val: label.path, label_len: u32::from(label.bits) }
}

pub(crate) fn value_in(value: &allod_wire::log::Digest) -> AzksValue {
    AzksValue((*value).into())
}

fn node_in(node: &wire::TreeNode) -> AzksElement {
    AzksElement { label: label_in(&node.label), value: value_in(&node.value) }
}

pub(crate) fn in_tree_in(proof: &wire::InTree) -> MembershipProof {
    let step = |step: &wire::PathStep| SiblingProof {
        label: label_in(&step.parent),
        siblings: [node_in(&step.sibling)],
        // The library names the side of the node that the path leads to.
        direction: if step.sibling_is_left { Direction::Right } else { Direction::Left },
    };
    MembershipProof {
        label: label_in(&proof.node.label),
        hash_val: value_in(&proof.node.value),
        sibling_proofs: proof.path.iter().map(step).collect(),
    }
}

pub(crate) fn not_in_tree_in(proof: &wire::NotInTree) -> NonMembershipProof {
    NonMembershipProof {
        label: label_in(&proof.label),
        longest_prefix: label_in(&proof.prefix.node.label),
        longest_prefix_children: [node_in(&proof.left), node_in(&proof.right)],
        longest_prefix_membership_proof: in_tree_in(&proof.prefix),
    }
}

pub(crate) fn lookup_in(proof: wire::LookupProof) -> akd_core::LookupProof {
    akd_core::LookupProof {
        epoch: proof.epoch,
        value: AkdValue(proof.entry.into()),
        version: proof.version,
        existence_vrf_proof: proof.existence.vrf.to_vec(),
        existence_proof: in_tree_in(&proof.existence.node),
        marker_vrf_proof: proof.marker.vrf.to_vec(),
        marker_proof: in_tree_in(&proof.marker.node),
        freshness_vrf_proof: proof.freshness.vrf.to_vec(),
        freshness_proof: not_in_tree_in(&proof.freshness.node),
        commitment_nonce: proof.nonce.to_vec(),
    }
}

pub(crate) fn history_in(proof: wire::HistoryProof) -> akd_core::HistoryProof {
    let update = |update: wire::UpdateProof| akd_core::UpdateProof {
        epoch: update.epoch,
        value: AkdValue(update.entry.into()),
        version: update.version,
        existence_vrf_proof: update.existence.vrf.to_vec(),
        existence_proof: in_tree_in(&update.existence.node),
        previous_version_vrf_proof: update.replaced.as_ref().map(|replaced| replaced.vrf.to_vec()),
        previous_version_proof: update.replaced.as_ref().map(|replaced| in_tree_in(&replaced.node)),
        commitment_nonce: update.nonce.to_vec(),
    };
    akd_core::HistoryProof {
        past_marker_vrf_proofs: proof.past.iter().map(|present| present.vrf.to_vec()).collect(),
        existence_of_past_marker_proofs: proof.past.iter().map(|present| in_tree_in(&present.node)).collect(),
        future_marker_vrf_proofs: proof.future.iter().map(|absent| absent.vrf.to_vec()).collect(),
        non_existence_of_future_marker_proofs: proof.future.iter().map(|absent| not_in_tree_in(&absent.node)).collect(),
        update_proofs: proof.updates.into_iter().map(update).collect(),
    }
}

/// What the library made is not what rule Y-6 says that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the library made a proof of another shape")]
pub struct OtherShape;

fn label_out(label: &akd_core::NodeLabel) -> Result<wire::NodeLabel, OtherShape> {
    let bits = u16::try_from(label.label_len).ok().filter(|bits| *bits <= wire::LEAF_BITS).ok_or(OtherShape)?;
    Ok(wire::NodeLabel { bits, path: label.label_val })
}

fn node_out(element: &AzksElement) -> Result<wire::TreeNode, OtherShape> {
    Ok(wire::TreeNode { label: label_out(&element.label)?, value: element.value.0.into() })
}

fn in_tree_out(proof: &MembershipProof) -> Result<wire::InTree, OtherShape> {
    let node = wire::TreeNode { label: label_out(&proof.label)?, value: proof.hash_val.0.into() };
    let step = |step: &SiblingProof| {
        Ok(wire::PathStep {
            parent: label_out(&step.label)?,
            sibling: node_out(&step.siblings[0])?,
            sibling_is_left: step.direction == Direction::Right,
        })
    };
    Ok(wire::InTree { node, path: proof.sibling_proofs.iter().map(step).collect::<Result<_, _>>()? })
}

fn not_in_tree_out(proof: &NonMembershipProof) -> Result<wire::NotInTree, OtherShape> {
    let [left, right] = &proof.longest_prefix_children;
    Ok(wire::NotInTree {
        label: label_out(&proof.label)?,
        left: node_out(left)?,
        right: node_out(right)?,
        prefix: in_tree_out(&proof.longest_prefix_membership_proof)?,
    })
}

fn present_out(vrf: &[u8], proof: &MembershipProof) -> Result<wire::Present, OtherShape> {
    Ok(wire::Present { vrf: array(vrf)?.into(), node: in_tree_out(proof)? })
}

fn absent_out(vrf: &[u8], proof: &NonMembershipProof) -> Result<wire::Absent, OtherShape> {
    Ok(wire::Absent { vrf: array(vrf)?.into(), node: not_in_tree_out(proof)? })
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], OtherShape> {
    bytes.try_into().map_err(|_| OtherShape)
}

/// A lookup proof, to travel.
///
/// # Errors
/// [`OtherShape`]: a bug.
pub fn lookup_out(proof: &akd_core::LookupProof) -> Result<wire::LookupProof, OtherShape> {
    Ok(wire::LookupProof {
        epoch: proof.epoch,
        version: proof.version,
        entry: proof.value.0.clone().into(),
        nonce: array(&proof.commitment_nonce)?.into(),
        existence: present_out(&proof.existence_vrf_proof, &proof.existence_proof)?,
        marker: present_out(&proof.marker_vrf_proof, &proof.marker_proof)?,
        freshness: absent_out(&proof.freshness_vrf_proof, &proof.freshness_proof)?,
    })
}

/// A history, to travel.
///
/// # Errors
/// [`OtherShape`]: a bug.
pub fn history_out(proof: &akd_core::HistoryProof) -> Result<wire::HistoryProof, OtherShape> {
    let update = |update: &akd_core::UpdateProof| {
        let replaced = update.previous_version_vrf_proof.as_ref().zip(update.previous_version_proof.as_ref());
        Ok(wire::UpdateProof {
            epoch: update.epoch,
            version: update.version,
            entry: update.value.0.clone().into(),
            nonce: array(&update.commitment_nonce)?.into(),
            existence: present_out(&update.existence_vrf_proof, &update.existence_proof)?,
            replaced: replaced.map(|(vrf, node)| present_out(vrf, node)).transpose()?,
        })
    };
    let past = proof.past_marker_vrf_proofs.iter().zip(&proof.existence_of_past_marker_proofs);
    let future = proof.future_marker_vrf_proofs.iter().zip(&proof.non_existence_of_future_marker_proofs);
    Ok(wire::HistoryProof {
        updates: proof.update_proofs.iter().map(update).collect::<Result<_, _>>()?,
        past: past.map(|(vrf, node)| present_out(vrf, node)).collect::<Result<_, _>>()?,
        future: future.map(|(vrf, node)| absent_out(vrf, node)).collect::<Result<_, _>>()?,
    })
}

/// What an epoch added, to travel.
///
/// # Errors
/// [`OtherShape`]: a bug.
pub fn append_only_out(proof: &akd_core::SingleAppendOnlyProof) -> Result<wire::AppendOnlyProof, OtherShape> {
    let nodes = |nodes: &[AzksElement]| nodes.iter().map(node_out).collect::<Result<_, _>>();
    Ok(wire::AppendOnlyProof { inserted: nodes(&proof.inserted)?, unchanged: nodes(&proof.unchanged_nodes)? })
}
