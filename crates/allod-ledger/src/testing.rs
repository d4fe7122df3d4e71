//! A small log, for tests.

use allod_crypto::identity::SigningSecret;
use allod_crypto::ledger::NoteKeyKind;

use crate::checkpoint::Checkpoint;
use crate::key::{NoteKey, NoteSigner};
use crate::tree::{self, Hash};

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
