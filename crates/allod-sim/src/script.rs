//! What people do in a world, drawn from its seed, and how a world is played to its end.

use std::collections::BTreeSet;

use allod_client_core::view::State;
use allod_client_core::{ClientCore, CoreError, Effect, New, Role, Suite, With};
use allod_wire::{Address, LogId, UnixMillis};
use rand_chacha::ChaCha20Rng;

use crate::check::{Promise, Violation, check};
use crate::device::{Device, Socket};
use crate::network::{Happening, below, one_in};
use crate::record::{Forgotten, Said};
use crate::server::log::Lie;
use crate::weather::{Tally, Weather};
use crate::world::World;

/// Conversations in one world at most.
const LOGS_MAX: usize = 4;
/// Devices in one world at most.
const DEVICES_MAX: usize = 9;
/// The names of the people.
const NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "frank"];
/// After the script, a world has this long to come to rest: longer than any backoff.
const PATIENCE_MILLIS: u64 = 1_800_000;
/// A world is at rest if nothing is left to do twice, this far apart: others wait for their turn in between.
const REST_MILLIS: u64 = 45_000;

/// What is still to be done.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Actions.
    pub left: u64,
    /// The lie that the server is going to sign.
    pub lie: Option<Lie>,
    /// The conversation that it lies about.
    pub lied: Option<LogId>,
    /// Entries go before everybody has read them.
    pub forgets: bool,
    /// Pages are to be changed on their way.
    pub mangles: bool,
}

/// What came of a world.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// The promises that were broken.
    pub violations: Vec<Violation>,
    /// Its story, if it was to be told.
    pub story: Vec<String>,
    /// What happened, in numbers.
    pub tally: Tally,
}

/// Plays the world of a seed.
pub fn play(seed: u64, tells: bool) -> Report {
    let suite = if seed.is_multiple_of(50) { Suite::HybridPq } else { Suite::Classical };
    let mut world = World::new(seed, suite, tells);
    let people = 3 + below(&mut world.rng, 4) as usize;
    NAMES[..people].iter().for_each(|name| world.invite(name));
    world.run_for(5_000);
    let roughness = below(&mut world.rng, 3);
    world.weather = match roughness {
        0 => Weather { loss: 0, double: 0, drop: 0, mangle: 0, delay: 300 },
        1 => Weather { loss: 20, double: 15, drop: 60, mangle: 0, delay: 150 },
        _ => Weather { loss: 6, double: 6, drop: 20, mangle: 0, delay: 400 },
    };
    world.script.left = 20 + below(&mut world.rng, 25);
    match seed % 10 {
        6 => world.script.forgets = true,
        7 => world.script.mangles = true,
        8 | 9 => world.script.lie = Some(Lie::ALL[below(&mut world.rng, Lie::ALL.len() as u64) as usize]),
        _ => {}
    }
    world.queue.push(world.now.0 + 1, Happening::Act);
    while world.script.left > 0 && world.violations.is_empty() {
        world.run_for(1_000);
    }
    world.calm_down();
    world.come_to_rest();
    world.expose_the_lie();
    let record = world.record();
    world.tally.lines =
        record.devices.iter().flat_map(|device| device.talks.values()).map(|t| t.lines.len() as u64).sum();
    world.tally.said = record.said.len() as u64;
    world.tally.commits = world.server.logs.values().map(|log| log.main.state.commits.0).sum();
    let mut violations = std::mem::take(&mut world.violations);
    // Half-way through, much is open that will be settled.
    if violations.is_empty() {
        violations.extend(check(&record));
    }
    Report { seed, violations, story: world.story(), tally: world.tally }
}

impl World {
    fn come_to_rest(&mut self) {
        let end = self.now.plus(PATIENCE_MILLIS);
        let mut rested = 0;
        while self.now < end && self.violations.is_empty() {
            let before: Vec<usize> = self.server.logs.values().map(|log| log.main.entries.len()).collect();
            self.run_for(REST_MILLIS);
            let after = self.server.logs.values().map(|log| log.main.entries.len());
            let is_still = self.is_at_rest() && after.eq(before);
            rested = if is_still { rested + 1 } else { 0 };
            if rested == 2 {
                return;
            }
        }
        if self.violations.is_empty() {
            let busy = self.devices.iter().filter(|device| !self.rests(device));
            let open = |device: &Device| {
                let shown = device.core.as_ref().map(ClientCore::conversations).unwrap_or_default();
                let shown = shown.iter().map(|one| format!(" {:?} {:?} {} waiting;", one.log, one.state, one.waiting));
                format!("{}:{}", device.name, shown.collect::<String>())
            };
            let busy: Vec<String> = busy.map(open).collect();
            let what = format!("no rest after half an hour; busy: {}", busy.join(" "));
            self.broken(Promise::ComesToRest, what);
        }
    }

