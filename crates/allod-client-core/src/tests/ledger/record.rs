//! A real ledger and a real directory in memory, in the hands of whoever wants to lie with them.

use std::cell::RefCell;
use std::rc::Rc;

use allod_crypto::identity::SigningSecret;
use allod_crypto::ledger::NoteKeyKind;
use allod_directory_store::{Directory, VrfSecret};
use allod_ledger::checkpoint::Checkpoint;
use allod_ledger::key::NoteSigner;
use allod_ledger::tree::{self, Hash};
use allod_ledger::trust::Trust;
use allod_wire::account::DeviceCertificate;
use allod_wire::directory::{DirectoryEntry, ProvenEntry};
use allod_wire::ledger::{Founded, Included, LedgerNews, Statement};
use allod_wire::{Address, UnixMillis, UserName};

use crate::testing::World;
use crate::testing::hub::PublicRecord;

const ORIGIN: &str = "a.example/ledger";

/// The ledger, the directory, and how they lie.
pub(super) struct Record {
    log: NoteSigner,
    witness: NoteSigner,
    pub(super) entries: Vec<Vec<u8>>,
    trust: Trust,
    directory: Directory,
    _file: tempfile::TempDir,
    /// Accounts change, and the directory does not say so.
    pub(super) hides_changes: bool,
    /// The witnesses last saw the head then; none: just now.
    pub(super) seen: Option<UnixMillis>,
    /// Another directory, whose proofs are handed out in place of this one's.
    pub(super) other: Option<Box<Self>>,
}

/// A record that the tests hold as well as the hub.
pub(super) type Shared = Rc<RefCell<Record>>;

impl Record {
    pub(super) fn new() -> Self {
        let signer =
            |name: &str, kind, seed| NoteSigner::new(name, kind, SigningSecret::from_seed(&[seed; 32])).unwrap();
        let (log, witness) =
            (signer(ORIGIN, NoteKeyKind::Log, 1), signer("w.example/witness", NoteKeyKind::Witness, 2));
        let file = tempfile::tempdir().unwrap();
        let directory = Directory::open(&file.path().join("directory.db"), VrfSecret::new([3; 32])).unwrap();
        let founded = Statement::Founded(Founded {
            domain: "a.example".parse().unwrap(),
            day: UnixMillis(1_700_000_000_000).day(),
            administrators: vec![SigningSecret::from_seed(&[4; 32]).public().into()],
            witnesses: format!("witness w {}\nquorum w\n", witness.key()),
            directory_key: directory.vrf_key().into(),
        });
        let trust = Trust::found(&founded.encode()).unwrap();
        let entries = vec![founded.encode()];
        let (hides_changes, seen, other) = (false, None, None);
        Self { log, witness, entries, trust, directory, _file: file, hides_changes, seen, other }
    }

    /// A world whose hub serves it.
    pub(super) fn world(seed: u64) -> (World, Shared) {
        let (mut world, record) = (World::seeded(seed), Rc::new(RefCell::new(Self::new())));
        world.hub.keep_record(Box::new(record.clone()));
        (world, record)
    }

    pub(super) fn publish(&mut self, user: &UserName, devices: &[DeviceCertificate], now: UnixMillis) {
        let Some(first) = devices.first() else { return };
        let entry = DirectoryEntry::new(first.identity_key.into(), devices.iter().map(Into::into).collect()).unwrap();
        let Some(root) = self.directory.publish(&[(address(user), entry)]).unwrap() else { return };
        let statement = self.trust.next_root(root.root, now.day());
        self.push(Statement::DirectoryRoot(statement).encode());
        self.directory.root_recorded(root.epoch).unwrap();
    }

    fn push(&mut self, entry: Vec<u8>) {
        self.trust.apply(ORIGIN, self.entries.len() as u64, &entry).unwrap();
        self.entries.push(entry);
    }

    fn tree(&self) -> Vec<Hash> {
        let mut stored: Vec<Hash> = Vec::new();
        for (n, entry) in (0..).zip(&self.entries) {
            stored.extend(tree::hashes_of_next(n, entry, &stored).unwrap());
        }
        stored
    }
}

fn address(user: &UserName) -> Address {
    Address { name: user.clone(), domain: "a.example".parse().unwrap() }
}

fn wire(hashes: Vec<Hash>) -> Vec<allod_wire::log::Digest> {
    hashes.into_iter().map(|hash| hash.0.into()).collect()
}

impl PublicRecord for Shared {
    fn key(&self) -> [u8; 32] {
        *self.borrow().log.key().public()
    }

    fn account_changed(&mut self, user: &UserName, devices: Vec<DeviceCertificate>, now: UnixMillis) {
        let mut record = self.borrow_mut();
        if !record.hides_changes {
            record.publish(user, &devices, now);
        }
        if let Some(other) = &mut record.other {
            other.publish(user, &devices, now);
        }
    }

    fn news(&mut self, from: u64, act: Option<u64>, now: UnixMillis) -> Option<LedgerNews> {
        let record = self.borrow();
        let (stored, size) = (record.tree(), record.entries.len() as u64);
        if from > size {
            return None;
        }
        let head = Checkpoint::sign(&record.log, size, tree::root(size, &stored).unwrap());
        let line = head.cosign(&record.witness, record.seen.unwrap_or(now).0 / 1000);
        let head = head.with_cosignature(record.witness.key(), &line).unwrap();
        let included = |position: u64| Included {
            position,
            entry: record.entries[position as usize].clone().into(),
            path: wire(tree::prove_inclusion(size, position, &stored).unwrap()),
        };
        Some(LedgerNews {
            checkpoint: head.as_bytes().to_vec().into(),
            consistency: wire(tree::prove_consistency(from, size, &stored).unwrap()),
            acts: if act.is_none() { vec![included(0)] } else { Vec::new() },
            root: (size > 1).then(|| included(size - 1)),
        })
    }

    fn entry(&mut self, user: &UserName) -> Option<ProvenEntry> {
        let record = self.borrow();
        let shown = record.other.as_deref().unwrap_or(&record);
        let proven = shown.directory.lookup(&address(user)).unwrap()?;
        Some(ProvenEntry { root: proven.root, proof: proven.proof.into() })
    }

    fn history(&mut self, user: &UserName) -> Option<ProvenEntry> {
        let proven = self.borrow().directory.history(&address(user)).unwrap()?;
        Some(ProvenEntry { root: proven.root, proof: proven.proof.into() })
    }
}
