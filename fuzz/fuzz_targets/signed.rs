//! Certificates and receipts from outside: nothing unsigned verifies, and nothing crashes.
#![no_main]

use allod_crypto::{identity, receipt};
use allod_wire::cbor;
use allod_wire::log::Receipt;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    assert!(identity::verify_certificate(data).is_err());
    if let Ok(signed) = cbor::from_slice::<Receipt>(data) {
        assert!(receipt::verify_receipt(&[3; 32], &signed).is_err());
    }
});
