//! The rows of the vault: which keys there are, and how values become rows.
//!
//! | key | row |
//! |---|---|
//! | `a` | the account: device, keys, session, tickets |
//! | `p/ADDRESS` | what is known of a person: the pinned identity key |
//! | `t/REFERENCE` | the token secret that belongs to a key package |
//! | `c/LOG` | a conversation |
//! | `r/LOG` | its readers: since when, added by whom, what changed lately |
//! | `j/LOG` | the commit that is under way there, and the welcomes that wait for delivery |
//! | `o/LOG NUMBER` | a message that is not in the log yet |
//! | `d/LOG POSITION` | the log's chain at that position |
//! | `h/LOG POSITION` | history: what is shown; read by the shell on demand |
//! | `n/LOG MESSAGE-ID POSITION` | an annotation: what acts on that message; read by the shell with the message |
//! | `q/LOG MESSAGE-ID` | the position of the line that has this message id |
//! | `e/LOG MESSAGE-ID` | that message may have been deleted for everyone: it is to be looked at |
//! | `x/LOG POSITION` | evidence: an entry that was skipped, and why |
//! | `i/LOG` | an invitation that is being followed |
//! | `v/ADDRESS` | what the directory says of a person |
//! | `l` | what is known of the organisation's ledger; `l/` what was refused and accuses it |
//! | `u/BLOB` | an upload that is under way |
//! | `y` | the history that this device lacks, and how far it is with getting it |
//! | `y/DEVICE` | the history that an own device asked for, and how far this one is with sending it |
//! | `w` | search: the open segment of texts, and which history is not indexed yet |
//! | `w/NUMBER` | a closed segment of texts; read by the shell at the first search |
//! | `m/…` | rows of the MLS store |
//!
//! `LOG` and `BLOB` are the raw bytes, `POSITION` and `NUMBER` 8 bytes big-endian, so that rows of one log are in order.

use std::ops::{Deref, DerefMut};

use allod_wire::cbor::{self, DecodeError};
use allod_wire::mimi::MessageId;
use allod_wire::{Address, BlobId, DeviceId, LogId, Position};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use allod_mls::{KeyPackageRef, WriteSet};

use crate::annotation::StoredAnnotation;

pub(crate) const ACCOUNT: &[u8] = b"a";
pub(crate) const GETTING: &[u8] = b"y";
pub(crate) const SEARCH: &[u8] = b"w";
pub(crate) const LEDGER: &[u8] = b"l";
pub(crate) const LEDGER_EVIDENCE: &[u8] = b"l/";
/// The keys of the closed segments of texts start with these bytes ([`crate::ClientCore::load_search`]).
pub const SEGMENTS: &[u8] = b"w/";

/// The keys of a conversation's history start with these bytes.
pub fn history_prefix(log: LogId) -> Vec<u8> {
    of_log(b'h', log)
}

/// The key of the history row at `position`.
pub fn history_key(log: LogId, position: Position) -> Vec<u8> {
    numbered(b'h', log, position.0)
}

/// The position in a [`history_key`].
pub fn history_position(key: &[u8]) -> Option<Position> {
    log_and_number(key).filter(|_| key.starts_with(b"h/")).map(|(_, number)| Position(number))
}

/// The keys of what acts on a message start with these bytes: rows for [`crate::ClientCore::fold`].
pub fn annotations_prefix(log: LogId, message: &MessageId) -> Vec<u8> {
    [&of_log(b'n', log)[..], message.as_slice()].concat()
}

/// Where the answers in a message's thread stand, oldest first: `rows` are those with its [`annotations_prefix`] (rule M-8).
pub fn answers<'a>(rows: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Vec<Position> {
    let is_answer = |value: &[u8]| cbor::from_slice::<StoredAnnotation>(value).is_ok_and(|row| row.content.is_empty());
    let answers = rows.into_iter().filter(|(_, value)| is_answer(value));
    let mut answers: Vec<_> = answers.filter_map(|(key, _)| Some(annotated(key)?.2)).collect();
    answers.sort();
    answers
}

