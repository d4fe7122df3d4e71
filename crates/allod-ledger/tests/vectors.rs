//! `spec/vectors/ledger-*`: checkpoints, witness policies, proofs, witnesses' requests, acts; and what must be refused.

use allod_crypto::identity::SigningSecret;
use allod_crypto::ledger::NoteKeyKind;
use allod_ledger::checkpoint::{Checkpoint, CheckpointIn};
use allod_ledger::key::{NoteKey, NoteSigner};
use allod_ledger::policy::WitnessPolicy;
use allod_ledger::proof::{self, ProofIn};
use allod_ledger::release;
use allod_ledger::tree::{self, Hash};
use allod_ledger::trust::{self, Trust};
use allod_ledger::witness::{self, AddCheckpointIn, Cosigned};
use allod_wire::Day;
use allod_wire::ledger::{Act, ActBody, Artifact, Change, Founded, ReleaseBody, Statement};
use allod_wire::vector::{Vector, run_area};

const ORIGIN: &str = "justice.example/ledger";

fn log() -> NoteSigner {
    NoteSigner::new(ORIGIN, NoteKeyKind::Log, SigningSecret::from_seed(&[1; 32])).unwrap()
}

fn a_witness(n: u8) -> NoteSigner {
    let secret = SigningSecret::from_seed(&[100 + n; 32]);
    NoteSigner::new(&format!("witness{n}.example/witness"), NoteKeyKind::Witness, secret).unwrap()
}

/// The hashes and the checkpoint of a log whose entries are `entry 0`, `entry 1`, ….
fn log_of(size: u64) -> (Vec<Hash>, Checkpoint) {
    let mut stored: Vec<Hash> = Vec::new();
    for n in 0..size {
        stored.extend(tree::hashes_of_next(n, format!("entry {n}").as_bytes(), &stored).unwrap());
    }
    let checkpoint = Checkpoint::sign(&log(), size, tree::root(size, &stored).unwrap());
    (stored, checkpoint)
}

/// `good` with one field replaced: a failing case.
fn but(good: &Vector, failure: &str, comment: &str, field: &str, bytes: &[u8]) -> Vector {
    let mut vector = Vector { expect: failure.into(), comment: comment.into(), ..good.clone() };
    vector.fields.insert(field.to_owned(), bytes.to_vec());
    vector
}

fn text<'a>(vector: &'a Vector, field: &str) -> &'a str {
    std::str::from_utf8(vector.bytes(field)).expect("the field is text")
}

fn key(vector: &Vector, field: &str) -> NoteKey {
    text(vector, field).parse().expect("the field is a key")
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains(from));
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn checkpoints_g_8() {
    let cases = || {
        let (_, checkpoint) = log_of(5);
        let witness = a_witness(1);
        let checkpoint =
            checkpoint.with_cosignature(witness.key(), &checkpoint.cosign(&witness, 1_800_000_000)).unwrap();
        let bytes = checkpoint.as_bytes();
        let (log, witness) = (log().key().to_string(), witness.key().to_string());
        let fields: &[(&str, &[u8])] =
            &[("checkpoint", bytes), ("log", log.as_bytes()), ("witness", witness.as_bytes())];
        let good = Vector::new("ok", "G-8", "signed and cosigned", fields);
        let other = a_witness(2).key().to_string();
        vec![
            but(&good, "not signed", "of another size", "checkpoint", &replaced(bytes, "\n5\n", "\n6\n")),
            but(&good, "malformed", "with a leading zero", "checkpoint", &replaced(bytes, "\n5\n", "\n05\n")),
            but(&good, "malformed", "without its last line end", "checkpoint", &bytes[..bytes.len() - 1]),
            but(&good, "malformed", "without signatures", "checkpoint", b"justice.example/ledger\n5\n"),
            but(&good, "other log", "of another origin", "checkpoint", &replaced(bytes, "justice", "finance")),
            but(&good, "not cosigned", "by another witness", "witness", other.as_bytes()),
            but(&good, "bad cosignature", "with a changed cosignature", "checkpoint", &flip_last_line(bytes)),
            good,
        ]
    };
    run_area("ledger-checkpoint", cases, |vector| {
        use allod_ledger::checkpoint::CheckpointError as E;
        let verified = CheckpointIn::decode(vector.bytes("checkpoint"))
            .and_then(|checkpoint| checkpoint.verify(&key(vector, "log")))
            .and_then(|checkpoint| checkpoint.seen_by(&key(vector, "witness")));
        match verified {
            Ok(Some(seconds)) => {
                assert_eq!(seconds, 1_800_000_000);
                "ok"
            }
            Ok(None) => "not cosigned",
            Err(E::Malformed) => "malformed",
            Err(E::OtherLog) => "other log",
            Err(E::NotSigned) => "not signed",
            Err(E::BadCosignature) => "bad cosignature",
        }
        .to_owned()
    });
}

