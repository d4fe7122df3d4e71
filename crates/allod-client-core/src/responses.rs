//! Answers to requests, each to where it was asked for.

use allod_crypto::Random;
use allod_wire::blob::BlobState;
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::inbox::ClaimedKeyPackages;
use allod_wire::secrets::Ticket;
use allod_wire::socket::ClientFrame;
use allod_wire::{Address, BlobId, EntryId, LogId, UnixMillis};

use crate::contacts::Known;
use crate::conversation::Standing;
use crate::core::ClientCore;
use crate::effect::{Effect, Event, RequestId, Verb};
use crate::error::AddFailure;
use crate::intent::Intent;
use crate::job::WelcomeUpload;
use crate::pending::{AccountCall, Pending};
use crate::request::{Plane, accepted, is_passing, read};
use crate::stage::candidate;
use crate::state::Kind;
use crate::stock::backoff;

/// An own device that cannot be added is tried again after this long.
const OWN_DEVICE_AGAIN_MILLIS: u64 = 600_000;

impl ClientCore {
    /// The answer to a request.
    pub fn handle_response(
        &mut self,
        id: RequestId,
        status: u16,
        body: &[u8],
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Vec<Effect> {
        if let Some(pending) = self.requests.remove(&id) {
            self.dispatch(pending, status, body, now, rng);
            self.pump(now, rng);
        }
        self.done()
    }

    /// There was no answer: the server cannot be reached. What matters is asked again by the clock.
    pub fn handle_request_failed(&mut self, id: RequestId, now: UnixMillis, _rng: &mut dyn Random) -> Vec<Effect> {
        if let Some(pending) = self.requests.remove(&id) {
            let error = ErrorBody::new(ErrorCode::Unavailable, "the server cannot be reached");
            self.refused(pending, error, now);
        }
        self.done()
    }

    fn dispatch(&mut self, pending: Pending, status: u16, body: &[u8], now: UnixMillis, rng: &mut dyn Random) {
        if let Pending::History(call) = pending {
            return self.handle_history_answer(call, status, body, now, rng);
        }
        if let Pending::Fetch { log } = pending {
            return self.handle_fetched(log, status, body, now);
        }
        if let Err(error) = accepted(status, body) {
            return self.refused(pending, error, now);
        }
        let again = pending.clone();
        let understood = match pending {
            Pending::LookUp => read(status, body).map(|offer| self.handle_offer(Ok(offer), now)),
            Pending::Join => read(status, body).map(|joined| self.handle_joined(Ok(joined), now)),
            Pending::Renew => read(status, body).map(|session| self.handle_session(session)),
            Pending::Account(call) => self.account_answer(call, status, body, now, rng),
            Pending::Claim { log, address } => {
                read(status, body).map(|claimed| self.handle_claimed(log, &address, claimed, false, now))
            }
            Pending::CreateLog { log, .. } => {
                self.handle_created(log);
                Ok(())
            }
            Pending::Welcome { log, blob } => {
                read(status, body).map(|state| self.handle_welcome_state(log, blob, &state))
            }
            Pending::Deliver { log, item } => {
                self.handle_delivered(log, item);
                Ok(())
            }
            Pending::RejoinOwn { log } => {
                read(status, body).map(|claimed| self.handle_rejoin_own(log, claimed, now, rng))
            }
            Pending::RejoinPeer { log, device } => {
                read(status, body).map(|claimed| self.handle_rejoin_peer(log, device, claimed, now, rng))
            }
            Pending::LookUpEntry(address) => {
                read(status, body).map(|entry| self.handle_looked_up(&address, Some(&entry), now))
            }
            Pending::News => read(status, body).map(|news| self.handle_news(&news, now)),
            Pending::RejoinAsk { .. } | Pending::Fetch { .. } | Pending::History(_) | Pending::Erasure(_) => Ok(()),
        };
        if let Err(error) = understood {
            self.refused(again, error, now);
        }
    }

    fn account_answer(
        &mut self,
        call: AccountCall,
        status: u16,
        body: &[u8],
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<(), ErrorBody> {
        match call {
            AccountCall::Account => self.handle_account(read(status, body)?, now),
            AccountCall::Count => self.handle_count(read(status, body)?, now, rng),
            AccountCall::Upload(_) | AccountCall::InboxCursor(_) => {}
            AccountCall::Tickets => {
                let tickets: allod_wire::account::Tickets = read(status, body)?;
                self.handle_tickets(tickets.tickets);
            }
            AccountCall::People => self.handle_people(read(status, body)?),
            AccountCall::Invite(invite) => self.handle_invite(&invite, &read(status, body)?, now),
            AccountCall::RemoveDevice(device) => self.handle_device_removed(device),
            AccountCall::OwnHistory => self.handle_own_history(&read(status, body)?, now),
            AccountCall::Act(_) => {
                let appended: allod_wire::ledger::Appended = read(status, body)?;
                self.ledger.want_news();
                self.event(Event::ActAppended { position: appended.position });
            }
        }
        Ok(())
    }

    /// A refusal: waits and asks again where that may help, and tells the user where not.
    fn refused(&mut self, pending: Pending, error: ErrorBody, now: UnixMillis) {
        let passing = is_passing(&error);
        match pending {
            Pending::LookUp | Pending::Join => self.join_failed(error, now),
            Pending::Renew => {
                self.stock.renewing = false;
                self.stock.look_at_account(); // And at the inbox: it may be that nobody asked for it meanwhile.
                self.stock.fail(now, error.retry_after_secs);
                for call in std::mem::take(&mut self.stock.waiting) {
                    self.call_failed(&call, &error);
                }
                if !passing {
                    self.event(Event::Refused { verb: Verb::Session, error });
                }
            }
            Pending::Account(call) if error.code == ErrorCode::NoSession => self.renew_session(Some(call), now),
            Pending::Account(AccountCall::OwnHistory) => {} // Asked for again under the next root, and at the next start.
            Pending::Account(call) => {
                if call.verb().is_none() {
                    self.stock.fail(now, error.retry_after_secs);
                }
                self.call_failed(&call, &error);
            }
            Pending::Claim { log, .. } if error.code == ErrorCode::Spent || passing => {
                self.wait(log, &error, now);
            }
            Pending::Claim { log, address } => {
                self.end_claim(log, &address);
                self.person_refused(log, address, AddFailure::Refused(error), now);
            }
            Pending::CreateLog { log, ticket } => self.create_refused(log, ticket, error, now),
            Pending::Welcome { log, blob } if self.welcome(log, blob).is_none() => {}
            Pending::Welcome { log, .. } if passing || error.code == ErrorCode::WrongOffset => {
                if error.code == ErrorCode::WrongOffset {
                    self.ask_welcome_state(log);
                } else {
                    self.wait(log, &error, now);
                }
            }
            Pending::Welcome { log, .. } => self.give_up_commit(log, error, now),
            Pending::Deliver { log, .. } if passing => self.wait(log, &error, now),
            // The ticket has expired or the device is gone: that newcomer cannot be reached; it can ask to be added again.
            Pending::Deliver { log, item } => self.handle_delivered(log, item),
            Pending::Fetch { log } => {
                // The refusal itself went to the download; this is for no answer at all.
                self.handle_fetched(log, ErrorCode::Unavailable.http_status(), &[], now);
            }
            Pending::History(call) => self.history_refused(call, &error, now),
            Pending::LookUpEntry(address) if error.code == ErrorCode::NotFound => {
                self.handle_looked_up(&address, None, now)
            }
            Pending::LookUpEntry(_) => self.look_refused(now),
            Pending::News => self.news_refused(&error, now),
            Pending::Erasure(_) => {} // The vault answers, not the server.
            Pending::RejoinOwn { log } | Pending::RejoinPeer { log, .. } | Pending::RejoinAsk { log } => {
                if !passing {
                    self.ask_another(log);
                }
                self.wait(log, &error, now);
            }
        }
    }

    fn call_failed(&mut self, call: &AccountCall, error: &ErrorBody) {
        if let Some(verb) = call.verb() {
            self.event(Event::Refused { verb, error: error.clone() });
        }
    }

    /// The conversation's next request waits.
    fn wait(&mut self, log: LogId, error: &ErrorBody, now: UnixMillis) {
        if let Some(conversation) = self.conversations.get_mut(&log) {
            let live = &mut conversation.live;
            live.retry_at = Some(now.plus(backoff(live.failures, error.retry_after_secs)));
            live.failures += 1;
        }
    }

    /// Key packages that the directory vouches for (rule Y-13), or that nothing vouches for where there is no ledger.
    pub(crate) fn take_claimed(&mut self, log: LogId, address: &Address, claimed: ClaimedKeyPackages, now: UnixMillis) {
        self.end_claim(log, address);
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let Some(suite) = conversation.group.as_ref().map(allod_mls::Group::suite) else { return };
        conversation.live.failures = 0;
        let mut usable = Vec::new();
        let mut is_other = false;
        for device in claimed.devices {
            let Some(candidate) = candidate(&device, suite).filter(|candidate| candidate.address == *address) else {
                continue;
            };
            let Ok(certificate) = allod_crypto::identity::verify_certificate(&candidate.claimed.certificate) else {
                continue;
            };
            if self.meet(&certificate, now) == Known::Same {
                usable.push(device);
            } else {
                is_other = true;
            }
        }
        if usable.is_empty() {
            let why = if is_other { AddFailure::IdentityChanged } else { AddFailure::NoDevice };
            return self.person_refused(log, address.clone(), why, now);
        }
        if let Some(job) = self.conversations.get_mut(&log).and_then(|conversation| conversation.job.as_mut()) {
            job.claimed.extend(usable);
        }
    }

    pub(crate) fn end_claim(&mut self, log: LogId, address: &Address) {
        if let Some(job) = self.conversations.get_mut(&log).and_then(|conversation| conversation.job.as_mut()) {
            job.to_claim.retain(|claim| claim.address != *address);
        }
    }

    /// Somebody cannot be added. A pair without its second person is undone; a group goes on without that person.
    pub(crate) fn person_refused(&mut self, log: LogId, person: Address, why: AddFailure, now: UnixMillis) {
        let is_me = self.me().as_ref() == Some(&person);
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let intent = conversation.job.as_ref().and_then(|job| job.intent.clone());
        if is_me {
            if let Some(Intent::AddOwnDevices(devices)) = intent {
                let again = now.plus(OWN_DEVICE_AGAIN_MILLIS);
                conversation.live.not_before.extend(devices.into_iter().map(|device| (device, again)));
            }
            return;
        }
        let is_pair = conversation.membership().is_some_and(|here| here.state.kind == Kind::Pair);
        let undo = is_pair && conversation.row.standing == Standing::Creating;
        self.could_not_add(log, person, why);
        if undo {
            self.forget(log);
        }
    }

    fn handle_created(&mut self, log: LogId) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        conversation.row.standing = Standing::Active;
        conversation.live.failures = 0;
        self.event(Event::ConversationChanged(log));
    }

    fn create_refused(&mut self, log: LogId, ticket: Ticket, error: ErrorBody, now: UnixMillis) {
        if is_passing(&error) || error.code == ErrorCode::Spent {
            if let Some(joined) = self.account.joined.as_mut().filter(|_| error.code != ErrorCode::Spent) {
                joined.tickets.push(ticket);
            }
            return self.wait(log, &error, now);
        }
        self.event(Event::Refused { verb: crate::effect::Verb::Start, error });
        self.forget(log);
    }

    fn handle_welcome_state(&mut self, log: LogId, blob: BlobId, state: &BlobState) {
        if let Some(upload) = self.welcome(log, blob) {
            upload.received = state.received;
        }
        if let Some(conversation) = self.conversations.get_mut(&log) {
            conversation.live.failures = 0;
        }
    }

    /// The welcome that is being put down under this id: an answer may be about one whose commit has lost its race meanwhile.
    fn welcome(&mut self, log: LogId, blob: BlobId) -> Option<&mut WelcomeUpload> {
        let staged = self.conversations.get_mut(&log)?.job.as_mut()?.staged.as_mut()?;
        let is_it = staged.shared.as_ref().is_some_and(|shared| shared.blob == blob);
        staged.upload.as_mut().filter(|_| is_it)
    }

    fn ask_welcome_state(&mut self, log: LogId) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let Some(token) = conversation.token() else { return };
        let staged = conversation.job.as_ref().and_then(|job| job.staged.as_ref());
        let Some(shared) = staged.and_then(|staged| staged.shared.as_ref()) else { return };
        let request = crate::request::HttpRequest::blob_state(log, &token, shared.blob);
        let blob = shared.blob;
        self.request(Pending::Welcome { log, blob }, request);
    }

