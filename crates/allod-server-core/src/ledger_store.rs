//! What a store must do for the ledger and for witnessing. Spec: `spec/ledger.md`, rules G-1, G-4, G-11 and G-12.
//!
//! As everywhere in a store, each write is one append or one compare-and-set, and every `Ok` is durable.

use std::future::Future;

use allod_ledger::tree::{DamagedTree, StoredHashes};
use allod_ledger::witness::Cosigned;

use crate::failure::refusal;
use crate::store::{Never, Outcome};

/// Somebody else wrote first: load again and decide again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MovedError {
    /// G-4, G-11: what the decision looked at is not there any more.
    #[error("it has changed meanwhile")]
    Moved,
}
refusal!(MovedError { Moved => Taken });

/// A store of the organisation's ledger, and of what its witness saw.
pub trait LedgerStore: Send + Sync + 'static {
    /// How many entries there are.
    fn ledger_size(&self) -> impl Future<Output = Outcome<u64, Never>> + Send;

    /// Appends an entry with the hashes above it, if there are `size` entries (rule G-4).
    fn append_statement(&self, size: u64, entry: Vec<u8>) -> impl Future<Output = Outcome<(), MovedError>> + Send;

    /// Up to `count` entries from position `from`.
    fn statements(&self, from: u64, count: u32) -> impl Future<Output = Outcome<Vec<Vec<u8>>, Never>> + Send;

    /// Computes something from the tree's stored hashes, all of one moment.
    fn read_tree<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn StoredHashes) -> Result<T, DamagedTree> + Send + 'static,
    ) -> impl Future<Output = Outcome<T, Never>> + Send;

    /// Publishes a checkpoint (rule G-4), in place of the former one.
    fn publish_checkpoint(&self, checkpoint: Vec<u8>) -> impl Future<Output = Outcome<(), Never>> + Send;

    /// The published checkpoint.
    fn published_checkpoint(&self) -> impl Future<Output = Outcome<Option<Vec<u8>>, Never>> + Send;

    /// What the witness cosigned last for an origin.
    fn cosigned(&self, origin: String) -> impl Future<Output = Outcome<Option<Cosigned>, Never>> + Send;

    /// Keeps what the witness is about to cosign, if `kept` is what it cosigned last (rule G-11).
    fn keep_cosigned(
        &self,
        origin: String,
        kept: Option<Cosigned>,
        next: Cosigned,
    ) -> impl Future<Output = Outcome<(), MovedError>> + Send;
}
