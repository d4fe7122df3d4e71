//! What the user does to a message: reacts, edits, deletes. Each becomes content of its own, which goes the way of all messages.

use allod_crypto::{Random, random_bytes};
use allod_wire::mimi::{MessageId, MimiContent};
use allod_wire::{EntryId, LogId, UnixMillis};

use crate::annotation::{deletion, is_edit, is_reaction, no_reaction, reaction};
use crate::core::ClientCore;
use crate::effect::Effect;
use crate::error::CoreError;
use crate::view::{MessageBody, MessageView};

/// What a verb that sends gives: the id of the entry, until it is in the log, and what to do.
pub type Sent = Result<(EntryId, Vec<Effect>), CoreError>;

impl ClientCore {
    /// Reacts to a message with an emoji, or another short text.
    ///
    /// # Errors
    /// [`CoreError::TooLong`] if `text` is none (rule M-4): empty, longer than [`crate::REACTION_BYTES_MAX`] bytes, or with
    /// control characters; else as [`Self::send_content`].
    pub fn react(&mut self, log: LogId, message: MessageId, text: &str, now: UnixMillis, rng: &mut dyn Random) -> Sent {
        if !is_reaction(text) {
            return Err(CoreError::TooLong);
        }
        let content = reaction(message, text, rng);
        self.send_content(log, content, now, rng)
    }

    /// Takes a reaction of this user back: `own` is its [`crate::marks::ReactionView::own`].
    ///
    /// # Errors
    /// As [`Self::send_content`].
    pub fn take_back(
        &mut self,
        log: LogId,
        message: MessageId,
        own: MessageId,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Sent {
        let content = no_reaction(message, own, rng);
        self.send_content(log, content, now, rng)
    }

    /// Changes what an own message says: its text, or a file's caption. `message` is the line as it is shown, folded.
    ///
    /// # Errors
    /// [`CoreError::NotAllowed`] for a message of somebody else, or of another kind; [`CoreError::NothingToDo`] if it says that
    /// already; else as [`Self::send_content`].
    pub fn edit(&mut self, message: &MessageView, text: &str, now: UnixMillis, rng: &mut dyn Random) -> Sent {
        let id = message.message_id.filter(|_| message.own && is_edit(&message.body)).ok_or(CoreError::NotAllowed)?;
        let content = match &message.body {
            MessageBody::Text { text: same } | MessageBody::File { caption: same, .. } if same == text => {
                return Err(CoreError::NothingToDo);
            }
            MessageBody::File { file, .. } => MimiContent::new(random_bytes(rng), file.to_part(text)),
            _ => MimiContent::text(random_bytes(rng), text),
        };
        let content = MimiContent { replaces: Some(id), in_reply_to: message.in_reply_to, ..content };
        self.send_content(message.log, content, now, rng)
    }

    /// Deletes a message for everyone: an own one, or, for owners and admins of a group, anybody's.
    ///
    /// # Errors
    /// [`CoreError::NotAllowed`] for somebody else's; [`CoreError::NothingToDo`] if it was deleted already; else as
    /// [`Self::send_content`].
    pub fn delete_for_everyone(&mut self, message: &MessageView, now: UnixMillis, rng: &mut dyn Random) -> Sent {
        let id = message.message_id.ok_or(CoreError::NotAllowed)?;
        let me = self.me().ok_or(CoreError::NotJoined)?;
        let here = self.member_of(message.log)?.membership();
        if !message.own && !here.is_some_and(|here| here.is_chief(&me)) {
            return Err(CoreError::NotAllowed);
        }
        if matches!(message.body, MessageBody::Deleted) {
            return Err(CoreError::NothingToDo);
        }
        let content = deletion(id, rng);
        self.send_content(message.log, content, now, rng)
    }
}
