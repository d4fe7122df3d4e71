//! Addresses, names, domains, ids and links: what parses prints as what was parsed.
#![no_main]

use allod_wire::link::Link;
use allod_wire::{Address, BlobId, Domain, LogId, UserName};
use libfuzzer_sys::fuzz_target;

fn check<T: std::str::FromStr + std::fmt::Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text.trim());
    }
}

fuzz_target!(|text: &str| {
    check::<Address>(text);
    check::<Domain>(text);
    check::<UserName>(text);
    check::<LogId>(text);
    check::<BlobId>(text);
    check::<Link>(text);
});
