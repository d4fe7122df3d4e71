//! The leaves of the tree as people and devices. Spec: `spec/conversation.md`, rule C-12.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    pub(crate) certificate: Arc<DeviceCertificate>,
    pub(crate) token: TokenPublic,
    /// The certificate as it stands in the leaf.
    credential: Arc<[u8]>,
}

impl Reader {
    /// `None` if the certificate does not verify or is for other keys: no Allod client makes such a leaf.
    pub(crate) fn of(member: &Member) -> Option<Self> {
        let certificate = verify_certificate(&member.credential).ok()?;
        let is_certified = certificate.signature_key.as_slice() == member.signature_key;
        is_certified.then(|| Self {
            leaf: member.leaf,
            certificate: Arc::new(certificate),
            token: member.token_public,
            credential: member.credential.as_slice().into(),
        })
    }

    /// As [`Self::of`], without verifying again what was verified for the same leaf before.
    fn of_known(member: &Member, known: Option<&Self>) -> Option<Self> {
        let is_same = |known: &&Self| {
            *known.credential == *member.credential
                && known.certificate.signature_key.as_slice() == member.signature_key
        };
        match known.filter(is_same) {
            Some(known) => Some(Self { leaf: member.leaf, token: member.token_public, ..known.clone() }),
            None => Self::of(member),
        }
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

/// All leaves; a leaf without a certificate that verifies is left out. `known` are the
/// readers of an earlier epoch.
pub(crate) fn readers(members: &[Member], known: &[Reader]) -> Vec<Reader> {
    let known: BTreeMap<LeafIndex, &Reader> = known.iter().map(|reader| (reader.leaf, reader)).collect();
    members.iter().filter_map(|member| Reader::of_known(member, known.get(&member.leaf).copied())).collect()
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