    /// The next action.
    pub(crate) fn act(&mut self) {
        if self.script.left == 0 {
            return;
        }
        self.script.left -= 1;
        let wait = if one_in(&mut self.rng, 3) { below(&mut self.rng, 50) } else { below(&mut self.rng, 3_000) };
        self.queue.push(self.now.0 + 1 + wait, Happening::Act);
        if self.script.left == 12 {
            self.begin_to_lie();
        }
        let awake: Vec<usize> =
            (0..self.devices.len()).filter(|index| self.devices[*index].joined().is_some()).collect();
        if awake.is_empty() {
            return;
        }
        let device = awake[below(&mut self.rng, awake.len() as u64) as usize];
        let talks = self.talks_of(device);
        let talk = (!talks.is_empty()).then(|| talks[below(&mut self.rng, talks.len() as u64) as usize]);
        let choice = below(&mut self.rng, 100);
        match (choice, talk) {
            (0..=7, _) => {
                let after = below(&mut self.rng, 12) as u32;
                self.devices[device].crash_in = Some(after);
            }
            (8..=10, _) => self.restart(device),
            (11..=15, _) => {
                let longest = if self.script.forgets { 40_000 } else { 15_000 };
                let millis = 1_000 + below(&mut self.rng, longest);
                if self.devices[device].is_online {
                    self.go_offline(device, millis);
                }
            }
            (16..=17, _) => {
                let forgets = one_in(&mut self.rng, 2);
                let millis = 200 + below(&mut self.rng, 4_000);
                if self.is_up {
                    self.restart_server(forgets, millis);
                }
            }
            (18..=20, _) => self.sweep(),
            (21..=27, _) if self.script.forgets => self.sweep(),
            _ if self.script.lied.is_some() => {
                if let Some(talk) = self.script.lied.filter(|lied| talks.contains(lied)).or(talk) {
                    self.say(device, talk);
                }
            }
            (21..=28, _) | (_, None) => self.start_talk(device),
            (29..=31, _) => self.second_device(device),
            (32..=33, _) => self.remove_device(device),
            (34..=62, Some(talk)) => self.change(device, talk),
            (_, Some(talk)) => {
                for _ in 0..=below(&mut self.rng, 3) {
                    self.say(device, talk);
                }
            }
        }
    }

    fn talks_of(&self, device: usize) -> Vec<LogId> {
        let summaries = self.devices[device].core.as_ref().map(ClientCore::conversations).unwrap_or_default();
        let is_open = |state| matches!(state, State::Active | State::Creating);
        let mut talks: Vec<LogId> = summaries.iter().filter(|one| is_open(one.state)).map(|one| one.log).collect();
        talks.sort_unstable();
        talks
    }

    /// Says something that nobody said before.
    pub(crate) fn say(&mut self, device: usize, log: LogId) {
        self.with_core(device, |core, now, rng| core.typing(log, true, now, rng));
        let text = format!("message {}", self.said.len() + 1);
        let held = &mut self.devices[device];
        let (Some(core), Some((_, author))) = (&mut held.core, held.identity.clone()) else { return };
        let people = core.readers(log).map(|readers| readers.people).unwrap_or_default();
        let readers = people.iter().flat_map(|person| &person.devices).map(|device| device.device).collect();
        let seen = held.read_to.get(&log).copied().unwrap_or_default();
        match core.send_text(log, &text, With::default(), self.now, &mut self.rng) {
            Ok((id, effects)) => {
                let said = Said {
                    log,
                    by: device,
                    author,
                    text: text.clone(),
                    seen,
                    readers,
                    is_durable: false,
                    is_acknowledged: false,
                    has_failed: false,
                };
                self.tell(|world| format!("{} says {text:?} ({id:?})", world.devices[device].name));
                self.said.insert(id, said);
                let is_durable = self.carry_out(device, effects);
                if let Some(said) = self.said.get_mut(&id) {
                    said.is_durable = is_durable;
                }
            }
            Err(error) => self.refused(device, error),
        }
    }

