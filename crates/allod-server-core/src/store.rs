//! What a store must do, in the server's own operations: each is one atomic append or one compare-and-set of a small record.
//!
//! A store decides nothing. It loads the view that an operation's decision wants, calls the decision where its writes are put
//! in order, and writes what it says whole or not at all. An embedded database does that in its writing thread; a replicated
//! stream loads, decides, and publishes with the sequence number that it expects, and starts again if that was taken.
//!
//! Every `Ok` is durable. Every [`Failure`] means that nothing was changed. Dropping a future may leave the operation done or
//! not done; asking again is always safe (rules L-1, L-4, B-3, A-1, I-2). Times are handed in, and kept as days.

use std::future::Future;

use allod_wire::account::{Account, AccountRole, ContactPolicy, Join, NewInvite, People, PersonDevices, RenewSession};
use allod_wire::blob::BlobState;
use allod_wire::inbox::{
    ClaimKeyPackages, ClaimedKeyPackages, InboxPage, KeyPackageCount, NewInboxItem, UploadKeyPackages,
};
use allod_wire::log::{CreateLog, EntriesPage, NewEntry, Receipt};
use allod_wire::secrets::{InboxTicket, InviteSecret, SessionToken, Ticket, TokenKey};
use allod_wire::{BlobId, Day, DeviceId, LogId, Position, UnixMillis, UserName};

use crate::accept_entry::AppendError;
use crate::accounts::{AccountError, AuthenticateError, Caller, UserSummary};
use crate::buy_tickets::{BuyTicketsError, SpendTicketError};
use crate::claim_key_packages::{ClaimError, ClaimSeed};
use crate::create_log::CreateLogError;
use crate::failure::Failure;
use crate::hints::Listener;
use crate::invite::{InviteError, Inviter, LookUpError, Offer};
use crate::join::JoinError;
use crate::put_inbox_item::PutInboxItemError;
use crate::read_blob::BlobPart;
use crate::read_entries::ReadError;
use crate::renew_session::RenewError;
use crate::retention::Swept;
use crate::upload_chunk::{BlobReadError, UploadError};
use crate::upload_key_packages::UploadKeyPackagesError;

/// What an operation gives.
pub type Outcome<T, E> = Result<T, Failure<E>>;

/// An operation that no rule refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Never {}

impl crate::failure::Refusal for Never {
    fn code(&self) -> allod_wire::ErrorCode {
        match *self {}
    }
}

