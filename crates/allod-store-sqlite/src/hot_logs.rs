//! The states of logs that were used lately, kept by the writer so that an append reads nothing but the index of entry ids.
//!
//! Invariant: what is here is what the open transaction would read. When a transaction fails, all of it is thrown away.

use std::collections::HashMap;

use allod_server_core::log_state::{LogState, Member};
use allod_wire::log::TokenRole;
use allod_wire::secrets::TokenKey;
use allod_wire::{Commits, Day, LogId, Position};
use rusqlite::{Connection, OptionalExtension, params};

/// Members of all logs in one generation of the cache at most, each log counted as a few more.
const WEIGHT_MAX: usize = 100_000;
/// What a log weighs besides its members.
const LOG_WEIGHT: usize = 4;

/// A log with its place in the file.
#[derive(Debug)]
pub(crate) struct Hot {
    pub(crate) slot: Slot,
    pub(crate) state: LogState,
}

/// A log's number in the file: its entries have the row ids from `slot << 32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) u32);

impl Slot {
    /// The row id of an entry.
    pub(crate) fn seq(self, position: Position) -> i64 {
        (i64::from(self.0) << 32) | i64::from(u32::try_from(position.0).unwrap_or(u32::MAX))
    }

    /// The greatest row id of the log.
    pub(crate) fn end(self) -> i64 {
        self.seq(Position(u64::from(u32::MAX)))
    }

    /// The position of a row id.
    pub(crate) fn position(seq: i64) -> Position {
        Position((seq & 0xffff_ffff).unsigned_abs())
    }
}

/// Two generations: what is used moves to the young one, and when that is full, the old one is forgotten.
#[derive(Debug, Default)]
pub(crate) struct HotLogs {
    young: HashMap<LogId, Hot>,
    old: HashMap<LogId, Hot>,
    weight: usize,
}

impl HotLogs {
    /// The log, from memory or from the file. `None` if there is none.
    pub(crate) fn get(&mut self, conn: &Connection, log: &LogId) -> Result<Option<&mut Hot>, rusqlite::Error> {
        if !self.young.contains_key(log) {
            let hot = match self.old.remove(log) {
                Some(hot) => hot,
                None => match load(conn, log)? {
                    Some(hot) => hot,
                    None => return Ok(None),
                },
            };
            self.insert(*log, hot);
        }
        Ok(self.young.get_mut(log))
    }

    /// A log that was just created.
    pub(crate) fn insert(&mut self, log: LogId, hot: Hot) {
        let weight = hot.state.members.len() + LOG_WEIGHT;
        if self.weight + weight > WEIGHT_MAX {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.weight += weight;
        self.young.insert(log, hot);
    }

    /// Forgets one.
    pub(crate) fn remove(&mut self, log: &LogId) {
        self.young.remove(log);
        self.old.remove(log);
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Reads a log's state.
pub(crate) fn load(conn: &Connection, log: &LogId) -> Result<Option<Hot>, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT slot, created_day, first FROM logs WHERE id = ?1")?;
    let found =
        statement.query_row([log.as_bytes()], |row| Ok((Slot(row.get(0)?), Day(row.get(1)?), Position(row.get(2)?))));
    let Some((slot, created, first)) = found.optional()? else { return Ok(None) };
    let mut state = LogState {
        log: *log,
        first,
        last: Position(0),
        commits: Commits(0),
        head: allod_crypto::receipt::first_head(*log),
        day: created,
        members: load_members(conn, slot)?,
    };
    let mut statement = conn.prepare_cached(
        "SELECT seq, day, commits, head FROM entries WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq DESC LIMIT 1",
    )?;
    let last = statement.query_row(params![slot.seq(Position(0)), slot.end()], |row| {
        Ok((Slot::position(row.get(0)?), Day(row.get(1)?), Commits(row.get(2)?), row.get::<_, [u8; 32]>(3)?))
    });
    if let Some((last, day, commits, head)) = last.optional()? {
        state = LogState { last, day, commits, head: head.into(), ..state };
    }
    Ok(Some(Hot { slot, state }))
}

fn load_members(conn: &Connection, slot: Slot) -> Result<HashMap<TokenKey, Member>, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT key, is_administrator, cursor FROM members WHERE slot = ?1")?;
    let rows = statement.query_map([slot.0], |row| {
        Ok((TokenKey(row.get(0)?), Member { role: role(row.get(1)?), cursor: Position(row.get(2)?) }))
    })?;
    rows.collect()
}

/// The role that a row says.
pub(crate) fn role(is_administrator: bool) -> TokenRole {
    if is_administrator { TokenRole::Administrator } else { TokenRole::Member }
}
