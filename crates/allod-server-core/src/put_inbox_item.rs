//! Puts an item into a device's inbox. Spec: `spec/inbox.md`, rules I-2 to I-4.

use allod_crypto::digest::labelled;
use allod_wire::inbox::NewInboxItem;
use allod_wire::limits::{INBOX_ITEM_BYTES_MAX, INBOX_ITEMS_MAX};
use allod_wire::log::Digest;
use allod_wire::size_class::is_entry_class;
use allod_wire::{Day, DeviceId, Position};

use crate::failure::refusal;

/// Why an item is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PutInboxItemError {
    /// I-2: the ticket is unknown, expired, for another inbox, or was used for another item.
    #[error("the ticket is spent")]
    Spent,
    /// I-3: longer than 64 KiB.
    #[error("an item has at most {INBOX_ITEM_BYTES_MAX} bytes")]
    TooLarge,
    /// I-3: not of a size class.
    #[error("the item is not of a size class")]
    NotASizeClass,
    /// W-3: too much waits.
    #[error("the inbox is full")]
    Full,
}
refusal!(PutInboxItemError {
    Spent => Spent,
    TooLarge => TooLarge,
    NotASizeClass => NotASizeClass,
    Full => Full,
});

/// An inbox ticket as the server keeps it, under its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxTicketView {
    /// The inbox that it is for.
    pub device: DeviceId,
    /// Its last day.
    pub until: Day,
    /// The digest of the item that it was used for.
    pub used_for: Option<Digest>,
}

/// What the store holds that bears on an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxView {
    /// The ticket shown.
    pub ticket: Option<InboxTicketView>,
    /// Items that wait.
    pub waiting: usize,
    /// The last position ever given out in this inbox.
    pub last: Position,
}

/// What comes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Putting {
    /// It was put before: nothing to do.
    Before,
    /// It gets this place.
    Now(Position),
}

/// What tells the same item from another one.
pub fn item_digest(item: &NewInboxItem) -> Digest {
    labelled("allod inbox item v1", &[item.id.as_bytes(), &item.sealed])
}

/// Decides on an item for `device`, whose [`item_digest`] is `digest`.
///
/// # Errors
/// [`PutInboxItemError`].
pub fn put_inbox_item(
    view: &InboxView,
    device: DeviceId,
    item: &NewInboxItem,
    digest: &Digest,
    today: Day,
) -> Result<Putting, PutInboxItemError> {
    let good = |ticket: &&InboxTicketView| ticket.device == device && today <= ticket.until;
    let ticket = view.ticket.as_ref().filter(good).ok_or(PutInboxItemError::Spent)?;
    if let Some(used_for) = &ticket.used_for {
        return if used_for == digest { Ok(Putting::Before) } else { Err(PutInboxItemError::Spent) };
    }
    if item.sealed.len() > INBOX_ITEM_BYTES_MAX {
        return Err(PutInboxItemError::TooLarge);
    }
    if !is_entry_class(item.sealed.len()) {
        return Err(PutInboxItemError::NotASizeClass);
    }
    if view.waiting >= INBOX_ITEMS_MAX {
        return Err(PutInboxItemError::Full);
    }
    Ok(Putting::Now(view.last.next()))
}
