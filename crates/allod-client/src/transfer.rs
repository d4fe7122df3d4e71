//! Files: brings the plaintext to the core's state machines and moves their bytes; goes on after a restart where it ended.
//!
//! Invariants:
//! - an upload goes on only with the very file and words that it began with (path, length, time of change): the same key never
//!   seals two files;
//! - a download shows under its own name only when it is whole and is what was sent.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use allod_client_core::transfer::{Download, DownloadStep, FileInfo, TransferError, Upload, UploadStep};
use allod_client_core::view::FileView;
use allod_client_core::{HttpRequest, metadata};
use allod_crypto::blob::BLOCK_PLAIN_BYTES;
use allod_crypto::digest::labelled;
use allod_wire::{BlobId, EntryId, LogId};

use crate::client::{Client, SHELL_ROWS};
use crate::error::ClientError;
use crate::http::{HttpAnswer, Unreachable};

/// What becomes of what a picture's file says besides the picture (rule M-22).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// It is taken out.
    Strip,
    /// The file is sent as it is.
    Keep,
}

/// Called with the bytes that are done, and with all.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

impl Client {
    /// Sends the file at `path`. An upload of the same unchanged file that was interrupted is gone on with.
    ///
    /// # Errors
    /// If the file cannot be read, or the server refuses it or is away for long.
    pub async fn send_file(
        &self,
        log: LogId,
        path: &Path,
        media_type: String,
        caption: String,
        metadata: Metadata,
        progress: Progress<'_>,
    ) -> Result<EntryId, ClientError> {
        let failed = file_error(path);
        let file = Arc::new(File::open(path).map_err(&failed)?);
        let fingerprint = Fingerprint::of(path, &file).map_err(&failed)?;
        let row = fingerprint.row(log);
        let plain = Plain::of(file.clone(), fingerprint.size, metadata).map_err(&failed)?;
        let name = path.file_name().map_or_else(|| "file".to_owned(), |name| name.to_string_lossy().into_owned());
        let size = plain.len(fingerprint.size);
        let info = FileInfo { name, media_type, size, caption, ..FileInfo::default() };
        let mut upload = self.begin_upload(log, info, &fingerprint).await?;
        self.upload(&mut upload, &plain, &failed, progress).await?;
        if Fingerprint::of(path, &file).map_err(&failed)? != fingerprint {
            return Err(transfer_error(TransferError::FileChanged));
        }
        let id = self.send_uploaded(upload).await?;
        self.keep(row, None).await?;
        Ok(id)
    }

    /// Sends the file of a message of `from` in `to`, marked as forwarded: fetches it, and sends a copy. It is held in memory meanwhile, so
    /// that nothing of it is on the disk in the clear.
    ///
    /// # Errors
    /// If it is longer than 256 MiB, is not there any more, or the server refuses it or is away for long.
    pub async fn forward_file(
        &self,
        from: LogId,
        file: &FileView,
        caption: &str,
        to: LogId,
        progress: Progress<'_>,
    ) -> Result<EntryId, ClientError> {
        if file.size > HELD_BYTES_MAX {
            return Err(ClientError::Core(allod_client_core::CoreError::FileTooLarge));
        }
        let failed = file_error(Path::new(&file.name));
        let (view, info) = (file.clone(), FileInfo::forwarding(file, caption));
        let mut download = self.act(move |core, _, _| (core.start_download(from, &view), Vec::new())).await??;
        let mut bytes = Vec::new();
        self.fetch(&mut download, &mut bytes, &failed, &mut |done, all| progress(done, 2 * all)).await?;
        let mut upload = self.act(move |core, _, rng| split(core.start_upload(to, info, rng))).await??;
        let blob = upload.blob();
        let (held, mut progress) = (Plain::Held(bytes), |done, all| progress(all + done, 2 * all));
        if let Err(error) = self.upload(&mut upload, &held, &failed, &mut progress).await {
            self.act(move |core, _, _| ((), core.cancel_upload(blob))).await?;
            return Err(error);
        }
        self.send_uploaded(upload).await
    }

