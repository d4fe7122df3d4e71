//! What a picture says besides itself: whatever comes out has nothing left to take out (rule M-22).
#![no_main]

use allod_client_core::metadata::strip;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Some(stripped) = strip(file) {
        assert_eq!(strip(&stripped).as_deref(), Some(&stripped[..]));
    }
});
