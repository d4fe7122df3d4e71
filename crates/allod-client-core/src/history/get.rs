//! The newcomer's side: asks for the history, and fetches what it is told of. Spec: rules D-1, D-5, D-7.
//!
//! Here → (came by a link, or into a conversation by an own device) → asking → coming → here. Each step follows from the row.

use allod_crypto::Random;
use allod_wire::blob::BlobRef;
use allod_wire::error::ErrorBody;
use allod_wire::inbox::{ClaimedDevice, InboxMessage};
use allod_wire::{DeviceId, LogId, Position, UnixMillis};
use minicbor::{Decode, Encode};

use super::{HistoryCall, HistoryStep, PART_BYTES_MAX, PARTS_MAX, percent};
use crate::conversation::{Conversation, ConversationRow, MISSED_MAX, Standing};
use crate::core::ClientCore;
use crate::effect::Event;
use crate::job::Claim;
use crate::pending::Pending;
use crate::request::is_passing;
use crate::rows::Row;
use crate::stock::backoff;
use crate::transfer::{Download, DownloadStep};

/// After so long without an answer the next device is asked (rule D-1).
const ANSWER_MILLIS: u64 = 300_000;
/// So long own devices are given to read what this one could not.
const OTHERS_READ_MILLIS: u64 = 30_000;
/// A history whose log does not open to us is given up after this long.
const COMING_MILLIS: u64 = 7 * 86_400_000;
/// Conversations that a question names; more of them, and it asks for all.
const LOGS_ASKED_MAX: usize = 256;

/// The row `y`.
#[derive(Debug, Clone, Default, Encode, Decode)]
pub(crate) struct GettingRow {
    #[n(0)]
    pub(crate) stage: Stage,
    /// All of the history is missing, not only that of single conversations.
    #[n(1)]
    pub(crate) all: bool,
    /// Devices that were asked since something was last found missing.
    #[n(2)]
    pub(crate) asked: Vec<DeviceId>,
    /// Nobody else is asked before.
    #[n(3)]
    pub(crate) until: UnixMillis,
    /// Devices that are asked a second time, since at the first they had not read that far themselves.
    #[n(4)]
    #[cbor(default)]
    asked_again: Vec<DeviceId>,
}

/// How far it is.
#[derive(Debug, Clone, Default, Encode, Decode)]
pub(crate) enum Stage {
    /// Nothing is missing, or nobody has more.
    #[default]
    #[n(0)]
    Here,
    /// Devices are asked, until one answers.
    #[n(1)]
    Asking,
    /// One has answered.
    #[n(2)]
    Coming(#[n(0)] Coming),
}

/// A history that another device put beside a log.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Coming {
    #[n(0)]
    pub(crate) from: DeviceId,
    #[n(1)]
    pub(crate) log: LogId,
    #[n(2)]
    pub(crate) parts: Vec<BlobRef>,
    /// The part that comes next.
    #[n(3)]
    pub(crate) next: u64,
    /// When the word of it came.
    #[n(4)]
    pub(crate) came: UnixMillis,
    /// Lines that were taken in.
    #[n(5)]
    pub(crate) lines: u64,
    /// Conversations, and up to where that device had read each.
    #[n(6)]
    pub(crate) covered: Vec<(LogId, Position)>,
    /// Conversations that became known by it.
    #[n(7)]
    pub(crate) found: Vec<LogId>,
}

/// A history on its way to this device.
#[derive(Debug, Default)]
pub(crate) struct Getting {
    pub(crate) row: Row<GettingRow>,
    pub(crate) live: GettingLive,
}

/// What a restart may forget.
#[derive(Debug, Default)]
pub(crate) struct GettingLive {
    /// When to go on.
    pub(crate) due: Option<UnixMillis>,
    /// No request before.
    retry_at: UnixMillis,
    failures: u32,
    /// The own device that brought us into a conversation last: it is there.
    pub(crate) brought_by: Option<DeviceId>,
    /// The part that is being fetched, and what has come of it.
    fetch: Option<(Download, Vec<u8>)>,
}

