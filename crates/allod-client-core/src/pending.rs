//! Requests that wait for their answers: what each was for.

use allod_wire::account::NewInvite;
use allod_wire::inbox::UploadKeyPackages;
use allod_wire::ledger::Act;
use allod_wire::secrets::Ticket;
use allod_wire::{Address, BlobId, DeviceId, EntryId, LogId, Position};

use crate::effect::Verb;
use crate::erasure::Look;
use crate::history::HistoryCall;

/// What a request was for.
#[derive(Debug, Clone)]
pub(crate) enum Pending {
    /// What does the invitation offer?
    LookUp,
    /// Spend it.
    Join,
    /// A fresh session.
    Renew,
    /// On the account plane; made again with a fresh session if there was none.
    Account(AccountCall),
    /// Key packages for a job.
    Claim { log: LogId, address: Address },
    /// A new log.
    CreateLog { log: LogId, ticket: Ticket },
    /// A chunk of a welcome, or the question how much of it is there.
    Welcome { log: LogId, blob: BlobId },
    /// An inbox item.
    Deliver { log: LogId, item: EntryId },
    /// A part of a welcome for us.
    Fetch { log: LogId },
    /// Our own key package and the right to answer, to ask to be added again.
    RejoinOwn { log: LogId },
    /// The right to ask a member's device.
    RejoinPeer { log: LogId, device: Option<DeviceId> },
    /// The question itself.
    RejoinAsk { log: LogId },
    /// A history on its way between own devices.
    History(HistoryCall),
    /// What the directory says of somebody.
    LookUpEntry(Address),
    /// News of the ledger.
    News,
    /// Rows of a message that may have been deleted.
    Erasure(Look),
}

/// A request under the session.
#[derive(Debug, Clone)]
pub(crate) enum AccountCall {
    /// Own account.
    Account,
    /// How many key packages wait.
    Count,
    /// Key packages.
    Upload(UploadKeyPackages),
    /// Tickets.
    Tickets,
    /// The inbox has been read up to here.
    InboxCursor(Position),
    /// Everybody.
    People,
    /// An invitation.
    Invite(NewInvite),
    /// An own device out.
    RemoveDevice(DeviceId),
    /// What the directory has said of us.
    OwnHistory,
    /// An administrators' act.
    Act(Act),
}

impl AccountCall {
    /// Which verb of the user waits for it, if one does.
    pub(crate) fn verb(&self) -> Option<Verb> {
        match self {
            Self::People => Some(Verb::People),
            Self::Invite(NewInvite::Person { .. }) => Some(Verb::Invite),
            Self::Invite(NewInvite::Device | NewInvite::Recovery) => Some(Verb::DeviceLink),
            Self::RemoveDevice(_) => Some(Verb::RemoveDevice),
            Self::Act(_) => Some(Verb::Act),
            Self::OwnHistory | Self::Account | Self::Count | Self::Upload(_) | Self::Tickets | Self::InboxCursor(_) => {
                None
            }
        }
    }
}

impl Pending {
    /// The conversation that waits for it.
    pub(crate) fn log(&self) -> Option<LogId> {
        match self {
            Self::LookUpEntry(_)
            | Self::LookUp
            | Self::Join
            | Self::Renew
            | Self::News
            | Self::Account(_)
            | Self::History(_)
            | Self::Erasure(_) => None,
            Self::Claim { log, .. }
            | Self::CreateLog { log, .. }
            | Self::Welcome { log, .. }
            | Self::Deliver { log, .. }
            | Self::Fetch { log }
            | Self::RejoinOwn { log }
            | Self::RejoinPeer { log, .. }
            | Self::RejoinAsk { log } => Some(*log),
        }
    }
}
