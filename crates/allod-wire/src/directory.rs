//! The directory: what it says of a user, and the proofs of it. Spec: `spec/directory.md`.
//!
//! The proofs are those of the library `akd`, field by field, in our encoding: whoever writes a verifier needs no other.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::decode::Error as DecodeError;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::account::{DeviceCertificate, DeviceClass};
use crate::address::UserName;
use crate::ids::DeviceId;
use crate::limits::DEVICES_MAX;
use crate::log::Digest;
use crate::secrets::Ticket;
use crate::units::Day;

/// A device as the directory names it: what its certificate says, without the signature (rule Y-2).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DirectoryDevice {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// What it says it is.
    #[n(1)]
    pub class: DeviceClass,
    /// Its Ed25519 key.
    #[n(2)]
    pub signature_key: ByteArray<32>,
    /// SHA-256 of its inbox key.
    #[n(3)]
    pub inbox_key_digest: Digest,
    /// The day on which it was made, by its own clock.
    #[n(4)]
    pub created: Day,
}

impl From<&DeviceCertificate> for DirectoryDevice {
    fn from(certificate: &DeviceCertificate) -> Self {
        Self {
            device: certificate.device,
            class: certificate.class,
            signature_key: certificate.signature_key,
            inbox_key_digest: certificate.inbox_key_digest,
            created: certificate.created,
        }
    }
}

/// An entry of the directory as received: it decodes, and nothing more is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DirectoryEntryIn {
    /// The user's identity key.
    #[n(0)]
    pub identity_key: ByteArray<32>,
    /// The user's devices.
    #[n(1)]
    pub devices: Vec<DirectoryDevice>,
}

/// Why an entry is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Y-2: devices are in the order of their ids, each once.
    #[error("the devices of an entry are not in order")]
    Order,
    /// Y-2: there are at most [`DEVICES_MAX`].
    #[error("an entry has at most {DEVICES_MAX} devices")]
    TooMany,
}

impl DirectoryEntryIn {
    /// Checks rule Y-2.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn check(self) -> Result<DirectoryEntry, EntryError> {
        if self.devices.len() > DEVICES_MAX {
            return Err(EntryError::TooMany);
        }
        if !self.devices.is_sorted_by(|a, b| a.device < b.device) {
            return Err(EntryError::Order);
        }
        Ok(DirectoryEntry(self))
    }
}

/// What the directory says of a user: the identity key, and the devices in the order of their ids (rule Y-2).
#[derive(Debug, Clone, PartialEq, Eq, Encode)]
#[cbor(transparent)]
pub struct DirectoryEntry(#[n(0)] DirectoryEntryIn);

impl DirectoryEntry {
    /// An entry; the devices are put in order.
    ///
    /// # Errors
    /// [`EntryError`]: the same device twice, or too many.
    pub fn new(identity_key: [u8; 32], mut devices: Vec<DirectoryDevice>) -> Result<Self, EntryError> {
        devices.sort_by_key(|device| device.device);
        DirectoryEntryIn { identity_key: identity_key.into(), devices }.check()
    }

    /// The same user without devices: disabled, or gone (rule Y-3).
    pub fn without_devices(&self) -> Self {
        Self(DirectoryEntryIn { identity_key: self.0.identity_key, devices: Vec::new() })
    }

    /// The user's identity key.
    pub fn identity_key(&self) -> &[u8; 32] {
        &self.0.identity_key
    }

    /// The user's devices, in the order of their ids.
    pub fn devices(&self) -> &[DirectoryDevice] {
        &self.0.devices
    }

    /// Whether the directory names the device of this certificate, with these keys, under this identity (rule Y-9).
    pub fn names(&self, certificate: &DeviceCertificate) -> bool {
        self.0.identity_key == certificate.identity_key && self.0.devices.contains(&certificate.into())
    }
}

/// The root of the directory at an epoch (rule Y-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct EpochRoot {
    /// 0 is the empty directory; each epoch that changes it is one more.
    #[n(0)]
    pub epoch: u64,
    /// The root of the tree.
    #[n(1)]
    pub root: Digest,
}

