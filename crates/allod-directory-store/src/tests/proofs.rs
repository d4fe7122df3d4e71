//! What proofs show, and that nothing else does.

use akd::auditor::audit_verify;
use akd::storage::StorageManager;
use akd::storage::memory::AsyncInMemoryDatabase;
use akd::{AkdValue, AzksElement, AzksParallelismConfig, AzksValue, EpochHash, SingleAppendOnlyProof};
use allod_directory::{AppendOnlyProofIn, Hashes, HistoryProofIn, ProofError};
use allod_wire::cbor;
use allod_wire::directory::{AppendOnlyProof, DirectoryEntryIn, HistoryProof, LookupProof, NodeLabel, TreeNode};

use super::*;

/// Alice with two devices, Bob, and some others; then Alice has another one.
fn world() -> World {
    let world = World::new();
    let others: Vec<_> = (0..20).map(|n| says(&format!("person{n}"), &[n])).collect();
    world.epoch(&[says("alice", &[1, 2]), says("bob", &[3])]);
    world.epoch(&others);
    world.epoch(&[says("alice", &[1, 2, 4])]);
    world
}

#[test]
fn a_lookup_shows_the_entry_and_since_when_y_7() {
    let world = world();
    assert_eq!(world.look_up("alice"), Version { entry: entry(&[1, 2, 4]), version: 2, since: 3 });
    assert_eq!(world.look_up("bob"), Version { entry: entry(&[3]), version: 1, since: 1 });
    assert_eq!(world.directory.lookup(&address("carol")).unwrap(), None);
}

#[test]
fn another_key_a_withheld_device_and_another_user_are_refused_y_7() {
    let world = world();
    let Proven { root, proof } = world.proof("alice");
    let good: LookupProof = cbor::from_slice(&proof).unwrap();
    for lie in [entry(&[1, 2]), entry(&[1, 2, 5]), entry(&[])] {
        let proof = cbor::to_vec(&LookupProof { entry: cbor::to_vec(&lie).into(), ..good.clone() });
        assert_eq!(verify(&world, &root, "alice", &proof), Err(ProofError::NotShown));
    }
    assert_eq!(verify(&world, &root, "bob", &proof), Err(ProofError::NotShown));
    let other_directory = VrfSecret::new([8; 32]).public();
    let shown = LookupProofIn::decode(&proof).unwrap().verify(&other_directory, &root, &address("alice"));
    assert_eq!(shown, Err(ProofError::NotShown));
}

#[test]
fn an_older_state_does_not_pass_for_the_newest_y_7() {
    let world = World::new();
    let before = world.epoch(&[says("alice", &[1]), says("bob", &[3])]);
    let old = world.proof("alice").proof;
    let after = world.epoch(&[says("alice", &[1, 9])]);
    assert!(verify(&world, &before, "alice", &old).is_ok());
    assert_eq!(verify(&world, &after, "alice", &old), Err(ProofError::NotShown));
    // The server makes it from what the new tree has of the first version: but that is marked as replaced there.
    let history: HistoryProof =
        cbor::from_slice(&world.directory.history(&address("alice")).unwrap().unwrap().proof).unwrap();
    let first = &history.updates[1];
    let newest: LookupProof = cbor::from_slice(&world.proof("alice").proof).unwrap();
    let forged = LookupProof {
        epoch: first.epoch,
        version: 1,
        entry: first.entry.clone(),
        nonce: first.nonce,
        existence: first.existence.clone(),
        marker: first.existence.clone(),
        freshness: newest.freshness,
    };
    assert_eq!(verify(&world, &after, "alice", &cbor::to_vec(&forged)), Err(ProofError::NotShown));
}

#[test]
fn changed_bytes_never_show_anything_else_y_7() {
    let world = world();
    let Proven { root, proof } = world.proof("alice");
    let good = verify(&world, &root, "alice", &proof).unwrap();
    let mut refused = 0;
    let tried = (0..proof.len()).step_by(5);
    for at in tried.clone() {
        let mut proof = proof.clone();
        proof[at] ^= 1 << (at % 8);
        match verify(&world, &root, "alice", &proof) {
            Ok(shown) => assert_eq!(shown, good),
            Err(_) => refused += 1,
        }
    }
    // What does not matter is the name of the root as the parent of the first step.
    assert!(refused * 100 > tried.len() * 95, "{refused} of {}", tried.len());
}

