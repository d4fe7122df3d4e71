//! The server, in memory: it stores, and every decision is one of `allod-server-core`.

pub mod log;
mod routes;

use std::collections::{BTreeMap, BTreeSet};

use allod_crypto::digest::BearerSecret;
use allod_crypto::identity::SigningSecret;
use allod_crypto::random_bytes;
use allod_crypto::token::key_of_token;
use allod_server_core::accounts::{Caller, SessionView, authenticate};
use allod_server_core::create_log::{CreateLogError, Creation, create_log};
use allod_server_core::failure::{Failure, Refusal};
use allod_server_core::invite::{Invite, InviteView, Inviter, create_invite};
use allod_server_core::put_inbox_item::InboxTicketView;
use allod_server_core::{Policy, accept_entry::AppendError};
use allod_wire::account::{AccountRole, DeviceRecord, NewInvite, Organisation};
use allod_wire::blob::BlobState;
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::inbox::{InboxItem, InboxPage};
use allod_wire::log::{CreateLog, NewEntry, Receipt};
use allod_wire::secrets::{InviteSecret, SessionToken, Token, TokenKey};
use allod_wire::{BlobId, Day, DeviceId, LogId, Position, UnixMillis, UserName};
use minicbor::bytes::ByteVec;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::server::log::Log;

/// A secret as it is kept.
type AtRest = [u8; 32];

struct Account {
    role: AccountRole,
    identity_key: [u8; 32],
}

struct Device {
    name: UserName,
    record: DeviceRecord,
    signature_key: [u8; 32],
    joined_with: AtRest,
    session: Option<(AtRest, Day)>,
    one_time: Vec<ByteVec>,
    last_resort: Option<ByteVec>,
    given: BTreeSet<AtRest>,
    inbox: Vec<InboxItem>,
    inbox_last: Position,
    renewed: Option<UnixMillis>,
}

/// The server.
pub struct Server {
    hub: SigningSecret,
    policy: Policy,
    organisation: Organisation,
    rng: ChaCha20Rng,
    invites: BTreeMap<AtRest, Invite>,
    accounts: BTreeMap<UserName, Account>,
    devices: BTreeMap<DeviceId, Device>,
    tickets: BTreeMap<AtRest, Day>,
    inbox_tickets: BTreeMap<AtRest, InboxTicketView>,
    blobs: BTreeMap<(LogId, BlobId), (BlobState, Vec<u8>)>,
    /// The logs.
    pub logs: BTreeMap<LogId, Log>,
}

/// What the caller of a refused operation is told.
fn refused<E: Refusal>(error: E) -> ErrorBody {
    Failure::Refused(error).body()
}

fn code(code: ErrorCode) -> ErrorBody {
    ErrorBody::new(code, "refused by the simulated server")
}

impl Server {
    /// A server whose secrets follow from `seed`.
    pub fn new(seed: u64) -> Self {
        let hub = SigningSecret::from_seed(&[77; 32]);
        let policy = Policy::new("sim.example".parse().expect("a domain"));
        let organisation = Organisation {
            domain: policy.domain.clone(),
            hub_key: hub.public().into(),
            retention_days: policy.retention_days,
            blob_bytes_max: policy.blob_bytes_max,
            version: "sim".into(),
            ledger_key: None,
        };
        Self {
            hub,
            policy,
            organisation,
            rng: ChaCha20Rng::seed_from_u64(seed ^ 0x5e17e7),
            invites: BTreeMap::new(),
            accounts: BTreeMap::new(),
            devices: BTreeMap::new(),
            tickets: BTreeMap::new(),
            inbox_tickets: BTreeMap::new(),
            blobs: BTreeMap::new(),
            logs: BTreeMap::new(),
        }
    }

    /// An invitation for one person, as an operator makes it.
    pub fn invite(&mut self, now: UnixMillis) -> InviteSecret {
        let request = NewInvite::Person { name: None, role: AccountRole::Administrator, uses: 1, days: 7 };
        self.make_invite(&Inviter::Operator, &request, now).expect("an operator may invite").0
    }

    fn make_invite(
        &mut self,
        by: &Inviter,
        request: &NewInvite,
        now: UnixMillis,
    ) -> Result<(InviteSecret, Day), ErrorBody> {
        let name_exists =
            matches!(request, NewInvite::Person { name: Some(name), .. } if self.accounts.contains_key(name));
        let devices = match by {
            Inviter::Device(caller) => Some(self.devices_of(&caller.name).count()),
            Inviter::Operator => None,
        };
        let invite = create_invite(by, request, InviteView { name_exists, devices }, now.day()).map_err(refused)?;
        let (secret, until) = (InviteSecret(random_bytes(&mut self.rng)), invite.until);
        self.invites.insert(*secret.at_rest(), invite);
        Ok((secret, until))
    }