/// An entry, the versions of one, or an epoch, with its proof: the answer to whoever asks the directory.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ProvenEntry {
    /// The root to which the proof leads. That it is the directory's is for the ledger to say (rule G-13).
    #[n(0)]
    pub root: EpochRoot,
    /// The encoded proof (rules Y-7, Y-8, Y-10).
    #[n(1)]
    pub proof: ByteVec,
}

/// Asks for somebody's entry (rule Y-11).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LookUpEntry {
    /// By what right.
    #[n(0)]
    pub ticket: Ticket,
    /// Of whom.
    #[n(1)]
    pub user: UserName,
}

/// The label of a node of the tree: its first bits, at most 256 (rule Y-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeLabel {
    /// How many bits count.
    pub bits: u16,
    /// They, from the highest of the first byte.
    pub path: [u8; 32],
}

/// Bits of a leaf's label.
pub const LEAF_BITS: u16 = 256;

impl<C> Encode<C> for NodeLabel {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let used = self.path.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        e.array(2)?.u16(self.bits)?.bytes(&self.path[..used])?.ok()
    }
}

impl<'b, C> Decode<'b, C> for NodeLabel {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        if d.array()? != Some(2) {
            return Err(DecodeError::message("not the label of a node"));
        }
        let (bits, used) = (d.u16()?, d.bytes()?);
        let mut path = [0; 32];
        path.get_mut(..used.len()).ok_or(DecodeError::message("a path too long"))?.copy_from_slice(used);
        // One path has one encoding: without zeros at its end.
        if bits > LEAF_BITS || used.last() == Some(&0) {
            return Err(DecodeError::message("not the label of a node"));
        }
        Ok(Self { bits, path })
    }
}

/// A node of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct TreeNode {
    /// Where.
    #[n(0)]
    pub label: NodeLabel,
    /// Its value.
    #[n(1)]
    pub value: Digest,
}

/// One step of a path to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PathStep {
    /// The label of the node above.
    #[n(0)]
    pub parent: NodeLabel,
    /// Its other child.
    #[n(1)]
    pub sibling: TreeNode,
    /// Whether that is the left one.
    #[n(2)]
    pub sibling_is_left: bool,
}

/// That a node is in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct InTree {
    /// The node.
    #[n(0)]
    pub node: TreeNode,
    /// From the root down to it.
    #[n(1)]
    pub path: Vec<PathStep>,
}

/// That a label is not in the tree: the longest prefix of it that is there, and its two children.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct NotInTree {
    /// The label that is not there.
    #[n(0)]
    pub label: NodeLabel,
    /// The left child of the prefix.
    #[n(1)]
    pub left: TreeNode,
    /// The right one.
    #[n(2)]
    pub right: TreeNode,
    /// That the prefix is there.
    #[n(3)]
    pub prefix: InTree,
}

/// A version of a user's entry is there: the VRF proof of its label, and the node.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Present {
    /// ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381).
    #[n(0)]
    pub vrf: ByteArray<80>,
    /// The node.
    #[n(1)]
    pub node: InTree,
}

/// A version of a user's entry is not there.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Absent {
    /// ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381).
    #[n(0)]
    pub vrf: ByteArray<80>,
    /// The lack of a node.
    #[n(1)]
    pub node: NotInTree,
}

/// What an entry is at an epoch (rule Y-7).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LookupProof {
    /// The epoch that brought this version.
    #[n(0)]
    pub epoch: u64,
    /// 1 for the first.
    #[n(1)]
    pub version: u64,
    /// The encoded [`DirectoryEntryIn`].
    #[n(2)]
    pub entry: ByteVec,
    /// Opens the commitment to the entry.
    #[n(3)]
    pub nonce: Digest,
    /// The version is there.
    #[n(4)]
    pub existence: Present,
    /// So is the last power of two up to it.
    #[n(5)]
    pub marker: Present,
    /// It is not marked as replaced.
    #[n(6)]
    pub freshness: Absent,
}

/// One version in a history.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct UpdateProof {
    /// The epoch that brought this version.
    #[n(0)]
    pub epoch: u64,
    /// 1 for the first.
    #[n(1)]
    pub version: u64,
    /// The encoded [`DirectoryEntryIn`].
    #[n(2)]
    pub entry: ByteVec,
    /// Opens the commitment to the entry.
    #[n(3)]
    pub nonce: Digest,
    /// The version is there.
    #[n(4)]
    pub existence: Present,
    /// The version before it is marked as replaced, in the same epoch; none for the first.
    #[n(5)]
    pub replaced: Option<Present>,
}

