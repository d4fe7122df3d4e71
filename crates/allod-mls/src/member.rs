//! A member as everybody in the conversation sees it: one leaf of the tree.

use allod_wire::secrets::TokenPublic;
use openmls::prelude::{LeafNode, LeafNodeIndex};

use crate::leaf;

/// A place in the tree. It names a member only within one epoch: after a removal the next member added takes the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeafIndex(pub u32);

impl LeafIndex {
    pub(crate) fn to_mls(self) -> LeafNodeIndex {
        LeafNodeIndex::new(self.0)
    }
}

impl From<LeafNodeIndex> for LeafIndex {
    fn from(index: LeafNodeIndex) -> Self {
        Self(index.u32())
    }
}

/// A leaf of the tree: one device of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Where it stands in the tree of this epoch.
    pub leaf: LeafIndex,
    /// The identity that the device presents; the caller knows what the bytes mean and checks them.
    pub credential: Vec<u8>,
    /// From which its log token is derived.
    pub token_public: TokenPublic,
    /// The Ed25519 key that signs what it sends.
    pub signature_key: Vec<u8>,
}

impl Member {
    /// `None` if the leaf breaks our rules for leaves.
    pub(crate) fn of_leaf(leaf: impl Into<LeafIndex>, node: &LeafNode) -> Option<Self> {
        Some(Self {
            leaf: leaf.into(),
            credential: leaf::credential_of(node)?,
            token_public: leaf::token_of(node)?,
            signature_key: node.signature_key().as_slice().to_vec(),
        })
    }
}
