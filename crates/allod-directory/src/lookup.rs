//! What a user's entry is (rule Y-7).

use akd_core::verify::lookup_verify;
use allod_wire::Address;
use allod_wire::cbor::{self, DecodeError};
use allod_wire::directory::{DirectoryEntryIn, EpochRoot, LookupProof};
use allod_wire::limits::LOOKUP_PROOF_BYTES_MAX;

use crate::convert::lookup_in;
use crate::{Hashes, ProofError, Version, VrfKey, label};

/// A lookup proof as received.
#[derive(Debug, Clone)]
pub struct LookupProofIn(LookupProof);

impl LookupProofIn {
    /// Decodes at most [`LOOKUP_PROOF_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::from_slice_bounded(bytes, LOOKUP_PROOF_BYTES_MAX).map(Self)
    }

    /// What the entry of `address` is at `root`: there is one, it is this one, and it is the newest (rule Y-7).
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(self, key: &VrfKey, root: &EpochRoot, address: &Address) -> Result<Version, ProofError> {
        check_numbers(self.0.version, self.0.epoch, root)?;
        let proof = lookup_in(self.0);
        let shown = lookup_verify::<Hashes>(key, root.root.into(), root.epoch, label(address), proof)
            .map_err(|_| ProofError::NotShown)?;
        version(&shown)
    }
}

/// The library takes both for granted.
pub(crate) fn check_numbers(version: u64, epoch: u64, root: &EpochRoot) -> Result<(), ProofError> {
    // An entry has at most one version for each epoch up to the one that brought it.
    if version == 0 || version > epoch || epoch > root.epoch { Err(ProofError::Impossible) } else { Ok(()) }
}

pub(crate) fn version(shown: &akd_core::VerifyResult) -> Result<Version, ProofError> {
    let entry: DirectoryEntryIn = cbor::from_slice(&shown.value.0).map_err(|_| ProofError::NoEntry)?;
    Ok(Version { entry: entry.check()?, version: shown.version, since: shown.epoch })
}
