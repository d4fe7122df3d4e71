//! The tables, and how a connection is set up. Migrations are numbered by `user_version`.
//!
//! The file names users and their epochs: it belongs to the account plane, and holds no time finer than the day of a certificate.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Applied in order; the number of those applied is the file's `user_version`.
const MIGRATIONS: &[&str] = &["
CREATE TABLE directory (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    vrf_key BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tree (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    nodes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE nodes (
    label BLOB PRIMARY KEY,
    node BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE entries (
    address TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    label BLOB NOT NULL,
    entry BLOB NOT NULL,
    PRIMARY KEY (address, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE epochs (
    epoch INTEGER PRIMARY KEY,
    root BLOB NOT NULL,
    recorded INTEGER NOT NULL,
    proof BLOB NOT NULL
) STRICT;
"];
/// The newest `user_version` that this code reads.
pub(crate) const VERSION: u32 = MIGRATIONS.len() as u32;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const STATEMENTS_MAX: usize = 32;

/// The connection that writes.
pub(crate) fn open_writer(file: &Path) -> Result<Connection, rusqlite::Error> {
    let conn = Connection::open(file)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 33554432;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;",
    )?;
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(version(&conn)? as usize) {
        let next = index + 1;
        conn.execute_batch(&format!("BEGIN IMMEDIATE; {migration}; PRAGMA user_version = {next}; COMMIT;"))?;
    }
    Ok(conn)
}

/// A connection that only reads.
pub(crate) fn open_reader(file: &Path) -> Result<Connection, rusqlite::Error> {
    let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;")?;
    Ok(conn)
}

/// The file's `user_version`.
pub(crate) fn version(conn: &Connection) -> Result<u32, rusqlite::Error> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0))
}
