//! The appends of one group commit: decided in turn, signed together (rule L-7), and told to gateways as one page for each log.

use std::collections::HashMap;
use std::sync::Arc;

use allod_crypto::identity::SigningSecret;
use allod_crypto::receipt::{first_head, sign_batch};
use allod_server_core::accept_entry::{Accepted, AppendError, Earlier, MemberChange, Verdict, accept_entry};
use allod_server_core::hints::Hint;
use allod_server_core::read_entries::PageBudget;
use allod_server_core::{Failure, Outcome};
use allod_wire::limits::PAGE_ENTRIES_MAX;
use allod_wire::log::{Digest, EntriesPage, Entry, EntryKind, Receipt, ReceiptBody, ReceiptProof, TokenRole};
use allod_wire::secrets::TokenKey;
use allod_wire::{Commits, Day, EntryId, LogId, Position, cbor};
use futures_channel::oneshot;
use rusqlite::{Connection, OptionalExtension, params};

use crate::hot_logs::{Hot, Slot};
use crate::writer::{Append, Batch, failure_of};

type ReplyTo = oneshot::Sender<Outcome<Receipt, AppendError>>;

/// What has been decided so far.
pub(crate) struct Appends {
    receipts: Vec<ReceiptBody>,
    accepted: Vec<ReplyTo>,
    refused: Vec<(ReplyTo, Failure<AppendError>)>,
    pages: Vec<Page>,
    page_of: HashMap<LogId, usize>,
}

/// A page that grows.
struct Page {
    log: LogId,
    entries: Vec<Entry>,
    receipt: usize,
    first: Position,
    commits: Commits,
    head_before: Digest,
    revoked: Vec<TokenKey>,
    budget: PageBudget,
}

/// The answers to one group commit.
pub(crate) struct Answers {
    pub(crate) hints: Vec<Hint>,
    appends: Vec<(ReplyTo, Outcome<Receipt, AppendError>)>,
}

impl Answers {
    /// Tells everybody who asked.
    pub(crate) fn send(self) {
        for (reply, outcome) in self.appends {
            let _ = reply.send(outcome);
        }
    }
}

impl Appends {
    pub(crate) fn with_capacity(ops: usize) -> Self {
        Self {
            receipts: Vec::with_capacity(ops),
            accepted: Vec::with_capacity(ops),
            refused: Vec::new(),
            pages: Vec::new(),
            page_of: HashMap::new(),
        }
    }

    /// Notes a refusal.
    pub(crate) fn refuse(&mut self, reply: ReplyTo, why: Failure<AppendError>) {
        self.refused.push((reply, why));
    }

    /// Decides on one entry and writes it. An error is SQLite's, and fails the whole group commit: an entry is one row, which is
    /// there or not, with its id and its members.
    pub(crate) fn decide(&mut self, batch: &mut Batch<'_>, append: Append) -> Result<(), ()> {
        let Append { log, author, entry, today, reply } = append;
        let hot = match batch.hot.get(batch.conn, &log) {
            Ok(Some(hot)) => hot,
            Ok(None) => {
                self.refuse(reply, Failure::Refused(AppendError::UnknownToken));
                return Ok(());
            }
            Err(error) => return self.fail(reply, &error),
        };
        let earlier = match earlier(batch.conn, hot, &entry.id) {
            Ok(earlier) => earlier,
            Err(error) => return self.fail(reply, &error),
        };
        match accept_entry(&hot.state, &author, entry, earlier.as_ref(), today) {
            Err(refusal) => self.refuse(reply, Failure::Refused(refusal)),
            Ok(Verdict::Before(receipt)) => {
                self.receipts.push(receipt);
                self.accepted.push(reply);
            }
            Ok(Verdict::Now(accepted)) => {
                if let Err(error) = insert(batch.conn, hot.slot, &accepted) {
                    return self.fail(reply, &error);
                }
                self.receipts.push(accepted.receipt(log));
                self.accepted.push(reply);
                let head_before = hot.state.head;
                hot.state.apply(&accepted);
                self.add_to_page(hot, head_before, accepted);
            }
        }
        Ok(())
    }

    fn fail(&mut self, reply: ReplyTo, error: &rusqlite::Error) -> Result<(), ()> {
        self.refuse(reply, failure_of(error));
        Err(())
    }

    fn add_to_page(&mut self, hot: &Hot, head_before: Digest, accepted: Accepted) {
        let log = hot.state.log;
        let receipt = self.receipts.len() - 1;
        let bytes = accepted.entry.new.payload.len();
        let fits = self.page_of.get(&log).copied().filter(|index| self.pages[*index].budget.take(bytes, false));
        let index = fits.unwrap_or_else(|| {
            let mut budget = PageBudget::new(PAGE_ENTRIES_MAX);
            budget.take(bytes, true);
            let (entries, revoked, first) = (Vec::new(), Vec::new(), hot.state.first);
            let commits = accepted.commits;
            self.pages.push(Page { log, entries, receipt, first, commits, head_before, revoked, budget });
            self.page_of.insert(log, self.pages.len() - 1);
            self.pages.len() - 1
        });
        let page = &mut self.pages[index];
        (page.receipt, page.commits) = (receipt, accepted.commits);
        for change in &accepted.members {
            match change {
                MemberChange::Gone(key) => page.revoked.push(*key),
                MemberChange::Set(key, _) => page.revoked.retain(|revoked| revoked != key),
            }
        }
        page.entries.push(accepted.entry);
    }

