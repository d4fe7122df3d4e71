//! A server in memory, after `spec/`: enough to carry whole conversations, and able to lie.

use std::collections::{BTreeMap, BTreeSet};

use allod_crypto::digest::labelled;
use allod_crypto::identity::{SigningSecret, verify_certificate, verify_renewal};
use allod_crypto::receipt::{first_head, next_head, sign_batch};
use allod_crypto::token::key_of_token;
use allod_wire::account::{
    Account, AccountRole, BuyTickets, ContactPolicy, DeviceCertificate, DeviceRecord, InviteCreated, InviteOffer, Join,
    Joined, LookUpInvite, NewInvite, Organisation, People, Person, RenewSession, Session, Tickets,
};
use allod_wire::blob::BlobState;
use allod_wire::directory::{LookUpEntry, ProvenEntry};
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::inbox::{
    ClaimKeyPackages, ClaimRight, ClaimedDevice, ClaimedKeyPackages, InboxItem, InboxPage, KeyPackageCount,
    NewInboxItem, UploadKeyPackages,
};
use allod_wire::ledger::LedgerNews;
use allod_wire::log::{
    CreateLog, Cursor, Digest, EntriesPage, Entry, EntryKind, NewEntry, Receipt, ReceiptBody, TokenChange, TokenRole,
};
use allod_wire::secrets::{InboxTicket, InviteSecret, SessionToken, Ticket, Token, TokenKey};
use allod_wire::{BlobId, Commits, Day, DeviceId, LogId, Position, UnixMillis, UserName, cbor};
use minicbor::bytes::ByteVec;

use crate::request::{HttpRequest, Method};

/// What an operation of the hub gives: an encoded answer, or a refusal.
pub type Answer = Result<Vec<u8>, ErrorCode>;

/// A ledger with its directory, for a [`Hub`] to serve: a real one, or one that lies.
pub trait PublicRecord {
    /// The key of the ledger.
    fn key(&self) -> [u8; 32];
    /// The devices of a user have changed: these are all that there are.
    fn account_changed(&mut self, user: &UserName, devices: Vec<DeviceCertificate>, now: UnixMillis);
    /// What is new (rule G-13).
    fn news(&mut self, from: u64, act: Option<u64>, now: UnixMillis) -> Option<LedgerNews>;
    /// A user's entry.
    fn entry(&mut self, user: &UserName) -> Option<ProvenEntry>;
    /// All versions of it.
    fn history(&mut self, user: &UserName) -> Option<ProvenEntry>;
}

/// A log as the hub has it.
#[derive(Clone)]
pub struct HubLog {
    /// Entries from `first` on.
    pub entries: Vec<Entry>,
    heads: Vec<Digest>,
    /// The chain before the first entry that is kept.
    head_before: Digest,
    first: Position,
    members: BTreeMap<TokenKey, TokenRole>,
    creator: TokenKey,
    commits: Commits,
}

#[derive(Default)]
struct HubDevice {
    record: Option<DeviceRecord>,
    owner: Option<UserName>,
    one_time: Vec<ByteVec>,
    last_resort: Option<ByteVec>,
    inbox: Vec<InboxItem>,
    inbox_next: u64,
    items: BTreeSet<[u8; 16]>,
}

/// The server.
pub struct Hub {
    /// Entries in a page at most. Few at first, so that tests see several pages.
    pub page_entries: usize,
    organisation: Organisation,
    signer: SigningSecret,
    counter: u64,
    invites: BTreeMap<[u8; 32], (AccountRole, Option<UserName>)>,
    spent: BTreeMap<[u8; 32], DeviceId>,
    users: BTreeMap<UserName, AccountRole>,
    devices: BTreeMap<DeviceId, HubDevice>,
    sessions: BTreeMap<[u8; 32], DeviceId>,
    tickets: BTreeSet<[u8; 32]>,
    inbox_tickets: BTreeMap<[u8; 32], (DeviceId, Option<[u8; 16]>)>,
    /// The logs.
    pub logs: BTreeMap<LogId, HubLog>,
    blobs: BTreeMap<(LogId, BlobId), (u64, Vec<u8>)>,
    record: Option<Box<dyn PublicRecord>>,
    /// Users whose key packages are given to nobody.
    pub refuses_contact: BTreeSet<UserName>,
    /// Devices that their own user's account does not show.
    pub hidden: BTreeSet<DeviceId>,
    /// Devices whose key packages are given to nobody.
    pub withheld: BTreeSet<DeviceId>,
}

