//! Proofs from a directory: none leads to a root that nothing has, and none crashes, whatever its numbers and labels are.
#![no_main]

use allod_directory::{AppendOnlyProofIn, HistoryProofIn, LookupProofIn};
use allod_wire::directory::EpochRoot;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let (root, address) = (EpochRoot { epoch: 5, root: [1; 32].into() }, "alice@a.example".parse().unwrap());
    // A point of the curve: the one whose secret is the number one.
    let key = [
        0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    ];
    let shown = match which % 3 {
        0 => LookupProofIn::decode(bytes).is_ok_and(|proof| proof.verify(&key, &root, &address).is_ok()),
        1 => HistoryProofIn::decode(bytes).is_ok_and(|proof| proof.verify(&key, &root, &address).is_ok()),
        _ => {
            let before = EpochRoot { epoch: 4, root: [2; 32].into() };
            AppendOnlyProofIn::decode(bytes).is_ok_and(|proof| proof.verify(&before, &root).is_ok())
        }
    };
    assert!(!shown);
});
