//! Whispers: what is said to those who listen to a log now, and kept nowhere. Spec: `spec/content.md`, rule M-13.
//!
//! `nonce (24) || XChaCha20-Poly1305(key of the epoch, nonce, aad = log id || u64 epoch, u32 leaf || u8 kind || zeros)`, always of
//! [`WHISPER_BYTES`].

use allod_wire::LogId;
use allod_wire::limits::WHISPER_BYTES;
use allod_wire::socket::Whisper;
use chacha20poly1305::aead::{Aead, AeadInPlace, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::{DoesNotOpen, Random};

/// The label under which MLS exports the key of an epoch, with an empty context.
pub const LABEL: &str = "allod whisper v1";

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const TYPES: u8 = 1;
const STOPS: u8 = 0;

/// What is said. Any member of the epoch could have said it: the leaf is a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// Of whom it is said: a leaf of the epoch's tree.
    pub leaf: u32,
    /// They type; or no more.
    pub types: bool,
}

/// Seals for whoever holds the `key` of this `epoch` of this log.
pub fn seal(key: &[u8; 32], log: LogId, epoch: u64, said: Said, rng: &mut dyn Random) -> Whisper {
    let mut bytes = [0; WHISPER_BYTES];
    let nonce = crate::random_bytes::<NONCE_BYTES>(rng);
    let (head, tag) = bytes.split_at_mut(WHISPER_BYTES - TAG_BYTES);
    let (place, text) = head.split_at_mut(NONCE_BYTES);
    place.copy_from_slice(&nonce);
    text[..4].copy_from_slice(&said.leaf.to_be_bytes());
    text[4] = if said.types { TYPES } else { STOPS };
    let made = XChaCha20Poly1305::new(key.into())
        .encrypt_in_place_detached(XNonce::from_slice(&nonce), &of(log, epoch), text)
        .expect("a whisper is far below the cipher's bound");
    tag.copy_from_slice(&made);
    bytes.into()
}

/// Opens.
///
/// # Errors
/// [`DoesNotOpen`] for anything that [`seal`] did not make for this epoch of this log.
pub fn open(key: &[u8; 32], log: LogId, epoch: u64, whisper: &Whisper) -> Result<Said, DoesNotOpen> {
    let (nonce, sealed) = whisper.split_at(NONCE_BYTES);
    let payload = Payload { msg: sealed, aad: &of(log, epoch) };
    let text = XChaCha20Poly1305::new(key.into()).decrypt(XNonce::from_slice(nonce), payload);
    let text = text.map_err(|_| DoesNotOpen)?;
    let (leaf, rest) = text.split_first_chunk::<4>().ok_or(DoesNotOpen)?;
    let types = match rest {
        [TYPES, zeros @ ..] if zeros.iter().all(|byte| *byte == 0) => true,
        [STOPS, zeros @ ..] if zeros.iter().all(|byte| *byte == 0) => false,
        _ => return Err(DoesNotOpen),
    };
    Ok(Said { leaf: u32::from_be_bytes(*leaf), types })
}

fn of(log: LogId, epoch: u64) -> [u8; 40] {
    let mut bytes = [0; 40];
    bytes[..32].copy_from_slice(log.as_bytes());
    bytes[32..].copy_from_slice(&epoch.to_be_bytes());
    bytes
}
