//! What a user's entry has been (rule Y-8): how somebody sees that no device was ever added behind their back.

use akd_core::verify::history::{HistoryParams, HistoryVerificationParams, key_history_verify};
use allod_wire::Address;
use allod_wire::cbor::{self, DecodeError};
use allod_wire::directory::{EpochRoot, HistoryProof};
use allod_wire::limits::{HISTORY_PROOF_BYTES_MAX, HISTORY_VERSIONS_MAX};

use crate::convert::history_in;
use crate::lookup::{check_numbers, version};
use crate::{Hashes, ProofError, Version, VrfKey, label};

/// The proof of a history as received.
#[derive(Debug, Clone)]
pub struct HistoryProofIn(HistoryProof);

impl HistoryProofIn {
    /// Decodes at most [`HISTORY_PROOF_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::from_slice_bounded(bytes, HISTORY_PROOF_BYTES_MAX).map(Self)
    }

    /// All versions of the entry of `address` up to `root`, the newest first; of more than [`HISTORY_VERSIONS_MAX`] the newest
    /// that many (rule Y-8). None is left out between them, and none is after the first.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(self, key: &VrfKey, root: &EpochRoot, address: &Address) -> Result<Vec<Version>, ProofError> {
        for update in &self.0.updates {
            check_numbers(update.version, update.epoch, root)?;
        }
        let history_params = HistoryParams::MostRecent(HISTORY_VERSIONS_MAX);
        let params = HistoryVerificationParams::Default { history_params };
        let proof = history_in(self.0);
        let shown = key_history_verify::<Hashes>(key, root.root.into(), root.epoch, label(address), proof, params)
            .map_err(|_| ProofError::NotShown)?;
        shown.iter().map(version).collect()
    }
}