/// A note whose last signature has another last byte.
fn flip_last_line(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = bytes.len() - 10;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    bytes
}

#[test]
fn policies_g_9() {
    let cases = || {
        let keys: Vec<String> = (1..=3).map(|n| a_witness(n).key().to_string()).collect();
        let policy = format!(
            "witness a {}\nwitness b {}\nwitness c {}\ngroup two 2 a b c\nquorum two\n",
            keys[0], keys[1], keys[2]
        );
        let (_, checkpoint) = log_of(5);
        let cosigned = [1u8, 3].iter().fold(checkpoint.clone(), |checkpoint, n| {
            let witness = a_witness(*n);
            let line = checkpoint.cosign(&witness, 1_800_000_000 + u64::from(*n));
            checkpoint.with_cosignature(witness.key(), &line).unwrap()
        });
        let log = log().key().to_string();
        let fields: &[(&str, &[u8])] =
            &[("checkpoint", cosigned.as_bytes()), ("log", log.as_bytes()), ("policy", policy.as_bytes())];
        let good = Vector::new("ok", "G-9", "two of three", fields);
        let bytes = policy.as_bytes();
        let all = replaced(bytes, "two 2", "two all");
        vec![
            but(&good, "no quorum", "all of three", "policy", &all),
            but(&good, "no quorum", "cosigned by nobody", "checkpoint", checkpoint.as_bytes()),
            but(&good, "malformed", "a threshold above the members", "policy", &replaced(bytes, "two 2", "two 4")),
            but(&good, "malformed", "without a quorum", "policy", &replaced(bytes, "quorum two\n", "")),
            but(&good, "malformed", "the same witness twice", "policy", &replaced(bytes, &keys[1], &keys[0])),
            but(&good, "malformed", "an unknown member", "policy", &replaced(bytes, "a b c", "a b d")),
            but(&good, "malformed", "a log line", "policy", format!("log {log}\n{policy}").as_bytes()),
            good,
        ]
    };
    run_area("ledger-policy", cases, |vector| {
        let Ok(policy) = text(vector, "policy").parse::<WitnessPolicy>() else { return "malformed".to_owned() };
        let checkpoint = CheckpointIn::decode(vector.bytes("checkpoint")).unwrap().verify(&key(vector, "log")).unwrap();
        match policy.seen(&checkpoint, u64::MAX) {
            Ok(Some(seconds)) => {
                assert_eq!(seconds, 1_800_000_001, "a quorum since the older of the two");
                "ok".to_owned()
            }
            _ => "no quorum".to_owned(),
        }
    });
}

#[test]
fn proofs_g_10() {
    let cases = || {
        let (stored, checkpoint) = log_of(5);
        let hashes = tree::prove_inclusion(5, 2, &stored).unwrap();
        let file = proof::encode(2, &hashes, &checkpoint);
        let log = log().key().to_string();
        let fields: &[(&str, &[u8])] = &[("proof", &file), ("log", log.as_bytes()), ("entry", b"entry 2")];
        let good = Vector::new("ok", "G-10", "an entry of five", fields);
        let (other, _) = log_of(6);
        let other = proof::encode(2, &tree::prove_inclusion(6, 2, &other).unwrap(), &checkpoint);
        vec![
            but(&good, "not included", "of another entry", "entry", b"entry 3"),
            but(&good, "not included", "for another place", "proof", &replaced(&file, "index 2", "index 3")),
            but(&good, "not included", "for a place beyond the end", "proof", &replaced(&file, "index 2", "index 5")),
            but(&good, "not included", "from another tree", "proof", &other),
            but(&good, "malformed", "of another version", "proof", &replaced(&file, "@v1", "@v2")),
            but(&good, "malformed", "without an index", "proof", &replaced(&file, "index 2\n", "")),
            but(&good, "refused", "of another log", "log", a_log_of_another().as_bytes()),
            good,
        ]
    };
    run_area("ledger-proof", cases, |vector| {
        use allod_ledger::proof::ProofError as E;
        let proof = ProofIn::decode(vector.bytes("proof"));
        match proof.and_then(|proof| proof.verify(&key(vector, "log"), vector.bytes("entry"))) {
            Ok((index, _)) => {
                assert_eq!(index, 2);
                "ok"
            }
            Err(E::Malformed) => "malformed",
            Err(E::Checkpoint(_)) => "refused",
            Err(E::NotIncluded) => "not included",
        }
        .to_owned()
    });
}

