//! An entry of the log before it is decrypted: what its envelope says.

use allod_wire::ids::LogId;
use openmls::prelude::{ContentType, MlsMessageBodyIn, MlsMessageIn, ProtocolMessage};

use crate::codec::from_tls;
use crate::error::ProcessError;

/// What a message claims to be; only decryption proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// What somebody says.
    Content,
    /// A wish to leave.
    Proposal,
    /// A change of the conversation, to a new epoch.
    Commit,
}

/// A `PrivateMessage` as received: it decodes, and nothing more is known about it.
#[derive(Debug)]
pub struct MessageIn(pub(crate) ProtocolMessage);

impl MessageIn {
    /// Reads an entry. Anything but a `PrivateMessage` is refused here, so that no one outside the group has a say.
    ///
    /// # Errors
    /// [`ProcessError::Malformed`] or [`ProcessError::NotPrivate`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ProcessError> {
        let message = from_tls::<MlsMessageIn>(bytes).map_err(|_| ProcessError::Malformed)?;
        match message.extract() {
            MlsMessageBodyIn::PrivateMessage(message) => Ok(Self(message.into())),
            _ => Err(ProcessError::NotPrivate),
        }
    }

    /// The epoch that it names.
    pub fn epoch(&self) -> u64 {
        self.0.epoch().as_u64()
    }

    /// What it claims to be.
    pub fn kind(&self) -> MessageKind {
        match self.0.content_type() {
            ContentType::Application => MessageKind::Content,
            ContentType::Proposal => MessageKind::Proposal,
            ContentType::Commit => MessageKind::Commit,
        }
    }

    /// It names this conversation.
    pub fn is_for(&self, log_id: &LogId) -> bool {
        self.0.group_id().as_slice() == log_id.as_bytes()
    }
}
