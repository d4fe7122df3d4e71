//! Backups and parts of a history: headers, and records out of any parts. What is read in one piece is read the same in many.
#![no_main]

use allod_client_core::backup::RecordsIn;
use allod_crypto::recovery::{HEADER_BYTES, Header, RecoveryPhrase};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((part, bytes)) = data.split_first() else { return };
    let _ = Header::decode(&bytes[..bytes.len().min(HEADER_BYTES)]);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(phrase) = RecoveryPhrase::parse(text)
    {
        assert!(RecoveryPhrase::parse(&phrase.words()).is_ok());
    }
    let read = |part_bytes: usize| {
        let mut records = RecordsIn::default();
        let mut rows = Vec::new();
        for part in bytes.chunks(part_bytes) {
            rows.extend(records.push(part).ok()?);
        }
        records.finish().ok().map(|records| (rows, records.lines(), records.conversations()))
    };
    assert_eq!(read(usize::from(*part) + 1), read(usize::MAX));
});