impl Hub {
    /// A server for `a.example`.
    pub fn new() -> Self {
        let signer = SigningSecret::from_seed(&[77; 32]);
        let organisation = Organisation {
            domain: "a.example".parse().expect("a domain"),
            hub_key: signer.public().into(),
            retention_days: 90,
            blob_bytes_max: 1 << 30,
            version: "test".into(),
            ledger_key: None,
        };
        Self {
            page_entries: 5,
            organisation,
            signer,
            counter: 0,
            invites: BTreeMap::new(),
            spent: BTreeMap::new(),
            users: BTreeMap::new(),
            devices: BTreeMap::new(),
            sessions: BTreeMap::new(),
            tickets: BTreeSet::new(),
            inbox_tickets: BTreeMap::new(),
            logs: BTreeMap::new(),
            blobs: BTreeMap::new(),
            record: None,
            refuses_contact: BTreeSet::new(),
            hidden: BTreeSet::new(),
            withheld: BTreeSet::new(),
        }
    }

    /// From now on the hub serves this, and says so to whoever joins.
    pub fn keep_record(&mut self, record: Box<dyn PublicRecord>) {
        self.organisation.ledger_key = Some(record.key().into());
        self.record = Some(record);
    }

    fn account_changed(&mut self, user: &UserName, now: UnixMillis) {
        let own = self.devices.values().filter(|device| device.owner.as_ref() == Some(user));
        let records = own.filter_map(|device| device.record.as_ref());
        let certificates = records.filter_map(|record| verify_certificate(&record.certificate).ok()).collect();
        if let Some(record) = &mut self.record {
            record.account_changed(user, certificates, now);
        }
    }

    /// A secret that nobody else has: the hub's own counter, hashed.
    fn secret(&mut self) -> [u8; 32] {
        self.counter += 1;
        *labelled("test hub secret", &[&self.counter.to_be_bytes()])
    }

    /// An invitation, as an operator makes it.
    pub fn invite(&mut self, role: AccountRole) -> InviteSecret {
        let secret = self.secret();
        self.invites.insert(secret, (role, None));
        InviteSecret(secret)
    }

    /// Forgets a user, who can then start anew under the same name.
    pub fn remove_user(&mut self, name: &UserName) {
        self.users.remove(name);
        self.devices.retain(|_, device| device.owner.as_ref() != Some(name));
    }

    /// Ends all sessions.
    pub fn forget_sessions(&mut self) {
        self.sessions.clear();
    }

    /// Drops what is older than the `kept` last entries of a log, as retention does.
    pub fn trim(&mut self, log: LogId, kept: usize) {
        if let Some(log) = self.logs.get_mut(&log) {
            let gone = log.entries.len().saturating_sub(kept);
            log.entries.drain(..gone);
            log.head_before = log.heads.drain(..gone).next_back().unwrap_or(log.head_before);
            log.first = Position(log.first.0 + gone as u64);
        }
    }

    /// Loses all blobs, as retention does.
    pub fn forget_blobs(&mut self) {
        self.blobs.clear();
    }

    /// Beside which log each blob lies, and how long it is.
    pub fn blob_sizes(&self) -> BTreeMap<(LogId, BlobId), u64> {
        self.blobs.iter().map(|(blob, (size, _))| (*blob, *size)).collect()
    }

