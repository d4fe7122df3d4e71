//! Messages, key packages and Welcome parts from outside: they decode or are refused, and nothing crashes.
#![no_main]

use allod_mls::{KeyPackageIn, MessageIn, Suite, WelcomeParts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = MessageIn::decode(data) {
        let _ = (message.epoch(), message.kind());
    }
    for suite in [Suite::HybridPq, Suite::Classical] {
        if let Ok(package) = KeyPackageIn::decode(data) {
            assert!(package.validate(suite).is_err(), "nothing unsigned validates");
        }
    }
    let _ = WelcomeParts::reference_of(data);
});
