//! The other side: what this device sends to another one of the account that asked. Spec: rules D-3, D-4, D-7.
//!
//! Asked → (the newcomer is listed, and in the conversations) → read rows, seal a part, upload it; again until the end → claim the right to
//! tell → told. What is under way is in a row; a part that a restart interrupts is made anew, under another key.

use allod_crypto::blob::random_key;
use allod_crypto::{Random, random_bytes};
use allod_wire::blob::BlobRef;
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::inbox::{ClaimedDevice, InboxMessage};
use allod_wire::{BlobId, DeviceId, LogId, UnixMillis};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::{HistoryCall, HistoryStep, PARTS_MAX, percent};
use crate::conversation::{Conversation, Standing};
use crate::core::ClientCore;
use crate::effect::{Effect, Event, RequestId};
use crate::job::{Claim, Delivery};
use crate::pending::Pending;
use crate::records::{Record, RecordsOut};
use crate::request::is_passing;
use crate::rows::{self, Row};
use crate::stock::backoff;
use crate::transfer::{FileInfo, TransferError, Upload, UploadRow, UploadStep};

/// So long it is waited for the newcomer to come into all conversations (rule D-3).
const ARRIVAL_MILLIS: u64 = 240_000;
/// A device that is not listed, or in no conversation with this one, for so long, gets nothing.
const ASKED_MILLIS: u64 = 7 * 86_400_000;
/// Rows that are read at a time.
const ROWS_AT_ONCE: u32 = 128;

/// The row `y/DEVICE`.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct GivingRow {
    #[n(0)]
    pub(crate) device: DeviceId,
    /// When it asked.
    #[n(1)]
    came: UnixMillis,
    /// For these conversations; for all when empty.
    #[n(2)]
    logs: Vec<LogId>,
    /// The log beside which the parts are put, once that has begun.
    #[n(3)]
    beside: Option<LogId>,
    /// Logs beside which they cannot be put.
    #[n(4)]
    unfit: Vec<LogId>,
    /// What is at the server.
    #[n(5)]
    parts: Vec<BlobRef>,
    #[n(6)]
    cursor: Cursor,
    /// The word to that device.
    #[n(7)]
    word: Option<Delivery>,
}

/// Up to where rows were read.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Cursor {
    /// Which range.
    #[n(0)]
    range: u64,
    /// From which key on; from the range's start when empty.
    #[n(1)]
    from: ByteVec,
}

impl Cursor {
    fn start_of(range: u64) -> Self {
        Self { range, from: Vec::new().into() }
    }
}

/// A history for another device.
pub(crate) struct Giving {
    pub(crate) row: Row<GivingRow>,
    pub(crate) live: GivingLive,
}

/// What a restart may forget.
#[derive(Default)]
pub(crate) struct GivingLive {
    /// When to go on.
    pub(crate) due: Option<UnixMillis>,
    retry_at: UnixMillis,
    failures: u32,
    /// The part that is being made, and up to where.
    making: Option<(RecordsOut, Cursor)>,
    /// The part that is on its way, and up to where it goes.
    upload: Option<(Upload, Zeroizing<Vec<u8>>, Cursor)>,
}

impl Giving {
    pub(crate) fn stored(row: Row<GivingRow>) -> Self {
        Self { row, live: GivingLive::default() }
    }
}

impl GivingRow {
    /// The prefixes of the rows that are sent, in order.
    fn ranges(&self) -> Vec<Vec<u8>> {
        if self.logs.is_empty() {
            return rows::BACKED_UP.iter().map(|prefix| prefix.to_vec()).collect();
        }
        let of_log = |prefix: &&[u8]| -> Vec<Vec<u8>> {
            self.logs.iter().map(|log| [*prefix, log.as_bytes().as_slice()].concat()).collect()
        };
        rows::BACKED_UP.iter().flat_map(of_log).collect()
    }

    fn start_over(&mut self) {
        (self.beside, self.parts, self.cursor, self.word) = (None, Vec::new(), Cursor::start_of(0), None);
    }
}

impl ClientCore {
    /// Another device of the account asks for the history (rule D-2).
    pub(crate) fn handle_history_wanted(&mut self, message: InboxMessage, now: UnixMillis) {
        let Some(sender) = self.verified_sender(&message) else { return };
        let InboxMessage::HistoryWanted { logs, .. } = message else { return };
        let device = sender.device;
        if !self.is_listed(device) {
            self.stock.look_at_account();
        }
        let (beside, unfit, parts, cursor, word) = (None, Vec::new(), Vec::new(), Cursor::start_of(0), None);
        let row = GivingRow { device, came: now, logs, beside, unfit, parts, cursor, word };
        self.giving.entry(device).or_insert_with(|| Giving::stored(Row::new(row)));
    }

