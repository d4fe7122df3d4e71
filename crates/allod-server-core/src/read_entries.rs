//! Reads a page of a log. Spec: `spec/log.md`, rules L-2, L-10, L-11.

use allod_wire::Position;
use allod_wire::limits::{PAGE_BYTES_MAX, PAGE_ENTRIES_MAX};

use crate::failure::refusal;

/// Why a page is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// L-2: no such log, or the token does not open it.
    #[error("the token does not open this log")]
    UnknownToken,
}
refusal!(ReadError { UnknownToken => UnknownToken });

/// Which entries a page holds: fills up one by one until it says that it is full (rule L-11).
#[derive(Debug, Clone, Copy)]
pub struct PageBudget {
    entries: u32,
    bytes: usize,
}

impl PageBudget {
    /// For a page of at most `limit` entries.
    pub fn new(limit: u32) -> Self {
        Self { entries: limit.clamp(1, PAGE_ENTRIES_MAX), bytes: PAGE_BYTES_MAX }
    }

    /// Entries that may follow at most.
    pub fn entries(&self) -> u32 {
        self.entries
    }

    /// Whether one more entry of this size goes in. The first always does.
    pub fn take(&mut self, payload_bytes: usize, is_first: bool) -> bool {
        if self.entries == 0 || (payload_bytes > self.bytes && !is_first) {
            return false;
        }
        self.entries -= 1;
        self.bytes = self.bytes.saturating_sub(payload_bytes);
        true
    }
}

/// After which position a page begins that was asked for after `after`: a read from before the first kept entry starts there (rule L-10),
/// and one from beyond the last at the end.
pub fn page_start(after: Position, first: Position, last: Position) -> Position {
    after.max(Position(first.0.saturating_sub(1))).min(last)
}
