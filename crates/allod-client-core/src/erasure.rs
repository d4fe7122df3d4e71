//! What was deleted for everyone goes from this device's own store too: the line, what it said before, and what search keeps of it. Spec: M-15.
//!
//! Content that replaces a message → (its annotations are read: one deletes it) → (its line is read: who deleted it was entitled) → the line
//! is erased → once nothing waits to be looked at, the texts in closed segments of search are erased too. Invariants:
//! - a message that is to be looked at has a row until all of it is gone, so a restart begins anew;
//! - one read is under way at most.

use std::collections::BTreeSet;

use allod_wire::mimi::{MessageId, MimiContent};
use allod_wire::{LogId, cbor};

use crate::annotation::StoredAnnotation;
use crate::content::thread;
use crate::core::ClientCore;
use crate::message::{StoredBody, StoredMessage};
use crate::pending::Pending;
use crate::records::HistoryRow;
use crate::rows;
use crate::search::erase;
use crate::search::segment::Segment;

/// Closed segments of search that are read at a time.
const SEGMENTS_AT_ONCE: u32 = 16;

type Named = (LogId, MessageId);

/// Messages that may have been deleted.
#[derive(Debug, Default)]
pub(crate) struct Erasures {
    /// To be looked at.
    due: BTreeSet<Named>,
    /// Deleted by somebody, but not here: looked at again when they come.
    absent: BTreeSet<Named>,
    /// What search keeps of these goes next.
    erased: BTreeSet<Named>,
}

/// What was read for it.
#[derive(Debug, Clone)]
pub(crate) enum Look {
    /// What acts on the message.
    Acts(LogId, MessageId),
    /// Where it stands.
    Place(LogId, MessageId, Vec<HistoryRow>),
    /// The line itself.
    Line(LogId, MessageId, Vec<HistoryRow>),
    /// Closed segments of search.
    Segments(BTreeSet<Named>),
}

impl Erasures {
    /// A row of a message that was to be looked at when the program ended.
    pub(crate) fn restore(&mut self, key: &[u8]) {
        self.due.extend(rows::erased(key));
    }
}

impl ClientCore {
    /// Somebody replaced this message, and perhaps by nothing.
    pub(crate) fn look_at_replaced(&mut self, log: LogId, message: MessageId) {
        if self.erasures.due.insert((log, message)) {
            self.writes.put(rows::erasure(log, &message), &());
        }
    }

    /// A line came that was said earlier than what is known of it.
    pub(crate) fn look_at_late(&mut self, log: LogId, message: MessageId) {
        if self.erasures.absent.remove(&(log, message)) {
            self.erasures.due.insert((log, message));
        }
    }

    /// Of a conversation that is forgotten the shell deletes everything.
    pub(crate) fn forget_erasures(&mut self, log: LogId) {
        let is_of_log = |named: &Named| named.0 == log;
        let Erasures { due, absent, erased } = &mut self.erasures;
        let mut reading = BTreeSet::new();
        self.requests.retain(|_, pending| match pending {
            Pending::Erasure(Look::Acts(of, message) | Look::Place(of, message, _) | Look::Line(of, message, _)) => {
                reading.insert((*of, *message));
                *of != log
            }
            _ => true,
        });
        for (_, message) in due.iter().chain(&*absent).chain(&*erased).chain(&reading).filter(|named| is_of_log(named))
        {
            self.writes.delete(rows::erasure(log, message));
        }
        [due, absent, erased].into_iter().for_each(|all| all.retain(|named| !is_of_log(named)));
    }

    /// Goes on, if nothing is being read for it.
    pub(crate) fn advance_erasures(&mut self) {
        if self.is_pending(|pending| matches!(pending, Pending::Erasure(_))) {
            return;
        }
        if let Some((log, message)) = self.erasures.due.pop_first() {
            let prefix = rows::annotations_prefix(log, &message);
            let behind = rows::behind(&prefix);
            self.read_rows(Pending::Erasure(Look::Acts(log, message)), prefix, behind, u32::MAX);
        } else if !self.erasures.erased.is_empty() {
            let erased = std::mem::take(&mut self.erasures.erased);
            self.read_segments(erased, rows::SEGMENTS.to_vec());
        }
    }