    pub(super) fn giving_step(&self, device: DeviceId) -> Option<HistoryStep> {
        let given = self.giving.get(&device).filter(|given| given.row.beside.is_some())?;
        let wanted = |log: &LogId| given.row.logs.is_empty() || given.row.logs.contains(log);
        let held = self.conversations.iter().filter(|(log, _)| wanted(log));
        let held: Vec<(LogId, u64)> = held.map(|(log, one)| (*log, one.row.position.0)).collect();
        let all = held.iter().map(|(_, entries)| entries).sum();
        let at = rows::log_and_number(&given.row.cursor.from).filter(|_| given.row.cursor.from.starts_with(b"h/"));
        let done = match at {
            Some((log, number)) => {
                let before = held.iter().filter(|(other, _)| *other < log).map(|(_, entries)| entries);
                before.sum::<u64>() + number
            }
            None if given.row.cursor.range == 0 => 0,
            None => all,
        };
        Some(HistoryStep::Sending { percent: percent(done, all) })
    }

    pub(super) fn advance_giving(&mut self, device: DeviceId, now: UnixMillis, rng: &mut dyn Random) {
        let is_removed = self.account.joined.as_ref().is_some_and(|joined| joined.removed.contains(&device));
        let (is_listed, is_asked) = (self.is_listed(device), self.is_history_asked_for(device));
        let Some(given) = self.giving.get_mut(&device) else { return };
        given.live.due = None;
        if is_removed || now >= given.row.came.plus(ASKED_MILLIS) {
            return self.giving_ended(device, is_removed.then_some(HistoryStep::Refused));
        }
        if !is_listed || is_asked {
            return;
        }
        if given.live.retry_at > now {
            given.live.due = Some(given.live.retry_at);
            return;
        }
        let Some(log) = self.beside(device, now) else { return };
        let Some(given) = self.giving.get_mut(&device) else { return };
        if let Some(word) = given.row.word.clone() {
            return self.deliver_history(HistoryCall::Word(device), &word);
        }
        if given.live.upload.is_some() {
            return self.upload_part(device, now, rng);
        }
        let cursor = given.live.making.as_ref().map_or(&given.row.cursor, |(_, cursor)| cursor).clone();
        let ranges = given.row.ranges();
        let Some(range) = usize::try_from(cursor.range).ok().and_then(|range| ranges.get(range)) else {
            return match given.live.making {
                Some(_) => self.close_part(device, log, now, rng),
                None => self.claim_right_to_tell(device),
            };
        };
        let from = if cursor.from.is_empty() { range.clone() } else { cursor.from.to_vec() };
        let range = range.clone();
        self.begin_part(device);
        self.read_rows(Pending::History(HistoryCall::Rows(device)), from, rows::behind(&range), ROWS_AT_ONCE);
    }

    fn is_history_asked_for(&self, device: DeviceId) -> bool {
        self.is_pending(|pending| {
            let Pending::History(call) = pending else { return false };
            [
                HistoryCall::Rows(device),
                HistoryCall::Part(device),
                HistoryCall::Right(device),
                HistoryCall::Word(device),
            ]
            .contains(call)
        })
    }