    /// Whether any blob holds these bytes.
    pub fn blobs_hold(&self, bytes: &[u8]) -> bool {
        self.blobs.values().any(|(_, blob)| blob.windows(bytes.len()).any(|window| window == bytes))
    }

    /// A request.
    pub fn handle(&mut self, request: &HttpRequest, now: UnixMillis) -> (u16, Vec<u8>) {
        match self.route(request, now) {
            Ok(body) => (200, body),
            Err(code) => (code.http_status(), cbor::to_vec(&ErrorBody::new(code, "refused by the test hub"))),
        }
    }

    fn route(&mut self, request: &HttpRequest, now: UnixMillis) -> Answer {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        let body = &request.body;
        match (request.method, &parts[..]) {
            (Method::Post, ["invites", "look-up"]) => self.look_up(&parse(body)?),
            (Method::Post, ["join"]) => self.join(&parse(body)?, now),
            (Method::Post, ["session"]) => self.renew(&parse(body)?),
            (Method::Get, ["account"]) => self.account(self.caller(request)?),
            (Method::Delete, ["account", "devices", device]) => {
                self.caller(request)?;
                let gone = self.devices.remove(&id(device)?);
                if let Some(user) = gone.and_then(|device| device.owner) {
                    self.account_changed(&user, now);
                }
                Ok(Vec::new())
            }
            (Method::Get, ["account", "history"]) => {
                let caller = self.caller(request)?;
                let user = self.devices.get(&caller).and_then(|device| device.owner.clone());
                let history = self.record.as_mut().zip(user).and_then(|(record, user)| record.history(&user));
                history.map(|history| cbor::to_vec(&history)).ok_or(ErrorCode::NotFound)
            }
            (Method::Get, ["ledger", "news"]) => {
                let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
                let from = value("from").and_then(|from| from.parse().ok()).ok_or(ErrorCode::Malformed)?;
                let act = value("act").and_then(|act| act.parse().ok());
                let news = self.record.as_mut().and_then(|record| record.news(from, act, now));
                news.map(|news| cbor::to_vec(&news)).ok_or(ErrorCode::NotFound)
            }
            (Method::Post, ["directory", "look-up"]) => {
                let asked: LookUpEntry = parse(body)?;
                if !self.tickets.remove(&asked.ticket.0) {
                    return Err(ErrorCode::Spent);
                }
                let entry = self.record.as_mut().and_then(|record| record.entry(&asked.user));
                entry.map(|entry| cbor::to_vec(&entry)).ok_or(ErrorCode::NotFound)
            }
            (Method::Post, ["key-packages"]) => self.upload(self.caller(request)?, parse(body)?),
            (Method::Get, ["key-packages"]) => self.count(self.caller(request)?),
            (Method::Post, ["tickets"]) => self.sell(self.caller(request)?, parse(body)?),
            (Method::Get, ["people"]) => {
                self.caller(request)?;
                let people = self.users.iter().map(|(name, role)| Person { name: name.clone(), role: *role });
                Ok(cbor::to_vec(&People { people: people.collect() }))
            }
            (Method::Post, ["invites"]) => self.make_invite(self.caller(request)?, &parse(body)?),
            (Method::Put, ["inbox", "cursor"]) => self.inbox_cursor(self.caller(request)?, parse(body)?),
            (Method::Post, ["key-packages", "claim"]) => self.claim(parse(body)?),
            (Method::Post, ["inboxes", device]) => self.put_item(id(device)?, bearer(request)?, parse(body)?, now),
            (Method::Put, ["logs", log]) => self.create(id(log)?, &parse(body)?),
            (Method::Put, ["logs", log, "blobs", blob]) => {
                let number = |name: &str| {
                    let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
                    pair.and_then(|text| text.parse::<u64>().ok()).ok_or(ErrorCode::Malformed)
                };
                let (log, blob) = (id(log)?, id(blob)?);
                self.member(log, &Token(bearer(request)?))?;
                self.chunk(log, blob, number("size")?, number("offset")?, body)
            }
            (Method::Get, ["logs", log, "blobs", blob, "state"]) => {
                let (log, blob) = (id(log)?, id(blob)?);
                self.member(log, &Token(bearer(request)?))?;
                self.blob_state(log, blob)
            }
            (Method::Get, ["logs", log, "blobs", blob]) => {
                let (log, blob) = (id(log)?, id(blob)?);
                self.member(log, &Token(bearer(request)?))?;
                let (size, bytes) = self.blobs.get(&(log, blob)).ok_or(ErrorCode::NotFound)?;
                let (from, to) = request.range.unwrap_or((0, size - 1));
                bytes.get(from as usize..=(to.min(size - 1)) as usize).map(<[u8]>::to_vec).ok_or(ErrorCode::NotFound)
            }
            _ => Err(ErrorCode::NotFound),
        }
    }

