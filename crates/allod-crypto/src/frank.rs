//! Franking (draft-ietf-mimi-protocol, Grubbs-Lu-Ristenpart): a commitment to content that the hub signs in its receipt, so that
//! a recipient can later prove to somebody else what was sent, without giving away a key. Spec: `spec/log.md`, rule F-1.

use allod_wire::log::Digest;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// `HMAC-SHA256(salt, content)`; the salt is inside the content, which is encrypted.
pub fn frank(salt: &[u8; 16], content: &[u8]) -> Digest {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes a key of any length");
    mac.update(content);
    <[u8; 32]>::from(mac.finalize().into_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_content_or_salt_has_another_frank_f_1() {
        assert_ne!(frank(&[1; 16], b"a"), frank(&[1; 16], b"b"));
        assert_ne!(frank(&[1; 16], b"a"), frank(&[2; 16], b"a"));
    }
}
