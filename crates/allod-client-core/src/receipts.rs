//! Who has received and read what: told by receipts in the log, as positions. Spec: rule M-9.
//!
//! Invariants:
//! - what is known of a person only grows, and a receipt speaks of nothing behind it;
//! - of our own at most one waits to be sent, and none is made that tells nothing new.

use allod_crypto::{Random, random_bytes};
use allod_wire::mimi::{MessageId, MimiContent};
use allod_wire::{Address, EntryId, LogId, Position, UnixMillis, cbor};
use serde::Serialize;

use crate::content::Receipt;
use crate::conversation::{Conversation, ConversationRow};
use crate::core::ClientCore;
use crate::effect::{Effect, Event};
use crate::error::CoreError;
use crate::message::{StoredBody, StoredMessage, stamped};
use crate::outbox::Outgoing;
use crate::view::as_text;

/// Receipts are sent in conversations of at most so many people: each is an entry that all of them fetch.
pub const PEOPLE_MAX: usize = 32;
/// What was read is told after so long, what was only received after so long: the other one may follow.
const READ_MILLIS: u64 = 1_000;
const HAD_MILLIS: u64 = 4_000;
/// An own device waits so long for each own device that comes before it.
const DEVICE_MILLIS: u64 = 2_000;

/// How far somebody is in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptView {
    /// Who.
    #[serde(serialize_with = "as_text")]
    pub person: Address,
    /// What stands up to this position has reached one of their devices.
    pub had: u64,
    /// What stands up to this position was before their eyes.
    pub read: u64,
}

/// How far a message of one's own came, in number of other people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Have it.
    pub had: usize,
    /// Have read it.
    pub read: usize,
}

impl Reach {
    /// Of the message at `position`.
    pub fn of(receipts: &[ReceiptView], position: u64) -> Self {
        let count = |of: fn(&ReceiptView) -> u64| receipts.iter().filter(|one| of(one) >= position).count();
        Self { had: count(|one| one.had), read: count(|one| one.read) }
    }
}

impl ConversationRow {
    /// How far this user is.
    fn progress(&self) -> Receipt {
        let read = self.unread.first().map_or(self.had, |first| Position(first.0.saturating_sub(1)).min(self.had));
        Receipt { had: self.had, read }
    }
}

impl ClientCore {
    /// How far the other people are, as far as they tell; nobody while this user does not tell either.
    pub fn receipts(&self, log: LogId) -> Vec<ReceiptView> {
        let Some(conversation) = self.conversations.get(&log).filter(|_| !self.account.no_receipts) else {
            return Vec::new();
        };
        let Some(here) = conversation.peek_membership() else { return Vec::new() };
        let me = self.me();
        let told = conversation.row.receipts.iter();
        let others = told.filter(|(person, _)| Some(*person) != me.as_ref() && here.people.contains(person));
        let view = |(person, receipt): (&Address, &Receipt)| ReceiptView {
            person: person.clone(),
            had: receipt.had.0,
            read: receipt.read.0,
        };
        others.map(view).collect()
    }

    /// Tells others what was received and read, and shows what they tell; or neither.
    pub fn set_receipts(&mut self, told: bool) -> Vec<Effect> {
        if self.account.no_receipts == told {
            self.account.no_receipts = !told;
            self.event(Event::AccountChanged);
        }
        self.done()
    }

    /// The user has seen the messages up to `position`.
    ///
    /// # Errors
    /// [`CoreError::UnknownConversation`].
    pub fn mark_read(
        &mut self,
        log: LogId,
        position: Position,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<Vec<Effect>, CoreError> {
        let conversation = self.conversations.get_mut(&log).ok_or(CoreError::UnknownConversation)?;
        if conversation.row.seen(position) {
            self.event(Event::ConversationChanged(log));
            self.advance(log, now, rng);
        }
        Ok(self.done())
    }

    /// The user has looked at the thread that this message began. Nobody is told.
    ///
    /// # Errors
    /// [`CoreError::UnknownConversation`].
    pub fn mark_thread_read(&mut self, log: LogId, thread: MessageId) -> Result<Vec<Effect>, CoreError> {
        let conversation = self.conversations.get_mut(&log).ok_or(CoreError::UnknownConversation)?;
        let is_new = conversation.row.new_answers.iter().any(|answer| answer.thread == thread);
        if is_new && conversation.row.thread_seen(thread) {
            self.event(Event::ConversationChanged(log));
            self.event(Event::MessageChanged { log, message_id: thread });
        }
        Ok(self.done())
    }

    /// Takes a receipt in; `false` if `message` is none.
    pub(crate) fn note_receipt(&mut self, log: LogId, message: &StoredMessage) -> bool {
        let StoredBody::Content(content) = &message.body else { return false };
        let content: Option<MimiContent> = cbor::from_slice(content).ok();
        let Some(receipt) = content.as_ref().and_then(Receipt::read) else { return false };
        let own = self.me().as_ref() == Some(&message.sender);
        let Some(conversation) = self.conversations.get_mut(&log) else { return true };
        let known = conversation.row.receipts.get(&message.sender).copied().unwrap_or_default();
        let receipt = receipt.and(known, message.position);
        if receipt == known {
            return true;
        }
        conversation.row.receipts.insert(message.sender.clone(), receipt);
        if own && conversation.row.seen(receipt.read) {
            self.event(Event::ConversationChanged(log));
        }
        if !own {
            self.event(Event::ReceiptsChanged(log));
        }
        true
    }

    /// Tells the others what we have received and read since we told last, when it is time.
    pub(crate) fn tell_receipt(&mut self, log: LogId, now: UnixMillis, rng: &mut dyn Random) {
        let (Some(me), device, off) = (self.me(), self.my_device(), self.account.no_receipts) else { return };
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let told = conversation.row.receipts.get(&me).copied().unwrap_or_default();
        let progress = conversation.row.progress();
        let is_new = progress.had > told.had || progress.read > told.read;
        if off || !is_new || !conversation.can_append() || conversation.is_leaving() || waits(conversation) {
            conversation.live.receipt_at = None;
            return;
        }
        let Some(here) = conversation.membership().filter(|here| here.people.len() <= PEOPLE_MAX) else { return };
        let earlier = here.devices_of(&me).filter(|reader| reader.device() < device).count() as u64;
        let soon = if progress.read > told.read { READ_MILLIS } else { HAD_MILLIS };
        let at = now.plus(soon + earlier * DEVICE_MILLIS);
        let at = conversation.live.receipt_at.map_or(at, |before| before.min(at));
        if at > now {
            conversation.live.receipt_at = Some(at);
            return;
        }
        conversation.live.receipt_at = None;
        let content = cbor::to_vec(&stamped(progress.content(rng), now)).into();
        let id = EntryId(random_bytes(rng));
        self.enqueue(
            log,
            Outgoing { id, time: now, content, sealed: None, failed: false, leaves: false, former: None },
        );
    }
}

/// A receipt of ours is on its way.
fn waits(conversation: &Conversation) -> bool {
    conversation.outbox.values().filter(|outgoing| !outgoing.failed).any(|outgoing| is_receipt(&outgoing.content))
}

/// Whether encoded content is a receipt.
pub(crate) fn is_receipt(content: &[u8]) -> bool {
    cbor::from_slice(content).ok().as_ref().and_then(Receipt::read).is_some()
}
