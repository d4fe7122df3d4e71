//! The directory: opened, read, and told which roots are recorded.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use akd::append_only_zks::AzksParallelismConfig;
use akd::directory::ReadOnlyDirectory;
use akd::errors::AkdError;
use akd::storage::StorageManager;
use akd::{EpochHash, HistoryParams};
use allod_directory::convert::{OtherShape, history_out, lookup_out};
use allod_directory::{Hashes, VrfKey, label};
use allod_wire::cbor::{self, DecodeError};
use allod_wire::directory::{DirectoryEntry, DirectoryEntryIn, EntryError, EpochRoot};
use allod_wire::limits::HISTORY_VERSIONS_MAX;
use allod_wire::{Address, address::AddressError};
use futures_executor::block_on;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::schema;
use crate::secret::VrfSecret;
use crate::tables::Tables;

/// Connections that wait for the next reader.
const READERS_KEPT: usize = 4;

/// Why a directory does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite says no.
    #[error("the directory cannot be opened")]
    Sqlite(#[from] rusqlite::Error),
    /// The file was written by a newer release.
    #[error("the directory has version {found}, and this program knows {known}: use a newer release")]
    TooNew {
        /// What the file says.
        found: u32,
        /// What this program knows.
        known: u32,
    },
    /// Y-4: the file belongs to another key, and would come apart under this one.
    #[error("the directory was made with another key: take both from the same backup")]
    OtherKey,
}

/// Why a directory cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// SQLite says no.
    #[error("the directory cannot be read")]
    Sqlite(#[from] rusqlite::Error),
    /// A copy cannot be written to the end.
    #[error("the directory's copy cannot be written")]
    Io(#[from] std::io::Error),
    /// The file holds what cannot be: damage, or a bug of ours.
    #[error("the directory is damaged")]
    Broken,
}

impl From<OtherShape> for ReadError {
    fn from(_: OtherShape) -> Self {
        Self::Broken
    }
}

impl From<DecodeError> for ReadError {
    fn from(_: DecodeError) -> Self {
        Self::Broken
    }
}

impl From<EntryError> for ReadError {
    fn from(_: EntryError) -> Self {
        Self::Broken
    }
}

impl From<AddressError> for ReadError {
    fn from(_: AddressError) -> Self {
        Self::Broken
    }
}

/// A proof, and the root to which it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The served epoch, or the one that was asked for.
    pub root: EpochRoot,
    /// Encoded as rules Y-7, Y-8 and Y-10 say.
    pub proof: Vec<u8>,
}

/// The directory of one organisation.
pub struct Directory {
    pub(crate) secret: VrfSecret,
    pub(crate) writer: Arc<Mutex<Connection>>,
    /// Whoever writes has it until the transaction ends: `writer` itself is held for one statement at a time.
    pub(crate) turn: Mutex<()>,
    file: PathBuf,
    readers: Mutex<Vec<Connection>>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Directory")
    }
}

