//! A commit under way: from claiming key packages to the last welcome delivered. One row, so each step survives a crash.
//!
//! Claim → (create the log) → stage → upload the welcome → append → confirmed by the log → deliver welcomes → done.
//! A commit that lost its race goes back to "stage" and keeps what was claimed (rule C-8).

use allod_wire::blob::BlobRef;
use allod_wire::inbox::ClaimedDevice;
use allod_wire::log::NewEntry;
use allod_wire::secrets::InboxTicket;
use allod_wire::{Address, DeviceId, EntryId};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::intent::Intent;

/// The row `j/LOG`.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Job {
    /// What the present commit is for; none when only deliveries are left.
    #[n(0)]
    pub(crate) intent: Option<Intent>,
    /// Whose key packages are to be claimed still.
    #[n(1)]
    pub(crate) to_claim: Vec<Claim>,
    /// What was claimed and validated.
    #[n(2)]
    pub(crate) claimed: Vec<ClaimedDevice>,
    /// The commit, once staged.
    #[n(3)]
    pub(crate) staged: Option<Staged>,
    /// Welcomes of confirmed commits that are not delivered yet.
    #[n(4)]
    pub(crate) deliveries: Vec<Delivery>,
}

/// One user's key packages to claim.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Claim {
    #[n(0)]
    pub(crate) address: Address,
    /// Only of these devices; of all when empty.
    #[n(1)]
    pub(crate) devices: Vec<DeviceId>,
}

/// A staged commit.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Staged {
    #[n(0)]
    pub(crate) entry: NewEntry,
    /// The shared part of the welcome, sealed as a blob, until it is uploaded.
    #[n(1)]
    pub(crate) upload: Option<WelcomeUpload>,
    #[n(2)]
    pub(crate) shared: Option<BlobRef>,
    /// Each newcomer's own part.
    #[n(3)]
    pub(crate) newcomers: Vec<Newcomer>,
}

/// A blob in memory, on its way.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct WelcomeUpload {
    #[n(0)]
    pub(crate) sealed: ByteVec,
    /// What the server has.
    #[n(1)]
    pub(crate) received: u64,
}

/// A device that comes in with the staged commit.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Newcomer {
    #[n(0)]
    pub(crate) device: DeviceId,
    #[n(1)]
    pub(crate) inbox_key: ByteVec,
    #[n(2)]
    pub(crate) ticket: InboxTicket,
    #[n(3)]
    pub(crate) own: ByteVec,
}

/// A sealed item for somebody's inbox.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Delivery {
    #[n(0)]
    pub(crate) device: DeviceId,
    #[n(1)]
    pub(crate) ticket: InboxTicket,
    #[n(2)]
    pub(crate) item: EntryId,
    #[n(3)]
    pub(crate) sealed: ByteVec,
}

impl Job {
    pub(crate) fn new(intent: Intent, to_claim: Vec<Claim>) -> Self {
        Self { intent: Some(intent), to_claim, claimed: Vec::new(), staged: None, deliveries: Vec::new() }
    }

    /// The intent is done or given up; deliveries may remain.
    pub(crate) fn close_intent(&mut self) {
        self.intent = None;
        self.to_claim.clear();
        self.claimed.clear();
        self.staged = None;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.intent.is_none() && self.deliveries.is_empty()
    }
}
