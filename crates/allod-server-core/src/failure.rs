//! How refusals become the error bodies of the protocol: the one place. Spec: `spec/wire.md`, rule E-1.

use allod_wire::{Commits, ErrorBody, ErrorCode};

/// Seconds after which to try again when the store cannot write.
const RETRY_SECS: u32 = 5;

/// Why an operation did not happen. Whatever the variant, nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure<E> {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] E),
    /// The store cannot write or read now: disk full, too much queued, stopping. The same request may succeed later.
    #[error("the store is not available now")]
    Unavailable,
    /// What the store holds contradicts itself: ours to mend.
    #[error("the store contradicts itself")]
    Broken,
}

/// A refusal by a rule: one enum for each operation.
pub trait Refusal: std::error::Error {
    /// The stable code (rule E-1).
    fn code(&self) -> ErrorCode;

    /// With a stale commit: how many commits there are.
    fn commits(&self) -> Option<Commits> {
        None
    }
}

impl<E: Refusal> Failure<E> {
    /// What the caller is told.
    pub fn body(&self) -> ErrorBody {
        match self {
            Self::Refused(refusal) => {
                ErrorBody { commits: refusal.commits(), ..ErrorBody::new(refusal.code(), refusal.to_string()) }
            }
            Self::Unavailable => ErrorBody {
                retry_after_secs: Some(RETRY_SECS),
                ..ErrorBody::new(ErrorCode::Unavailable, "the server cannot do this now; nothing was changed")
            },
            Self::Broken => ErrorBody::new(ErrorCode::Internal, "a mistake of the server; nothing was acknowledged"),
        }
    }
}

impl<E: Refusal> From<Failure<E>> for ErrorBody {
    fn from(failure: Failure<E>) -> Self {
        failure.body()
    }
}

/// Declares how the variants of an operation's error map to codes.
macro_rules! refusal {
    ($error:ident { $($variant:pat => $code:ident),+ $(,)? }) => {
        impl $crate::failure::Refusal for $error {
            fn code(&self) -> allod_wire::ErrorCode {
                use $error::*;
                match self { $($variant => allod_wire::ErrorCode::$code),+ }
            }
        }
    };
}
pub(crate) use refusal;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accept_entry::AppendError;

    #[test]
    fn a_stale_commit_carries_the_number_and_a_full_disk_the_seconds_e_1() {
        let stale = Failure::Refused(AppendError::StaleCommit { current: Commits(3) }).body();
        assert_eq!((stale.code, stale.commits), (ErrorCode::StaleCommit, Some(Commits(3))));
        let away = Failure::<AppendError>::Unavailable.body();
        assert_eq!((away.code, away.retry_after_secs), (ErrorCode::Unavailable, Some(RETRY_SECS)));
        assert_eq!(Failure::<AppendError>::Broken.body().code, ErrorCode::Internal);
    }
}