    fn look_up(&self, request: &LookUpInvite) -> Answer {
        let offer = self.invites.get(&request.secret.0);
        let known = offer.is_some() || self.spent.contains_key(&request.secret.0);
        let (role, name) = offer.cloned().unwrap_or((AccountRole::Member, None));
        let organisation = self.organisation.clone();
        let adds_device = name.is_some();
        let offer = InviteOffer { organisation, name, role, adds_device };
        if known { Ok(cbor::to_vec(&offer)) } else { Err(ErrorCode::Spent) }
    }

    fn join(&mut self, join: &Join, now: UnixMillis) -> Answer {
        let certificate = verify_certificate(&join.device.certificate).map_err(|_| ErrorCode::BadSignature)?;
        let device = join.device.device;
        if self.spent.get(&join.secret.0) != Some(&device) {
            let (role, name) = self.invites.get(&join.secret.0).cloned().ok_or(ErrorCode::Spent)?;
            if name.is_none() && self.users.contains_key(&join.name) {
                return Err(ErrorCode::Taken);
            }
            self.invites.remove(&join.secret.0);
            self.spent.insert(join.secret.0, device);
            self.users.entry(certificate.address.name).or_insert(role);
            let made = self.devices.entry(device).or_default();
            (made.record, made.owner) = (Some(join.device.clone()), Some(join.name.clone()));
            self.account_changed(&join.name, now);
        }
        let role = self.users[&join.name];
        let session = self.new_session(device);
        Ok(cbor::to_vec(&Joined { session, role, organisation: self.organisation.clone() }))
    }

    fn new_session(&mut self, device: DeviceId) -> SessionToken {
        let secret = self.secret();
        self.sessions.retain(|_, other| *other != device);
        self.sessions.insert(secret, device);
        SessionToken(secret)
    }

    fn renew(&mut self, request: &RenewSession) -> Answer {
        let record = self.devices.get(&request.device).and_then(|device| device.record.as_ref());
        let certificate = record.and_then(|record| verify_certificate(&record.certificate).ok());
        let certificate = certificate.ok_or(ErrorCode::NotFound)?;
        verify_renewal(request, &certificate.signature_key).map_err(|_| ErrorCode::BadSignature)?;
        let token = self.new_session(request.device);
        Ok(cbor::to_vec(&Session { token }))
    }

    fn caller(&self, request: &HttpRequest) -> Result<DeviceId, ErrorCode> {
        self.device_of(&SessionToken(bearer(request)?))
    }

    /// Whose session this is.
    pub fn device_of(&self, session: &SessionToken) -> Result<DeviceId, ErrorCode> {
        let device = self.sessions.get(&session.0).ok_or(ErrorCode::NoSession)?;
        if self.devices.contains_key(device) { Ok(*device) } else { Err(ErrorCode::NoSession) }
    }

    fn owner(&self, device: DeviceId) -> Result<UserName, ErrorCode> {
        self.devices.get(&device).and_then(|device| device.owner.clone()).ok_or(ErrorCode::NoSession)
    }

