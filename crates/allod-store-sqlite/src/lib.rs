//! The embedded store: one SQLite file for everything but the bytes of blobs, which are plain files beside it.
//!
//! One thread writes, in group commits (`writer`); a few threads read (`readers`). The futures of the [`Store`](allod_server_core::Store)
//! need no particular runtime. What each operation may do is decided by `allod-server-core` within the open transaction.

mod accounts;
mod appends;
mod blobs;
mod hot_logs;
mod inboxes;
mod invites;
mod ledger;
mod logs;
mod maintenance;
mod readers;
mod schema;
mod store;
mod sweep;
mod writer;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{Builder, JoinHandle};

use allod_crypto::identity::SigningSecret;
use allod_server_core::hints::Listener;
use allod_server_core::{Failure, Outcome, Policy};

pub use crate::maintenance::{CheckReport, MaintenanceError, restore};

use crate::blobs::Files;
use crate::readers::Readers;
use crate::writer::{Batch, Command, OpError, Writer, job};

/// The database's name in the store's folder.
pub const DATABASE_FILE: &str = "allod.db";
/// The folder of the blobs in the store's folder.
pub const BLOBS_FOLDER: &str = "blobs";
/// Payload bytes that wait for the writer at most; beyond, appends are answered "unavailable" at once.
const QUEUED_BYTES_MAX: usize = 64 << 20;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that holds the store and nothing else of the kind.
    pub folder: PathBuf,
    /// Signs receipts.
    pub hub: Arc<SigningSecret>,
    /// What the operator decided.
    pub policy: Policy,
    /// Bounds the database, in pages of 4 KiB: the way to see what a full disk does.
    pub page_count_max: Option<u32>,
}

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite says no.
    #[error("the database cannot be opened")]
    Sqlite(#[from] rusqlite::Error),
    /// A folder cannot be made, or a thread not started.
    #[error("the folder or a thread of the store cannot be made")]
    Io(#[from] io::Error),
    /// The database was written by a newer release.
    #[error("the database has version {found}, and this program knows {known}: use a newer release")]
    TooNew {
        /// What the file says.
        found: usize,
        /// What this program knows.
        known: usize,
    },
}

/// The store. Clones are the same store; when the last one goes, what waits is written, and the threads end.
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    hub: Arc<SigningSecret>,
    policy: Arc<Policy>,
    files: Arc<Files>,
    listeners: Arc<RwLock<Vec<Listener>>>,
    queued_bytes: Arc<AtomicUsize>,
    commands: Sender<Command>,
    readers: Readers,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the store in a folder, and makes it if there is none. Blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let Options { folder, hub, policy, page_count_max } = options;
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(DATABASE_FILE);
        let conn = schema::open_writer(&file, page_count_max)?;
        let (found, known) = (schema::version(&conn)?, schema::VERSION);
        if found > known {
            return Err(OpenError::TooNew { found, known });
        }
        let files = Arc::new(Files::open(folder.join(BLOBS_FOLDER))?);
        let (policy, listeners) = (Arc::new(policy), Arc::new(RwLock::default()));
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let (commands, waiting) = channel();
        let writer =
            Writer::new(conn, Arc::clone(&hub), Arc::clone(&policy), Arc::clone(&listeners), Arc::clone(&queued_bytes));
        let writer = Builder::new().name("store-writer".into()).spawn(move || writer.run(&waiting))?;
        let readers = Readers::start(&file)?;
        let writer = Some(writer);
        Ok(Self(Arc::new(Inner { folder, hub, policy, files, listeners, queued_bytes, commands, readers, writer })))
    }

    /// Copies the store, as of now, to a folder that holds none. The store goes on meanwhile. Blocks.
    ///
    /// # Errors
    /// [`MaintenanceError`].
    pub fn backup(&self, to: &std::path::Path) -> Result<(), MaintenanceError> {
        self.backup_database(to)?;
        self.backup_blobs(to)
    }

    /// The first half of [`Self::backup`]: the database as of one moment, without the blobs.
    ///
    /// # Errors
    /// [`MaintenanceError`].
    pub fn backup_database(&self, to: &std::path::Path) -> Result<(), MaintenanceError> {
        let conn = rusqlite::Connection::open(self.0.folder.join(DATABASE_FILE))?;
        maintenance::backup_database(&conn, to)
    }

    /// The second half: the blobs. A blob that goes meanwhile is missing from the copy only if retention took it.
    ///
    /// # Errors
    /// [`MaintenanceError`].
    pub fn backup_blobs(&self, to: &std::path::Path) -> Result<(), MaintenanceError> {
        maintenance::backup_blobs(&self.0.folder, to)
    }

    /// Checks the database, computes every log's chain again, and looks at every blob's file. The store goes on meanwhile. Blocks.
    ///
    /// # Errors
    /// [`MaintenanceError`]; what it finds is in the report.
    pub fn check(&self) -> Result<CheckReport, MaintenanceError> {
        let conn = schema::open_reader(&self.0.folder.join(DATABASE_FILE))?;
        maintenance::check(&conn, &self.0.folder.join(BLOBS_FOLDER))
    }

    /// Bounds the database from now on, or lifts the bound: a disk that fills, and that somebody clears.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if the store is closing.
    pub async fn set_page_count_max(&self, pages: Option<u32>) -> Outcome<(), allod_server_core::store::Never> {
        self.write(move |batch| Ok(schema::set_page_count_max(batch.conn, pages)?)).await
    }

    /// Has the writer decide and write. Sent when it is called, not when it is awaited.
    fn write<T, E, F>(&self, decide: F) -> impl Future<Output = Outcome<T, E>> + Send + use<T, E, F>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&mut Batch<'_>) -> Result<T, OpError<E>> + Send + 'static,
    {
        let (command, answer) = job(decide);
        // If the writer is gone, so is the sender within the command, and the answer is "unavailable".
        let _ = self.0.commands.send(command);
        async move { answer.await.unwrap_or(Err(Failure::Unavailable)) }
    }

    /// Makes room in the queue for a payload, if there is.
    fn enqueue(&self, bytes: usize) -> bool {
        let before = self.0.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = before + bytes <= QUEUED_BYTES_MAX;
        if !fits {
            self.0.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    fn add_listener(&self, listener: Listener) {
        self.0.listeners.write().unwrap_or_else(PoisonError::into_inner).push(listener);
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteStore")
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        if let Some(writer) = self.writer.take().filter(|writer| writer.thread().id() != std::thread::current().id()) {
            let _ = writer.join();
        }
    }
}
