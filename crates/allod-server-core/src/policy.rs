//! What an operator decides, and the bounds that nobody does.

use allod_wire::limits::BLOB_BYTES_MAX;
use allod_wire::{Day, Domain};

/// Tickets are good for this many days (rule A-5).
pub const TICKET_DAYS: u32 = 7;
/// Inbox tickets are good for this many days (rule I-2).
pub const INBOX_TICKET_DAYS: u32 = 30;
/// A session ends this many days after it was renewed (rule A-4).
pub const SESSION_DAYS: u32 = 30;
/// An upload that stays incomplete goes after this many days (rule B-5).
pub const UPLOAD_DAYS: u32 = 2;
/// A link for an own device is good on the day on which it was made and this many more: midnight is no obstacle.
pub const DEVICE_LINK_DAYS: u32 = 1;
/// A recovery link is good for this many days (rule A-10): a backup that is older does not let anybody in.
pub const RECOVERY_LINK_DAYS: u32 = 365;
/// The longest life of an invitation, in days.
pub const INVITE_DAYS_MAX: u32 = 365;
/// The most uses of one invitation.
pub const INVITE_USES_MAX: u32 = 1_000;
/// A caller's clock may be this far from ours, in milliseconds (rule A-4).
pub const CLOCK_SKEW_MILLIS_MAX: u64 = 5 * 60 * 1_000;
/// After trimming, a log still knows this many of its last entry ids (rule L-4).
pub const REMEMBERED_ENTRIES: u64 = 1_024;
/// The last position that a log can reach: a store packs it into 32 bits.
pub const POSITION_MAX: u64 = u32::MAX as u64;

/// An operator's choices that decisions depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The organisation's domain; certificates must name it.
    pub domain: Domain,
    /// Entries, blobs, inbox items and idle logs go after this many days (rules L-10, L-12, B-5, I-4).
    pub retention_days: u32,
    /// Largest blob, in bytes.
    pub blob_bytes_max: u64,
    /// What all blobs of one log may hold together, in bytes (rule B-5).
    pub log_blob_bytes_max: u64,
}

impl Policy {
    /// The defaults for a domain.
    pub fn new(domain: Domain) -> Self {
        Self { domain, retention_days: 90, blob_bytes_max: BLOB_BYTES_MAX, log_blob_bytes_max: 5 * BLOB_BYTES_MAX }
    }

    /// The first day that is still kept on `today`.
    pub fn kept_since(&self, today: Day) -> Day {
        Day(today.0.saturating_sub(self.retention_days))
    }
}