impl Getting {
    pub(crate) fn step(&self) -> Option<(DeviceId, HistoryStep)> {
        match &self.row.stage {
            Stage::Coming(coming) => {
                let percent = percent(coming.next, coming.parts.len() as u64);
                Some((coming.from, HistoryStep::Coming { percent }))
            }
            Stage::Asking if self.row.all => Some((*self.row.asked.last()?, HistoryStep::Asked)),
            Stage::Asking | Stage::Here => None,
        }
    }

    /// A message was encrypted before this device came in, and its place is behind that: an own device can read it, perhaps.
    pub(crate) fn missed(&mut self, conversation: &mut Row<ConversationRow>, position: Position, now: UnixMillis) {
        if conversation.since.is_none() || conversation.missed.len() >= MISSED_MAX {
            return;
        }
        conversation.missed.push(position);
        if let Stage::Here = self.row.stage {
            self.row.until = now.plus(OTHERS_READ_MILLIS);
        }
        self.ask_anew();
    }

    fn ask_anew(&mut self) {
        self.row.asked.clear();
        self.row.asked_again.clear();
        if let Stage::Here = self.row.stage {
            self.row.stage = Stage::Asking;
        }
    }
}

impl ClientCore {
    /// This device came by a link: everything that was said before is with the others.
    pub(crate) fn lacks_history(&mut self) {
        *self.getting.row = GettingRow { stage: Stage::Asking, all: true, ..GettingRow::default() };
    }

    /// An own device brought this one into a conversation: what was said there before is with that device.
    pub(crate) fn lacks_beginning(&mut self, by: DeviceId) {
        self.getting.live.brought_by = Some(by);
        self.getting.ask_anew();
    }

    /// The history has not come yet.
    pub(crate) fn is_without_history(&self) -> bool {
        !matches!(self.getting.row.stage, Stage::Here)
    }

    /// This device waits for an answer still, or for the rest of one.
    pub(crate) fn waits_for_history(&mut self) -> bool {
        match self.getting.row.stage {
            Stage::Here => false,
            Stage::Asking => self.getting.live.due.is_some() || self.is_history_asked(),
            Stage::Coming(_) => true,
        }
    }

    fn is_history_asked(&self) -> bool {
        let asks = |pending: &Pending| {
            matches!(pending, Pending::History(HistoryCall::Peer(_) | HistoryCall::Ask(_) | HistoryCall::Fetch))
        };
        self.is_pending(asks)
    }

    pub(crate) fn advance_getting(&mut self, now: UnixMillis) {
        self.getting.live.due = None;
        if self.is_history_asked() {
            return;
        }
        match &self.getting.row.stage {
            Stage::Here => {}
            Stage::Asking => self.ask_for_history(now),
            Stage::Coming(_) => self.fetch_history(now),
        }
    }

    fn ask_for_history(&mut self, now: UnixMillis) {
        let (Some(me), Some(device)) = (self.me(), self.next_to_ask()) else { return };
        if !self.inbox_read {
            return; // The answer may be there.
        }
        let due = self.getting.row.until.max(self.getting.live.retry_at);
        if due > now {
            self.getting.live.due = Some(due);
        } else if let Some(request) = self.claim_request(&Claim { address: me, devices: vec![device] }) {
            self.request(Pending::History(HistoryCall::Peer(device)), request);
        }
    }

