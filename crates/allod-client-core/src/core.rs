//! The core itself: what it holds, how it comes back from its rows, and how an operation ends.
//!
//! Invariant: every public operation ends in [`ClientCore::done`], which puts everything that changed into one
//! [`Effect::Persist`] before all other effects of the operation.

use std::collections::BTreeMap;

use allod_mls::{Device, Group, LoadGroupError, MlsStore};
use allod_wire::cbor::{self, DecodeError};
use allod_wire::log::Digest;
use allod_wire::secrets::Ticket;
use allod_wire::{Address, BlobId, DeviceId, LogId, Position, UnixMillis};

use crate::account::{AccountRow, JoinedRow, Keys, Seed};
use crate::contacts::Contacts;
use crate::conversation::{Conversation, ConversationRow};
use crate::effect::{Effect, Event, RequestId};
use crate::erasure::Erasures;
use crate::error::CoreError;
use crate::history::get::Getting;
use crate::history::give::Giving;
use crate::inbox::Invitation;
use crate::ledger::Ledger;
use crate::outbox::Outgoing;
use crate::pending::{AccountCall, Pending};
use crate::request::{HttpRequest, Plane};
use crate::rows::{self, Row, Writes};
use crate::search::Search;
use crate::stock::Stock;
use crate::transfer::UploadRow;

