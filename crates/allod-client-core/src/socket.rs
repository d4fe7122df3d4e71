//! The two sockets: what is said when one opens, and what is heard. Spec: `spec/http.md`, rules H-3 to H-8.

use allod_crypto::Random;
use allod_crypto::receipt::verify_receipt;
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::limits::FRAME_BYTES_MAX;
use allod_wire::log::Receipt;
use allod_wire::socket::{ClientFrame, ServerFrame};
use allod_wire::{Commits, EntryId, LogId, UnixMillis, cbor};

use crate::conversation::{Live, Standing};
use crate::core::ClientCore;
use crate::effect::{Effect, Event};
use crate::message::SystemEvent;
use crate::request::{Plane, is_passing};
use crate::stock::backoff;

/// So often a log that does not know us is asked again, if we have come into it in this run: within some seconds.
pub(crate) const CHANCES: u32 = 3;

impl ClientCore {
    /// The plane's socket is open.
    pub fn handle_socket_opened(&mut self, plane: Plane, now: UnixMillis, rng: &mut dyn Random) -> Vec<Effect> {
        match plane {
            Plane::Account => {
                self.inbox_socket = true;
                (self.inbox_asked, self.inbox_read) = (false, false);
                self.subscribe_inbox();
            }
            Plane::Log => {
                self.log_socket = true;
                self.forget_sayings();
                self.pump(now, rng);
            }
            Plane::Open => {}
        }
        self.done()
    }

    /// The plane's socket is gone: what was said on it and not answered is said again on the next.
    pub fn handle_socket_closed(&mut self, plane: Plane, _now: UnixMillis) -> Vec<Effect> {
        match plane {
            Plane::Account => self.inbox_socket = false,
            Plane::Log => {
                self.log_socket = false;
                self.nobody_types();
                self.forget_sayings();
            }
            Plane::Open => {}
        }
        self.done()
    }

    fn forget_sayings(&mut self) {
        for conversation in self.conversations.values_mut() {
            let live = std::mem::take(&mut conversation.live);
            conversation.live =
                Live { not_before: live.not_before, rejoin: live.rejoin, chances: live.chances, ..Live::default() };
        }
    }

    /// A binary message came on the plane's socket.
    pub fn handle_frame(&mut self, plane: Plane, bytes: &[u8], now: UnixMillis, rng: &mut dyn Random) -> Vec<Effect> {
        // A frame that does not decode is from a newer server, or none: not used.
        if let Ok(frame) = cbor::from_slice_bounded::<ServerFrame>(bytes, FRAME_BYTES_MAX * 2) {
            match plane {
                Plane::Log => self.handle_log_frame(frame, now, rng),
                Plane::Account => self.handle_inbox_frame(frame, now, rng),
                Plane::Open => {}
            }
        }
        self.done()
    }

    fn handle_log_frame(&mut self, frame: ServerFrame, now: UnixMillis, rng: &mut dyn Random) {
        match frame {
            ServerFrame::Entries { log, page } => self.handle_entries(log, &page, now, rng),
            ServerFrame::Accepted { receipt } => self.handle_accepted(&receipt, now, rng),
            ServerFrame::Refused { log, entry, error } => self.handle_refused(log, entry, &error, now, rng),
            ServerFrame::Ended { log, error } => self.handle_ended(log, &error, now, rng),
            ServerFrame::Whisper { log, whisper } => return self.handle_whisper(log, &whisper, now),
            ServerFrame::Inbox { .. } | ServerFrame::Failed { .. } => {}
        }
        self.advance_histories(now, rng);
        self.say_passed(now);
    }

    fn handle_inbox_frame(&mut self, frame: ServerFrame, now: UnixMillis, rng: &mut dyn Random) {
        match frame {
            ServerFrame::Inbox { page } => {
                self.handle_inbox(&page, now);
                self.pump(now, rng);
            }
            ServerFrame::Failed { error } => {
                self.inbox_asked = false;
                if error.code == ErrorCode::NoSession {
                    self.renew_session(None, now);
                } else {
                    self.stock.fail(now, error.retry_after_secs);
                }
            }
            _ => {}
        }
    }

    fn handle_accepted(&mut self, receipt: &Receipt, now: UnixMillis, rng: &mut dyn Random) {
        let (log, id) = (receipt.body.log, receipt.body.entry);
        let Some(joined) = &self.account.joined else { return };
        if verify_receipt(&joined.organisation.hub_key, receipt).is_err() {
            return self.event(Event::HubMisbehaved { log, what: "a receipt that does not verify" });
        }
        if let Some(conversation) = self.conversations.get_mut(&log) {
            conversation.live.in_flight.retain(|other| *other != id);
            conversation.live.failures = 0;
            // Kept until its place is read; not said again on this socket.
            conversation.live.answered.insert(id);
        }
        self.accepted(log, id);
        self.own_entry_missed(&receipt.body);
        self.advance(log, now, rng);
    }