fn a_log_of_another() -> String {
    NoteKey::new("finance.example/ledger", NoteKeyKind::Log, *log().key().public()).unwrap().to_string()
}

#[test]
fn witnesses_g_11() {
    let cases = || {
        let (stored, checkpoint) = log_of(5);
        let proof = tree::prove_consistency(3, 5, &stored).unwrap();
        let request = witness::encode(3, &proof, &checkpoint);
        let root = tree::root(3, &stored).unwrap();
        let answer = checkpoint.cosign(&a_witness(1), 1_800_000_000);
        let log = log().key().to_string();
        let fields: &[(&str, &[u8])] = &[
            ("request", &request),
            ("log", log.as_bytes()),
            ("kept-size", &3u64.to_be_bytes()),
            ("kept-root", &root.0),
            ("witness-seed", &[101; 32]),
            ("seconds", &1_800_000_000u64.to_be_bytes()),
            ("answer", answer.as_bytes()),
        ];
        let good = Vector::new("ok", "G-11", "from three to five entries", fields);
        let request_with = |from: &str, to: &str| replaced(&request, from, to);
        vec![
            but(&good, "409", "from what was not cosigned last", "request", &request_with("old 3", "old 2")),
            but(&good, "400", "backwards", "request", &request_with("old 3", "old 6")),
            but(&good, "400", "with a leading zero", "request", &request_with("old 3", "old 03")),
            but(&good, "403", "of a size that was not signed", "request", &request_with("\n5\n", "\n4\n")),
            but(&good, "404", "of an unknown log", "log", a_log_of_another().as_bytes()),
            but(&good, "422", "on a log that was another", "kept-root", &[7; 32]),
            but(&good, "422", "without its proof", "request", &witness::encode(3, &[], &checkpoint)),
            good,
        ]
    };
    run_area("ledger-witness", cases, |vector| {
        let secret = SigningSecret::from_seed(&vector.array("witness-seed"));
        let signer = NoteSigner::new("witness1.example/witness", NoteKeyKind::Witness, secret).unwrap();
        let kept = Cosigned { size: vector.number("kept-size"), root: vector.array("kept-root"), seconds: 0 };
        let log = key(vector, "log");
        let decided = AddCheckpointIn::decode(vector.bytes("request")).and_then(|request| {
            let known = (request.origin() == log.name()).then_some(&log);
            request.decide(known, Some(kept), &signer, vector.number("seconds"))
        });
        match decided {
            Ok((_, line)) => {
                assert_eq!(line.as_bytes(), vector.bytes("answer"));
                "ok".to_owned()
            }
            Err(refusal) => refusal.status().to_string(),
        }
    });
}

