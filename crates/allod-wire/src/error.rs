//! Stable error codes: what a program can rely on. Spec: `spec/errors.md`.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::units::Commits;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal, $status:literal;)*) => {
        /// Why a request was refused. Numbers and texts never change their meaning (rule E-1).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
        #[cbor(index_only)]
        pub enum ErrorCode {
            $($(#[$doc])* #[n($number)] $name,)*
        }

        impl ErrorCode {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as text, for logs and JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that carries it.
            pub fn http_status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// The body does not decode.
    Malformed = 0, "malformed", 400;
    /// Longer than a named maximum.
    TooLarge = 1, "too-large", 413;
    /// No such thing here; also said of what the caller may not know of.
    NotFound = 2, "not-found", 404;
    /// The token does not open this log (any more).
    UnknownToken = 3, "unknown-token", 403;
    /// The token may not do this.
    NotAllowed = 4, "not-allowed", 403;
    /// Another commit came first; `commits` says how many there are now.
    StaleCommit = 5, "stale-commit", 409;
    /// The payload is not of a size class.
    NotASizeClass = 6, "not-a-size-class", 400;
    /// The same id with other content.
    IdReused = 7, "id-reused", 409;
    /// Something of that name exists.
    Taken = 8, "taken", 409;
    /// No session, or one that has ended: renew it.
    NoSession = 9, "no-session", 401;
    /// The link or ticket is unknown, spent or expired.
    Spent = 10, "spent", 410;
    /// Too many requests; `retry_after_secs` says when.
    TooMany = 11, "too-many", 429;
    /// A named maximum of this resource is reached.
    Full = 12, "full", 409;
    /// The server cannot write (disk full, store away): nothing was changed, try again later.
    Unavailable = 13, "unavailable", 503;
    /// The upload does not continue where the last one ended; ask for its state.
    WrongOffset = 14, "wrong-offset", 409;
    /// The clock of the caller is too far from the server's.
    ClockSkew = 15, "clock-skew", 400;
    /// The signature does not verify.
    BadSignature = 16, "bad-signature", 403;
    /// The user takes no first contact from you.
    ContactRefused = 17, "contact-refused", 403;
    /// A mistake of the server, and ours to mend: nothing was acknowledged.
    Internal = 18, "internal", 500;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The body of every refusal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ErrorBody {
    /// What a program acts on.
    #[n(0)]
    pub code: ErrorCode,
    /// What a person reads: what happened, what to do.
    #[n(1)]
    pub message: String,
    /// With [`ErrorCode::StaleCommit`]: how many commits there are.
    #[n(2)]
    pub commits: Option<Commits>,
    /// With [`ErrorCode::TooMany`] and [`ErrorCode::Unavailable`]: when to try again, in seconds.
    #[n(3)]
    pub retry_after_secs: Option<u32>,
}

impl ErrorBody {
    /// A refusal with nothing besides.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), commits: None, retry_after_secs: None }
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for ErrorBody {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_own_number_and_text_e_1() {
        let mut texts: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
        for (number, code) in ErrorCode::ALL.iter().enumerate() {
            assert_eq!(crate::cbor::to_vec(code), crate::cbor::to_vec(&(number as u64)));
        }
    }
}
