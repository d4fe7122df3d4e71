//! Reads and clears one's own inbox. Spec: `spec/inbox.md`, rule I-4.

use allod_wire::limits::{PAGE_BYTES_MAX, PAGE_ENTRIES_MAX};

/// Items in one page of an inbox at most.
pub const INBOX_PAGE_ITEMS_MAX: u32 = PAGE_ENTRIES_MAX;
/// Bytes of items in one page of an inbox at most: a page holds at least one item.
pub const INBOX_PAGE_BYTES_MAX: usize = PAGE_BYTES_MAX;
