//! The promises, checked on what a world left behind.
//!
//! Who may read when is taken from the server's list of token keys, which nobody shows to anybody, and not from what clients believe.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use allod_wire::{EntryId, LogId};

use crate::record::{DeviceRecord, Record, Talk};

/// A promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// A line shows what its author said, there, and nothing else is shown.
    OnlyWhatWasSaid,
    /// No message is shown twice.
    NothingTwice,
    /// Messages are shown in the order of the log.
    InOrder,
    /// Nobody reads what was said before they came or after they went, with whatever device.
    MembersOnly,
    /// What one of a person's devices shows, the others do too, however late they came (rule D-1).
    SameHistory,
    /// Who was a member when it was said, and is still, has read it.
    ReadByAll,
    /// What was sent is in the log, and what was acknowledged stays.
    NothingLost,
    /// All members show the same readers, and the log opens to those alone.
    RosterIsTheTree,
    /// A server that lies is noticed, and one that does not is not accused.
    LiesAreCaught,
    /// The world comes to rest.
    ComesToRest,
    /// No core panics or reports a mistake of its own.
    NoMistakes,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.promise, self.what)
    }
}

/// Checks everything that can be checked of a world at rest.
pub fn check(record: &Record) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut broken = |promise, what| found.push(Violation { promise, what });
    for (index, device) in record.devices.iter().enumerate() {
        for (log, talk) in &device.talks {
            check_lines(record, index, device, *log, talk, &mut broken);
        }
    }
    for log in record.logs.keys() {
        check_roster(record, *log, &mut broken);
        check_same_history(record, *log, &mut broken);
    }
    for (id, said) in &record.said {
        if record.logs.get(&said.log).is_none_or(|log| !log.is_forked) {
            check_delivery(record, *id, &mut broken);
        }
    }
    found
}

fn check_lines(
    record: &Record,
    index: usize,
    device: &DeviceRecord,
    log: LogId,
    talk: &Talk,
    broken: &mut impl FnMut(Promise, String),
) {
    let name = &device.name;
    let held = record.logs.get(&log);
    let mut seen = BTreeSet::new();
    for line in &talk.lines {
        let text = &line.text;
        let said = record.said.get(&line.id);
        if !said.is_some_and(|said| said.log == log && said.text == *text && said.author == line.sender) {
            broken(Promise::OnlyWhatWasSaid, format!("{name} shows {text:?} of {}, who never said it", line.sender));
        }
        // Two own devices whom a server showed two logs tell each other of both.
        let is_forked = held.is_some_and(|held| held.is_forked);
        if !seen.insert(text) && !is_forked {
            broken(Promise::NothingTwice, format!("{name} shows {text:?} twice"));
        }
        let Some(held) = held else {
            broken(Promise::MembersOnly, format!("{name} shows {text:?} of a log that the server does not have"));
            continue;
        };
        if held.is_forked {
            continue;
        }
        if held.entries.get((line.position as usize).wrapping_sub(1)) != Some(&line.id) {
            broken(Promise::InOrder, format!("{name} shows {text:?} at {}, where it is not", line.position));
        }
        // What own devices read before this one came is theirs to give.
        let mut own = record.devices_of(index).flat_map(|own| held.spans_of(own));
        if !own.any(|span| span.holds(line.position)) {
            broken(Promise::MembersOnly, format!("{name} shows {text:?} at {}, without a right to", line.position));
        }
    }
    if talk.lines.windows(2).any(|pair| pair[0].position >= pair[1].position) {
        broken(Promise::InOrder, format!("{name} shows lines of {log} out of order"));
    }
    // An own message that the server gave up before its author read on is shown late, in its place.
    let is_in_order = |pair: &[u64]| pair[0] < pair[1] || held.is_some_and(|held| !held.forgotten.is_empty());
    let is_twice = talk.told.iter().collect::<BTreeSet<_>>().len() < talk.told.len();
    if is_twice || !talk.told.windows(2).all(is_in_order) {
        broken(Promise::NothingTwice, format!("{name} was told of lines out of order or twice: {:?}", talk.told));
    }
    if talk.is_caught && held.is_none_or(|held| !held.is_forked) {
        broken(Promise::LiesAreCaught, format!("{name} accuses an honest server of a fork in {log}"));
    }
    if talk.evidence > 0 && held.is_some_and(|held| !held.is_forked) {
        broken(Promise::LiesAreCaught, format!("{name} keeps evidence against somebody honest in {log}"));
    }
}

