//! What the user says, and does to a message: answers, asks, reacts, votes, edits, deletes. Each becomes content of its own, which goes
//! the way of all messages.

use allod_crypto::{Random, random_bytes};
use allod_wire::markup;
use allod_wire::mimi::{MessageId, MimiContent};
use allod_wire::{EntryId, LogId, UnixMillis};

use crate::annotation::{deletion, is_edit, is_reaction, no_reaction};
use crate::content::{Deed, Poll, ask_acknowledgement, mark_forwarded, text_part};
use crate::core::ClientCore;
use crate::effect::Effect;
use crate::error::CoreError;
use crate::view::{MessageBody, MessageView};

/// What a verb that sends gives: the id of the entry, until it is in the log, and what to do.
pub type Sent = Result<(EntryId, Vec<Effect>), CoreError>;

/// What a text or a poll is sent with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct With {
    /// It answers this message.
    pub in_reply_to: Option<MessageId>,
    /// It is in this message's thread (rule M-8).
    pub thread: Option<MessageId>,
    /// It asks for acknowledgement (rule M-11).
    pub asks_acknowledgement: bool,
}

impl With {
    fn put_into(self, content: &mut MimiContent) {
        content.in_reply_to = self.in_reply_to;
        content.topic = self.thread.map(|root| root.to_vec()).unwrap_or_default();
        if self.asks_acknowledgement {
            ask_acknowledgement(content);
        }
    }
}

impl ClientCore {
    /// Sends text. The id names the message until it is in the log. Marks in it are shown as such (rule M-7), and `@name` of somebody
    /// in the conversation mentions them.
    ///
    /// # Errors
    /// As [`Self::send_content`].
    pub fn send_text(&mut self, log: LogId, text: &str, with: With, now: UnixMillis, rng: &mut dyn Random) -> Sent {
        let text = self.with_mentions(log, text);
        let mut content = MimiContent::new(random_bytes(rng), text_part(&text));
        with.put_into(&mut content);
        self.send_content(log, content, now, rng)
    }

    /// `text`, with the people of the conversation whom it names as mentions.
    fn with_mentions(&self, log: LogId, text: &str) -> String {
        let here = self.conversations.get(&log).and_then(|conversation| conversation.peek_membership());
        here.map_or_else(|| text.to_owned(), |here| markup::with_mentions(text, &here.people))
    }

    /// Asks the others a question with answers to choose from.
    ///
    /// # Errors
    /// [`CoreError::NotAPoll`] (rule M-10); else as [`Self::send_content`].
    pub fn send_poll(&mut self, log: LogId, poll: &Poll, with: With, now: UnixMillis, rng: &mut dyn Random) -> Sent {
        let mut content = MimiContent::new(random_bytes(rng), poll.to_part()?);
        with.put_into(&mut content);
        self.send_content(log, content, now, rng)
    }

    /// Chooses these options of a poll, by their numbers from 0, instead of what was chosen before; none takes the vote back.
    ///
    /// # Errors
    /// [`CoreError::NotAPoll`] if `message`, a line that was folded, is none with these options, or was ended; else as
    /// [`Self::send_content`].
    pub fn vote(&mut self, message: &MessageView, options: &[u8], now: UnixMillis, rng: &mut dyn Random) -> Sent {
        let (MessageBody::Poll { poll }, Some(id)) = (&message.body, message.message_id) else {
            return Err(CoreError::NotAPoll);
        };
        let mut chosen = options.to_vec();
        chosen.sort_unstable();
        chosen.dedup();
        let exist = chosen.iter().all(|option| usize::from(*option) < poll.options.len());
        if !exist || message.marks.poll_ended || (chosen.len() > 1 && !poll.several) {
            return Err(CoreError::NotAPoll);
        }
        self.send_content(message.log, Deed::Vote(chosen).content(id, rng), now, rng)
    }

