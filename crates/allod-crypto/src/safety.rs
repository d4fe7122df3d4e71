//! Safety numbers: what two people compare to see that nobody stands between them. Spec: `spec/conversation.md`, rule C-19.
//!
//! The construction is that of Signal's numeric fingerprint (`NumericFingerprintGenerator` in libsignal): an iterated hash makes it
//! costly to look for a key whose half begins as somebody else's does.

use allod_wire::Address;
use sha2::{Digest, Sha512};

/// How often the hash is repeated: a half has 99.7 bits, so looking for a key with the same one takes 2^112 hashes.
const ITERATIONS: u32 = 5_200;
const LABEL: &[u8] = b"allod safety v1";
const GROUP_BYTES: usize = 5;
const GROUP_MODULUS: u64 = 100_000;
const GROUPS: usize = 6;

/// The half of a safety number that stands for one person: six groups of five digits, without spaces.
///
/// Takes [`ITERATIONS`] hashes of at most 300 bytes, some ten milliseconds in a browser.
pub fn safety_half(address: &Address, identity_key: &[u8; 32]) -> String {
    let first = [LABEL, identity_key, address.to_string().as_bytes()].concat();
    let mut digest = Sha512::digest(first);
    for _ in 1..ITERATIONS {
        digest = Sha512::new().chain_update(digest).chain_update(identity_key).finalize();
    }
    digest.chunks_exact(GROUP_BYTES).take(GROUPS).map(group).collect()
}

fn group(bytes: &[u8]) -> String {
    let number = bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{:05}", number % GROUP_MODULUS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_is_thirty_digits_of_one_person_and_one_key_c_19() {
        let [alice, bob]: [Address; 2] = ["alice@a.example", "bob@a.example"].map(|text| text.parse().unwrap());
        let half = safety_half(&alice, &[1; 32]);
        // Computed apart, by twelve lines of Python.
        assert_eq!(half, "186803417457744238492899421678");
        assert_eq!(safety_half(&bob, &[2; 32]), "559381611952839269284541901265");
        assert_ne!(half, safety_half(&alice, &[2; 32]), "another key");
        assert_ne!(half, safety_half(&bob, &[1; 32]), "another person");
    }

    #[test]
    fn small_groups_keep_their_zeros_c_19() {
        assert_eq!(group(&[0, 0, 0, 0, 7]), "00007");
        assert_eq!(group(&[0xff; 5]), "27775");
    }
}