    fn devices_of<'a>(&'a self, name: &'a UserName) -> impl Iterator<Item = (&'a DeviceId, &'a Device)> + 'a {
        self.devices.iter().filter(move |(_, device)| device.name == *name)
    }

    fn new_session(&mut self, device: DeviceId, until: Day) -> SessionToken {
        let session = SessionToken(random_bytes(&mut self.rng));
        if let Some(device) = self.devices.get_mut(&device) {
            device.session = Some((*session.at_rest(), until));
        }
        session
    }

    /// Whose session this is (rule A-2).
    ///
    /// # Errors
    /// `no-session`.
    pub fn caller(&self, session: &SessionToken, now: UnixMillis) -> Result<Caller, ErrorBody> {
        let digest = *session.at_rest();
        let found = self.devices.iter().find_map(|(id, device)| {
            let (_, until) = device.session.filter(|(at_rest, _)| *at_rest == digest)?;
            let role = self.accounts.get(&device.name)?.role;
            let caller = Caller { device: *id, name: device.name.clone(), role };
            Some(SessionView { caller, until, disabled: false })
        });
        authenticate(found, now.day()).map_err(refused)
    }

    /// Forgets all sessions, and what a process remembers: a new start.
    pub fn restart(&mut self, forget_sessions: bool) {
        for device in self.devices.values_mut() {
            device.renewed = None;
            if forget_sessions {
                device.session = None;
            }
        }
    }

    /// The hub's key.
    pub fn hub(&self) -> &SigningSecret {
        &self.hub
    }

    /// Whether a device belongs to an account still.
    pub fn has_device(&self, device: DeviceId) -> bool {
        self.devices.contains_key(&device)
    }

    /// Items of an inbox after a position.
    pub fn inbox(&self, device: DeviceId, after: Position) -> InboxPage {
        let items = self.devices.get(&device).map(|device| device.inbox.as_slice()).unwrap_or_default();
        InboxPage { items: items.iter().filter(|item| item.position > after).cloned().collect() }
    }

    /// The key of a token that opens a log (rule L-2).
    ///
    /// # Errors
    /// `unknown-token`.
    pub fn member(&self, log: LogId, token: &Token) -> Result<TokenKey, ErrorBody> {
        let key = key_of_token(token).map_err(|_| code(ErrorCode::UnknownToken))?;
        if self.is_member(log, &key) { Ok(key) } else { Err(code(ErrorCode::UnknownToken)) }
    }

    /// Whether a key opens a log.
    pub fn is_member(&self, log: LogId, key: &TokenKey) -> bool {
        self.logs.get(&log).is_some_and(|log| log.seen_by(key).state.members.contains_key(key))
    }

    /// Appends an entry (rules L-2 to L-9).
    ///
    /// # Errors
    /// What the caller is told.
    pub fn append(
        &mut self,
        log: LogId,
        author: &TokenKey,
        entry: NewEntry,
        now: UnixMillis,
    ) -> Result<Receipt, ErrorBody> {
        let held = self.logs.get_mut(&log).ok_or_else(|| refused(AppendError::UnknownToken))?;
        held.append(author, entry, &self.hub, now.day()).map_err(refused)
    }

    /// Creates a log (rule L-1).
    fn create_log(&mut self, log: LogId, request: &CreateLog, now: UnixMillis) -> Result<(), ErrorBody> {
        let ticket = *request.ticket.at_rest();
        let existing = self.logs.get(&log).map(|log| &log.main.state);
        let decided: Result<Creation, CreateLogError> =
            create_log(existing, self.tickets.get(&ticket).copied(), request, now.day());
        if decided.map_err(refused)? == Creation::Now {
            self.tickets.remove(&ticket);
            self.logs.insert(log, Log::created(log, request.first, now.day()));
        }
        Ok(())
    }

    /// Takes away all but the last entry of a log, as if the retention limit had passed; says up to where.
    pub fn expire(&mut self, log: LogId, now: UnixMillis) -> Position {
        let policy = &self.policy;
        self.logs.get_mut(&log).map_or(Position(0), |log| log.expire(policy, now.day()))
    }

    /// Takes away what nobody needs, as a server does every hour.
    pub fn sweep(&mut self, now: UnixMillis) {
        for log in self.logs.values_mut() {
            log.sweep(&self.policy, now.day());
        }
    }
}
