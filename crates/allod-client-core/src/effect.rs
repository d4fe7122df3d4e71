//! What the core asks of its shell, and what it tells the interface.

use allod_mls::WriteSet;
use allod_wire::error::ErrorBody;
use allod_wire::mimi::MessageId;
use allod_wire::socket::ClientFrame;
use allod_wire::{Address, DeviceId, EntryId, LogId};

use crate::error::AddFailure;
use crate::history::HistoryStep;
use crate::ledger::LedgerFault;
use crate::request::{HttpRequest, Plane};
use crate::view::{MessageView, PersonView, Status};

/// What the shell must do now, in this order.
#[derive(Debug)]
pub enum Effect {
    /// Write to the vault, all or nothing and durably, before anything that follows.
    Persist(WriteSet),
    /// Make this request, and hand its answer to [`crate::ClientCore::handle_response`].
    Request {
        /// Names the request in the answer.
        id: RequestId,
        /// The request.
        request: HttpRequest,
    },
    /// Read these rows of the vault, and hand them to [`crate::ClientCore::handle_rows`].
    Read {
        /// Names what was asked in the answer.
        id: RequestId,
        /// The first key.
        from: Vec<u8>,
        /// The key behind the last one.
        to: Vec<u8>,
        /// The first so many rows in order of key.
        limit: u32,
    },
    /// Say this on the plane's socket, if it is open still.
    Send {
        /// Which socket.
        plane: Plane,
        /// What to say.
        frame: ClientFrame,
    },
    /// Tell the interface.
    Event(Event),
}

/// Names a request between the core and its shell, for this run of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// What the interface may want to show.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The account exists, and this device belongs to it.
    Joined,
    /// The invitation was refused: nothing was made.
    JoinFailed(ErrorBody),
    /// Something about a conversation that its summary or its readers show; also said of a new one.
    ConversationChanged(LogId),
    /// A conversation is no longer there.
    ConversationGone(LogId),
    /// A new line in a conversation's history, own ones too.
    Message(Box<MessageView>),
    /// Something was done to a message, in the log or in the outbox: whoever shows it folds it again ([`crate::ClientCore::fold`]).
    /// It may be one that this device does not hold.
    MessageChanged {
        /// The conversation.
        log: LogId,
        /// The message.
        message_id: MessageId,
    },
    /// Somebody received or read more ([`crate::ClientCore::receipts`]).
    ReceiptsChanged(LogId),
    /// What became of a message that waits.
    Outbox {
        /// The conversation.
        log: LogId,
        /// The message.
        id: EntryId,
        /// How far it is.
        status: Status,
    },
    /// Who can read the conversation has changed.
    ReadersChanged {
        /// The conversation.
        log: LogId,
        /// Somebody or some device came in.
        wider: bool,
    },
    /// A person presents another identity key than the one known: a new start, or somebody in between (rule C-12).
    IdentityChanged {
        /// Who.
        person: Address,
        /// The user had compared safety numbers with them (rule C-19).
        verified: bool,
    },
    /// The server shows different logs to different people (rule C-4). Nothing is sent there until the user decides.
    ForkDetected(LogId),
    /// The server broke a rule in a way that can be proved; what it sent was not used.
    HubMisbehaved {
        /// Where.
        log: LogId,
        /// What it did.
        what: &'static str,
    },
    /// Somebody could not be added.
    CouldNotAdd {
        /// The conversation.
        log: LogId,
        /// Who.
        person: Address,
        /// Why.
        why: AddFailure,
    },
    /// A change of a conversation was given up, since it makes no sense or is not allowed any more.
    ChangeDropped {
        /// The conversation.
        log: LogId,
        /// Which verb had asked for it.
        verb: Verb,
    },
    /// Answer to [`crate::ClientCore::ask_people`].
    People(Vec<PersonView>),
    /// Answer to [`crate::ClientCore::invite_person`].
    InviteCreated {
        /// To pass on.
        link: String,
    },
    /// Answer to [`crate::ClientCore::recovery_link`].
    RecoveryLink {
        /// For a backup, and nowhere else.
        link: String,
    },
    /// Answer to [`crate::ClientCore::new_device_link`].
    DeviceLink {
        /// To open on the new device, and on no other.
        link: String,
    },
    /// Own devices, role or session.
    AccountChanged,
    /// An administrators' act is in the ledger.
    ActAppended {
        /// Where it stands.
        position: u64,
    },
    /// The ledger's news was taken, or refused: [`crate::ClientCore::ledger`] says how things stand.
    LedgerChanged {
        /// Why the last news was refused, if it was.
        fault: Option<LedgerFault>,
    },
    /// A history goes from one device of the account to another.
    History {
        /// The other device.
        device: DeviceId,
        /// How far it is.
        step: HistoryStep,
    },
    /// The server refused what the user asked.
    Refused {
        /// What was asked.
        verb: Verb,
        /// Why not.
        error: ErrorBody,
    },
}

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A new conversation.
    Start,
    /// People in.
    Add,
    /// People out.
    Remove,
    /// Oneself out.
    Leave,
    /// Title, roles, rules.
    Configure,
    /// A message.
    Send,
    /// The list of people.
    People,
    /// An invitation.
    Invite,
    /// A link for an own device.
    DeviceLink,
    /// An own device out.
    RemoveDevice,
    /// An administrators' act.
    Act,
    /// An own device in.
    AddDevice,
    /// Being signed in: refused when this device was removed from the account, or its clock is wrong.
    Session,
}
