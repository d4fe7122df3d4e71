//! Looks for canaries in loot: raw, and in every encoding in which somebody might have kept them.
//!
//! Encodings that keep bytes together (UTF-8, UTF-16, base64, hex, CBOR, JSON, SQLite pages) are found by patterns; what is
//! compressed (gzip, zlib, zstd) is found by its magic number, decompressed, and searched in turn.

use std::collections::BTreeSet;
use std::io::Read;

use aho_corasick::AhoCorasick;

use crate::canary::{Canaries, Field};

/// A compressed part longer than this is searched up to here.
const DECOMPRESSED_BYTES_MAX: u64 = 16 << 20;

/// Patterns for all canaries.
pub(crate) struct Searcher {
    automaton: AhoCorasick,
    /// For each pattern, the index of its canary.
    canary_of: Vec<usize>,
    fields: Vec<Field>,
}

/// Which canaries were found.
#[derive(Debug, Default, Clone)]
pub(crate) struct Found(BTreeSet<usize>);

impl Searcher {
    /// Patterns for `canaries` in all encodings.
    pub(crate) fn new(canaries: &Canaries) -> Self {
        let mut patterns = Vec::new();
        let mut canary_of = Vec::new();
        for (index, canary) in canaries.0.iter().enumerate() {
            for pattern in encodings(&canary.text) {
                patterns.push(pattern);
                canary_of.push(index);
            }
        }
        let automaton = AhoCorasick::new(&patterns).expect("patterns are few and short");
        Self { automaton, canary_of, fields: canaries.0.iter().map(|canary| canary.field).collect() }
    }

    /// Notes every canary in `bytes`, compressed parts included.
    pub(crate) fn search(&self, bytes: &[u8], found: &mut Found) {
        self.search_raw(bytes, found);
        for part in compressed_parts(bytes) {
            self.search_raw(&part, found);
        }
    }

    fn search_raw(&self, bytes: &[u8], found: &mut Found) {
        for hit in self.automaton.find_overlapping_iter(bytes) {
            found.0.insert(self.canary_of[hit.pattern().as_usize()]);
        }
    }

    /// How many canaries of `field` were found, and how many there are.
    pub(crate) fn count(&self, found: &Found, field: Field) -> (usize, usize) {
        let of_field = |index: &usize| self.fields[*index] == field;
        (found.0.iter().filter(|index| of_field(index)).count(), (0..self.fields.len()).filter(of_field).count())
    }
}

/// A text as somebody might have kept it. Base64 has three forms, by where the text begins in the encoded data.
fn encodings(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let utf16 = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect();
    let mut all = vec![
        bytes.to_vec(),
        bytes.to_ascii_uppercase(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        data_encoding::HEXLOWER.encode(bytes).into_bytes(),
        data_encoding::HEXUPPER.encode(bytes).into_bytes(),
        bytes.iter().rev().copied().collect(),
    ];
    for shift in 0..3 {
        let shifted = [&vec![0; shift][..], bytes].concat();
        let encoded = data_encoding::BASE64_NOPAD.encode(&shifted);
        // The first and the last characters depend on the neighbours; what lies between does not.
        let inner = &encoded[(shift * 8).div_ceil(6)..(shift + bytes.len()) * 8 / 6];
        all.push(inner.as_bytes().to_vec());
    }
    all
}

/// What gzip, zlib and zstd streams in `bytes` decompress to.
fn compressed_parts(bytes: &[u8]) -> Vec<Vec<u8>> {
    let starts = |magic: &'static [u8]| memchr::memmem::find_iter(bytes, magic).collect::<Vec<_>>();
    let mut parts = Vec::new();
    for at in starts(&[0x1f, 0x8b, 0x08]) {
        parts.extend(read_some(flate2::read::GzDecoder::new(&bytes[at..])));
    }
    for magic in [&[0x78, 0x01], &[0x78, 0x9c], &[0x78, 0xda]] {
        for at in starts(magic) {
            parts.extend(read_some(flate2::read::ZlibDecoder::new(&bytes[at..])));
        }
    }
    for at in starts(&[0x28, 0xb5, 0x2f, 0xfd]) {
        if let Ok(decoder) = ruzstd::decoding::StreamingDecoder::new(&bytes[at..]) {
            parts.extend(read_some(decoder));
        }
    }
    parts
}

/// What can be read before the stream ends or turns out to be none, if that is longer than a canary.
fn read_some(decoder: impl Read) -> Option<Vec<u8>> {
    let (mut part, mut buffer) = (Vec::new(), [0; 4096]);
    let mut decoder = decoder.take(DECOMPRESSED_BYTES_MAX);
    while let Ok(count @ 1..) = decoder.read(&mut buffer) {
        part.extend_from_slice(&buffer[..count]);
    }
    (part.len() >= 26).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;
    use std::io::Write;

    fn one() -> (Searcher, String) {
        let mut canaries = Canaries::default();
        let text = canaries.make(Field::Message, &mut rand_chacha::ChaCha20Rng::seed_from_u64(1));
        (Searcher::new(&canaries), text)
    }

    fn finds(loot: &[u8]) -> bool {
        let mut found = Found::default();
        let searcher = one().0;
        searcher.search(loot, &mut found);
        searcher.count(&found, Field::Message) == (1, 1)
    }

    #[test]
    fn a_canary_is_found_however_it_was_encoded() {
        let text = one().1;
        let wrap = |inner: &[u8]| [b"xyz", inner, b"ABC"].concat();
        assert!(finds(&wrap(text.as_bytes())));
        assert!(finds(&wrap(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())));
        assert!(finds(data_encoding::HEXLOWER.encode(&wrap(text.as_bytes())).as_bytes()));
        for before in 0..3 {
            let plain = [&vec![b'q'; before][..], text.as_bytes(), b"tail"].concat();
            assert!(finds(data_encoding::BASE64.encode(&plain).as_bytes()), "{before}");
            assert!(finds(data_encoding::BASE64URL.encode(&plain).as_bytes()), "{before}");
        }
    }

    #[test]
    fn a_canary_is_found_in_compressed_data() {
        let text = one().1;
        let mut gzip = flate2::write::GzEncoder::new(b"before".to_vec(), flate2::Compression::default());
        gzip.write_all(format!("some {text} more").as_bytes()).unwrap();
        assert!(finds(&gzip.finish().unwrap()));
        let mut zlib = flate2::write::ZlibEncoder::new(b"before".to_vec(), flate2::Compression::default());
        zlib.write_all(text.as_bytes()).unwrap();
        assert!(finds(&zlib.finish().unwrap()));
        let mut zstd = b"before".to_vec();
        zstd.extend(ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest));
        assert!(finds(&zstd));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert!(!finds(&vec![b'a'; 100_000]));
    }
}