impl Directory {
    /// Opens the directory in a file, and makes it if there is none.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(file: &Path, secret: VrfSecret) -> Result<Self, OpenError> {
        let conn = schema::open_writer(file)?;
        let (found, known) = (schema::version(&conn)?, schema::VERSION);
        if found > known {
            return Err(OpenError::TooNew { found, known });
        }
        conn.execute("INSERT OR IGNORE INTO directory VALUES (1, ?1)", [secret.public()])?;
        let key: VrfKey = conn.query_row("SELECT vrf_key FROM directory", [], |row| row.get(0))?;
        if key != secret.public() {
            return Err(OpenError::OtherKey);
        }
        let (writer, readers) = (Arc::new(Mutex::new(conn)), Mutex::default());
        Ok(Self { secret, writer, turn: Mutex::default(), file: file.to_owned(), readers })
    }

    /// The key under which its proofs verify.
    pub fn vrf_key(&self) -> VrfKey {
        self.secret.public()
    }

    /// The entry of `address` at the served epoch; `None` if it has none there.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn lookup(&self, address: &Address) -> Result<Option<Proven>, ReadError> {
        self.prove(address, |library| {
            let (proof, root) = block_on(library.lookup(label(address)))?;
            Ok((cbor::to_vec(&lookup_out(&proof)?), root))
        })
    }

    /// The newest [`HISTORY_VERSIONS_MAX`] versions of the entry of `address` up to the served epoch; `None` if it has none there.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn history(&self, address: &Address) -> Result<Option<Proven>, ReadError> {
        self.prove(address, |library| {
            let newest = HistoryParams::MostRecent(HISTORY_VERSIONS_MAX);
            let (proof, root) = block_on(library.key_history(&label(address), newest))?;
            Ok((cbor::to_vec(&history_out(&proof)?), root))
        })
    }

    /// The served epoch: the newest one that is recorded; the empty directory if there is none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn served(&self) -> Result<EpochRoot, ReadError> {
        self.read(|conn| Ok(served(&lock(conn))?))
    }

    /// A recorded epoch and the proof that it only added (rule Y-10); `None` if there is no such epoch.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn audit(&self, epoch: u64) -> Result<Option<Proven>, ReadError> {
        self.read(|conn| {
            let conn = lock(conn);
            let mut statement =
                conn.prepare_cached("SELECT epoch, root, proof FROM epochs WHERE epoch = ?1 AND recorded")?;
            let added = |row: &Row<'_>| Ok(Proven { root: root_in(row)?, proof: row.get(2)? });
            Ok(statement.query_row([epoch], added).optional()?)
        })
    }

    /// The root that is not recorded yet, if there is one: after a crash, the one that must still go to the ledger (rule Y-5).
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn pending_root(&self) -> Result<Option<EpochRoot>, ReadError> {
        self.read(|conn| Ok(pending(&lock(conn))?))
    }

    /// The ledger has the root of this epoch, where readers can know it: from now on it is served. Saying so twice is the same as once.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn root_recorded(&self, epoch: u64) -> Result<(), ReadError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let conn = lock(&self.writer);
        conn.prepare_cached("UPDATE epochs SET recorded = 1 WHERE epoch = ?1 AND NOT recorded")?.execute([epoch])?;
        Ok(())
    }

    /// What the directory says of everybody, with what is pending: to compare with the accounts (rule Y-3).
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn published(&self) -> Result<HashMap<Address, DirectoryEntry>, ReadError> {
        self.read(|conn| {
            let conn = lock(conn);
            // SQLite takes the other columns from the row that has the maximum.
            let mut statement = conn.prepare("SELECT address, entry, max(epoch) FROM entries GROUP BY address")?;
            let mut rows = statement.query([])?;
            let mut published = HashMap::new();
            while let Some(row) = rows.next()? {
                published
                    .insert(row.get::<_, String>(0)?.parse()?, entry_in(row.get_ref(1)?.as_blob().unwrap_or(&[]))?);
            }
            Ok(published)
        })
    }

    /// What the directory says of some users, with what is pending; without those of whom it says nothing.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn published_of(&self, users: &[Address]) -> Result<HashMap<Address, DirectoryEntry>, ReadError> {
        self.read(|conn| {
            let conn = lock(conn);
            let newest = "SELECT entry FROM entries WHERE address = ?1 ORDER BY epoch DESC LIMIT 1";
            let mut statement = conn.prepare_cached(newest)?;
            let mut published = HashMap::new();
            for address in users {
                let entry = statement.query_row([address.to_string()], |row| row.get::<_, Vec<u8>>(0)).optional()?;
                if let Some(bytes) = entry {
                    published.insert(address.clone(), entry_in(&bytes)?);
                }
            }
            Ok(published)
        })
    }

    /// Copies the directory, as of now, to a file that does not exist yet.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn backup(&self, to: &Path) -> Result<(), ReadError> {
        let conn = Connection::open(&self.file)?;
        conn.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
        std::fs::File::open(to)?.sync_all()?;
        Ok(())
    }

    /// Keeps every publisher, in this program or another, from making or recording an epoch while the answer is held: so that what is
    /// copied or read beside it, the ledger, goes together with it. Whoever publishes waits or tries again.
    ///
    /// # Errors
    /// [`ReadError`]: also if another publisher does not let go in five seconds.
    pub fn hold(&self) -> Result<Held<'_>, ReadError> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        lock(&self.writer).execute_batch("BEGIN IMMEDIATE")?;
        Ok(Held { directory: self, _turn: turn })
    }

    /// Lets the library make a proof at the served epoch.
    fn prove(
        &self,
        address: &Address,
        make: impl FnOnce(&Library) -> Result<(Vec<u8>, EpochHash), Failed>,
    ) -> Result<Option<Proven>, ReadError> {
        self.read(|conn| {
            let served = served(&lock(conn))?;
            let known = "SELECT 1 FROM entries WHERE address = ?1 AND epoch <= ?2";
            if !lock(conn).prepare_cached(known)?.exists((address.to_string(), served.epoch))? {
                return Ok(None);
            }
            let tables = Tables::new(Arc::clone(conn), Some(served.epoch));
            let storage = StorageManager::new_no_cache(tables.clone());
            let open = ReadOnlyDirectory::new(storage, self.secret.clone(), AzksParallelismConfig::disabled());
            let made = block_on(open).map_err(Failed::from).and_then(|library| make(&library));
            let (proof, EpochHash(epoch, root)) =
                made.map_err(|_| tables.take_failure().map_or(ReadError::Broken, ReadError::Sqlite))?;
            // The library reads the root from the tree: what it says must be what the epoch's row says.
            let root = EpochRoot { epoch, root: root.into() };
            if root == served { Ok(Some(Proven { root, proof })) } else { Err(ReadError::Broken) }
        })
    }

    /// Runs `read` on a connection of its own, within one read transaction.
    fn read<T>(&self, read: impl FnOnce(&Arc<Mutex<Connection>>) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let waiting = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = waiting.map_or_else(|| schema::open_reader(&self.file), Ok)?;
        conn.execute_batch("BEGIN")?;
        let conn = Arc::new(Mutex::new(conn));
        let outcome = read(&conn);
        // Nothing else holds it any more, and a connection whose transaction does not end is dropped.
        if let Some(conn) = Arc::into_inner(conn) {
            let conn = conn.into_inner().unwrap_or_else(PoisonError::into_inner);
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if conn.execute_batch("COMMIT").is_ok() && readers.len() < READERS_KEPT {
                readers.push(conn);
            }
        }
        outcome
    }
}

