//! What the user chooses for a conversation on this device alone: nobody is told.

use allod_wire::mimi::MessageId;
use allod_wire::{LogId, UnixMillis};
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::core::ClientCore;
use crate::effect::{Effect, Event};
use crate::error::CoreError;
use crate::message::CONTENT_BYTES_MAX;
use crate::view::{digest, digest_option, millis_option};

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
    /// What was begun in threads and not sent: of the last [`THREAD_DRAFTS_MAX`], the latest behind.
    #[n(4)]
    #[cbor(default)]
    pub thread_drafts: Vec<ThreadDraft>,
}

/// A message that was begun in a thread.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct ThreadDraft {
    /// The message that began the thread.
    #[n(0)]
    #[serde(serialize_with = "digest")]
    pub thread: MessageId,
    /// What was begun.
    #[n(1)]
    #[serde(flatten)]
    pub draft: Draft,
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

/// Drafts in threads of one conversation that are kept.
pub const THREAD_DRAFTS_MAX: usize = 32;
/// Muted until it is changed.
pub const FOR_EVER: UnixMillis = UnixMillis(1 << 53);

impl Local {
    /// Whether it is muted at this time.
    pub fn is_muted(&self, now: UnixMillis) -> bool {
        self.muted_until.is_some_and(|until| until > now)
    }

    /// What was begun in the conversation, or in that thread.
    pub fn draft_in(&self, thread: Option<MessageId>) -> Option<&Draft> {
        match thread {
            None => self.draft.as_ref(),
            Some(root) => self.thread_drafts.iter().find(|one| one.thread == root).map(|one| &one.draft),
        }
    }

    fn keep_in(&mut self, thread: Option<MessageId>, draft: Option<Draft>) {
        let Some(thread) = thread else { return self.draft = draft };
        self.thread_drafts.retain(|one| one.thread != thread);
        self.thread_drafts.extend(draft.map(|draft| ThreadDraft { thread, draft }));
        let too_many = self.thread_drafts.len().saturating_sub(THREAD_DRAFTS_MAX);
        self.thread_drafts.drain(..too_many);
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

    /// Keeps what was begun in the conversation, or in the thread of that message; an empty text without a message to answer keeps nothing.
    ///
    /// # Errors
    /// [`CoreError::UnknownConversation`]; [`CoreError::TooLong`] for more than a message can hold.
    pub fn set_draft(&mut self, log: LogId, thread: Option<MessageId>, draft: Draft) -> Result<Vec<Effect>, CoreError> {
        if draft.text.len() > CONTENT_BYTES_MAX {
            return Err(CoreError::TooLong);
        }
        let kept = Some(draft).filter(|draft| !draft.text.is_empty() || draft.in_reply_to.is_some());
        let is_known = |local: &Local| local.draft_in(thread) == kept.as_ref();
        if self.conversations.get(&log).is_some_and(|conversation| is_known(&conversation.row.local)) {
            return Ok(self.done());
        }
        self.choose(log, |local| local.keep_in(thread, kept))
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
