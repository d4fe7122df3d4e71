//! Our log read by somebody else's code, and somebody else's log by ours: `tlog_tiles`' authenticating reader, `signed_note`'s own keys,
//! and the vectors that `spec/vectors/ledger-interop.py` made with aics-tlog, aics-witness and a public Sigsum log.

use allod_crypto::identity::SigningSecret;
use allod_crypto::ledger::NoteKeyKind;
use allod_ledger::checkpoint::{Checkpoint, CheckpointError, CheckpointIn};
use allod_ledger::key::{NoteKey, NoteSigner};
use allod_ledger::policy::WitnessPolicy;
use allod_ledger::proof::{ProofError, ProofIn};
use allod_ledger::resource::{self, Resource};
use allod_ledger::tree::{self, Hash};
use allod_ledger::witness::{self, AddCheckpointIn, Cosigned};
use allod_wire::vector::{Vector, run_foreign_area};
use signed_note::{Note, Signer, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{Error, HashReader, Tile, TileHashReader, TileReader, stored_hash_index};

const ORIGIN: &str = "justice.example/ledger";
const WITNESS: &str = "witness1.example/witness";

fn signer(name: &str, kind: NoteKeyKind, seed: u8) -> NoteSigner {
    NoteSigner::new(name, kind, SigningSecret::from_seed(&[seed; 32])).unwrap()
}

fn log() -> NoteSigner {
    signer(ORIGIN, NoteKeyKind::Log, 1)
}

fn entry(n: u64) -> Vec<u8> {
    format!("entry {n}").into_bytes()
}

/// The stored hashes of a log of `entry 0`, `entry 1`, ….
fn log_of(size: u64) -> Vec<Hash> {
    let mut stored: Vec<Hash> = Vec::new();
    for n in 0..size {
        stored.extend(tree::hashes_of_next(n, &entry(n), &stored).unwrap());
    }
    stored
}

/// Our tiles, as a client of theirs fetches them; one of them damaged on the way.
struct Served<'a> {
    stored: &'a Vec<Hash>,
    size: u64,
    damaged: Option<&'a str>,
}

impl TileReader for Served<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile: &Tile| {
            // Theirs has the height in its path; C2SP's, which ours are, have always the same.
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            let served = Resource::parse(&path).filter(|resource| resource.is_of(self.size));
            let Some(Resource::Tile { level, index, width }) = served else { panic!("{path} is not served") };
            let mut bytes = resource::tile(level, index, width, self.stored).unwrap();
            if self.damaged == Some(&path) {
                bytes[40] ^= 1;
            }
            Ok(bytes)
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[test]
fn their_reader_authenticates_each_entry_by_our_tiles_and_checkpoint_g_1() {
    // The last two have tiles at three levels.
    for size in [1, 255, 256, 257, 65_793, 66_000] {
        let stored = log_of(size);
        let checkpoint = Checkpoint::sign(&log(), size, tree::root(size, &stored).unwrap());
        let theirs = Note::from_bytes(checkpoint.as_bytes()).unwrap();
        let theirs = tlog_tiles::Checkpoint::from_bytes(theirs.text()).unwrap();
        let read = |n: u64, damaged: Option<&str>| {
            let served = Served { stored: &stored, size, damaged };
            let reader = TileHashReader::new(theirs.size(), *theirs.hash(), &served);
            reader.read_hashes(&[stored_hash_index(0, n)]).map(|hashes| hashes[0])
        };
        for n in [0, size / 2, size - 1] {
            assert_eq!(read(n, None).unwrap(), tlog_tiles::record_hash(&entry(n)), "entry {n} of {size}");
        }
        // Where two hashes of the right edge lie in one tile, the reader of tlog_tiles 0.2.0 leaves out as many of its checks of full
        // tiles. So it shows here that our tiles are right; none of our code relies on it.
        if [257, 65_793].contains(&size) {
            assert!(read(2, Some("tile/0/000")).is_err(), "a tile that was changed on the way, of {size}");
        }
    }
}

#[test]
fn their_keys_verify_our_checkpoint_and_ours_verify_theirs_g_1() {
    let checkpoint = Checkpoint::sign(&log(), 5, tree::root(5, &log_of(5)).unwrap());
    let verifier = |key: &str| VerifierList::new(vec![Box::new(StandardVerifier::new(key).unwrap())]);
    let ours = Note::from_bytes(checkpoint.as_bytes()).unwrap();
    assert_eq!(ours.verify(&verifier(&log().key().to_string())).unwrap().0.len(), 1);
    let another = signer(ORIGIN, NoteKeyKind::Log, 2).key().to_string();
    assert!(ours.verify(&verifier(&another)).is_err());

    let theirs = StandardSigner::new(PETER).unwrap();
    let text = format!("{}\n5\n{}\n", theirs.name(), checkpoint.root());
    let mut note = Note::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&theirs]).unwrap();
    let read = CheckpointIn::decode(&note.to_bytes()).unwrap();
    assert_eq!(read.clone().verify(&PETERS_KEY.parse().unwrap()).unwrap().size(), 5);
    assert_eq!(read.verify(log().key()).unwrap_err(), CheckpointError::OtherLog);
}

/// The example of C2SP's signed-note specification.
const PETER: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETERS_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

