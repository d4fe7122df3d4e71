//! Files beside a log: sealing, sending and fetching in pieces, from where the last attempt ended. Spec: `spec/blob.md`.
//!
//! State machines for the shell, which brings the plaintext and moves the bytes. An upload asks for the plaintext from
//! its start, also when it goes on after a restart: the digest of the whole is part of the message.

use allod_crypto::blob::{BLOCK_PLAIN_BYTES, BlobSealer, open_block, sealed_len};
use allod_crypto::digest::Sha256Stream;
use allod_wire::blob::{BlobKey, BlobRef, BlobState};
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::limits::BLOB_BLOCK_BYTES;
use allod_wire::mimi::MessageId;
use allod_wire::secrets::Token;
use allod_wire::{BlobId, LogId};
use minicbor::{Decode, Encode};

use crate::glimpse::Glimpse;
use crate::request::{HttpRequest, accepted, read};
use crate::view::FileView;

/// Blocks in one request: 1 MiB.
const CHUNK_BLOCKS: u64 = 16;
/// Plaintext bytes that an upload asks for at a time; less only at the file's end.
pub const CHUNK_PLAIN_BYTES: u64 = CHUNK_BLOCKS * BLOCK_PLAIN_BYTES as u64;

/// What the user wants to send. It is settled when the upload begins, and is the same after a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct FileInfo {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// Its media type.
    #[n(1)]
    pub media_type: String,
    /// Its length in bytes.
    #[n(2)]
    pub size: u64,
    /// What is written with it, or empty.
    #[n(3)]
    #[cbor(default)]
    pub caption: String,
    /// What can be shown of it before it is fetched.
    #[n(4)]
    pub glimpse: Option<Glimpse>,
    /// It is sent in this message's thread (rule M-8).
    #[n(5)]
    pub thread: Option<MessageId>,
    /// It came by a message that is forwarded (rule M-12).
    #[n(6)]
    #[cbor(default)]
    pub forwarded: bool,
}

impl FileInfo {
    /// Of the copy that is sent where a message with this file is forwarded to: a blob belongs to its log (rule B-1).
    pub fn forwarding(file: &FileView, caption: &str) -> Self {
        Self {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
            caption: caption.to_owned(),
            glimpse: file.glimpse.as_deref().cloned(),
            thread: None,
            forwarded: true,
        }
    }
}

/// Why a transfer stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// The server refused; [`Self::may_pass`] says whether to try again.
    #[error("the server refused: {0}")]
    Refused(ErrorBody),
    /// The file is no longer what it was when the transfer began.
    #[error("the file has changed meanwhile")]
    FileChanged,
    /// B-2: what came does not open, or is not the file that was sent.
    #[error("the file was damaged on its way or at the server")]
    Damaged,
}

impl TransferError {
    /// Asking again later may help: call `next` again.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Refused(error) if crate::request::is_passing(error) || error.code == ErrorCode::WrongOffset)
    }
}

/// The row `u/BLOB`: what is needed to go on after a restart.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct UploadRow {
    #[n(0)]
    pub(crate) log: LogId,
    #[n(1)]
    pub(crate) blob: BlobId,
    #[n(2)]
    pub(crate) key: BlobKey,
    #[n(3)]
    pub(crate) info: FileInfo,
}

/// A file on its way to the server.
#[derive(Debug)]
pub struct Upload {
    row: UploadRow,
    token: Token,
    sealer: BlobSealer,
    digest: Sha256Stream,
    /// Blocks whose plaintext we have seen.
    seen: u64,
    /// Blocks that the server has; unknown until it was asked.
    held: Option<u64>,
    waiting: Option<u64>,
}

/// What an upload needs next.
#[derive(Debug)]
pub enum UploadStep {
    /// Make this request, and hand its answer to [`Upload::handle_response`].
    Ask(HttpRequest),
    /// Hand this part of the file to [`Upload::supply`].
    Plain {
        /// Where it starts.
        offset: u64,
        /// How long it is.
        len: usize,
    },
    /// The server has all of it: [`Upload::finish`].
    Finished,
}

