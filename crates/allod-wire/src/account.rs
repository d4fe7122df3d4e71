//! Accounts, devices, sessions, invitations, tickets. Spec: `spec/account.md`.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use crate::address::{Address, Domain, UserName};
use crate::ids::DeviceId;
use crate::secrets::{InviteSecret, SessionToken, Ticket};
use crate::units::{Day, UnixMillis};

/// What an account may do on its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AccountRole {
    /// Talks.
    #[n(0)]
    Member,
    /// Also invites people and manages accounts. Reads nobody's conversations.
    #[n(1)]
    Administrator,
}

/// How far a device can prove what it runs. Claimed by the device itself until attestation exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum DeviceClass {
    /// A web browser on the server's own page: the weakest, since the page can change at each visit.
    #[n(0)]
    Web,
    /// A program that was installed, of a build that nobody vouches for yet.
    #[n(1)]
    Installed,
}

/// Binds a device's keys to a user, signed with the user's identity key (rule A-3). Also the MLS credential's identity.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DeviceCertificate {
    /// Whose device.
    #[n(0)]
    pub address: Address,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// What it says it is.
    #[n(2)]
    pub class: DeviceClass,
    /// The user's Ed25519 identity key, the same on all devices of the user.
    #[n(3)]
    pub identity_key: ByteArray<32>,
    /// The device's Ed25519 key: signs its MLS messages and its sessions.
    #[n(4)]
    pub signature_key: ByteArray<32>,
    /// SHA-256 of the device's X-Wing inbox key.
    #[n(5)]
    pub inbox_key_digest: ByteArray<32>,
    /// The day on which the device was made, by its own clock; no finer, since the server keeps certificates (rule L-9).
    #[n(6)]
    pub created: Day,
    /// Ed25519 with the identity key over the labelled rest.
    #[n(7)]
    pub signature: ByteArray<64>,
}

/// A device as its server keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DeviceRecord {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// The encoded [`DeviceCertificate`].
    #[n(1)]
    pub certificate: ByteVec,
    /// The X-Wing public key to which inbox items are sealed.
    #[n(2)]
    pub inbox_key: ByteVec,
}

/// Spends an invitation: makes an account, or adds a device to one (rule A-1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Join {
    /// From the link.
    #[n(0)]
    pub secret: InviteSecret,
    /// The name wanted; must be the invitation's if that names one.
    #[n(1)]
    pub name: UserName,
    /// The device that joins.
    #[n(2)]
    pub device: DeviceRecord,
}

/// What an invitation offers, shown before it is spent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct InviteOffer {
    /// The organisation.
    #[n(0)]
    pub organisation: Organisation,
    /// The name that the invitation is for, if it names one.
    #[n(1)]
    pub name: Option<UserName>,
    /// The role that the account will have.
    #[n(2)]
    pub role: AccountRole,
    /// Whether it adds a device to an account that exists.
    #[n(3)]
    pub adds_device: bool,
}

/// Asks what an invitation offers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LookUpInvite {
    /// From the link.
    #[n(0)]
    pub secret: InviteSecret,
}

/// Answer to [`Join`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Joined {
    /// For the account plane.
    #[n(0)]
    pub session: SessionToken,
    /// The account's role.
    #[n(1)]
    pub role: AccountRole,
    /// The organisation joined.
    #[n(2)]
    pub organisation: Organisation,
}

/// What anybody may know of an organisation's server.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Organisation {
    /// Its domain.
    #[n(0)]
    pub domain: Domain,
    /// The Ed25519 key that signs receipts.
    #[n(1)]
    pub hub_key: ByteArray<32>,
    /// Entries and blobs go after this many days at the latest.
    #[n(2)]
    pub retention_days: u32,
    /// Largest blob that the server takes, in bytes.
    #[n(3)]
    pub blob_bytes_max: u64,
    /// The server's release.
    #[n(4)]
    pub version: String,
    /// The Ed25519 key of the organisation's ledger (`ledger.md`, G-1). `None`: a server without one.
    #[n(5)]
    pub ledger_key: Option<ByteArray<32>>,
}

/// Renews a session: signed with the device's key (rule A-4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RenewSession {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Its clock; the server takes it within five minutes.
    #[n(1)]
    pub at: UnixMillis,
    /// Ed25519 with the device's signature key.
    #[n(2)]
    pub signature: ByteArray<64>,
}

/// A fresh session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Session {
    /// For the account plane; earlier sessions of the device end.
    #[n(0)]
    pub token: SessionToken,
}

/// Buys tickets (rule A-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct BuyTickets {
    /// How many.
    #[n(0)]
    pub count: u32,
}

/// Fresh tickets.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Tickets {
    /// Each is good once, for a few days.
    #[n(0)]
    pub tickets: Vec<Ticket>,
}

/// One's own account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Account {
    /// Its name.
    #[n(0)]
    pub name: UserName,
    /// Its role.
    #[n(1)]
    pub role: AccountRole,
    /// Encoded certificates of its devices.
    #[n(2)]
    pub certificates: Vec<ByteVec>,
    /// Who may make first contact.
    #[n(3)]
    pub contact_policy: ContactPolicy,
}

/// Who may claim a user's key packages (rule A-6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ContactPolicy {
    /// Everybody in the organisation.
    #[n(0)]
    pub organisation: bool,
    /// Whoever has the contact link, of whose secret this is the SHA-256.
    #[n(1)]
    pub link: Option<ByteArray<32>>,
}

/// Somebody of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Person {
    /// Name.
    #[n(0)]
    pub name: UserName,
    /// Role on the server.
    #[n(1)]
    pub role: AccountRole,
}

/// The people of the organisation, for its own people.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct People {
    /// In order of name.
    #[n(0)]
    pub people: Vec<Person>,
}

/// The devices of one user.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PersonDevices {
    /// Encoded certificates.
    #[n(0)]
    pub certificates: Vec<ByteVec>,
}

/// Makes an invitation. Administrators invite people; anybody adds an own device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum NewInvite {
    /// For a new account.
    #[n(0)]
    Person {
        /// Only for this name.
        #[n(0)]
        name: Option<UserName>,
        /// The role that the account will have.
        #[n(1)]
        role: AccountRole,
        /// How often it can be used.
        #[n(2)]
        uses: u32,
        /// For how many days.
        #[n(3)]
        days: u32,
    },
    /// For one more device of one's own account; good once, today.
    #[n(1)]
    Device,
    /// The same for a backup: good once, for a year (rule A-10).
    #[n(2)]
    Recovery,
}

/// A fresh invitation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct InviteCreated {
    /// Goes into the link; the server forgets it.
    #[n(0)]
    pub secret: InviteSecret,
    /// The last day on which it is good.
    #[n(1)]
    pub expires: Day,
}