    fn account(&self, caller: DeviceId) -> Answer {
        let name = self.owner(caller)?;
        let own = self.devices.iter().filter(|(_, device)| device.owner.as_ref() == Some(&name));
        let shown = own.filter(|(id, _)| !self.hidden.contains(id));
        let certificates = shown.filter_map(|(_, device)| Some(device.record.as_ref()?.certificate.clone())).collect();
        let role = self.users[&name];
        let contact_policy = ContactPolicy { organisation: true, link: None };
        Ok(cbor::to_vec(&Account { name, role, certificates, contact_policy }))
    }

    fn upload(&mut self, caller: DeviceId, packages: UploadKeyPackages) -> Answer {
        let device = self.devices.get_mut(&caller).ok_or(ErrorCode::NoSession)?;
        device.one_time.extend(packages.one_time);
        device.last_resort = packages.last_resort.or(device.last_resort.take());
        self.count(caller)
    }

    fn count(&self, caller: DeviceId) -> Answer {
        let device = self.devices.get(&caller).ok_or(ErrorCode::NoSession)?;
        let one_time = device.one_time.len() as u32;
        Ok(cbor::to_vec(&KeyPackageCount { one_time, last_resort: device.last_resort.is_some() }))
    }

    fn sell(&mut self, _caller: DeviceId, request: BuyTickets) -> Answer {
        let tickets: Vec<Ticket> = (0..request.count).map(|_| Ticket(self.secret())).collect();
        self.tickets.extend(tickets.iter().map(|ticket| ticket.0));
        Ok(cbor::to_vec(&Tickets { tickets }))
    }

    fn make_invite(&mut self, caller: DeviceId, invite: &NewInvite) -> Answer {
        let secret = self.secret();
        let name = self.owner(caller)?;
        let offer = match invite {
            NewInvite::Person { name, role, .. } => (*role, name.clone()),
            NewInvite::Device | NewInvite::Recovery => (self.users[&name], Some(name)),
        };
        self.invites.insert(secret, offer);
        Ok(cbor::to_vec(&InviteCreated { secret: InviteSecret(secret), expires: Day(30_000) }))
    }

    fn claim(&mut self, request: ClaimKeyPackages) -> Answer {
        let ClaimRight::Ticket(ticket) = &request.right else { return Err(ErrorCode::ContactRefused) };
        if !self.tickets.remove(&ticket.0) {
            return Err(ErrorCode::Spent);
        }
        if !self.users.contains_key(&request.user) || self.refuses_contact.contains(&request.user) {
            return Err(ErrorCode::ContactRefused);
        }
        let wanted = |id: &DeviceId, device: &HubDevice| {
            device.owner.as_ref() == Some(&request.user)
                && !self.withheld.contains(id)
                && (request.devices.is_empty() || request.devices.contains(id))
        };
        let ids: Vec<DeviceId> =
            self.devices.iter().filter(|(id, device)| wanted(id, device)).map(|(id, _)| *id).collect();
        let mut devices = Vec::new();
        for id in ids {
            let ticket = self.secret();
            let Some(device) = self.devices.get_mut(&id) else { continue };
            let package = device.one_time.pop().or_else(|| device.last_resort.clone());
            let (Some(key_package), Some(record)) = (package, &device.record) else { continue };
            self.inbox_tickets.insert(ticket, (id, None));
            devices.push(ClaimedDevice {
                device: id,
                certificate: record.certificate.clone(),
                inbox_key: record.inbox_key.clone(),
                key_package,
                ticket: InboxTicket(ticket),
            });
        }
        let entry = self.record.as_mut().and_then(|record| record.entry(&request.user));
        Ok(cbor::to_vec(&ClaimedKeyPackages { devices, entry }))
    }

