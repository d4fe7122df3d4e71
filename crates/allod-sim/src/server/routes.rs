//! Requests, after the table in `spec/http.md`.

use allod_client_core::{HttpRequest, Method};
use allod_crypto::digest::BearerSecret;
use allod_crypto::identity::verify_certificate;
use allod_crypto::random_bytes;
use allod_server_core::buy_tickets::buy_tickets;
use allod_server_core::claim_key_packages::{ClaimSeed, ClaimView, claim_key_packages};
use allod_server_core::contact_policy::DEFAULT_CONTACT_POLICY;
use allod_server_core::invite::{Inviter, look_up};
use allod_server_core::join::{self, AccountView, DeviceView, JoinView, Joining};
use allod_server_core::policy::{INBOX_TICKET_DAYS, SESSION_DAYS};
use allod_server_core::put_inbox_item::{InboxTicketView, InboxView, Putting, item_digest, put_inbox_item};
use allod_server_core::renew_session::{RenewView, renew_session};
use allod_server_core::upload_chunk::{Chunk, upload_chunk};
use allod_server_core::upload_key_packages::{self as packages, key_package_digest};
use allod_server_core::{Caller, read_blob, remove_device};
use allod_wire::account::{
    Account as AccountBody, BuyTickets, InviteCreated, InviteOffer, Join, Joined, LookUpInvite, NewInvite, People,
    Person, RenewSession, Session, Tickets,
};
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::inbox::{
    ClaimKeyPackages, ClaimRight, ClaimedDevice, ClaimedKeyPackages, InboxItem, KeyPackageCount, NewInboxItem,
    UploadKeyPackages,
};
use allod_wire::log::Cursor;
use allod_wire::secrets::{InboxTicket, SessionToken, Ticket, Token};
use allod_wire::{BlobId, DeviceId, LogId, UnixMillis, cbor};
use minicbor::{Decode, Encode};

use super::{Account, Device, Server, code, refused};

type Answer = Result<Vec<u8>, ErrorBody>;

impl Server {
    /// Answers a request.
    pub fn handle(&mut self, request: &HttpRequest, now: UnixMillis) -> (u16, Vec<u8>) {
        match self.route(request, now) {
            Ok(body) => (200, body),
            Err(error) => (error.code.http_status(), cbor::to_vec(&error)),
        }
    }

    fn route(&mut self, request: &HttpRequest, now: UnixMillis) -> Answer {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        let body = &request.body;
        match (request.method, &parts[..]) {
            (Method::Post, ["invites", "look-up"]) => self.look_up(&parse(body)?, now),
            (Method::Post, ["join"]) => self.join(parse(body)?, now),
            (Method::Post, ["session"]) => self.renew(&parse(body)?, now),
            (Method::Get, ["account"]) => self.account(&self.asks(request, now)?),
            (Method::Delete, ["account", "devices", device]) => {
                let (caller, device) = (self.asks(request, now)?, id(device)?);
                let owner = self.devices.get(&device).map(|device| &device.name);
                remove_device::remove_device(&caller, owner).map_err(refused)?;
                self.devices.remove(&device);
                Ok(Vec::new())
            }
            (Method::Post, ["key-packages"]) => self.upload(&self.asks(request, now)?, parse(body)?),
            (Method::Get, ["key-packages"]) => self.count(self.asks(request, now)?.device),
            (Method::Post, ["tickets"]) => self.sell(&self.asks(request, now)?, parse(body)?, now),
            (Method::Get, ["people"]) => {
                self.asks(request, now)?;
                let person = |(name, account): (&_, &Account)| Person { name: Clone::clone(name), role: account.role };
                Ok(cbor::to_vec(&People { people: self.accounts.iter().map(person).collect() }))
            }
            (Method::Post, ["invites"]) => {
                let by = Inviter::Device(self.asks(request, now)?);
                let (secret, expires) = self.make_invite(&by, &parse::<NewInvite>(body)?, now)?;
                Ok(cbor::to_vec(&InviteCreated { secret, expires }))
            }
            (Method::Put, ["inbox", "cursor"]) => self.inbox_cursor(&self.asks(request, now)?, parse(body)?),
            (Method::Post, ["key-packages", "claim"]) => self.claim(&parse(body)?, now),
            (Method::Post, ["inboxes", device]) => self.put_item(id(device)?, bearer(request)?, parse(body)?, now),
            (Method::Put, ["logs", log]) => self.create_log(id(log)?, &parse(body)?, now).map(|()| Vec::new()),
            (Method::Put, ["logs", log, "blobs", blob]) => {
                let (log, blob) = (id(log)?, id(blob)?);
                self.member(log, &Token(bearer(request)?))?;
                let chunk = Chunk { size: number(query, "size")?, offset: number(query, "offset")?, len: body.len() };
                self.chunk(log, blob, chunk, body, now)
            }
            (Method::Get, ["logs", log, "blobs", blob, "state"]) => {
                let (log, blob) = (id(log)?, id(blob)?);
                self.member(log, &Token(bearer(request)?))?;
                let (state, _) = self.blobs.get(&(log, blob)).ok_or_else(|| code(ErrorCode::NotFound))?;
                Ok(cbor::to_vec(state))
            }
            (Method::Get, ["logs", log, "blobs", blob]) => {
                let (log, blob) = (id(log)?, id(blob)?);
                self.member(log, &Token(bearer(request)?))?;
                self.blob_range(log, blob, request.range)
            }
            _ => Err(code(ErrorCode::NotFound)),
        }
    }