#[test]
fn numbers_that_cannot_be_are_refused_before_anything_is_computed_y_7() {
    let world = world();
    let Proven { root, proof } = world.proof("alice");
    let good: LookupProof = cbor::from_slice(&proof).unwrap();
    for (version, epoch) in [(0, 3), (4, 3), (u64::MAX, 3), (2, 4), (2, u64::MAX), (u64::MAX, u64::MAX)] {
        let proof = cbor::to_vec(&LookupProof { version, epoch, ..good.clone() });
        assert_eq!(verify(&world, &root, "alice", &proof), Err(ProofError::Impossible));
    }
}

#[test]
fn a_ghost_device_stays_in_the_owners_history_y_8() {
    let world = world();
    // The server adds a device of its own for one epoch, and takes it away again.
    world.epoch(&[says("alice", &[1, 2, 4, 66])]);
    world.epoch(&[says("alice", &[1, 2, 4])]);
    let seen: Vec<_> = world.history("alice").into_iter().map(|v| (v.version, v.since, v.entry)).collect();
    let told =
        [(4, 5, entry(&[1, 2, 4])), (3, 4, entry(&[1, 2, 4, 66])), (2, 3, entry(&[1, 2, 4])), (1, 1, entry(&[1, 2]))];
    assert_eq!(seen, told);

    let Proven { root, proof } = world.directory.history(&address("alice")).unwrap().unwrap();
    let good: HistoryProof = cbor::from_slice(&proof).unwrap();
    let verify = |proof: HistoryProof| {
        let bytes = cbor::to_vec(&proof);
        HistoryProofIn::decode(&bytes).unwrap().verify(&world.directory.vrf_key(), &root, &address("alice"))
    };
    assert!(verify(good.clone()).is_ok());
    for left_out in 0..4 {
        let mut lie = good.clone();
        lie.updates.remove(left_out);
        assert!(verify(lie).is_err(), "without the version at {left_out}");
    }
    let mut lie = good.clone();
    lie.updates[1].entry = cbor::to_vec(&entry(&[1, 2, 4])).into();
    assert_eq!(verify(lie), Err(ProofError::NotShown));
    let mut lie = good.clone();
    lie.updates[0].version = u64::MAX;
    assert_eq!(verify(lie), Err(ProofError::Impossible));
    let nothing = HistoryProof { updates: Vec::new(), past: good.past, future: good.future };
    assert_eq!(verify(nothing), Err(ProofError::NotShown));
}

#[test]
fn of_a_long_history_the_newest_versions_are_shown_y_8() {
    let world = World::new();
    for n in 0..140_u8 {
        world.epoch(&[says("alice", &[n, n + 1])]);
    }
    let versions: Vec<_> = world.history("alice").into_iter().map(|version| version.version).collect();
    assert_eq!(versions, (13..=140).rev().collect::<Vec<_>>());
}

#[test]
fn epochs_only_add_and_another_auditor_agrees_y_10() {
    // The library's own auditor starts tasks.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let world = world();
    world.audit(3);
    for epoch in 1..=3 {
        let added = world.directory.audit(epoch).unwrap().unwrap();
        let proof: AppendOnlyProof = cbor::from_slice(&added.proof).unwrap();
        let nodes = |nodes: &[TreeNode]| nodes.iter().map(library_node).collect::<Vec<_>>();
        let single =
            SingleAppendOnlyProof { inserted: nodes(&proof.inserted), unchanged_nodes: nodes(&proof.unchanged) };
        let proof = akd::AppendOnlyProof { proofs: vec![single], epochs: vec![epoch - 1] };
        let hashes = vec![world.root(epoch - 1).root.into(), added.root.root.into()];
        runtime.block_on(audit_verify::<Hashes>(hashes, proof)).unwrap();
    }
    assert_eq!(world.directory.audit(4).unwrap(), None);
}

fn library_node(node: &TreeNode) -> AzksElement {
    let label = akd::NodeLabel { label_val: node.label.path, label_len: u32::from(node.label.bits) };
    AzksElement { label, value: AzksValue(node.value.into()) }
}

