//! Takes away what has had its time: decided by `allod_server_core::retention`, in transactions short enough to be in nobody's way.

use allod_server_core::accept_entry::before;
use allod_server_core::hints::Hint;
use allod_server_core::retention::{Fate, Swept, fate, forgotten, sweep_day};
use allod_server_core::store::Never;
use allod_wire::{Day, LogId, Position};
use rusqlite::{Connection, OptionalExtension, params};

use crate::appends::head_at;
use crate::hot_logs::{Hot, Slot, load};
use crate::writer::{Batch, OpError};

/// Logs that are looked at in one transaction.
pub(crate) const LOGS_AT_ONCE: usize = 256;
/// Entries of one log that go in one transaction; the rest goes in the next.
const ENTRIES_AT_ONCE: u64 = 4_096;

/// The day that this sweep goes by.
pub(crate) fn begin(batch: &Batch<'_>, today: Day) -> Result<Day, OpError<Never>> {
    let mut statement = batch.conn.prepare_cached("SELECT day FROM swept")?;
    let last = statement.query_row([], |row| row.get(0).map(Day)).optional()?;
    let day = sweep_day(last, today);
    let mut statement =
        batch.conn.prepare_cached("INSERT INTO swept VALUES (1, ?1) ON CONFLICT DO UPDATE SET day = excluded.day")?;
    statement.execute([day.0])?;
    Ok(day)
}

/// All logs.
pub(crate) fn logs(conn: &Connection) -> Result<Vec<LogId>, OpError<Never>> {
    let mut statement = conn.prepare_cached("SELECT id FROM logs")?;
    Ok(statement.query_map([], |row| row.get(0).map(LogId))?.collect::<Result<_, _>>()?)
}

/// Sweeps a few logs. Gives those of which more has to go.
pub(crate) fn sweep_logs(
    batch: &mut Batch<'_>,
    logs: &[LogId],
    today: Day,
    swept: &mut Swept,
) -> Result<Vec<LogId>, OpError<Never>> {
    let mut unfinished = Vec::new();
    for log in logs {
        // Not through the cache: a sweep must not push out of it what is really in use.
        let Some(hot) = load(batch.conn, log)? else { continue };
        match fate(&hot.state, expired(batch, &hot, today)?, batch.policy, today) {
            Fate::Stays => {}
            Fate::Goes => {
                remove_log(batch, &hot, swept)?;
                batch.hot.remove(log);
                batch.hints.push(Hint::LogGone { log: *log });
            }
            Fate::Trimmed { first, .. } => {
                let next = first.min(Position(hot.state.first.0 + ENTRIES_AT_ONCE));
                trim(batch.conn, &hot, next, forgotten(next, hot.state.last))?;
                swept.entries += next.0 - hot.state.first.0;
                batch.hot.remove(log);
                if next < first {
                    unfinished.push(*log);
                }
            }
        }
    }
    Ok(unfinished)
}

/// The last position whose entry is older than the retention limit: days never fall (rule L-9), so it is just before the first that is not.
fn expired(batch: &Batch<'_>, hot: &Hot, today: Day) -> Result<Position, rusqlite::Error> {
    let mut statement = batch
        .conn
        .prepare_cached("SELECT seq FROM entries WHERE seq BETWEEN ?1 AND ?2 AND day >= ?3 ORDER BY seq LIMIT 1")?;
    let since = batch.policy.kept_since(today);
    let range = params![hot.slot.seq(hot.state.first), hot.slot.end(), since.0];
    let kept = statement.query_row(range, |row| row.get(0).map(Slot::position)).optional()?;
    Ok(kept.map_or(hot.state.last, before))
}

/// Rule L-10: the content goes, what receipts say of the last entries stays (rule L-4).
fn trim(conn: &Connection, hot: &Hot, first: Position, forgotten: Position) -> Result<(), rusqlite::Error> {
    let Hot { slot, state } = hot;
    let head = if forgotten.0 == 0 { None } else { Some(head_at(conn, &state.log, *slot, forgotten)?) };
    let mut emptied =
        conn.prepare_cached("UPDATE entries SET payload = NULL, changes = NULL WHERE seq >= ?1 AND seq < ?2")?;
    emptied.execute(params![slot.seq(state.first), slot.seq(first)])?;
    conn.prepare_cached("UPDATE logs SET first = ?2 WHERE id = ?1")?.execute(params![state.log.as_bytes(), first.0])?;
    let Some(head) = head else { return Ok(()) };
    let range = params![slot.seq(Position(0)), slot.seq(forgotten)];
    conn.prepare_cached(
        "DELETE FROM entry_ids WHERE (slot, id) IN (SELECT ?3, id FROM entries WHERE seq BETWEEN ?1 AND ?2)",
    )?
    .execute(params![slot.seq(Position(0)), slot.seq(forgotten), slot.0])?;
    conn.prepare_cached("DELETE FROM entries WHERE seq BETWEEN ?1 AND ?2")?.execute(range)?;
    conn.prepare_cached("UPDATE logs SET forgotten = ?2, forgotten_head = ?3 WHERE id = ?1")?.execute(params![
        state.log.as_bytes(),
        forgotten.0,
        &head[..]
    ])?;
    Ok(())
}

/// Rule L-12.
fn remove_log(batch: &Batch<'_>, hot: &Hot, swept: &mut Swept) -> Result<(), rusqlite::Error> {
    let Hot { slot, state } = hot;
    batch
        .conn
        .prepare_cached("DELETE FROM entries WHERE seq BETWEEN ?1 AND ?2")?
        .execute(params![slot.seq(Position(0)), slot.end()])?;
    for sql in ["DELETE FROM entry_ids WHERE slot = ?1", "DELETE FROM members WHERE slot = ?1"] {
        batch.conn.prepare_cached(sql)?.execute([slot.0])?;
    }
    swept.blobs += batch.conn.prepare_cached("DELETE FROM blobs WHERE slot = ?1")?.execute([slot.0])? as u64;
    batch.conn.prepare_cached("DELETE FROM logs WHERE id = ?1")?.execute([state.log.as_bytes()])?;
    swept.entries += (state.last.0 + 1).saturating_sub(state.first.0);
    swept.logs += 1;
    Ok(())
}

/// Rules B-5, I-4, A-1, A-5, I-2: what has a last day, and is past it.
pub(crate) fn sweep_days(batch: &Batch<'_>, today: Day, swept: &mut Swept) -> Result<(), OpError<Never>> {
    let delete = |sql: &str, day: Day| batch.conn.prepare_cached(sql)?.execute([day.0]).map(|rows| rows as u64);
    swept.blobs += delete("DELETE FROM blobs WHERE until_day < ?1", today)?;
    swept.inbox_items += delete("DELETE FROM inbox_items WHERE day < ?1", batch.policy.kept_since(today))?;
    for table in ["tickets", "invites", "inbox_tickets"] {
        swept.rights += delete(&format!("DELETE FROM {table} WHERE until_day < ?1"), today)?;
    }
    Ok(())
}