/// A file that is at the server whole, for [`crate::ClientCore::send_file`].
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedUpload {
    pub(crate) log: LogId,
    pub(crate) file: FileView,
    pub(crate) caption: String,
    pub(crate) thread: Option<MessageId>,
    pub(crate) forwarded: bool,
}

impl Upload {
    pub(crate) fn new(row: UploadRow, token: Token, is_fresh: bool) -> Result<Self, allod_crypto::blob::FileTooLarge> {
        let sealer = BlobSealer::new(row.key.clone(), row.info.size)?;
        let held = is_fresh.then_some(0);
        Ok(Self { row, token, sealer, digest: Sha256Stream::default(), seen: 0, held, waiting: None })
    }

    /// Names the upload, for [`crate::ClientCore::resume_upload`].
    pub fn blob(&self) -> BlobId {
        self.row.blob
    }

    /// Where it goes.
    pub fn log(&self) -> LogId {
        self.row.log
    }

    /// What was promised of the file.
    pub fn info(&self) -> &FileInfo {
        &self.row.info
    }

    /// What is needed next.
    pub fn next(&self) -> UploadStep {
        if self.held.is_none() {
            return UploadStep::Ask(HttpRequest::blob_state(self.row.log, &self.token, self.row.blob));
        }
        if self.seen == self.sealer.blocks() {
            return UploadStep::Finished;
        }
        let offset = (self.seen * BLOCK_PLAIN_BYTES as u64).min(self.row.info.size);
        let end = ((self.seen + self.chunk()) * BLOCK_PLAIN_BYTES as u64).min(self.row.info.size);
        UploadStep::Plain { offset, len: usize::try_from(end - offset).expect("a chunk is small") }
    }

    /// The part of the file that [`Self::next`] asked for (empty behind the file's end); gives the request to make, or none if
    /// the server has that part already.
    ///
    /// # Errors
    /// [`TransferError::FileChanged`] if it has another length.
    pub fn supply(&mut self, plain: &[u8]) -> Result<Option<HttpRequest>, TransferError> {
        let UploadStep::Plain { len, .. } = self.next() else { return Ok(None) };
        if plain.len() != len {
            return Err(TransferError::FileChanged);
        }
        let (first, blocks) = (self.seen, self.chunk());
        if first + blocks <= self.held.unwrap_or(0) {
            self.digest.update(plain);
            self.seen += blocks;
            return Ok(None);
        }
        let mut sealed = Vec::with_capacity(blocks as usize * BLOB_BLOCK_BYTES);
        let mut parts = plain.chunks(BLOCK_PLAIN_BYTES);
        for block in first..first + blocks {
            sealed.extend_from_slice(&self.sealer.seal(block, parts.next().unwrap_or(&[])));
        }
        // A chunk that the server took only in part is not possible: chunks are taken whole (rule B-3).
        self.waiting = Some(blocks);
        self.digest_ahead(plain);
        let (row, size) = (&self.row, self.sealed_bytes());
        let offset = first * BLOB_BLOCK_BYTES as u64;
        Ok(Some(HttpRequest::upload_chunk(row.log, &self.token, row.blob, size, offset, sealed)))
    }

    /// The answer to the last request.
    ///
    /// # Errors
    /// [`TransferError::Refused`]. If it may pass, the upload asks the server where to go on.
    pub fn handle_response(&mut self, status: u16, body: &[u8]) -> Result<(), TransferError> {
        let waiting = self.waiting.take();
        match read::<BlobState>(status, body) {
            Ok(state) => {
                self.held = Some(state.received / BLOB_BLOCK_BYTES as u64);
                Ok(())
            }
            // Nothing has arrived yet.
            Err(error) if error.code == ErrorCode::NotFound && waiting.is_none() => {
                self.held = Some(0);
                Ok(())
            }
            Err(error) => {
                self.start_over();
                Err(TransferError::Refused(error))
            }
        }
    }

    /// There was no answer: the next step asks the server how far it is.
    pub fn handle_request_failed(&mut self) {
        self.waiting = None;
        self.start_over();
    }