    /// The log beside which the parts are put: chosen once the newcomer is where we are, and again if one of the two is there no longer.
    fn beside(&mut self, device: DeviceId, now: UnixMillis) -> Option<LogId> {
        let me = self.me()?;
        let waits = self.waits_for_history();
        let given = self.giving.get(&device)?;
        let (unfit, chosen, came) = (given.row.unfit.clone(), given.row.beside, given.row.came);
        let (mut common, mut is_everywhere) = (Vec::new(), true);
        for conversation in self.conversations.values_mut() {
            if conversation.row.standing != Standing::Active || conversation.row.forked {
                continue;
            }
            let here = conversation.membership().filter(|_| conversation.live.caught_up);
            if here.is_some_and(|here| here.devices_of(&me).any(|one| one.device() == device)) {
                common.push(conversation.log());
            } else {
                is_everywhere = false;
            }
        }
        if let Some(log) = chosen.filter(|log| common.contains(log)) {
            return Some(log);
        }
        let is_unknown =
            |log: &LogId| self.conversations.get(log).is_some_and(|one| !one.live.caught_up && one.is_member());
        if chosen.as_ref().is_some_and(is_unknown) {
            return None; // It was not read to its end since the socket opened.
        }
        let arrives_until = came.plus(ARRIVAL_MILLIS);
        let given = self.giving.get_mut(&device)?;
        if chosen.is_none() && now < arrives_until && (waits || !is_everywhere) {
            given.live.due = Some(arrives_until);
            return None;
        }
        let fit = common.iter().find(|log| !unfit.contains(log)).copied();
        if chosen.is_some() {
            given.row.start_over();
            (given.live.making, given.live.upload) = (None, None);
        }
        if fit.is_none() && !common.is_empty() {
            self.giving_ended(device, Some(HistoryStep::Failed));
            return None;
        }
        given.row.beside = Some(fit?);
        self.tell_step(device);
        fit
    }