#[test]
fn acts_g_6() {
    let administrator = |n: u8| SigningSecret::from_seed(&[n; 32]);
    let cases = || {
        let founded = Statement::Founded(Founded {
            domain: "justice.example".parse().unwrap(),
            day: Day(20_000),
            administrators: [1, 2, 3].map(|n| administrator(n).public().into()).to_vec(),
            witnesses: "quorum none\n".to_owned(),
            directory_key: [9; 32].into(),
        })
        .encode();
        let before = Trust::found(&founded).unwrap();
        let body = before.draw_up(Change::Administrators(vec![administrator(2).public().into()]), Day(20_001));
        let act = |body: &ActBody, signers: &[u8]| {
            let signatures = signers.iter().map(|n| trust::sign(&administrator(*n), ORIGIN, body)).collect();
            Statement::Act(Act { body: body.clone(), signatures }).encode()
        };
        let good_act = act(&body, &[1, 3]);
        let fields: &[(&str, &[u8])] = &[("founded", &founded), ("act", &good_act)];
        let good = Vector::new("ok", "G-6", "two of three administrators", fields);
        let number = ActBody { number: 2, ..body.clone() };
        let digest = ActBody { previous_digest: [0; 32].into(), ..body.clone() };
        let nobody = ActBody { change: Change::Administrators(vec![]), ..body.clone() };
        let mut forged = good_act.clone();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        vec![
            but(&good, "refused", "one administrator", "act", &act(&body, &[1])),
            but(&good, "refused", "the same one twice", "act", &act(&body, &[1, 1])),
            but(&good, "refused", "one who is none", "act", &act(&body, &[1, 4])),
            but(&good, "refused", "another number", "act", &act(&number, &[1, 3])),
            but(&good, "refused", "another act before it", "act", &act(&digest, &[1, 3])),
            but(&good, "refused", "no administrator is left", "act", &act(&nobody, &[1, 3])),
            but(&good, "refused", "a changed signature", "act", &forged),
            but(&good, "refused", "no statement", "act", &good_act[..last]),
            good,
        ]
    };
    run_area("ledger-act", cases, |vector| {
        let mut trust = Trust::found(vector.bytes("founded")).unwrap();
        match trust.apply(ORIGIN, 1, vector.bytes("act")) {
            Ok(Some(_)) => "ok".to_owned(),
            _ => "refused".to_owned(),
        }
    });
}

#[test]
fn releases_g_20_g_21() {
    let secret = |n: u8| SigningSecret::from_seed(&[n; 32]);
    let cases = || {
        let founded = Statement::Founded(Founded {
            domain: "justice.example".parse().unwrap(),
            day: Day(20_000),
            administrators: vec![secret(1).public().into()],
            witnesses: "quorum none\n".to_owned(),
            directory_key: [9; 32].into(),
        })
        .encode();
        let named = Trust::found(&founded).unwrap().draw_up(Change::ReleaseKey(secret(7).public().into()), Day(20_001));
        let signatures = vec![trust::sign(&secret(1), ORIGIN, &named)];
        let named = Statement::Act(Act { body: named, signatures }).encode();
        let file = |name: &str| Artifact { name: name.to_owned(), digest: [3; 32].into(), bytes: 4 };
        let body = |names: &[&str]| ReleaseBody {
            product: "allod".to_owned(),
            version: "1.2.3".to_owned(),
            artifacts: names.iter().map(|name| file(name)).collect(),
            commit: "9e59c01073686782bd2f4a94be3dda20391829d4".to_owned(),
            sbom: [5; 32].into(),
            day: Day(20_002),
        };
        let release = |n: u8, origin: &str, body: ReleaseBody| {
            Statement::Release(release::sign(&secret(n), origin, body)).encode()
        };
        let released = release(7, ORIGIN, body(&["allod", "allodd"]));
        let fields: &[(&str, &[u8])] = &[("founded", &founded), ("act", &named), ("release", &released)];
        let good = Vector::new("ok", "G-21", "two files signed by the release key", fields);
        let files = |names: &[&str]| release(7, ORIGIN, body(names));
        let by_another = release(1, ORIGIN, body(&["allod", "allodd"]));
        let elsewhere = release(7, "finance.example/ledger", body(&["allod", "allodd"]));
        vec![
            but(&good, "refused", "signed by an administrator", "release", &by_another),
            but(&good, "refused", "signed for another log", "release", &elsewhere),
            but(&good, "refused", "without files", "release", &files(&[])),
            but(&good, "refused", "files out of order", "release", &files(&["allodd", "allod"])),
            but(&good, "refused", "a name with a space", "release", &files(&["allod d"])),
            but(&good, "refused", "no statement of a release", "release", &released[..released.len() - 1]),
            good,
        ]
    };
    run_area("ledger-release", cases, |vector| {
        let mut trust = Trust::found(vector.bytes("founded")).unwrap();
        assert!(trust.apply(ORIGIN, 1, vector.bytes("release")).is_err(), "before its key is named");
        trust.apply(ORIGIN, 1, vector.bytes("act")).unwrap();
        match trust.apply(ORIGIN, 2, vector.bytes("release")) {
            Ok(Some(_)) => "ok".to_owned(),
            _ => "refused".to_owned(),
        }
    });
}