    async fn upload(
        &self,
        upload: &mut Upload,
        plain: &Plain,
        failed: &impl Fn(std::io::Error) -> ClientError,
        progress: Progress<'_>,
    ) -> Result<(), ClientError> {
        self.wait_for_log(upload.log()).await?;
        loop {
            let (done, all) = upload.progress();
            progress(done, all);
            let request = match upload.next() {
                UploadStep::Ask(request) => request,
                UploadStep::Plain { offset, len } => {
                    let part = plain.read(offset, len).await.map_err(failed)?;
                    match upload.supply(&part).map_err(transfer_error)? {
                        Some(request) => request,
                        None => continue,
                    }
                }
                UploadStep::Finished => return Ok(()),
            };
            self.upload_step(upload, request).await?;
        }
    }

    /// Waits until the server has the conversation that the file is for.
    async fn wait_for_log(&self, log: LogId) -> Result<(), ClientError> {
        loop {
            match self.look(move |core| (core.takes_files(log), core.conversation(log).is_some())).await? {
                (true, _) => return Ok(()),
                (false, true) => tokio::time::sleep(LOG_WAIT).await,
                (false, false) => return Err(ClientError::Core(allod_client_core::CoreError::UnknownConversation)),
            }
        }
    }

    async fn send_uploaded(&self, upload: Upload) -> Result<EntryId, ClientError> {
        let finished = upload.finish().ok_or(ClientError::Stopped)?;
        let send = move |core: &mut allod_client_core::ClientCore, now, rng: &mut dyn allod_crypto::Random| {
            split(core.send_file(finished, now, rng))
        };
        Ok(self.act(send).await??)
    }

    async fn begin_upload(&self, log: LogId, info: FileInfo, fingerprint: &Fingerprint) -> Result<Upload, ClientError> {
        let row = fingerprint.row(log);
        if let Some(kept) = self.kept(row.clone()).await?
            && let Some(blob) = fingerprint.blob_if_same(&kept, &info)
            && let Some(upload) = self.act(move |core, _, _| (core.resume_upload(blob), Vec::new())).await?
        {
            return Ok(upload);
        }
        let same = info.clone();
        let upload = self.act(move |core, _, rng| split(core.start_upload(log, info, rng))).await??;
        self.keep(row, Some(fingerprint.value(upload.blob(), &same))).await?;
        Ok(upload)
    }

    async fn upload_step(&self, upload: &mut Upload, request: HttpRequest) -> Result<(), ClientError> {
        let mut request = Some(request);
        for pause in PAUSES {
            let Some(wanted) = request.take() else { return Ok(()) };
            match self.http().send(wanted).await {
                Ok(HttpAnswer { status, body }) => match upload.handle_response(status, &body) {
                    Ok(()) => return Ok(()),
                    Err(error) if error.may_pass() => tokio::time::sleep(pause).await,
                    Err(error) => return Err(transfer_error(error)),
                },
                Err(_) => {
                    upload.handle_request_failed();
                    tokio::time::sleep(pause).await;
                }
            }
            // After a failure the upload asks the server how far it is.
            if let UploadStep::Ask(next) = upload.next() {
                request = Some(next);
            }
        }
        Err(Unreachable { reason: "the upload waits: run the same command again to go on with it".to_owned() }.into())
    }

    /// Fetches a file of a message into `target`, going on with an attempt that was interrupted.
    ///
    /// # Errors
    /// If it cannot be written, is not there any more, or was damaged.
    pub async fn fetch_file(
        &self,
        log: LogId,
        file: &FileView,
        target: &Path,
        progress: Progress<'_>,
    ) -> Result<(), ClientError> {
        let part = part_path(target, file.blob.blob);
        let failed = file_error(&part);
        let view = file.clone();
        let mut download = self.act(move |core, _, _| (core.start_download(log, &view), Vec::new())).await??;
        let mut out = resume_part(&part, &mut download).map_err(&failed)?;
        self.fetch(&mut download, &mut out, &failed, progress).await.inspect_err(|_| {
            if download.next().is_err() {
                // What came is another file: the next attempt begins anew.
                let _ = fs::remove_file(&part);
            }
        })?;
        out.sync_all().map_err(&failed)?;
        drop(out);
        fs::rename(&part, target).map_err(file_error(target))
    }