/// Why the rows of a vault do not make a client.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There are no rows: join first.
    #[error("nothing is stored here yet")]
    Empty,
    /// A row is damaged, or from a later release.
    #[error("a stored row cannot be read")]
    Row(#[source] DecodeError),
    /// The rows of a conversation's group are damaged.
    #[error("a stored conversation cannot be read")]
    Group(#[source] LoadGroupError),
}

/// As many devices as certainly fit into one commit (rule C-6): with the hybrid suite each takes 3.1 KB of its 4 MiB.
const ADDITIONS_MAX: usize = 1_000;

/// One device's client.
pub struct ClientCore {
    pub(crate) account: Row<AccountRow>,
    pub(crate) keys: Keys,
    /// As MLS sees it; from when the domain is known.
    pub(crate) device: Option<Device>,
    pub(crate) contacts: Contacts,
    /// The token secrets behind our key packages, by reference.
    pub(crate) tokens: BTreeMap<Vec<u8>, Seed>,
    pub(crate) store: MlsStore,
    pub(crate) conversations: BTreeMap<LogId, Conversation>,
    pub(crate) invitations: BTreeMap<LogId, Invitation>,
    pub(crate) uploads: BTreeMap<BlobId, UploadRow>,
    pub(crate) requests: BTreeMap<RequestId, Pending>,
    pub(crate) stock: Stock,
    pub(crate) search: Search,
    pub(crate) erasures: Erasures,
    pub(crate) getting: Getting,
    pub(crate) giving: BTreeMap<DeviceId, Giving>,
    pub(crate) ledger: Ledger,
    /// Which sockets are open.
    pub(crate) inbox_socket: bool,
    pub(crate) log_socket: bool,
    /// What waits in the inbox was asked for on the open socket.
    pub(crate) inbox_asked: bool,
    pub(crate) inbox_read: bool,
    /// Devices that come in with one commit at most.
    pub(crate) additions_max: usize,
    /// A part of a history is closed once it is so long, in bytes.
    pub(crate) part_bytes: usize,
    next_request: u64,
    pub(crate) writes: Writes,
    out: Vec<Effect>,
}

impl ClientCore {
    pub(crate) fn empty(account: Row<AccountRow>) -> Self {
        let keys = Keys::of(&account);
        let joined = account.joined.as_ref();
        let device = joined.map(|joined| keys.mls_device(&account, &joined.organisation.domain));
        let ledger = joined.map(|joined| Ledger::of(&joined.organisation)).unwrap_or_default();
        Self {
            account,
            keys,
            device,
            contacts: Contacts::default(),
            tokens: BTreeMap::new(),
            store: MlsStore::new(),
            conversations: BTreeMap::new(),
            invitations: BTreeMap::new(),
            uploads: BTreeMap::new(),
            requests: BTreeMap::new(),
            stock: Stock::default(),
            search: Search::new([]),
            erasures: Erasures::default(),
            getting: Getting::default(),
            giving: BTreeMap::new(),
            ledger,
            inbox_socket: false,
            log_socket: false,
            inbox_asked: false,
            inbox_read: false,
            additions_max: ADDITIONS_MAX,
            part_bytes: crate::history::PART_BYTES,
            next_request: 1,
            writes: Writes::default(),
            out: Vec::new(),
        }
    }

    /// The client as its rows have it; history is not needed ([`rows::is_history`]). Follow with [`Self::start`].
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<Self, RestoreError> {
        let rows: BTreeMap<Vec<u8>, Vec<u8>> = rows.into_iter().collect();
        let account = rows.get(rows::ACCOUNT).ok_or(RestoreError::Empty)?;
        let mut core = Self::empty(Row::decode(account).map_err(RestoreError::Row)?);
        // Conversations first, since other rows hang on them: in the order of the prefixes, `c` comes before `d`, `j`, `o`, `r`.
        let mls = rows.iter().filter_map(|(key, value)| Some((key.strip_prefix(b"m/")?.to_vec(), value.clone())));
        core.store = MlsStore::from_rows(mls);
        for (key, value) in &rows {
            core.restore_row(key, value)?;
        }
        core.search = match rows.get(rows::SEARCH) {
            Some(row) => Search::stored(Row::decode(row).map_err(RestoreError::Row)?),
            None => Search::new(core.conversations.iter().map(|(log, one)| (*log, one.row.position.next()))),
        };
        Ok(core)
    }

    fn restore_row(&mut self, key: &[u8], value: &[u8]) -> Result<(), RestoreError> {
        let of_row = RestoreError::Row;
        match key {
            [b'c', b'/', ..] => {
                let row: Row<ConversationRow> = Row::decode(value).map_err(of_row)?;
                let group = Group::load(&self.store, &row.log).map_err(RestoreError::Group)?;
                self.conversations.insert(row.log, Conversation::stored(row, group));
            }
            [b'd', b'/', ..] => {
                let head: Digest = cbor::from_slice(value).map_err(of_row)?;
                if let Some((conversation, position)) = self.owner_of(key) {
                    conversation.heads.insert(Position(position), head);
                }
            }
            [b'o', b'/', ..] => {
                let outgoing: Row<Outgoing> = Row::decode(value).map_err(of_row)?;
                if let Some((conversation, number)) = self.owner_of(key) {
                    conversation.outbox.insert(number, outgoing);
                }
            }
            [b'j' | b'r', b'/', log @ ..] => {
                let log = log.try_into().map(LogId).map_err(|_| of_row(DecodeError::Malformed))?;
                if let Some(conversation) = self.conversations.get_mut(&log) {
                    if key[0] == b'j' {
                        conversation.job = Some(Row::decode(value).map_err(of_row)?);
                    } else {
                        conversation.roster = Row::decode(value).map_err(of_row)?;
                    }
                }
            }
            [b'p', b'/', ..] => self.contacts.insert_row(value).map_err(of_row)?,
            [b't', b'/', reference @ ..] => {
                self.tokens.insert(reference.to_vec(), cbor::from_slice(value).map_err(of_row)?);
            }
            [b'i', b'/', ..] => {
                let invitation = Invitation::restore(value).map_err(of_row)?;
                self.invitations.insert(invitation.row.log, invitation);
            }
            [b'u', b'/', ..] => {
                let upload: UploadRow = cbor::from_slice(value).map_err(of_row)?;
                self.uploads.insert(upload.blob, upload);
            }
            [b'e', b'/', ..] => self.erasures.restore(key),
            [b'v', b'/', ..] => self.ledger.people.restore(value).map_err(of_row)?,
            [b'l'] => self.ledger.restore(value).map_err(of_row)?,
            [b'l', b'/', ..] => self.ledger.evidence = Row::decode(value).map_err(of_row)?,
            [b'y'] => self.getting.row = Row::decode(value).map_err(of_row)?,
            [b'y', b'/', ..] => {
                let given = Giving::stored(Row::decode(value).map_err(of_row)?);
                self.giving.insert(given.row.device, given);
            }
            _ => {}
        }
        Ok(())
    }

    fn owner_of(&mut self, key: &[u8]) -> Option<(&mut Conversation, u64)> {
        let (log, number) = rows::log_and_number(key)?;
        Some((self.conversations.get_mut(&log)?, number))
    }

    /// Where the server is, such as `https://chat.justice.example`.
    pub fn server(&self) -> &str {
        &self.account.server
    }

    /// The server has taken the invitation.
    pub fn is_joined(&self) -> bool {
        self.account.joined.is_some()
    }

    /// Whether `address` could be reached from here at all.
    pub(crate) fn check_domain(&self, address: &Address) -> Result<(), CoreError> {
        let joined = self.joined()?;
        if address.domain == joined.organisation.domain { Ok(()) } else { Err(CoreError::OtherOrganisation) }
    }

    pub(crate) fn joined(&self) -> Result<&JoinedRow, CoreError> {
        self.account.joined.as_ref().ok_or(CoreError::NotJoined)
    }

    /// Our own address.
    pub(crate) fn me(&self) -> Option<Address> {
        let joined = self.account.joined.as_ref()?;
        Some(Address { name: self.account.name.clone(), domain: joined.organisation.domain.clone() })
    }

    pub(crate) fn my_device(&self) -> DeviceId {
        self.account.device
    }

    /// A conversation that we are in.
    pub(crate) fn member_of(&mut self, log: LogId) -> Result<&mut Conversation, CoreError> {
        let conversation = self.conversations.get_mut(&log).ok_or(CoreError::UnknownConversation)?;
        if conversation.is_member() { Ok(conversation) } else { Err(CoreError::NotAMember) }
    }

    pub(crate) fn take_ticket(&mut self) -> Option<Ticket> {
        let has_some = self.account.joined.as_ref().is_some_and(|joined| !joined.tickets.is_empty());
        if !has_some {
            self.stock.tickets_wanted = true;
            return None;
        }
        self.account.joined.as_mut()?.tickets.pop()
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.out.push(Effect::Event(event));
    }

    pub(crate) fn send(&mut self, plane: Plane, frame: allod_wire::socket::ClientFrame) {
        self.out.push(Effect::Send { plane, frame });
    }

    pub(crate) fn request(&mut self, pending: Pending, request: HttpRequest) {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.requests.insert(id, pending);
        self.out.push(Effect::Request { id, request });
    }

    /// Reads rows of the vault, from `from` up to and without `to`.
    pub(crate) fn read_rows(&mut self, pending: Pending, from: Vec<u8>, to: Vec<u8>, limit: u32) {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.requests.insert(id, pending);
        self.out.push(Effect::Read { id, from, to, limit });
    }

    /// Asks on the account plane, with the session of the moment.
    pub(crate) fn account_call(&mut self, call: AccountCall) {
        match crate::stock::account_request(self, &call) {
            Some(request) => self.request(Pending::Account(call), request),
            None => self.stock.waiting.push(call),
        }
    }

    pub(crate) fn is_pending(&self, is: impl Fn(&Pending) -> bool) -> bool {
        self.requests.values().any(is)
    }

    /// Ends an operation: one write of all that changed, then everything else, in order.
    pub(crate) fn done(&mut self) -> Vec<Effect> {
        self.advance_erasures();
        self.account.flush(|| rows::ACCOUNT.to_vec(), &mut self.writes);
        self.contacts.flush(&mut self.writes);
        self.search.row.flush(|| rows::SEARCH.to_vec(), &mut self.writes);
        self.getting.row.flush(|| rows::GETTING.to_vec(), &mut self.writes);
        self.ledger.flush(&mut self.writes);
        for (device, given) in &mut self.giving {
            given.row.flush(|| rows::giving(*device), &mut self.writes);
        }
        for conversation in self.conversations.values_mut() {
            conversation.flush(&mut self.writes);
        }
        let set = self.writes.take(self.store.take_write_set());
        let mut effects = Vec::with_capacity(self.out.len() + 1);
        if !set.is_empty() {
            effects.push(Effect::Persist(set));
        }
        effects.append(&mut self.out);
        effects
    }

    /// The user accepts a person's changed identity key, having checked with that person (rule C-12).
    pub fn accept_identity(&mut self, address: &Address, now: UnixMillis) -> Result<Vec<Effect>, CoreError> {
        if !self.contacts.accept(address, now) {
            return Err(CoreError::NothingToDo);
        }
        let logs: Vec<LogId> = self.conversations.keys().copied().collect();
        for log in logs {
            let here = self.conversations.get_mut(&log).and_then(Conversation::membership);
            if here.is_some_and(|membership| membership.people.contains(address)) {
                self.event(Event::ConversationChanged(log));
            }
        }
        Ok(self.done())
    }
}

impl std::fmt::Debug for ClientCore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientCore({} conversations)", self.conversations.len())
    }
}