    fn refused(&mut self, device: usize, error: CoreError) {
        self.tell(|world| format!("{} may not: {error}", world.devices[device].name));
        if let CoreError::Bug(what) = error {
            self.broken(
                Promise::NoMistakes,
                format!("{} reports a mistake of its own: {what}", self.devices[device].name),
            );
        }
    }

    fn verb(
        &mut self,
        device: usize,
        what: &str,
        verb: impl FnOnce(&mut ClientCore, UnixMillis, &mut ChaCha20Rng) -> Result<Vec<Effect>, CoreError>,
    ) {
        let Some(core) = &mut self.devices[device].core else { return };
        let outcome = verb(core, self.now, &mut self.rng);
        self.tell(|world| format!("{} wants: {what}", world.devices[device].name));
        match outcome {
            Ok(effects) => drop(self.carry_out(device, effects)),
            Err(error) => self.refused(device, error),
        }
    }

    fn restart(&mut self, device: usize) {
        self.with_core(device, |core, now, _| core.close(now));
        if self.devices[device].core.is_some() {
            self.crash(device);
        }
    }

    fn people(&self) -> Vec<Address> {
        let all: BTreeSet<Address> =
            self.devices.iter().filter_map(|device| Some(device.identity.as_ref()?.1.clone())).collect();
        all.into_iter().collect()
    }

    fn some_person(&mut self) -> Option<Address> {
        let people = self.people();
        let index = below(&mut self.rng, people.len() as u64) as usize;
        people.get(index).cloned()
    }

    fn start_talk(&mut self, device: usize) {
        if self.server.logs.len() >= LOGS_MAX {
            return;
        }
        let own = self.devices[device].identity.as_ref().map(|(_, address)| address.clone());
        let mut people = self.people();
        people.retain(|address| Some(address) != own.as_ref());
        let new = if one_in(&mut self.rng, 4) {
            let index = below(&mut self.rng, people.len() as u64) as usize;
            let Some(person) = people.get(index) else { return };
            New::Pair(person.clone())
        } else {
            people.retain(|_| !one_in(&mut self.rng, 3));
            New::Group { title: "plan".into(), people }
        };
        let what = format!("{new:?}");
        self.verb(device, &what, |core, now, rng| core.start_conversation(new, now, rng).map(|(_, effects)| effects));
    }

    fn second_device(&mut self, device: usize) {
        let name = &self.devices[device].name;
        let has_two = self.devices.iter().any(|other| other.name == format!("{name}'"));
        if !has_two && self.devices.len() < DEVICES_MAX && !name.ends_with('\'') {
            self.verb(device, "a link for a second device", |core, _, _| core.new_device_link());
        }
    }

    fn remove_device(&mut self, device: usize) {
        let Some((id, address)) = self.devices[device].identity.clone() else { return };
        let other = self.devices.iter().filter_map(|other| other.identity.clone());
        let other = other.filter(|(other, of)| *of == address && *other != id).map(|(other, _)| other).next();
        if let Some(other) = other.filter(|other| self.server.has_device(*other)) {
            self.verb(device, "its other device out", |core, _, _| core.remove_device(other));
        }
    }

    fn change(&mut self, device: usize, talk: LogId) {
        let Some(person) = self.some_person() else { return };
        let role = [Role::Member, Role::Admin, Role::Owner][below(&mut self.rng, 3) as usize];
        match below(&mut self.rng, 16) {
            0..=4 => self
                .verb(device, &format!("{person} in"), |core, now, rng| core.add_people(talk, vec![person], now, rng)),
            5..=7 => self
                .verb(device, &format!("{person} out"), |core, now, rng| core.remove_person(talk, &person, now, rng)),
            8..=9 => self.verb(device, "to leave", |core, now, rng| core.leave(talk, now, rng)),
            10..=12 => {
                let title = format!("plan {}", self.now.0 % 1000);
                self.verb(device, "another title", |core, now, rng| core.rename(talk, &title, now, rng));
            }
            13..=14 => self.verb(device, &format!("{person} to be {role:?}"), |core, now, rng| {
                core.set_role(talk, &person, role, now, rng)
            }),
            _ => {
                self.verb(device, "members to add people", |core, now, rng| core.set_members_add(talk, true, now, rng))
            }
        }
    }

    fn sweep(&mut self) {
        self.tell(|_| "the server sweeps".into());
        self.server.sweep(self.now);
        if self.script.forgets {
            self.forget();
        }
    }