    async fn fetch(
        &self,
        download: &mut Download,
        out: &mut (impl Write + Send),
        failed: &impl Fn(std::io::Error) -> ClientError,
        progress: Progress<'_>,
    ) -> Result<(), ClientError> {
        let mut tries = PAUSES.iter();
        loop {
            let (done, all) = download.progress();
            progress(done, all);
            let request = match download.next().map_err(transfer_error)? {
                DownloadStep::Ask(request) => request,
                DownloadStep::Finished => return Ok(()),
            };
            let failure = match self.http().send(request).await {
                Ok(HttpAnswer { status, body }) => match download.handle_response(status, &body) {
                    Ok(plain) => {
                        out.write_all(&plain).map_err(failed)?;
                        tries = PAUSES.iter();
                        continue;
                    }
                    Err(error) if error.may_pass() => transfer_error(error),
                    Err(error) => return Err(transfer_error(error)),
                },
                Err(error) => error.into(),
            };
            let Some(pause) = tries.next() else { return Err(failure) };
            tokio::time::sleep(*pause).await;
        }
    }
}

/// A verb's result as the runner wants it: the value or the refusal, and the effects.
pub(crate) fn split<T, E>(
    result: Result<(T, Vec<allod_client_core::Effect>), E>,
) -> (Result<T, E>, Vec<allod_client_core::Effect>) {
    match result {
        Ok((value, effects)) => (Ok(value), effects),
        Err(error) => (Err(error), Vec::new()),
    }
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fingerprint {
    path: PathBuf,
    size: u64,
    changed_nanos: u128,
}

impl Fingerprint {
    fn of(path: &Path, file: &File) -> std::io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(std::io::Error::other("not a file"));
        }
        let changed_nanos = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Ok(Self { path: fs::canonicalize(path)?, size: metadata.len(), changed_nanos })
    }

    fn row(&self, log: LogId) -> Vec<u8> {
        let place = labelled("allod cli upload", &[log.as_bytes(), self.path.as_os_str().as_encoded_bytes()]);
        [SHELL_ROWS, b"u/", place.as_slice()].concat()
    }

    fn value(&self, blob: BlobId, info: &FileInfo) -> Vec<u8> {
        let terms = [info.media_type.as_bytes(), &info.size.to_be_bytes(), info.caption.as_bytes()];
        let terms = labelled("allod cli upload terms", &terms);
        let state = [self.size.to_be_bytes().as_slice(), &self.changed_nanos.to_be_bytes()].concat();
        [blob.as_bytes().as_slice(), &state, terms.as_slice()].concat()
    }

    fn blob_if_same(&self, kept: &[u8], info: &FileInfo) -> Option<BlobId> {
        let blob = BlobId(kept.first_chunk().copied()?);
        (kept == self.value(blob, info)).then_some(blob)
    }
}

/// What is sent of a file.
enum Plain {
    /// The file, as it is on the disk.
    File(Arc<File>),
    /// Bytes in memory: a picture and nothing besides, or a file that is forwarded.
    Held(Vec<u8>),
}

impl Plain {
    fn of(file: Arc<File>, size: u64, metadata: Metadata) -> std::io::Result<Self> {
        let mut start = [0; 12];
        let known = (&*file).read(&mut start)?;
        if metadata == Metadata::Keep || !metadata::is_known_picture(&start[..known]) {
            return Ok(Self::File(file));
        }
        let stripped = if size > HELD_BYTES_MAX {
            None
        } else {
            let mut whole = Vec::new();
            (&*file).seek(SeekFrom::Start(0))?;
            (&*file).take(size).read_to_end(&mut whole)?;
            metadata::strip(&whole)
        };
        let unclear = || {
            std::io::Error::other(
                "what this picture says besides itself cannot be taken out: --keep-metadata sends it as it is",
            )
        };
        stripped.map(Self::Held).ok_or_else(unclear)
    }

    fn len(&self, file_bytes: u64) -> u64 {
        match self {
            Self::File(_) => file_bytes,
            Self::Held(bytes) => bytes.len() as u64,
        }
    }

    async fn read(&self, offset: u64, len: usize) -> std::io::Result<Vec<u8>> {
        match self {
            Self::File(file) => read_at(file.clone(), offset, len).await,
            Self::Held(bytes) => {
                let part = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)?.get(..len));
                part.map(<[u8]>::to_vec).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
            }
        }
    }
}

/// Nothing larger is held in memory.
const HELD_BYTES_MAX: u64 = 256 << 20;

async fn read_at(file: Arc<File>, offset: u64, len: usize) -> std::io::Result<Vec<u8>> {
    let read = move || {
        let mut plain = vec![0; len];
        let mut file = &*file;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut plain)?;
        Ok(plain)
    };
    tokio::task::spawn_blocking(read).await.map_err(std::io::Error::other)?
}

