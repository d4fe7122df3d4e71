//! Reading the log: pages checked, entries processed once and in order. Spec: rules C-3, C-4, C-9, C-10, C-15, F-1.

use std::sync::Arc;

use allod_crypto::frank::frank;
use allod_crypto::identity::verify_certificate;
use allod_crypto::receipt::{next_head, verify_receipt};
use allod_crypto::{Random, envelope};
use allod_mls::{Content, Fault, MessageIn, MessageKind, ProcessError, Processed, StagedCommit};
use allod_wire::log::{Digest, EntriesPage, Entry, EntryContext, EntryKind, ReceiptBody};
use allod_wire::mimi::MimiContent;
use allod_wire::socket::ClientFrame;
use allod_wire::{Commits, Day, EntryId, LogId, Position, UnixMillis, cbor};
use minicbor::Encode;

use crate::conversation::{Conversation, Membership, Preview, Standing};
use crate::core::ClientCore;
use crate::effect::Event;
use crate::message::{StoredBody, StoredMessage, SystemEvent, claimed_time};
use crate::plan::after;
use crate::request::Plane;
use crate::roles::authorise;
use crate::roster::Reader;
use crate::rows;
use crate::stock::backoff;
use crate::view::MessageBody;

/// Evidence keeps payloads up to this length; of longer ones the chain holds the digest.
const EVIDENCE_BYTES_MAX: usize = 16 << 10;
/// The hub is told what we need no more after so many entries, or after a while.
const PASSED_EVERY: u64 = 64;
const PASSED_MILLIS: u64 = 10_000;

/// Why an entry was skipped (rule C-3). The number is part of the stored row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode)]
#[cbor(index_only)]
pub(crate) enum Skipped {
    /// The envelope or the MLS message does not open.
    #[n(0)]
    DoesNotOpen,
    /// The authenticated data is not an entry context, or contradicts the entry.
    #[n(1)]
    Context,
    /// A commit that its author's role does not allow.
    #[n(2)]
    NotAllowed,
    /// Content that is not MIMI content, or whose frank is another one.
    #[n(3)]
    Content,
    /// Nothing wrong: seen before, from before our time, or a commit that lost its race.
    #[n(4)]
    Stale,
}

/// What a page proves about the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageFault {
    /// The receipt does not verify or does not fit the page: not used.
    Forged(&'static str),
    /// It leaves out entries that the hub says it holds: not used.
    Skips,
    /// It is signed, and contradicts what was signed before (rule C-4).
    Forked,
}

impl ClientCore {
    /// A page of a log that we subscribed to.
    pub(crate) fn handle_entries(&mut self, log: LogId, page: &EntriesPage, now: UnixMillis, rng: &mut dyn Random) {
        let Some(hub_key) = self.account.joined.as_ref().map(|joined| *joined.organisation.hub_key) else { return };
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        if !conversation.is_member() || !conversation.live.subscribed {
            return;
        }
        if conversation.live.old_subscription {
            if !goes_on(page, conversation.row.position) {
                return;
            }
            conversation.live.old_subscription = false;
        }
        let heads = match check_page(conversation, page, &hub_key) {
            Ok(heads) => heads,
            Err(PageFault::Skips) => return self.distrust(log, "a page that skips entries", now),
            Err(PageFault::Forged(what)) => return self.distrust(log, what, now),
            Err(PageFault::Forked) => return self.forked(log),
        };
        conversation.live.distrusted = false;
        let first = page.entries.first().map(|entry| entry.position);
        let expected = conversation.row.position.next();
        if conversation.row.head.is_none() && first.is_none_or(|first| first == expected) {
            conversation.row.head = Some(page.head_before);
        }
        if first.is_some_and(|first| first > expected) {
            conversation.live.gap.get_or_insert(expected);
        }
        for (entry, head) in page.entries.iter().zip(heads) {
            self.handle_entry(log, entry, head, now, rng);
        }
        self.end_of_page(log, page, now);
        self.advance(log, now, rng);
    }

