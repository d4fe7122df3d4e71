//! Logs besides appending: creation, cursors, pages.

use allod_crypto::digest::{BearerSecret, labelled};
use allod_crypto::identity::SigningSecret;
use allod_crypto::receipt::sign_batch;
use allod_server_core::accept_entry::MemberChange;
use allod_server_core::buy_tickets::SpendTicketError;
use allod_server_core::create_log::{CreateLogError, Creation, create_log};
use allod_server_core::log_state::LogState;
use allod_server_core::move_cursor::move_cursor;
use allod_server_core::read_entries::{PageBudget, ReadError, page_start};
use allod_wire::log::{CreateLog, Digest, EntriesPage, Entry, EntryKind, NewEntry, Receipt, ReceiptBody};
use allod_wire::secrets::{Ticket, TokenKey};
use allod_wire::{Commits, Day, EntryId, LogId, Position, cbor};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::appends::{head_at, write_member};
use crate::hot_logs::{Hot, Slot};
use crate::writer::{Batch, OpError};

/// Rule L-1.
pub(crate) fn create(
    batch: &mut Batch<'_>,
    log: LogId,
    request: &CreateLog,
    today: Day,
) -> Result<(), OpError<CreateLogError>> {
    let ticket = request.ticket.at_rest();
    let until = ticket_until(batch.conn, &ticket)?;
    let existing = batch.hot.get(batch.conn, &log)?;
    let creation = create_log(existing.map(|hot| &hot.state), until, request, today).map_err(OpError::Refused)?;
    if creation == Creation::Before {
        return Ok(());
    }
    spend_ticket(batch.conn, &ticket)?;
    let slot = free_slot(batch.conn, &log)?;
    let state = LogState::created(log, request.first, today);
    batch.conn.prepare_cached("INSERT INTO logs VALUES (?1, ?2, ?3, ?4, 0, ?5)")?.execute(params![
        log.as_bytes(),
        slot.0,
        today.0,
        state.first.0,
        &state.head[..]
    ])?;
    for (key, member) in &state.members {
        write_member(batch.conn, slot, &MemberChange::Set(*key, *member))?;
    }
    batch.hot.insert(log, Hot { slot, state });
    Ok(())
}

/// The last day of an unspent ticket (rule A-5).
pub(crate) fn ticket_until(conn: &Connection, ticket: &Digest) -> Result<Option<Day>, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT until_day FROM tickets WHERE digest = ?1")?;
    statement.query_row([&ticket[..]], |row| row.get(0).map(Day)).optional()
}

/// Spends a ticket (rule A-5).
pub(crate) fn spend_ticket(conn: &Connection, ticket: &Digest) -> Result<(), rusqlite::Error> {
    conn.prepare_cached("DELETE FROM tickets WHERE digest = ?1")?.execute([&ticket[..]]).map(|_| ())
}

/// Rules A-5 and Y-11: a ticket for the answer to a question.
pub(crate) fn take_ticket(batch: &mut Batch<'_>, ticket: &Ticket, today: Day) -> Result<(), OpError<SpendTicketError>> {
    let ticket = ticket.at_rest();
    allod_server_core::buy_tickets::spend_ticket(ticket_until(batch.conn, &ticket)?, today)
        .map_err(OpError::Refused)?;
    Ok(spend_ticket(batch.conn, &ticket)?)
}

/// A slot that no log has, from the log's id: it says nothing about when the log was made.
fn free_slot(conn: &Connection, log: &LogId) -> Result<Slot, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM logs WHERE slot = ?1")?;
    let mut digest = labelled("allod slot v1", &[log.as_bytes()]);
    loop {
        let slot = Slot(u32::from_be_bytes([digest[0] & 0x7f, digest[1], digest[2], digest[3]]));
        if !statement.exists([slot.0])? {
            return Ok(slot);
        }
        digest = labelled("allod slot v1", &[&digest[..]]);
    }
}

/// Rule L-10.
pub(crate) fn pass(
    batch: &mut Batch<'_>,
    log: LogId,
    member: TokenKey,
    position: Position,
) -> Result<(), OpError<ReadError>> {
    let hot = batch.hot.get(batch.conn, &log)?.ok_or(OpError::Refused(ReadError::UnknownToken))?;
    let Some(to) = move_cursor(&hot.state, &member, position).map_err(OpError::Refused)? else { return Ok(()) };
    let mut statement = batch.conn.prepare_cached("UPDATE members SET cursor = ?3 WHERE slot = ?1 AND key = ?2")?;
    statement.execute(params![hot.slot.0, member.as_bytes(), to.0])?;
    if let Some(member) = hot.state.members.get_mut(&member) {
        member.cursor = to;
    }
    Ok(())
}