#[test]
fn an_epoch_that_takes_something_away_is_refused_y_10() {
    let world = world();
    let added = world.directory.audit(3).unwrap().unwrap();
    let good: AppendOnlyProof = cbor::from_slice(&added.proof).unwrap();
    let (before, after) = (world.root(2), world.root(3));
    let verify = |proof: &AppendOnlyProof, before: &EpochRoot, after: &EpochRoot| {
        AppendOnlyProofIn::decode(&cbor::to_vec(proof)).unwrap().verify(before, after)
    };
    assert_eq!(verify(&good, &before, &after), Ok(2));
    assert_eq!(verify(&good, &world.root(1), &after), Err(ProofError::Impossible));
    assert_eq!(verify(&good, &after, &before), Err(ProofError::Impossible));
    let other = EpochRoot { root: [9; 32].into(), ..before };
    assert_eq!(verify(&good, &other, &after), Err(ProofError::NotShown));

    let mut lie = good.clone();
    lie.unchanged.pop();
    assert_eq!(verify(&lie, &before, &after), Err(ProofError::NotShown));
    let mut lie = good.clone();
    lie.inserted.pop();
    assert_eq!(verify(&lie, &before, &after), Err(ProofError::NotShown));
    // A leaf that is there is to be inserted with another value: where it stands, or below the node that holds it.
    let mut lie = good.clone();
    lie.inserted.push(TreeNode { value: [9; 32].into(), ..good.inserted[0] });
    assert_eq!(verify(&lie, &before, &after), Err(ProofError::Impossible));
    let above = good.unchanged.iter().find(|node| node.label.bits < 256).expect("a subtree did not change");
    let mut lie = good.clone();
    lie.inserted.push(TreeNode { label: NodeLabel { bits: 256, ..above.label }, value: [9; 32].into() });
    assert_eq!(verify(&lie, &before, &after), Err(ProofError::Impossible));
    // What is inserted is a leaf.
    let mut lie = good.clone();
    lie.inserted[0].label.bits = 255;
    assert_eq!(verify(&lie, &before, &after), Err(ProofError::Impossible));
    let mut lie = good.clone();
    lie.unchanged[0].label.path[31] ^= 1;
    assert!(verify(&lie, &before, &after).is_err());
}

#[test]
fn a_tree_that_commits_to_what_is_no_entry_is_evidence_y_2() {
    let turned = DirectoryEntryIn { devices: entry(&[1, 2]).devices().iter().rev().cloned().collect(), ..good_entry() };
    for lie in [cbor::to_vec(&turned), b"x".to_vec()] {
        let storage = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
        let secret = VrfSecret::new([7; 32]);
        let (key, serial) = (secret.public(), AzksParallelismConfig::disabled());
        let alice = allod_directory::label(&address("alice"));
        let made = block_on(async {
            let server = akd::Directory::<Hashes, _, _>::new(storage, secret, serial).await?;
            server.publish(vec![(alice.clone(), AkdValue(lie))]).await?;
            server.lookup(alice).await
        });
        let (proof, EpochHash(epoch, root)) = made.unwrap();
        let proof = cbor::to_vec(&allod_directory::convert::lookup_out(&proof).unwrap());
        let root = EpochRoot { epoch, root: root.into() };
        let shown = LookupProofIn::decode(&proof).unwrap().verify(&key, &root, &address("alice"));
        assert_eq!(shown, Err(ProofError::NoEntry));
    }
}

fn good_entry() -> DirectoryEntryIn {
    cbor::from_slice(&cbor::to_vec(&entry(&[1]))).unwrap()
}

#[test]
fn under_another_key_the_same_people_stand_elsewhere_y_4() {
    let labels = |secret| {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(&folder.path().join(DATABASE_FILE), VrfSecret::new(secret)).unwrap();
        let root = directory.publish(&[says("alice", &[1]), says("bob", &[2])]).unwrap().unwrap();
        directory.root_recorded(root.epoch).unwrap();
        let proof: AppendOnlyProof = cbor::from_slice(&directory.audit(1).unwrap().unwrap().proof).unwrap();
        proof.inserted
    };
    let (ours, theirs) = (labels([7; 32]), labels([8; 32]));
    assert_eq!((ours.len(), theirs.len()), (2, 2));
    assert!(ours.iter().all(|node| theirs.iter().all(|other| other.label != node.label && other.value != node.value)));
}
