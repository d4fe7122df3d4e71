//! Addresses, names, domains, ids and links: what parses prints as what was parsed. Words of a phrase and safety numbers as typed.
#![no_main]

use allod_client_core::safety::{Match, SafetyView};
use allod_crypto::recovery::RecoveryPhrase;
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
    if RecoveryPhrase::parse(text).is_ok() {
        assert_eq!(RecoveryPhrase::first_unknown(text), None);
    }
    let number = "01234 56789 ".repeat(6).trim_end().to_owned();
    let code = format!("1{}", number.replace(' ', ""));
    let person = "bob@a.example".parse().expect("an address");
    let view = SafetyView { person, number, code, verified: None, identity_changed: false };
    if view.compare(text) == Match::Same {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        assert!(view.code.ends_with(&digits) && digits.len() >= 60);
    }
});
