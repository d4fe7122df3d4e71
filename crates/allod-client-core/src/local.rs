//! What the user chooses for a conversation on this device alone: nobody is told.

use allod_wire::mimi::MessageId;
use allod_wire::{LogId, UnixMillis};
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::core::ClientCore;
use crate::effect::{Effect, Event};
use crate::error::CoreError;
use crate::message::CONTENT_BYTES_MAX;
use crate::view::{digest_option, millis_option};

/// The user's choices for one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Local {
    /// No notice of new messages before this time but of those that mention the user; [`FOR_EVER`] has no end.
    #[n(0)]
    #[serde(serialize_with = "millis_option")]
    pub muted_until: Option<UnixMillis>,
    /// Stands before the others.
    #[n(1)]
    pub pinned: bool,
    /// Stands apart, until somebody writes there; if it is muted, for good.
    #[n(2)]
    pub archived: bool,
    /// What was begun and not sent.
    #[n(3)]
    pub draft: Option<Draft>,
}

/// A message that was begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Draft {
    /// What was written.
    #[n(0)]
    pub text: String,
    /// The message that it answers.
    #[n(1)]
    #[serde(serialize_with = "digest_option")]
    pub in_reply_to: Option<MessageId>,
}

/// Muted until it is changed.
pub const FOR_EVER: UnixMillis = UnixMillis(1 << 53);

impl Local {
    /// Whether it is muted at this time.
    pub fn is_muted(&self, now: UnixMillis) -> bool {
        self.muted_until.is_some_and(|until| until > now)
    }
}

impl ClientCore {
    /// No notice before `until`; `None` ends that.
    ///
    /// # Errors
    /// [`CoreError::UnknownConversation`].
    pub fn set_muted(&mut self, log: LogId, until: Option<UnixMillis>) -> Result<Vec<Effect>, CoreError> {
        self.choose(log, |local| local.muted_until = until)
    }

    /// Before the others, or not.
    ///
    /// # Errors
    /// [`CoreError::UnknownConversation`].
    pub fn set_pinned(&mut self, log: LogId, pinned: bool) -> Result<Vec<Effect>, CoreError> {
        self.choose(log, |local| local.pinned = pinned)
    }

    /// Apart, or back.
    ///
    /// # Errors
    /// [`CoreError::UnknownConversation`].
    pub fn set_archived(&mut self, log: LogId, archived: bool) -> Result<Vec<Effect>, CoreError> {
        self.choose(log, |local| local.archived = archived)
    }

    /// Keeps what was begun; an empty text without a message to answer keeps nothing.
    ///
    /// # Errors
    /// [`CoreError::UnknownConversation`]; [`CoreError::TooLong`] for more than a message can hold.
    pub fn set_draft(&mut self, log: LogId, draft: Draft) -> Result<Vec<Effect>, CoreError> {
        if draft.text.len() > CONTENT_BYTES_MAX {
            return Err(CoreError::TooLong);
        }
        let kept = Some(draft).filter(|draft| !draft.text.is_empty() || draft.in_reply_to.is_some());
        self.choose(log, |local| local.draft = kept)
    }

    fn choose(&mut self, log: LogId, change: impl FnOnce(&mut Local)) -> Result<Vec<Effect>, CoreError> {
        let conversation = self.conversations.get_mut(&log).ok_or(CoreError::UnknownConversation)?;
        let before = conversation.row.local.clone();
        let mut after = before.clone();
        change(&mut after);
        if after != before {
            conversation.row.local = after;
            self.event(Event::ConversationChanged(log));
        }
        Ok(self.done())
    }
}
