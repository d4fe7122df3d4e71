//! A directory as its server, its readers and its auditors see it.

mod accounts;
mod crash;
mod model;
mod proofs;
mod vectors;

use allod_directory::{AppendOnlyProofIn, HistoryProofIn, LookupProofIn, ProofError, Version, empty};
use allod_wire::account::DeviceClass;
use allod_wire::directory::{DirectoryDevice, DirectoryEntry, EpochRoot};
use allod_wire::{Address, Day, DeviceId};
use futures_executor::block_on;

use crate::{DATABASE_FILE, Directory, Proven, VrfSecret};

/// A directory in a folder of its own.
struct World {
    folder: tempfile::TempDir,
    directory: Directory,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(&folder.path().join(DATABASE_FILE), VrfSecret::new([7; 32])).unwrap();
        Self { folder, directory }
    }

    /// The server ends and starts again.
    fn restart(&mut self) {
        self.directory = Directory::open(&self.folder.path().join(DATABASE_FILE), VrfSecret::new([7; 32])).unwrap();
    }

    /// Publishes an epoch, and records it.
    fn epoch(&self, changes: &[(Address, DirectoryEntry)]) -> EpochRoot {
        let root = self.directory.publish(changes).unwrap().expect("something changes");
        self.directory.root_recorded(root.epoch).unwrap();
        root
    }

    /// The root of a recorded epoch.
    fn root(&self, epoch: u64) -> EpochRoot {
        if epoch == 0 { empty() } else { self.directory.audit(epoch).unwrap().expect("it is recorded").root }
    }

    fn proof(&self, name: &str) -> Proven {
        self.directory.lookup(&address(name)).unwrap().expect("there is an entry")
    }

    fn look_up(&self, name: &str) -> Version {
        let Proven { root, proof } = self.proof(name);
        verify(self, &root, name, &proof).unwrap()
    }

    fn history(&self, name: &str) -> Vec<Version> {
        let Proven { root, proof } = self.directory.history(&address(name)).unwrap().expect("there is an entry");
        HistoryProofIn::decode(&proof).unwrap().verify(&self.directory.vrf_key(), &root, &address(name)).unwrap()
    }

    /// Follows all epochs, as an auditor does.
    fn audit(&self, until: u64) {
        for epoch in 1..=until {
            let added = self.directory.audit(epoch).unwrap().expect("it is recorded");
            AppendOnlyProofIn::decode(&added.proof).unwrap().verify(&self.root(epoch - 1), &added.root).unwrap();
        }
    }
}

fn verify(world: &World, root: &EpochRoot, name: &str, proof: &[u8]) -> Result<Version, ProofError> {
    LookupProofIn::decode(proof)?.verify(&world.directory.vrf_key(), root, &address(name))
}

fn address(name: &str) -> Address {
    format!("{name}@a.example").parse().unwrap()
}

fn entry(devices: &[u8]) -> DirectoryEntry {
    let device = |id: &u8| DirectoryDevice {
        device: DeviceId([*id; 16]),
        class: DeviceClass::Installed,
        signature_key: [*id; 32].into(),
        inbox_key_digest: [*id; 32].into(),
        created: Day(20_781),
    };
    DirectoryEntry::new([1; 32], devices.iter().map(device).collect()).unwrap()
}

fn says(name: &str, devices: &[u8]) -> (Address, DirectoryEntry) {
    (address(name), entry(devices))
}
