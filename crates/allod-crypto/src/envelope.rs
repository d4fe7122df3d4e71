//! The envelope around every payload of a log: hides from the hub what an MLS message shows in clear (epoch, content type,
//! authenticated data) and its exact length. Spec: `spec/log.md`, rule L-8.
//!
//! `nonce (24) || XChaCha20-Poly1305(key, nonce, aad = log id, u32 length || plaintext || zeros)`, of exactly one size class.

use allod_wire::LogId;
use allod_wire::size_class::{entry_class, is_entry_class};
use chacha20poly1305::aead::{Aead, AeadInPlace, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::token::LogSecret;
use crate::{DoesNotOpen, Random};

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const LENGTH_BYTES: usize = 4;
/// What an envelope adds before padding, in bytes.
pub const OVERHEAD_BYTES: usize = NONCE_BYTES + LENGTH_BYTES + TAG_BYTES;

/// Longer than the largest size class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes do not fit into an entry")]
pub struct TooLong {
    /// Length of what was to be sealed, in bytes.
    pub bytes: usize,
}

/// Seals and pads (rule L-8).
///
/// # Errors
/// [`TooLong`] beyond the largest size class.
pub fn seal(secret: &LogSecret, log: LogId, plaintext: &[u8], rng: &mut dyn Random) -> Result<Vec<u8>, TooLong> {
    let too_long = TooLong { bytes: plaintext.len() };
    let class = entry_class(plaintext.len() + OVERHEAD_BYTES).ok_or(too_long)?;
    let length = u32::try_from(plaintext.len()).map_err(|_| too_long)?;
    let nonce = crate::random_bytes::<NONCE_BYTES>(rng);
    let mut sealed = Vec::with_capacity(class);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&length.to_be_bytes());
    sealed.extend_from_slice(plaintext);
    sealed.resize(class - TAG_BYTES, 0);
    let tag = cipher(secret)
        .encrypt_in_place_detached(XNonce::from_slice(&nonce), log.as_bytes(), &mut sealed[NONCE_BYTES..])
        .expect("an entry is far below the cipher's bound");
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens.
///
/// # Errors
/// [`DoesNotOpen`] for anything that [`seal`] did not make for this log.
pub fn open(secret: &LogSecret, log: LogId, payload: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
    if !is_entry_class(payload.len()) {
        return Err(DoesNotOpen);
    }
    let (nonce, sealed) = payload.split_at(NONCE_BYTES);
    let payload = Payload { msg: sealed, aad: log.as_bytes() };
    let mut padded = cipher(secret).decrypt(XNonce::from_slice(nonce), payload).map_err(|_| DoesNotOpen)?;
    let (length, rest) = padded.split_first_chunk::<LENGTH_BYTES>().ok_or(DoesNotOpen)?;
    let length = u32::from_be_bytes(*length) as usize;
    let padding = rest.get(length..).ok_or(DoesNotOpen)?;
    if padding.iter().any(|byte| *byte != 0) || !is_tight(length, payload_class(&padded)) {
        return Err(DoesNotOpen);
    }
    padded.drain(..LENGTH_BYTES);
    padded.truncate(length);
    Ok(padded)
}

/// A sender cannot choose a larger class than the content needs: one content has one length.
fn is_tight(length: usize, class: usize) -> bool {
    entry_class(length + OVERHEAD_BYTES) == Some(class)
}

fn payload_class(padded: &[u8]) -> usize {
    padded.len() + NONCE_BYTES + TAG_BYTES
}

fn cipher(secret: &LogSecret) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(secret.derive("allod envelope v1").as_ref().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    const LOG: LogId = LogId([7; 32]);

    fn setup() -> (LogSecret, rand_chacha::ChaCha20Rng) {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        (LogSecret::random(&mut rng), rng)
    }

    #[test]
    fn what_is_sealed_opens_and_fills_a_class_l_8() {
        let (secret, mut rng) = setup();
        for bytes in [0, 1, 1024 - OVERHEAD_BYTES, 1025 - OVERHEAD_BYTES, 70_000] {
            let plaintext = vec![5; bytes];
            let sealed = seal(&secret, LOG, &plaintext, &mut rng).unwrap();
            assert!(is_entry_class(sealed.len()));
            assert_eq!(open(&secret, LOG, &sealed), Ok(plaintext));
        }
    }

    #[test]
    fn it_opens_for_its_log_alone_and_not_when_changed() {
        let (secret, mut rng) = setup();
        let mut sealed = seal(&secret, LOG, b"hello", &mut rng).unwrap();
        assert_eq!(open(&secret, LogId([8; 32]), &sealed), Err(DoesNotOpen));
        assert_eq!(open(&LogSecret::random(&mut rng), LOG, &sealed), Err(DoesNotOpen));
        assert_eq!(open(&secret, LOG, &sealed[1..]), Err(DoesNotOpen));
        *sealed.last_mut().unwrap() ^= 1;
        assert_eq!(open(&secret, LOG, &sealed), Err(DoesNotOpen));
    }

    #[test]
    fn what_fits_no_class_is_refused() {
        let (secret, mut rng) = setup();
        let bytes = (4 << 20) - OVERHEAD_BYTES + 1;
        assert_eq!(seal(&secret, LOG, &vec![0; bytes], &mut rng), Err(TooLong { bytes }));
    }
}
