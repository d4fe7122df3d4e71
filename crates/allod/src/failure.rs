//! How a command ends when it does not do what was asked: what people read, and the exit status that programs read.

use allod_client::{ClientError, LockError, Unreachable};
use allod_client_core::CoreError;
use allod_wire::error::{ErrorBody, ErrorCode};
use serde_json::{Value, json};

/// Why a command did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Refused, by the server or by this client.
    #[error("{message}")]
    Refused {
        /// The server's error code, or a word of our own.
        code: &'static str,
        /// What people read.
        message: String,
    },
    /// Typed wrongly, in a way that only shows when it runs.
    #[error("{0}")]
    Usage(String),
    /// The server does not answer, and nothing was done.
    #[error("{0}")]
    Away(String),
    /// No such thing.
    #[error("{0}")]
    NotFound(String),
    /// The profile cannot be used.
    #[error("{0}")]
    Profile(String),
    /// Another process keeps the profile.
    #[error("{0}")]
    Busy(String),
    /// Done here; goes to the server when it is back.
    #[error("{0}")]
    Queued(String),
    /// A mistake of ours.
    #[error("{0}")]
    Bug(String),
}

impl Failure {
    /// The exit status.
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Refused { .. } => 1,
            Self::Usage(_) => 2,
            Self::Away(_) => 3,
            Self::NotFound(_) => 4,
            Self::Profile(_) | Self::Busy(_) => 5,
            Self::Queued(_) => 6,
            Self::Bug(_) => 70,
        }
    }

    /// A word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Usage(_) => "usage",
            Self::Away(_) => "away",
            Self::NotFound(_) => "not-found",
            Self::Profile(_) => "profile",
            Self::Busy(_) => "busy",
            Self::Queued(_) => "queued",
            Self::Bug(_) => "bug",
        }
    }

    /// For `--json`.
    pub(crate) fn to_json(&self) -> Value {
        json!({ "error": { "code": self.code(), "message": self.to_string(), "exit_status": self.exit_status() } })
    }

    /// A refusal of our own.
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }
}

impl From<ErrorBody> for Failure {
    fn from(error: ErrorBody) -> Self {
        match error.code {
            ErrorCode::NotFound => Self::NotFound(error.message),
            ErrorCode::Unavailable | ErrorCode::Internal => Self::Away(error.to_string()),
            code => Self::Refused { code: code.as_str(), message: error.message },
        }
    }
}

impl From<CoreError> for Failure {
    fn from(error: CoreError) -> Self {
        let message = error.to_string();
        match error {
            CoreError::UnknownConversation | CoreError::UnknownPerson => Self::NotFound(message),
            CoreError::NameMissing | CoreError::WrongLink | CoreError::NotAPoll | CoreError::NotAReaction => {
                Self::Usage(message)
            }
            CoreError::NotJoined => Self::Profile(message),
            CoreError::NothingToDo => Self::refused("nothing-to-do", message),
            CoreError::IdentityChanged => Self::refused("identity-changed", message),
            CoreError::OtherNumber => Self::refused("other-number", message),
            CoreError::Forked => Self::refused("forked", message),
            CoreError::Bug(_) => Self::Bug(message),
            _ => Self::refused("not-allowed", message),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let message = chain(&error);
        match error {
            ClientError::Core(error) => error.into(),
            ClientError::Refused(body) => body.into(),
            ClientError::Unreachable(Unreachable { reason }) => Self::Away(away(Some(reason))),
            ClientError::Lock(LockError::Held { .. }) => Self::Busy(message),
            ClientError::Endpoint(_) => Self::Usage(message),
            ClientError::File { ref source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Self::NotFound(message)
            }
            ClientError::File { .. } => Self::refused("file", message),
            ClientError::Backup(_) => Self::refused("backup", message),
            ClientError::Transfer(_) => Self::refused("transfer", message),
            _ => Self::Profile(message),
        }
    }
}

/// What to say of a server that does not answer.
pub(crate) fn away(reason: Option<String>) -> String {
    match reason {
        Some(reason) => format!("the server does not answer ({reason})"),
        None => "the server does not answer in time".to_owned(),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_exit_status() {
        let refused = ErrorBody::new(ErrorCode::ContactRefused, "bob takes no first contact from you");
        assert_eq!(Failure::from(refused).exit_status(), 1);
        assert_eq!(Failure::from(ErrorBody::new(ErrorCode::Unavailable, "disk full")).exit_status(), 3);
        assert_eq!(Failure::from(CoreError::UnknownConversation).exit_status(), 4);
        assert_eq!(Failure::from(ClientError::NotJoined { name: "x".into() }).exit_status(), 5);
        assert_eq!(Failure::from(CoreError::Bug("x")).exit_status(), 70);
    }

    #[test]
    fn programs_get_the_servers_code() {
        let json = Failure::from(ErrorBody::new(ErrorCode::Spent, "used up")).to_json();
        assert_eq!(json["error"]["code"], "spent");
        assert_eq!(json["error"]["exit_status"], 1);
    }
}
