//! A small world: a server in memory and people with devices, for tests that read like sentences.
//!
//! Each device is a core and its vault, a plain map. The world carries out effects one by one, so that a device can be
//! crashed between any two of them, and comes back from its vault alone.

mod files;
pub mod hub;
mod lines;
pub mod texts;

use std::collections::{BTreeMap, VecDeque};

use allod_crypto::recovery::{BackupKey, Header, RecoveryPhrase};
use allod_wire::account::{AccountRole, DeviceClass};
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::link::{Link, LinkKind};
use allod_wire::secrets::TokenKey;
use allod_wire::socket::{ClientFrame, ServerFrame, Whisper};
use allod_wire::{Address, DeviceId, LogId, Position, UnixMillis, cbor};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::account::Settings;
use crate::acts::With;
use crate::backup::{BackupError, BackupReader};
use crate::core::ClientCore;
use crate::create::New;
use crate::effect::{Effect, Event};
use crate::error::CoreError;
use crate::request::Plane;
use crate::rows;
use crate::search::{HITS_MAX, SearchQuery, SnippetPart};
use crate::testing::hub::Hub;
use crate::view::{MessageBody, MessageView};

/// The randomness of a [`World`].
pub type Rng = ChaCha20Rng;

/// Names a device in a [`World`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(usize);

/// One device.
struct Peer {
    core: ClientCore,
    vault: BTreeMap<Vec<u8>, Vec<u8>>,
    queue: VecDeque<Effect>,
    events: Vec<Event>,
    online: bool,
    inbox: Option<(DeviceId, Position)>,
    subscriptions: BTreeMap<LogId, (TokenKey, Position)>,
    /// Crash before carrying out this many more effects.
    crash_in: Option<usize>,
    crashes: usize,
}

/// The world.
pub struct World {
    /// The server.
    pub hub: Hub,
    peers: Vec<Peer>,
    /// What was whispered, in order.
    pub whispers: Vec<Whisper>,
    /// The time that devices are told.
    pub now: UnixMillis,
    rng: ChaCha20Rng,
    /// One in so many requests and frames is lost; 0 for none.
    loss: u32,
}

/// How far [`World::run_until_quiet`] lets the clock run on.
const PATIENCE_MILLIS: u64 = 30_000;