    /// A page that is not used leaves a hole: the log is asked for again from where we are, after a while.
    fn distrust(&mut self, log: LogId, what: &'static str, now: UnixMillis) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let live = &mut conversation.live;
        (live.subscribed, live.caught_up) = (false, false);
        let is_new = !std::mem::replace(&mut live.distrusted, true);
        live.retry_at = Some(now.plus(backoff(live.failures, None)));
        live.failures += 1;
        self.send(Plane::Log, ClientFrame::Unsubscribe { log });
        // Later pages of the old subscription may be on their way still: one fault is shown once.
        if is_new {
            self.event(Event::HubMisbehaved { log, what });
        }
    }

    fn handle_entry(&mut self, log: LogId, entry: &Entry, head: Digest, now: UnixMillis, rng: &mut dyn Random) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        if entry.position <= conversation.row.position || !conversation.is_member() {
            return; // C-10
        }
        conversation.note_head(entry.position, head, &mut self.writes);
        if let (EntryKind::Commit { .. }, Some(commits)) = (entry.new.kind, &mut conversation.row.commits) {
            *commits = commits.next();
        }
        let read = self.read_entry(log, entry, now, rng);
        if let Err(why) = read {
            // Behind a gap the keys may be missing, and not the author's honesty.
            let gap = self.conversations.get(&log).is_some_and(|conversation| conversation.live.gap.is_some());
            self.skip(log, entry, if gap && why == Skipped::DoesNotOpen { Skipped::Stale } else { why });
        }
    }

    fn read_entry(&mut self, log: LogId, entry: &Entry, now: UnixMillis, rng: &mut dyn Random) -> Result<(), Skipped> {
        let conversation = self.conversations.get_mut(&log).ok_or(Skipped::Stale)?;
        let before = conversation.membership().ok_or(Skipped::Stale)?;
        let staged = conversation.job.as_ref().and_then(|job| job.staged.as_ref());
        if staged.is_some_and(|staged| staged.entry == entry.new) {
            return self.confirm_own(log, entry, &before, now, rng);
        }
        if conversation.outbox.values().any(|outgoing| outgoing.id == entry.new.id) {
            return self.own_entry(log, entry.new.id, entry.position, entry.day);
        }
        let opened = envelope::open(&before.secret(), log, &entry.new.payload).map_err(|_| Skipped::DoesNotOpen)?;
        let message = MessageIn::decode(&opened).map_err(|_| Skipped::DoesNotOpen)?;
        let is_commit = matches!(entry.new.kind, EntryKind::Commit { .. });
        if is_commit == (message.kind() == MessageKind::Content) {
            return Err(Skipped::Context); // C-7: what the next commit must know of is in order with the commits.
        }
        let group = conversation.group.as_mut().ok_or(Skipped::Stale)?;
        let mut is_too_old = false;
        let processed = group.process(&mut self.store, message).map_err(|error| {
            if let ProcessError::WrongEpoch { theirs, ours } = &error {
                conversation.live.ahead |= theirs > ours;
            }
            is_too_old = matches!(error, ProcessError::TooOld { .. });
            if error.fault() == Fault::Peer { Skipped::DoesNotOpen } else { Skipped::Stale }
        });
        if is_too_old {
            self.getting.missed(&mut conversation.row, entry.position, now);
        }
        let processed = processed?;
        match processed {
            Processed::Content(content) => self.read_content(log, entry, &before, content, now),
            Processed::Leaving(leave) => {
                let leaving = Reader::of(leave.leaving()).ok_or(Skipped::NotAllowed)?;
                let sender = Reader::of(leave.sender()).ok_or(Skipped::NotAllowed)?;
                if leaving.address() != sender.address() {
                    return Err(Skipped::NotAllowed);
                }
                group.accept_leave(&mut self.store, *leave).map_err(|_| Skipped::DoesNotOpen)?;
                self.someone_leaves(log, entry, &before, &leaving);
                Ok(())
            }
            Processed::Commit(staged) => self.read_commit(log, entry, &before, staged, now),
        }
    }

    fn read_content(
        &mut self,
        log: LogId,
        entry: &Entry,
        before: &Membership,
        content: Content,
        now: UnixMillis,
    ) -> Result<(), Skipped> {
        if !content.sender_is_still_member {
            return Err(Skipped::Stale); // C-9
        }
        let mimi: MimiContent = cbor::from_slice(&content.content).map_err(|_| Skipped::Content)?;
        let context = self.check_context(log, entry, &content.aad)?;
        if frank(&mimi.salt, &content.content) != context.frank {
            return Err(Skipped::Content); // F-1
        }
        let certificate = match before.readers.iter().find(|reader| reader.leaf == content.sender) {
            Some(reader) => reader.certificate.clone(),
            None => Arc::new(verify_certificate(&content.credential).map_err(|_| Skipped::DoesNotOpen)?),
        };
        let message = StoredMessage {
            entry: entry.new.id,
            position: entry.position,
            day: entry.day,
            time: claimed_time(&mimi).unwrap_or(now),
            sender: certificate.address.clone(),
            device: certificate.device,
            body: StoredBody::Content(content.content.into()),
        };
        self.store_message(log, message);
        Ok(())
    }

    fn read_commit(
        &mut self,
        log: LogId,
        entry: &Entry,
        before: &Membership,
        staged: StagedCommit,
        now: UnixMillis,
    ) -> Result<(), Skipped> {
        self.check_context(log, entry, &staged.view().aad.clone())?;
        let view = staged.view().clone();
        authorise(&before.state, &before.readers, &view).map_err(|_| Skipped::NotAllowed)?;
        let points = view.added.iter().chain(view.updated.iter().map(|updated| &updated.after));
        let secret = before.secret();
        if points.map(|member| allod_crypto::token::token_key(&member.token_public, &secret)).any(|key| key.is_err()) {
            return Err(Skipped::NotAllowed); // T-6
        }
        let next = after(before, &view).ok_or(Skipped::NotAllowed)?;
        let by = Reader::of(&view.committer).ok_or(Skipped::NotAllowed)?;
        let conversation = self.conversations.get_mut(&log).ok_or(Skipped::Stale)?;
        let group = conversation.group.as_mut().ok_or(Skipped::Stale)?;
        let lost_own = group.has_pending_commit();
        group.accept(&mut self.store, staged).map_err(|_| Skipped::DoesNotOpen)?;
        conversation.epoch_changed();
        if lost_own {
            self.abandon_staged(log, Commits(0));
        }
        self.commit_applied(log, entry, before, &next, &by, now);
        if view.removes_us {
            self.out_of(log, Standing::Removed);
        }
        Ok(())
    }

    /// Our own commit is in its place, and was the first of its epoch.
    fn confirm_own(
        &mut self,
        log: LogId,
        entry: &Entry,
        before: &Membership,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<(), Skipped> {
        let device = self.my_device();
        let conversation = self.conversations.get_mut(&log).ok_or(Skipped::Stale)?;
        let group = conversation.group.as_mut().ok_or(Skipped::Stale)?;
        if group.confirm_own_commit(&mut self.store).is_err() {
            self.abandon_staged(log, Commits(0));
            return Err(Skipped::Stale);
        }
        conversation.epoch_changed();
        let next = conversation.membership().ok_or(Skipped::Stale)?;
        let by = before.readers.iter().find(|reader| reader.device() == device).cloned().ok_or(Skipped::Stale)?;
        self.confirmed(log, entry.position, rng);
        self.commit_applied(log, entry, before, &next, &by, now);
        Ok(())
    }

    /// A message of ours whose place we have passed without seeing it, since retention took it first: it is shown all the same.
    pub(crate) fn own_entry_missed(&mut self, receipt: &ReceiptBody) {
        let held = self.conversations.get(&receipt.log);
        let is_missed = held.is_some_and(|conversation| {
            let waits = conversation.outbox.values().any(|outgoing| outgoing.id == receipt.entry);
            waits && receipt.position <= conversation.row.position
        });
        if is_missed {
            // That it waits was just seen: there is nothing else that can be wrong with it.
            let _ = self.own_entry(receipt.log, receipt.entry, receipt.position, receipt.day);
        }
    }

    /// A message of ours is in its place.
    fn own_entry(&mut self, log: LogId, id: EntryId, position: Position, day: Day) -> Result<(), Skipped> {
        let (Some(me), device) = (self.me(), self.my_device()) else { return Err(Skipped::Stale) };
        let conversation = self.conversations.get_mut(&log).ok_or(Skipped::Stale)?;
        let number = conversation.outbox.iter().find(|(_, outgoing)| outgoing.id == id).map(|(n, _)| *n);
        let outgoing = number.and_then(|number| conversation.outbox.remove(&number)).ok_or(Skipped::Stale)?;
        self.writes.delete(rows::outgoing(log, number.unwrap_or_default()));
        conversation.live.in_flight.retain(|id| *id != outgoing.id);
        conversation.live.answered.remove(&outgoing.id);
        if outgoing.leaves {
            self.left(log);
            return Ok(());
        }
        let message = StoredMessage {
            entry: outgoing.id,
            position,
            day,
            time: outgoing.time,
            sender: me,
            device,
            body: StoredBody::Content(outgoing.content.clone()),
        };
        self.store_message(log, message);
        Ok(())
    }

    /// The context says what the entry says, and names a head that we know (rules C-4, F-1).
    fn check_context(&mut self, log: LogId, entry: &Entry, aad: &[u8]) -> Result<EntryContext, Skipped> {
        let context: EntryContext = cbor::from_slice(aad).map_err(|_| Skipped::Context)?;
        if context.frank != entry.new.frank {
            return Err(Skipped::Context);
        }
        let conversation = self.conversations.get(&log).ok_or(Skipped::Stale)?;
        let seen = &context.seen;
        let is_other = conversation.heads.get(&seen.position).is_some_and(|head| *head != seen.head);
        if is_other || seen.position >= entry.position {
            self.forked(log);
        }
        Ok(context)
    }

    pub(crate) fn forked(&mut self, log: LogId) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        if !conversation.row.forked {
            conversation.row.forked = true;
            self.event(Event::ForkDetected(log));
            self.event(Event::ConversationChanged(log));
        }
    }

    /// Keeps an entry that says nothing to us as evidence, unless there is nothing wrong with it (rule C-3).
    fn skip(&mut self, log: LogId, entry: &Entry, why: Skipped) {
        match entry.new.kind {
            EntryKind::Message => self.gave_up(log, &entry.new.changes),
            EntryKind::Commit { .. } => self.judge_changes(log, &Default::default(), &entry.new.changes),
        }
        if why == Skipped::Stale {
            return;
        }
        let payload =
            if entry.new.payload.len() <= EVIDENCE_BYTES_MAX { entry.new.payload.clone() } else { Vec::new().into() };
        let mut kept = entry.clone();
        kept.new.payload = payload;
        self.writes.put(rows::evidence(log, entry.position), &(why, kept));
    }

    /// Puts a line into history, and shows it.
    pub(crate) fn store_message(&mut self, log: LogId, message: StoredMessage) {
        self.note_for_search(log, &message);
        if self.note_receipt(log, &message) {
            return;
        }
        self.ends_typing(log, &message);
        let Some(message) = self.store_annotation(log, message) else { return };
        let Some(view) = self.view_of(log, &message) else { return };
        let own = self.me().as_ref() == Some(&message.sender);
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        if let Some(text) = view.body.preview() {
            let (time, sender) = (message.time, message.sender.clone());
            let preview = Preview { time, sender, text, message_id: view.message_id, deleted: false };
            conversation.row.last = Some(preview);
        }
        if !own && !matches!(view.body, MessageBody::System { .. }) {
            conversation.row.note_unread(message.position, view.mentions_me, message.time);
        }
        self.note_answer(log, &view, &message);
        if let Some(id) = &view.message_id {
            self.writes.put(rows::place_key(log, id), &message.position);
        }
        self.writes.put(rows::history_key(log, message.position), &message);
        self.event(Event::Message(Box::new(view)));
    }

    /// After a page: are we at the end, and is anything missing?
    fn end_of_page(&mut self, log: LogId, page: &EntriesPage, now: UnixMillis) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        if !conversation.is_member() {
            return;
        }
        let position = conversation.row.position;
        let live = &mut conversation.live;
        if live.passed < position {
            live.passed_due.get_or_insert(now.plus(PASSED_MILLIS));
            if position.0 - live.passed.0 >= PASSED_EVERY {
                live.passed_due = Some(now);
            }
        }
        if position < page.last {
            return;
        }
        // Who has just come does not know the count: whether there were commits in a gap cannot be told.
        let is_behind = conversation.row.commits.is_none_or(|commits| commits != page.commits);
        let lost = conversation.live.gap.is_some() && (is_behind || conversation.live.ahead);
        if lost {
            self.lost_the_thread(log);
            return;
        }
        let gap = conversation.live.gap.take();
        conversation.row.commits = Some(page.commits);
        conversation.live.caught_up = true;
        conversation.live.failures = 0;
        if let Some(first_missing) = gap {
            // A line in the place of the first entry that retention took away before we could read it.
            self.note_here(log, first_missing, SystemEvent::MessagesMissing, now);
        }
    }

    /// A line of our own making.
    pub(crate) fn note_here(&mut self, log: LogId, position: Position, event: SystemEvent, now: UnixMillis) {
        let (Some(me), device) = (self.me(), self.my_device()) else { return };
        let body = StoredBody::System(vec![event]);
        let entry = allod_wire::EntryId([0; 16]);
        let message = StoredMessage { entry, position, day: now.day(), time: now, sender: me, device, body };
        self.store_message(log, message);
    }

    /// We gave our token up ourselves.
    pub(crate) fn left(&mut self, log: LogId) {
        if self.conversations.get(&log).is_some_and(Conversation::is_member) {
            self.out_of(log, Standing::Left);
        }
    }
}