    fn put_item(&mut self, device: DeviceId, ticket: [u8; 32], item: NewInboxItem, now: UnixMillis) -> Answer {
        let right = self.inbox_tickets.get_mut(&ticket).filter(|(of, _)| *of == device).ok_or(ErrorCode::Spent)?;
        if right.1.is_some_and(|used| used != item.id.0) {
            return Err(ErrorCode::Spent);
        }
        right.1 = Some(item.id.0);
        let inbox = self.devices.get_mut(&device).ok_or(ErrorCode::NotFound)?;
        if inbox.items.insert(item.id.0) {
            inbox.inbox_next += 1;
            let position = Position(inbox.inbox_next);
            inbox.inbox.push(InboxItem { position, day: now.day(), sealed: item.sealed });
        }
        Ok(Vec::new())
    }

    fn inbox_cursor(&mut self, caller: DeviceId, cursor: Cursor) -> Answer {
        let device = self.devices.get_mut(&caller).ok_or(ErrorCode::NoSession)?;
        device.inbox.retain(|item| item.position > cursor.position);
        Ok(Vec::new())
    }

    /// Items of a device's inbox.
    pub fn inbox(&self, device: DeviceId, after: Position) -> InboxPage {
        let items = self.devices.get(&device).map(|device| device.inbox.clone()).unwrap_or_default();
        InboxPage { items: items.into_iter().filter(|item| item.position > after).collect() }
    }

    fn create(&mut self, log: LogId, request: &CreateLog) -> Answer {
        if let Some(existing) = self.logs.get(&log) {
            let again = existing.creator == request.first && existing.entries.is_empty();
            return if again { Ok(Vec::new()) } else { Err(ErrorCode::Taken) };
        }
        if !self.tickets.remove(&request.ticket.0) {
            return Err(ErrorCode::Spent);
        }
        let members = BTreeMap::from([(request.first, TokenRole::Administrator)]);
        let (entries, heads, first, commits) = (Vec::new(), Vec::new(), Position(1), Commits(0));
        let head_before = first_head(log);
        self.logs.insert(log, HubLog { entries, heads, head_before, first, members, creator: request.first, commits });
        Ok(Vec::new())
    }

    /// The key of a member's token.
    pub fn member(&self, log: LogId, token: &Token) -> Result<TokenKey, ErrorCode> {
        let key = key_of_token(token).map_err(|_| ErrorCode::UnknownToken)?;
        let log = self.logs.get(&log).ok_or(ErrorCode::UnknownToken)?;
        if log.members.contains_key(&key) { Ok(key) } else { Err(ErrorCode::UnknownToken) }
    }

    /// Whether a key is a member's still.
    pub fn is_member(&self, log: LogId, key: &TokenKey) -> bool {
        self.logs.get(&log).is_some_and(|log| log.members.contains_key(key))
    }

    /// The token keys of a log, with their roles.
    pub fn members(&self, log: LogId) -> BTreeMap<TokenKey, TokenRole> {
        self.logs.get(&log).map(|log| log.members.clone()).unwrap_or_default()
    }

