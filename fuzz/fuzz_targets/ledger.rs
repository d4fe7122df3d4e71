//! The ledger from outside: checkpoints, policies, keys, proofs, witnesses' requests, statements, paths, bundles. What is read is
//! written the same, nothing that nobody signed verifies, and nothing crashes.
#![no_main]

use allod_ledger::checkpoint::CheckpointIn;
use allod_ledger::key::NoteKey;
use allod_ledger::policy::WitnessPolicy;
use allod_ledger::proof::ProofIn;
use allod_ledger::resource::{Resource, decode_bundle, encode_bundle};
use allod_ledger::tree::{Hash, check_consistency, check_inclusion};
use allod_ledger::trust::Trust;
use allod_ledger::witness::{AddCheckpointIn, Refusal, decode_size};
use allod_wire::ledger::{Statement, StatementIn};
use libfuzzer_sys::fuzz_target;

const LOG: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fuzz_target!(|data: &[u8]| {
    let Some((what, bytes)) = data.split_first() else { return };
    let log: NoteKey = LOG.parse().expect("a key");
    match what % 8 {
        0 => {
            let _ = CheckpointIn::decode(bytes).map(|checkpoint| assert!(checkpoint.verify(&log).is_err()));
        }
        1 => {
            let _ = ProofIn::decode(bytes).map(|proof| assert!(proof.verify(&log, b"entry").is_err()));
        }
        2 => {
            let _ = decode_size(bytes);
            if let Ok(request) = AddCheckpointIn::decode(bytes) {
                let signer = allod_crypto::identity::SigningSecret::from_seed(&[1; 32]);
                let kind = allod_crypto::ledger::NoteKeyKind::Witness;
                let signer = allod_ledger::key::NoteSigner::new("w", kind, signer).expect("a name");
                let refusal = request.decide(Some(&log), None, &signer, 0).expect_err("nobody signed it");
                assert_eq!(refusal, Refusal::NotSigned);
            }
        }
        3 => match StatementIn::decode(bytes) {
            Ok(StatementIn::Known(statement)) => {
                assert_eq!(statement.encode(), bytes);
                if let (Statement::Founded(_), Ok(mut trust)) = (&statement, Trust::found(bytes)) {
                    assert!(trust.apply("o", 1, bytes).is_err());
                }
            }
            Ok(StatementIn::Unknown(kind)) => assert!(kind > 2),
            Err(_) => {}
        },
        4 => {
            let width = bytes.first().map_or(0, |width| u32::from(*width));
            if let Some(entries) = decode_bundle(bytes, width) {
                assert_eq!(encode_bundle(entries.iter().map(Vec::as_slice)), bytes);
            }
        }
        5 => {
            let numbers: Vec<u64> = bytes.chunks_exact(8).map(|n| u64::from_le_bytes(n.try_into().unwrap())).collect();
            if let [a, b, rest @ ..] = numbers.as_slice() {
                let proof = rest.iter().map(|n| Hash([n.to_le_bytes(); 4].concat().try_into().unwrap())).collect();
                assert!(check_inclusion(&proof, *a, Hash([1; 32]), *b, Hash([2; 32])).is_err());
                let _ = check_consistency(&proof, (*a, Hash([1; 32])), (*b, Hash([2; 32])));
            }
        }
        _ => {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            if let Ok(key) = text.parse::<NoteKey>() {
                assert_eq!(key.to_string().parse(), Ok(key));
            }
            if let Some(resource) = Resource::parse(text) {
                assert_eq!(resource.path(), text);
                let _ = resource.is_of(70_000);
            }
            if let Ok(policy) = text.parse::<WitnessPolicy>() {
                assert_eq!(policy.as_str(), text);
            }
        }
    }
});
