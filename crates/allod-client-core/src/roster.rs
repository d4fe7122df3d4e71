//! The leaves of the tree as people and devices. Spec: `spec/conversation.md`, rule C-12.

use std::collections::{BTreeMap, BTreeSet};

use allod_crypto::identity::verify_certificate;
use allod_mls::{LeafIndex, Member};
use allod_wire::account::DeviceCertificate;
use allod_wire::secrets::TokenPublic;
use allod_wire::{Address, DeviceId, UnixMillis};
use minicbor::{Decode, Encode};

/// A leaf whose certificate verifies and whose keys are the certified ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    pub(crate) leaf: LeafIndex,
    pub(crate) certificate: DeviceCertificate,
    pub(crate) token: TokenPublic,
}

impl Reader {
    /// `None` if the certificate does not verify or is for other keys: no Allod client makes such a leaf.
    pub(crate) fn of(member: &Member) -> Option<Self> {
        let certificate = verify_certificate(&member.credential).ok()?;
        let is_certified = certificate.signature_key.as_slice() == member.signature_key;
        is_certified.then_some(Self { leaf: member.leaf, certificate, token: member.token_public })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.certificate.address
    }

    pub(crate) fn device(&self) -> DeviceId {
        self.certificate.device
    }

    /// The same device of the same user with the same keys, perhaps in another leaf.
    pub(crate) fn is_same_device(&self, other: &Self) -> bool {
        let (a, b) = (&self.certificate, &other.certificate);
        a.device == b.device && a.address == b.address && a.signature_key == b.signature_key
    }
}

/// All leaves; a leaf without a certificate that verifies is left out, and reported by [`has_strangers`].
pub(crate) fn readers(members: &[Member]) -> Vec<Reader> {
    members.iter().filter_map(Reader::of).collect()
}

/// Some leaf is no certified device.
pub(crate) fn has_strangers(members: &[Member]) -> bool {
    members.iter().any(|member| Reader::of(member).is_none())
}

/// The people behind the leaves.
pub(crate) fn people(readers: &[Reader]) -> BTreeSet<Address> {
    readers.iter().map(|reader| reader.address().clone()).collect()
}

/// How many changes of readers are kept for "what changed lately".
const CHANGES_MAX: usize = 32;

/// What we know of the readers beyond the tree: since when, and who brought them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Roster {
    #[n(0)]
    pub(crate) devices: BTreeMap<DeviceId, Arrival>,
    /// Newest first.
    #[n(1)]
    pub(crate) changes: Vec<ReaderChange>,
}

/// How a device came in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Arrival {
    /// When we learnt of it; none for who was there before us.
    #[n(0)]
    pub(crate) since: Option<UnixMillis>,
    #[n(1)]
    pub(crate) added_by: Option<Address>,
}

/// One device that came or went.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct ReaderChange {
    #[n(0)]
    pub(crate) at: UnixMillis,
    #[n(1)]
    pub(crate) person: Address,
    #[n(2)]
    pub(crate) device: DeviceId,
    #[n(3)]
    pub(crate) came: bool,
    #[n(4)]
    pub(crate) by: Address,
}

impl Roster {
    pub(crate) fn note(&mut self, change: ReaderChange) {
        if change.came {
            let arrival = Arrival { since: Some(change.at), added_by: Some(change.by.clone()) };
            self.devices.insert(change.device, arrival);
        } else {
            self.devices.remove(&change.device);
        }
        self.changes.insert(0, change);
        self.changes.truncate(CHANGES_MAX);
    }
}
