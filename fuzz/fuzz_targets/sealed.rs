//! Nothing that was not sealed opens, and nothing crashes: envelopes, inbox items, blob blocks, whispers, token points.
#![no_main]

use allod_crypto::token::{LogSecret, key_of_token, token_key};
use allod_crypto::{blob, envelope, inbox::InboxKey, whisper};
use allod_wire::blob::BlobKey;
use allod_wire::inbox::LogSecretBytes;
use allod_wire::secrets::{Token, TokenPublic};
use allod_wire::size_class::entry_class;
use allod_wire::{DeviceId, LogId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let secret = LogSecret::from_wire(&LogSecretBytes([7; 32]));
    let mut padded = data.to_vec();
    padded.resize(entry_class(data.len()).expect("inputs are small"), 0);
    assert!(envelope::open(&secret, LogId([1; 32]), &padded).is_err());
    assert!(InboxKey::from_seed(&[1; 32]).open(DeviceId([1; 16]), &padded).is_err());
    padded.resize(allod_wire::limits::BLOB_BLOCK_BYTES, 0);
    assert!(blob::open_block(&BlobKey([1; 32]), data.len() as u64, 0, &padded).is_err());
    if let Some(bytes) = padded.first_chunk::<128>() {
        assert!(whisper::open(&[1; 32], LogId([1; 32]), 1, &(*bytes).into()).is_err());
    }
    if let Some(bytes) = data.first_chunk::<32>() {
        let _ = key_of_token(&Token(*bytes));
        let _ = token_key(&TokenPublic(*bytes), &secret);
    }
});