    fn read_segments(&mut self, erased: BTreeSet<Named>, from: Vec<u8>) {
        let behind = rows::behind(rows::SEGMENTS);
        self.read_rows(Pending::Erasure(Look::Segments(erased)), from, behind, SEGMENTS_AT_ONCE);
    }

    /// Rows that were read for it.
    pub(crate) fn handle_look(&mut self, look: Look, rows: &[HistoryRow]) {
        match look {
            Look::Acts(log, message) => {
                let deletes = rows.iter().filter_map(|(_, value)| act(value)).any(|act| act.deletes(message));
                if !deletes {
                    return self.looked_at(log, message);
                }
                self.read_one(Look::Place(log, message, rows.to_vec()), rows::place_key(log, &message));
            }
            Look::Place(log, message, acts) => match rows.first().and_then(|(_, value)| rows::position(value).ok()) {
                Some(place) => self.read_one(Look::Line(log, message, acts), rows::history_key(log, place)),
                None => drop(self.erasures.absent.insert((log, message))),
            },
            Look::Line(log, message, acts) => self.erase(log, message, &acts, rows.first()),
            Look::Segments(erased) => self.erase_in_segments(erased, rows),
        }
    }

    fn read_one(&mut self, look: Look, key: Vec<u8>) {
        let behind = [&key[..], b"\0"].concat();
        self.read_rows(Pending::Erasure(look), key, behind, 1);
    }

    /// Erases a line if one of those who deleted it was entitled to (rule M-6).
    fn erase(&mut self, log: LogId, message: MessageId, acts: &[HistoryRow], line: Option<&HistoryRow>) {
        let line: Option<StoredMessage> = line.and_then(|(_, value)| cbor::from_slice(value).ok());
        let Some(mut line) = line else { return self.looked_at(log, message) };
        let is_entitled = |act: &StoredAnnotation| act.chief || act.sender == line.sender;
        let mut deleting = acts.iter().filter_map(|(_, value)| act(value)).filter(|act| act.deletes(message));
        if !deleting.any(|act| is_entitled(&act)) {
            return self.looked_at(log, message);
        }
        if let StoredBody::Content(content) = &line.body {
            let content: Option<MimiContent> = cbor::from_slice(content).ok();
            let thread = content.as_ref().and_then(thread).filter(|root| *root != message);
            line.body = StoredBody::Erased(message, thread);
            self.writes.put(rows::history_key(log, line.position), &line);
        }
        for (key, value) in acts {
            // What a later release wrote goes as well.
            if !act(value).is_some_and(|act| act.content.is_empty() || act.deletes(message)) {
                self.writes.delete(key.clone());
            }
        }
        self.erase_in_search(log, message);
        self.erasures.erased.insert((log, message));
    }

    fn erase_in_segments(&mut self, erased: BTreeSet<Named>, rows: &[HistoryRow]) {
        for (key, value) in rows {
            let Ok(mut segment) = cbor::from_slice::<Segment>(value) else { continue };
            if erase(&mut segment.records, |named| erased.contains(&named)) {
                self.writes.put(key.clone(), &segment);
            }
        }
        match rows.last() {
            Some((last, _)) if rows.len() >= SEGMENTS_AT_ONCE as usize => {
                let from = [&last[..], b"\0"].concat();
                self.read_segments(erased, from);
            }
            _ => erased.into_iter().for_each(|(log, message)| self.looked_at(log, message)),
        }
    }

    /// All of it is gone, or it stays; unless it was replaced once more meanwhile.
    fn looked_at(&mut self, log: LogId, message: MessageId) {
        if !self.erasures.due.contains(&(log, message)) {
            self.writes.delete(rows::erasure(log, &message));
        }
    }
}

fn act(value: &[u8]) -> Option<StoredAnnotation> {
    cbor::from_slice(value).ok()
}