    /// The next of the account's devices that was not asked and is where we are: the one that brought us in first, then the oldest.
    fn next_to_ask(&mut self) -> Option<DeviceId> {
        let (me, own) = (self.me()?, self.my_device());
        let joined = self.account.joined.as_ref()?;
        let asked = &self.getting.row.asked;
        let listed = joined.devices.iter().map(|certificate| certificate.device);
        let mut others: Vec<DeviceId> = listed.filter(|device| *device != own && !asked.contains(device)).collect();
        others.sort_by_key(|device| self.getting.live.brought_by != Some(*device));
        let mut is_here = |device: DeviceId| {
            let active = |one: &&mut Conversation| one.row.standing == Standing::Active && !one.row.forked;
            self.conversations.values_mut().filter(active).any(|conversation| {
                conversation.membership().is_some_and(|here| here.devices_of(&me).any(|one| one.device() == device))
            })
        };
        others.into_iter().find(|device| is_here(*device))
    }

    pub(super) fn may_ask(
        &mut self,
        device: DeviceId,
        claimed: &[ClaimedDevice],
        now: UnixMillis,
        rng: &mut dyn Random,
    ) {
        let Some(certificate) = self.own_certificate() else { return };
        let lacking = self.conversations.values().filter(|conversation| conversation.row.lacks_history());
        let mut logs: Vec<LogId> = lacking.map(Conversation::log).collect();
        if self.getting.row.all || logs.len() > LOGS_ASKED_MAX {
            logs.clear();
        }
        let message = InboxMessage::HistoryWanted { certificate: certificate.into(), logs, signature: [0; 64].into() };
        match self.item_for(device, claimed, message, rng) {
            Some(delivery) => self.deliver_history(HistoryCall::Ask(device), &delivery),
            None => self.is_of_no_help(device, now),
        }
    }

    pub(super) fn has_asked(&mut self, device: DeviceId, now: UnixMillis) {
        self.getting.live.failures = 0;
        self.getting.row.asked.push(device);
        self.getting.row.until = now.plus(ANSWER_MILLIS);
        if let Some((device, step)) = self.getting.step() {
            self.event(Event::History { device, step });
        }
    }

    /// That device cannot be asked: the next one is, at once.
    fn is_of_no_help(&mut self, device: DeviceId, now: UnixMillis) {
        self.getting.row.asked.push(device);
        self.getting.row.until = now;
    }

    pub(super) fn ask_refused(&mut self, device: DeviceId, error: &ErrorBody, now: UnixMillis) {
        if is_passing(error) || error.code == allod_wire::error::ErrorCode::Spent {
            self.wait_for_history(error, now);
        } else {
            self.is_of_no_help(device, now);
        }
    }

    fn wait_for_history(&mut self, error: &ErrorBody, now: UnixMillis) {
        let live = &mut self.getting.live;
        live.retry_at = now.plus(backoff(live.failures, error.retry_after_secs));
        live.due = Some(live.retry_at);
        live.failures += 1;
    }

    /// Another device says where the history is (rule D-2).
    pub(crate) fn handle_history_word(&mut self, message: InboxMessage, now: UnixMillis) {
        let Some(sender) = self.verified_sender(&message) else { return };
        let InboxMessage::History { log, parts, .. } = message else { return };
        let (device, is_asking) = (sender.device, matches!(self.getting.row.stage, Stage::Asking));
        let is_sound = (1..=PARTS_MAX).contains(&parts.len()) && parts.iter().all(|part| part.size <= PART_BYTES_MAX);
        if !self.is_listed(device) || !is_sound {
            return self.event(Event::History { device, step: HistoryStep::Refused });
        }
        if is_asking {
            let (covered, found) = (Vec::new(), Vec::new());
            self.getting.row.stage =
                Stage::Coming(Coming { from: device, log, parts, next: 0, came: now, lines: 0, covered, found });
            self.event(Event::History { device, step: HistoryStep::Coming { percent: 0 } });
        }
    }

