//! What goes, and when. Spec: `spec/log.md`, rules L-4, L-10, L-12; `spec/blob.md`, rule B-5; `spec/inbox.md`, rule I-4.

use allod_wire::{Day, Position};

use crate::log_state::LogState;
use crate::policy::{Policy, REMEMBERED_ENTRIES};

/// What a sweep took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Logs that had lain idle.
    pub logs: u64,
    /// Entries whose content went.
    pub entries: u64,
    /// Blobs and incomplete uploads.
    pub blobs: u64,
    /// Inbox items.
    pub inbox_items: u64,
    /// Tickets, invitations and inbox tickets past their last day.
    pub rights: u64,
}

/// What to do with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Stays,
    /// L-12: the log goes, with its tokens and blobs.
    Goes,
    /// L-10: the content of entries before `first` goes. What their receipts say goes up to `forgotten` (rule L-4).
    Trimmed {
        /// The first entry that is still kept whole.
        first: Position,
        /// The last entry of which nothing is remembered.
        forgotten: Position,
    },
}

/// Decides on a log. `expired` is the last position whose entry is older than the retention limit (0 if none is).
pub fn fate(log: &LogState, expired: Position, policy: &Policy, today: Day) -> Fate {
    if log.day < policy.kept_since(today) {
        return Fate::Goes;
    }
    // A log whose members have all left has nobody who needs anything.
    let passed = log.members.values().map(|member| member.cursor).min().unwrap_or(log.last);
    let first = passed.max(expired).next();
    if first <= log.first {
        return Fate::Stays;
    }
    Fate::Trimmed { first, forgotten: forgotten(first, log.last) }
}

/// The last position that is forgotten altogether: trimmed, and not among the last [`REMEMBERED_ENTRIES`].
pub fn forgotten(first: Position, last: Position) -> Position {
    Position(last.0.saturating_sub(REMEMBERED_ENTRIES).min(first.0.saturating_sub(1)))
}
