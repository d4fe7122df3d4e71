//! Takes a chunk of a blob. Spec: `spec/blob.md`, rules B-1, B-3, B-5.

use allod_wire::Day;
use allod_wire::blob::BlobState;
use allod_wire::limits::{BLOB_BLOCK_BYTES, BLOB_CHUNK_BYTES_MAX};
use allod_wire::size_class::is_blob_class;

use crate::failure::refusal;
use crate::policy::{Policy, UPLOAD_DAYS};

/// Why a chunk is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// L-2: no such log, or the token does not open it.
    #[error("the token does not open this log")]
    UnknownToken,
    /// B-1: the named length is no class.
    #[error("the length of the whole is not of a size class")]
    NotASizeClass,
    /// B-1: longer than this server takes.
    #[error("longer than this server takes")]
    TooLarge,
    /// B-3: a chunk is a multiple of 64 KiB and at most 4 MiB.
    #[error("a chunk is a multiple of {BLOB_BLOCK_BYTES} bytes and at most {BLOB_CHUNK_BYTES_MAX}")]
    BadChunk,
    /// B-3: the upload named another length before.
    #[error("this blob was begun with another length")]
    IdReused,
    /// B-3: the chunk does not continue where the last one ended.
    #[error("the chunk does not go on where the last one ended")]
    WrongOffset,
    /// B-5: the blobs of the log hold as many bytes as they may.
    #[error("the blobs of this log are at their quota")]
    Full,
}
refusal!(UploadError {
    UnknownToken => UnknownToken,
    NotASizeClass => NotASizeClass,
    TooLarge => TooLarge,
    BadChunk => Malformed,
    IdReused => IdReused,
    WrongOffset => WrongOffset,
    Full => Full,
});

/// Why a blob or its state is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlobReadError {
    /// L-2: no such log, or the token does not open it.
    #[error("the token does not open this log")]
    UnknownToken,
    /// B-4: there is no such blob, or it is not complete.
    #[error("there is no such blob")]
    NotFound,
}
refusal!(BlobReadError { UnknownToken => UnknownToken, NotFound => NotFound });

/// A chunk, without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Bytes of the whole.
    pub size: u64,
    /// Where this chunk begins.
    pub offset: u64,
    /// Its bytes.
    pub len: usize,
}

/// Decides on a chunk and says how the upload stands once it is written. `blob` is how it stands now, `log_blob_bytes` what the
/// log's blobs take up together, each counted whole from its first chunk on.
///
/// # Errors
/// [`UploadError`]; membership is for the store to check.
pub fn upload_chunk(
    blob: Option<BlobState>,
    log_blob_bytes: u64,
    chunk: Chunk,
    policy: &Policy,
    today: Day,
) -> Result<BlobState, UploadError> {
    let Chunk { size, offset, len } = chunk;
    if !is_blob_class(size) {
        return Err(UploadError::NotASizeClass);
    }
    if size > policy.blob_bytes_max {
        return Err(UploadError::TooLarge);
    }
    if len == 0 || len > BLOB_CHUNK_BYTES_MAX || len % BLOB_BLOCK_BYTES != 0 {
        return Err(UploadError::BadChunk);
    }
    if blob.is_some_and(|blob| blob.size != size) {
        return Err(UploadError::IdReused);
    }
    let end = offset.checked_add(len as u64).filter(|end| *end <= size).ok_or(UploadError::WrongOffset)?;
    if offset != blob.map_or(0, |blob| blob.received) {
        return Err(UploadError::WrongOffset);
    }
    if blob.is_none() && log_blob_bytes.saturating_add(size) > policy.log_blob_bytes_max {
        return Err(UploadError::Full);
    }
    let days = if end == size { policy.retention_days } else { UPLOAD_DAYS.min(policy.retention_days) };
    Ok(BlobState { size, received: end, expires: today.plus(days) })
}
