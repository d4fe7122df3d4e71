//! `spec/vectors/directory-*`: proofs that others can verify, and what they must refuse (rules Y-6 to Y-10).

use allod_wire::cbor;
use allod_wire::directory::{AppendOnlyProof, HistoryProof, LookupProof};
use allod_wire::vector::{Vector, run_area};

use super::*;

fn world() -> World {
    let world = World::new();
    world.epoch(&[says("alice", &[1]), says("bob", &[3])]);
    world.epoch(&[says("alice", &[1, 2])]);
    world
}

fn outcome<T>(result: Result<T, ProofError>) -> String {
    match result {
        Ok(_) => "ok",
        Err(ProofError::Malformed(_)) => "malformed",
        Err(ProofError::Impossible) => "impossible",
        Err(ProofError::NotShown) => "not shown",
        Err(ProofError::NoEntry) => "no entry",
    }
    .to_owned()
}

/// A case about Alice's entry, unless it says otherwise.
fn case(expect: &str, rule: &str, comment: &str, root: &EpochRoot, proof: &[u8], name: &str) -> Vector {
    let address = address(name).to_string();
    let key = VrfSecret::new([7; 32]).public();
    let fields: [(&str, &[u8]); 5] = [
        ("vrf-key", &key),
        ("epoch", &root.epoch.to_be_bytes()),
        ("root", &root.root[..]),
        ("address", address.as_bytes()),
        ("proof", proof),
    ];
    Vector::new(expect, rule, comment, &fields)
}

fn about(vector: &Vector) -> (EpochRoot, Address) {
    let root = EpochRoot { epoch: vector.number("epoch"), root: vector.array::<32>("root").into() };
    (root, std::str::from_utf8(vector.bytes("address")).unwrap().parse().unwrap())
}

#[test]
fn lookups_y_7() {
    let cases = || {
        let world = world();
        let Proven { root, proof } = world.proof("alice");
        let good: LookupProof = cbor::from_slice(&proof).unwrap();
        let other = LookupProof { entry: cbor::to_vec(&entry(&[1])).into(), ..good.clone() };
        let none = LookupProof { version: 0, ..good.clone() };
        let mut vrf = good.clone();
        vrf.existence.vrf[0] ^= 1;
        vec![
            case("ok", "Y-7", "the entry at its second version", &root, &proof, "alice"),
            case("not shown", "Y-7", "with a device withheld", &root, &cbor::to_vec(&other), "alice"),
            case("not shown", "Y-7", "of another user", &root, &proof, "bob"),
            case("not shown", "Y-7", "to an older root", &EpochRoot { epoch: 2, ..world.root(1) }, &proof, "alice"),
            case("impossible", "Y-7", "at an epoch before its own", &world.root(1), &proof, "alice"),
            case("impossible", "Y-7", "of version 0", &root, &cbor::to_vec(&none), "alice"),
            case("not shown", "Y-4", "with a changed proof of the VRF", &root, &cbor::to_vec(&vrf), "alice"),
            case("malformed", "Y-6", "cut", &root, &proof[..proof.len() - 1], "alice"),
        ]
    };
    run_area("directory-lookup", cases, |vector| {
        let (root, address) = about(vector);
        let decoded = LookupProofIn::decode(vector.bytes("proof")).map_err(ProofError::from);
        outcome(decoded.and_then(|proof| proof.verify(&vector.array("vrf-key"), &root, &address)))
    });
}

#[test]
fn histories_y_8() {
    let cases = || {
        let world = world();
        let Proven { root, proof } = world.directory.history(&address("alice")).unwrap().unwrap();
        let good: HistoryProof = cbor::from_slice(&proof).unwrap();
        let without = |at: usize| {
            let mut proof = good.clone();
            proof.updates.remove(at);
            cbor::to_vec(&proof)
        };
        let mut turned = good.clone();
        turned.updates.reverse();
        vec![
            case("ok", "Y-8", "two versions", &root, &proof, "alice"),
            case("not shown", "Y-8", "without the newest", &root, &without(0), "alice"),
            case("not shown", "Y-8", "without the oldest", &root, &without(1), "alice"),
            case("not shown", "Y-8", "the oldest first", &root, &cbor::to_vec(&turned), "alice"),
            case("not shown", "Y-8", "of another user", &root, &proof, "bob"),
            case("malformed", "Y-6", "with a byte behind it", &root, &[&proof[..], &[0]].concat(), "alice"),
        ]
    };
    run_area("directory-history", cases, |vector| {
        let (root, address) = about(vector);
        let decoded = HistoryProofIn::decode(vector.bytes("proof")).map_err(ProofError::from);
        outcome(decoded.and_then(|proof| proof.verify(&vector.array("vrf-key"), &root, &address)))
    });
}

#[test]
fn additions_y_10() {
    let case = |expect: &str, comment: &str, before: &EpochRoot, after: &EpochRoot, proof: &[u8]| {
        let fields: [(&str, &[u8]); 5] = [
            ("epoch-before", &before.epoch.to_be_bytes()),
            ("root-before", &before.root[..]),
            ("epoch-after", &after.epoch.to_be_bytes()),
            ("root-after", &after.root[..]),
            ("proof", proof),
        ];
        Vector::new(expect, "Y-10", comment, &fields)
    };
    let cases = || {
        let world = world();
        let (zero, one, two) = (world.root(0), world.root(1), world.root(2));
        let proof = |epoch| world.directory.audit(epoch).unwrap().unwrap().proof;
        let good: AppendOnlyProof = cbor::from_slice(&proof(2)).unwrap();
        let fewer = AppendOnlyProof { unchanged: good.unchanged[1..].to_vec(), ..good.clone() };
        let twice = AppendOnlyProof { inserted: [&good.inserted[..], &good.inserted].concat(), ..good.clone() };
        vec![
            case("ok", "the first epoch", &zero, &one, &proof(1)),
            case("ok", "a change", &one, &two, &proof(2)),
            case("not shown", "another epoch's", &one, &two, &proof(1)),
            case("impossible", "an epoch left out", &zero, &two, &proof(2)),
            case("not shown", "a node left out", &one, &two, &cbor::to_vec(&fewer)),
            case("impossible", "a leaf twice", &one, &two, &cbor::to_vec(&twice)),
            case("malformed", "nothing", &one, &two, b""),
        ]
    };
    run_area("directory-append-only", cases, |vector| {
        let root = |epoch, root| EpochRoot { epoch: vector.number(epoch), root: vector.array::<32>(root).into() };
        let (before, after) = (root("epoch-before", "root-before"), root("epoch-after", "root-after"));
        let decoded = AppendOnlyProofIn::decode(vector.bytes("proof")).map_err(ProofError::from);
        outcome(decoded.and_then(|proof| proof.verify(&before, &after)))
    });
}
