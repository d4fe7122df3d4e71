//! Content with a meaning of its own: formatted text, polls and votes, acknowledgements, receipts. Spec: M-7 to M-12.

use allod_crypto::{Random, random_bytes};
use allod_wire::markup::{self, BlockKind, Style, TEXT_MARKDOWN, Target};
use allod_wire::mimi::{Disposition, MessageId, MimiContent, NestedPart, Part, TEXT_PLAIN};
use allod_wire::{Position, cbor};
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::error::CoreError;

/// Most options of a poll (rule M-10).
pub const OPTIONS_MAX: usize = 12;
/// Longest question of a poll, in bytes.
pub const QUESTION_BYTES_MAX: usize = 500;
/// Longest option of a poll, in bytes.
pub const OPTION_BYTES_MAX: usize = 200;

/// The extension of a message that asks for acknowledgement (rule M-11).
const ASKS_ACKNOWLEDGEMENT: i64 = -41_233;
/// The extension of a message that was forwarded (rule M-12).
const FORWARDED: i64 = -41_234;
const RECEIPT: &str = "application/allod-receipt";
const POLL: &str = "application/allod-poll";
const VOTE: &str = "application/allod-vote";
const POLL_END: &str = "application/allod-poll-end";
const ACKNOWLEDGEMENT: &str = "application/allod-acknowledgement";

/// A question with answers to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(array)]
pub struct Poll {
    /// What is asked.
    #[n(0)]
    pub question: String,
    /// What can be answered.
    #[n(1)]
    pub options: Vec<String>,
    /// More than one answer may be chosen.
    #[n(2)]
    pub several: bool,
}

impl Poll {
    /// Whether it is one that is shown (rule M-10).
    fn is_sound(&self) -> bool {
        let is_text = |text: &String, max| !text.trim().is_empty() && text.len() <= max;
        let differ = |(at, option): (usize, &String)| !self.options[..at].contains(option);
        (2..=OPTIONS_MAX).contains(&self.options.len())
            && is_text(&self.question, QUESTION_BYTES_MAX)
            && self.options.iter().all(|option| is_text(option, OPTION_BYTES_MAX))
            && self.options.iter().enumerate().all(differ)
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        cbor::from_slice(bytes).ok().filter(Self::is_sound)
    }

    /// As the body of a message.
    ///
    /// # Errors
    /// [`CoreError::NotAPoll`] (rule M-10).
    pub(crate) fn to_part(&self) -> Result<NestedPart, CoreError> {
        if !self.is_sound() {
            return Err(CoreError::NotAPoll);
        }
        Ok(single(Disposition::RENDER, POLL, cbor::to_vec(self)))
    }
}

/// What a reaction does to its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    React(String),
    Vote(Vec<u8>),
    EndPoll,
    Acknowledge,
}

impl Deed {
    /// Of a reaction; `None` for one of another kind.
    pub(crate) fn read(part: &Part) -> Option<Self> {
        let Part::Single { content_type, content } = part else { return None };
        match content_type.as_str() {
            VOTE => Some(Self::Vote(cbor::from_slice(content).ok()?)),
            POLL_END => content.is_empty().then_some(Self::EndPoll),
            ACKNOWLEDGEMENT => content.is_empty().then_some(Self::Acknowledge),
            text if text.starts_with("text/plain") => Some(Self::React(String::from_utf8(content.clone()).ok()?)),
            _ => None,
        }
    }

    /// As content that does it to `to`.
    pub(crate) fn content(self, to: MessageId, rng: &mut dyn Random) -> MimiContent {
        let (content_type, content) = match self {
            Self::React(text) => (TEXT_PLAIN, text.into_bytes()),
            Self::Vote(options) => (VOTE, cbor::to_vec(&options)),
            Self::EndPoll => (POLL_END, Vec::new()),
            Self::Acknowledge => (ACKNOWLEDGEMENT, Vec::new()),
        };
        let body = single(Disposition::REACTION, content_type, content);
        MimiContent { in_reply_to: Some(to), ..MimiContent::new(random_bytes(rng), body) }
    }
}

/// How much of a log somebody has (rule M-9).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Receipt {
    #[n(0)]
    pub(crate) had: Position,
    #[n(1)]
    pub(crate) read: Position,
}

impl Receipt {
    /// Of content that is a receipt.
    pub(crate) fn read(content: &MimiContent) -> Option<Self> {
        match &content.body.part {
            Part::Single { content_type, content } if content_type == RECEIPT => cbor::from_slice(content).ok(),
            _ => None,
        }
    }

    pub(crate) fn content(self, rng: &mut dyn Random) -> MimiContent {
        MimiContent::new(random_bytes(rng), single(Disposition::UNSPECIFIED, RECEIPT, cbor::to_vec(&self)))
    }