/// The key of the row that says at which position a message stands ([`position`] reads its value).
pub fn place_key(log: LogId, message: &MessageId) -> Vec<u8> {
    [&of_log(b'q', log)[..], message.as_slice()].concat()
}

/// The value of a row at a [`place_key`].
///
/// # Errors
/// [`DecodeError`] if it is none.
pub fn position(value: &[u8]) -> Result<Position, DecodeError> {
    cbor::from_slice(value)
}

/// Whether a row is history, or what is searched of it: the core is not restored from these.
pub fn is_history(key: &[u8]) -> bool {
    matches!(key, [b'h' | b'n' | b'q' | b'w' | b'x', b'/', ..])
}

/// The prefixes of the rows that a backup holds, in the order in which they go into it.
pub const BACKED_UP: [&[u8]; 2] = [b"h/", b"n/"];

/// The row of a message that is to be looked at ([`crate::erasure`]).
pub(crate) fn erasure(log: LogId, message: &MessageId) -> Vec<u8> {
    [&of_log(b'e', log)[..], message.as_slice()].concat()
}

/// Log and message in a key that [`erasure`] made.
pub(crate) fn erased(key: &[u8]) -> Option<(LogId, MessageId)> {
    let (log, message) = key.strip_prefix(b"e/")?.split_at_checked(LogId::LEN)?;
    Some((LogId(log.try_into().ok()?), <[u8; 32]>::try_from(message).ok()?.into()))
}

/// Log, message and position in a key that [`annotation`] made.
pub(crate) fn annotated(key: &[u8]) -> Option<(LogId, MessageId, Position)> {
    let (log, rest) = key.strip_prefix(b"n/")?.split_at_checked(LogId::LEN)?;
    let (message, position) = rest.split_first_chunk::<32>()?;
    let position = Position(u64::from_be_bytes(position.try_into().ok()?));
    Some((LogId(log.try_into().ok()?), (*message).into(), position))
}

pub(crate) fn annotation(log: LogId, message: &MessageId, position: Position) -> Vec<u8> {
    [&annotations_prefix(log, message)[..], &position.0.to_be_bytes()].concat()
}

pub(crate) fn person(address: &Address) -> Vec<u8> {
    [b"p/", address.to_string().as_bytes()].concat()
}

pub(crate) fn vouched(address: &Address) -> Vec<u8> {
    [b"v/", address.to_string().as_bytes()].concat()
}

pub(crate) fn token(reference: &KeyPackageRef) -> Vec<u8> {
    [b"t/", reference.0.as_slice()].concat()
}

pub(crate) fn conversation(log: LogId) -> Vec<u8> {
    of_log(b'c', log)
}

pub(crate) fn roster(log: LogId) -> Vec<u8> {
    of_log(b'r', log)
}

pub(crate) fn job(log: LogId) -> Vec<u8> {
    of_log(b'j', log)
}

pub(crate) fn invitation(log: LogId) -> Vec<u8> {
    of_log(b'i', log)
}

pub(crate) fn outgoing(log: LogId, number: u64) -> Vec<u8> {
    numbered(b'o', log, number)
}

pub(crate) fn head(log: LogId, position: Position) -> Vec<u8> {
    numbered(b'd', log, position.0)
}

pub(crate) fn evidence(log: LogId, position: Position) -> Vec<u8> {
    numbered(b'x', log, position.0)
}

pub(crate) fn segment(number: u64) -> Vec<u8> {
    [SEGMENTS, number.to_be_bytes().as_slice()].concat()
}

pub(crate) fn upload(blob: BlobId) -> Vec<u8> {
    [b"u/", blob.as_bytes().as_slice()].concat()
}

pub(crate) fn giving(device: DeviceId) -> Vec<u8> {
    [b"y/", device.as_bytes().as_slice()].concat()
}

