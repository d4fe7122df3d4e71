//! Blobs: bytes in plain files, their state in the file of everything else. Spec: `spec/blob.md`.
//!
//! Invariants:
//! - the first `received` bytes of a blob are in its file and flushed, with the folder's entry, before the row says so;
//! - one chunk of a blob is written at a time; a chunk that is written but not noted is overwritten by the next attempt;
//! - a file's name is a digest, and its times are midnight at the end of the day: neither says whose it is, or when it came.

use std::collections::HashSet;
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use allod_crypto::digest::labelled;
use allod_server_core::Policy;
use allod_server_core::upload_chunk::{BlobReadError, Chunk, UploadError, upload_chunk};
use allod_wire::blob::BlobState;
use allod_wire::secrets::TokenKey;
use allod_wire::{BlobId, Day, LogId};
use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension, params};

use crate::hot_logs::Slot;
use crate::logs::open;
use crate::writer::{Batch, OpError};

/// The folder of the blobs, and which of them are being written.
pub(crate) struct Files {
    folder: PathBuf,
    busy: Mutex<HashSet<String>>,
}

/// The right to write one blob's file; given back when dropped.
pub(crate) struct Busy<'a> {
    files: &'a Files,
    name: String,
}

impl Busy<'_> {
    /// The file's name within the folder.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.files.busy().remove(&self.name);
    }
}

/// The name of a blob's file within the folder.
pub(crate) fn file_name(log: &LogId, blob: &BlobId) -> String {
    let mut name = HEXLOWER.encode(&labelled("allod blob file v1", &[log.as_bytes(), blob.as_bytes()])[..]);
    name.insert(2, '/');
    name
}

impl Files {
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        create_folder(&folder)?;
        Ok(Self { folder, busy: Mutex::default() })
    }

    /// `None` if somebody else is writing it.
    pub(crate) fn take(&self, log: &LogId, blob: &BlobId) -> Option<Busy<'_>> {
        let name = file_name(log, blob);
        let is_free = self.busy().insert(name.clone());
        // Not `then_some`: a `Busy` that is made and dropped would free what another one holds.
        is_free.then(|| Busy { files: self, name })
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes bytes at their place, on disk when it returns. The caller holds the file's [`Busy`].
    pub(crate) fn write(&self, name: &str, offset: u64, bytes: &[u8], today: Day) -> io::Result<()> {
        let path = self.folder.join(name);
        let folder = path.parent().unwrap_or(&self.folder);
        if create_folder(folder)? {
            sync_folder(&self.folder)?;
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        file.write_all_at(bytes, offset)?;
        file.set_times(end_of(today))?;
        file.sync_all()?;
        if offset == 0 {
            File::open(folder)?.set_times(end_of(today))?;
            sync_folder(folder)?;
        }
        Ok(())
    }

    /// Reads exactly `len` bytes.
    pub(crate) fn read(&self, log: &LogId, blob: &BlobId, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        File::open(self.folder.join(file_name(log, blob)))?.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// Deletes the files that belong to no blob. `known` is asked while no upload can begin or end, so that none is taken for an orphan.
    pub(crate) fn delete_orphans<E>(
        &self,
        known: impl FnOnce() -> Result<HashSet<String>, OpError<E>>,
    ) -> Result<(), OpError<E>> {
        let busy = self.busy();
        let known = known()?;
        let files = names(&self.folder).map_err(|_| OpError::Broken)?;
        for name in files.iter().filter(|name| !known.contains(*name) && !busy.contains(*name)) {
            // A file that cannot be deleted now is tried again in the next sweep.
            let _ = fs::remove_file(self.folder.join(name));
        }
        Ok(())
    }
}

/// The names of all files in the folder's folders.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for prefix in fs::read_dir(folder)? {
        let prefix = prefix?;
        if !prefix.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(prefix.path())? {
            if let (Some(prefix), Some(file)) = (prefix.file_name().to_str(), file?.file_name().to_str()) {
                names.push(format!("{prefix}/{file}"));
            }
        }
    }
    Ok(names)
}

/// Makes a folder for the server alone. Whether it is new.
fn create_folder(folder: &Path) -> io::Result<bool> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Midnight at the end of the day: the finest time that the disk keeps of a blob's bytes.
fn end_of(today: Day) -> FileTimes {
    let midnight = SystemTime::UNIX_EPOCH + Duration::from_secs((u64::from(today.0) + 1) * 86_400);
    FileTimes::new().set_accessed(midnight).set_modified(midnight)
}

/// How a blob stands.
pub(crate) fn state(conn: &Connection, slot: Slot, blob: &BlobId) -> Result<Option<BlobState>, rusqlite::Error> {
    let mut statement =
        conn.prepare_cached("SELECT size, received, until_day FROM blobs WHERE slot = ?1 AND blob = ?2")?;
    let state = statement.query_row(params![slot.0, blob.as_bytes()], |row| {
        Ok(BlobState { size: row.get(0)?, received: row.get(1)?, expires: Day(row.get(2)?) })
    });
    state.optional()
}

/// The state of a blob, for whoever may use its log.
pub(crate) fn state_for(
    conn: &Connection,
    log: &LogId,
    reader: &TokenKey,
    blob: &BlobId,
) -> Result<Option<BlobState>, OpError<BlobReadError>> {
    let (slot, _) = open(conn, log, reader)?.ok_or(OpError::Refused(BlobReadError::UnknownToken))?;
    Ok(state(conn, slot, blob)?)
}

/// Decides on a chunk, before its bytes are written and again when they are.
pub(crate) fn decide(
    conn: &Connection,
    policy: &Policy,
    (log, author, blob): (&LogId, &TokenKey, &BlobId),
    chunk: Chunk,
    today: Day,
) -> Result<(Slot, BlobState), OpError<UploadError>> {
    let (slot, _) = open(conn, log, author)?.ok_or(OpError::Refused(UploadError::UnknownToken))?;
    let mut statement = conn.prepare_cached("SELECT coalesce(sum(size), 0) FROM blobs WHERE slot = ?1")?;
    let log_bytes = statement.query_row([slot.0], |row| row.get(0))?;
    let state = upload_chunk(state(conn, slot, blob)?, log_bytes, chunk, policy, today).map_err(OpError::Refused)?;
    Ok((slot, state))
}

/// Notes a chunk whose bytes are on disk.
pub(crate) fn note(
    batch: &Batch<'_>,
    blob: (&LogId, &TokenKey, &BlobId),
    chunk: Chunk,
    today: Day,
) -> Result<BlobState, OpError<UploadError>> {
    let (slot, state) = decide(batch.conn, batch.policy, blob, chunk, today)?;
    let mut statement = batch.conn.prepare_cached(
        "INSERT INTO blobs VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET received = excluded.received, until_day = excluded.until_day",
    )?;
    statement.execute(params![slot.0, blob.2.as_bytes(), state.size, state.received, state.expires.0])?;
    Ok(state)
}

/// The file names of all blobs.
pub(crate) fn known(conn: &Connection) -> Result<HashSet<String>, rusqlite::Error> {
    let mut statement =
        conn.prepare_cached("SELECT logs.id, blobs.blob FROM blobs JOIN logs ON logs.slot = blobs.slot")?;
    let name = |row: &rusqlite::Row<'_>| Ok(file_name(&LogId(row.get(0)?), &BlobId(row.get(1)?)));
    statement.query_map([], name)?.collect()
}
