//! What can go wrong, one enum for each operation, and whose fault it is.

use crate::suite::Suite;

/// What lies beneath an error: the library's own word for it, for a log and a debugger.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Whose fault an error is, which decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A peer misbehaved: keep the evidence, skip the input.
    Peer,
    /// The user may not do this here and now: say so.
    NotAllowed,
    /// Somebody was faster, or the input was seen before: catch up, perhaps try again.
    Stale,
    /// Our own state is damaged or the library failed: report it as ours.
    Bug,
}

/// Why a received key package is refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyPackageError {
    /// The bytes are no key package.
    #[error("not a key package")]
    Malformed,
    /// It is for a cipher suite that is not the conversation's.
    #[error("the key package is not for {expected:?}")]
    WrongSuite {
        /// The suite of the conversation.
        expected: Suite,
    },
    /// A signature or a key in it is wrong.
    #[error("the key package does not verify")]
    Invalid(#[source] Source),
    /// It breaks a rule of Allod's leaves: basic credential, token, capabilities, lifetime.
    #[error("the key package is not from an Allod client")]
    NotOurs,
}

/// Why a device could not make something new: a key package, a conversation.
#[derive(Debug, thiserror::Error)]
pub enum CreateGroupError {
    /// A conversation with this id is there already.
    #[error("a conversation with this id exists")]
    Exists,
    /// The library failed.
    #[error("the MLS library failed")]
    Internal(#[source] Source),
}

/// Why a conversation cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadGroupError {
    /// A row is damaged, or rows are missing.
    #[error("the stored conversation is damaged")]
    Damaged(#[source] Source),
    /// It uses a suite that this release does not know.
    #[error("the stored conversation has an unknown cipher suite")]
    UnknownSuite,
}

/// Why a Welcome does not let us in.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The bytes are no Welcome.
    #[error("not a welcome")]
    Malformed,
    /// It is for a key package that we do not have, or no longer: perhaps it was used already.
    #[error("the welcome is for an unknown key package")]
    UnknownKeyPackage,
    /// It leads to another conversation than announced.
    #[error("the welcome is for another conversation")]
    WrongLog,
    /// We are in that conversation, and the caller did not ask to replace it.
    #[error("already a member of this conversation")]
    AlreadyMember,
    /// Something in it does not decrypt or verify.
    #[error("the welcome does not verify")]
    Invalid(#[source] Source),
    /// The group breaks a rule of Allod's groups: state component, wire format, leaves.
    #[error("the group is not an Allod conversation")]
    NotOurs,
}

/// Why a change to the conversation cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// We are no longer a member.
    #[error("no longer a member of this conversation")]
    Removed,
    /// An own commit waits to be confirmed or abandoned.
    #[error("an own commit is pending")]
    PendingCommit,
    /// There is no own commit to confirm.
    #[error("no own commit is pending")]
    NoPendingCommit,
    /// One of those to be removed is not a member (any more).
    #[error("one of those to be removed is not a member")]
    UnknownMember,
    /// A member cannot remove itself by its own commit; it proposes to leave.
    #[error("a member cannot remove itself")]
    RemovesSelf,
    /// One of those to be added is a member already, or is to be added twice.
    #[error("one of those to be added is already a member")]
    AlreadyMember,
    /// A key package is not for this conversation's suite.
    #[error("a key package is for another cipher suite")]
    WrongSuite,
    /// The staged commit is for another epoch or conversation.
    #[error("the commit is not for the current epoch")]
    WrongEpoch,
    /// The library refused, for a reason that this crate should have caught.
    #[error("the MLS library refused the change")]
    Internal(#[source] Source),
}

/// Why a message cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptError {
    /// We are no longer a member.
    #[error("no longer a member of this conversation")]
    Removed,
    /// Somebody asked to leave: that has to be committed before anything is said (RFC 9420, section 12.4).
    #[error("a proposal has to be committed first")]
    PendingProposals,
    /// The library failed.
    #[error("the MLS library failed")]
    Internal(#[source] Source),
}

/// Why a secret cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// We are no longer a member.
    #[error("no longer a member of this conversation")]
    Removed,
    /// The secret of this component was exported in this epoch already; it exists once.
    #[error("this secret was exported already")]
    Used,
    /// The length is not one that can be derived.
    #[error("a secret of this length cannot be derived")]
    Length,
    /// The library failed.
    #[error("the MLS library failed")]
    Internal(#[source] Source),
}

/// Why an entry of the log says nothing to us.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The bytes are no MLS message.
    #[error("not an MLS message")]
    Malformed,
    /// It is an MLS message of a kind that a log never holds, such as an unencrypted handshake.
    #[error("an MLS message of a kind that is not allowed here")]
    NotPrivate,
    /// It is for another conversation.
    #[error("a message for another conversation")]
    WrongGroup,
    /// A handshake of another epoch (a commit that lost its race, say), or content of an epoch that we do not know yet.
    #[error("a message of epoch {theirs} while ours is {ours}")]
    WrongEpoch {
        /// The epoch that the message names.
        theirs: u64,
        /// The epoch that we are in.
        ours: u64,
    },
    /// Content of an earlier epoch that we have no key for: too long ago, before we came, or far out of order.
    #[error("a message of epoch {theirs}, which is too old")]
    TooOld {
        /// The epoch that the message names.
        theirs: u64,
    },
    /// The key for it was used or dropped: seen before, or far out of order.
    #[error("a message that was seen before")]
    Duplicate,
    /// Its sender is too many messages ahead of what we have seen.
    #[error("a message too far ahead")]
    TooFarAhead,
    /// We wrote it.
    #[error("a message of our own")]
    Own,
    /// We are no longer a member.
    #[error("no longer a member of this conversation")]
    Removed,
    /// It does not decrypt with the keys of its epoch.
    #[error("a message that does not decrypt")]
    NotDecryptable,
    /// It decrypts, but the signature or the sender is wrong.
    #[error("a message that does not verify")]
    Invalid(#[source] Source),
    /// It is a commit that breaks a rule of MLS.
    #[error("an invalid commit")]
    InvalidCommit(#[source] Source),
    /// It proposes or commits something that no Allod client does.
    #[error("a proposal that is not allowed here")]
    ForbiddenProposal,
    /// It brings in a leaf that breaks a rule of Allod's leaves.
    #[error("a leaf that is not from an Allod client")]
    NotOurs,
    /// The library failed, or our state is damaged.
    #[error("the MLS library failed")]
    Internal(#[source] Source),
}

impl KeyPackageError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        Fault::Peer
    }
}

impl CreateGroupError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Exists => Fault::NotAllowed,
            Self::Internal(_) => Fault::Bug,
        }
    }
}

