//! The [`Store`] on SQLite: each operation goes to the writer or to a reader.

use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;

use allod_server_core::accept_entry::AppendError;
use allod_server_core::accounts::{AccountError, AuthenticateError};
use allod_server_core::buy_tickets::{BuyTicketsError, SpendTicketError};
use allod_server_core::claim_key_packages::{ClaimError, ClaimSeed};
use allod_server_core::create_log::CreateLogError;
use allod_server_core::hints::Listener;
use allod_server_core::invite::{InviteError, Inviter, LookUpError, Offer};
use allod_server_core::join::{JoinError, check};
use allod_server_core::put_inbox_item::PutInboxItemError;
use allod_server_core::read_blob::{BlobPart, read_blob};
use allod_server_core::read_entries::ReadError;
use allod_server_core::renew_session::RenewError;
use allod_server_core::retention::Swept;
use allod_server_core::store::Never;
use allod_server_core::upload_chunk::{BlobReadError, Chunk, UploadError};
use allod_server_core::upload_key_packages::UploadKeyPackagesError;
use allod_server_core::{Caller, Failure, Outcome, Store, UserSummary};
use allod_wire::account::{Account, AccountRole, ContactPolicy, Join, NewInvite, People, PersonDevices, RenewSession};
use allod_wire::blob::BlobState;
use allod_wire::inbox::{
    ClaimKeyPackages, ClaimedKeyPackages, InboxPage, KeyPackageCount, NewInboxItem, UploadKeyPackages,
};
use allod_wire::log::{CreateLog, EntriesPage, NewEntry, Receipt};
use allod_wire::secrets::{InboxTicket, InviteSecret, SessionToken, Ticket, TokenKey};
use allod_wire::{BlobId, Day, DeviceId, LogId, Position, UnixMillis, UserName};
use futures_channel::oneshot;

use crate::writer::{Append, Command, OpError};
use crate::{SqliteStore, accounts, blobs, inboxes, invites, logs, sweep};

impl Store for SqliteStore {
    async fn create_log(&self, log: LogId, request: CreateLog, now: UnixMillis) -> Outcome<(), CreateLogError> {
        self.write(move |batch| logs::create(batch, log, &request, now.day())).await
    }

    /// Queued when it is called, not when it is first awaited: entries are appended in the order of the calls.
    fn append(
        &self,
        log: LogId,
        author: TokenKey,
        entry: NewEntry,
        now: UnixMillis,
    ) -> impl Future<Output = Outcome<Receipt, AppendError>> + Send {
        let (reply, answer) = oneshot::channel();
        if self.enqueue(entry.payload.len()) {
            // If the writer is gone, so is `reply`, and the answer is "unavailable".
            let _ = self.0.commands.send(Command::Append(Append { log, author, entry, today: now.day(), reply }));
        } else {
            let _ = reply.send(Err(Failure::Unavailable));
        }
        async move { answer.await.unwrap_or(Err(Failure::Unavailable)) }
    }

    async fn read_entries(
        &self,
        log: LogId,
        reader: TokenKey,
        after: Position,
        limit: u32,
    ) -> Outcome<EntriesPage, ReadError> {
        let hub = Arc::clone(&self.0.hub);
        self.0.readers.run(move |conn| logs::page(conn, &hub, log, &reader, after, limit)).await
    }

    async fn move_cursor(&self, log: LogId, member: TokenKey, position: Position) -> Outcome<(), ReadError> {
        self.write(move |batch| logs::pass(batch, log, member, position)).await
    }

    async fn upload_chunk(
        &self,
        log: LogId,
        author: TokenKey,
        blob: BlobId,
        size: u64,
        offset: u64,
        bytes: Vec<u8>,
        now: UnixMillis,
    ) -> Outcome<BlobState, UploadError> {
        let (today, chunk) = (now.day(), Chunk { size, offset, len: bytes.len() });
        let (files, policy) = (Arc::clone(&self.0.files), Arc::clone(&self.0.policy));
        // Two requests for the same chunk: the second finds it busy, and asks again.
        let Some(busy) = self.0.files.take(&log, &blob) else { return Err(Failure::Unavailable) };
        let name = busy.name().to_owned();
        let written = self.0.readers.run(move |conn| {
            blobs::decide(conn, &policy, (&log, &author, &blob), chunk, today)?;
            Ok(files.write(&name, offset, &bytes, today))
        });
        match written.await? {
            Ok(()) => {}
            Err(_disk) => return Err(Failure::Unavailable),
        }
        let noted = self.write(move |batch| blobs::note(batch, (&log, &author, &blob), chunk, today)).await;
        drop(busy);
        noted
    }

