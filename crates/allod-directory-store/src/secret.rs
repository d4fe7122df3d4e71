//! The secret of the directory's VRF (rule Y-4): who has it can tell which labels belong to which address, and open commitments;
//! it signs nothing.

use akd::ecvrf::{VRFKeyStorage, VRFPrivateKey, VRFPublicKey, VrfError};
use allod_directory::VrfKey;
use zeroize::Zeroizing;

/// 32 random bytes.
#[derive(Clone)]
pub struct VrfSecret(Zeroizing<[u8; 32]>);

impl VrfSecret {
    /// From its bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The public key.
    pub fn public(&self) -> VrfKey {
        let secret = VRFPrivateKey::try_from(&self.0[..]).expect("32 bytes are a private key");
        VRFPublicKey::from(&secret).to_bytes()
    }
}

impl std::fmt::Debug for VrfSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VrfSecret(…)")
    }
}

#[async_trait::async_trait]
impl VRFKeyStorage for VrfSecret {
    async fn retrieve(&self) -> Result<Vec<u8>, VrfError> {
        Ok(self.0.to_vec())
    }
}