/// A store of everything that the server keeps.
///
/// Token keys come from [`allod_crypto::token::key_of_token`]; where a token does not have one, the answer is `unknown-token`
/// without asking the store. Fresh secrets are made by the caller, and the store keeps their digests alone (rule A-2).
pub trait Store: Send + Sync + 'static {
    // Log plane.

    /// Creates a log (rule L-1).
    fn create_log(
        &self,
        log: LogId,
        request: CreateLog,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<(), CreateLogError>> + Send;

    /// Appends an entry and gives its receipt, again for a retry (rules L-2 to L-9).
    fn append(
        &self,
        log: LogId,
        author: TokenKey,
        entry: NewEntry,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<Receipt, AppendError>> + Send;

    /// A page of at most `limit` entries after `after` (rules L-10, L-11).
    fn read_entries(
        &self,
        log: LogId,
        reader: TokenKey,
        after: Position,
        limit: u32,
    ) -> impl Future<Output = Outcome<EntriesPage, ReadError>> + Send;

    /// Notes that a member needs nothing up to `position` (rule L-10).
    fn move_cursor(
        &self,
        log: LogId,
        member: TokenKey,
        position: Position,
    ) -> impl Future<Output = Outcome<(), ReadError>> + Send;

    /// Takes a chunk of a blob of `size` bytes, at `offset` (rules B-1, B-3, B-5).
    #[expect(clippy::too_many_arguments, reason = "they are the request's own fields, each of another type")]
    fn upload_chunk(
        &self,
        log: LogId,
        author: TokenKey,
        blob: BlobId,
        size: u64,
        offset: u64,
        bytes: Vec<u8>,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<BlobState, UploadError>> + Send;

    /// How far an upload is (rule B-3).
    fn blob_state(
        &self,
        log: LogId,
        reader: TokenKey,
        blob: BlobId,
    ) -> impl Future<Output = Outcome<BlobState, BlobReadError>> + Send;

    /// Up to `len` bytes of a complete blob from `offset`, at most one chunk's length at a time (rule B-4).
    fn read_blob(
        &self,
        log: LogId,
        reader: TokenKey,
        blob: BlobId,
        offset: u64,
        len: usize,
    ) -> impl Future<Output = Outcome<BlobPart, BlobReadError>> + Send;

    /// Gives out a key package of each device of a user, each one-time package once, ever (rules A-6, I-1, I-2).
    fn claim_key_packages(
        &self,
        request: ClaimKeyPackages,
        seed: ClaimSeed,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<ClaimedKeyPackages, ClaimError>> + Send;

    /// Spends a ticket for nothing but the answer to a question (rules A-5, Y-11).
    fn spend_ticket(
        &self,
        ticket: Ticket,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<(), SpendTicketError>> + Send;

    /// Puts an item into a device's inbox (rules I-2 to I-4).
    fn put_inbox_item(
        &self,
        device: DeviceId,
        ticket: InboxTicket,
        item: NewInboxItem,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<(), PutInboxItemError>> + Send;

    // Before there is a session.

    /// What an invitation offers (rule A-1).
    fn look_up_invite(
        &self,
        secret: InviteSecret,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<Offer, LookUpError>> + Send;

    /// Spends an invitation; `session` becomes the device's (rules ).
    fn join(
        &self,
        join: Join,
        session: SessionToken,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<AccountRole, JoinError>> + Send;

    /// Makes `session` the device's only one (rule A-4).
    fn renew_session(
        &self,
        request: RenewSession,
        session: SessionToken,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<(), RenewError>> + Send;

    // Account plane.

    /// Whose session this is (rule A-2).
    fn authenticate(
        &self,
        session: SessionToken,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<Caller, AuthenticateError>> + Send;

    /// The caller's own account.
    fn account(&self, caller: &Caller) -> impl Future<Output = Outcome<Account, AccountError>> + Send;

    /// Sets who may make first contact with the caller (rule A-6).
    fn set_contact_policy(
        &self,
        caller: &Caller,
        policy: ContactPolicy,
    ) -> impl Future<Output = Outcome<(), AccountError>> + Send;

    /// Removes a device of the caller's account, with key packages, inbox and session.
    fn remove_device(
        &self,
        caller: &Caller,
        device: DeviceId,
    ) -> impl Future<Output = Outcome<(), AccountError>> + Send;

    /// Leaves key packages of the caller's device for others (rule I-1).
    fn upload_key_packages(
        &self,
        caller: &Caller,
        request: UploadKeyPackages,
    ) -> impl Future<Output = Outcome<KeyPackageCount, UploadKeyPackagesError>> + Send;

    /// How many key packages of the caller's device wait.
    fn key_package_count(&self, caller: &Caller)
    -> impl Future<Output = Outcome<KeyPackageCount, AccountError>> + Send;

    /// Makes `tickets` good (rule A-5).
    fn buy_tickets(
        &self,
        caller: &Caller,
        tickets: Vec<Ticket>,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<(), BuyTicketsError>> + Send;

    /// Everybody, in order of name; without those who are disabled.
    fn people(&self) -> impl Future<Output = Outcome<People, Never>> + Send;

    /// The certificates of somebody's devices.
    fn person(&self, name: UserName) -> impl Future<Output = Outcome<PersonDevices, AccountError>> + Send;

    /// The certificates of the devices of up to `limit` users whose names come after `after`, in order of name; without those who are
    /// disabled (rule Y-3). An empty page is the end.
    fn devices_after(
        &self,
        after: Option<UserName>,
        limit: u32,
    ) -> impl Future<Output = Outcome<Vec<(UserName, PersonDevices)>, Never>> + Send;

    /// Makes an invitation under `secret`; gives its last day (rule A-1).
    fn create_invite(
        &self,
        by: Inviter,
        request: NewInvite,
        secret: InviteSecret,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<Day, InviteError>> + Send;

    /// Items of the caller's inbox after `after`, in order (rule I-4).
    fn read_inbox(
        &self,
        caller: &Caller,
        after: Position,
    ) -> impl Future<Output = Outcome<InboxPage, AccountError>> + Send;

    /// The caller's device has the items up to `position`: they go (rule I-4).
    fn move_inbox_cursor(
        &self,
        caller: &Caller,
        position: Position,
    ) -> impl Future<Output = Outcome<(), AccountError>> + Send;

    // For the operator.

    /// All accounts, in order of name.
    fn users(&self) -> impl Future<Output = Outcome<Vec<UserSummary>, Never>> + Send;

    /// Disables an account (its sessions end and nobody can contact it), or enables it again.
    fn set_disabled(&self, name: UserName, disabled: bool) -> impl Future<Output = Outcome<(), AccountError>> + Send;

    /// Removes an account with its devices and all that waits for them.
    fn remove_user(&self, name: UserName) -> impl Future<Output = Outcome<(), AccountError>> + Send;

    /// Takes away what has had its time (rules L-10, L-12, B-5, I-4). To be called every hour or so. Goes by a day that is at
    /// most one after the last sweep's ([`crate::retention::sweep_day`]).
    fn sweep(&self, now: UnixMillis) -> impl Future<Output = Outcome<Swept, Never>> + Send;

    /// From now on calls `listener` after each commit.
    fn listen(&self, listener: Listener);
}
