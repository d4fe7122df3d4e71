//! Records: what a device knows of people, conversations and what was said in them, as bytes. Spec: `spec/backup.md`, rule K-4.
//!
//! A backup is one sequence of records, a part of a history for a new device another (`spec/history.md`, rule D-4); what differs is
//! the first record. Invariant: [`RecordsIn::finish`] alone gives [`Records`], so nothing is made of a sequence that was not read to its end.

use std::collections::{BTreeMap, BTreeSet};

use allod_wire::cbor;
use allod_wire::mimi::MessageId;
use allod_wire::{LogId, Position, UnixMillis};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::annotation::StoredAnnotation;
use crate::contacts::Pin;
use crate::conversation::{Preview, Remembered};
use crate::core::ClientCore;
use crate::message::StoredMessage;
use crate::rows;

/// Longest record, in bytes: any line of history fits.
const RECORD_BYTES_MAX: usize = 5 << 20;

/// A row of history, as key and value.
pub type HistoryRow = (Vec<u8>, Vec<u8>);

/// A record (rule K-4).
#[derive(Debug, Encode, Decode)]
pub(crate) enum Record {
    /// The first of a backup.
    #[n(0)]
    Account(#[n(0)] AccountRecord),
    #[n(1)]
    Person(#[n(0)] Pin),
    #[n(2)]
    Conversation(#[n(0)] ConversationRecord),
    #[n(3)]
    Line(#[n(0)] LogId, #[n(1)] StoredMessage),
    /// How many records came before.
    #[n(4)]
    End(#[n(0)] u64),
    /// What acts on the message with that id, and where in the log it stands.
    #[n(5)]
    Annotation(#[n(0)] LogId, #[n(1)] MessageId, #[n(2)] Position, #[n(3)] StoredAnnotation),
    /// The first of a part of a history for a new device: which part it is, from 0 on.
    #[n(6)]
    Part(#[n(0)] u64),
}

#[derive(Debug, Encode, Decode)]
pub(crate) struct AccountRecord {
    /// A recovery link (rule A-10).
    #[n(0)]
    pub(crate) link: String,
    #[n(1)]
    pub(crate) made: UnixMillis,
    #[n(2)]
    pub(crate) suite: u16,
}

#[derive(Debug, Encode, Decode)]
pub(crate) struct ConversationRecord {
    #[n(0)]
    pub(crate) log: LogId,
    #[n(1)]
    pub(crate) remembered: Remembered,
    #[n(2)]
    pub(crate) created: UnixMillis,
    #[n(3)]
    pub(crate) last: Option<Preview>,
    /// Of a member; else removed, or left.
    #[n(4)]
    pub(crate) is_member: bool,
    /// Up to where the log was read, if all before is known.
    #[n(5)]
    #[cbor(default)]
    pub(crate) read_to: Position,
}

/// With what a sequence of records begins: what it is.
#[derive(Debug)]
pub(crate) enum Head {
    Account(AccountRecord),
    Part(u64),
}

/// The bytes do not open into records in the order of rule K-4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these records do not hold together")]
pub struct BadRecords;

impl ClientCore {
    /// What is known of people and conversations, but for the head and the lines.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let people = self.contacts.pins().map(|pin| Record::Person(Pin { other: None, ..pin.clone() }));
        let conversations = self.conversations.values().filter_map(|conversation| {
            let remembered = self.remember(conversation)?;
            let row = &conversation.row;
            let (log, created, last) = (row.log, row.created, row.last.clone());
            let is_member = conversation.is_member();
            let read_to = if row.lacks_beginning { Position(0) } else { row.position };
            Some(Record::Conversation(ConversationRecord { log, remembered, created, last, is_member, read_to }))
        });
        people.chain(conversations)
    }
}

/// Records as bytes.
#[derive(Debug)]
pub(crate) struct RecordsOut {
    bytes: Zeroizing<Vec<u8>>,
    records: u64,
}

impl RecordsOut {
    pub(crate) fn new(head: &Record) -> Self {
        let mut out = Self { bytes: Zeroizing::default(), records: 0 };
        out.push(head);
        out
    }

    pub(crate) fn push(&mut self, record: &Record) {
        self.records += 1;
        let body = Zeroizing::new(cbor::to_vec(record));
        let length = u32::try_from(body.len()).expect("a record is no longer than a row");
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(&body);
    }

    /// Takes a row of history or of what acts on it ([`rows::BACKED_UP`]). A row that a newer release wrote is left out.
    pub(crate) fn push_row(&mut self, key: &[u8], value: &[u8]) {
        if let Some((log, message, position)) = rows::annotated(key) {
            if let Ok(annotation) = cbor::from_slice(value) {
                self.push(&Record::Annotation(log, message, position, annotation));
            }
        } else if let (Some((log, _)), Ok(message)) = (rows::log_and_number(key), cbor::from_slice(value))
            && key.starts_with(b"h/")
        {
            self.push(&Record::Line(log, message));
        }
    }

    pub(crate) fn push_end(&mut self) {
        self.push(&Record::End(self.records));
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What was not taken yet.
    pub(crate) fn take(&mut self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut self.bytes)
    }
}

/// A line of history, or what acts on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past(Kept);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    Line(LogId, StoredMessage),
    Annotation(LogId, MessageId, Position, StoredAnnotation),
}

impl Past {
    pub(crate) fn log(&self) -> LogId {
        match &self.0 {
            Kept::Line(log, _) | Kept::Annotation(log, ..) => *log,
        }
    }

    pub(crate) fn position(&self) -> Position {
        match &self.0 {
            Kept::Line(_, message) => message.position,
            Kept::Annotation(_, _, position, _) => *position,
        }
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.0
    }

    /// As it goes into a vault.
    pub fn rows(&self) -> Vec<HistoryRow> {
        match &self.0 {
            Kept::Line(log, message) => {
                let line = (rows::history_key(*log, message.position), cbor::to_vec(message));
                let Some(id) = message.id(*log) else { return vec![line] };
                vec![(rows::place_key(*log, &id), cbor::to_vec(&message.position)), line]
            }
            Kept::Annotation(log, message, position, annotation) => {
                vec![(rows::annotation(*log, message, *position), cbor::to_vec(annotation))]
            }
        }
    }
}

/// A sequence of records that was read to its end, without the lines, which were handed on as they came.
#[derive(Debug)]
pub struct Records {
    pub(crate) head: Head,
    pub(crate) people: Vec<Pin>,
    pub(crate) conversations: Vec<ConversationRecord>,
    pub(crate) lines: u64,
    /// Behind the last line of each conversation.
    pub(crate) ends: BTreeMap<LogId, Position>,
    /// Messages that somebody deleted for everyone, entitled or not.
    pub(crate) deleted: BTreeSet<(LogId, MessageId)>,
}

impl Records {
    /// How many lines of history came.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// How many conversations are named.
    pub fn conversations(&self) -> usize {
        self.conversations.len()
    }
}

/// Records as they come, out of any parts.
#[derive(Debug, Default)]
pub struct RecordsIn {
    waiting: Zeroizing<Vec<u8>>,
    head: Option<Head>,
    people: Vec<Pin>,
    conversations: Vec<ConversationRecord>,
    lines: u64,
    ends: BTreeMap<LogId, Position>,
    deleted: BTreeSet<(LogId, MessageId)>,
    records: u64,
    has_ended: bool,
}

impl RecordsIn {
    /// Takes more of the content; gives lines of history and what acts on them.
    ///
    /// # Errors
    /// [`BadRecords`].
    pub fn push(&mut self, content: &[u8]) -> Result<Vec<Past>, BadRecords> {
        self.waiting.extend_from_slice(content);
        let waiting = std::mem::take(&mut self.waiting);
        let (mut rest, mut past) = (waiting.as_slice(), Vec::new());
        while let Some((length, behind)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            if length > RECORD_BYTES_MAX {
                return Err(BadRecords);
            }
            let Some((body, behind)) = behind.split_at_checked(length) else { break };
            let record = cbor::from_slice_bounded(body, RECORD_BYTES_MAX).map_err(|_| BadRecords)?;
            past.extend(self.record(record)?);
            rest = behind;
        }
        self.waiting = Zeroizing::new(rest.to_vec());
        Ok(past)
    }

    fn record(&mut self, record: Record) -> Result<Option<Past>, BadRecords> {
        let is_head = matches!(record, Record::Account(_) | Record::Part(_));
        if self.has_ended || is_head != (self.records == 0) {
            return Err(BadRecords);
        }
        let mut past = None;
        match record {
            Record::Account(account) => self.head = Some(Head::Account(account)),
            Record::Part(number) => self.head = Some(Head::Part(number)),
            Record::Person(pin) if self.conversations.is_empty() && self.lines == 0 => self.people.push(pin),
            Record::Conversation(conversation) if self.lines == 0 => self.conversations.push(conversation),
            Record::Line(log, message) => {
                self.lines += 1;
                let end = self.ends.entry(log).or_default();
                *end = (*end).max(message.position.next());
                past = Some(Past(Kept::Line(log, message)));
            }
            Record::Annotation(log, message, position, annotation) => {
                if annotation.deletes(message) {
                    self.deleted.insert((log, message));
                }
                past = Some(Past(Kept::Annotation(log, message, position, annotation)));
            }
            Record::End(records) if records == self.records => self.has_ended = true,
            Record::Person(_) | Record::Conversation(_) | Record::End(_) => return Err(BadRecords),
        }
        self.records += 1;
        Ok(past)
    }

    /// All of it was there.
    ///
    /// # Errors
    /// [`BadRecords`].
    pub fn finish(self) -> Result<Records, BadRecords> {
        let Self { waiting, head, people, conversations, lines, ends, deleted, has_ended, .. } = self;
        match head {
            Some(head) if has_ended && waiting.is_empty() => {
                Ok(Records { head, people, conversations, lines, ends, deleted })
            }
            _ => Err(BadRecords),
        }
    }
}