impl World {
    /// A world whose accidents follow from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self {
            hub: Hub::new(),
            peers: Vec::new(),
            whispers: Vec::new(),
            now: UnixMillis(1_700_000_000_000),
            rng: ChaCha20Rng::seed_from_u64(seed),
            loss: 0,
        }
    }

    /// From now on one in `n` requests and frames is lost.
    pub fn lose_one_in(&mut self, n: u32) {
        self.loss = n;
    }

    /// People with one device each, joined by links.
    pub fn people<const N: usize>(&mut self, names: [&str; N]) -> [Who; N] {
        names.map(|name| {
            let secret = self.hub.invite(AccountRole::Administrator);
            let link = Link { server: "https://a.example".into(), kind: LinkKind::Join(secret) };
            self.join(&link, Some(name))
        })
    }

    /// A device that opens a link.
    pub fn join(&mut self, link: &Link, name: Option<&str>) -> Who {
        let name = name.map(|name| name.parse().expect("a name"));
        let joined = ClientCore::join(link, name, DeviceClass::Installed, Settings::default(), self.now, &mut self.rng);
        let (core, effects) = joined.expect("a link to join by");
        self.enter(core, effects, BTreeMap::new())
    }

    fn enter(&mut self, core: ClientCore, effects: Vec<Effect>, vault: BTreeMap<Vec<u8>, Vec<u8>>) -> Who {
        self.peers.push(Peer {
            core,
            vault,
            queue: effects.into(),
            events: Vec::new(),
            online: true,
            inbox: None,
            subscriptions: BTreeMap::new(),
            crash_in: None,
            crashes: 0,
        });
        let who = Who(self.peers.len() - 1);
        self.settle();
        self.open_sockets(who);
        self.settle();
        who
    }

    /// One more device of somebody.
    pub fn second_device(&mut self, who: Who) -> Who {
        let effects = self.core(who).new_device_link().expect("joined");
        self.take(who, effects);
        self.settle();
        let link = self.events(who).into_iter().find_map(|event| match event {
            Event::DeviceLink { link } => Some(link),
            _ => None,
        });
        self.join(&link.expect("a link").parse().expect("a link that reads back"), None)
    }

    /// A backup of a device, as a file.
    pub fn back_up(&mut self, who: Who, phrase: &RecoveryPhrase) -> Vec<u8> {
        let effects = self.core(who).recovery_link().expect("joined");
        self.take(who, effects);
        self.settle();
        let link = self.events(who).into_iter().find_map(|event| match event {
            Event::RecoveryLink { link } => Some(link),
            _ => None,
        });
        let (now, peer) = (self.now, &self.peers[who.0]);
        let key = BackupKey::stretch(Header::random(&mut self.rng), phrase);
        let begun = peer.core.begin_backup(&link.expect("a link"), &key, now);
        let (mut writer, mut file) = begun.expect("joined");
        for prefix in rows::BACKED_UP {
            let lines = peer.vault.iter().filter(|(key, _)| key.starts_with(prefix));
            lines.for_each(|(key, value)| file.extend(writer.line(key, value)));
        }
        file.extend(writer.finish());
        file
    }

    /// A new device that is restored from a backup.
    ///
    /// # Errors
    /// [`BackupError`], if the file does not open.
    pub fn restore(&mut self, file: &[u8], phrase: RecoveryPhrase) -> Result<Who, BackupError> {
        let mut reader = BackupReader::new(phrase);
        let mut vault: BTreeMap<_, _> = reader.push(file)?.into_iter().collect();
        let (lines, backup) = reader.finish()?;
        vault.extend(lines);
        let restored = ClientCore::restore_backup(backup, DeviceClass::Installed, self.now, &mut self.rng);
        let (core, effects) = restored.expect("a backup holds a link");
        Ok(self.enter(core, effects, vault))
    }

    /// The device's core.
    pub fn core(&mut self, who: Who) -> &mut ClientCore {
        &mut self.peers[who.0].core
    }

    /// The address of a device's user.
    pub fn address(&self, who: Who) -> Address {
        self.peers[who.0].core.me().expect("joined")
    }

    /// A verb, and what follows from it at once.
    pub fn act(
        &mut self,
        who: Who,
        verb: impl FnOnce(&mut ClientCore, UnixMillis, &mut ChaCha20Rng) -> Result<Vec<Effect>, CoreError>,
    ) -> Result<(), CoreError> {
        let effects = verb(&mut self.peers[who.0].core, self.now, &mut self.rng)?;
        self.take(who, effects);
        self.settle();
        Ok(())
    }

    /// A group with all of them.
    pub fn conversation<const N: usize>(&mut self, who: Who, others: [Who; N]) -> LogId {
        let people = others.map(|other| self.address(other)).to_vec();
        let log = self.start(who, New::Group { title: "Plan".into(), people });
        self.run_until_quiet();
        log
    }

    /// A conversation of two.
    pub fn pair(&mut self, who: Who, other: Who) -> LogId {
        let address = self.address(other);
        let log = self.start(who, New::Pair(address));
        self.run_until_quiet();
        log
    }

    /// A conversation, begun.
    pub fn start(&mut self, who: Who, new: New) -> LogId {
        let started = self.peers[who.0].core.start_conversation(new, self.now, &mut self.rng);
        let (log, effects) = started.expect("may be started");
        self.take(who, effects);
        log
    }

    /// Somebody says something.
    pub fn say(&mut self, who: Who, log: LogId, text: &str) {
        let (_, effects) =
            self.peers[who.0].core.send_text(log, text, With::default(), self.now, &mut self.rng).expect("may speak");
        self.take(who, effects);
        self.settle();
    }

    /// Somebody removes somebody.
    pub fn remove(&mut self, who: Who, log: LogId, whom: Who) {
        let address = self.address(whom);
        self.act(who, |core, now, rng| core.remove_person(log, &address, now, rng)).expect("may remove");
        self.run_until_quiet();
    }

    /// The lines of a conversation, from the vault.
    pub fn history(&self, who: Who, log: LogId) -> Vec<MessageView> {
        let peer = &self.peers[who.0];
        let prefix = rows::history_prefix(log);
        let rows = peer.vault.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        let lines = rows.map(|(key, value)| peer.core.read_history(key, value).expect("a history row"));
        lines.map(|line| self.folded(who, line)).collect()
    }

    /// Searches as a shell does, and gives the snippets, with what was found in brackets.
    pub fn search(&mut self, who: Who, text: &str) -> Vec<String> {
        let peer = &self.peers[who.0];
        if !peer.core.is_search_loaded() {
            let segments = peer.vault.range(rows::SEGMENTS.to_vec()..);
            let segments = segments.take_while(|(key, _)| key.starts_with(rows::SEGMENTS));
            let segments: Vec<_> = segments.map(|(key, value)| (key.clone(), value.clone())).collect();
            let effects = self.peers[who.0].core.load_search(segments);
            self.take(who, effects);
            self.settle();
        }
        while let Some(unindexed) = self.peers[who.0].core.unindexed() {
            let prefix = rows::history_prefix(unindexed.log);
            let rows = self.peers[who.0].vault.range(prefix..rows::history_key(unindexed.log, unindexed.before));
            let rows: Vec<_> = rows.rev().take(2).map(|(key, value)| (key.clone(), value.clone())).collect();
            let effects = self.peers[who.0].core.index_history(unindexed.log, &rows);
            self.take(who, effects);
            self.settle();
        }
        let query = SearchQuery { text: text.to_owned(), limit: HITS_MAX, ..SearchQuery::default() };
        let part = |part: &SnippetPart| if part.found { format!("[{}]", part.text) } else { part.text.clone() };
        let found = self.peers[who.0].core.search(&query);
        found.hits.iter().map(|hit| hit.snippet.iter().map(part).collect()).collect()
    }

    /// What the device keeps, as its disk holds it.
    pub fn vault(&mut self, who: Who) -> &mut BTreeMap<Vec<u8>, Vec<u8>> {
        &mut self.peers[who.0].vault
    }

    /// The texts of a conversation.
    pub fn read_by(&self, who: Who, log: LogId) -> Vec<String> {
        let text = |line: MessageView| match line.body {
            MessageBody::Text { text, .. } => Some(text),
            _ => None,
        };
        self.history(who, log).into_iter().filter_map(text).collect()
    }

    /// What happened to a conversation, in short: the names of the events.
    pub fn happened(&self, who: Who, log: LogId) -> Vec<crate::message::SystemEvent> {
        let events = |line: MessageView| match line.body {
            MessageBody::System { events } => events,
            _ => Vec::new(),
        };
        self.history(who, log).into_iter().flat_map(events).collect()
    }

    /// The names of the people who read, by one device's reckoning.
    pub fn readers(&self, who: Who, log: LogId) -> Vec<String> {
        let readers = self.peers[who.0].core.readers(log).map(|readers| readers.people).unwrap_or_default();
        readers.iter().map(|person| format!("{}:{}", person.address.name, person.devices.len())).collect()
    }

    /// What the interface was told since the last call.
    pub fn events(&mut self, who: Who) -> Vec<Event> {
        std::mem::take(&mut self.peers[who.0].events)
    }

    /// The device loses its network.
    pub fn go_offline(&mut self, who: Who) {
        let peer = &mut self.peers[who.0];
        peer.online = false;
        self.close_sockets(who);
    }

    /// The device has a network again.
    pub fn go_online(&mut self, who: Who) {
        self.peers[who.0].online = true;
        self.open_sockets(who);
        self.settle();
    }

    /// The program ends without warning, and starts again from its vault.
    pub fn crash(&mut self, who: Who) {
        let peer = &mut self.peers[who.0];
        peer.queue.clear();
        peer.subscriptions.clear();
        peer.inbox = None;
        peer.crashes += 1;
        let rows = peer.vault.iter().filter(|(key, _)| !rows::is_history(key));
        let rows: Vec<_> = rows.map(|(key, value)| (key.clone(), value.clone())).collect();
        if rows.is_empty() {
            return; // Nothing was persisted: the user opens the link again.
        }
        peer.core = ClientCore::restore(rows).expect("the vault reads back");
        let effects = peer.core.start(self.now, &mut self.rng);
        self.take(who, effects);
        if self.peers[who.0].online {
            self.open_sockets(who);
        }
    }

    /// The device crashes before it carries out its `effects`-th next effect.
    pub fn crash_after(&mut self, who: Who, effects: usize) {
        self.peers[who.0].crash_in = Some(effects);
    }

    /// Whether a planned crash has happened; if not, it is called off.
    pub fn has_crashed(&mut self, who: Who) -> bool {
        self.peers[who.0].crash_in = None;
        self.peers[who.0].crashes > 0
    }

    /// Lets everything happen that happens at once, then lets the clock run until nothing more does.
    pub fn run_until_quiet(&mut self) {
        self.wait(PATIENCE_MILLIS);
    }

    /// Lets the clock run on by `millis`.
    pub fn wait(&mut self, millis: u64) {
        let end = self.now.plus(millis);
        self.settle();
        for _ in 0..10_000 {
            let due = self.peers.iter().filter_map(|peer| peer.core.poll_timeout()).min();
            let Some(due) = due.filter(|due| *due <= end) else { break };
            self.now = self.now.max(due);
            for index in 0..self.peers.len() {
                if self.peers[index].core.poll_timeout().is_some_and(|due| due <= self.now) {
                    let effects = self.peers[index].core.handle_timeout(self.now, &mut self.rng);
                    self.take(Who(index), effects);
                }
                // A lost connection is made again.
                let peer = &self.peers[index];
                if peer.online && peer.core.is_joined() && !peer.core.log_socket {
                    self.open_sockets(Who(index));
                }
            }
            self.settle();
            self.now = self.now.plus(1);
        }
        self.now = self.now.max(end);
    }

    fn take(&mut self, who: Who, effects: Vec<Effect>) {
        self.peers[who.0].queue.extend(effects);
    }

    fn open_sockets(&mut self, who: Who) {
        for plane in [Plane::Account, Plane::Log] {
            let effects = self.peers[who.0].core.handle_socket_opened(plane, self.now, &mut self.rng);
            self.take(who, effects);
        }
    }

    fn close_sockets(&mut self, who: Who) {
        let peer = &mut self.peers[who.0];
        peer.subscriptions.clear();
        peer.inbox = None;
        for plane in [Plane::Account, Plane::Log] {
            let effects = self.peers[who.0].core.handle_socket_closed(plane, self.now);
            self.take(who, effects);
        }
    }

    fn is_lost(&mut self) -> bool {
        self.loss > 0 && self.rng.next_u32().is_multiple_of(self.loss)
    }

    /// Carries out effects and delivers frames until there is nothing to do at this moment.
    fn settle(&mut self) {
        loop {
            let busy: Vec<usize> = (0..self.peers.len()).filter(|index| !self.peers[*index].queue.is_empty()).collect();
            if busy.is_empty() {
                if !self.deliver_frames() {
                    return;
                }
                continue;
            }
            let index = busy[self.rng.next_u32() as usize % busy.len()];
            self.carry_out(Who(index));
        }
    }

    fn carry_out(&mut self, who: Who) {
        let peer = &mut self.peers[who.0];
        if let Some(left) = &mut peer.crash_in {
            if *left == 0 {
                peer.crash_in = None;
                return self.crash(who);
            }
            *left -= 1;
        }
        match peer.queue.pop_front() {
            Some(Effect::Persist(writes)) => {
                for (key, value) in writes.puts {
                    peer.vault.insert(key, value.to_vec());
                }
                for key in writes.deletes {
                    peer.vault.remove(&key);
                }
            }
            Some(Effect::Event(event)) => peer.events.push(event),
            Some(Effect::Read { id, from, to, limit }) => {
                let rows = peer.vault.range(from..to).take(limit as usize);
                let rows: Vec<_> = rows.map(|(key, value)| (key.clone(), value.clone())).collect();
                let effects = peer.core.handle_rows(id, &rows, self.now, &mut self.rng);
                self.take(who, effects);
            }
            Some(Effect::Request { id, request }) => {
                let is_online = peer.online;
                let (lost_there, lost_back) = (self.is_lost(), self.is_lost());
                let effects = if !is_online || lost_there {
                    self.peers[who.0].core.handle_request_failed(id, self.now, &mut self.rng)
                } else {
                    let (status, body) = self.hub.handle(&request, self.now);
                    let core = &mut self.peers[who.0].core;
                    if lost_back {
                        core.handle_request_failed(id, self.now, &mut self.rng)
                    } else {
                        core.handle_response(id, status, &body, self.now, &mut self.rng)
                    }
                };
                self.take(who, effects);
            }
            Some(Effect::Send { plane, frame }) => self.frame(who, plane, frame),
            None => {}
        }
    }

    fn frame(&mut self, who: Who, plane: Plane, frame: ClientFrame) {
        let (is_online, lost) = (self.peers[who.0].online, self.is_lost());
        if !is_online {
            return;
        }
        if lost {
            self.close_sockets(who);
            return;
        }
        match frame {
            ClientFrame::Subscribe { log, token, after } => match self.hub.member(log, &token) {
                Ok(key) => {
                    let page = self.hub.page(log, after);
                    let last = page.entries.last().map_or(after, |entry| entry.position);
                    self.peers[who.0].subscriptions.insert(log, (key, last));
                    self.hear(who, Plane::Log, &ServerFrame::Entries { log, page });
                }
                Err(code) => {
                    let error = ErrorBody::new(code, "refused by the test hub");
                    self.hear(who, Plane::Log, &ServerFrame::Ended { log, error });
                }
            },
            ClientFrame::Unsubscribe { log } => drop(self.peers[who.0].subscriptions.remove(&log)),
            ClientFrame::Append { log, entry } => {
                let Some((key, _)) = self.peers[who.0].subscriptions.get(&log).copied() else { return };
                let id = entry.id;
                let answer = match self.hub.append(log, key, entry, self.now) {
                    Ok(receipt) => ServerFrame::Accepted { receipt },
                    Err(error) => ServerFrame::Refused { log, entry: id, error },
                };
                if self.is_lost() {
                    return self.close_sockets(who);
                }
                self.hear(who, plane, &answer);
            }
            ClientFrame::Passed { .. } => {}
            ClientFrame::Whisper { log, whisper } => {
                let is_here = |index: &usize| self.peers[*index].subscriptions.contains_key(&log);
                let here: Vec<usize> = (0..self.peers.len()).filter(|index| *index != who.0).filter(is_here).collect();
                self.whispers.push(whisper);
                for index in here {
                    self.hear(Who(index), Plane::Log, &ServerFrame::Whisper { log, whisper });
                }
            }
            ClientFrame::SubscribeInbox { session, after } => match self.hub.device_of(&session) {
                Ok(device) => {
                    let page = self.hub.inbox(device, after);
                    let last = page.items.last().map_or(after, |item| item.position);
                    self.peers[who.0].inbox = Some((device, last));
                    self.hear(who, Plane::Account, &ServerFrame::Inbox { page });
                }
                Err(code) => {
                    let error = ErrorBody::new(code, "refused by the test hub");
                    self.hear(who, Plane::Account, &ServerFrame::Failed { error });
                }
            },
        }
    }

    fn hear(&mut self, who: Who, plane: Plane, frame: &ServerFrame) {
        let effects = self.peers[who.0].core.handle_frame(plane, &cbor::to_vec(frame), self.now, &mut self.rng);
        self.take(who, effects);
    }

    /// Sends what subscribers lack; says whether there was anything.
    fn deliver_frames(&mut self) -> bool {
        let mut any = false;
        for index in 0..self.peers.len() {
            let who = Who(index);
            let subscriptions: Vec<_> =
                self.peers[index].subscriptions.iter().map(|(log, (key, at))| (*log, *key, *at)).collect();
            for (log, key, at) in subscriptions {
                let page = self.hub.page(log, at);
                if let Some(last) = page.entries.last().map(|entry| entry.position) {
                    self.peers[index].subscriptions.insert(log, (key, last));
                    self.hear(who, Plane::Log, &ServerFrame::Entries { log, page });
                    any = true;
                } else if !self.hub.is_member(log, &key) {
                    self.peers[index].subscriptions.remove(&log);
                    let error = ErrorBody::new(ErrorCode::UnknownToken, "revoked");
                    self.hear(who, Plane::Log, &ServerFrame::Ended { log, error });
                    any = true;
                }
            }
            if let Some((device, at)) = self.peers[index].inbox {
                let page = self.hub.inbox(device, at);
                if let Some(last) = page.items.last().map(|item| item.position) {
                    self.peers[index].inbox = Some((device, last));
                    self.hear(who, Plane::Account, &ServerFrame::Inbox { page });
                    any = true;
                }
            }
        }
        any
    }
}
