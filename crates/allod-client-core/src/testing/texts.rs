//! What people may say at length, and a long history of it for search alone, without the encryption of each message.

use allod_wire::{Address, LogId, Position, UnixMillis, cbor};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::rows;
use crate::search::segment::{Record, SearchRow};

/// Messages without end: half a line to a few lines each, of words of a vocabulary in which a few are frequent and most are rare.
pub fn texts(seed: u64) -> impl Iterator<Item = String> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    std::iter::repeat_with(move || {
        let words = 4 + rng.next_u32() % 24;
        (0..words).map(|_| word(&mut rng)).collect::<Vec<_>>().join(" ")
    })
}

/// The rows of closed segments with `count` messages of a conversation.
pub fn search_segments(log: LogId, sender: &Address, count: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut row = SearchRow::default();
    let mut segments = Vec::new();
    for (number, text) in (0..count).zip(texts(count)) {
        let mut message = [0; 32];
        message[..8].copy_from_slice(&number.to_be_bytes());
        row.open.push(Record {
            log,
            position: Position(number + 1),
            time: UnixMillis(1_700_000_000_000 + number * 60_000),
            sender: sender.clone(),
            message: message.into(),
            replaces: None,
            text,
            chief: false,
        });
        if row.is_full() || number + 1 == count {
            let (number, segment) = row.close();
            segments.push((rows::segment(number), cbor::to_vec(&segment)));
        }
    }
    segments
}

fn word(rng: &mut ChaCha20Rng) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "Ré", "mi", "nis", "tè", "re", "jus", "ti", "ce", "bud", "get", "plan", "acc", "ord", "dé", "jà"];
    // The smaller the number, the more frequent the word.
    let mut number = u64::from(rng.next_u32()) % (1 << (4 + rng.next_u32() % 12));
    let mut word = String::new();
    loop {
        word.push_str(SYLLABLES[(number % 16) as usize]);
        number /= 16;
        if number == 0 {
            return word;
        }
    }
}
