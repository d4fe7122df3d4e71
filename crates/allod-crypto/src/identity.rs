//! Who somebody is: a user's identity key, and the certificates that it signs for devices. Spec: `spec/account.md`, rules.

use allod_wire::account::{DeviceCertificate, DeviceClass, RenewSession};
use allod_wire::cbor;
use allod_wire::{Address, DeviceId, UnixMillis};
use curve25519_dalek::Scalar;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::digest::sha256;

const CERTIFICATE_LABEL: &[u8] = b"allod device certificate v1";
const SESSION_LABEL: &[u8] = b"allod session renewal v1";
const OWN_DEVICE_LABEL: &[u8] = b"allod own device v1";

/// Why a certificate or a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// the bytes are no certificate.
    #[error("not a device certificate")]
    Malformed,
    /// the signature does not verify.
    #[error("the signature does not verify")]
    BadSignature,
    /// the inbox key is not the one in the certificate.
    #[error("the inbox key is not the certified one")]
    OtherInboxKey,
}

/// An Ed25519 key pair: a user's identity key or a device's signature key.
#[derive(Clone)]
pub struct SigningSecret(SigningKey);

impl SigningSecret {
    /// From its 32-byte seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, for the store.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Ed25519 over what MLS signs, which brings its own label (RFC 9420, section 5.1.2): for devices' keys alone.
    pub fn sign_mls(&self, labelled: &[u8]) -> [u8; 64] {
        self.0.sign(labelled).to_bytes()
    }

