//! A small world for tests: people with one device each, who hand each other messages.

use std::collections::BTreeMap;

use allod_crypto::identity::SigningSecret;
use allod_wire::ids::LogId;
use allod_wire::secrets::TokenPublic;

use crate::*;

pub(crate) const LOG: LogId = LogId([0xa1; 32]);
pub(crate) const STATE: &[u8] = b"the state at the start";

/// A person's device, its store, and the conversation if it is in it.
pub(crate) struct Person {
    pub(crate) device: Device,
    pub(crate) store: MlsStore,
    pub(crate) group: Option<Group>,
    /// What a disk would hold: the write-sets that were taken.
    pub(crate) disk: BTreeMap<Vec<u8>, Vec<u8>>,
}

pub(crate) fn token(n: u8) -> TokenPublic {
    TokenPublic([n; 32])
}

pub(crate) fn person(n: u8) -> Person {
    let credential = format!("person {n}").into_bytes();
    let device = Device::new(Box::new(SigningSecret::from_seed(&[n; 32])), credential).unwrap();
    Person { device, store: MlsStore::new(), group: None, disk: BTreeMap::new() }
}

impl Person {
    pub(crate) fn group(&mut self) -> &mut Group {
        self.group.as_mut().expect("in the conversation")
    }

    pub(crate) fn create(&mut self, suite: Suite) {
        let group = Group::create(&mut self.store, &self.device, suite, LOG, token(1), STATE.to_vec());
        self.group = Some(group.unwrap());
    }

    pub(crate) fn package(&mut self, suite: Suite, n: u8) -> KeyPackage {
        let new = self.device.key_package(&mut self.store, suite, token(n), false).unwrap();
        let package = KeyPackageIn::decode(&new.bytes).unwrap().validate(suite).unwrap();
        assert_eq!(package.reference, new.reference);
        package
    }

    pub(crate) fn stage(&mut self, change: Change) -> OwnCommit {
        self.try_stage(change).unwrap()
    }

    pub(crate) fn try_stage(&mut self, change: Change) -> Result<OwnCommit, CommitError> {
        let group = self.group.as_mut().expect("in the conversation");
        group.stage_commit(&mut self.store, &self.device, change)
    }

    pub(crate) fn try_leave(&mut self, leaf: LeafIndex) -> Result<Vec<u8>, CommitError> {
        let group = self.group.as_mut().expect("in the conversation");
        group.leave(&mut self.store, &self.device, leaf, b"aad")
    }

    pub(crate) fn leave(&mut self, leaf: LeafIndex) -> Vec<u8> {
        self.try_leave(leaf).unwrap()
    }

    pub(crate) fn confirm(&mut self) {
        self.group.as_mut().unwrap().confirm_own_commit(&mut self.store).unwrap();
    }

    pub(crate) fn join(&mut self, welcome: &WelcomeParts, n: usize) -> Entered {
        let joined = Group::join(&mut self.store, LOG, &welcome.shared, &welcome.own[n].1, IfMember::Refuse).unwrap();
        self.group = Some(joined.group);
        Entered { added_by: joined.added_by, reference: joined.reference }
    }

    pub(crate) fn say(&mut self, text: &str) -> Vec<u8> {
        let group = self.group.as_mut().expect("in the conversation");
        group.encrypt(&mut self.store, &self.device, b"aad", text.as_bytes()).unwrap()
    }

    pub(crate) fn process(&mut self, bytes: &[u8]) -> Result<Processed, ProcessError> {
        let group = self.group.as_mut().expect("in the conversation");
        group.process(&mut self.store, MessageIn::decode(bytes)?)
    }

    /// What a message says.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> String {
        match self.process(bytes).unwrap() {
            Processed::Content(content) => String::from_utf8(content.content).unwrap(),
            other => panic!("not content: {other:?}"),
        }
    }

    /// Takes over somebody's commit.
    pub(crate) fn follow(&mut self, bytes: &[u8]) -> CommitView {
        match self.process(bytes).unwrap() {
            Processed::Commit(staged) => self.group.as_mut().unwrap().accept(&mut self.store, staged).unwrap(),
            other => panic!("not a commit: {other:?}"),
        }
    }

    /// Persists what changed, and starts again from what is on the disk.
    pub(crate) fn restart(&mut self) {
        let writes = self.store.take_write_set();
        for key in writes.deletes {
            self.disk.remove(&key);
        }
        self.disk.extend(writes.puts.into_iter().map(|(key, value)| (key, value.to_vec())));
        self.store = MlsStore::from_rows(self.disk.clone());
        self.group = Group::load(&self.store, &LOG).unwrap();
    }

    /// Everything that members must agree about.
    pub(crate) fn agreed(&mut self) -> (u64, Vec<Member>, Vec<u8>, Vec<u8>) {
        let group = self.group();
        (group.epoch(), group.members(), group.context().to_vec(), group.epoch_authenticator())
    }
}

pub(crate) struct Entered {
    pub(crate) added_by: LeafIndex,
    pub(crate) reference: KeyPackageRef,
}

pub(crate) fn in_both_suites(test: impl Fn(Suite)) {
    Suite::ALL.into_iter().for_each(test);
}

/// A conversation of `N` people, numbered from 1, made in one commit by the first.
pub(crate) fn conversation<const N: usize>(suite: Suite) -> [Person; N] {
    let mut people: [Person; N] = std::array::from_fn(|n| person(n as u8 + 1));
    people[0].create(suite);
    let add: Vec<_> = (1..N).map(|n| people[n].package(suite, n as u8 + 1)).collect();
    if !add.is_empty() {
        let own = people[0].stage(Change { add, ..Change::default() });
        people[0].confirm();
        let welcome = own.welcome.unwrap();
        for (n, person) in people[1..].iter_mut().enumerate() {
            person.join(&welcome, n);
        }
    }
    people
}