    fn asks(&self, request: &HttpRequest, now: UnixMillis) -> Result<Caller, ErrorBody> {
        self.caller(&SessionToken(bearer(request)?), now)
    }

    fn look_up(&self, request: &LookUpInvite, now: UnixMillis) -> Answer {
        // A spent invitation still says to the device that spent it what it offered.
        let invite = self.invites.get(&*request.secret.at_rest()).cloned();
        let offer = look_up(invite, now.day()).map_err(refused)?;
        let organisation = self.organisation.clone();
        let (name, role, adds_device) = (offer.name, offer.role, offer.adds_device);
        Ok(cbor::to_vec(&InviteOffer { organisation, name, role, adds_device }))
    }

    fn join(&mut self, request: Join, now: UnixMillis) -> Answer {
        let checked = join::check(request, &self.policy.domain).map_err(refused)?;
        let (device, name) = (checked.device().device, checked.name().clone());
        let invite = **checked.invite();
        let view = JoinView {
            invite: self.invites.get(&invite).cloned(),
            account: self.accounts.get(&name).map(|account| AccountView {
                role: account.role,
                identity_key: account.identity_key,
                devices: self.devices_of(&name).count(),
                disabled: false,
            }),
            device: self.devices.get(&device).map(|device| DeviceView {
                name: device.name.clone(),
                certificate: device.record.certificate.to_vec(),
                joined_with: device.joined_with.into(),
            }),
        };
        let joining = join::join(&view, &checked, now.day()).map_err(refused)?;
        let role = joining.role();
        if !matches!(joining, Joining::Again(_)) {
            if let Some(invite) = self.invites.get_mut(&invite) {
                invite.uses -= 1;
            }
            let certificate = checked.certificate();
            let account = Account { role, identity_key: *certificate.identity_key };
            self.accounts.entry(name.clone()).or_insert(account);
            let fresh = Device {
                name,
                record: checked.device().clone(),
                signature_key: *certificate.signature_key,
                joined_with: invite,
                session: None,
                one_time: Vec::new(),
                last_resort: None,
                given: Default::default(),
                inbox: Vec::new(),
                inbox_last: allod_wire::Position(0),
                renewed: None,
            };
            self.devices.insert(device, fresh);
        }
        let session = self.new_session(device, now.day().plus(SESSION_DAYS));
        Ok(cbor::to_vec(&Joined { session, role, organisation: self.organisation.clone() }))
    }

