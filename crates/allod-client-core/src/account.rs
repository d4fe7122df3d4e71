//! The account of this device: who we are, the keys, the session, the stock of tickets. Spec: `spec/account.md`.

use allod_crypto::identity::{SigningSecret, certify};
use allod_crypto::inbox::InboxKey;
use allod_crypto::{Random, random_bytes};
use allod_mls::{Device, Suite};
use allod_wire::account::{AccountRole, DeviceCertificate, DeviceClass, DeviceRecord, Join, Organisation};
use allod_wire::cbor;
use allod_wire::secrets::{InviteSecret, SessionToken, Ticket};
use allod_wire::{Address, DeviceId, Domain, Position, UnixMillis, UserName};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::keeping::{Backups, Newcomer};

/// What can be chosen when a device joins, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// The cryptography of new conversations, and of the key packages left for others.
    pub suite: Suite,
}

/// The account's row.
#[derive(Debug, Encode, Decode)]
pub(crate) struct AccountRow {
    /// Where the server is, from the link.
    #[n(0)]
    pub(crate) server: String,
    #[n(1)]
    pub(crate) name: UserName,
    #[n(2)]
    pub(crate) device: DeviceId,
    #[n(3)]
    pub(crate) class: DeviceClass,
    #[n(4)]
    pub(crate) identity: Seed,
    #[n(5)]
    pub(crate) signer: Seed,
    #[n(6)]
    pub(crate) inbox: Seed,
    #[n(7)]
    pub(crate) created: UnixMillis,
    #[n(8)]
    pub(crate) suite: u16,
    /// Until the server has answered.
    #[n(9)]
    pub(crate) joining: Option<InviteSecret>,
    /// Once it has.
    #[n(10)]
    pub(crate) joined: Option<JoinedRow>,
    /// The domain that the invitation is to: from when its offer was seen until the server has answered.
    #[n(11)]
    pub(crate) offered: Option<Domain>,
    /// Nobody is told what was received and read (rule M-9).
    #[n(12)]
    #[cbor(default)]
    pub(crate) no_receipts: bool,
    #[n(13)]
    #[cbor(default)]
    pub(crate) backups: Option<Backups>,
    /// Nobody is told when this user types (rule M-14).
    #[n(14)]
    #[cbor(default)]
    pub(crate) no_typing: bool,
}

/// What the server told.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct JoinedRow {
    #[n(0)]
    pub(crate) organisation: Organisation,
    #[n(1)]
    pub(crate) role: AccountRole,
    #[n(2)]
    pub(crate) session: SessionToken,
    /// Unspent.
    #[n(3)]
    pub(crate) tickets: Vec<Ticket>,
    /// The last inbox item that was dealt with.
    #[n(4)]
    pub(crate) inbox: Position,
    /// Devices of the account, by certificates that verify with our identity key; this one included.
    #[n(5)]
    pub(crate) devices: Vec<DeviceCertificate>,
    /// Own devices that were removed; never to be added again.
    #[n(6)]
    pub(crate) removed: Vec<DeviceId>,
    /// Own devices that came and that the user has not said anything about; none before the account was first looked at.
    #[n(7)]
    #[cbor(default)]
    pub(crate) newcomers: Option<Vec<Newcomer>>,
    /// Own devices that the directory has ever named, as far as it was looked at; none before.
    #[n(8)]
    #[cbor(default)]
    pub(crate) in_directory: Option<Vec<DeviceId>>,
}

/// The seed of a key: 32 bytes that are never printed.
#[derive(Clone, Encode, Decode, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
#[cbor(transparent)]
pub(crate) struct Seed(#[cbor(n(0), with = "minicbor::bytes")] pub(crate) [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}

impl AccountRow {
    #[expect(clippy::too_many_arguments, reason = "they are the row's own fields, each of another type")]
    pub(crate) fn new(
        server: String,
        name: UserName,
        class: DeviceClass,
        secret: InviteSecret,
        identity: Option<[u8; 32]>,
        settings: Settings,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Self {
        Self {
            server,
            name,
            device: DeviceId(random_bytes(rng)),
            class,
            identity: Seed(identity.unwrap_or_else(|| random_bytes(rng))),
            signer: Seed(random_bytes(rng)),
            inbox: Seed(random_bytes(rng)),
            created: now,
            suite: settings.suite.code(),
            joining: Some(secret),
            joined: None,
            offered: None,
            no_receipts: false,
            backups: None,
            no_typing: false,
        }
    }

    pub(crate) fn suite(&self) -> Suite {
        Suite::from_code(self.suite).unwrap_or_default()
    }
}

/// The keys that follow from the account's row, and our own certificate once the domain is known.
pub(crate) struct Keys {
    pub(crate) identity: SigningSecret,
    pub(crate) signer: SigningSecret,
    pub(crate) inbox: InboxKey,
    pub(crate) inbox_public: Vec<u8>,
}

impl Keys {
    pub(crate) fn of(account: &AccountRow) -> Self {
        let inbox = InboxKey::from_seed(&account.inbox.0);
        Self {
            identity: SigningSecret::from_seed(&account.identity.0),
            signer: SigningSecret::from_seed(&account.signer.0),
            inbox_public: inbox.public(),
            inbox,
        }
    }

    /// Our certificate: the same bytes every time (rule A-3).
    pub(crate) fn certificate(&self, account: &AccountRow, domain: &Domain) -> DeviceCertificate {
        let address = Address { name: account.name.clone(), domain: domain.clone() };
        let (device, class) = (account.device, account.class);
        certify(&self.identity, address, device, class, &self.signer, &self.inbox_public, account.created)
    }

    /// The device as MLS sees it.
    pub(crate) fn mls_device(&self, account: &AccountRow, domain: &Domain) -> Device {
        let certificate = cbor::to_vec(&self.certificate(account, domain));
        Device::new(Box::new(self.signer.clone()), certificate).expect("a certificate is short")
    }

    /// What spends the invitation at `domain`.
    pub(crate) fn join(&self, account: &AccountRow, secret: InviteSecret, domain: &Domain) -> Join {
        let certificate = cbor::to_vec(&self.certificate(account, domain)).into();
        let inbox_key = self.inbox_public.clone().into();
        let device = DeviceRecord { device: account.device, certificate, inbox_key };
        Join { secret, name: account.name.clone(), device }
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl AccountRow {
    /// The identity key's seed, for a link to an own new device.
    pub(crate) fn identity_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.identity.0)
    }
}