impl LoadGroupError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        Fault::Bug
    }
}

impl JoinError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::UnknownKeyPackage | Self::AlreadyMember => Fault::Stale,
            Self::Malformed | Self::WrongLog | Self::Invalid(_) | Self::NotOurs => Fault::Peer,
        }
    }
}

impl CommitError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Removed | Self::RemovesSelf | Self::AlreadyMember | Self::WrongSuite => Fault::NotAllowed,
            Self::UnknownMember | Self::WrongEpoch => Fault::Stale,
            Self::PendingCommit | Self::NoPendingCommit | Self::Internal(_) => Fault::Bug,
        }
    }
}

impl EncryptError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Removed => Fault::NotAllowed,
            Self::PendingProposals => Fault::Stale,
            Self::Internal(_) => Fault::Bug,
        }
    }
}

impl ExportError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Removed => Fault::NotAllowed,
            Self::Used | Self::Length | Self::Internal(_) => Fault::Bug,
        }
    }
}

impl ProcessError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::WrongEpoch { .. } | Self::TooOld { .. } | Self::Duplicate | Self::Own => Fault::Stale,
            Self::Removed => Fault::NotAllowed,
            Self::Internal(_) => Fault::Bug,
            Self::Malformed
            | Self::NotPrivate
            | Self::WrongGroup
            | Self::TooFarAhead
            | Self::NotDecryptable
            | Self::Invalid(_)
            | Self::InvalidCommit(_)
            | Self::ForbiddenProposal
            | Self::NotOurs => Fault::Peer,
        }
    }
}
