//! What the vault keeps for search: segments of texts, the last of them open.
//!
//! The open segment is part of the row `w`, which is written together with the history that it follows from. When it is full it becomes a
//! row `w/NUMBER` of its own, which only a deletion rewrites. Texts stand in them as they were written: how they are folded
//! is the release's affair and changes without indexing anew.

use std::collections::BTreeMap;

use allod_wire::mimi::MessageId;
use allod_wire::{Address, LogId, Position, UnixMillis};
use minicbor::{Decode, Encode};

/// A segment is closed with so many messages.
const SEGMENT_RECORDS_MAX: usize = 64;
/// A segment is closed with so many bytes of text.
const SEGMENT_BYTES_MAX: usize = 16 << 10;
/// So much of a message is searched, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 64 << 10;

/// A message as search keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Record {
    #[n(0)]
    pub(crate) log: LogId,
    #[n(1)]
    pub(crate) position: Position,
    /// By the author's clock.
    #[n(2)]
    pub(crate) time: UnixMillis,
    #[n(3)]
    pub(crate) sender: Address,
    #[n(4)]
    pub(crate) message: MessageId,
    /// It is an edit of this message, or takes it back if the text is empty.
    #[n(5)]
    pub(crate) replaces: Option<MessageId>,
    #[n(6)]
    pub(crate) text: String,
    /// Its author looked after the group at this place of the log, and may take back what others said.
    #[n(7)]
    pub(crate) chief: bool,
}

/// A closed segment, the row `w/NUMBER`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Segment {
    #[n(0)]
    pub(crate) records: Vec<Record>,
}

/// The row `w`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct SearchRow {
    /// What the open segment will be called.
    #[n(0)]
    pub(crate) number: u64,
    /// The open segment.
    #[n(1)]
    pub(crate) open: Vec<Record>,
    /// Conversations whose history before a position is older than search and not indexed yet.
    #[n(2)]
    pub(crate) behind: BTreeMap<LogId, Position>,
}

impl SearchRow {
    /// Whether the open segment is to be closed.
    pub(crate) fn is_full(&self) -> bool {
        let bytes: usize = self.open.iter().map(|record| record.text.len()).sum();
        self.open.len() >= SEGMENT_RECORDS_MAX || bytes >= SEGMENT_BYTES_MAX
    }

    /// Closes the open segment, and says under which number.
    pub(crate) fn close(&mut self) -> (u64, Segment) {
        let number = self.number;
        self.number += 1;
        (number, Segment { records: std::mem::take(&mut self.open) })
    }
}

/// The beginning of `text`, as far as it is searched.
pub(crate) fn bounded(mut text: String) -> String {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        let text = format!("a{}", "é".repeat(TEXT_BYTES_MAX));
        assert_eq!(bounded(text).len(), TEXT_BYTES_MAX - 1);
        assert_eq!(bounded("short".into()), "short");
    }
}