    /// The retention limit passes for a conversation, whoever has not read it.
    fn forget(&mut self) {
        let logs: Vec<LogId> = self.server.logs.keys().copied().collect();
        let index = below(&mut self.rng, logs.len() as u64) as usize;
        let Some(log) = logs.get(index).copied() else { return };
        let last = self.server.expire(log, self.now).0;
        self.tell(|_| format!("the server gives up {log:?} up to {last}"));
        for (index, device) in self.devices.iter().enumerate() {
            let is_connected = matches!(device.sockets[1], Socket::Open(_));
            let read_to = device.read_to.get(&log).copied().filter(|_| is_connected).unwrap_or_default();
            self.forgotten.entry(log).or_default().push(Forgotten { device: index, read_to, last });
        }
    }

    fn begin_to_lie(&mut self) {
        if self.script.mangles {
            self.weather.mangle = 6;
        }
        let Some(lie) = self.script.lie else { return };
        // Two halves that have a member's device each.
        let candidates: Vec<LogId> = self.server.logs.keys().copied().collect();
        for log in candidates {
            let known = self.keys.get(&log).cloned().unwrap_or_default();
            let mut members: Vec<_> = known.keys().filter(|key| self.server.is_member(log, key)).copied().collect();
            if members.len() < 2 {
                continue;
            }
            members.truncate(1 + below(&mut self.rng, members.len() as u64 - 1) as usize);
            self.tell(|_| format!("the server begins to lie: {lie:?}"));
            if let Some(held) = self.server.logs.get_mut(&log) {
                held.lie(lie, members.into_iter().collect());
            }
            self.script.lied = Some(log);
            self.tally.lies += 1;
            return;
        }
    }

    /// Whoever does not know yet that the server lies is told by the next message from the other half (rule C-4).
    fn expose_the_lie(&mut self) {
        let Some(log) = self.script.lied else { return };
        for is_other in [false, true] {
            for _ in 0..6 {
                let (_, _, active) = self.half(log, is_other);
                let Some(author) = active.first().copied() else { break };
                self.say(author, log);
                self.run_for(REST_MILLIS);
            }
            let crossed = self.server.logs.get(&log).and_then(|held| {
                let other = held.other.as_ref().filter(|_| held.has_diverged())?;
                let (from, to) = if is_other { (&other.branch, &held.main) } else { (&held.main, &other.branch) };
                let last = from.entries.last()?.new.id;
                Some(to.entries.iter().find(|entry| entry.new.id == last)?.position.0)
            });
            let Some(crossed) = crossed.filter(|_| !self.half(log, is_other).2.is_empty()) else { continue };
            // Who came in by a commit that the other half was not shown can open nothing from there, and learns nothing by it.
            let has_read =
                |index: &&usize| self.devices[**index].told.get(&log).is_some_and(|told| told.contains(&crossed));
            let (_, blind, _) = self.half(log, !is_other);
            let names: Vec<&str> =
                blind.iter().filter(has_read).map(|index| self.devices[*index].name.as_str()).collect();
            if !names.is_empty() {
                let what = format!("the server lied, and {} did not notice", names.join(" "));
                self.broken(Promise::LiesAreCaught, what);
            }
        }
        let is_lie = self.server.logs.get(&log).is_some_and(|held| held.has_diverged() && held.is_one_group());
        let anybody = self.devices.iter().any(|device| device.knows_of_lie(log));
        let both = [false, true].map(|is_other| !self.half(log, is_other).0.is_empty());
        if is_lie && !anybody && both == [true, true] {
            self.broken(Promise::LiesAreCaught, "the server lied, and nobody noticed".into());
        }
    }

    /// The devices of one half of a conversation that is lied about: all, those that do not know, those that can speak.
    fn half(&self, log: LogId, is_other: bool) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
        let (mut all, mut blind, mut active) = (Vec::new(), Vec::new(), Vec::new());
        let Some(other) = self.server.logs.get(&log).and_then(|held| held.other.as_ref()) else {
            return (all, blind, active);
        };
        let known = self.keys.get(&log).cloned().unwrap_or_default();
        for (key, index) in known {
            let device = &self.devices[index];
            let state = device.core.as_ref().and_then(|core| core.conversation(log)).map(|summary| summary.state);
            let is_in = matches!(state, Some(State::Active | State::Forked)) && self.in_account(device);
            if other.shown_to.contains(&key) != is_other || !self.server.is_member(log, &key) || !is_in {
                continue;
            }
            all.push(index);
            if !device.knows_of_lie(log) {
                blind.push(index);
            }
            if state == Some(State::Active) {
                active.push(index);
            }
        }
        (all, blind, active)
    }
}