/// Where a download is kept until it is whole; named by the blob, so that two files of one name do not meet.
fn part_path(target: &Path, blob: BlobId) -> PathBuf {
    let text = blob.to_string();
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    target.with_file_name(format!(".{name}.{}.part", &text[..12]))
}

/// Opens the part, and hands the download what it holds already, in whole blocks.
fn resume_part(part: &Path, download: &mut Download) -> std::io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(part)?;
    let all = download.progress().1;
    let mut left = file.metadata()?.len().min(all);
    if left < all {
        left -= left % BLOCK_PLAIN_BYTES as u64;
    }
    file.set_len(left)?;
    let mut buffer = vec![0; BLOCK_PLAIN_BYTES];
    while left > 0 {
        let len = left.min(buffer.len() as u64) as usize;
        file.read_exact(&mut buffer[..len])?;
        download.already(&buffer[..len]);
        left -= len as u64;
    }
    Ok(file)
}

fn file_error(path: &Path) -> impl Fn(std::io::Error) -> ClientError + use<> {
    let file = path.display().to_string();
    move |source| ClientError::File { file: file.clone(), source }
}

fn transfer_error(error: TransferError) -> ClientError {
    match error {
        TransferError::Refused(body) => ClientError::Refused(body),
        other => ClientError::Transfer(other.to_string()),
    }
}

/// A conversation that is being made is looked at this often.
const LOG_WAIT: Duration = Duration::from_millis(100);

const PAUSES: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_goes_on_only_with_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.txt");
        fs::write(&path, "one").unwrap();
        let before = Fingerprint::of(&path, &File::open(&path).unwrap()).unwrap();
        let info = FileInfo { size: 3, caption: "as agreed".into(), ..FileInfo::default() };
        let kept = before.value(BlobId([7; 32]), &info);
        assert_eq!(before.blob_if_same(&kept, &info), Some(BlobId([7; 32])));
        let stripped = FileInfo { size: 2, ..info.clone() };
        assert_eq!(before.blob_if_same(&kept, &stripped), None, "another key for other bytes of the same file");
        assert_eq!(before.blob_if_same(&kept, &FileInfo { caption: String::new(), ..info.clone() }), None);
        fs::write(&path, "three").unwrap();
        let after = Fingerprint::of(&path, &File::open(&path).unwrap()).unwrap();
        assert_eq!(after.row(LogId([1; 32])), before.row(LogId([1; 32])));
        assert_eq!(after.blob_if_same(&kept, &info), None);
        assert_eq!(after.blob_if_same(b"short", &info), None);
    }

    #[tokio::test]
    async fn a_picture_is_sent_without_what_it_says_besides_unless_the_user_wants_it_m_22() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.jpg");
        let (comment, rest) = (b"\xff\xfe\0\x05Bob".as_slice(), b"\xff\xda\0\x02pixels\xff\xd9".as_slice());
        let file = [b"\xff\xd8", comment, rest].concat();
        let plain = |bytes: &[u8], metadata| {
            fs::write(&path, bytes).unwrap();
            Plain::of(Arc::new(File::open(&path).unwrap()), bytes.len() as u64, metadata)
        };
        let stripped = plain(&file, Metadata::Strip).unwrap();
        let bare = [b"\xff\xd8", rest].concat();
        assert_eq!(stripped.len(file.len() as u64), bare.len() as u64);
        assert_eq!(stripped.read(2, rest.len()).await.unwrap(), rest);
        assert_eq!(plain(&file, Metadata::Keep).unwrap().read(0, file.len()).await.unwrap(), file);
        assert_eq!(plain(b"one", Metadata::Strip).unwrap().read(0, 3).await.unwrap(), b"one");
        assert!(plain(&file[..9], Metadata::Strip).is_err(), "what cannot be cleaned is not sent");
    }

    #[test]
    fn a_folder_is_no_file_to_send() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Fingerprint::of(folder.path(), &File::open(folder.path()).unwrap()).is_err());
    }

    #[test]
    fn parts_of_two_files_of_one_name_do_not_meet() {
        let target = Path::new("/downloads/plan.pdf");
        let (one, two) = (part_path(target, BlobId([1; 32])), part_path(target, BlobId([2; 32])));
        assert_ne!(one, two);
        assert_eq!(one.parent(), target.parent());
    }
}
