//! What can be done next for a conversation, done: called after everything that happens, and does nothing twice.
//!
//! Everything here follows from rows; what was asked already in this run is in [`crate::conversation::Live`] and in the
//! pending requests, so after a restart the same steps are asked for again, with the same ids.

use allod_crypto::{Random, inbox, random_bytes};
use allod_wire::inbox::{ClaimKeyPackages, ClaimRight, InboxMessage, NewInboxItem};
use allod_wire::limits::BLOB_CHUNK_BYTES_MAX;
use allod_wire::log::CreateLog;
use allod_wire::socket::ClientFrame;
use allod_wire::{EntryId, LogId, Position, UnixMillis, cbor};

use crate::conversation::Standing;
use crate::core::ClientCore;
use crate::intent::Intent;
use crate::job::{Claim, Delivery, Job};
use crate::pending::Pending;
use crate::request::{HttpRequest, Method, Plane};
use crate::state::Role;

/// Claims that are asked for at the same time.
const CLAIMS_AT_ONCE: usize = 8;
/// Who comes first does what any member could; the others wait so long for each place behind.
pub(crate) const DUTY_STEP_MILLIS: u64 = 4_000;

impl ClientCore {
    /// Does for a conversation whatever can be done now.
    pub(crate) fn advance(&mut self, log: LogId, now: UnixMillis, rng: &mut dyn Random) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        if conversation.live.retry_at.is_some_and(|at| at > now) {
            return;
        }
        conversation.live.retry_at = None;
        match conversation.row.standing {
            Standing::Creating | Standing::Active => {
                self.subscribe(log);
                self.find_duties(log, now);
                self.take_up_intent(log);
                self.advance_job(log, now, rng);
                self.deliver(log);
                self.tell_receipt(log, now, rng);
                self.advance_outbox(log, rng);
            }
            Standing::Rejoining => {
                self.subscribe(log);
                self.advance_rejoin(log, now);
            }
            Standing::Removed | Standing::Left => {}
        }
    }

    /// Subscribes on the open socket, once.
    fn subscribe(&mut self, log: LogId) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        if !self.log_socket || conversation.live.subscribed || conversation.row.standing == Standing::Creating {
            return;
        }
        let Some(token) = conversation.token() else { return };
        conversation.live.subscribed = true;
        let after = conversation.row.position;
        self.send(Plane::Log, ClientFrame::Subscribe { log, token, after });
    }

    /// What nobody asked for and somebody has to do: own devices in and out, wishes to leave, repairs (rules C-7, C-14).
    fn find_duties(&mut self, log: LogId, now: UnixMillis) {
        let (Some(me), device) = (self.me(), self.my_device()) else { return };
        let Some(joined) = &self.account.joined else { return };
        let (devices, removed) = (joined.devices.clone(), joined.removed.clone());
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let is_busy = conversation.job.as_ref().is_some_and(|job| job.intent.is_some());
        if !conversation.can_append() || is_busy || !conversation.row.intents.is_empty() {
            return;
        }
        let Some(membership) = conversation.membership() else { return };
        let has = |device| membership.readers.iter().any(|reader| reader.device() == device);
        let live = &conversation.live;
        let missing: Vec<_> = devices.iter().map(|certificate| certificate.device).filter(|id| !has(*id)).collect();
        let missing: Vec<_> =
            missing.into_iter().filter(|id| live.not_before.get(id).is_none_or(|at| *at <= now)).collect();
        let surplus: Vec<_> = removed.into_iter().filter(|id| has(*id)).collect();
        let group = conversation.group.as_ref();
        let someone_leaves = group.is_some_and(|group| group.has_pending_proposals());
        let is_chief = membership.role(&me) >= Role::Admin;
        let left = conversation.row.leaving.iter().any(|(device, _)| has(*device));
        let must_tidy = someone_leaves || (is_chief && left) || conversation.can_repair(&me);
        let earlier = membership.devices_of(&me).filter(|reader| reader.device() < device).count() as u64;
        let (intent, place) = if !surplus.is_empty() {
            (Intent::RemoveDevices(surplus), earlier)
        } else if !missing.is_empty() {
            (Intent::AddOwnDevices(missing), earlier)
        } else if must_tidy {
            (Intent::Tidy, membership.rank(&me, device))
        } else {
            conversation.live.duty_at = None;
            return;
        };
        let at = *conversation.live.duty_at.get_or_insert(now.plus(place * DUTY_STEP_MILLIS));
        if at <= now {
            conversation.live.duty_at = None;
            conversation.row.intents.push(intent);
        }
    }

    /// The next intent becomes the job.
    fn take_up_intent(&mut self, log: LogId) {
        let (Some(me), device) = (self.me(), self.my_device()) else { return };
        let own: Vec<_> = self.joined().map(|joined| joined.devices.clone()).unwrap_or_default();
        let others: Vec<_> = own.iter().map(|certificate| certificate.device).filter(|id| *id != device).collect();
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        if conversation.row.intents.is_empty() || conversation.job.as_ref().is_some_and(|job| job.intent.is_some()) {
            return;
        }
        let intent = conversation.row.intents.remove(0);
        let mut to_claim = Vec::new();
        match &intent {
            Intent::Add { people, founding } => {
                let all_devices =
                    |address: &allod_wire::Address| Claim { address: address.clone(), devices: Vec::new() };
                to_claim.extend(people.iter().filter(|person| **person != me).map(all_devices));
                if *founding && !others.is_empty() {
                    to_claim.push(Claim { address: me, devices: others });
                }
            }
            Intent::AddOwnDevices(devices) => to_claim.push(Claim { address: me, devices: devices.clone() }),
            _ => {}
        }
        let readded = readded_device(&intent);
        let fresh = Job { claimed: readded.into_iter().collect(), ..Job::new(intent, to_claim) };
        match &mut conversation.job {
            Some(job) => {
                (job.intent, job.to_claim, job.claimed) = (fresh.intent, fresh.to_claim, fresh.claimed);
            }
            None => conversation.job = Some(crate::rows::Row::new(fresh)),
        }
    }

    fn advance_job(&mut self, log: LogId, now: UnixMillis, rng: &mut dyn Random) {
        let Some(conversation) = self.conversations.get(&log) else { return };
        let creating = conversation.row.standing == Standing::Creating;
        let Some(job) = conversation.job.as_ref().filter(|job| job.intent.is_some()) else {
            if creating {
                self.create_log(log);
            }
            return;
        };
        if !job.to_claim.is_empty() {
            return self.claim(log);
        }
        if creating {
            return self.create_log(log);
        }
        let has_read = conversation.row.commits.is_some_and(|commits| commits >= conversation.live.commits_at_hub);
        if job.staged.is_none() && conversation.can_append() && has_read {
            self.stage(log, now, rng);
            // Without a commit to make, the next intent may begin.
            let Some(conversation) = self.conversations.get(&log) else { return };
            if conversation.job.as_ref().is_some_and(|job| job.intent.is_none()) && !conversation.row.intents.is_empty()
            {
                self.take_up_intent(log);
                return self.advance_job(log, now, rng);
            }
        }
        self.offer_staged(log);
    }

    /// Uploads the staged commit's welcome, then says the commit.
    fn offer_staged(&mut self, log: LogId) {
        let is_uploading = self.is_pending(|pending| matches!(pending, Pending::Welcome { log: of, .. } if *of == log));
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let can_append = conversation.can_append();
        let Some(token) = conversation.token() else { return };
        let Some(staged) = conversation.job.as_ref().and_then(|job| job.staged.as_ref()) else { return };
        if let (Some(upload), Some(shared)) = (&staged.upload, &staged.shared) {
            let size = upload.sealed.len() as u64;
            if upload.received < size {
                if is_uploading {
                    return;
                }
                let offset = upload.received as usize;
                let end = upload.sealed.len().min(offset + BLOB_CHUNK_BYTES_MAX);
                let chunk = upload.sealed[offset..end].to_vec();
                let request = HttpRequest::upload_chunk(log, &token, shared.blob, size, offset as u64, chunk);
                let blob = shared.blob;
                return self.request(Pending::Welcome { log, blob }, request);
            }
        }
        let entry = staged.entry.clone();
        if can_append && conversation.live.commit_sent != Some(entry.id) {
            conversation.live.commit_sent = Some(entry.id);
            self.send(Plane::Log, ClientFrame::Append { log, entry });
        }
    }

    fn claim(&mut self, log: LogId) {
        let Some(job) = self.conversations.get(&log).and_then(|conversation| conversation.job.as_ref()) else { return };
        for claim in job.to_claim.clone() {
            let mine = |pending: &Pending| matches!(pending, Pending::Claim { log: of, .. } if *of == log);
            let same =
                |pending: &Pending| matches!(pending, Pending::Claim { address, .. } if *address == claim.address);
            if self.requests.values().filter(|pending| mine(pending)).count() >= CLAIMS_AT_ONCE {
                return;
            }
            let is_aside = self.ledger.is_aside(log, &claim.address);
            if is_aside || self.is_pending(|pending| mine(pending) && same(pending)) {
                continue;
            }
            let Some(request) = self.claim_request(&claim) else { return };
            self.request(Pending::Claim { log, address: claim.address }, request);
        }
    }

    /// A claim, paid with a ticket; `None` while there is none.
    pub(crate) fn claim_request(&mut self, claim: &Claim) -> Option<HttpRequest> {
        let ticket = self.take_ticket()?;
        let user = claim.address.name.clone();
        let claim =
            ClaimKeyPackages { right: ClaimRight::Ticket(ticket.clone()), user, devices: claim.devices.clone() };
        let body = cbor::to_vec(&claim);
        Some(HttpRequest::log(Some(ticket.reveal()), Method::Post, "/v1/key-packages/claim", body))
    }

    fn create_log(&mut self, log: LogId) {
        if self.is_pending(|pending| matches!(pending, Pending::CreateLog { log: of, .. } if *of == log)) {
            return;
        }
        let Some(token) = self.conversations.get_mut(&log).and_then(|conversation| conversation.token()) else {
            return;
        };
        let Ok(first) = allod_crypto::token::key_of_token(&token) else { return };
        let Some(ticket) = self.take_ticket() else { return };
        let body = cbor::to_vec(&CreateLog { ticket: ticket.clone(), first });
        let request = HttpRequest::log(Some(ticket.reveal()), Method::Put, format!("/v1/logs/{log}"), body);
        self.request(Pending::CreateLog { log, ticket }, request);
    }

    /// Says each welcome to its inbox, once at a time.
    fn deliver(&mut self, log: LogId) {
        let Some(job) = self.conversations.get(&log).and_then(|conversation| conversation.job.as_ref()) else { return };
        for delivery in job.deliveries.clone() {
            let Delivery { device, ticket, item, sealed } = delivery;
            if !self.is_pending(|pending| matches!(pending, Pending::Deliver { item: of, .. } if *of == item)) {
                let body = cbor::to_vec(&NewInboxItem { id: item, sealed });
                let request = HttpRequest::inbox_item(device, &ticket, body);
                self.request(Pending::Deliver { log, item }, request);
            }
        }
    }

    /// The log has our commit at `position`: its newcomers get their welcomes (rule C-6).
    pub(crate) fn confirmed(&mut self, log: LogId, position: Position, rng: &mut dyn Random) {
        let Some(hub) = self.account.joined.as_ref().map(|joined| joined.organisation.domain.clone()) else { return };
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let secret = conversation.membership().map(|membership| membership.state.log_secret.clone());
        let (Some(log_secret), Some(job)) = (secret, &mut conversation.job) else { return };
        let Some(staged) = job.staged.take() else { return };
        let added: Vec<_> = staged.newcomers.iter().map(|newcomer| newcomer.device).collect();
        job.claimed.retain(|claimed| !added.contains(&claimed.device));
        for newcomer in staged.newcomers {
            let Some(shared) = staged.shared.clone() else { break };
            let own = newcomer.own;
            let message =
                InboxMessage::Welcome { log, hub: hub.clone(), shared, own, position, log_secret: log_secret.clone() };
            // A key that nothing can be sealed to was refused when it was claimed.
            if let Ok(sealed) = inbox::seal(&newcomer.inbox_key, newcomer.device, &cbor::to_vec(&message), rng) {
                let item = EntryId(random_bytes(rng));
                let (device, ticket) = (newcomer.device, newcomer.ticket);
                job.deliveries.push(Delivery { device, ticket, item, sealed: sealed.into() });
            }
        }
        // Leaving takes a commit and then the wish itself; many people take several commits.
        let goes_on = match &job.intent {
            Some(Intent::Leave) => true,
            Some(Intent::Add { .. } | Intent::AddOwnDevices(_)) => !job.claimed.is_empty(),
            _ => false,
        };
        if !goes_on {
            job.close_intent();
        }
        conversation.live.commit_sent = None;
    }
}

/// What a device that asks to be added again brought with it, in the form of a claim.
fn readded_device(intent: &Intent) -> Option<allod_wire::inbox::ClaimedDevice> {
    let Intent::Readd(message) = intent else { return None };
    let InboxMessage::Rejoin { key_package, certificate, inbox_key, ticket, .. } = &**message else { return None };
    let device = allod_crypto::identity::verify_certificate(certificate).ok()?.device;
    let (certificate, inbox_key) = (certificate.clone(), inbox_key.clone());
    Some(allod_wire::inbox::ClaimedDevice {
        device,
        certificate,
        inbox_key,
        key_package: key_package.clone(),
        ticket: ticket.clone(),
    })
}
