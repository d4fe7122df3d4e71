//! A device of the world: a client core, its vault, and what its user saw.

use std::collections::{BTreeMap, BTreeSet};

use allod_client_core::view::{MessageBody, State};
use allod_client_core::{ClientCore, Plane, RestoreError, WriteSet, rows};
use allod_wire::link::Link;
use allod_wire::{Address, DeviceId, LogId, UserName};

use crate::record::{DeviceRecord, Line, Talk};

/// Names a connection; never used twice.
pub type Conn = u64;

/// One of a device's two sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    /// Not there.
    Closed,
    /// Being made.
    Opening(Conn),
    /// There.
    Open(Conn),
}

/// The index of a plane's socket.
pub fn socket_of(plane: Plane) -> usize {
    usize::from(plane == Plane::Log)
}

/// A device.
pub struct Device {
    /// For the story: the person's name, and the number of the device.
    pub name: String,
    /// By which it joins.
    pub link: Link,
    /// The name to join under; none for a second device.
    pub user: Option<UserName>,
    /// None while the program does not run.
    pub core: Option<ClientCore>,
    /// What is on its disk.
    pub vault: BTreeMap<Vec<u8>, Vec<u8>>,
    /// How often the program was started: answers to an earlier run are nobody's.
    pub run: u64,
    /// The sockets: account, logs.
    pub sockets: [Socket; 2],
    /// It has a network.
    pub is_online: bool,
    /// It crashes at the effect after so many more.
    pub crash_in: Option<u32>,
    /// No timeout before.
    pub timer_floor: u64,
    /// Who it is, once it has joined.
    pub identity: Option<(DeviceId, Address)>,
    /// Up to where it has surely read.
    pub read_to: BTreeMap<LogId, u64>,
    /// What the interface was told of.
    pub told: BTreeMap<LogId, Vec<u64>>,
    /// An administrator whom a plain member added again has a plain token, and tries in vain to repair what others left undone.
    pub has_plain_token: bool,
    /// Conversations to which it asked to be added again.
    pub rejoining: BTreeSet<LogId>,
    /// Conversations of which the user was told that the server lies.
    pub caught: BTreeSet<LogId>,
}

impl Device {
    /// A device that has a link and no program yet.
    pub fn new(name: String, link: Link, user: Option<UserName>) -> Self {
        Self {
            name,
            link,
            user,
            core: None,
            vault: BTreeMap::new(),
            run: 0,
            sockets: [Socket::Closed; 2],
            is_online: true,
            crash_in: None,
            timer_floor: 0,
            identity: None,
            read_to: BTreeMap::new(),
            told: BTreeMap::new(),
            has_plain_token: false,
            rejoining: BTreeSet::new(),
            caught: BTreeSet::new(),
        }
    }

    /// Writes to the vault.
    pub fn persist(&mut self, writes: WriteSet) {
        for (key, value) in writes.puts {
            self.vault.insert(key, value.to_vec());
        }
        for key in writes.deletes {
            self.vault.remove(&key);
        }
    }

    /// A core from the vault alone.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(&self) -> Result<ClientCore, RestoreError> {
        let rows = self.vault.iter().filter(|(key, _)| !rows::is_history(key));
        ClientCore::restore(rows.map(|(key, value)| (key.clone(), value.clone())))
    }

    /// The device is one of its account, and its program runs.
    pub fn joined(&self) -> Option<&ClientCore> {
        self.core.as_ref().filter(|core| core.is_joined())
    }

    /// Its user knows that the server lies about a conversation: was told so, or sees it in the list.
    pub fn knows_of_lie(&self, log: LogId) -> bool {
        self.caught.contains(&log) || self.state_in(log) == Some(State::Forked)
    }

    /// How it stands to a conversation.
    pub fn state_in(&self, log: LogId) -> Option<State> {
        Some(self.core.as_ref()?.conversation(log)?.state)
    }

    /// Its user has to say what to do about a server that lies.
    pub fn waits_for_user(&self) -> bool {
        let shown = self.core.as_ref().map(ClientCore::conversations).unwrap_or_default();
        shown.iter().any(|shown| shown.state == State::Forked)
    }

    /// What it leaves for the checks.
    pub fn record(&self, in_account: bool) -> DeviceRecord {
        let mut talks: BTreeMap<LogId, Talk> = BTreeMap::new();
        let Some(core) = &self.core else {
            return DeviceRecord { name: self.name.clone(), device: None, person: None, in_account, talks };
        };
        for summary in core.conversations() {
            let log = summary.log;
            let readers = core.readers(log).map(|readers| readers.people).unwrap_or_default();
            let talk = talks.entry(log).or_default();
            talk.is_caught = self.knows_of_lie(log);
            talk.is_active = matches!(summary.state, State::Active | State::Forked);
            talk.readers = readers.iter().flat_map(|person| &person.devices).map(|device| device.device).collect();
        }
        for (key, value) in &self.vault {
            let [table @ (b'h' | b'x'), b'/', rest @ ..] = key.as_slice() else { continue };
            let Some(log) = rest.get(..LogId::LEN).and_then(|log| log.try_into().ok()).map(LogId) else { continue };
            let talk = talks.entry(log).or_default();
            if *table == b'x' {
                talk.evidence += 1;
                continue;
            }
            let Ok(view) = core.read_history(key, value) else { continue };
            if let MessageBody::Text { text, .. } = view.body {
                let position = view.position.unwrap_or_default();
                talk.lines.push(Line { id: view.id, position, sender: view.sender, text });
            }
        }
        for (log, told) in &self.told {
            talks.entry(*log).or_default().told.clone_from(told);
        }
        for log in &self.caught {
            talks.entry(*log).or_default().is_caught = true;
        }
        let (device, person) = self.identity.clone().unzip();
        DeviceRecord { name: self.name.clone(), device, person, in_account, talks }
    }
}