/// A directory that stands still ([`Directory::hold`]).
pub struct Held<'a> {
    directory: &'a Directory,
    _turn: MutexGuard<'a, ()>,
}

impl std::ops::Deref for Held<'_> {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        self.directory
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Nothing was written; if it fails, the lock ends with the connection.
        let _ = lock(&self.directory.writer).execute_batch("ROLLBACK");
    }
}

type Library = ReadOnlyDirectory<Hashes, Tables, VrfSecret>;

/// The library failed. Its own words name users, and go nowhere; what SQLite said is with the [`Tables`].
pub(crate) struct Failed;

impl From<AkdError> for Failed {
    fn from(_: AkdError) -> Self {
        Self
    }
}

impl From<OtherShape> for Failed {
    fn from(_: OtherShape) -> Self {
        Self
    }
}

pub(crate) fn lock(conn: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    conn.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The newest epoch that is recorded.
fn served(conn: &Connection) -> Result<EpochRoot, rusqlite::Error> {
    let newest = "SELECT epoch, root FROM epochs WHERE recorded ORDER BY epoch DESC LIMIT 1";
    let served = conn.prepare_cached(newest)?.query_row([], root_in).optional()?;
    Ok(served.unwrap_or_else(allod_directory::empty))
}

/// The epoch that is not.
pub(crate) fn pending(conn: &Connection) -> Result<Option<EpochRoot>, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT epoch, root FROM epochs WHERE NOT recorded")?;
    statement.query_row([], root_in).optional()
}

fn root_in(row: &Row<'_>) -> Result<EpochRoot, rusqlite::Error> {
    Ok(EpochRoot { epoch: row.get(0)?, root: row.get::<_, [u8; 32]>(1)?.into() })
}

fn entry_in(bytes: &[u8]) -> Result<DirectoryEntry, ReadError> {
    Ok(cbor::from_slice::<DirectoryEntryIn>(bytes)?.check()?)
}
