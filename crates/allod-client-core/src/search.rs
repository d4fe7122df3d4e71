//! Search over the whole local history, offline and as one types. Decision: `docs/decisions/0030-search-index.md`.
//!
//! Every text that becomes history also goes into a segment of texts (row `w`, rows `w/NUMBER`), in the same write. At the first search the
//! shell reads the closed segments and hands them in ([`ClientCore::load_search`]); from then on everything is answered from memory.
//! History from before there was search is indexed in steps ([`ClientCore::unindexed`], [`ClientCore::index_history`]).
//!
//! Invariants:
//! - what is shown is found, what is edited is found by its last text, what was taken back is not found;
//! - nothing but the vault keeps what is searched, sealed like every other row.

mod index;
mod query;
pub(crate) mod segment;
mod snippet;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use allod_wire::cbor;
use allod_wire::markup;
use allod_wire::mimi::{Disposition, MessageId, MimiContent};
use allod_wire::{Address, LogId, Position, UnixMillis};
use serde::Serialize;

use crate::core::ClientCore;
use crate::effect::Effect;
use crate::message::{StoredBody, StoredMessage, message_id};
use crate::rows::{self, Row};
use crate::search::index::{Line, SearchIndex};
use crate::search::query::{Query, Term};
use crate::search::segment::{Record, SearchRow, Segment, bounded};
use crate::search::words::fold;
use crate::view::{MessageBody, as_text};

pub use snippet::SnippetPart;

/// Most messages that a search answers with.
pub const HITS_MAX: usize = 200;

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// As typed: words of which the last may be a beginning, `"words together"`, `from:person`, `in:conversation`.
    pub text: String,
    /// Only in this conversation.
    pub log: Option<LogId>,
    /// Only what this person said.
    pub from: Option<Address>,
    /// At most so many messages, and never more than [`HITS_MAX`].
    pub limit: usize,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The best first.
    pub hits: Vec<SearchHit>,
    /// How many messages fit, those left out included.
    pub count: usize,
    /// All of the history was looked through: nothing waits to be loaded or indexed.
    pub complete: bool,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SearchHit {
    /// The conversation.
    #[serde(serialize_with = "as_text")]
    pub log: LogId,
    /// Its place there.
    pub position: u64,
    /// Who said it.
    #[serde(serialize_with = "as_text")]
    pub sender: Address,
    /// Said by this user.
    pub own: bool,
    /// By the author's clock, in milliseconds since 1970.
    #[serde(serialize_with = "crate::view::millis")]
    pub time: UnixMillis,
    /// Why it was found.
    pub snippet: Vec<SnippetPart>,
}

/// History that is not indexed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unindexed {
    /// Of this conversation.
    pub log: LogId,
    /// What stands before this position; the last rows are wanted first.
    pub before: Position,
    /// How many entries there are at most, in all conversations: it only becomes less.
    pub left: u64,
}

/// What the core holds for search.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) row: Row<SearchRow>,
    /// From when the closed segments were handed in.
    index: Option<SearchIndex>,
    /// What was put into closed segments in this run, until then.
    closed: Vec<Record>,
}

impl Search {
    /// Of a vault that is new, or from before there was search.
    pub(crate) fn new(behind: impl IntoIterator<Item = (LogId, Position)>) -> Self {
        let behind = behind.into_iter().collect();
        Self::stored(Row::new(SearchRow { behind, ..SearchRow::default() }))
    }

    pub(crate) fn stored(row: Row<SearchRow>) -> Self {
        Self { row, index: None, closed: Vec::new() }
    }

    fn note(&mut self, record: Record, writes: &mut rows::Writes) {
        if let Some(index) = &mut self.index {
            index.add(&record);
        }
        self.row.open.push(record);
        if self.row.is_full() {
            let (number, segment) = self.row.close();
            writes.put(rows::segment(number), &segment);
            if self.index.is_none() {
                self.closed.extend(segment.records);
            }
        }
    }
}

