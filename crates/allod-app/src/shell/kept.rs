//! Files that are being sent, kept until the server has them, so that a page that is loaded anew goes on with them.
//!
//! Each part stands under `blob(32) ‖ number(4)`, sealed as rows are; a part is what an upload asks for at a time.

use allod_client_core::transfer::CHUNK_PLAIN_BYTES;
use allod_wire::BlobId;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use web_sys::Blob;

use super::files::slice;
use super::idb::{self, StorageError, bytes};
use super::vault::{FILES, Vault};

/// A larger file is not kept, and is lost when the page goes before it is sent.
const KEPT_BYTES_MAX: u64 = 100 << 20;

impl Vault {
    /// Keeps a file; `false` if it is too large, or the browser has no room for it.
    pub(super) async fn keep_file(&self, blob: BlobId, file: &Blob) -> bool {
        let size = file.size() as u64;
        let fits = size <= KEPT_BYTES_MAX;
        fits && self.try_keep(blob, file, size).await.is_ok()
    }

    async fn try_keep(&self, blob: BlobId, file: &Blob, size: u64) -> Result<(), StorageError> {
        for number in 0..parts(size) {
            let offset = u64::from(number) * CHUNK_PLAIN_BYTES;
            let plain = slice(file, offset, CHUNK_PLAIN_BYTES.min(size - offset) as usize).await?;
            let key = key(blob, number);
            let sealed = self.sealer.seal(&key, &plain).await?;
            let transaction = self.database.write(FILES)?;
            transaction.put(&bytes(&key), &sealed)?;
            transaction.committed().await?;
        }
        Ok(())
    }

    /// Whether all of a file of `size` bytes was kept.
    pub(super) async fn keeps_file(&self, blob: BlobId, size: u64) -> Result<bool, StorageError> {
        let keys = self.database.read(FILES)?.keys(&idb::range(&key(blob, 0), &end(blob))?).await?;
        Ok(keys.len() == parts(size) as usize)
    }

    /// The part of a kept file that starts at `offset`, as an upload asks for it: nothing behind the file's end.
    pub(super) async fn kept_part(&self, blob: BlobId, offset: u64, len: usize) -> Result<Vec<u8>, StorageError> {
        if len == 0 {
            return Ok(Vec::new());
        }
        let key = key(blob, (offset / CHUNK_PLAIN_BYTES) as u32);
        let sealed = self.database.read(FILES)?.get(&bytes(&key)).await?;
        self.sealer.open_row(&key, &sealed).await
    }

    /// It is at the server, or not wanted any more.
    pub(super) async fn forget_file(&self, blob: BlobId) -> Result<(), StorageError> {
        let transaction = self.database.write(FILES)?;
        let range = idb::range(&key(blob, 0), &end(blob))?;
        transaction.delete(&range)?;
        transaction.committed().await
    }

    /// What is kept of files other than these goes: it was left over.
    pub(super) async fn forget_files_but(&self, wanted: &[BlobId]) -> Result<(), StorageError> {
        let keys = self.database.read(FILES)?.keys(&idb::range(&[], &[u8::MAX; 37])?).await?;
        let mut left: Vec<BlobId> = keys.iter().filter_map(blob_of).filter(|blob| !wanted.contains(blob)).collect();
        left.dedup();
        for blob in left {
            self.forget_file(blob).await?;
        }
        Ok(())
    }
}

/// An empty file has one part, too.
fn parts(size: u64) -> u32 {
    size.div_ceil(CHUNK_PLAIN_BYTES).max(1) as u32
}

fn key(blob: BlobId, number: u32) -> Vec<u8> {
    [blob.as_bytes().as_slice(), &number.to_be_bytes()].concat()
}

fn end(blob: BlobId) -> Vec<u8> {
    [blob.as_bytes().as_slice(), &[u8::MAX; 5]].concat()
}

fn blob_of(key: &JsValue) -> Option<BlobId> {
    Some(BlobId(*Uint8Array::new(key).to_vec().first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_as_many_parts_as_an_upload_asks_for() {
        assert_eq!((parts(0), parts(1), parts(CHUNK_PLAIN_BYTES), parts(CHUNK_PLAIN_BYTES + 1)), (1, 1, 1, 2));
    }

    #[test]
    fn the_parts_of_a_file_stand_together_in_their_order() {
        let blob = BlobId([7; 32]);
        assert!(
            key(blob, 1) < key(blob, 256) && key(blob, u32::MAX) < end(blob) && end(blob) < key(BlobId([8; 32]), 0)
        );
    }
}
