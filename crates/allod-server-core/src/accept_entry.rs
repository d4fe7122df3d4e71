//! Appends an entry, or refuses it. Spec: `spec/log.md`, rules L-2 to L-9; `spec/token.md`, rule T-5.

use std::collections::HashMap;

use allod_crypto::receipt::next_head;
use allod_wire::limits::{LOG_MEMBERS_MAX, TOKEN_CHANGES_MAX};
use allod_wire::log::{Digest, Entry, EntryKind, NewEntry, ReceiptBody, TokenChange, TokenRole};
use allod_wire::secrets::TokenKey;
use allod_wire::size_class::is_entry_class;
use allod_wire::{Commits, Day, ErrorCode, LogId, Position};

use crate::failure::Refusal;
use crate::log_state::{LogState, Member};
use crate::policy::POSITION_MAX;

/// Why an entry is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// L-2: no such log, or the token does not open it.
    #[error("the token does not open this log")]
    UnknownToken,
    /// L-8: the payload fills no size class.
    #[error("the payload is not of a size class")]
    NotASizeClass,
    /// W-3: more token changes than one entry may carry.
    #[error("more than {TOKEN_CHANGES_MAX} token changes")]
    TooManyChanges,
    /// T-5: the token may not make these changes.
    #[error("this token may not make these changes of members")]
    NotAllowed,
    /// L-4: the id is that of an entry with other content.
    #[error("another entry has this id")]
    IdReused,
    /// L-5: another commit came first.
    #[error("another commit came first: there are {} now", .current.0)]
    StaleCommit {
        /// How many commits there are.
        current: Commits,
    },
    /// W-3: more members or entries than a log may have.
    #[error("the log is full")]
    Full,
}

impl Refusal for AppendError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownToken => ErrorCode::UnknownToken,
            Self::NotASizeClass => ErrorCode::NotASizeClass,
            Self::TooManyChanges => ErrorCode::TooLarge,
            Self::NotAllowed => ErrorCode::NotAllowed,
            Self::IdReused => ErrorCode::IdReused,
            Self::StaleCommit { .. } => ErrorCode::StaleCommit,
            Self::Full => ErrorCode::Full,
        }
    }

    fn commits(&self) -> Option<Commits> {
        match self {
            Self::StaleCommit { current } => Some(*current),
            _ => None,
        }
    }
}

/// The entry that the log holds (or remembers) under the id of a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// What its receipt says.
    pub receipt: ReceiptBody,
    /// The chain just before it: with it, equal content can be told from other content without the content.
    pub head_before: Digest,
}

/// A change of one member that an accepted entry makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberChange {
    /// The key is a member's from here on, or has another role.
    Set(TokenKey, Member),
    /// The key is nobody's any more.
    Gone(TokenKey),
}

/// An entry in its place, to be written in one piece with what it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The entry.
    pub entry: Entry,
    /// The chain with it.
    pub head: Digest,
    /// Commits with it.
    pub commits: Commits,
    /// What it changes of the members, in order.
    pub members: Vec<MemberChange>,
}

impl Accepted {
    /// What its receipt says (rule L-7).
    pub fn receipt(&self, log: LogId) -> ReceiptBody {
        ReceiptBody {
            log,
            position: self.entry.position,
            entry: self.entry.new.id,
            day: self.entry.day,
            frank: self.entry.new.frank,
            head: self.head,
        }
    }
}

/// What comes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The log has it already: here is its receipt again (rule L-4).
    Before(ReceiptBody),
    /// It is appended now.
    Now(Accepted),
}

