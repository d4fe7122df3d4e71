//! The index in memory: all texts folded in one buffer, which a search goes through from one end to the other.
//!
//! Invariants:
//! - a message has at most one piece of the buffer with text in it: its own, or that of its last edit;
//! - a message that was taken back has none, and nothing brings it back;
//! - only its author edits a message, only its author or who looks after the group takes it back; other claims change nothing;
//! - an edit names the original, not an earlier edit.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use allod_wire::mimi::MessageId;
use allod_wire::{Address, LogId, Position, UnixMillis};
use memchr::memmem;

use crate::search::query::{Occurs, Term};
use crate::search::segment::Record;
use crate::search::words::fold;

/// That all words stand there whole counts as if the message were so much younger: thirty days.
const WHOLE_MILLIS: u64 = 30 * 86_400_000;

/// A message that can be found.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) log: LogId,
    pub(crate) position: Position,
    pub(crate) time: UnixMillis,
    message: MessageId,
    /// Who said it, as a place in [`SearchIndex::senders`].
    pub(crate) sender: usize,
    /// What it says now.
    pub(crate) text: String,
    /// Its piece of the buffer.
    piece: (usize, usize),
    /// Where the entry stands that says so.
    said_at: Position,
    taken_back: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SearchIndex {
    lines: Vec<Line>,
    senders: Vec<Address>,
    /// Which line a message belongs to: what replaces it belongs to that of the original.
    line_of: BTreeMap<MessageId, usize>,
    buffer: Vec<u8>,
    /// Where each piece of the buffer begins and whose it is, in order.
    pieces: Vec<(usize, usize)>,
    /// What replaces messages that are not known yet.
    early: BTreeMap<MessageId, Vec<Record>>,
}

impl SearchIndex {
    /// Takes up a message, an edit or a deletion; what is known already changes nothing.
    pub(crate) fn add(&mut self, record: &Record) {
        if self.line_of.contains_key(&record.message) {
            return;
        }
        match record.replaces {
            Some(target) => match self.line_of.get(&target) {
                Some(line) if self.lines[*line].message == target => self.replace(*line, record),
                Some(_) => return,
                None => {
                    let early = self.early.entry(target).or_default();
                    if !early.contains(record) {
                        early.push(record.clone());
                    }
                    return;
                }
            },
            None => self.append(record),
        }
        for record in self.early.remove(&record.message).unwrap_or_default() {
            self.add(&record);
        }
    }

    fn append(&mut self, record: &Record) {
        let line = self.lines.len();
        let sender = self.senders.iter().position(|sender| *sender == record.sender).unwrap_or_else(|| {
            self.senders.push(record.sender.clone());
            self.senders.len() - 1
        });
        let piece = self.write(line, &record.text);
        self.line_of.insert(record.message, line);
        self.lines.push(Line {
            log: record.log,
            position: record.position,
            time: record.time,
            message: record.message,
            sender,
            text: record.text.clone(),
            piece,
            said_at: record.position,
            taken_back: record.text.is_empty(),
        });
    }

    fn replace(&mut self, number: usize, record: &Record) {
        let line = &self.lines[number];
        let is_deletion = record.text.is_empty();
        let is_author = self.senders[line.sender] == record.sender;
        if line.log != record.log || !(is_author || (is_deletion && record.chief)) {
            return;
        }
        self.line_of.insert(record.message, number);
        if line.taken_back || (!is_deletion && record.position < line.said_at) {
            return;
        }
        let (start, end) = line.piece;
        self.buffer[start..end].fill(b'\n');
        let piece = self.write(number, &record.text);
        let line = &mut self.lines[number];
        (line.text, line.piece, line.said_at) = (record.text.clone(), piece, record.position);
        line.taken_back = is_deletion;
    }

    fn write(&mut self, line: usize, text: &str) -> (usize, usize) {
        let start = self.buffer.len();
        if !text.is_empty() {
            self.buffer.extend_from_slice(fold(text).as_bytes());
            self.buffer.push(b'\n');
            self.pieces.push((start, line));
        }
        (start, self.buffer.len())
    }

    /// Whether the message that `record` belongs to was taken back, so that its text need not be kept.
    pub(crate) fn is_taken_back(&self, record: &Record) -> bool {
        let line = self.line_of.get(&record.message);
        line.is_some_and(|line| self.lines[*line].taken_back) && !record.text.is_empty()
    }

    /// The lines in which all of `terms` occur and which are `wanted`, best first: at most `limit` of them, and how many there are.
    pub(crate) fn find(&self, terms: &[Term], wanted: impl Fn(&Line) -> bool, limit: usize) -> (Vec<&Line>, usize) {
        let mut found: Vec<(u64, usize)> = Vec::new();
        let mut consider = |number: usize| {
            let line = &self.lines[number];
            if line.taken_back || !wanted(line) {
                return;
            }
            let piece = &self.buffer[line.piece.0..line.piece.1];
            let occurs = terms.iter().map(|term| term.occurs(piece)).min().unwrap_or(Occurs::Whole);
            if occurs != Occurs::Not {
                let bonus = if occurs == Occurs::Whole { WHOLE_MILLIS } else { 0 };
                found.push((line.time.0.saturating_add(bonus), number));
            }
        };
        match terms.iter().max_by_key(|term| term.needle().len()) {
            Some(rarest) => self.scan(rarest.needle(), consider),
            None => (0..self.lines.len()).for_each(&mut consider),
        }
        let count = found.len();
        let order = |(rank, number): &(u64, usize)| Reverse((*rank, self.lines[*number].position, *number));
        if limit < count {
            found.select_nth_unstable_by_key(limit, order);
            found.truncate(limit);
        }
        found.sort_unstable_by_key(order);
        (found.into_iter().map(|(_, number)| &self.lines[number]).collect(), count)
    }

    /// Calls `each` once for every line in whose piece `needle` stands.
    fn scan(&self, needle: &[u8], mut each: impl FnMut(usize)) {
        let finder = memmem::Finder::new(needle);
        let (mut at, mut first) = (0, 0);
        while let Some(hit) = finder.find(&self.buffer[at..]) {
            let piece = first + self.pieces[first..].partition_point(|(start, _)| *start <= at + hit);
            each(self.pieces[piece - 1].1);
            let Some((next, _)) = self.pieces.get(piece) else { return };
            (at, first) = (*next, piece);
        }
    }

    /// Everybody who said something.
    pub(crate) fn senders(&self) -> &[Address] {
        &self.senders
    }
}