    /// Appends an entry (rules L-2 to L-5, T-5).
    pub fn append(&mut self, log: LogId, by: TokenKey, new: NewEntry, now: UnixMillis) -> Result<Receipt, ErrorBody> {
        let refuse = |code| ErrorBody::new(code, "refused by the test hub");
        let held = self.logs.get_mut(&log).ok_or_else(|| refuse(ErrorCode::UnknownToken))?;
        if let Some(index) = held.entries.iter().position(|entry| entry.new.id == new.id) {
            let same = held.entries[index].new == new;
            return if same { Ok(self.receipt(log, index)) } else { Err(refuse(ErrorCode::IdReused)) };
        }
        let role = *held.members.get(&by).ok_or_else(|| refuse(ErrorCode::UnknownToken))?;
        let is_commit = matches!(new.kind, EntryKind::Commit { .. });
        for change in &new.changes {
            let allowed = match change {
                TokenChange::Revoke { key } if *key == by => true,
                TokenChange::Register { role: TokenRole::Member, .. } => is_commit,
                _ => is_commit && role == TokenRole::Administrator,
            };
            if !allowed {
                return Err(refuse(ErrorCode::NotAllowed));
            }
        }
        if let EntryKind::Commit { seen } = new.kind {
            if seen != held.commits {
                return Err(ErrorBody { commits: Some(held.commits), ..refuse(ErrorCode::StaleCommit) });
            }
            held.commits = held.commits.next();
        }
        for change in &new.changes {
            match change {
                TokenChange::Revoke { key } => drop(held.members.remove(key)),
                TokenChange::Register { key, role: to } if role == TokenRole::Administrator => {
                    held.members.insert(*key, *to);
                }
                TokenChange::Register { key, role: to } => drop(held.members.entry(*key).or_insert(*to)),
            }
        }
        let position = Position(held.first.0 + held.entries.len() as u64);
        let entry = Entry { position, day: now.day(), new };
        let head = next_head(&held.heads.last().copied().unwrap_or(held.head_before), &entry);
        held.entries.push(entry);
        held.heads.push(head);
        let index = held.entries.len() - 1;
        Ok(self.receipt(log, index))
    }

    fn receipt(&self, log: LogId, index: usize) -> Receipt {
        let held = &self.logs[&log];
        let (entry, head) = (&held.entries[index], held.heads[index]);
        let (position, day, frank) = (entry.position, entry.day, entry.new.frank);
        let body = ReceiptBody { log, position, entry: entry.new.id, day, frank, head };
        let proof = sign_batch(&self.signer, std::slice::from_ref(&body)).remove(0);
        Receipt { body, proof }
    }

    /// A page of a log (rule L-11).
    pub fn page(&self, log: LogId, after: Position) -> EntriesPage {
        let held = &self.logs[&log];
        let start = (after.0 + 1).saturating_sub(held.first.0) as usize;
        let end = (start + self.page_entries).min(held.entries.len());
        let entries = held.entries.get(start..end).unwrap_or_default().to_vec();
        let before = start.checked_sub(1).and_then(|index| held.heads.get(index).copied());
        EntriesPage {
            receipt: (!entries.is_empty()).then(|| self.receipt(log, end - 1)),
            entries,
            first: held.first,
            last: Position(held.first.0 + held.entries.len() as u64 - 1),
            commits: held.commits,
            head_before: before.unwrap_or(held.head_before),
        }
    }

    fn chunk(&mut self, log: LogId, blob: BlobId, size: u64, offset: u64, body: &[u8]) -> Answer {
        let (_, bytes) = self.blobs.entry((log, blob)).or_insert((size, Vec::new()));
        if bytes.len() as u64 != offset {
            return Err(ErrorCode::WrongOffset);
        }
        bytes.extend_from_slice(body);
        self.blob_state(log, blob)
    }

    fn blob_state(&self, log: LogId, blob: BlobId) -> Answer {
        let (size, bytes) = self.blobs.get(&(log, blob)).ok_or(ErrorCode::NotFound)?;
        Ok(cbor::to_vec(&BlobState { size: *size, received: bytes.len() as u64, expires: Day(30_000) }))
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

fn parse<T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>>(body: &[u8]) -> Result<T, ErrorCode> {
    cbor::from_slice(body).map_err(|_| ErrorCode::Malformed)
}

fn id<T: std::str::FromStr>(text: &str) -> Result<T, ErrorCode> {
    text.parse().map_err(|_| ErrorCode::Malformed)
}

fn bearer(request: &HttpRequest) -> Result<[u8; 32], ErrorCode> {
    let text = request.bearer.as_deref().ok_or(ErrorCode::NoSession)?;
    text.parse::<Ticket>().map(|ticket| ticket.0).map_err(|_| ErrorCode::Malformed)
}
