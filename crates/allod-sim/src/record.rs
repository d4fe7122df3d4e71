//! What a world leaves behind for the checks: plain values, so that a check can be shown a world that never was.

use std::collections::{BTreeMap, BTreeSet};

use allod_wire::secrets::TokenKey;
use allod_wire::{Address, DeviceId, EntryId, LogId};

use crate::server::log::Span;

/// A world when it has come to rest.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The conversations, as the server has them.
    pub logs: BTreeMap<LogId, LogRecord>,
    /// All that anybody said.
    pub said: BTreeMap<EntryId, Said>,
    /// The devices.
    pub devices: Vec<DeviceRecord>,
}

impl Record {
    /// The devices of the person whose device `index` is, that one included.
    pub fn devices_of(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let person = &self.devices[index].person;
        let same = move |other: &usize| *other == index || (person.is_some() && self.devices[*other].person == *person);
        (0..self.devices.len()).filter(same)
    }
}

/// A conversation, as the server has it.
#[derive(Debug, Clone, Default)]
pub struct LogRecord {
    /// The entries' ids, from position 1 on.
    pub entries: Vec<EntryId>,
    /// Which token key was good when.
    pub spans: BTreeMap<TokenKey, Vec<Span>>,
    /// Whose key it is, by index in [`Record::devices`], as far as anybody showed a token.
    pub keys: BTreeMap<TokenKey, usize>,
    /// The server signed two versions of it.
    pub is_forked: bool,
    /// What the server gave up before somebody had read it (rule L-10).
    pub forgotten: Vec<Forgotten>,
}

/// Entries that a device could not read in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// Which device, by index in [`Record::devices`].
    pub device: usize,
    /// Up to where it had surely read.
    pub read_to: u64,
    /// The last position that was given up.
    pub last: u64,
}

impl LogRecord {
    /// When a device was a member.
    pub fn spans_of(&self, device: usize) -> impl Iterator<Item = Span> + '_ {
        let keys = self.keys.iter().filter(move |(_, of)| **of == device).map(|(key, _)| key);
        keys.filter_map(|key| self.spans.get(key)).flatten().copied()
    }

    /// The keys that are good at the end.
    pub fn members(&self) -> impl Iterator<Item = &TokenKey> {
        let is_open = |spans: &Vec<Span>| spans.last().is_some_and(|span| span.to.is_none());
        self.spans.iter().filter(move |(_, spans)| is_open(spans)).map(|(key, _)| key)
    }
}

/// A message, as its author's device was told to send it.
#[derive(Debug, Clone)]
pub struct Said {
    /// Where.
    pub log: LogId,
    /// By which device.
    pub by: usize,
    /// The author.
    pub author: Address,
    /// What.
    pub text: String,
    /// Up to where the author's device had surely read.
    pub seen: u64,
    /// The devices that it showed as readers then.
    pub readers: BTreeSet<DeviceId>,
    /// It was on the device's disk before the device could crash.
    pub is_durable: bool,
    /// The interface was told that the server has it.
    pub is_acknowledged: bool,
    /// The interface was told that it failed.
    pub has_failed: bool,
}

/// A device at the end.
#[derive(Debug, Clone)]
pub struct DeviceRecord {
    /// For people who read a report.
    pub name: String,
    /// Its id; none if it never joined.
    pub device: Option<DeviceId>,
    /// Whose it is; none if it never joined.
    pub person: Option<Address>,
    /// It is a device of its account still.
    pub in_account: bool,
    /// Its conversations.
    pub talks: BTreeMap<LogId, Talk>,
}

/// A conversation on one device.
#[derive(Debug, Clone, Default)]
pub struct Talk {
    /// In it, and able to read; or caught in a fork.
    pub is_active: bool,
    /// The user was told that the server lied.
    pub is_caught: bool,
    /// The devices shown as readers.
    pub readers: BTreeSet<DeviceId>,
    /// The texts in its history, in the order in which they are shown.
    pub lines: Vec<Line>,
    /// The positions of the messages that the interface was told of, in the order in which it was.
    pub told: Vec<u64>,
    /// Entries that were put aside as evidence against somebody.
    pub evidence: usize,
}

/// A text in a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The entry.
    pub id: EntryId,
    /// Its place.
    pub position: u64,
    /// Shown as the author.
    pub sender: Address,
    /// Shown as the text.
    pub text: String,
}
