//! Inboxes: first contact, sealed to one device. Spec: `spec/inbox.md`.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use crate::address::{Domain, UserName};
use crate::blob::BlobRef;
use crate::directory::ProvenEntry;
use crate::ids::{DeviceId, EntryId, LogId};
use crate::secrets::{ContactSecret, InboxTicket, Ticket};
use crate::units::{Day, Position};

/// Key packages that a device leaves for others (rule I-1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct UploadKeyPackages {
    /// Each is given out once.
    #[n(0)]
    pub one_time: Vec<ByteVec>,
    /// Given out when the others have run out; replaces the last one.
    #[n(1)]
    pub last_resort: Option<ByteVec>,
}

/// How many one-time key packages wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct KeyPackageCount {
    /// One-time key packages of this device.
    #[n(0)]
    pub one_time: u32,
    /// Whether there is one for when they run out.
    #[n(1)]
    pub last_resort: bool,
}

/// By what right somebody claims a key package (rule A-6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ClaimRight {
    /// As somebody of the same organisation.
    #[n(0)]
    Ticket(#[n(0)] Ticket),
    /// As somebody who has the user's contact link.
    #[n(1)]
    Contact(#[n(0)] ContactSecret),
}

/// Claims one key package of each device of a user, or of the named devices.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ClaimKeyPackages {
    /// By what right.
    #[n(0)]
    pub right: ClaimRight,
    /// Of whom.
    #[n(1)]
    pub user: UserName,
    /// Only of these devices; of all when empty.
    #[n(2)]
    pub devices: Vec<DeviceId>,
}

/// One device's key package, and the right to write once into its inbox.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ClaimedDevice {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// The encoded [`crate::account::DeviceCertificate`].
    #[n(1)]
    pub certificate: ByteVec,
    /// What the inbox item is sealed to; its hash is in the certificate.
    #[n(2)]
    pub inbox_key: ByteVec,
    /// An MLS KeyPackage.
    #[n(3)]
    pub key_package: ByteVec,
    /// Good for one item (rule I-2).
    #[n(4)]
    pub ticket: InboxTicket,
}

/// Answer to [`ClaimKeyPackages`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ClaimedKeyPackages {
    /// One for each device.
    #[n(0)]
    pub devices: Vec<ClaimedDevice>,
    /// What the directory says of the user (rule Y-11). `None`: nothing yet.
    #[n(1)]
    pub entry: Option<ProvenEntry>,
}

/// An item for somebody's inbox.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct NewInboxItem {
    /// The same in every retry.
    #[n(0)]
    pub id: EntryId,
    /// An [`InboxMessage`], sealed to the device and padded to an entry class (rule I-3).
    #[n(1)]
    pub sealed: ByteVec,
}

/// An item that waits in an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct InboxItem {
    /// Its place in the inbox.
    #[n(0)]
    pub position: Position,
    /// The day on which it came.
    #[n(1)]
    pub day: Day,
    /// What was sent.
    #[n(2)]
    pub sealed: ByteVec,
}

/// A page of one's own inbox.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct InboxPage {
    /// Items in order.
    #[n(0)]
    pub items: Vec<InboxItem>,
}

/// What an inbox item says once unsealed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum InboxMessage {
    /// You are a member of this conversation.
    #[n(0)]
    Welcome {
        /// The log.
        #[n(0)]
        log: LogId,
        /// The organisation whose server holds it.
        #[n(1)]
        hub: Domain,
        /// The part of the MLS Welcome that all newcomers share, ratchet tree included: a blob beside the log, sent once.
        #[n(2)]
        shared: BlobRef,
        /// The part of the MLS Welcome that is this device's own.
        #[n(3)]
        own: ByteVec,
        /// The commit that added this device: read on from here.
        #[n(4)]
        position: Position,
        /// The seed of the log's [`crate::secrets::TokenKey`]s and envelopes, needed to fetch the blob before the group state is known.
        #[n(5)]
        log_secret: LogSecretBytes,
    },
    /// A member's device lost the thread (it came back after the retention limit): please add it again in one commit.
    #[n(1)]
    Rejoin {
        /// The log.
        #[n(0)]
        log: LogId,
        /// A fresh MLS KeyPackage of the same device.
        #[n(1)]
        key_package: ByteVec,
        /// The encoded certificate of the device that asks.
        #[n(2)]
        certificate: ByteVec,
        /// What the new Welcome is sealed to.
        #[n(3)]
        inbox_key: ByteVec,
        /// The right to answer.
        #[n(4)]
        ticket: InboxTicket,
    },
    /// A device of the same account asks for what was said before it came (rule D-2).
    #[n(2)]
    HistoryWanted {
        /// The encoded certificate of the device that asks.
        #[n(0)]
        certificate: ByteVec,
        /// Of these conversations; of all when empty.
        #[n(1)]
        logs: Vec<LogId>,
        /// By that device's key, over this message with zeros here.
        #[n(2)]
        signature: ByteArray<64>,
    },
    /// What was said before a device of the same account came (rule D-4).
    #[n(3)]
    History {
        /// The encoded certificate of the device that sends it.
        #[n(0)]
        certificate: ByteVec,
        /// The log beside which the parts are.
        #[n(1)]
        log: LogId,
        /// The parts, in order.
        #[n(2)]
        parts: Vec<BlobRef>,
        /// By that device's key, over this message with zeros here.
        #[n(3)]
        signature: ByteArray<64>,
    },
}

/// The secret that all members of a log share for good, as bytes (rule T-2).
#[derive(Clone, PartialEq, Eq, Encode, Decode, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
#[cbor(transparent)]
pub struct LogSecretBytes(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl std::fmt::Debug for LogSecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogSecretBytes(…)")
    }
}