/// All who are in it show the same readers, and exactly those have a token (rules C-12, C-14).
fn check_roster(record: &Record, log: LogId, broken: &mut impl FnMut(Promise, String)) {
    let held = &record.logs[&log];
    if held.is_forked {
        return;
    }
    let is_in = |device: &DeviceRecord| device.in_account && device.talks.get(&log).is_some_and(|talk| talk.is_active);
    if !held.forgotten.is_empty() && !record.devices.iter().any(is_in) {
        return; // All were away for too long: nobody is left who could add anybody.
    }
    let names: BTreeMap<_, _> = record.devices.iter().filter_map(|d| Some((d.device?, d.name.as_str()))).collect();
    let show = |readers: &BTreeSet<_>| {
        let shown: Vec<&str> = readers.iter().map(|device| names.get(device).copied().unwrap_or("?")).collect();
        shown.join(" ")
    };
    let mut owners = BTreeSet::new();
    let mut unknown = 0;
    for key in held.members() {
        match held.keys.get(key).and_then(|index| record.devices.get(*index)) {
            Some(device) => {
                owners.extend(device.device);
                if device.in_account && !is_in(device) {
                    broken(Promise::RosterIsTheTree, format!("{} has a token of {log}, and is not in it", device.name));
                }
            }
            None => unknown += 1,
        }
    }
    for device in record.devices.iter().filter(|device| device.in_account) {
        let Some(talk) = device.talks.get(&log).filter(|talk| talk.is_active) else { continue };
        if talk.readers.len() != owners.len() + unknown || !owners.is_subset(&talk.readers) {
            let (shown, there) = (show(&talk.readers), show(&owners));
            let what = format!("{} shows as readers {shown}; tokens have {there} and {unknown} unknown", device.name);
            broken(Promise::RosterIsTheTree, what);
        }
    }
}

/// All devices of a person that are in it show the same.
fn check_same_history(record: &Record, log: LogId, broken: &mut impl FnMut(Promise, String)) {
    let held = &record.logs[&log];
    if held.is_forked || !held.forgotten.is_empty() {
        return; // What a device could not read in time, it does not ask for.
    }
    let is_in = |index: &usize| {
        let device = &record.devices[*index];
        device.in_account && device.talks.get(&log).is_some_and(|talk| talk.is_active)
    };
    for index in (0..record.devices.len()).filter(is_in) {
        let shown = |index: usize| &record.devices[index].talks[&log].lines;
        for other in record.devices_of(index).filter(is_in) {
            if let Some(line) = shown(other).iter().find(|line| !shown(index).contains(line)) {
                let (name, other) = (&record.devices[index].name, &record.devices[other].name);
                let what = format!("{name} lacks {:?} at {} of {log:?}, which {other} shows", line.text, line.position);
                broken(Promise::SameHistory, what);
            }
        }
    }
}

/// A message is in the log and on every device whose owner was there.
fn check_delivery(record: &Record, id: EntryId, broken: &mut impl FnMut(Promise, String)) {
    let said = &record.said[&id];
    let author = &record.devices[said.by];
    let (text, name) = (&said.text, &author.name);
    let held = record.logs.get(&said.log);
    let stayed = |index: usize| {
        // Who was added again by somebody who may not revoke has two: what counts is when the present leaf came.
        let open = held.into_iter().flat_map(|held| held.spans_of(index)).filter(|span| span.to.is_none());
        open.map(|span| span.from).max().is_some_and(|from| from <= said.seen)
    };
    let position = held.and_then(|held| held.entries.iter().position(|entry| *entry == id));
    let Some(position) = position else {
        let is_there = author.in_account && author.talks.get(&said.log).is_some_and(|talk| talk.is_active);
        if said.is_acknowledged {
            broken(Promise::NothingLost, format!("{text:?} of {name} was acknowledged and is gone"));
        } else if said.is_durable && !said.has_failed && is_there && stayed(said.by) {
            broken(Promise::NothingLost, format!("{text:?} of {name} never reached the log"));
        }
        return;
    };
    let shows = |device: &DeviceRecord| {
        device.talks.get(&said.log).is_some_and(|talk| talk.lines.iter().any(|line| line.id == id))
    };
    if said.has_failed && !record.devices.iter().any(shows) {
        return; // Its author was out before its place came, and was told so: all skip it (rule C-9).
    }
    for (index, device) in record.devices.iter().enumerate() {
        let is_meant = device.device.is_some_and(|device| said.readers.contains(&device));
        let Some(talk) = device.talks.get(&said.log).filter(|talk| talk.is_active && device.in_account) else {
            continue;
        };
        let at = position as u64 + 1;
        let mut gone = held.into_iter().flat_map(|held| &held.forgotten);
        let is_gone = gone.any(|one| one.device == index && one.read_to < at && at <= one.last);
        if is_meant && stayed(index) && !is_gone && !talk.lines.iter().any(|line| line.id == id) {
            let what = format!("{} never read {text:?} of {name} at {}", device.name, at);
            broken(Promise::ReadByAll, what);
        }
    }
}

#[cfg(test)]
mod tests;