    async fn blob_state(&self, log: LogId, reader: TokenKey, blob: BlobId) -> Outcome<BlobState, BlobReadError> {
        let read = move |conn: &rusqlite::Connection| {
            blobs::state_for(conn, &log, &reader, &blob)?.ok_or(OpError::Refused(BlobReadError::NotFound))
        };
        self.0.readers.run(read).await
    }

    async fn read_blob(
        &self,
        log: LogId,
        reader: TokenKey,
        blob: BlobId,
        offset: u64,
        len: usize,
    ) -> Outcome<BlobPart, BlobReadError> {
        let files = Arc::clone(&self.0.files);
        let read = move |conn: &rusqlite::Connection| {
            let state = blobs::state_for(conn, &log, &reader, &blob)?;
            let len = read_blob(state, offset, len).map_err(OpError::Refused)?;
            let size = state.map_or(0, |state| state.size);
            let bytes = files.read(&log, &blob, offset, len).map_err(|error| match error.kind() {
                ErrorKind::NotFound | ErrorKind::UnexpectedEof => OpError::Broken,
                _ => OpError::Sql(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR),
                    None,
                )),
            })?;
            Ok(BlobPart { size, bytes })
        };
        self.0.readers.run(read).await
    }

    async fn claim_key_packages(
        &self,
        request: ClaimKeyPackages,
        seed: ClaimSeed,
        now: UnixMillis,
    ) -> Outcome<ClaimedKeyPackages, ClaimError> {
        self.write(move |batch| inboxes::claim(batch, &request, &seed, now.day())).await
    }

    async fn spend_ticket(&self, ticket: Ticket, now: UnixMillis) -> Outcome<(), SpendTicketError> {
        self.write(move |batch| logs::take_ticket(batch, &ticket, now.day())).await
    }

    async fn put_inbox_item(
        &self,
        device: DeviceId,
        ticket: InboxTicket,
        item: NewInboxItem,
        now: UnixMillis,
    ) -> Outcome<(), PutInboxItemError> {
        self.write(move |batch| inboxes::put(batch, device, &ticket, &item, now.day())).await
    }

    async fn look_up_invite(&self, secret: InviteSecret, now: UnixMillis) -> Outcome<Offer, LookUpError> {
        self.0.readers.run(move |conn| invites::offer(conn, &secret, now.day())).await
    }

    async fn join(&self, join: Join, session: SessionToken, now: UnixMillis) -> Outcome<AccountRole, JoinError> {
        // The signature is checked here, on the caller's own time.
        let join = check(join, &self.0.policy.domain).map_err(Failure::Refused)?;
        self.write(move |batch| invites::spend(batch, &join, &session, now.day())).await
    }

    async fn renew_session(
        &self,
        request: RenewSession,
        session: SessionToken,
        now: UnixMillis,
    ) -> Outcome<(), RenewError> {
        self.write(move |batch| accounts::renew(batch, &request, &session, now)).await
    }

    async fn authenticate(&self, session: SessionToken, now: UnixMillis) -> Outcome<Caller, AuthenticateError> {
        self.0.readers.run(move |conn| accounts::session(conn, &session, now.day())).await
    }

    async fn account(&self, caller: &Caller) -> Outcome<Account, AccountError> {
        let name = caller.name.clone();
        self.0.readers.run(move |conn| accounts::account(conn, &name)).await
    }

    async fn set_contact_policy(&self, caller: &Caller, policy: ContactPolicy) -> Outcome<(), AccountError> {
        let caller = caller.clone();
        self.write(move |batch| accounts::set_contact_policy(batch, &caller, &policy)).await
    }

    async fn remove_device(&self, caller: &Caller, device: DeviceId) -> Outcome<(), AccountError> {
        let caller = caller.clone();
        self.write(move |batch| accounts::remove_own(batch, &caller, device)).await
    }

    async fn upload_key_packages(
        &self,
        caller: &Caller,
        request: UploadKeyPackages,
    ) -> Outcome<KeyPackageCount, UploadKeyPackagesError> {
        let caller = caller.clone();
        self.write(move |batch| inboxes::upload(batch, &caller, &request)).await
    }

    async fn key_package_count(&self, caller: &Caller) -> Outcome<KeyPackageCount, AccountError> {
        let caller = caller.clone();
        self.0.readers.run(move |conn| inboxes::count(conn, &caller)).await
    }

    async fn buy_tickets(
        &self,
        caller: &Caller,
        tickets: Vec<Ticket>,
        now: UnixMillis,
    ) -> Outcome<(), BuyTicketsError> {
        let caller = caller.clone();
        self.write(move |batch| accounts::sell_tickets(batch, &caller, &tickets, now.day())).await
    }

    async fn people(&self) -> Outcome<People, Never> {
        self.0.readers.run(accounts::people).await
    }

    async fn person(&self, name: UserName) -> Outcome<PersonDevices, AccountError> {
        self.0.readers.run(move |conn| accounts::person(conn, &name)).await
    }

    async fn devices_after(
        &self,
        after: Option<UserName>,
        limit: u32,
    ) -> Outcome<Vec<(UserName, PersonDevices)>, Never> {
        self.0.readers.run(move |conn| accounts::devices_after(conn, after.as_ref(), limit)).await
    }

    async fn create_invite(
        &self,
        by: Inviter,
        request: NewInvite,
        secret: InviteSecret,
        now: UnixMillis,
    ) -> Outcome<Day, InviteError> {
        self.write(move |batch| invites::create(batch, &by, &request, &secret, now.day())).await
    }

    async fn read_inbox(&self, caller: &Caller, after: Position) -> Outcome<InboxPage, AccountError> {
        let caller = caller.clone();
        self.0.readers.run(move |conn| inboxes::page(conn, &caller, after)).await
    }

    async fn move_inbox_cursor(&self, caller: &Caller, position: Position) -> Outcome<(), AccountError> {
        let caller = caller.clone();
        self.write(move |batch| inboxes::pass(batch, &caller, position)).await
    }

    async fn users(&self) -> Outcome<Vec<UserSummary>, Never> {
        self.0.readers.run(accounts::users).await
    }

    async fn set_disabled(&self, name: UserName, disabled: bool) -> Outcome<(), AccountError> {
        self.write(move |batch| accounts::set_disabled(batch, &name, disabled)).await
    }

    async fn remove_user(&self, name: UserName) -> Outcome<(), AccountError> {
        self.write(move |batch| accounts::remove_user(batch, &name)).await
    }

    async fn sweep(&self, now: UnixMillis) -> Outcome<Swept, Never> {
        let today = self.write(move |batch| sweep::begin(batch, now.day())).await?;
        let mut waiting = self.0.readers.run(sweep::logs).await?;
        let mut swept = Swept::default();
        while !waiting.is_empty() {
            let logs = waiting.split_off(waiting.len().saturating_sub(sweep::LOGS_AT_ONCE));
            let sweep = self.write(move |batch| {
                let unfinished = sweep::sweep_logs(batch, &logs, today, &mut swept)?;
                Ok((unfinished, swept))
            });
            let (unfinished, so_far) = sweep.await?;
            swept = so_far;
            waiting.extend(unfinished);
        }
        let sweep = self.write(move |batch| {
            sweep::sweep_days(batch, today, &mut swept)?;
            Ok(swept)
        });
        let swept = sweep.await?;
        let files = Arc::clone(&self.0.files);
        self.0.readers.run(move |conn| files.delete_orphans(|| Ok(blobs::known(conn)?))).await?;
        // If the writer is gone, it has made a checkpoint of its own.
        let _ = self.0.commands.send(Command::Checkpoint);
        Ok(swept)
    }

    fn listen(&self, listener: Listener) {
        self.add_listener(listener);
    }
}
