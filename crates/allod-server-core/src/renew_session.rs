//! Gives a device a fresh session. Spec: `spec/account.md`, rule A-4.

use allod_crypto::identity::verify_renewal;
use allod_wire::account::RenewSession;
use allod_wire::{Day, UnixMillis};

use crate::failure::refusal;
use crate::policy::{CLOCK_SKEW_MILLIS_MAX, SESSION_DAYS};

/// Why there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RenewError {
    /// the device's clock is more than five minutes from ours, or runs backwards.
    #[error("the clock of the device is more than five minutes from the server's, or ran backwards")]
    ClockSkew,
    /// the signature does not verify. Also said of a device that is not there: the answer does not tell the two apart.
    #[error("the signature does not verify")]
    BadSignature,
    /// The account is disabled.
    #[error("this account is disabled")]
    Disabled,
}
refusal!(RenewError { ClockSkew => ClockSkew, BadSignature => BadSignature, Disabled => NotAllowed });

/// What the store holds about the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenewView {
    /// Its Ed25519 key.
    pub signature_key: [u8; 32],
    /// Whether its account is disabled.
    pub disabled: bool,
    /// The time of the last renewal that this process took, if it remembers one: an older or equal one is a replay.
    pub last: Option<UnixMillis>,
}

/// A session is good until the end of this day.
///
/// # Errors
/// [`RenewError`].
pub fn renew_session(view: Option<&RenewView>, request: &RenewSession, now: UnixMillis) -> Result<Day, RenewError> {
    if request.at.0.abs_diff(now.0) > CLOCK_SKEW_MILLIS_MAX {
        return Err(RenewError::ClockSkew);
    }
    let view = view.ok_or(RenewError::BadSignature)?;
    verify_renewal(request, &view.signature_key).map_err(|_| RenewError::BadSignature)?;
    if view.last.is_some_and(|last| request.at <= last) {
        return Err(RenewError::ClockSkew);
    }
    if view.disabled { Err(RenewError::Disabled) } else { Ok(now.day().plus(SESSION_DAYS)) }
}