#[test]
fn what_an_independent_implementation_makes_and_accepts_is_what_ours_does_g_1_g_8_g_10_g_11() {
    let stored = log_of(600);
    run_foreign_area("ledger-interop", |vector| {
        let has = |field: &str| vector.fields.contains_key(field);
        match vector.rule.as_str() {
            "G-1" => served(vector, &stored),
            "G-8" if has("checkpoint") => cosigned(vector, &stored),
            "G-8" => consistent(vector),
            "G-10" => included(vector),
            "G-11" => witnessed(vector, &stored),
            rule => panic!("no vectors for {rule}"),
        }
        .to_owned()
    });
}

/// The log of these entries has this resource, with these bytes.
fn served(vector: &Vector, stored: &Vec<Hash>) -> &'static str {
    let size = vector.number("size");
    let ours = match Resource::parse(text(vector, "path")).filter(|resource| resource.is_of(size)) {
        Some(Resource::Tile { level, index, width }) => resource::tile(level, index, width, stored).unwrap(),
        Some(Resource::Entries { index, width }) => {
            let entries: Vec<Vec<u8>> = (0..width).map(|n| entry(index * 256 + u64::from(n))).collect();
            resource::encode_bundle(entries.iter().map(Vec::as_slice))
        }
        _ => return "no resource",
    };
    if ours == vector.bytes("resource") { "ok" } else { "another resource" }
}

/// The log signed and the witness cosigned this; what they accept is what ours write.
fn cosigned(vector: &Vector, stored: &Vec<Hash>) -> &'static str {
    let bytes = vector.bytes("checkpoint");
    let seen = CheckpointIn::decode(bytes)
        .and_then(|checkpoint| checkpoint.verify(&key(vector, "log")))
        .and_then(|checkpoint| checkpoint.seen_by(&key(vector, "witness")));
    match seen {
        Ok(Some(seconds)) => {
            let witness = signer(WITNESS, NoteKeyKind::Witness, 101);
            let ours = Checkpoint::sign(&log(), 600, tree::root(600, stored).unwrap());
            let ours = ours.with_cosignature(witness.key(), &ours.cosign(&witness, seconds)).unwrap();
            assert_eq!(ours.as_bytes(), bytes);
            "ok"
        }
        Ok(None) => "not cosigned",
        Err(CheckpointError::NotSigned) => "not signed",
        Err(CheckpointError::BadCosignature) => "bad cosignature",
        Err(_) => "refused",
    }
}

fn consistent(vector: &Vector) -> &'static str {
    let (old, new) = (Hash(vector.array("old-root")), Hash(vector.array("root")));
    let ends = ((vector.number("old"), old), (vector.number("size"), new));
    if tree::check_consistency(&hashes(vector), ends.0, ends.1).is_ok() { "ok" } else { "not consistent" }
}

fn included(vector: &Vector) -> &'static str {
    let (size, root, leaf) =
        (vector.number("size"), Hash(vector.array("root")), tree::leaf_hash(vector.bytes("entry")));
    let included = tree::check_inclusion(&hashes(vector), size, root, vector.number("index"), leaf);
    if included.is_ok() { "ok" } else { "not included" }
}

/// Their witness answers this request as ours does; and as ours asks, it was asked.
fn witnessed(vector: &Vector, stored: &Vec<Hash>) -> &'static str {
    let request = vector.bytes("request");
    let kept = Cosigned { size: vector.number("kept-size"), root: vector.array("kept-root"), seconds: 0 };
    let witness = signer(WITNESS, NoteKeyKind::Witness, 101);
    let answer = AddCheckpointIn::decode(request).and_then(|read| {
        let log = log();
        let known = (read.origin() == ORIGIN).then_some(log.key());
        read.decide(known, Some(kept), &witness, vector.number("seconds"))
    });
    match answer.map_err(|refusal| refusal.status()) {
        Ok((_, line)) => {
            assert_eq!(line.as_bytes(), vector.bytes("answer"));
            let checkpoint = Checkpoint::sign(&log(), 600, tree::root(600, stored).unwrap());
            let proof = tree::prove_consistency(kept.size, 600, stored).unwrap();
            assert_eq!(witness::encode(kept.size, &proof, &checkpoint), request);
            "ok"
        }
        Err(400) => "400",
        Err(403) => "403",
        Err(404) => "404",
        Err(409) => "409",
        Err(_) => "422",
    }
}

#[test]
fn an_entry_of_a_public_log_is_verified_with_its_witnesses_g_9_g_10() {
    run_foreign_area("ledger-sigsum", |vector| {
        let proof = ProofIn::decode(vector.bytes("proof")).unwrap();
        let policy: WitnessPolicy = text(vector, "policy").parse().unwrap();
        let checkpoint = match proof.verify(&key(vector, "log"), vector.bytes("entry")) {
            Ok((_, checkpoint)) => checkpoint,
            Err(ProofError::NotIncluded) => return "not included".to_owned(),
            Err(_) => return "refused".to_owned(),
        };
        match policy.seen(&checkpoint, u64::MAX) {
            Ok(Some(seconds)) => {
                assert_eq!((checkpoint.size(), policy.count(&checkpoint)), (381_382, Ok(8)));
                assert_eq!(seconds, 1_770_193_051);
                "ok"
            }
            Ok(None) => "no quorum",
            Err(_) => "bad cosignature",
        }
        .to_owned()
    });
}

fn text<'a>(vector: &'a Vector, field: &str) -> &'a str {
    std::str::from_utf8(vector.bytes(field)).expect("the field is text")
}

fn key(vector: &Vector, field: &str) -> NoteKey {
    text(vector, field).parse().expect("the field is a key")
}

fn hashes(vector: &Vector) -> Vec<Hash> {
    vector.bytes("proof").as_chunks().0.iter().copied().map(Hash).collect()
}
