//! Frames of the WebSocket: subscriptions to many logs, and appends without a request each. Spec: `spec/http.md`, rules H-3 to H-8.
//!
//! One binary WebSocket message is one frame. A client keeps two sockets: one for its inbox (which names its account) and one
//! for its logs (which names nobody), so that no connection ties the two together.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::error::ErrorBody;
use crate::ids::{EntryId, LogId};
use crate::inbox::InboxPage;
use crate::limits::WHISPER_BYTES;
use crate::log::{EntriesPage, NewEntry, Receipt};
use crate::secrets::{SessionToken, Token};
use crate::units::Position;

/// What is said to those who listen now, sealed (rule M-13).
pub type Whisper = ByteArray<WHISPER_BYTES>;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ClientFrame {
    /// Send me this log's entries after `after`, and go on as they come.
    #[n(0)]
    Subscribe {
        /// The log.
        #[n(0)]
        log: LogId,
        /// The right to.
        #[n(1)]
        token: Token,
        /// The last position I have.
        #[n(2)]
        after: Position,
    },
    /// No more of this log.
    #[n(1)]
    Unsubscribe {
        /// The log.
        #[n(0)]
        log: LogId,
    },
    /// Append to a log that I am subscribed to.
    #[n(2)]
    Append {
        /// The log.
        #[n(0)]
        log: LogId,
        /// The entry.
        #[n(1)]
        entry: NewEntry,
    },
    /// I need nothing of this log up to here.
    #[n(3)]
    Passed {
        /// The log.
        #[n(0)]
        log: LogId,
        /// The last position that I need no more.
        #[n(1)]
        position: Position,
    },
    /// Send me my inbox, and go on as items come.
    #[n(4)]
    SubscribeInbox {
        /// Names the device.
        #[n(0)]
        session: SessionToken,
        /// The last position I have.
        #[n(1)]
        after: Position,
    },
    /// To the other subscribers of a log that I am subscribed to: nothing is kept, nothing answers (rule H-8).
    #[n(5)]
    Whisper {
        /// The log.
        #[n(0)]
        log: LogId,
        /// What is said.
        #[n(1)]
        whisper: Whisper,
    },
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ServerFrame {
    /// Entries of a log, in order, without gaps. The same bytes go to all subscribers that wait at the same place.
    #[n(0)]
    Entries {
        /// The log.
        #[n(0)]
        log: LogId,
        /// The entries. An empty page answers a subscription that is already at the end.
        #[n(1)]
        page: EntriesPage,
    },
    /// An append was accepted (now or before) and is on disk.
    #[n(1)]
    Accepted {
        /// The proof; names the log and the entry.
        #[n(0)]
        receipt: Receipt,
    },
    /// An append was refused.
    #[n(2)]
    Refused {
        /// The log.
        #[n(0)]
        log: LogId,
        /// The entry.
        #[n(1)]
        entry: EntryId,
        /// Why.
        #[n(2)]
        error: ErrorBody,
    },
    /// A subscription was refused, or has ended (the token was revoked).
    #[n(3)]
    Ended {
        /// The log.
        #[n(0)]
        log: LogId,
        /// Why.
        #[n(1)]
        error: ErrorBody,
    },
    /// Items of the inbox.
    #[n(4)]
    Inbox {
        /// The items.
        #[n(0)]
        page: InboxPage,
    },
    /// The socket as a whole is at fault; the server closes it next.
    #[n(5)]
    Failed {
        /// Why.
        #[n(0)]
        error: ErrorBody,
    },
    /// Another subscriber said so just now (rule H-8).
    #[n(6)]
    Whisper {
        /// The log.
        #[n(0)]
        log: LogId,
        /// What is said.
        #[n(1)]
        whisper: Whisper,
    },
}
