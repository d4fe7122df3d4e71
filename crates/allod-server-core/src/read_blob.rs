//! Reads a range of a blob. Spec: `spec/blob.md`, rule B-4.

use allod_wire::blob::BlobState;
use allod_wire::limits::BLOB_CHUNK_BYTES_MAX;

use crate::upload_chunk::BlobReadError;

/// A piece of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPart {
    /// Bytes of the whole.
    pub size: u64,
    /// The bytes asked for: fewer than asked at the end of the blob, and at most [`BLOB_CHUNK_BYTES_MAX`].
    pub bytes: Vec<u8>,
}

/// How many bytes a read from `offset` gives: what was asked, as far as there is.
///
/// # Errors
/// [`BlobReadError::NotFound`] if the blob is not complete: what is still being uploaded is nobody's to read.
pub fn read_blob(blob: Option<BlobState>, offset: u64, len: usize) -> Result<usize, BlobReadError> {
    let blob = blob.filter(|blob| blob.received == blob.size).ok_or(BlobReadError::NotFound)?;
    let rest = usize::try_from(blob.size.saturating_sub(offset)).unwrap_or(usize::MAX);
    Ok(len.min(rest).min(BLOB_CHUNK_BYTES_MAX))
}
