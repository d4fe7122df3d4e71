//! Typed keys over chosen primitives. The one crate that names the crypto libraries; others hold keys that they cannot misuse.
//!
//! Randomness is an argument everywhere ([`Random`]): nothing here asks the operating system.

pub mod blob;
pub mod digest;
pub mod envelope;
pub mod frank;
pub mod identity;
pub mod inbox;
pub mod ledger;
pub mod receipt;
pub mod recovery;
pub mod safety;
pub mod token;
pub mod whisper;

pub use rand_core::CryptoRngCore as Random;

/// Random bytes.
pub fn random_bytes<const N: usize>(rng: &mut dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// A sealed thing that does not open: cut, changed, or not for us. Says no more, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("does not open: it was changed, or is not for this key")]
pub struct DoesNotOpen;
