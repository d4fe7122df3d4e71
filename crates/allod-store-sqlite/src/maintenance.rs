//! Backup, restore, and the checks that `allodd doctor` makes.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use allod_crypto::receipt::next_head;
use allod_wire::LogId;
use allod_wire::log::Digest;
use rusqlite::{Connection, params};

use crate::appends::head_at;
use crate::hot_logs::{Slot, load};
use crate::logs::entry;
use crate::{BLOBS_FOLDER, DATABASE_FILE, blobs, schema};

/// Why a backup, a restore or a check failed.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// SQLite says no.
    #[error("the database cannot be read or written")]
    Sqlite(#[from] rusqlite::Error),
    /// A file cannot be read or written.
    #[error("a file cannot be read or written")]
    Io(#[from] io::Error),
    /// The target holds something already, and nothing is overwritten.
    #[error("the target already holds a store")]
    TargetExists,
    /// There is no store there.
    #[error("there is no store there")]
    NoStore,
    /// The backup does not pass its check.
    #[error("the store does not pass its check: {0}")]
    Damaged(String),
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckReport {
    /// Logs whose chain was computed again.
    pub logs: u64,
    /// Entries in these chains whose content is still kept.
    pub entries: u64,
    /// Complete blobs whose file has its length.
    pub blobs: u64,
    /// What is wrong; empty if nothing is. Says which check, and never which log.
    pub problems: Vec<String>,
}

/// Checks a database and its blobs.
pub(crate) fn check(conn: &Connection, blobs_folder: &Path) -> Result<CheckReport, MaintenanceError> {
    let mut report = CheckReport::default();
    let transaction = conn.unchecked_transaction()?;
    let mut statement = conn.prepare("PRAGMA integrity_check(20)")?;
    let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    report.problems.extend(lines.into_iter().filter(|line| line != "ok").map(|line| format!("database: {line}")));
    let version = schema::version(conn)?;
    if version != schema::VERSION {
        report.problems.push(format!("database: version {version}, this program knows {}", schema::VERSION));
    }
    check_logs(conn, &mut report)?;
    check_blobs(conn, blobs_folder, &mut report)?;
    transaction.finish()?;
    Ok(report)
}

fn check_logs(conn: &Connection, report: &mut CheckReport) -> Result<(), MaintenanceError> {
    let (mut broken, mut missing) = (0_u64, 0_u64);
    let mut statement = conn.prepare("SELECT id FROM logs")?;
    let logs: Vec<LogId> = statement.query_map([], |row| row.get(0).map(LogId))?.collect::<Result<_, _>>()?;
    for log in logs {
        let Some(hot) = load(conn, &log)? else { continue };
        let start = allod_server_core::accept_entry::before(hot.state.first);
        let Ok(head) = head_at(conn, &log, hot.slot, start) else {
            missing += 1;
            continue;
        };
        report.logs += 1;
        match follow(conn, hot.slot, start.0, head)? {
            Some((entries, head)) if head == hot.state.head && start.0 + entries == hot.state.last.0 => {
                report.entries += entries;
            }
            _ => broken += 1,
        }
    }
    if broken > 0 {
        report.problems.push(format!("logs: {broken} whose chain does not compute (rule L-6)"));
    }
    if missing > 0 {
        report.problems.push(format!("logs: {missing} without the chain value that they start from (rule L-11)"));
    }
    Ok(())
}

/// Computes the chain from `head` after `start` to the end. `None` if an entry does not decode, is missing, or says another chain.
fn follow(
    conn: &Connection,
    slot: Slot,
    start: u64,
    mut head: Digest,
) -> Result<Option<(u64, Digest)>, rusqlite::Error> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, id, day, commits, is_commit, changes, frank, head, payload FROM entries
         WHERE seq > ?1 AND seq <= ?2 ORDER BY seq",
    )?;
    let mut rows = statement.query(params![slot.seq(allod_wire::Position(start)), slot.end()])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let Some(payload) = row.get::<_, Option<Vec<u8>>>(8)? else { return Ok(None) };
        let Some(entry) = entry(row, payload)? else { return Ok(None) };
        head = next_head(&head, &entry);
        count += 1;
        if entry.position.0 != start + count || head[..] != row.get::<_, [u8; 32]>(7)? {
            return Ok(None);
        }
    }
    Ok(Some((count, head)))
}