/// The first key behind all those that start with `prefix`, which names a table.
pub(crate) fn behind(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// The log and the number in a key that [`numbered`] made.
pub(crate) fn log_and_number(key: &[u8]) -> Option<(LogId, u64)> {
    let (log, number) = key.get(2..)?.split_at_checked(LogId::LEN)?;
    Some((LogId(log.try_into().ok()?), u64::from_be_bytes(number.try_into().ok()?)))
}

fn of_log(table: u8, log: LogId) -> Vec<u8> {
    [&[table, b'/'], log.as_bytes().as_slice()].concat()
}

fn numbered(table: u8, log: LogId, number: u64) -> Vec<u8> {
    [&of_log(table, log)[..], &number.to_be_bytes()].concat()
}

/// Changes that wait for the next [`crate::Effect::Persist`].
#[derive(Default)]
pub(crate) struct Writes(std::collections::BTreeMap<Vec<u8>, Option<Zeroizing<Vec<u8>>>>);

impl Writes {
    pub(crate) fn put<T: Encode<()>>(&mut self, key: Vec<u8>, value: &T) {
        self.0.insert(key, Some(Zeroizing::new(cbor::to_vec(value))));
    }

    pub(crate) fn put_bytes(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.0.insert(key, Some(Zeroizing::new(value)));
    }

    pub(crate) fn delete(&mut self, key: Vec<u8>) {
        self.0.insert(key, None);
    }

    /// All of it, with what the MLS store has to add.
    pub(crate) fn take(&mut self, mls: WriteSet) -> WriteSet {
        let mut set = WriteSet::default();
        set.puts.extend(mls.puts.into_iter().map(|(key, value)| (mls_key(&key), value)));
        set.deletes.extend(mls.deletes.into_iter().map(|key| mls_key(&key)));
        for (key, value) in std::mem::take(&mut self.0) {
            match value {
                Some(value) => set.puts.push((key, value)),
                None => set.deletes.push(key),
            }
        }
        set
    }
}

fn mls_key(key: &[u8]) -> Vec<u8> {
    [b"m/", key].concat()
}

/// A value in memory that knows whether its row is behind: whoever changes it cannot forget to persist it.
#[derive(Debug)]
pub(crate) struct Row<T> {
    value: T,
    changed: bool,
}

impl<T> Row<T> {
    /// A value that has no row yet.
    pub(crate) fn new(value: T) -> Self {
        Self { value, changed: true }
    }

    /// A value from its row.
    pub(crate) fn stored(value: T) -> Self {
        Self { value, changed: false }
    }
}

impl<T: Default> Default for Row<T> {
    /// What counts while there is no row.
    fn default() -> Self {
        Self::stored(T::default())
    }
}

impl<T: Encode<()>> Row<T> {
    pub(crate) fn flush(&mut self, key: impl FnOnce() -> Vec<u8>, writes: &mut Writes) {
        if std::mem::take(&mut self.changed) {
            writes.put(key(), &self.value);
        }
    }
}

impl<T: for<'b> Decode<'b, ()> + Encode<()>> Row<T> {
    pub(crate) fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        cbor::from_slice(value).map(Self::stored)
    }
}

impl<T> Deref for Row<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Row<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_log_are_in_the_order_of_the_log() {
        let key = |position| history_key(LogId([1; 32]), Position(position));
        assert!(key(255) < key(256) && key(1) < key(2));
        assert!(key(7).starts_with(&history_prefix(LogId([1; 32]))));
        assert_eq!(log_and_number(&key(7)), Some((LogId([1; 32]), 7)));
    }

    #[test]
    fn only_what_was_changed_is_written() {
        let mut writes = Writes::default();
        let mut row = Row::stored(5u64);
        row.flush(|| b"k".to_vec(), &mut writes);
        assert!(writes.take(WriteSet::default()).is_empty());
        *row += 1;
        row.flush(|| b"k".to_vec(), &mut writes);
        let set = writes.take(WriteSet::default());
        assert_eq!((set.puts[0].0.as_slice(), set.puts[0].1.as_slice()), (&b"k"[..], &[6][..]));
    }
}
