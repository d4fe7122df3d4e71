//! The tables, and how a connection is set up. Migrations are numbered by `user_version`.
//!
//! What the file must not tell: who is behind a log, what anything says, and when something happened finer than the day. So
//! no table but the public ledger's orders its rows by arrival: keys are digests and random ids, every such table but one is `WITHOUT ROWID`, and the row id
//! of an entry is its place in its own log (`slot << 32 | position`), where a log's slot follows from its random id. Of
//! bearer secrets there are digests alone (rule A-2); times are days since 1970.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Applied in order; the number of those applied is the file's `user_version`.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE logs (
    id BLOB PRIMARY KEY,
    slot INTEGER NOT NULL UNIQUE,
    created_day INTEGER NOT NULL,
    first INTEGER NOT NULL,
    forgotten INTEGER NOT NULL,
    forgotten_head BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    day INTEGER NOT NULL,
    commits INTEGER NOT NULL,
    is_commit INTEGER NOT NULL,
    changes BLOB,
    frank BLOB NOT NULL,
    head BLOB NOT NULL,
    payload BLOB
) STRICT;
CREATE TABLE entry_ids (
    slot INTEGER NOT NULL,
    id BLOB NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (slot, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE members (
    slot INTEGER NOT NULL,
    key BLOB NOT NULL,
    is_administrator INTEGER NOT NULL,
    cursor INTEGER NOT NULL,
    PRIMARY KEY (slot, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE blobs (
    slot INTEGER NOT NULL,
    blob BLOB NOT NULL,
    size INTEGER NOT NULL,
    received INTEGER NOT NULL,
    until_day INTEGER NOT NULL,
    PRIMARY KEY (slot, blob)
) STRICT, WITHOUT ROWID;
CREATE TABLE tickets (
    digest BLOB PRIMARY KEY,
    until_day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    is_administrator INTEGER NOT NULL,
    identity_key BLOB NOT NULL,
    contact_organisation INTEGER NOT NULL,
    contact_link BLOB,
    disabled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE devices (
    device BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    certificate BLOB NOT NULL,
    inbox_key BLOB NOT NULL,
    signature_key BLOB NOT NULL,
    joined_with BLOB NOT NULL,
    session BLOB NOT NULL UNIQUE,
    session_until_day INTEGER NOT NULL,
    inbox_last INTEGER NOT NULL,
    last_resort BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_of_account ON devices (name);
CREATE TABLE invites (
    digest BLOB PRIMARY KEY,
    adds_device INTEGER NOT NULL,
    name TEXT,
    is_administrator INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    until_day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE key_packages (
    device BLOB NOT NULL,
    digest BLOB NOT NULL,
    package BLOB NOT NULL,
    PRIMARY KEY (device, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE given_key_packages (
    digest BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE inbox_tickets (
    digest BLOB PRIMARY KEY,
    device BLOB NOT NULL,
    until_day INTEGER NOT NULL,
    used_for BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE inbox_items (
    device BLOB NOT NULL,
    position INTEGER NOT NULL,
    day INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (device, position)
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE swept (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE ledger (
    position INTEGER PRIMARY KEY,
    entry BLOB NOT NULL
) STRICT;
CREATE TABLE ledger_hashes (
    place INTEGER PRIMARY KEY,
    hash BLOB NOT NULL
) STRICT;
CREATE TABLE published (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    checkpoint BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE cosigned (
    origin TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    seconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
",
];

/// The newest `user_version` that this code reads.
pub(crate) const VERSION: usize = MIGRATIONS.len();

/// How long one connection waits for another process (the operator's command line) to finish its write.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps.
const STATEMENTS_MAX: usize = 128;

/// A connection that writes; brings the file to the newest version.
pub(crate) fn open_writer(file: &Path, page_count_max: Option<u32>) -> Result<Connection, rusqlite::Error> {
    let conn = Connection::open(file)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // A group commit often touches the same few pages as the one before: with a log of 16 MiB they are copied back once.
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = OFF;
         PRAGMA journal_size_limit = 33554432; PRAGMA wal_autocheckpoint = 4096; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -8192;",
    )?;
    migrate(&conn)?;
    set_page_count_max(&conn, page_count_max)?;
    Ok(conn)
}

/// Bounds the file: how tests fill a disk. `None` lifts the bound.
pub(crate) fn set_page_count_max(conn: &Connection, pages: Option<u32>) -> Result<(), rusqlite::Error> {
    let pages = pages.unwrap_or(u32::MAX - 1);
    conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
}

/// A connection that only reads.
pub(crate) fn open_reader(file: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;")?;
    Ok(conn)
}

/// The file's `user_version`.
pub(crate) fn version(conn: &Connection) -> Result<usize, rusqlite::Error> {
    conn.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0)).map(|version| version as usize)
}

fn migrate(conn: &Connection) -> Result<(), rusqlite::Error> {
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(version(conn)?) {
        let next = index + 1;
        conn.execute_batch(&format!("BEGIN IMMEDIATE; {migration}; PRAGMA user_version = {next}; COMMIT;"))?;
    }
    Ok(())
}