    /// Signs, once, if the transaction is on disk. `hints` are those of the other operations.
    pub(crate) fn finish(self, committed: bool, hub: &SigningSecret, mut hints: Vec<Hint>) -> Answers {
        let unavailable = |reply| (reply, Err(Failure::Unavailable));
        if !committed {
            let refused = self.refused.into_iter().map(|(reply, why)| match why {
                Failure::Broken => (reply, Err(Failure::Broken)),
                _ => unavailable(reply),
            });
            let appends = self.accepted.into_iter().map(unavailable).chain(refused).collect();
            return Answers { hints: Vec::new(), appends };
        }
        let proofs = sign_batch(hub, &self.receipts);
        for page in self.pages {
            let receipt = receipt(&self.receipts[page.receipt], &proofs[page.receipt]);
            hints.push(page.hint(receipt));
        }
        let receipts = self.receipts.into_iter().zip(proofs).map(|(body, proof)| Ok(Receipt { body, proof }));
        let refused = self.refused.into_iter().map(|(reply, why)| (reply, Err(why)));
        let appends = self.accepted.into_iter().zip(receipts).chain(refused).collect();
        Answers { hints, appends }
    }
}

impl Page {
    fn hint(self, receipt: Receipt) -> Hint {
        let page = EntriesPage {
            last: receipt.body.position,
            entries: self.entries,
            receipt: Some(receipt),
            first: self.first,
            commits: self.commits,
            head_before: self.head_before,
        };
        Hint::Entries { log: self.log, page: Arc::new(page), revoked: self.revoked }
    }
}

fn receipt(body: &ReceiptBody, proof: &ReceiptProof) -> Receipt {
    Receipt { body: body.clone(), proof: proof.clone() }
}

/// What the log holds, or remembers, under an id (rule L-4).
fn earlier(conn: &Connection, hot: &Hot, id: &EntryId) -> Result<Option<Earlier>, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT position FROM entry_ids WHERE slot = ?1 AND id = ?2")?;
    let position = statement.query_row(params![hot.slot.0, id.as_bytes()], |row| row.get(0)).optional()?.map(Position);
    let Some(position) = position else { return Ok(None) };
    let mut statement = conn.prepare_cached("SELECT day, frank, head FROM entries WHERE seq = ?1")?;
    let log = hot.state.log;
    let receipt = statement.query_row([hot.slot.seq(position)], |row| {
        let (day, frank, head) = (Day(row.get(0)?), row.get::<_, [u8; 32]>(1)?, row.get::<_, [u8; 32]>(2)?);
        Ok(ReceiptBody { log, position, entry: *id, day, frank: frank.into(), head: head.into() })
    })?;
    let before = Position(position.0.saturating_sub(1));
    Ok(Some(Earlier { receipt, head_before: head_at(conn, &log, hot.slot, before)? }))
}

/// The chain after the entry at `position`, which the log holds, remembers, or has just forgotten.
pub(crate) fn head_at(
    conn: &Connection,
    log: &LogId,
    slot: Slot,
    position: Position,
) -> Result<Digest, rusqlite::Error> {
    if position.0 == 0 {
        return Ok(first_head(*log));
    }
    let mut statement = conn.prepare_cached("SELECT head FROM entries WHERE seq = ?1")?;
    let head = statement.query_row([slot.seq(position)], |row| row.get::<_, [u8; 32]>(0)).optional()?;
    if let Some(head) = head {
        return Ok(head.into());
    }
    let mut statement = conn.prepare_cached("SELECT forgotten_head FROM logs WHERE id = ?1 AND forgotten = ?2")?;
    statement.query_row(params![log.as_bytes(), position.0], |row| row.get::<_, [u8; 32]>(0)).map(Into::into)
}

fn insert(conn: &Connection, slot: Slot, accepted: &Accepted) -> Result<(), rusqlite::Error> {
    let Entry { position, day, new } = &accepted.entry;
    let is_commit = matches!(new.kind, EntryKind::Commit { .. });
    let changes = (!new.changes.is_empty()).then(|| cbor::to_vec(&new.changes));
    let seq = slot.seq(*position);
    let mut statement = conn.prepare_cached(
        "INSERT INTO entries (seq, id, day, commits, is_commit, changes, frank, head, payload)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    statement.execute(params![
        seq,
        new.id.as_bytes(),
        day.0,
        accepted.commits.0,
        is_commit,
        changes,
        &new.frank[..],
        &accepted.head[..],
        &new.payload[..]
    ])?;
    let mut statement = conn.prepare_cached("INSERT INTO entry_ids (slot, id, position) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![slot.0, new.id.as_bytes(), position.0])?;
    accepted.members.iter().try_for_each(|change| write_member(conn, slot, change))
}

/// Writes a change of one member.
pub(crate) fn write_member(conn: &Connection, slot: Slot, change: &MemberChange) -> Result<(), rusqlite::Error> {
    match change {
        MemberChange::Set(key, member) => {
            let mut statement = conn.prepare_cached(
                "INSERT INTO members (slot, key, is_administrator, cursor) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET is_administrator = excluded.is_administrator, cursor = excluded.cursor",
            )?;
            let is_administrator = member.role == TokenRole::Administrator;
            statement.execute(params![slot.0, key.as_bytes(), is_administrator, member.cursor.0])?;
        }
        MemberChange::Gone(key) => {
            let mut statement = conn.prepare_cached("DELETE FROM members WHERE slot = ?1 AND key = ?2")?;
            statement.execute(params![slot.0, key.as_bytes()])?;
        }
    }
    Ok(())
}
