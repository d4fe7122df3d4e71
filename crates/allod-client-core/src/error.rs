//! Why a verb is refused at once. What goes wrong later is an [`crate::Event`].

use allod_wire::error::ErrorBody;

/// Why the core does not do what the user asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoreError {
    /// The device has not joined yet.
    #[error("this device has not joined an organisation yet")]
    NotJoined,
    /// There is no such conversation.
    #[error("no such conversation")]
    UnknownConversation,
    /// We are not a member (any more).
    #[error("you are not in this conversation any more")]
    NotAMember,
    /// We have asked to leave, and nothing else is changed before that is done.
    #[error("you are leaving this conversation")]
    Leaving,
    /// C-5: the role does not allow it.
    #[error("your role in this conversation does not allow that")]
    NotAllowed,
    /// C-4: the server was caught showing different logs; the user has to decide first.
    #[error("the server showed different people different conversations: decide first whether to go on")]
    Forked,
    /// No federation yet: the person is at another organisation.
    #[error("people of other organisations cannot be reached from here")]
    OtherOrganisation,
    /// The person is not in the conversation.
    #[error("that person is not in this conversation")]
    UnknownPerson,
    /// There is nothing to do: it is so already.
    #[error("nothing to change")]
    NothingToDo,
    /// The person's identity key changed and has not been accepted (rule C-12).
    #[error("that person's identity has changed: check with them, then accept it")]
    IdentityChanged,
    /// C-19: another number than the one that this device has for the person.
    #[error("that is not the number of you and that person: do not go on, and look into it")]
    OtherNumber,
    /// A title or a message longer than allowed.
    #[error("too long")]
    TooLong,
    /// M-4: blank, longer than 64 bytes, or with control characters.
    #[error("a reaction is an emoji or a short word")]
    NotAReaction,
    /// The link cannot be used for this.
    #[error("this link is for something else")]
    WrongLink,
    /// A name is missing.
    #[error("choose a name")]
    NameMissing,
    /// M-10: no question, fewer than two different answers, or too many or too long ones.
    #[error("a poll has a question and 2 to 12 different answers")]
    NotAPoll,
    /// The file is larger than the server takes.
    #[error("the file is too large for this server")]
    FileTooLarge,
    /// Our own state is damaged or the MLS library failed.
    #[error("a mistake of this program: {0}")]
    Bug(&'static str),
}

/// Why somebody could not be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddFailure {
    /// The server refused: no such user, or no contact wished.
    Refused(ErrorBody),
    /// The identity key is another one than known (rule C-12).
    IdentityChanged,
    /// No device has left a key package that can be used.
    NoDevice,
    /// The server handed out a device that the directory does not name (rule Y-9).
    NotInRecord,
    /// The directory could not be checked: its ledger shows no head that this device accepts (rule Y-13).
    RecordNotChecked,
}
