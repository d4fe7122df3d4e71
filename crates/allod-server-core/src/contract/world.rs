//! The people, logs and requests of the suite.

use allod_crypto::digest::BearerSecret;
use allod_crypto::identity::{SigningSecret, certify};
use allod_wire::account::{AccountRole, DeviceClass, DeviceRecord, Join, NewInvite};
use allod_wire::log::{CreateLog, EntriesPage, EntryKind, NewEntry, Receipt, TokenChange, TokenRole};
use allod_wire::secrets::{InviteSecret, SessionToken, Ticket, TokenKey};
use allod_wire::{Address, Commits, DeviceId, EntryId, LogId, Position, UnixMillis, UserName, cbor};

use super::Factory;
use crate::accept_entry::AppendError;
use crate::accounts::Caller;
use crate::invite::Inviter;
use crate::policy::Policy;
use crate::store::{Outcome, Store};

/// The first day of the suite.
pub(super) const DAY: u32 = 20_000;
/// The administrator's token key of each log.
pub(super) const ADMIN: TokenKey = TokenKey([1; 32]);
/// Another one.
pub(super) const BOB: TokenKey = TokenKey([2; 32]);
/// And a third.
pub(super) const CAROL: TokenKey = TokenKey([3; 32]);

/// The key that signs receipts in the suite.
pub fn hub() -> SigningSecret {
    SigningSecret::from_seed(&[42; 32])
}

/// What the operator of the suite decided.
pub fn policy() -> Policy {
    let domain = "a.example".parse().expect("a domain");
    Policy { retention_days: 90, blob_bytes_max: 1 << 20, log_blob_bytes_max: 2 << 20, ..Policy::new(domain) }
}

/// Noon, `days` after the first day.
pub(super) fn day(days: u32) -> UnixMillis {
    UnixMillis(u64::from(DAY + days) * 86_400_000 + 43_200_000)
}

/// For a store's own tests: makes an account and a log whose only member has the token key of the suite's administrator.
///
/// # Panics
/// If the store refuses any of it. `n` must not have been used with this store before.
pub async fn sample_log<S: Store>(store: &S, n: u8) -> (LogId, TokenKey) {
    let (secret, ticket, log) = (InviteSecret([n; 32]), Ticket([n; 32]), LogId([n ^ 0x55; 32]));
    let request = NewInvite::Person { name: None, role: AccountRole::Member, uses: 1, days: 7 };
    store.create_invite(Inviter::Operator, request, secret.clone(), day(0)).await.expect("an operator invites");
    store.join(join(&format!("user{n}"), n, !n, secret), session(n), day(0)).await.expect("the link is good");
    let caller = store.authenticate(session(n), day(0)).await.expect("just joined");
    store.buy_tickets(&caller, vec![ticket.clone()], day(0)).await.expect("tickets are for sale");
    store.create_log(log, CreateLog { ticket, first: ADMIN }, day(0)).await.expect("the ticket is good");
    (log, ADMIN)
}

/// For a store's own tests: a message with a number of its own, of 1 KiB.
pub fn sample_entry(n: u32) -> NewEntry {
    numbered(n)
}

/// For a store's own tests: noon of the suite's day `days`.
pub fn sample_day(days: u32) -> UnixMillis {
    day(days)
}

/// A store in the suite's hands.
pub(super) struct World<'f, F: Factory> {
    factory: &'f F,
    place: F::Place,
    store: Option<F::Store>,
}

impl<'f, F: Factory> World<'f, F> {
    pub(super) async fn new(factory: &'f F) -> Self {
        let place = factory.place();
        let store = Some(factory.open(&place).await);
        Self { factory, place, store }
    }

    pub(super) fn store(&self) -> &F::Store {
        self.store.as_ref().expect("only a restart takes it away")
    }

    /// Closes the store and opens it again.
    pub(super) async fn restart(&mut self) {
        drop(self.store.take());
        self.store = Some(self.factory.open(&self.place).await);
    }

