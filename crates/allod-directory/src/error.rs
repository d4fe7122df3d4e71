//! Why a proof is refused.

use allod_wire::cbor::DecodeError;
use allod_wire::directory::EntryError;

/// Why a proof is refused. All but the last say that whoever sent it answers badly; the last is shown by the tree itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Y-6: the bytes are no such proof.
    #[error("not a proof of this kind")]
    Malformed(#[from] DecodeError),
    /// Y-7, Y-8, Y-10: a number in the proof cannot be: version 0, a version or an epoch after the root's, a wrong count.
    #[error("the proof names a version or an epoch that cannot be")]
    Impossible,
    /// Y-7, Y-8, Y-10: the proof does not lead to the root.
    #[error("the proof does not show it")]
    NotShown,
    /// Y-2: the directory holds something that is no entry. It is proof of that: evidence against the operator.
    #[error("the directory holds something that is no entry")]
    NoEntry,
}

impl From<EntryError> for ProofError {
    fn from(_: EntryError) -> Self {
        Self::NoEntry
    }
}