    /// Rows that [`Effect::Read`] asked for, in order of key.
    pub fn handle_rows(
        &mut self,
        id: RequestId,
        rows: &[(Vec<u8>, Vec<u8>)],
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Vec<Effect> {
        match self.requests.remove(&id) {
            Some(Pending::History(HistoryCall::Rows(device))) => {
                self.take_rows(device, rows, now, rng);
                self.advance_histories(now, rng);
            }
            Some(Pending::Erasure(look)) => self.handle_look(look, rows),
            _ => {}
        }
        self.done()
    }

    /// Begins the next part. What it says of conversations is of now: rows that are read later hold no less.
    fn begin_part(&mut self, device: DeviceId) {
        let Some(given) = self.giving.get(&device).filter(|given| given.live.making.is_none()) else { return };
        let (number, cursor, logs) = (given.row.parts.len() as u64, given.row.cursor.clone(), given.row.logs.clone());
        let mut out = RecordsOut::new(&Record::Part(number));
        let wanted = |record: &Record| match record {
            Record::Conversation(conversation) => logs.is_empty() || logs.contains(&conversation.log),
            _ => true,
        };
        if number == 0 {
            self.records().filter(wanted).for_each(|record| out.push(&record));
        }
        if let Some(given) = self.giving.get_mut(&device) {
            given.live.making = Some((out, cursor));
        }
    }

    fn take_rows(&mut self, device: DeviceId, rows: &[(Vec<u8>, Vec<u8>)], now: UnixMillis, rng: &mut dyn Random) {
        let part_bytes = self.part_bytes;
        let Some(given) = self.giving.get_mut(&device) else { return };
        // Where it was begun anew meanwhile, these rows are read again.
        let (Some(log), Some((out, cursor))) = (given.row.beside, &mut given.live.making) else { return };
        let mut is_full = false;
        for (key, value) in rows {
            out.push_row(key, value);
            cursor.from = [key.as_slice(), b"\0"].concat().into();
            is_full = out.len() >= part_bytes;
            if is_full {
                break;
            }
        }
        if !is_full && rows.len() < ROWS_AT_ONCE as usize {
            *cursor = Cursor::start_of(cursor.range + 1);
        }
        if is_full {
            self.close_part(device, log, now, rng);
        }
    }

    /// Ends the part that is being made, and begins to send it.
    fn close_part(&mut self, device: DeviceId, log: LogId, now: UnixMillis, rng: &mut dyn Random) {
        let Some(token) = self.conversations.get_mut(&log).and_then(Conversation::token) else { return };
        let Some(given) = self.giving.get_mut(&device) else { return };
        let Some((mut out, cursor)) = given.live.making.take() else { return };
        if given.row.parts.len() >= PARTS_MAX {
            return self.giving_ended(device, Some(HistoryStep::Failed));
        }
        out.push_end();
        let plain = out.take();
        let info = FileInfo { size: plain.len() as u64, ..FileInfo::default() };
        let row = UploadRow { log, blob: BlobId(random_bytes(rng)), key: random_key(rng), info };
        match Upload::new(row, token, true) {
            Ok(upload) => given.live.upload = Some((upload, plain, cursor)),
            Err(_) => return self.giving_ended(device, Some(HistoryStep::Failed)),
        }
        self.upload_part(device, now, rng);
    }

    fn upload_part(&mut self, device: DeviceId, now: UnixMillis, rng: &mut dyn Random) {
        let Some(given) = self.giving.get_mut(&device) else { return };
        let Some((upload, plain, _)) = &mut given.live.upload else { return };
        let request = loop {
            match upload.next() {
                UploadStep::Ask(request) => break Some(request),
                UploadStep::Plain { offset, len } => {
                    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(plain.len());
                    let end = (start + len).min(plain.len());
                    if let Ok(Some(request)) = upload.supply(&plain[start..end]) {
                        break Some(request);
                    }
                }
                UploadStep::Finished => break None,
            }
        };
        if let Some(request) = request {
            return self.request(Pending::History(HistoryCall::Part(device)), request);
        }
        if let Some((upload, _, cursor)) = given.live.upload.take()
            && let Some(finished) = upload.finish()
        {
            given.row.parts.push(finished.file.blob);
            given.row.cursor = cursor;
        }
        self.tell_step(device);
        self.advance_giving(device, now, rng);
    }

    pub(super) fn handle_part_answer(&mut self, device: DeviceId, status: u16, body: &[u8], now: UnixMillis) {
        let Some(given) = self.giving.get_mut(&device) else { return };
        let Some((upload, _, _)) = &mut given.live.upload else { return };
        match upload.handle_response(status, body) {
            Ok(()) => given.live.failures = 0,
            Err(TransferError::Refused(error)) => self.giving_refused(device, HistoryCall::Part(device), &error, now),
            Err(_) => self.giving_ended(device, Some(HistoryStep::Failed)),
        }
    }

    fn claim_right_to_tell(&mut self, device: DeviceId) {
        let Some(me) = self.me() else { return };
        if let Some(request) = self.claim_request(&Claim { address: me, devices: vec![device] }) {
            self.request(Pending::History(HistoryCall::Right(device)), request);
        }
    }

    pub(super) fn may_tell(&mut self, device: DeviceId, claimed: &[ClaimedDevice], rng: &mut dyn Random) {
        let (Some(given), Some(certificate)) = (self.giving.get(&device), self.own_certificate()) else { return };
        let (Some(log), parts) = (given.row.beside, given.row.parts.clone()) else { return };
        let (certificate, signature) = (certificate.into(), [0; 64].into());
        let message = InboxMessage::History { certificate, log, parts, signature };
        let word = self.item_for(device, claimed, message, rng);
        let Some(given) = self.giving.get_mut(&device) else { return };
        match word {
            Some(word) => given.row.word = Some(word),
            // The account has that device no longer (rule D-3).
            None => self.giving_ended(device, Some(HistoryStep::Refused)),
        }
    }

    pub(super) fn has_told(&mut self, device: DeviceId) {
        self.giving_ended(device, Some(HistoryStep::Sent));
    }

    pub(super) fn giving_refused(&mut self, device: DeviceId, call: HistoryCall, error: &ErrorBody, now: UnixMillis) {
        let Some(given) = self.giving.get_mut(&device) else { return };
        if let (HistoryCall::Part(_), Some((upload, _, _))) = (call, &mut given.live.upload) {
            upload.handle_request_failed();
        }
        let may_pass = is_passing(error)
            || match call {
                HistoryCall::Part(_) => error.code == ErrorCode::WrongOffset,
                HistoryCall::Right(_) => error.code == ErrorCode::Spent,
                _ => false,
            };
        match call {
            _ if may_pass => {
                given.live.retry_at = now.plus(backoff(given.live.failures, error.retry_after_secs));
                given.live.due = Some(given.live.retry_at);
                given.live.failures += 1;
            }
            // Beside another log there may be room.
            HistoryCall::Part(_) => {
                let log = given.row.beside;
                given.row.unfit.extend(log);
                given.row.start_over();
                (given.live.making, given.live.upload) = (None, None);
            }
            // The right was used or has ended: another one.
            HistoryCall::Word(_) if given.live.failures < 3 => {
                given.row.word = None;
                given.live.failures += 1;
            }
            _ => self.giving_ended(device, Some(HistoryStep::Failed)),
        }
    }

    fn giving_ended(&mut self, device: DeviceId, step: Option<HistoryStep>) {
        self.giving.remove(&device);
        self.writes.delete(rows::giving(device));
        if let Some(step) = step {
            self.event(Event::History { device, step });
        }
    }

    fn tell_step(&mut self, device: DeviceId) {
        if let Some(step) = self.giving_step(device) {
            self.event(Event::History { device, step });
        }
    }
}
