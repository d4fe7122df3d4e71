//! The ledger's entries and hashes, the published checkpoint, and what the witness saw.

use std::cell::RefCell;

use allod_ledger::tree::{self, DamagedTree, Hash, StoredHashes, stored_hash_count};
use allod_ledger::witness::Cosigned;
use allod_server_core::Outcome;
use allod_server_core::ledger_store::{LedgerStore, MovedError};
use allod_server_core::store::Never;
use rusqlite::{Connection, OptionalExtension, params};

use crate::SqliteStore;
use crate::writer::{Batch, OpError};

impl LedgerStore for SqliteStore {
    async fn ledger_size(&self) -> Outcome<u64, Never> {
        self.0.readers.run(|conn| Ok(size(conn)?)).await
    }

    async fn append_statement(&self, size: u64, entry: Vec<u8>) -> Outcome<(), MovedError> {
        self.write(move |batch| append(batch, size, &entry)).await
    }

    async fn statements(&self, from: u64, count: u32) -> Outcome<Vec<Vec<u8>>, Never> {
        self.0.readers.run(move |conn| Ok(entries(conn, from, count)?)).await
    }

    async fn read_tree<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn StoredHashes) -> Result<T, DamagedTree> + Send + 'static,
    ) -> Outcome<T, Never> {
        self.0.readers.run(move |conn| with_tree(conn, |tree| read(tree))).await
    }

    async fn publish_checkpoint(&self, checkpoint: Vec<u8>) -> Outcome<(), Never> {
        self.write(move |batch| {
            let sql = "INSERT INTO published (one, checkpoint) VALUES (1, ?1)
                       ON CONFLICT (one) DO UPDATE SET checkpoint = ?1";
            batch.conn.prepare_cached(sql)?.execute([checkpoint])?;
            Ok(())
        })
        .await
    }

    async fn published_checkpoint(&self) -> Outcome<Option<Vec<u8>>, Never> {
        let read = |conn: &Connection| {
            conn.prepare_cached("SELECT checkpoint FROM published")?.query_row([], |row| row.get(0)).optional()
        };
        self.0.readers.run(move |conn| Ok(read(conn)?)).await
    }

    async fn cosigned(&self, origin: String) -> Outcome<Option<Cosigned>, Never> {
        self.0.readers.run(move |conn| Ok(cosigned(conn, &origin)?)).await
    }

    async fn keep_cosigned(&self, origin: String, kept: Option<Cosigned>, next: Cosigned) -> Outcome<(), MovedError> {
        self.write(move |batch| keep_cosigned(batch, &origin, kept, next)).await
    }
}

/// Hashes as the tree's arithmetic asks for them.
struct Tree<'a> {
    conn: &'a Connection,
    /// What SQLite said: not that a hash is missing, but that it cannot be read now.
    failure: RefCell<Option<rusqlite::Error>>,
}

impl StoredHashes for Tree<'_> {
    fn read(&self, indexes: &[u64]) -> Option<Vec<Hash>> {
        let hashes = hashes(self.conn, indexes);
        hashes.unwrap_or_else(|error| {
            *self.failure.borrow_mut() = Some(error);
            None
        })
    }
}

/// The hashes at these places; `None` if one is not there.
fn hashes(conn: &Connection, indexes: &[u64]) -> rusqlite::Result<Option<Vec<Hash>>> {
    let mut select = conn.prepare_cached("SELECT hash FROM ledger_hashes WHERE place = ?1")?;
    indexes.iter().map(|index| Ok(select.query_row([*index], |row| row.get(0)).optional()?.map(Hash))).collect()
}

/// Lets the tree's arithmetic read the stored hashes; a disk that fails is no damage (rule H-7).
fn with_tree<T, E>(conn: &Connection, read: impl FnOnce(&Tree<'_>) -> Result<T, DamagedTree>) -> Result<T, OpError<E>> {
    let tree = Tree { conn, failure: RefCell::default() };
    read(&tree).map_err(|DamagedTree| tree.failure.take().map_or(OpError::Broken, OpError::Sql))
}

fn size(conn: &Connection) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT coalesce(max(position) + 1, 0) FROM ledger")?.query_row([], |row| row.get(0))
}

fn append(batch: &mut Batch<'_>, at: u64, entry: &[u8]) -> Result<(), OpError<MovedError>> {
    if size(batch.conn)? != at {
        return Err(OpError::Refused(MovedError::Moved));
    }
    let hashes = with_tree(batch.conn, |stored| tree::hashes_of_next(at, entry, stored))?;
    batch.conn.prepare_cached("INSERT INTO ledger (position, entry) VALUES (?1, ?2)")?.execute(params![at, entry])?;
    let mut insert = batch.conn.prepare_cached("INSERT INTO ledger_hashes (place, hash) VALUES (?1, ?2)")?;
    for (place, hash) in (stored_hash_count(at)..).zip(hashes) {
        insert.execute(params![place, hash.0])?;
    }
    Ok(())
}

fn entries(conn: &Connection, from: u64, count: u32) -> rusqlite::Result<Vec<Vec<u8>>> {
    let sql = "SELECT entry FROM ledger WHERE position >= ?1 ORDER BY position LIMIT ?2";
    conn.prepare_cached(sql)?.query_map(params![from, count], |row| row.get(0))?.collect()
}

fn cosigned(conn: &Connection, origin: &str) -> rusqlite::Result<Option<Cosigned>> {
    let sql = "SELECT size, root, seconds FROM cosigned WHERE origin = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok(Cosigned { size: row.get(0)?, root: row.get(1)?, seconds: row.get(2)? });
    conn.prepare_cached(sql)?.query_row([origin], read).optional()
}

fn keep_cosigned(
    batch: &mut Batch<'_>,
    origin: &str,
    kept: Option<Cosigned>,
    next: Cosigned,
) -> Result<(), OpError<MovedError>> {
    if cosigned(batch.conn, origin)? != kept {
        return Err(OpError::Refused(MovedError::Moved));
    }
    let sql = "INSERT INTO cosigned (origin, size, root, seconds) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (origin) DO UPDATE SET size = ?2, root = ?3, seconds = ?4";
    batch.conn.prepare_cached(sql)?.execute(params![origin, next.size, next.root, next.seconds])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_that_cannot_be_read_now_is_not_a_damaged_one_h_7() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tree.db");
        let [conn, other] = [Connection::open(&file).unwrap(), Connection::open(&file).unwrap()];
        conn.execute_batch("CREATE TABLE ledger_hashes (place INTEGER PRIMARY KEY, hash BLOB NOT NULL)").unwrap();
        conn.busy_timeout(std::time::Duration::ZERO).unwrap();
        let root = || with_tree::<_, MovedError>(&conn, |stored| tree::root(1, stored));
        assert!(matches!(root(), Err(OpError::Broken)), "the hash is not there");
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert!(matches!(root(), Err(OpError::Sql(_))), "the file is locked");
        other.execute_batch("INSERT INTO ledger_hashes VALUES (0, zeroblob(32)); COMMIT").unwrap();
        assert_eq!(root().unwrap(), Hash([0; 32]));
    }
}