    /// The welcome cannot be put down: the commit is not made, and nothing has changed.
    fn give_up_commit(&mut self, log: LogId, error: ErrorBody, now: UnixMillis) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let intent = conversation.job.as_ref().and_then(|job| job.intent.clone());
        self.abandon_staged(log, allod_wire::Commits(0));
        self.end_intent(log, intent.as_ref(), now);
        if let Some(intent) = &intent {
            self.event(Event::Refused { verb: intent.verb(), error });
        }
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let is_pair = conversation.membership().is_some_and(|here| here.state.kind == Kind::Pair);
        if is_pair && matches!(intent, Some(Intent::Add { founding: true, .. })) {
            self.forget(log);
        }
    }

    fn handle_delivered(&mut self, log: LogId, item: EntryId) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        conversation.live.failures = 0;
        let Some(job) = &mut conversation.job else { return };
        job.deliveries.retain(|delivery| delivery.item != item);
        if job.is_empty() {
            conversation.job = None;
            self.writes.delete(crate::rows::job(log));
            self.event(Event::ConversationChanged(log));
        }
    }

    /// Forgets a conversation as if it had not been.
    pub(crate) fn forget(&mut self, log: LogId) {
        let Some(mut conversation) = self.conversations.remove(&log) else { return };
        conversation.delete_rows(&mut self.writes);
        self.forget_uploads(log);
        self.forget_erasures(log);
        if conversation.live.subscribed && self.log_socket {
            self.send(Plane::Log, ClientFrame::Unsubscribe { log });
        }
        if let Some(group) = conversation.group.take() {
            // Rows that cannot be deleted do no harm but lie about.
            let _ = group.delete(&mut self.store);
        }
        self.event(Event::ConversationGone(log));
    }
}
