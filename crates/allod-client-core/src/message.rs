//! What history holds: a row for each entry of the log that says something to a person.

use allod_crypto::digest::labelled;
use allod_wire::account::DeviceClass;
use allod_wire::cbor;
use allod_wire::mimi::{MessageId, MimiContent};
use allod_wire::{Address, Day, DeviceId, EntryId, LogId, Position, UnixMillis};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::state::Role;
use crate::view::as_text;

/// The MIMI extension in which the author's own clock stands: 8 bytes big-endian, milliseconds (rule C-13).
pub(crate) const TIME_EXTENSION: i64 = -41_232;
/// Longest MIMI content, in bytes: what certainly fits into the largest entry.
pub(crate) const CONTENT_BYTES_MAX: usize = (4 << 20) - (8 << 10);

/// The row `h/LOG POSITION`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct StoredMessage {
    #[n(0)]
    pub(crate) entry: EntryId,
    #[n(1)]
    pub(crate) position: Position,
    /// The day on which the hub accepted it.
    #[n(2)]
    pub(crate) day: Day,
    /// The author's clock for content, ours for what happened.
    #[n(3)]
    pub(crate) time: UnixMillis,
    #[n(4)]
    pub(crate) sender: Address,
    #[n(5)]
    pub(crate) device: DeviceId,
    #[n(6)]
    pub(crate) body: StoredBody,
}

impl StoredMessage {
    /// By which other messages name it; none for what happened.
    pub(crate) fn id(&self, log: LogId) -> Option<MessageId> {
        match &self.body {
            StoredBody::Content(content) => Some(message_id(log, &self.sender, content)),
            StoredBody::Erased(id, _) => Some(*id),
            StoredBody::System(_) => None,
        }
    }
}

/// What a row shows.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum StoredBody {
    /// What somebody said.
    #[n(0)]
    Content(#[n(0)] ByteVec),
    /// What happened to the conversation.
    #[n(1)]
    System(#[n(0)] Vec<SystemEvent>),
    /// What somebody said and was deleted for everyone: its message id and its thread remain (rule M-15).
    #[n(2)]
    Erased(#[n(0)] MessageId, #[n(1)] Option<MessageId>),
}

/// Something that happened to a conversation, as a line in it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SystemEvent {
    /// We came in.
    #[n(0)]
    Joined {
        /// Who brought us in; ourselves if we started it.
        #[n(0)]
        #[serde(serialize_with = "as_text")]
        by: Address,
    },
    /// Somebody came in.
    #[n(1)]
    Added {
        /// Who.
        #[n(0)]
        #[serde(serialize_with = "as_text")]
        person: Address,
        /// Who did it.
        #[n(1)]
        #[serde(serialize_with = "as_text")]
        by: Address,
    },
    /// Somebody was taken out.
    #[n(2)]
    Removed {
        /// Who.
        #[n(0)]
        #[serde(serialize_with = "as_text")]
        person: Address,
        /// Who did it.
        #[n(1)]
        #[serde(serialize_with = "as_text")]
        by: Address,
    },
    /// Somebody left.
    #[n(3)]
    Left {
        /// Who.
        #[n(0)]
        #[serde(serialize_with = "as_text")]
        person: Address,
    },
    /// A member has one more device that reads.
    #[n(4)]
    DeviceAdded {
        /// Whose.
        #[n(0)]
        #[serde(serialize_with = "as_text")]
        person: Address,
        /// What it is.
        #[n(1)]
        #[serde(serialize_with = "crate::view::class_text")]
        class: DeviceClass,
        /// Who did it.
        #[n(2)]
        #[serde(serialize_with = "as_text")]
        by: Address,
    },
    /// A member has one device less.
    #[n(5)]
    DeviceRemoved {
        /// Whose.
        #[n(0)]
        #[serde(serialize_with = "as_text")]
        person: Address,
        /// Who did it.
        #[n(1)]
        #[serde(serialize_with = "as_text")]
        by: Address,
    },
    /// A device that had lost the thread is back.
    #[n(6)]
    DeviceBack {
        /// Whose.
        #[n(0)]
        #[serde(serialize_with = "as_text")]
        person: Address,
    },
    /// Another title.
    #[n(7)]
    Renamed {
        /// The title.
        #[n(0)]
        title: String,
        /// Who did it.
        #[n(1)]
        #[serde(serialize_with = "as_text")]
        by: Address,
    },
    /// Another role.
    #[n(8)]
    RoleChanged {
        /// Whose.
        #[n(0)]
        #[serde(serialize_with = "as_text")]
        person: Address,
        /// The role.
        #[n(1)]
        role: Role,
        /// Who did it.
        #[n(2)]
        #[serde(serialize_with = "as_text")]
        by: Address,
    },
    /// Whether plain members add people.
    #[n(9)]
    MembersAdd {
        /// They do.
        #[n(0)]
        allowed: bool,
        /// Who did it.
        #[n(1)]
        #[serde(serialize_with = "as_text")]
        by: Address,
    },
    /// Messages from before were removed by the retention limit before this device could read them.
    #[n(10)]
    MessagesMissing,
    /// We were taken out, and the hub shows nothing more, so not by whom.
    #[n(11)]
    TakenOut,
    /// A member's device stands under another identity key than the one known (rule C-20).
    #[n(12)]
    IdentityChanged {
        /// Whose.
        #[n(0)]
        #[serde(serialize_with = "as_text")]
        person: Address,
        /// The user had compared safety numbers with them.
        #[n(1)]
        verified: bool,
    },
}

/// The same content with the author's clock in it, unless it has one.
pub(crate) fn stamped(mut content: MimiContent, now: UnixMillis) -> MimiContent {
    if !content.extensions.iter().any(|(name, _)| *name == TIME_EXTENSION) {
        content.extensions.push((TIME_EXTENSION, now.0.to_be_bytes().to_vec().into()));
    }
    content
}

/// The author's clock, if the content says it.
pub(crate) fn claimed_time(content: &MimiContent) -> Option<UnixMillis> {
    let (_, bytes) = content.extensions.iter().find(|(name, _)| *name == TIME_EXTENSION)?;
    Some(UnixMillis(u64::from_be_bytes(bytes.as_slice().try_into().ok()?)))
}

/// The id by which other messages name this one (rule C-13).
pub(crate) fn message_id(log: LogId, sender: &Address, content: &[u8]) -> MessageId {
    labelled("allod message v1", &[log.as_bytes(), &cbor::to_vec(sender), content])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authors_clock_is_in_the_content_and_reads_back_c_13() {
        let content = stamped(MimiContent::text([1; 16], "hi"), UnixMillis(1_234));
        let again: MimiContent = cbor::from_slice(&cbor::to_vec(&content)).unwrap();
        assert_eq!(claimed_time(&again), Some(UnixMillis(1_234)));
        assert_eq!(stamped(again, UnixMillis(9)), content, "stamped once");
    }

    #[test]
    fn the_same_content_has_another_id_for_another_sender_or_log_c_13() {
        let id = |log, sender: &str| message_id(LogId([log; 32]), &sender.parse().unwrap(), b"c");
        assert_ne!(id(1, "a@a.example"), id(2, "a@a.example"));
        assert_ne!(id(1, "a@a.example"), id(1, "b@a.example"));
    }
}
