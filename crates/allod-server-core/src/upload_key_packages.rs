//! Takes key packages that a device leaves for others. Spec: `spec/inbox.md`, rule I-1.

use allod_crypto::digest::labelled;
use allod_wire::inbox::UploadKeyPackages;
use allod_wire::limits::{KEY_PACKAGE_BYTES_MAX, KEY_PACKAGES_MAX};
use allod_wire::log::Digest;

use crate::failure::refusal;

/// Why key packages are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadKeyPackagesError {
    /// W-3: one of them is empty or too long.
    #[error("a key package has 1 to {KEY_PACKAGE_BYTES_MAX} bytes")]
    TooLarge,
    /// W-3: more would wait than may.
    #[error("at most {KEY_PACKAGES_MAX} key packages wait for one device")]
    Full,
    /// The device is not there any more.
    #[error("no session, or one that has ended")]
    NoSession,
}
refusal!(UploadKeyPackagesError { TooLarge => TooLarge, Full => Full, NoSession => NoSession });

/// The name of a key package: it is kept when the package was given out, so that it is not taken a second time ("once, ever").
pub fn key_package_digest(package: &[u8]) -> Digest {
    labelled("allod key package v1", &[package])
}

/// Checks an upload before it is looked at closer: lengths, and how many there are.
///
/// # Errors
/// [`UploadKeyPackagesError`].
pub fn check(request: &UploadKeyPackages) -> Result<(), UploadKeyPackagesError> {
    if request.one_time.len() > KEY_PACKAGES_MAX {
        return Err(UploadKeyPackagesError::Full);
    }
    let good = |len: usize| (1..=KEY_PACKAGE_BYTES_MAX).contains(&len);
    if request.one_time.iter().chain(&request.last_resort).all(|package| good(package.len())) {
        Ok(())
    } else {
        Err(UploadKeyPackagesError::TooLarge)
    }
}

/// How many one-time key packages wait after `fresh` more, which neither wait nor were ever given out.
///
/// # Errors
/// [`UploadKeyPackagesError`].
pub fn upload_key_packages(device_exists: bool, waiting: usize, fresh: usize) -> Result<u32, UploadKeyPackagesError> {
    if !device_exists {
        return Err(UploadKeyPackagesError::NoSession);
    }
    let total = waiting.saturating_add(fresh);
    u32::try_from(total).ok().filter(|_| total <= KEY_PACKAGES_MAX).ok_or(UploadKeyPackagesError::Full)
}