impl ClientCore {
    /// Whether the closed segments were handed in.
    pub fn is_search_loaded(&self) -> bool {
        self.search.index.is_some()
    }

    /// Hands in the closed segments: all rows whose keys start with [`rows::SEGMENTS`]. A row that cannot be read is from a later release:
    /// what it holds is not found.
    pub fn load_search(&mut self, segments: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Vec<Effect> {
        let mut index = SearchIndex::default();
        let mut closed: Vec<(Vec<u8>, Segment)> = Vec::new();
        for (key, value) in segments {
            if let (true, Ok(segment)) = (key.starts_with(rows::SEGMENTS), cbor::from_slice::<Segment>(&value)) {
                segment.records.iter().for_each(|record| index.add(record));
                closed.push((key, segment));
            }
        }
        self.search.closed.drain(..).for_each(|record| index.add(&record));
        self.search.row.open.iter().for_each(|record| index.add(record));
        for (key, mut segment) in closed {
            if self.blank(&index, &mut segment.records) {
                self.writes.put(key, &segment);
            }
        }
        let mut open = self.search.row.open.clone();
        if self.blank(&index, &mut open) {
            self.search.row.open = open;
        }
        self.search.index = Some(index);
        self.done()
    }

    /// Takes texts out that must not be found any more: of messages taken back, and of conversations that were forgotten.
    fn blank(&self, index: &SearchIndex, records: &mut Vec<Record>) -> bool {
        let before = records.len();
        records.retain(|record| self.conversations.contains_key(&record.log));
        let mut changed = records.len() < before;
        for record in records.iter_mut().filter(|record| index.is_taken_back(record)) {
            record.text.clear();
            changed = true;
        }
        changed
    }

    /// Takes the texts of a message out of the open segment.
    pub(crate) fn erase_in_search(&mut self, log: LogId, message: MessageId) {
        let mut open = self.search.row.open.clone();
        if erase(&mut open, |named| named == (log, message)) {
            self.search.row.open = open;
        }
    }

    /// History from before there was search, if some is left. Hand in the last rows before [`Unindexed::before`], a few hundred
    /// at a time, by [`Self::index_history`].
    pub fn unindexed(&self) -> Option<Unindexed> {
        let behind = &self.search.row.behind;
        let (log, before) = behind.iter().next()?;
        let left = behind.values().map(|position| position.0).sum();
        Some(Unindexed { log: *log, before: *before, left })
    }

    /// Takes up rows of history that [`Self::unindexed`] asked for, in any order; none of them if there are no more.
    pub fn index_history(&mut self, log: LogId, history: &[(Vec<u8>, Vec<u8>)]) -> Vec<Effect> {
        let Some(before) = self.search.row.behind.get(&log).copied() else { return Vec::new() };
        let mut first = None;
        for (key, value) in history {
            let Some((of, position)) = rows::log_and_number(key) else { continue };
            if of != log || position >= before.0 || !key.starts_with(&rows::history_prefix(log)) {
                continue;
            }
            first = Some(first.unwrap_or(position).min(position));
            if let Ok(message) = cbor::from_slice::<StoredMessage>(value) {
                self.note_for_search(log, &message);
            }
        }
        match first {
            Some(first) => self.search.row.behind.insert(log, Position(first)),
            None => self.search.row.behind.remove(&log),
        };
        self.done()
    }

    /// Puts what a message says where search finds it; an edit or a deletion takes the place of what it replaces. Called for all content
    /// that comes, whether it becomes a line of history or acts on one.
    pub(crate) fn note_for_search(&mut self, log: LogId, message: &StoredMessage) {
        self.note_text(log, message, None);
    }

    /// The same for what another own device sent; `chief` says whether its author looked after the group when it was said.
    pub(crate) fn note_past_for_search(&mut self, log: LogId, message: &StoredMessage, chief: bool) {
        self.note_text(log, message, Some(chief));
    }

    fn note_text(&mut self, log: LogId, message: &StoredMessage, chief: Option<bool>) {
        let StoredBody::Content(content) = &message.body else { return };
        let Ok(mimi) = cbor::from_slice::<MimiContent>(content) else { return };
        let Some(text) = searchable(&MessageBody::of(&mimi)) else { return };
        if mimi.body.disposition == Disposition::REACTION || (text.is_empty() && mimi.replaces.is_none()) {
            return;
        }
        let here = || self.conversations.get(&log)?.peek_membership();
        let is_chief = || here().is_some_and(|here| here.is_chief(&message.sender));
        let chief = mimi.replaces.is_some() && chief.unwrap_or_else(is_chief);
        let record = Record {
            log,
            position: message.position,
            time: message.time,
            sender: message.sender.clone(),
            message: message_id(log, &message.sender, content),
            replaces: mimi.replaces,
            text: bounded(text),
            chief,
        };
        self.search.note(record, &mut self.writes);
    }

    /// Searches what is loaded. A few milliseconds for tens of thousands of messages.
    pub fn search(&self, query: &SearchQuery) -> Found {
        let asked = Query::parse(&query.text);
        let complete = self.is_search_loaded() && self.search.row.behind.is_empty();
        let Some(index) = self.search.index.as_ref().filter(|_| !asked.is_empty()) else {
            return Found { complete, ..Found::default() };
        };
        let titles = |log: LogId| self.conversation(log).map(|one| fold(&one.title)).unwrap_or_default();
        let logs: BTreeSet<LogId> = self
            .conversations
            .keys()
            .copied()
            .filter(|log| query.log.is_none_or(|wanted| wanted == *log))
            .filter(|log| asked.within.is_empty() || all_occur(&asked.within, &titles(*log)))
            .collect();
        let is_wanted = |sender: &Address| {
            let folded = fold(&sender.to_string());
            let begins = |term: &Term| folded.as_bytes().starts_with(term.needle());
            query.from.as_ref().is_none_or(|from| from == sender) && asked.from.iter().all(begins)
        };
        let senders: Vec<bool> = index.senders().iter().map(is_wanted).collect();
        let wanted = |line: &Line| senders[line.sender] && logs.contains(&line.log);
        let (lines, count) = index.find(&asked.terms, wanted, query.limit.min(HITS_MAX));
        let me = self.me();
        let hit = |line: &Line| SearchHit {
            log: line.log,
            position: line.position.0,
            sender: index.senders()[line.sender].clone(),
            own: me.as_ref() == Some(&index.senders()[line.sender]),
            time: line.time,
            snippet: snippet::snippet(&line.text, &asked.terms),
        };
        Found { hits: lines.into_iter().map(hit).collect(), count, complete }
    }
}

/// Takes the texts of some messages out, with those that they were edited from; says whether there were any.
pub(crate) fn erase(records: &mut [Record], is_erased: impl Fn((LogId, MessageId)) -> bool) -> bool {
    let of = |record: &Record| (record.log, record.replaces.unwrap_or(record.message));
    let written = records.iter_mut().filter(|record| is_erased(of(record)) && !record.text.is_empty());
    written.map(|record| record.text.clear()).count() > 0
}

fn all_occur(terms: &[Term], folded: &str) -> bool {
    terms.iter().all(|term| term.occurs(folded.as_bytes()) != query::Occurs::Not)
}

/// What of a message is searched: text, file names and captions; of a deletion, nothing. `None` for what has no words.
fn searchable(body: &MessageBody) -> Option<String> {
    match body {
        MessageBody::Text { text, formatted: true } => Some(markup::plain(text)),
        MessageBody::Text { text, .. } => Some(text.clone()),
        MessageBody::Poll { poll } => Some(format!("{}\n{}", poll.question, poll.options.join("\n"))),
        MessageBody::File { file, caption } => Some(format!("{}\n{caption}", file.name)),
        MessageBody::Deleted => Some(String::new()),
        MessageBody::Reaction { .. } | MessageBody::Unknown { .. } | MessageBody::System { .. } => None,
    }
}