    /// This and what was known before, where `end` is the first position that a receipt cannot speak of.
    pub(crate) fn and(self, known: Self, end: Position) -> Self {
        let had = self.had.max(self.read).min(Position(end.0.saturating_sub(1))).max(known.had);
        Self { had, read: self.read.min(Position(end.0.saturating_sub(1))).max(known.read) }
    }
}

/// The body of a message that says `text`, formatted if it has marks that change how it looks (rule M-7).
pub(crate) fn text_part(text: &str) -> NestedPart {
    let content_type = if is_formatted(text) { TEXT_MARKDOWN } else { TEXT_PLAIN };
    single(Disposition::RENDER, content_type, text.as_bytes().to_vec())
}

fn is_formatted(text: &str) -> bool {
    markup::parse(text).iter().any(|block| {
        let has_look = |span: &markup::Span| {
            let leads = match &span.target {
                Some(Target::Person(_)) => true,
                Some(Target::Link(link)) => link.url() != span.text,
                None => false,
            };
            leads || span.style != Style::default()
        };
        block.kind != BlockKind::Plain || block.spans.iter().any(has_look)
    })
}

pub(crate) fn is_poll(content_type: &str) -> bool {
    content_type == POLL
}

/// The thread of which content is an answer (rule M-8).
pub(crate) fn thread(content: &MimiContent) -> Option<MessageId> {
    <[u8; 32]>::try_from(content.topic.as_slice()).ok().map(Into::into)
}

/// The message asks for acknowledgement (rule M-11).
pub(crate) fn asks_acknowledgement(content: &MimiContent) -> bool {
    is_marked(content, ASKS_ACKNOWLEDGEMENT)
}

/// The message was forwarded (rule M-12).
pub(crate) fn is_forwarded(content: &MimiContent) -> bool {
    is_marked(content, FORWARDED)
}

pub(crate) fn ask_acknowledgement(content: &mut MimiContent) {
    content.extensions.push((ASKS_ACKNOWLEDGEMENT, vec![1].into()));
}

pub(crate) fn mark_forwarded(content: &mut MimiContent) {
    content.extensions.push((FORWARDED, vec![1].into()));
}

fn is_marked(content: &MimiContent, name: i64) -> bool {
    content.extensions.iter().any(|(other, value)| *other == name && value.as_slice() == [1])
}

fn single(disposition: Disposition, content_type: &str, content: Vec<u8>) -> NestedPart {
    let part = Part::Single { content_type: content_type.to_owned(), content };
    NestedPart { disposition, language: String::new(), part }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(question: &str, options: &[&str]) -> Poll {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Poll { question: question.to_owned(), options, several: false }
    }

    #[test]
    fn only_what_has_a_look_is_formatted_m_7() {
        for text in ["a plan", "2 * 3 * 4", "see https://a.example.", r"C:\new", "-5"] {
            assert!(!is_formatted(text), "{text}");
        }
        for text in ["**now**", "- one\n- two", "[the plan](https://a.example)", "`x`", "[@b](mimi://a.example/u/b)"] {
            assert!(is_formatted(text), "{text}");
        }
    }

    #[test]
    fn a_poll_that_cannot_be_answered_is_none_m_10() {
        let long = "x".repeat(QUESTION_BYTES_MAX + 1);
        let many: Vec<String> = (0..=OPTIONS_MAX).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let bad = [
            poll("?", &["a"]),
            poll("?", &["a", "a"]),
            poll("?", &["a", " "]),
            poll(" ", &["a", "b"]),
            poll(&long, &["a", "b"]),
            poll("?", &["a", &long[..=OPTION_BYTES_MAX]]),
            poll("?", &many),
        ];
        for poll in bad {
            assert_eq!(poll.to_part(), Err(CoreError::NotAPoll), "{poll:?}");
            assert_eq!(Poll::read(&cbor::to_vec(&poll)), None, "{poll:?}");
        }
        let good = poll("Monday?", &["yes", "no"]);
        assert_eq!(Poll::read(&cbor::to_vec(&good)), Some(good));
        assert_eq!(Poll::read(b"\x80"), None);
    }

    #[test]
    fn a_receipt_only_grows_and_speaks_of_nothing_behind_it_m_9() {
        let receipt = |had, read| Receipt { had: Position(had), read: Position(read) };
        assert_eq!(receipt(5, 3).and(receipt(4, 4), Position(9)), receipt(5, 4));
        assert_eq!(receipt(50, 90).and(receipt(0, 0), Position(9)), receipt(8, 8));
        assert_eq!(receipt(0, 7).and(receipt(0, 0), Position(9)), receipt(7, 7), "what was read was had");
    }
}