/// Decides on `entry`, shown with the token whose key is `author`; `earlier` is what the log holds under its id.
///
/// # Errors
/// [`AppendError`].
pub fn accept_entry(
    log: &LogState,
    author: &TokenKey,
    entry: NewEntry,
    earlier: Option<&Earlier>,
    today: Day,
) -> Result<Verdict, AppendError> {
    let member = log.members.get(author);
    if member.is_none() && !(earlier.is_some() && revokes(&entry, author)) {
        return Err(AppendError::UnknownToken);
    }
    if !is_entry_class(entry.payload.len()) {
        return Err(AppendError::NotASizeClass);
    }
    if let Some(earlier) = earlier {
        return again(entry, earlier);
    }
    let member = member.ok_or(AppendError::UnknownToken)?;
    check_changes(&entry, author, member.role)?;
    let commits = match entry.kind {
        EntryKind::Message => log.commits,
        EntryKind::Commit { seen } if seen == log.commits => seen.next(),
        EntryKind::Commit { .. } => return Err(AppendError::StaleCommit { current: log.commits }),
    };
    if log.last.0 >= POSITION_MAX {
        return Err(AppendError::Full);
    }
    let members = member_changes(log, member.role, &entry.changes)?;
    let entry = Entry { position: log.last.next(), day: today.max(log.day), new: entry };
    let head = next_head(&log.head, &entry);
    Ok(Verdict::Now(Accepted { entry, head, commits, members }))
}

/// A retry (rule L-4): equal content gives the same chain from the same place.
fn again(entry: NewEntry, earlier: &Earlier) -> Result<Verdict, AppendError> {
    let receipt = &earlier.receipt;
    let entry = Entry { position: receipt.position, day: receipt.day, new: entry };
    if next_head(&earlier.head_before, &entry) == receipt.head {
        Ok(Verdict::Before(receipt.clone()))
    } else {
        Err(AppendError::IdReused)
    }
}

/// A member that revoked itself and lost our answer asks again with a token that is no more.
fn revokes(entry: &NewEntry, author: &TokenKey) -> bool {
    entry.changes.iter().any(|change| matches!(change, TokenChange::Revoke { key } if key == author))
}

/// Rule T-5.
fn check_changes(entry: &NewEntry, author: &TokenKey, role: TokenRole) -> Result<(), AppendError> {
    if entry.changes.len() > TOKEN_CHANGES_MAX {
        return Err(AppendError::TooManyChanges);
    }
    let is_commit = matches!(entry.kind, EntryKind::Commit { .. });
    let is_administrator = role == TokenRole::Administrator;
    let allowed = |change: &TokenChange| match change {
        TokenChange::Revoke { key } => key == author || (is_commit && is_administrator),
        TokenChange::Register { role: TokenRole::Member, .. } => is_commit,
        TokenChange::Register { role: TokenRole::Administrator, .. } => is_commit && is_administrator,
    };
    if entry.changes.iter().all(allowed) { Ok(()) } else { Err(AppendError::NotAllowed) }
}

/// What changes of members come of an entry's token changes, in order. A member's token that registers a key again leaves
/// that key's role as it is, so that it demotes nobody; revoking what is not registered changes nothing.
fn member_changes(log: &LogState, by: TokenRole, changes: &[TokenChange]) -> Result<Vec<MemberChange>, AppendError> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let mut now: HashMap<TokenKey, Option<Member>> = HashMap::new();
    let (mut out, mut count) = (Vec::with_capacity(changes.len()), log.members.len());
    for change in changes {
        let (TokenChange::Register { key, .. } | TokenChange::Revoke { key }) = change;
        let before = now.get(key).copied().unwrap_or_else(|| log.members.get(key).copied());
        let after = match (change, before) {
            (TokenChange::Revoke { .. }, _) => None,
            (TokenChange::Register { role, .. }, None) => Some(Member { role: *role, cursor: log.last }),
            (TokenChange::Register { role, .. }, Some(member)) if by == TokenRole::Administrator => {
                Some(Member { role: *role, ..member })
            }
            (TokenChange::Register { .. }, Some(member)) => Some(member),
        };
        if after == before {
            continue;
        }
        count = count + usize::from(after.is_some()) - usize::from(before.is_some());
        now.insert(*key, after);
        out.push(after.map_or(MemberChange::Gone(*key), |member| MemberChange::Set(*key, member)));
    }
    if count > LOG_MEMBERS_MAX { Err(AppendError::Full) } else { Ok(out) }
}

/// The position before which a page or a chain starts.
pub fn before(position: Position) -> Position {
    Position(position.0.saturating_sub(1))
}

#[cfg(test)]
mod tests;