    /// Ed25519 over `label || message`.
    pub(crate) fn sign(&self, label: &[u8], message: &[u8]) -> [u8; 64] {
        self.0.sign(&[label, message].concat()).to_bytes()
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// Strict verification of `label || message`: no small-order keys, and one form of a signature's scalar (rule W-4).
pub(crate) fn verify(public: &[u8; 32], label: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
    let signature = Signature::from_bytes(signature);
    // RFC 8032 wants the scalar below the order, and so does the library, unless another crate of the program asks it to be lax
    // (the feature `legacy_compatibility`, which is the whole program's: decision 0090).
    bool::from(Scalar::from_canonical_bytes(*signature.s_bytes()).is_some())
        && VerifyingKey::from_bytes(public)
            .is_ok_and(|key| key.verify_strict(&[label, message].concat(), &signature).is_ok())
}

/// Certifies a device with the user's identity key (rule A-3).
pub fn certify(
    identity: &SigningSecret,
    address: Address,
    device: DeviceId,
    class: DeviceClass,
    device_key: &SigningSecret,
    inbox_key: &[u8],
    now: UnixMillis,
) -> DeviceCertificate {
    let mut certificate = DeviceCertificate {
        address,
        device,
        class,
        identity_key: identity.public().into(),
        signature_key: device_key.public().into(),
        inbox_key_digest: sha256(inbox_key),
        created: now.day(),
        signature: [0; 64].into(),
    };
    certificate.signature = identity.sign(CERTIFICATE_LABEL, &cbor::to_vec(&certificate)).into();
    certificate
}

/// Decodes and verifies a certificate (rule A-3). That its identity key is the right one for its address is for the caller to know.
///
/// # Errors
/// [`IdentityError::Malformed`] or [`IdentityError::BadSignature`].
pub fn verify_certificate(bytes: &[u8]) -> Result<DeviceCertificate, IdentityError> {
    let certificate: DeviceCertificate = cbor::from_slice(bytes).map_err(|_| IdentityError::Malformed)?;
    let unsigned = DeviceCertificate { signature: [0; 64].into(), ..certificate.clone() };
    if verify(&certificate.identity_key, CERTIFICATE_LABEL, &cbor::to_vec(&unsigned), &certificate.signature) {
        Ok(certificate)
    } else {
        Err(IdentityError::BadSignature)
    }
}

/// Checks that `inbox_key` is the certified one, so that a server cannot put another in its place (rule A-3).
///
/// # Errors
/// [`IdentityError::OtherInboxKey`].
pub fn check_inbox_key(certificate: &DeviceCertificate, inbox_key: &[u8]) -> Result<(), IdentityError> {
    if sha256(inbox_key) == certificate.inbox_key_digest { Ok(()) } else { Err(IdentityError::OtherInboxKey) }
}

/// Asks for a fresh session (rule A-4).
pub fn renew_session(device: DeviceId, device_key: &SigningSecret, now: UnixMillis) -> RenewSession {
    let signature = device_key.sign(SESSION_LABEL, &session_message(device, now)).into();
    RenewSession { device, at: now, signature }
}

/// Checks a request for a session against the device's key (rule A-4); the caller checks the time.
///
/// # Errors
/// [`IdentityError::BadSignature`].
pub fn verify_renewal(request: &RenewSession, signature_key: &[u8; 32]) -> Result<(), IdentityError> {
    let message = session_message(request.device, request.at);
    if verify(signature_key, SESSION_LABEL, &message, &request.signature) {
        Ok(())
    } else {
        Err(IdentityError::BadSignature)
    }
}

/// Signs what a device tells another device of its account (rule D-2).
pub fn sign_for_device(device_key: &SigningSecret, to: DeviceId, message: &[u8]) -> [u8; 64] {
    device_key.sign(OWN_DEVICE_LABEL, &[to.as_bytes().as_slice(), message].concat())
}

/// Checks what another device signed for the device `to` (rule D-2).
///
/// # Errors
/// [`IdentityError::BadSignature`].
pub fn verify_for_device(
    signature_key: &[u8; 32],
    to: DeviceId,
    message: &[u8],
    signature: &[u8; 64],
) -> Result<(), IdentityError> {
    if verify(signature_key, OWN_DEVICE_LABEL, &[to.as_bytes().as_slice(), message].concat(), signature) {
        Ok(())
    } else {
        Err(IdentityError::BadSignature)
    }
}

fn session_message(device: DeviceId, at: UnixMillis) -> Vec<u8> {
    [device.as_bytes().as_slice(), &at.0.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> DeviceCertificate {
        let (identity, device) = (SigningSecret::from_seed(&[1; 32]), SigningSecret::from_seed(&[2; 32]));
        let address = "alice@a.example".parse().unwrap();
        certify(&identity, address, DeviceId([3; 16]), DeviceClass::Web, &device, b"inbox", UnixMillis(5))
    }

    #[test]
    fn a_certificate_verifies_and_a_changed_one_does_not_a_3() {
        let certificate = certificate();
        assert_eq!(verify_certificate(&cbor::to_vec(&certificate)), Ok(certificate.clone()));
        let other = DeviceCertificate { class: DeviceClass::Installed, ..certificate.clone() };
        assert_eq!(verify_certificate(&cbor::to_vec(&other)), Err(IdentityError::BadSignature));
        let other = DeviceCertificate { address: "bob@a.example".parse().unwrap(), ..certificate };
        assert_eq!(verify_certificate(&cbor::to_vec(&other)), Err(IdentityError::BadSignature));
        assert_eq!(verify_certificate(b"x"), Err(IdentityError::Malformed));
    }

    #[test]
    fn a_signature_has_one_form_w_4() {
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let key = SigningSecret::from_seed(&[1; 32]);
        let mut signature = key.sign(b"label", b"message");
        assert!(verify(&key.public(), b"label", b"message", &signature));
        let mut carry = 0;
        for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        // The library takes it in a program where somebody asked for that, as the tests of this crate do.
        let lax = VerifyingKey::from_bytes(&key.public()).unwrap();
        assert!(lax.verify_strict(b"labelmessage", &Signature::from_bytes(&signature)).is_ok());
        assert!(!verify(&key.public(), b"label", b"message", &signature));
    }

    #[test]
    fn another_inbox_key_is_noticed_a_3() {
        assert_eq!(check_inbox_key(&certificate(), b"inbox"), Ok(()));
        assert_eq!(check_inbox_key(&certificate(), b"other"), Err(IdentityError::OtherInboxKey));
    }

    #[test]
    fn a_session_is_renewed_by_the_device_at_its_time_alone_a_4() {
        let key = SigningSecret::from_seed(&[2; 32]);
        let request = renew_session(DeviceId([3; 16]), &key, UnixMillis(5));
        assert_eq!(verify_renewal(&request, &key.public()), Ok(()));
        let later = RenewSession { at: UnixMillis(6), ..request.clone() };
        assert_eq!(verify_renewal(&later, &key.public()), Err(IdentityError::BadSignature));
        assert_eq!(verify_renewal(&request, &[0; 32]), Err(IdentityError::BadSignature));
    }
}