    /// Ends a poll: an own one, or, for owners and admins of a group, anybody's.
    ///
    /// # Errors
    /// [`CoreError::NotAllowed`] for somebody else's; [`CoreError::NothingToDo`] if it was ended; [`CoreError::NotAPoll`]; else as
    /// [`Self::send_content`].
    pub fn end_poll(&mut self, message: &MessageView, now: UnixMillis, rng: &mut dyn Random) -> Sent {
        let (MessageBody::Poll { .. }, Some(id)) = (&message.body, message.message_id) else {
            return Err(CoreError::NotAPoll);
        };
        self.check_author_or_chief(message)?;
        if message.marks.poll_ended {
            return Err(CoreError::NothingToDo);
        }
        self.send_content(message.log, Deed::EndPoll.content(id, rng), now, rng)
    }

    /// Gives the acknowledgement that somebody's message asks for: its author and all others see it, and it stays.
    ///
    /// # Errors
    /// [`CoreError::NothingToDo`] if it asks for none, or has it; else as [`Self::send_content`].
    pub fn acknowledge(&mut self, message: &MessageView, now: UnixMillis, rng: &mut dyn Random) -> Sent {
        let me = self.me().ok_or(CoreError::NotJoined)?;
        let given = message.marks.acknowledged.iter().any(|one| one.person == me);
        let id = message.message_id.filter(|_| message.asks_acknowledgement && !message.own && !given);
        let content = Deed::Acknowledge.content(id.ok_or(CoreError::NothingToDo)?, rng);
        self.send_content(message.log, content, now, rng)
    }

    /// Says in `to` what a message says, marked as forwarded (rule M-12); of a poll nobody has chosen anything there. A file is fetched,
    /// and sent as [`crate::transfer::FileInfo::forwarding`] says.
    ///
    /// # Errors
    /// [`CoreError::NotAllowed`] for what is neither text nor poll; else as [`Self::send_content`].
    pub fn forward(&mut self, message: &MessageView, to: LogId, now: UnixMillis, rng: &mut dyn Random) -> Sent {
        let part = match &message.body {
            MessageBody::Text { text, .. } => text_part(text),
            MessageBody::Poll { poll } => poll.to_part()?,
            _ => return Err(CoreError::NotAllowed),
        };
        let mut content = MimiContent::new(random_bytes(rng), part);
        mark_forwarded(&mut content);
        self.send_content(to, content, now, rng)
    }

    /// Reacts to a message with an emoji, or another short text.
    ///
    /// # Errors
    /// [`CoreError::NotAReaction`] if `text` is none (rule M-4): blank, longer than [`crate::REACTION_BYTES_MAX`] bytes, or with
    /// control characters; else as [`Self::send_content`].
    pub fn react(&mut self, log: LogId, message: MessageId, text: &str, now: UnixMillis, rng: &mut dyn Random) -> Sent {
        if !is_reaction(text) {
            return Err(CoreError::NotAReaction);
        }
        let content = Deed::React(text.to_owned()).content(message, rng);
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
        let part = match &message.body {
            MessageBody::File { caption, .. } if caption == text => return Err(CoreError::NothingToDo),
            // A caption has no marks, and so no mentions.
            MessageBody::File { file, .. } => file.to_part(text),
            body => {
                let text = self.with_mentions(message.log, text);
                if matches!(body, MessageBody::Text { text: same, .. } if *same == text) {
                    return Err(CoreError::NothingToDo);
                }
                text_part(&text)
            }
        };
        let content = MimiContent::new(random_bytes(rng), part);
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
        self.check_author_or_chief(message)?;
        if matches!(message.body, MessageBody::Deleted) {
            return Err(CoreError::NothingToDo);
        }
        let content = deletion(id, rng);
        self.send_content(message.log, content, now, rng)
    }

    /// Only the author, and who looks after the group, may.
    fn check_author_or_chief(&mut self, message: &MessageView) -> Result<(), CoreError> {
        let me = self.me().ok_or(CoreError::NotJoined)?;
        let here = self.member_of(message.log)?.membership();
        if message.own || here.is_some_and(|here| here.is_chief(&me)) { Ok(()) } else { Err(CoreError::NotAllowed) }
    }
}
