//! What a start finds: how far the ledger has come with the directory's roots (rule Y-5).

use allod_wire::directory::EpochRoot;

use crate::directory::{Directory, ReadError};

/// What is to be done about the pending epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Nothing: none is pending.
    Settled,
    /// The ledger does not have this root: it goes there now.
    Append(EpochRoot),
    /// The ledger has it. It is recorded when a head that readers can have covers it.
    Await(EpochRoot),
}

/// Why a directory cannot go on beside its ledger.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// Y-5: one of the two is older, or belongs to another organisation.
    #[error("the ledger is at epoch {ledger}, and the directory at epoch {directory}: take both from the same backup")]
    Apart {
        /// Of the ledger's last root.
        ledger: u64,
        /// Of the directory's served one.
        directory: u64,
    },
    /// The directory cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Directory {
    /// Compares the directory with `last`, the last root in the ledger ([`allod_directory::empty`] if it has none).
    ///
    /// # Errors
    /// [`ResumeError::Apart`] if that is neither the served root nor the pending one: to go on would be to tell two stories.
    pub fn resume(&self, last: &EpochRoot) -> Result<Resume, ResumeError> {
        let (served, pending) = (self.served()?, self.pending_root()?);
        match pending {
            Some(root) if root == *last => Ok(Resume::Await(root)),
            Some(root) if served == *last => Ok(Resume::Append(root)),
            None if served == *last => Ok(Resume::Settled),
            _ => Err(ResumeError::Apart { ledger: last.epoch, directory: served.epoch }),
        }
    }
}