    /// Plaintext bytes that the server has, of all.
    pub fn progress(&self) -> (u64, u64) {
        let held = self.held.unwrap_or(0).max(self.seen) * BLOCK_PLAIN_BYTES as u64;
        (held.min(self.row.info.size), self.row.info.size)
    }

    /// The finished file; `None` before [`UploadStep::Finished`].
    pub fn finish(self) -> Option<FinishedUpload> {
        let is_whole = self.seen == self.sealer.blocks();
        let row = self.row;
        let blob = BlobRef { blob: row.blob, key: row.key, size: row.info.size, digest: self.digest.finish() };
        let FileInfo { name, media_type, size, caption, glimpse, thread, forwarded } = row.info;
        let file = FileView { name, media_type, size, glimpse: glimpse.map(Box::new), blob };
        is_whole.then_some(FinishedUpload { log: row.log, file, caption, thread, forwarded })
    }

    fn digest_ahead(&mut self, plain: &[u8]) {
        self.digest.update(plain);
        self.seen += self.chunk();
    }

    /// Reads the file from its start again, as the digest has to be computed anew with what the server holds.
    fn start_over(&mut self) {
        (self.seen, self.held, self.digest) = (0, None, Sha256Stream::default());
    }

    fn chunk(&self) -> u64 {
        CHUNK_BLOCKS.min(self.sealer.blocks() - self.seen)
    }

    fn sealed_bytes(&self) -> u64 {
        self.sealer.blocks() * BLOB_BLOCK_BYTES as u64
    }
}

/// A file on its way to us.
#[derive(Debug)]
pub struct Download {
    log: LogId,
    token: Token,
    blob: BlobRef,
    digest: Sha256Stream,
    /// Plaintext bytes that are done.
    done: u64,
}

/// What a download needs next.
#[derive(Debug)]
pub enum DownloadStep {
    /// Make this request, and hand its answer to [`Download::handle_response`].
    Ask(HttpRequest),
    /// All of it came and is what was sent.
    Finished,
}

impl Download {
    pub(crate) fn new(log: LogId, token: Token, blob: BlobRef) -> Result<Self, allod_crypto::blob::FileTooLarge> {
        sealed_len(blob.size)?;
        Ok(Self { log, token, blob, digest: Sha256Stream::default(), done: 0 })
    }

    /// Goes on where an earlier attempt ended: `plain` is what it brought, from the start, in parts of any length. All but the
    /// last part of the file must come to whole blocks, which [`Self::handle_response`]'s results do.
    pub fn already(&mut self, plain: &[u8]) {
        self.digest.update(plain);
        self.done += plain.len() as u64;
    }

    /// What is needed next.
    ///
    /// # Errors
    /// [`TransferError::Damaged`] if all has come and is another file.
    pub fn next(&self) -> Result<DownloadStep, TransferError> {
        if self.done >= self.blob.size {
            let is_same = self.digest.clone().finish() == self.blob.digest && self.done == self.blob.size;
            return if is_same { Ok(DownloadStep::Finished) } else { Err(TransferError::Damaged) };
        }
        let (first, last) = self.blocks();
        let (from, to) = (first * BLOB_BLOCK_BYTES as u64, (last + 1) * BLOB_BLOCK_BYTES as u64 - 1);
        Ok(DownloadStep::Ask(HttpRequest::blob_range(self.log, &self.token, self.blob.blob, from, to)))
    }

    /// The answer to the last request: gives plaintext, to be put behind what came before.
    ///
    /// # Errors
    /// [`TransferError`].
    pub fn handle_response(&mut self, status: u16, body: &[u8]) -> Result<Vec<u8>, TransferError> {
        let body = accepted(status, body).map_err(TransferError::Refused)?;
        let (first, last) = self.blocks();
        if body.len() as u64 != (last + 1 - first) * BLOB_BLOCK_BYTES as u64 {
            return Err(TransferError::Damaged);
        }
        let mut plain = Vec::with_capacity(body.len());
        for (block, sealed) in (first..).zip(body.chunks(BLOB_BLOCK_BYTES)) {
            let opened = open_block(&self.blob.key, self.blob.size, block, sealed);
            plain.extend_from_slice(&opened.map_err(|_| TransferError::Damaged)?);
        }
        self.already(&plain);
        Ok(plain)
    }

