//! What a store tells gateways after a commit, so that they deliver without reading it again. Spec: `spec/http.md`, rules H-4, H-5.
//!
//! A hint may be lost (a gateway starts late, a listener is slow): whoever needs completeness compares positions, and reads
//! what is missing from the store.

use std::sync::Arc;

use allod_wire::log::EntriesPage;
use allod_wire::secrets::TokenKey;
use allod_wire::{DeviceId, LogId, UserName};

/// What changed. All of it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Entries were appended to a log: one hint for each log in a group commit (more only if they exceed a page).
    Entries {
        /// The log.
        log: LogId,
        /// The entries as one page, complete with the receipt of the last: what subscribers at the place before it are sent.
        page: Arc<EntriesPage>,
        /// Token keys that are no member's any more after this page.
        revoked: Vec<TokenKey>,
    },
    /// The log is gone (rule L-12).
    LogGone {
        /// The log.
        log: LogId,
    },
    /// Something came into a device's inbox.
    Inbox {
        /// The device.
        device: DeviceId,
    },
    /// The devices of a user have changed, perhaps to none: the directory is behind (rule Y-3).
    DevicesChanged {
        /// The user.
        name: UserName,
    },
    /// The sessions of a device have ended: it was removed, disabled, or has a newer one.
    SessionEnded {
        /// The device.
        device: DeviceId,
    },
}

/// Called after each commit that changed something, on the store's own thread: must be quick, and must not wait for the store.
pub type Listener = Box<dyn Fn(&[Hint]) + Send + Sync>;
