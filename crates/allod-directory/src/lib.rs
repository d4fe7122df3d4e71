//! The directory as its readers see it: what a proof shows, and that an epoch only added. Spec: `spec/directory.md`.
//!
//! Invariants:
//! - bytes from a server become a [`Version`] only through a verification against a root that the caller has from elsewhere;
//! - no input makes a verification panic: what the library assumes of its numbers is checked before it is called;
//! - [`tree`] shares no code with the tree that it audits except the hashes.

pub mod changes;
pub mod convert;
pub mod due;
mod error;
pub mod history;
pub mod lookup;
pub mod tree;

pub use error::ProofError;
pub use history::HistoryProofIn;
pub use lookup::LookupProofIn;
pub use tree::AppendOnlyProofIn;

use akd_core::AkdLabel;
use akd_core::configuration::ExperimentalConfiguration;
use allod_wire::Address;
use allod_wire::directory::{DirectoryEntry, EpochRoot};

/// Separates the hashes of these trees from all others (rule Y-6).
#[derive(Debug, Clone)]
pub struct AllodDirectory;

impl akd_core::configuration::DomainLabel for AllodDirectory {
    fn domain_label() -> &'static [u8] {
        b"allod directory v1"
    }
}

/// The hashes of our trees.
pub type Hashes = ExperimentalConfiguration<AllodDirectory>;

/// The directory before its first epoch.
pub fn empty() -> EpochRoot {
    EpochRoot { epoch: 0, root: akd_core::hash::EMPTY_DIGEST.into() }
}

/// The public key of a directory's VRF (rule Y-4): fixed for good, from the first statement of the organisation's ledger.
pub type VrfKey = [u8; 32];

/// A version of a user's entry, as a proof has shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// What it says.
    pub entry: DirectoryEntry,
    /// 1 for the user's first.
    pub version: u64,
    /// The epoch that brought it.
    pub since: u64,
}

/// What the directory knows a user by (rule Y-1).
pub fn label(address: &Address) -> AkdLabel {
    AkdLabel(address.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_user_is_known_by_the_address_y_1() {
        assert_eq!(super::label(&"alice@a.example".parse().unwrap()).0, b"alice@a.example");
    }
}