    /// An account with one device, whose keys follow from `seed`.
    pub(super) async fn person(&self, name: &str, seed: u8, role: AccountRole) -> Caller {
        let secret = InviteSecret([seed; 32]);
        let request = NewInvite::Person { name: Some(user(name)), role, uses: 1, days: 7 };
        let by = Inviter::Operator;
        self.store().create_invite(by, request, secret.clone(), day(0)).await.expect("an operator invites");
        self.store().join(join(name, seed, seed, secret), session(seed), day(0)).await.expect("the link is good");
        self.store().authenticate(session(seed), day(0)).await.expect("just joined")
    }

    /// Alice, a member.
    pub(super) async fn alice(&self) -> Caller {
        self.person("alice", 100, AccountRole::Member).await
    }

    /// A ticket that `caller` bought.
    pub(super) async fn ticket(&self, caller: &Caller, n: u8) -> Ticket {
        let ticket = Ticket([n; 32]);
        self.store().buy_tickets(caller, vec![ticket.clone()], day(0)).await.expect("tickets are for sale");
        ticket
    }

    /// A log whose administrator's token key is [`ADMIN`].
    pub(super) async fn log(&self) -> LogId {
        let alice = self.alice().await;
        let ticket = self.ticket(&alice, 9).await;
        let log = LogId([7; 32]);
        self.store().create_log(log, CreateLog { ticket, first: ADMIN }, day(0)).await.expect("the ticket is good");
        log
    }

    /// A log in which [`BOB`] and [`CAROL`] are members too, by its first entry.
    pub(super) async fn log_of_three(&self) -> LogId {
        let log = self.log().await;
        let entry = commit(200, 0, vec![register(BOB), register(CAROL)]);
        self.append(log, ADMIN, entry).await.expect("an administrator registers members");
        log
    }

    pub(super) async fn append(&self, log: LogId, by: TokenKey, entry: NewEntry) -> Outcome<Receipt, AppendError> {
        self.store().append(log, by, entry, day(0)).await
    }

    pub(super) async fn read(&self, log: LogId, after: u64) -> EntriesPage {
        self.store().read_entries(log, ADMIN, Position(after), u32::MAX).await.expect("ADMIN reads")
    }
}

pub(super) fn user(name: &str) -> UserName {
    name.parse().expect("a user name")
}

pub(super) fn session(n: u8) -> SessionToken {
    SessionToken([n; 32])
}

/// Spends `secret` with the device `device` of the user whose identity follows from `identity`.
pub(super) fn join(name: &str, identity: u8, device: u8, secret: InviteSecret) -> Join {
    let inbox_key = vec![device; 1_216];
    let (identity, key) = (SigningSecret::from_seed(&[identity; 32]), device_key(device));
    let address = Address { name: user(name), domain: policy().domain };
    let id = DeviceId([device; 16]);
    let certificate = certify(&identity, address, id, DeviceClass::Web, &key, &inbox_key, day(0));
    let device =
        DeviceRecord { device: id, certificate: cbor::to_vec(&certificate).into(), inbox_key: inbox_key.into() };
    Join { secret, name: user(name), device }
}

pub(super) fn device_key(device: u8) -> SigningSecret {
    SigningSecret::from_seed(&[device ^ 0x80; 32])
}

/// A message with an id and a content of its own.
pub(super) fn message(n: u8) -> NewEntry {
    NewEntry {
        id: EntryId([n; 16]),
        kind: EntryKind::Message,
        changes: Vec::new(),
        frank: [n; 32].into(),
        payload: vec![n; 1_024].into(),
    }
}

/// A message with a number of its own.
pub(super) fn numbered(n: u32) -> NewEntry {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    NewEntry { id: EntryId(id), ..message(0) }
}

/// A commit whose author has seen `seen`.
pub(super) fn commit(n: u8, seen: u64, changes: Vec<TokenChange>) -> NewEntry {
    NewEntry { kind: EntryKind::Commit { seen: Commits(seen) }, changes, ..message(n) }
}

pub(super) fn register(key: TokenKey) -> TokenChange {
    TokenChange::Register { key, role: TokenRole::Member }
}

pub(super) fn revoke(key: TokenKey) -> TokenChange {
    TokenChange::Revoke { key }
}

/// A contact policy's digest.
pub(super) fn link(secret: &impl BearerSecret) -> Option<allod_wire::log::Digest> {
    Some(secret.at_rest())
}
