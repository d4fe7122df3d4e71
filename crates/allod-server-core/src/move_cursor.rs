//! Notes how far a member has read. Spec: `spec/log.md`, rule L-10.

use allod_wire::Position;
use allod_wire::secrets::TokenKey;

use crate::log_state::LogState;
use crate::read_entries::ReadError;

/// The place of a member's cursor after the request: it only grows, and not beyond the log's end. `None` if it stays where it is.
///
/// # Errors
/// [`ReadError::UnknownToken`].
pub fn move_cursor(log: &LogState, member: &TokenKey, to: Position) -> Result<Option<Position>, ReadError> {
    let member = log.members.get(member).ok_or(ReadError::UnknownToken)?;
    let to = to.min(log.last);
    Ok((to > member.cursor).then_some(to))
}