/// What an entry has been (rule Y-8).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HistoryProof {
    /// The newest first.
    #[n(0)]
    pub updates: Vec<UpdateProof>,
    /// Versions before the oldest of them that must be there.
    #[n(1)]
    pub past: Vec<Present>,
    /// Versions after the newest of them that must not be there.
    #[n(2)]
    pub future: Vec<Absent>,
}

/// That an epoch only added to the one before it (rule Y-10).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AppendOnlyProof {
    /// The leaves that it added, before the epoch is hashed into them.
    #[n(0)]
    pub inserted: Vec<TreeNode>,
    /// All the rest of the tree, as few nodes as cover it.
    #[n(1)]
    pub unchanged: Vec<TreeNode>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor;

    fn device(id: u8) -> DirectoryDevice {
        DirectoryDevice {
            device: DeviceId([id; 16]),
            class: DeviceClass::Web,
            signature_key: [id; 32].into(),
            inbox_key_digest: [0; 32].into(),
            created: Day(1),
        }
    }

    #[test]
    fn devices_stand_in_one_order_each_once_y_2() {
        let entry = DirectoryEntry::new([1; 32], vec![device(2), device(1)]).unwrap();
        assert_eq!(entry.devices(), [device(1), device(2)]);
        let read: DirectoryEntryIn = cbor::from_slice(&cbor::to_vec(&entry)).unwrap();
        assert_eq!(read.clone().check(), Ok(entry));
        let turned = DirectoryEntryIn { devices: vec![device(2), device(1)], ..read.clone() };
        assert_eq!(turned.check(), Err(EntryError::Order));
        let twice = DirectoryEntryIn { devices: vec![device(1), device(1)], ..read };
        assert_eq!(twice.check(), Err(EntryError::Order));
        let many = (0..=DEVICES_MAX).map(|id| device(id as u8)).collect();
        assert_eq!(DirectoryEntry::new([1; 32], many), Err(EntryError::TooMany));
    }

    #[test]
    fn a_device_is_the_users_with_these_keys_alone_y_9() {
        let certificate = DeviceCertificate {
            address: "alice@a.example".parse().unwrap(),
            device: DeviceId([1; 16]),
            class: DeviceClass::Web,
            identity_key: [1; 32].into(),
            signature_key: [1; 32].into(),
            inbox_key_digest: [0; 32].into(),
            created: Day(1),
            signature: [0; 64].into(),
        };
        let entry = DirectoryEntry::new([1; 32], vec![device(1), device(2)]).unwrap();
        assert!(entry.names(&certificate));
        assert!(!entry.without_devices().names(&certificate));
        assert!(!DirectoryEntry::new([2; 32], vec![device(1)]).unwrap().names(&certificate));
        let other: [fn(&mut DeviceCertificate); 5] = [
            |c| c.device = DeviceId([3; 16]),
            |c| c.class = DeviceClass::Installed,
            |c| c.signature_key = [2; 32].into(),
            |c| c.inbox_key_digest = [2; 32].into(),
            |c| c.created = Day(2),
        ];
        for change in other {
            let mut other = certificate.clone();
            change(&mut other);
            assert!(!entry.names(&other), "{other:?}");
        }
    }

    #[test]
    fn a_path_has_one_encoding_y_6() {
        let label = NodeLabel { bits: 12, path: [&[0xab, 0xc0][..], &[0; 30]].concat().try_into().unwrap() };
        assert_eq!(cbor::from_slice(&[0x82, 0x0c, 0x42, 0xab, 0xc0]), Ok(label));
        let longer = cbor::from_slice::<NodeLabel>(&[0x82, 0x0c, 0x43, 0xab, 0xc0, 0x00]);
        assert_eq!(longer, Err(cbor::DecodeError::Malformed));
        let beyond = cbor::from_slice::<NodeLabel>(&[0x82, 0x19, 0x01, 0x01, 0x40]);
        assert_eq!(beyond, Err(cbor::DecodeError::Malformed));
    }
}