    /// Plaintext bytes that came, of all.
    pub fn progress(&self) -> (u64, u64) {
        (self.done, self.blob.size)
    }

    fn blocks(&self) -> (u64, u64) {
        let first = self.done / BLOCK_PLAIN_BYTES as u64;
        let end = self.blob.size.div_ceil(BLOCK_PLAIN_BYTES as u64);
        (first, (first + CHUNK_BLOCKS).min(end).max(first + 1) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use allod_wire::{Day, cbor};

    const LOG: LogId = LogId([1; 32]);

    fn row(size: u64) -> UploadRow {
        let info = FileInfo { name: "f".into(), media_type: "text/plain".into(), size, ..FileInfo::default() };
        UploadRow { log: LOG, blob: BlobId([2; 32]), key: BlobKey([3; 32]), info }
    }

    fn state(received: u64) -> Vec<u8> {
        cbor::to_vec(&BlobState { size: 4 << 20, received, expires: Day(1) })
    }

    /// Uploads to a server that holds `held` already; gives what it holds then, and the result.
    fn upload(file: &[u8], mut held: Vec<u8>, fresh: bool) -> (Vec<u8>, FinishedUpload) {
        let mut upload = Upload::new(row(file.len() as u64), Token([4; 32]), fresh).unwrap();
        loop {
            let request = match upload.next() {
                UploadStep::Ask(request) => Some(request),
                UploadStep::Plain { offset, len } => upload.supply(&file[offset as usize..][..len]).unwrap(),
                UploadStep::Finished => return (held, upload.finish().unwrap()),
            };
            if let Some(request) = request {
                held.extend_from_slice(&request.body);
                upload.handle_response(200, &state(held.len() as u64)).unwrap();
            }
        }
    }

    #[test]
    fn an_upload_that_was_interrupted_sends_only_what_is_missing_b_3() {
        let file: Vec<u8> = (0..2_500_000u32).map(|i| (i / 3) as u8).collect();
        let (whole, finished) = upload(&file, Vec::new(), true);
        let (resumed, again) = upload(&file, whole[..1 << 20].to_vec(), false);
        assert_eq!((resumed, again), (whole, finished));
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_not_sent() {
        let mut upload = Upload::new(row(100), Token([4; 32]), true).unwrap();
        assert_eq!(upload.supply(&[0; 99]), Err(TransferError::FileChanged));
    }

    #[test]
    fn after_a_refusal_that_may_pass_the_server_is_asked_how_far_it_is_b_3() {
        let mut upload = Upload::new(row(100), Token([4; 32]), true).unwrap();
        upload.supply(&[0; 100]).unwrap().unwrap();
        let refused = ErrorBody::new(ErrorCode::WrongOffset, "");
        let error = upload.handle_response(409, &cbor::to_vec(&refused)).unwrap_err();
        assert!(error.may_pass() && matches!(upload.next(), UploadStep::Ask(_)));
    }

    #[test]
    fn a_download_goes_on_where_it_ended_and_notices_damage_b_2() {
        let file = vec![7; 3 * BLOCK_PLAIN_BYTES + 5];
        let (held, finished) = upload(&file, Vec::new(), true);
        let blob = finished.file.blob;
        let mut download = Download::new(LOG, Token([4; 32]), blob.clone()).unwrap();
        download.already(&file[..2 * BLOCK_PLAIN_BYTES]);
        let DownloadStep::Ask(request) = download.next().unwrap() else { panic!("not finished") };
        let (first, last) = request.range.unwrap();
        let plain = download.handle_response(206, &held[first as usize..=last as usize]).unwrap();
        assert_eq!(plain, file[2 * BLOCK_PLAIN_BYTES..]);
        assert!(matches!(download.next(), Ok(DownloadStep::Finished)));

        let mut other = Download::new(LOG, Token([4; 32]), blob).unwrap();
        let mut damaged = held[..4 * BLOB_BLOCK_BYTES].to_vec();
        damaged[70_000] ^= 1;
        assert_eq!(other.handle_response(206, &damaged), Err(TransferError::Damaged));
    }
}
