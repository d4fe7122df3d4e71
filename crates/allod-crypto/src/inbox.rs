//! Sealing to one device: HPKE base mode (RFC 9180) with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305. Spec: `spec/inbox.md`, rule I-3.

use allod_wire::DeviceId;
use allod_wire::size_class::entry_class;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

use crate::{DoesNotOpen, Random};

const INFO: &[u8] = b"allod inbox v1";
const ENCAPPED_BYTES: usize = 1120;
const TAG_BYTES: usize = 16;
const LENGTH_BYTES: usize = 4;

type PublicKey = <XWing as Kem>::PublicKey;
type PrivateKey = <XWing as Kem>::PrivateKey;

/// Cannot be sealed: the key is no X-Wing key, or the message fits into no size class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be sealed to that device")]
pub struct CannotSeal;

/// The device's secret inbox key.
pub struct InboxKey(PrivateKey);

impl InboxKey {
    /// From a 32-byte seed (draft-connolly-cfrg-xwing-kem).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(PrivateKey::from_bytes(seed).expect("an X-Wing private key is any 32 bytes"))
    }

    /// What others seal to: 1,216 bytes.
    pub fn public(&self) -> Vec<u8> {
        XWing::sk_to_pk(&self.0).to_bytes().to_vec()
    }

    /// Opens an item sealed to `device`.
    ///
    /// # Errors
    /// [`DoesNotOpen`] for anything that [`seal`] did not make for this key and device.
    pub fn open(&self, device: DeviceId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        if entry_class(sealed.len()) != Some(sealed.len()) {
            return Err(DoesNotOpen);
        }
        let (encapped, sealed) = sealed.split_at_checked(ENCAPPED_BYTES).ok_or(DoesNotOpen)?;
        let encapped = <XWing as Kem>::EncappedKey::from_bytes(encapped).map_err(|_| DoesNotOpen)?;
        let padded = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeR::Base,
            &self.0,
            &encapped,
            INFO,
            sealed,
            device.as_bytes(),
        );
        let padded = Zeroizing::new(padded.map_err(|_| DoesNotOpen)?);
        let (length, rest) = padded.split_first_chunk::<LENGTH_BYTES>().ok_or(DoesNotOpen)?;
        let message = rest.get(..u32::from_be_bytes(*length) as usize).ok_or(DoesNotOpen)?;
        Ok(Zeroizing::new(message.to_vec()))
    }
}

impl std::fmt::Debug for InboxKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InboxKey(…)")
    }
}

/// Seals `message` to a device, padded to an entry class (rule I-3).
///
/// # Errors
/// [`CannotSeal`].
pub fn seal(to: &[u8], device: DeviceId, message: &[u8], rng: &mut dyn Random) -> Result<Vec<u8>, CannotSeal> {
    let to = PublicKey::from_bytes(to).map_err(|_| CannotSeal)?;
    let overhead = ENCAPPED_BYTES + LENGTH_BYTES + TAG_BYTES;
    let class = entry_class(message.len() + overhead).ok_or(CannotSeal)?;
    let mut padded = Zeroizing::new(Vec::with_capacity(class - ENCAPPED_BYTES));
    padded.extend_from_slice(&u32::try_from(message.len()).map_err(|_| CannotSeal)?.to_be_bytes());
    padded.extend_from_slice(message);
    padded.resize(class - ENCAPPED_BYTES - TAG_BYTES, 0);
    let (encapped, sealed) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &to,
        INFO,
        &padded,
        device.as_bytes(),
        &mut Bridge(rng),
    )
    .map_err(|_| CannotSeal)?;
    Ok([encapped.to_bytes().as_slice(), &sealed].concat())
}

/// Our randomness, as the HPKE library's version of the trait.
struct Bridge<'a>(&'a mut dyn Random);

impl hpke::rand_core::TryRng for Bridge<'_> {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill_bytes(out);
        Ok(())
    }
}

impl hpke::rand_core::TryCryptoRng for Bridge<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    const DEVICE: DeviceId = DeviceId([1; 16]);

    #[test]
    fn what_is_sealed_opens_for_the_device_alone_i_3() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let key = InboxKey::from_seed(&[9; 32]);
        let mut sealed = seal(&key.public(), DEVICE, b"welcome", &mut rng).unwrap();
        assert_eq!(sealed.len(), 2048);
        assert_eq!(**key.open(DEVICE, &sealed).unwrap(), *b"welcome");
        assert!(key.open(DeviceId([2; 16]), &sealed).is_err());
        assert!(InboxKey::from_seed(&[8; 32]).open(DEVICE, &sealed).is_err());
        sealed[2000] ^= 1;
        assert!(key.open(DEVICE, &sealed).is_err());
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        assert_eq!(seal(&[0; 5], DEVICE, b"", &mut rng), Err(CannotSeal));
    }
}