/// Whether a page is one that an honest hub sends to somebody who has read up to `position`.
fn goes_on(page: &EntriesPage, position: Position) -> bool {
    let expected = position.next();
    match page.entries.first().map(|entry| entry.position) {
        Some(first) => first == expected || (first > expected && page.first > expected),
        None => page.last >= position,
    }
}

/// Checks a page against the hub's key and what we know of the chain (rules C-15, L-7, L-11); gives the chain after each entry.
fn check_page(conversation: &Conversation, page: &EntriesPage, hub_key: &[u8; 32]) -> Result<Vec<Digest>, PageFault> {
    let log = conversation.log();
    let (position, known) = (conversation.row.position, conversation.row.head);
    let Some(last) = page.entries.last() else {
        if page.last < position {
            return Err(PageFault::Forked); // The log became shorter.
        }
        if page.last > position && page.first <= page.last {
            return Err(PageFault::Skips);
        }
        let is_same = page.last > position || known.is_none_or(|known| known == page.head_before);
        return if is_same { Ok(Vec::new()) } else { Err(PageFault::Forked) };
    };
    let expected = position.next();
    if known.is_some() && page.entries[0].position > expected && page.first <= expected {
        return Err(PageFault::Skips);
    }
    let receipt = page.receipt.as_ref().ok_or(PageFault::Forged("a page without a receipt"))?;
    let mut head = page.head_before;
    let mut heads = Vec::with_capacity(page.entries.len());
    for (entry, next) in page.entries.iter().zip(page.entries.iter().skip(1).map(Some).chain([None])) {
        if next.is_some_and(|next| next.position != entry.position.next()) {
            return Err(PageFault::Forged("a page with a gap"));
        }
        head = next_head(&head, entry);
        heads.push(head);
    }
    let body = &receipt.body;
    let fits = body.log == log
        && body.position == last.position
        && body.entry == last.new.id
        && body.day == last.day
        && body.frank == last.new.frank
        && body.head == head;
    if !fits {
        return Err(PageFault::Forged("a receipt that does not fit its page"));
    }
    verify_receipt(hub_key, receipt).map_err(|_| PageFault::Forged("a receipt that does not verify"))?;
    // Signed: from here on a contradiction is a proof.
    let before_first = Position(page.entries[0].position.0.saturating_sub(1));
    let at = |wanted: Position| {
        let mut steps = std::iter::once((before_first, page.head_before));
        let mut rest = page.entries.iter().map(|entry| entry.position).zip(heads.iter().copied());
        steps.by_ref().chain(rest.by_ref()).find(|(place, _)| *place == wanted).map(|(_, head)| head)
    };
    match (known, at(position)) {
        (Some(known), Some(shown)) if known != shown => Err(PageFault::Forked),
        _ => Ok(heads),
    }
}