    fn fetch_history(&mut self, now: UnixMillis) {
        let Stage::Coming(coming) = &self.getting.row.stage else { return };
        let (log, came) = (coming.log, coming.came);
        let part = usize::try_from(coming.next).ok().and_then(|next| coming.parts.get(next)).cloned();
        let Some(part) = part else { return self.history_came(now) };
        if self.getting.live.retry_at > now {
            self.getting.live.due = Some(self.getting.live.retry_at);
            return;
        }
        if now >= came.plus(COMING_MILLIS) {
            return self.history_failed(now);
        }
        if self.getting.live.fetch.is_none() {
            // Until the welcome to that conversation has come.
            let Some(token) = self.member_of(log).ok().and_then(Conversation::token) else { return };
            let Ok(download) = Download::new(log, token, part) else { return self.history_failed(now) };
            self.getting.live.fetch = Some((download, Vec::new()));
        }
        let Some((download, _)) = &self.getting.live.fetch else { return };
        match download.next() {
            Ok(DownloadStep::Ask(request)) => self.request(Pending::History(HistoryCall::Fetch), request),
            Ok(DownloadStep::Finished) => self.take_part(now),
            Err(_) => self.history_failed(now),
        }
    }

    pub(super) fn handle_history_piece(&mut self, status: u16, body: &[u8], now: UnixMillis) {
        let Some((download, fetched)) = &mut self.getting.live.fetch else { return };
        match download.handle_response(status, body) {
            Ok(plain) => {
                fetched.extend_from_slice(&plain);
                self.getting.live.failures = 0;
            }
            Err(_) => self.history_failed(now),
        }
    }

    pub(super) fn fetch_refused(&mut self, error: &ErrorBody, now: UnixMillis) {
        if is_passing(error) {
            self.wait_for_history(error, now);
        } else {
            self.history_failed(now);
        }
    }

    fn take_part(&mut self, now: UnixMillis) {
        let Some((_, fetched)) = self.getting.live.fetch.take() else { return };
        let Stage::Coming(coming) = &self.getting.row.stage else { return };
        let mut coming = coming.clone();
        if self.keep_part(&fetched, &mut coming).is_err() {
            return self.history_failed(now);
        }
        coming.next += 1;
        self.getting.row.stage = Stage::Coming(coming);
        if let Some((device, step)) = self.getting.step() {
            self.event(Event::History { device, step });
        }
        self.fetch_history(now);
    }

    /// All parts were taken in. Conversations of which that device knew nothing are asked for from another one.
    fn history_came(&mut self, now: UnixMillis) {
        let Stage::Coming(coming) = std::mem::take(&mut self.getting.row.stage) else { return };
        self.getting.row.all = false;
        for (log, read_to) in &coming.covered {
            if let Some(conversation) = self.conversations.get_mut(log).filter(|one| one.row.lacks_history()) {
                let row = &mut conversation.row;
                row.lacks_beginning &= row.since > Some(*read_to);
                row.missed.retain(|position| position > read_to);
            }
            self.event(Event::ConversationChanged(*log));
        }
        let lacking = |log: &LogId| self.conversations.get(log).is_some_and(|one| one.row.lacks_history());
        let was_behind = coming.covered.iter().any(|(log, read_to)| *read_to > Position(0) && lacking(log));
        let (device, lines) = (coming.from, coming.lines);
        if self.conversations.values().any(|conversation| conversation.row.lacks_history()) {
            let row = &mut self.getting.row;
            row.stage = Stage::Asking;
            row.until = UnixMillis(0);
            if was_behind && !row.asked_again.contains(&device) {
                row.asked_again.push(device);
                row.asked.retain(|asked| *asked != device);
                row.until = now.plus(OTHERS_READ_MILLIS);
            }
        }
        self.event(Event::History { device, step: HistoryStep::Here { lines } });
    }

    /// What came is of no use: another device is asked.
    fn history_failed(&mut self, now: UnixMillis) {
        self.getting.live.fetch = None;
        let Stage::Coming(coming) = std::mem::take(&mut self.getting.row.stage) else { return };
        self.getting.row.stage = Stage::Asking;
        self.is_of_no_help(coming.from, now);
        self.event(Event::History { device: coming.from, step: HistoryStep::Failed });
    }
}
