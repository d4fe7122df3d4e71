//! What others, and its author later, did to a message: the part of a line that changes after it was written.

use allod_wire::mimi::MessageId;
use allod_wire::{Address, UnixMillis};
use serde::Serialize;

use crate::view::{as_text, as_text_option, as_texts, digest_option, millis};

/// What was done to a message. Made by [`crate::ClientCore::fold`]; empty before.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Marks {
    /// What it said before it was edited, oldest first; empty if it never was.
    pub former: Vec<FormerText>,
    /// Who deleted it for everyone, if somebody did. Its body is then [`crate::view::MessageBody::Deleted`].
    #[serde(serialize_with = "as_text_option")]
    pub deleted_by: Option<Address>,
    /// In the order in which they first came.
    pub reactions: Vec<ReactionView>,
    /// Of a poll: who chose each option.
    pub votes: Vec<Vec<Voter>>,
    /// The poll was ended: votes count no more.
    pub poll_ended: bool,
    /// Who gave the acknowledgement that it asks for, in the order in which they came.
    pub acknowledged: Vec<Acknowledgement>,
    /// The answers in its thread, if there are any.
    pub answers: Option<Answers>,
}

/// Somebody who chose an option of a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Voter(#[serde(serialize_with = "as_text")] pub Address);

/// Somebody who has acknowledged a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acknowledgement {
    /// Who.
    #[serde(serialize_with = "as_text")]
    pub person: Address,
    /// By their clock.
    #[serde(serialize_with = "millis")]
    pub time: UnixMillis,
}

/// What is in a message's thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answers {
    /// How many there are.
    pub count: usize,
    /// How many of others came since the user last looked at the thread, or wrote in it.
    pub new: usize,
    /// By whom, in the order in which they first answered.
    #[serde(serialize_with = "as_texts")]
    pub people: Vec<Address>,
    /// When the last one was written, by its author's clock.
    #[serde(serialize_with = "millis")]
    pub last: UnixMillis,
}

/// A text that was replaced by an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormerText {
    /// By its author's clock.
    #[serde(serialize_with = "millis")]
    pub time: UnixMillis,
    /// The text, or a file's caption.
    pub text: String,
}

/// A reaction, with everybody who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReactionView {
    /// An emoji, usually; at most [`crate::REACTION_BYTES_MAX`] bytes.
    pub text: String,
    /// Who, in the order in which they came.
    #[serde(serialize_with = "as_texts")]
    pub people: Vec<Address>,
    /// Our own, by which [`crate::ClientCore::take_back`] takes it back; none if it is of others alone.
    #[serde(serialize_with = "digest_option")]
    pub own: Option<MessageId>,
}

/// The beginning of the message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuoteView {
    /// Its author.
    #[serde(serialize_with = "as_text")]
    pub sender: Address,
    /// Its place, to go there.
    pub position: Option<u64>,
    /// Its beginning; none if it was deleted.
    pub text: Option<String>,
}

impl Marks {
    /// It is not as it was first written.
    pub fn is_edited(&self) -> bool {
        !self.former.is_empty()
    }
}