    fn renew(&mut self, request: &RenewSession, now: UnixMillis) -> Answer {
        let view = self.devices.get(&request.device).map(|device| RenewView {
            signature_key: device.signature_key,
            disabled: false,
            last: device.renewed,
        });
        let until = renew_session(view.as_ref(), request, now).map_err(refused)?;
        if let Some(device) = self.devices.get_mut(&request.device) {
            device.renewed = Some(request.at);
        }
        let token = self.new_session(request.device, until);
        Ok(cbor::to_vec(&Session { token }))
    }

    fn account(&self, caller: &Caller) -> Answer {
        let certificates = self.devices_of(&caller.name).map(|(_, device)| device.record.certificate.clone()).collect();
        let (name, role) = (caller.name.clone(), caller.role);
        Ok(cbor::to_vec(&AccountBody { name, role, certificates, contact_policy: DEFAULT_CONTACT_POLICY }))
    }

    fn upload(&mut self, caller: &Caller, request: UploadKeyPackages) -> Answer {
        packages::check(&request).map_err(refused)?;
        let held = self.devices.get_mut(&caller.device);
        let waiting = held.as_ref().map_or(0, |device| device.one_time.len());
        let device_exists = held.is_some();
        let is_new = |device: &Device, package: &_| {
            !device.one_time.contains(package) && !device.given.contains(&*key_package_digest(package))
        };
        let mut fresh = request.one_time;
        if let Some(device) = &held {
            fresh.retain(|package| is_new(device, package));
        }
        packages::upload_key_packages(device_exists, waiting, fresh.len()).map_err(refused)?;
        if let Some(device) = held {
            device.one_time.extend(fresh);
            device.last_resort = request.last_resort.or(device.last_resort.take());
        }
        self.count(caller.device)
    }

    fn count(&self, device: DeviceId) -> Answer {
        let device = self.devices.get(&device).ok_or_else(|| code(ErrorCode::NoSession))?;
        let one_time = u32::try_from(device.one_time.len()).unwrap_or(u32::MAX);
        Ok(cbor::to_vec(&KeyPackageCount { one_time, last_resort: device.last_resort.is_some() }))
    }

    fn sell(&mut self, caller: &Caller, request: BuyTickets, now: UnixMillis) -> Answer {
        let exists = self.devices.contains_key(&caller.device);
        let until = buy_tickets(exists, request.count as usize, now.day()).map_err(refused)?;
        let tickets: Vec<Ticket> = (0..request.count).map(|_| Ticket(random_bytes(&mut self.rng))).collect();
        self.tickets.extend(tickets.iter().map(|ticket| (*ticket.at_rest(), until)));
        Ok(cbor::to_vec(&Tickets { tickets }))
    }

    fn claim(&mut self, request: &ClaimKeyPackages, now: UnixMillis) -> Answer {
        let ticket = match &request.right {
            ClaimRight::Ticket(ticket) => Some(*ticket.at_rest()),
            ClaimRight::Contact(_) => None,
        };
        let can_give = |device: &Device| !device.one_time.is_empty() || device.last_resort.is_some();
        let view = ClaimView {
            ticket_until: ticket.and_then(|ticket| self.tickets.get(&ticket).copied()),
            contact: self.accounts.get(&request.user).map(|_| DEFAULT_CONTACT_POLICY),
            devices: self.devices_of(&request.user).filter(|(_, d)| can_give(d)).map(|(id, _)| *id).collect(),
        };
        let given = claim_key_packages(&view, request, now.day()).map_err(refused)?;
        if let Some(ticket) = ticket {
            self.tickets.remove(&ticket);
        }
        let seed = ClaimSeed(random_bytes(&mut self.rng));
        let mut devices = Vec::new();
        for id in given {
            let Some(device) = self.devices.get_mut(&id) else { continue };
            let Some(key_package) = device.one_time.pop().or_else(|| device.last_resort.clone()) else { continue };
            device.given.insert(*key_package_digest(&key_package));
            let ticket = seed.inbox_ticket(id);
            let until = now.day().plus(INBOX_TICKET_DAYS);
            let right = InboxTicketView { device: id, until, used_for: None };
            self.inbox_tickets.insert(*ticket.at_rest(), right);
            let (certificate, inbox_key) = (device.record.certificate.clone(), device.record.inbox_key.clone());
            debug_assert!(verify_certificate(&certificate).is_ok());
            devices.push(ClaimedDevice { device: id, certificate, inbox_key, key_package, ticket });
        }
        Ok(cbor::to_vec(&ClaimedKeyPackages { devices, entry: None }))
    }

