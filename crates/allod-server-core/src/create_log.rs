//! Creates a log. Spec: `spec/log.md`, rule L-1; `spec/account.md`, rule A-5.

use allod_wire::Day;
use allod_wire::log::CreateLog;

use crate::failure::refusal;
use crate::log_state::LogState;

/// Why a log is not created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreateLogError {
    /// L-1: the id is in use.
    #[error("a log with this id exists")]
    Taken,
    /// the ticket is unknown, spent or expired.
    #[error("the ticket is spent")]
    Spent,
}
refusal!(CreateLogError { Taken => Taken, Spent => Spent });

/// What comes of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It was created before, by the same token and is empty: nothing to do.
    Before,
    /// Spend the ticket and create it.
    Now,
}

/// Decides. `existing` is the log of that id; `ticket_until` the last day of the ticket, if it is unspent.
///
/// # Errors
/// [`CreateLogError`].
pub fn create_log(
    existing: Option<&LogState>,
    ticket_until: Option<Day>,
    request: &CreateLog,
    today: Day,
) -> Result<Creation, CreateLogError> {
    if let Some(log) = existing {
        let same = log.last.0 == 0 && log.members.contains_key(&request.first);
        return if same { Ok(Creation::Before) } else { Err(CreateLogError::Taken) };
    }
    if ticket_until.is_none_or(|until| until < today) {
        return Err(CreateLogError::Spent);
    }
    Ok(Creation::Now)
}
