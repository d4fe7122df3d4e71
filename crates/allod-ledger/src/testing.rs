//! A small log, for tests.

use allod_crypto::identity::SigningSecret;
use allod_crypto::ledger::NoteKeyKind;
use allod_wire::ledger::{Act, Change, Founded, Included, LedgerNews, Statement};
use allod_wire::{Day, UnixMillis};

use crate::checkpoint::{Checkpoint, CheckpointIn};
use crate::key::{NoteKey, NoteSigner};
use crate::tree::{self, Hash};
use crate::trust::{self, Trust};

pub(crate) const ORIGIN: &str = "justice.example/ledger";

/// A log and its key.
pub(crate) struct Log {
    signer: NoteSigner,
    stored: Vec<Hash>,
    pub(crate) size: u64,
}

/// A log with these entries.
pub(crate) fn log_of(entries: &[&str]) -> Log {
    let mut log = Log { signer: signer(ORIGIN, NoteKeyKind::Log, 1), stored: Vec::new(), size: 0 };
    for entry in entries {
        log.append(entry.as_bytes());
    }
    log
}

/// A signer with a key made from one byte.
pub(crate) fn signer(name: &str, kind: NoteKeyKind, seed: u8) -> NoteSigner {
    NoteSigner::new(name, kind, SigningSecret::from_seed(&[seed; 32])).unwrap()
}

/// The witness number `n`.
pub(crate) fn witness(n: u8) -> NoteSigner {
    signer(&format!("witness{n}.example/witness"), NoteKeyKind::Witness, 100 + n)
}

impl Log {
    pub(crate) fn append(&mut self, entry: &[u8]) {
        self.stored.extend(tree::hashes_of_next(self.size, entry, &self.stored).unwrap());
        self.size += 1;
    }

    pub(crate) fn key(&self) -> &NoteKey {
        self.signer.key()
    }

    pub(crate) fn key_of_another_log(&self) -> NoteKey {
        NoteKey::new("other.example/ledger", NoteKeyKind::Log, *self.key().public()).unwrap()
    }

    /// Its checkpoint at a size.
    pub(crate) fn at(&self, size: u64) -> Checkpoint {
        Checkpoint::sign(&self.signer, size, tree::root(size, &self.stored).unwrap())
    }

    pub(crate) fn consistency(&self, old: u64, size: u64) -> Vec<Hash> {
        tree::prove_consistency(old, size, &self.stored).unwrap()
    }

    /// A statement with its place under the head of all.
    pub(crate) fn included(&self, position: u64, entry: &[u8]) -> Included {
        let path = tree::prove_inclusion(self.size, position, &self.stored).unwrap();
        Included { position, entry: entry.to_vec().into(), path: path.into_iter().map(|hash| hash.0.into()).collect() }
    }

    /// News under this head of all, from a size on.
    pub(crate) fn news(
        &self,
        head: &Checkpoint,
        from: u64,
        acts: &[(u64, &[u8])],
        root: Option<(u64, &[u8])>,
    ) -> LedgerNews {
        let included = |(position, entry): (u64, &[u8])| self.included(position, entry);
        LedgerNews {
            checkpoint: head.as_bytes().to_vec().into(),
            consistency: self.consistency(from, self.size).into_iter().map(|hash| hash.0.into()).collect(),
            acts: acts.iter().copied().map(included).collect(),
            root: root.map(included),
        }
    }

    pub(crate) fn proof(&self, index: u64) -> Vec<u8> {
        let hashes = tree::prove_inclusion(self.size, index, &self.stored).unwrap();
        crate::proof::encode(index, &hashes, &self.at(self.size))
    }
}

/// A checkpoint with the cosignatures of these witnesses at these POSIX seconds.
pub(crate) fn cosigned(checkpoint: &Checkpoint, witnesses: &[(&NoteSigner, u64)]) -> Checkpoint {
    witnesses.iter().fold(checkpoint.clone(), |checkpoint, (witness, seconds)| {
        checkpoint.with_cosignature(witness.key(), &checkpoint.cosign(witness, *seconds)).unwrap()
    })
}

pub(crate) const NOON: u64 = 1_800_000_000;

pub(crate) fn administrator() -> SigningSecret {
    SigningSecret::from_seed(&[1; 32])
}

pub(crate) fn founding() -> Vec<u8> {
    Statement::Founded(Founded {
        domain: "justice.example".parse().unwrap(),
        day: Day(20_000),
        administrators: vec![administrator().public().into()],
        witnesses: "quorum none\n".to_owned(),
        directory_key: [9; 32].into(),
    })
    .encode()
}

pub(crate) fn act(trust: &Trust, change: Change) -> Vec<u8> {
    let body = trust.draw_up(change, Day(20_001));
    let signatures = vec![trust::sign(&administrator(), ORIGIN, &body)];
    Statement::Act(Act { body, signatures }).encode()
}

pub(crate) fn one_witness() -> Change {
    Change::Witnesses(format!("witness W {}\nquorum W\n", witness(1).key()))
}

pub(crate) fn log_with(entries: &[Vec<u8>]) -> Log {
    let mut log = log_of(&[]);
    entries.iter().for_each(|entry| log.append(entry));
    log
}

pub(crate) fn received(checkpoint: &Checkpoint) -> CheckpointIn {
    CheckpointIn::decode(checkpoint.as_bytes()).unwrap()
}

pub(crate) fn now() -> UnixMillis {
    UnixMillis(NOON * 1000)
}