/// What a reader needs of a log whose token it shows. `None` if the token does not open it, or there is no such log (rule L-2).
pub(crate) fn open(
    conn: &Connection,
    log: &LogId,
    reader: &TokenKey,
) -> Result<Option<(Slot, Position)>, rusqlite::Error> {
    let mut statement = conn.prepare_cached(
        "SELECT slot, first FROM logs WHERE id = ?1
         AND EXISTS (SELECT 1 FROM members WHERE members.slot = logs.slot AND key = ?2)",
    )?;
    let found = |row: &Row<'_>| Ok((Slot(row.get(0)?), Position(row.get(1)?)));
    statement.query_row(params![log.as_bytes(), reader.as_bytes()], found).optional()
}

/// Rules L-10 and L-11.
pub(crate) fn page(
    conn: &Connection,
    hub: &SigningSecret,
    log: LogId,
    reader: &TokenKey,
    after: Position,
    limit: u32,
) -> Result<EntriesPage, OpError<ReadError>> {
    let (slot, first) = open(conn, &log, reader)?.ok_or(OpError::Refused(ReadError::UnknownToken))?;
    let (last, commits) = end(conn, slot)?;
    let start = page_start(after, first, last);
    let (entries, head) = read(conn, slot, start, limit)?;
    let body = entries.last().zip(head).map(|(entry, head)| ReceiptBody {
        log,
        position: entry.position,
        entry: entry.new.id,
        day: entry.day,
        frank: entry.new.frank,
        head,
    });
    let receipt = body.map(|body| (sign_batch(hub, std::slice::from_ref(&body)).pop(), body));
    let receipt = match receipt {
        Some((Some(proof), body)) => Some(Receipt { body, proof }),
        _ => None,
    };
    Ok(EntriesPage { entries, receipt, first, last, commits, head_before: head_at(conn, &log, slot, start)? })
}

/// The last position of a log and its commits.
fn end(conn: &Connection, slot: Slot) -> Result<(Position, Commits), rusqlite::Error> {
    let mut statement =
        conn.prepare_cached("SELECT seq, commits FROM entries WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq DESC LIMIT 1")?;
    let end = |row: &Row<'_>| Ok((Slot::position(row.get(0)?), Commits(row.get(1)?)));
    statement.query_row(params![slot.seq(Position(0)), slot.end()], end).optional().map(Option::unwrap_or_default)
}

/// Entries after `start`, as many as go into a page, and the chain after the last of them.
fn read(
    conn: &Connection,
    slot: Slot,
    start: Position,
    limit: u32,
) -> Result<(Vec<Entry>, Option<Digest>), OpError<ReadError>> {
    let mut budget = PageBudget::new(limit);
    let mut statement = conn.prepare_cached(
        "SELECT seq, id, day, commits, is_commit, changes, frank, head, payload FROM entries
         WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
    )?;
    let mut rows = statement.query(params![slot.seq(start), slot.end(), budget.entries()])?;
    let (mut entries, mut head) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        let payload = row.get_ref(8)?.as_blob().map_err(|_| OpError::Broken)?;
        if !budget.take(payload.len(), entries.is_empty()) {
            break;
        }
        entries.push(entry(row, payload.to_vec())?.ok_or(OpError::Broken)?);
        head = Some(row.get::<_, [u8; 32]>(7)?.into());
    }
    Ok((entries, head))
}

/// An entry from a row of `seq, id, day, commits, is_commit, changes, frank, …`. `None` if its changes do not decode.
pub(crate) fn entry(row: &Row<'_>, payload: Vec<u8>) -> Result<Option<Entry>, rusqlite::Error> {
    let commits: u64 = row.get(3)?;
    let kind =
        if row.get(4)? { EntryKind::Commit { seen: Commits(commits.saturating_sub(1)) } } else { EntryKind::Message };
    let changes = match row.get_ref(5)?.as_blob_or_null()? {
        None => Vec::new(),
        Some(bytes) => match cbor::from_slice(bytes) {
            Ok(changes) => changes,
            Err(_) => return Ok(None),
        },
    };
    let frank = row.get::<_, [u8; 32]>(6)?.into();
    let new = NewEntry { id: EntryId(row.get(1)?), kind, changes, frank, payload: payload.into() };
    Ok(Some(Entry { position: Slot::position(row.get(0)?), day: Day(row.get(2)?), new }))
}
