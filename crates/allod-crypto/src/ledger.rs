//! Signatures of the ledger: the log's on a checkpoint, a witness's, administrators' on an act, the release key's on a release. Spec: `spec/ledger.md`, rules G-1, G-5, G-11.

use allod_wire::cbor;
use allod_wire::ledger::{ActBody, ReleaseBody};

use crate::digest::sha256;
use crate::identity::{SigningSecret, verify};

const ACT_LABEL: &[u8] = b"allod administrators' act v1";
const RELEASE_LABEL: &[u8] = b"allod release v1";

/// What a key of a signed note is for: its C2SP signature type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoteKeyKind {
    /// Signs the checkpoints of a log.
    Log = 0x01,
    /// Cosigns checkpoints (tlog-cosignature, Ed25519).
    Witness = 0x04,
}

/// The id of a key in a signed note (C2SP signed-note): 4 bytes of a hash over name, kind and key.
pub fn note_key_id(name: &str, kind: NoteKeyKind, public: &[u8; 32]) -> u32 {
    let digest = sha256(&[name.as_bytes(), b"\n", &[kind as u8], public].concat());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// The log's signature over the text of a checkpoint.
pub fn sign_checkpoint(log: &SigningSecret, text: &[u8]) -> [u8; 64] {
    log.sign(b"", text)
}

/// Whether the log signed this text.
pub fn verify_checkpoint(log: &[u8; 32], text: &[u8], signature: &[u8; 64]) -> bool {
    verify(log, b"", text, signature)
}

/// A witness's cosignature over the text of a checkpoint at a POSIX time in seconds (tlog-cosignature): time and signature.
pub fn cosign(witness: &SigningSecret, text: &[u8], seconds: u64) -> [u8; 72] {
    let mut signature = [0; 72];
    signature[..8].copy_from_slice(&seconds.to_be_bytes());
    signature[8..].copy_from_slice(&witness.sign(&cosignature_lines(seconds), text));
    signature
}

/// The time, in POSIX seconds, at which the witness cosigned this text; `None` if it did not.
pub fn verify_cosignature(witness: &[u8; 32], text: &[u8], signature: &[u8]) -> Option<u64> {
    let (seconds, signature) = signature.split_first_chunk::<8>()?;
    let seconds = u64::from_be_bytes(*seconds);
    let is_valid = i64::try_from(seconds).is_ok()
        && verify(witness, &cosignature_lines(seconds), text, signature.try_into().ok()?);
    is_valid.then_some(seconds)
}

fn cosignature_lines(seconds: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n").into_bytes()
}

/// An administrator's signature over an act of the log `origin` (rule G-5).
pub fn sign_act(administrator: &SigningSecret, origin: &str, body: &ActBody) -> [u8; 64] {
    administrator.sign(ACT_LABEL, &cbor::to_vec(&(origin, body)))
}

/// Whether this key signed the act (rule G-6).
pub fn verify_act(administrator: &[u8; 32], origin: &str, body: &ActBody, signature: &[u8; 64]) -> bool {
    verify(administrator, ACT_LABEL, &cbor::to_vec(&(origin, body)), signature)
}

/// The release key's signature over a release in the log `origin` (rule G-21).
pub fn sign_release(key: &SigningSecret, origin: &str, body: &ReleaseBody) -> [u8; 64] {
    key.sign(RELEASE_LABEL, &cbor::to_vec(&(origin, body)))
}

/// Whether this key signed the release (rule G-21).
pub fn verify_release(key: &[u8; 32], origin: &str, body: &ReleaseBody, signature: &[u8; 64]) -> bool {
    verify(key, RELEASE_LABEL, &cbor::to_vec(&(origin, body)), signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn a_cosignature_holds_for_its_time_and_text_alone_g_11() {
        let witness = SigningSecret::from_seed(&[7; 32]);
        let signature = cosign(&witness, TEXT, 1_679_315_147);
        assert_eq!(verify_cosignature(&witness.public(), TEXT, &signature), Some(1_679_315_147));
        for index in [0, 7, 8, 71] {
            let mut other = signature;
            other[index] ^= 1;
            assert_eq!(verify_cosignature(&witness.public(), TEXT, &other), None);
        }
        assert_eq!(verify_cosignature(&witness.public(), &TEXT[1..], &signature), None);
        assert_eq!(verify_cosignature(&witness.public(), TEXT, &signature[..71]), None);
        let after_the_end_of_time = cosign(&witness, TEXT, 1 << 63);
        assert_eq!(verify_cosignature(&witness.public(), TEXT, &after_the_end_of_time), None);
    }
}
