//! The device that takes part: the key that signs for it and the identity that it presents.

use allod_crypto::identity::SigningSecret;
use openmls::prelude::{BasicCredential, CredentialWithKey, SignatureScheme};
use openmls_traits::signatures::{Signer, SignerError};

/// Signs for a device with its Ed25519 key. Implemented by whoever keeps the key.
pub trait DeviceSigner: Send + Sync {
    /// The public half.
    fn public(&self) -> [u8; 32];
    /// Signs what MLS signs, which brings its own label.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// With the key in memory.
impl DeviceSigner for SigningSecret {
    fn public(&self) -> [u8; 32] {
        Self::public(self)
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.sign_mls(message)
    }
}

/// Why a device cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The identity is empty or longer than [`Device::CREDENTIAL_BYTES_MAX`].
    #[error("the device's credential has {0} bytes")]
    CredentialLength(usize),
}

/// One device of one person, as the groups see it: it signs, and presents a credential.
pub struct Device {
    signer: Box<dyn DeviceSigner>,
    credential: Vec<u8>,
}

impl Device {
    /// The longest credential.
    pub const CREDENTIAL_BYTES_MAX: usize = 4096;

    /// `credential` is what members check to know whose device this is; here it is opaque.
    ///
    /// # Errors
    /// [`DeviceError::CredentialLength`].
    pub fn new(signer: Box<dyn DeviceSigner>, credential: Vec<u8>) -> Result<Self, DeviceError> {
        if credential.is_empty() || credential.len() > Self::CREDENTIAL_BYTES_MAX {
            return Err(DeviceError::CredentialLength(credential.len()));
        }
        Ok(Self { signer, credential })
    }

    /// The credential that it presents.
    pub fn credential(&self) -> &[u8] {
        &self.credential
    }

    /// The public half of the key that signs.
    pub fn public(&self) -> [u8; 32] {
        self.signer.public()
    }

    pub(crate) fn credential_with_key(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.credential.clone()).into(),
            signature_key: self.signer.public().as_slice().into(),
        }
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Device(…)")
    }
}

impl Signer for Device {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.signer.sign(payload).to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_has_a_bounded_length() {
        let make = |len| Device::new(Box::new(SigningSecret::from_seed(&[1; 32])), vec![0; len]).map(|_| ());
        assert_eq!(make(0), Err(DeviceError::CredentialLength(0)));
        assert_eq!(make(Device::CREDENTIAL_BYTES_MAX), Ok(()));
        assert_eq!(make(4097), Err(DeviceError::CredentialLength(4097)));
    }
}
