//! What a hub knows of a log: a fold over its entries, small enough to be kept in memory.
//!
//! Invariants:
//! - `last` grows by one with each entry, `commits` by one with each commit, `day` never falls (rule L-9);
//! - `head` is the chain over exactly the entries up to `last` (rule L-6).

use std::collections::HashMap;

use allod_crypto::receipt::first_head;
use allod_wire::log::{Digest, TokenRole};
use allod_wire::secrets::TokenKey;
use allod_wire::{Commits, Day, LogId, Position};

use crate::accept_entry::{Accepted, MemberChange};

/// Somebody who may use a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// What it may do.
    pub role: TokenRole,
    /// The last position that it needs no more (rule L-10).
    pub cursor: Position,
}

/// A log as the hub knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogState {
    /// Its id.
    pub log: LogId,
    /// The first entry that is still kept whole.
    pub first: Position,
    /// The last entry.
    pub last: Position,
    /// How many commits there are.
    pub commits: Commits,
    /// The chain after the last entry.
    pub head: Digest,
    /// The day of the last entry, or of the creation.
    pub day: Day,
    /// Who may use it.
    pub members: HashMap<TokenKey, Member>,
}

impl LogState {
    /// A log that was created today by the holder of `first`.
    pub fn created(log: LogId, first: TokenKey, day: Day) -> Self {
        let member = Member { role: TokenRole::Administrator, cursor: Position(0) };
        Self {
            log,
            first: Position(1),
            last: Position(0),
            commits: Commits(0),
            head: first_head(log),
            day,
            members: HashMap::from([(first, member)]),
        }
    }

    /// The state after an accepted entry.
    pub fn apply(&mut self, accepted: &Accepted) {
        self.last = accepted.entry.position;
        self.day = accepted.entry.day;
        self.commits = accepted.commits;
        self.head = accepted.head;
        for change in &accepted.members {
            match *change {
                MemberChange::Set(key, member) => self.members.insert(key, member),
                MemberChange::Gone(key) => self.members.remove(&key),
            };
        }
    }
}
