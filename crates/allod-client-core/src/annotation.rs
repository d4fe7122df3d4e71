//! Content that acts on another message: not a line of history, but a row beside the message that it names. Spec: M-2 to M-6.
//!
//! Invariants:
//! - rows are only added, and name their target by message id: an annotation may come before its target, or without it;
//! - nothing is judged when it comes: whether its author was entitled follows from the rows alone ([`crate::fold`]).

use allod_crypto::{Random, random_bytes};
use allod_wire::mimi::{Disposition, MessageId, MimiContent, NestedPart, Part};
use allod_wire::{Address, Day, DeviceId, EntryId, LogId, Position, UnixMillis, cbor};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::content::thread;
use crate::conversation::Conversation;
use crate::core::ClientCore;
use crate::effect::Event;
use crate::message::{StoredBody, StoredMessage};
use crate::rows;
use crate::view::{MessageBody, MessageView};

/// Longest reaction, in bytes (rule M-4): any emoji with its modifiers.
pub const REACTION_BYTES_MAX: usize = 64;

/// The row `n/LOG MESSAGE-ID POSITION`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct StoredAnnotation {
    #[n(0)]
    pub(crate) entry: EntryId,
    #[n(1)]
    pub(crate) day: Day,
    /// The author's clock.
    #[n(2)]
    pub(crate) time: UnixMillis,
    #[n(3)]
    pub(crate) sender: Address,
    #[n(4)]
    pub(crate) device: DeviceId,
    /// The author was owner or admin of the group at this place of the log.
    #[n(5)]
    pub(crate) chief: bool,
    /// Empty for an answer in the target's thread (rule M-8), which is a line of its own.
    #[n(6)]
    pub(crate) content: ByteVec,
}

impl StoredAnnotation {
    /// As the message that it came as.
    pub(crate) fn as_message(&self, position: Position) -> StoredMessage {
        let Self { entry, day, time, sender, device, content, .. } = self.clone();
        StoredMessage { entry, position, day, time, sender, device, body: StoredBody::Content(content) }
    }

    /// It deletes `message` for everyone, if its author was entitled to (rule M-6).
    pub(crate) fn deletes(&self, message: MessageId) -> bool {
        let Ok(content) = cbor::from_slice::<MimiContent>(&self.content) else { return false };
        let replaces = content.replaces == Some(message) && content.body.disposition != Disposition::REACTION;
        replaces && matches!(MessageBody::of(&content), MessageBody::Deleted)
    }
}

/// The message on which content acts; `None` for content that is a line of its own (rule M-2).
pub(crate) fn target(content: &MimiContent) -> Option<MessageId> {
    match content.body.disposition {
        Disposition::REACTION => content.in_reply_to,
        _ => content.replaces,
    }
}

/// Whether encoded content acts on another message.
pub(crate) fn acts_on_another(content: &[u8]) -> bool {
    cbor::from_slice(content).ok().as_ref().and_then(target).is_some()
}

/// Whether a message can be edited to say this (rule M-5).
pub(crate) fn is_edit(body: &MessageBody) -> bool {
    matches!(body, MessageBody::Text { .. } | MessageBody::File { .. })
}

/// Whether `text` can be a reaction (rule M-4).
pub(crate) fn is_reaction(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= REACTION_BYTES_MAX && !text.chars().any(char::is_control)
}

/// Takes the reaction `reaction` to `to` back.
pub(crate) fn no_reaction(to: MessageId, reaction: MessageId, rng: &mut dyn Random) -> MimiContent {
    let part = NestedPart { disposition: Disposition::REACTION, language: String::new(), part: Part::Null };
    MimiContent { in_reply_to: Some(to), replaces: Some(reaction), ..MimiContent::new(random_bytes(rng), part) }
}

/// Deletes `message` for everyone.
pub(crate) fn deletion(message: MessageId, rng: &mut dyn Random) -> MimiContent {
    let part = NestedPart { disposition: Disposition::RENDER, language: String::new(), part: Part::Null };
    MimiContent { replaces: Some(message), ..MimiContent::new(random_bytes(rng), part) }
}

impl ClientCore {
    /// Stores what acts on another message, and says so; gives back what is a line of its own.
    pub(crate) fn store_annotation(&mut self, log: LogId, message: StoredMessage) -> Option<StoredMessage> {
        let StoredBody::Content(bytes) = &message.body else { return Some(message) };
        let content: Option<MimiContent> = cbor::from_slice(bytes).ok();
        let acts = content.and_then(|content| Some((target(&content)?, content, bytes.clone())));
        let Some((target, content, bytes)) = acts else { return Some(message) };
        let conversation = self.conversations.get_mut(&log)?;
        let here = conversation.membership();
        let chief = here.is_some_and(|here| here.is_chief(&message.sender));
        follow_in_preview(conversation, target, &content, &message.sender, chief);
        let key = rows::annotation(log, &target, message.position);
        let StoredMessage { entry, day, time, sender, device, .. } = message;
        let row = StoredAnnotation { entry, day, time, sender, device, chief, content: bytes };
        self.writes.put(key, &row);
        if content.replaces == Some(target) {
            self.look_at_replaced(log, target);
        }
        self.event(Event::MessageChanged { log, message_id: target });
        None
    }

    /// Counts a line with the thread that it is in (rule M-8).
    pub(crate) fn note_answer(&mut self, log: LogId, line: &MessageView, message: &StoredMessage) {
        let Some(root) = line.thread else { return };
        let row = StoredAnnotation {
            entry: message.entry,
            day: message.day,
            time: message.time,
            sender: message.sender.clone(),
            device: message.device,
            chief: false,
            content: Vec::new().into(),
        };
        self.writes.put(rows::annotation(log, &root, message.position), &row);
        if let Some(conversation) = self.conversations.get_mut(&log) {
            conversation.row.note_answer(root, message.position, line.own);
        }
        self.event(Event::MessageChanged { log, message_id: root });
    }

    /// Says that what waits in the outbox, or waits there no more, changes another message.
    pub(crate) fn note_waiting(&mut self, log: LogId, content: &[u8]) {
        let content: Option<MimiContent> = cbor::from_slice(content).ok();
        let changed = content.as_ref().and_then(|content| target(content).or_else(|| thread(content)));
        if let Some(message_id) = changed {
            self.event(Event::MessageChanged { log, message_id });
        }
    }
}

/// The list of conversations shows the last message as it is now.
fn follow_in_preview(
    conversation: &mut Conversation,
    target: MessageId,
    content: &MimiContent,
    sender: &Address,
    chief: bool,
) {
    let is_last = conversation.row.last.as_ref().is_some_and(|last| last.message_id == Some(target) && !last.deleted);
    if !is_last || content.replaces != Some(target) {
        return;
    }
    let Some(last) = &mut conversation.row.last else { return };
    let body = MessageBody::of(content);
    if matches!(body, MessageBody::Deleted) && (chief || last.sender == *sender) {
        last.deleted = true;
        last.text.clear();
    } else if let (Some(text), true) = (body.preview(), is_edit(&body) && last.sender == *sender) {
        last.text = text;
    }
}
