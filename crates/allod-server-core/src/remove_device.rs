//! Removes a device of one's own account, with all that waits for it. Spec: `spec/account.md`.

use allod_wire::UserName;

use crate::accounts::{AccountError, Caller};

/// Decides whether `caller` may remove the device that belongs to `owner`: only one of its own account, itself included.
///
/// # Errors
/// [`AccountError::NotFound`], also for another account's device: the answer does not tell the two apart.
pub fn remove_device(caller: &Caller, owner: Option<&UserName>) -> Result<(), AccountError> {
    if owner == Some(&caller.name) { Ok(()) } else { Err(AccountError::NotFound) }
}