fn check_blobs(conn: &Connection, folder: &Path, report: &mut CheckReport) -> Result<(), MaintenanceError> {
    let mut statement = conn.prepare(
        "SELECT logs.id, blobs.blob, blobs.received, blobs.size FROM blobs JOIN logs ON logs.slot = blobs.slot",
    )?;
    let mut rows = statement.query([])?;
    let mut short = 0_u64;
    while let Some(row) = rows.next()? {
        let name = blobs::file_name(&LogId(row.get(0)?), &allod_wire::BlobId(row.get(1)?));
        let (received, size): (u64, u64) = (row.get(2)?, row.get(3)?);
        let len = fs::metadata(folder.join(name)).map_or(0, |file| file.len());
        if len < received {
            short += 1;
        } else if received == size {
            report.blobs += 1;
        }
    }
    if short > 0 {
        report.problems.push(format!("blobs: {short} whose file is missing or too short (rule B-3)"));
    }
    Ok(())
}

/// Copies the database, which may be in use, to an empty folder.
pub(crate) fn backup_database(conn: &Connection, to: &Path) -> Result<(), MaintenanceError> {
    fs::create_dir_all(to)?;
    let target = to.join(DATABASE_FILE);
    if target.exists() {
        return Err(MaintenanceError::TargetExists);
    }
    let path = target.to_str().ok_or_else(|| io::Error::other("the path is not UTF-8"))?;
    conn.execute("VACUUM INTO ?1", [path])?;
    File::open(&target)?.sync_all()?;
    File::open(to)?.sync_all()?;
    Ok(())
}

/// Copies the blobs beside a copy of their database.
pub(crate) fn backup_blobs(folder: &Path, to: &Path) -> Result<(), MaintenanceError> {
    copy_blobs(&folder.join(BLOBS_FOLDER), &to.join(BLOBS_FOLDER))?;
    File::open(to)?.sync_all()?;
    Ok(())
}

/// Checks a backup and copies it to a folder that holds no store yet.
///
/// # Errors
/// [`MaintenanceError::Damaged`] names the first problem; then nothing was copied.
pub fn restore(from: &Path, to: &Path) -> Result<(), MaintenanceError> {
    let source = from.join(DATABASE_FILE);
    if !source.is_file() {
        return Err(MaintenanceError::NoStore);
    }
    let report = check(&schema::open_reader(&source)?, &from.join(BLOBS_FOLDER))?;
    if let Some(problem) = report.problems.into_iter().next() {
        return Err(MaintenanceError::Damaged(problem));
    }
    let target = to.join(DATABASE_FILE);
    if target.exists() {
        return Err(MaintenanceError::TargetExists);
    }
    fs::create_dir_all(to)?;
    copy_blobs(&from.join(BLOBS_FOLDER), &to.join(BLOBS_FOLDER))?;
    // The database last: a restore that was cut short has none, and is begun again.
    let partial = to.join("allod.db.partial");
    fs::copy(&source, &partial)?;
    File::open(&partial)?.sync_all()?;
    fs::rename(&partial, &target)?;
    File::open(to)?.sync_all()?;
    Ok(())
}

fn copy_blobs(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for name in blobs::names(from)? {
        let target = to.join(&name);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::copy(from.join(&name), &target) {
            Ok(_) => {
                let times = fs::metadata(from.join(&name)).and_then(|file| file.modified());
                let file = File::options().write(true).open(&target)?;
                if let Ok(time) = times {
                    file.set_modified(time)?;
                }
                file.sync_all()?;
            }
            // It went while the backup was made.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
