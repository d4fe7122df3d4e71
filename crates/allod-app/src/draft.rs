//! What is being written in a conversation: something new, an answer, or an edit. Pure, so that it can be tested.

use std::collections::BTreeSet;

use allod_client_core::view::{MessageBody, MessageView};
use allod_wire::markup::to_type;
use allod_wire::mimi::MessageId;
use allod_wire::{Address, LogId};

/// Where something is written: in a conversation, or in a thread of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The conversation.
    pub log: LogId,
    /// The message that began the thread.
    pub thread: Option<MessageId>,
}

impl Place {
    /// In the conversation itself.
    pub fn conversation(log: LogId) -> Self {
        Self { log, thread: None }
    }
}

/// What was begun and not sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// As it stands in the field.
    pub text: String,
    /// What becomes of it.
    pub purpose: Purpose,
    /// It asks to be acknowledged.
    pub asks: bool,
}

/// What becomes of what is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Purpose {
    /// A message.
    #[default]
    New,
    /// An answer to this message.
    Answer(Box<MessageView>),
    /// This message says it from then on.
    Edit {
        /// The message.
        message: Box<MessageView>,
        /// What stood in the field before, and stands there again afterwards.
        before: String,
    },
}

impl Draft {
    /// From now on answers this message. What was begun stays, unless it was an edit.
    pub fn answer(&mut self, message: MessageView) {
        self.leave();
        self.purpose = Purpose::Answer(Box::new(message));
    }

    /// From now on changes this message, if it can be changed. The people are those of the conversation.
    pub fn edit(&mut self, message: MessageView, people: &BTreeSet<Address>) {
        let Some(text) = editable(&message).map(|text| to_type(text, people)) else { return };
        self.leave();
        let before = std::mem::replace(&mut self.text, text);
        self.purpose = Purpose::Edit { message: Box::new(message), before };
    }

    /// Leaves the answer or the edit; false if it is neither.
    pub fn leave(&mut self) -> bool {
        match std::mem::take(&mut self.purpose) {
            Purpose::New => false,
            Purpose::Answer(_) => true,
            Purpose::Edit { before, .. } => {
                self.text = before;
                true
            }
        }
    }

    /// It changes a message that is there.
    pub fn edits(&self) -> bool {
        matches!(self.purpose, Purpose::Edit { .. })
    }

    /// Takes what is to be sent; none while nothing is written.
    pub fn take(&mut self) -> Option<Self> {
        if self.text.trim().is_empty() {
            return None;
        }
        let mut taken = std::mem::take(self);
        taken.text = taken.text.trim().to_owned();
        if let Purpose::Edit { before, .. } = &mut taken.purpose {
            self.asks = taken.asks;
            self.text = std::mem::take(before);
        }
        Some(taken)
    }
}

/// The beginning of a name behind an `@`, where the text ends with one.
pub fn naming(text: &str) -> Option<&str> {
    let (before, name) = text.rsplit_once('@')?;
    let starts = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    (starts && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))).then_some(name)
}

/// What the user can change of a message: nothing of what others wrote, or of what is neither text nor file.
pub fn editable(message: &MessageView) -> Option<&str> {
    match &message.body {
        MessageBody::Text { text, .. } | MessageBody::File { caption: text, .. } if message.own => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::said;

    #[test]
    fn an_edit_gives_back_what_was_begun_before_it_left_or_sent() {
        let message = said(1, "alice", 0, "at nine");
        let mut draft = Draft { text: "by the way".into(), ..Draft::default() };
        draft.edit(message.clone(), &BTreeSet::new());
        assert_eq!(draft.text, "at nine");
        assert!(draft.leave());
        assert_eq!(draft, Draft { text: "by the way".into(), purpose: Purpose::New, asks: false });

        draft.edit(message, &BTreeSet::new());
        draft.text = " at ten ".into();
        let taken = draft.take().unwrap();
        assert_eq!(taken.text, "at ten");
        assert!(matches!(taken.purpose, Purpose::Edit { message, .. } if message.id.0[0] == 1));
        assert_eq!(draft, Draft { text: "by the way".into(), purpose: Purpose::New, asks: false });
    }

    #[test]
    fn an_answer_keeps_what_was_begun_and_takes_an_edit_back() {
        let mut draft = Draft { text: "gladly".into(), ..Draft::default() };
        draft.edit(said(1, "alice", 0, "at nine"), &BTreeSet::new());
        draft.answer(said(2, "bob", 1, "lunch?"));
        assert_eq!(draft.text, "gladly");
        let taken = draft.take().unwrap();
        assert!(matches!(taken.purpose, Purpose::Answer(message) if message.id.0[0] == 2));
        assert_eq!(draft, Draft::default());
    }

    #[test]
    fn somebody_is_being_named_behind_an_at_until_something_else_follows() {
        assert_eq!(naming("for @bo"), Some("bo"));
        assert_eq!(naming("(@"), Some(""));
        for text in ["for bob", "bob@a", "@bob and", "@bob\n", ""] {
            assert_eq!(naming(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_is_sent_while_nothing_is_written_and_what_others_wrote_is_not_changed() {
        let mut draft = Draft { text: " \n".into(), ..Draft::default() };
        assert_eq!(draft.take(), None);
        draft.edit(said(2, "bob", 1, "lunch?"), &BTreeSet::new());
        assert!(!draft.leave());
    }
}
