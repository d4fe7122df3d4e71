//! A node of the tree as the file keeps it: as it is, and as it was before its last change.

use akd::storage::Storable;
use akd::tree_node::{NodeKey, TreeNode, TreeNodeType, TreeNodeWithPreviousValue};
use akd::{AzksValue, NodeLabel as AkdLabel};
use allod_wire::cbor::{self, DecodeError};
use allod_wire::directory::NodeLabel;
use allod_wire::log::Digest;
use minicbor::{Decode, Encode};

#[derive(Encode, Decode)]
struct Row {
    #[n(0)]
    latest: State,
    #[n(1)]
    previous: Option<State>,
}

#[derive(Encode, Decode)]
struct State {
    #[n(0)]
    last_epoch: u64,
    #[n(1)]
    least_epoch: u64,
    #[n(2)]
    parent: NodeLabel,
    #[n(3)]
    kind: Kind,
    #[n(4)]
    left: Option<NodeLabel>,
    #[n(5)]
    right: Option<NodeLabel>,
    #[n(6)]
    value: Digest,
}

#[derive(Clone, Copy, Encode, Decode)]
#[cbor(index_only)]
enum Kind {
    #[n(1)]
    Leaf,
    #[n(2)]
    Root,
    #[n(3)]
    Interior,
}

/// A label's column.
pub(crate) fn label_out(label: &AkdLabel) -> Vec<u8> {
    cbor::to_vec(&wire(label))
}

/// A label from its column.
pub(crate) fn label_in(bytes: &[u8]) -> Result<AkdLabel, DecodeError> {
    cbor::from_slice::<NodeLabel>(bytes).map(akd)
}

/// The library hands keys as bytes; a node's are its label's.
pub(crate) fn key_out(binary: &[u8]) -> Option<Vec<u8>> {
    let NodeKey(label) = TreeNodeWithPreviousValue::key_from_full_binary(binary).ok()?;
    Some(label_out(&label))
}

/// A node's column.
pub(crate) fn node_out(node: &TreeNodeWithPreviousValue) -> Vec<u8> {
    cbor::to_vec(&Row { latest: state_out(&node.latest_node), previous: node.previous_node.as_ref().map(state_out) })
}

/// A node from its columns.
pub(crate) fn node_in(label: &[u8], node: &[u8]) -> Result<TreeNodeWithPreviousValue, DecodeError> {
    let (label, row) = (label_in(label)?, cbor::from_slice::<Row>(node)?);
    Ok(TreeNodeWithPreviousValue {
        label,
        latest_node: state_in(label, &row.latest),
        previous_node: row.previous.map(|state| state_in(label, &state)),
    })
}

fn state_out(node: &TreeNode) -> State {
    State {
        last_epoch: node.last_epoch,
        least_epoch: node.min_descendant_epoch,
        parent: wire(&node.parent),
        kind: match node.node_type {
            TreeNodeType::Leaf => Kind::Leaf,
            TreeNodeType::Root => Kind::Root,
            TreeNodeType::Interior => Kind::Interior,
        },
        left: node.left_child.as_ref().map(wire),
        right: node.right_child.as_ref().map(wire),
        value: node.hash.0.into(),
    }
}

fn state_in(label: AkdLabel, state: &State) -> TreeNode {
    TreeNode {
        label,
        last_epoch: state.last_epoch,
        min_descendant_epoch: state.least_epoch,
        parent: akd(state.parent),
        node_type: match state.kind {
            Kind::Leaf => TreeNodeType::Leaf,
            Kind::Root => TreeNodeType::Root,
            Kind::Interior => TreeNodeType::Interior,
        },
        left_child: state.left.map(akd),
        right_child: state.right.map(akd),
        hash: AzksValue(state.value.into()),
    }
}

fn wire(label: &AkdLabel) -> NodeLabel {
    NodeLabel { bits: u16::try_from(label.label_len).unwrap_or(u16::MAX), path: label.label_val }
}

fn akd(label: NodeLabel) -> AkdLabel {
    AkdLabel { label_val: label.path, label_len: u32::from(label.bits) }
}