    fn put_item(&mut self, device: DeviceId, ticket: [u8; 32], item: NewInboxItem, now: UnixMillis) -> Answer {
        let ticket = *InboxTicket(ticket).at_rest();
        let held = self.devices.get_mut(&device).ok_or_else(|| code(ErrorCode::Spent))?;
        let view = InboxView {
            ticket: self.inbox_tickets.get(&ticket).cloned(),
            waiting: held.inbox.len(),
            last: held.inbox_last,
        };
        let digest = item_digest(&item);
        if let Putting::Now(position) = put_inbox_item(&view, device, &item, &digest, now.day()).map_err(refused)? {
            held.inbox_last = position;
            held.inbox.push(InboxItem { position, day: now.day(), sealed: item.sealed });
            if let Some(ticket) = self.inbox_tickets.get_mut(&ticket) {
                ticket.used_for = Some(digest);
            }
        }
        Ok(Vec::new())
    }

    fn inbox_cursor(&mut self, caller: &Caller, cursor: Cursor) -> Answer {
        if let Some(device) = self.devices.get_mut(&caller.device) {
            device.inbox.retain(|item| item.position > cursor.position);
        }
        Ok(Vec::new())
    }

    fn chunk(&mut self, log: LogId, blob: BlobId, chunk: Chunk, body: &[u8], now: UnixMillis) -> Answer {
        let taken = self.blobs.iter().filter(|((of, _), _)| *of == log).map(|(_, (state, _))| state.size).sum();
        let state = self.blobs.get(&(log, blob)).map(|(state, _)| *state);
        let next = upload_chunk(state, taken, chunk, &self.policy, now.day()).map_err(refused)?;
        let (state, bytes) = self.blobs.entry((log, blob)).or_insert((next, Vec::new()));
        *state = next;
        bytes.extend_from_slice(body);
        Ok(cbor::to_vec(&next))
    }

    fn blob_range(&self, log: LogId, blob: BlobId, range: Option<(u64, u64)>) -> Answer {
        let held = self.blobs.get(&(log, blob));
        let size = held.map_or(0, |(state, _)| state.size);
        let (first, last) = range.unwrap_or((0, size.saturating_sub(1)));
        let wanted = (last + 1).saturating_sub(first) as usize;
        let len = read_blob::read_blob(held.map(|(state, _)| *state), first, wanted).map_err(refused)?;
        let bytes = held.map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
        Ok(bytes.get(first as usize..first as usize + len).unwrap_or_default().to_vec())
    }
}

fn parse<T: for<'b> Decode<'b, ()> + Encode<()>>(body: &[u8]) -> Result<T, ErrorBody> {
    cbor::from_slice(body).map_err(|_| code(ErrorCode::Malformed))
}

fn id<T: std::str::FromStr>(text: &str) -> Result<T, ErrorBody> {
    text.parse().map_err(|_| code(ErrorCode::Malformed))
}

fn number(query: &str, name: &str) -> Result<u64, ErrorBody> {
    let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    pair.and_then(|text| text.parse().ok()).ok_or_else(|| code(ErrorCode::Malformed))
}

fn bearer(request: &HttpRequest) -> Result<[u8; 32], ErrorBody> {
    let text = request.bearer.as_deref().ok_or_else(|| code(ErrorCode::NoSession))?;
    text.parse::<Ticket>().map(|ticket| ticket.0).map_err(|_| code(ErrorCode::Malformed))
}
