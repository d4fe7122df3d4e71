//! Who calls on the account plane, and what an operator sees. Spec: `spec/account.md`.

use allod_wire::account::AccountRole;
use allod_wire::{Day, DeviceId, UserName};

use crate::failure::refusal;

/// The device behind a session. Only [`crate::Store::authenticate`] makes one outside of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The device.
    pub device: DeviceId,
    /// Its account.
    pub name: UserName,
    /// What the account may do.
    pub role: AccountRole,
}

/// What the store holds about a session's device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// The device and its account.
    pub caller: Caller,
    /// The last day of the session.
    pub until: Day,
    /// Whether an operator has disabled the account.
    pub disabled: bool,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticateError {
    /// there is no such session (any more).
    #[error("no session, or one that has ended")]
    NoSession,
    /// The account is disabled.
    #[error("this account is disabled")]
    Disabled,
}
refusal!(AuthenticateError { NoSession => NoSession, Disabled => NotAllowed });

/// Lets a session's device in.
///
/// # Errors
/// [`AuthenticateError`].
pub fn authenticate(session: Option<SessionView>, today: Day) -> Result<Caller, AuthenticateError> {
    let session = session.filter(|session| today <= session.until).ok_or(AuthenticateError::NoSession)?;
    if session.disabled { Err(AuthenticateError::Disabled) } else { Ok(session.caller) }
}

/// Why something of an account cannot be read or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// There is no such account or device, or not any more.
    #[error("there is no such account or device")]
    NotFound,
}
refusal!(AccountError { NotFound => NotFound });

/// An account as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSummary {
    /// Its name.
    pub name: UserName,
    /// Its role.
    pub role: AccountRole,
    /// How many devices it has.
    pub devices: u32,
    /// Whether it is disabled.
    pub disabled: bool,
}