    fn handle_refused(&mut self, log: LogId, id: EntryId, error: &ErrorBody, now: UnixMillis, rng: &mut dyn Random) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let is_commit = conversation.live.commit_sent == Some(id);
        conversation.live.in_flight.retain(|other| *other != id);
        match error.code {
            ErrorCode::UnknownToken => return self.handle_ended(log, error, now, rng),
            ErrorCode::StaleCommit if is_commit => {
                self.abandon_staged(log, error.commits.unwrap_or(Commits(0)));
            }
            ErrorCode::StaleCommit if self.leave_came_late(log, id, error.commits.unwrap_or(Commits(0))) => {}
            _ if is_passing(error) => {
                let Some(conversation) = self.conversations.get_mut(&log) else { return };
                conversation.live.retry_at =
                    Some(now.plus(backoff(conversation.live.failures, error.retry_after_secs)));
                conversation.live.failures += 1;
                // All that follows in the outbox is said again too, in order.
                conversation.live.in_flight.clear();
                conversation.live.commit_sent = None;
            }
            // It is in the log with other bytes of ours; what we read next shows it.
            ErrorCode::IdReused if !is_commit => self.is_there_already(log, id),
            _ if is_commit => {
                let job = self.conversations.get(&log).and_then(|conversation| conversation.job.as_ref());
                let intent = job.and_then(|job| job.intent.clone());
                self.abandon_staged(log, Commits(0));
                if let Some(intent) = &intent {
                    self.event(Event::Refused { verb: intent.verb(), error: error.clone() });
                }
                self.end_intent(log, intent.as_ref(), now);
            }
            _ => self.message_failed(log, id),
        }
        self.advance(log, now, rng);
    }

    /// Our token is not known (any more), or the subscription cannot be had now.
    fn handle_ended(&mut self, log: LogId, error: &ErrorBody, now: UnixMillis, rng: &mut dyn Random) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        conversation.live.subscribed = false;
        conversation.live.caught_up = false;
        let unknown = matches!(error.code, ErrorCode::UnknownToken | ErrorCode::NotFound);
        match conversation.row.standing {
            // If it was ours, the hub says so again.
            Standing::Active if unknown && std::mem::take(&mut conversation.live.old_subscription) => {
                self.advance(log, now, rng);
            }
            // Whoever brought us in may not have been allowed to make our token known; who may does so soon (rule C-14).
            Standing::Active if unknown && conversation.live.chances > 0 => {
                conversation.live.retry_at = Some(now.plus(backoff(CHANCES - conversation.live.chances, None)));
                conversation.live.chances -= 1;
            }
            Standing::Active if unknown => {
                let leaves = conversation.outbox.values().any(|outgoing| outgoing.leaves && outgoing.sealed.is_some());
                if !leaves {
                    // The entry that took us out is the first that we are not shown (rule H-4).
                    let place = conversation.row.position.next();
                    self.note_here(log, place, SystemEvent::TakenOut, now);
                }
                self.out_of(log, if leaves { Standing::Left } else { Standing::Removed });
                self.advance_invitation(log, now);
            }
            Standing::Active | Standing::Rejoining => {
                conversation.live.retry_at =
                    Some(now.plus(backoff(conversation.live.failures, error.retry_after_secs)));
                conversation.live.failures += 1;
            }
            Standing::Creating | Standing::Removed | Standing::Left => {}
        }
    }

    /// Tells the hub what we need no more, where that is due (rule L-10).
    pub(crate) fn say_passed(&mut self, now: UnixMillis) {
        let mut frames = Vec::new();
        for (log, conversation) in &mut self.conversations {
            let position = conversation.row.position;
            let live = &mut conversation.live;
            if live.subscribed && live.passed_due.is_some_and(|due| due <= now) {
                (live.passed, live.passed_due) = (position, None);
                frames.push(ClientFrame::Passed { log: *log, position });
            }
        }
        frames.into_iter().for_each(|frame| self.send(Plane::Log, frame));
    }

    /// Before a clean exit: tells the hub what we need no more.
    pub fn close(&mut self, now: UnixMillis) -> Vec<Effect> {
        for conversation in
            self.conversations.values_mut().filter(|conversation| conversation.live.passed_due.is_some())
        {
            conversation.live.passed_due = Some(now);
        }
        self.say_passed(now);
        self.done()
    }
}
