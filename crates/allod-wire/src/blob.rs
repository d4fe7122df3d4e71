//! Blobs: encrypted files beside a log. Spec: `spec/blob.md`.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ids::BlobId;
use crate::units::Day;

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct BlobState {
    /// The whole, in bytes: one of the blob classes (rule B-1).
    #[n(0)]
    pub size: u64,
    /// Bytes that the server holds durably, from the start.
    #[n(1)]
    pub received: u64,
    /// The last day on which it is kept.
    #[n(2)]
    pub expires: Day,
}

/// The key of one blob; each blob has its own (rule B-2).
#[derive(Clone, PartialEq, Eq, Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[cbor(transparent)]
pub struct BlobKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl std::fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlobKey(…)")
    }
}

/// Where an encrypted file is and how to open it. Travels inside encrypted content only.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct BlobRef {
    /// The blob.
    #[n(0)]
    pub blob: BlobId,
    /// Opens it.
    #[n(1)]
    pub key: BlobKey,
    /// Length of the plaintext, in bytes.
    #[n(2)]
    pub size: u64,
    /// SHA-256 of the plaintext.
    #[n(3)]
    pub digest: ByteArray<32>,
}
