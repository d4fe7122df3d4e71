//! What the files of a store tell whoever takes them away: no secrets (rule A-2), no time finer than a day (rule L-9), no order
//! across logs. And what is deleted is gone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use allod_server_core::Store;
use allod_server_core::contract::{hub, policy, sample_day, sample_entry, sample_log};
use allod_store_sqlite::{BLOBS_FOLDER, DATABASE_FILE, Options, SqliteStore};
use allod_wire::log::NewEntry;
use allod_wire::{BlobId, Position, UnixMillis};
use futures_executor::block_on;
use rusqlite::Connection;
use tempfile::TempDir;

fn open(folder: &TempDir) -> SqliteStore {
    let options =
        Options { folder: folder.path().into(), hub: Arc::new(hub()), policy: policy(), page_count_max: None };
    SqliteStore::open(options).expect("it opens")
}

fn tables(conn: &Connection) -> Vec<(String, bool, bool)> {
    let mut statement = conn.prepare("SELECT name, wr, strict FROM pragma_table_list WHERE type = 'table'").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().map(Result::unwrap).filter(|(name, ..)| !name.starts_with("sqlite_")).collect()
}

#[test]
fn no_table_orders_its_rows_by_arrival() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let logs: Vec<_> = block_on(async {
        let mut logs = Vec::new();
        for n in [3, 1, 2] {
            logs.push(sample_log(&store, n).await);
        }
        for n in 0..6 {
            let (log, key) = logs[n as usize % 3];
            store.append(log, key, sample_entry(n), sample_day(0)).await.unwrap();
        }
        logs
    });
    drop(store);
    let conn = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    for (name, without_rowid, strict) in tables(&conn) {
        assert!(strict, "{name}");
        let is_public = name == "ledger" || name == "ledger_hashes";
        assert!(without_rowid || is_public || name == "entries", "{name} keeps the order in which rows came");
    }
    let mut statement = conn.prepare("SELECT seq >> 32, seq & 4294967295 FROM entries ORDER BY seq").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u64>(1)?))).unwrap();
    let rows: Vec<_> = rows.map(Result::unwrap).collect();
    let places: Vec<_> = rows.iter().map(|(_, position)| *position).collect();
    assert_eq!(places, [1, 2, 1, 2, 1, 2], "an entry's row id is its place in its own log");
    assert_eq!(logs.len(), 3);
}

#[test]
fn no_number_in_the_database_is_a_time_finer_than_a_day_l_9() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    // 20,000 days, 12 hours, 34 minutes, 56.789 seconds.
    let now = UnixMillis(sample_day(0).0 + 2_096_789);
    block_on(async {
        let (log, key) = sample_log(&store, 1).await;
        store.append(log, key, sample_entry(1), now).await.unwrap();
        store.upload_chunk(log, key, BlobId([1; 32]), 1 << 16, 0, vec![0; 1 << 16], now).await.unwrap();
    });
    drop(store);
    let conn = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    for (table, ..) in tables(&conn) {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let names: Vec<String> = statement.column_names().into_iter().map(Into::into).collect();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (index, name) in names.iter().enumerate() {
                let rusqlite::types::ValueRef::Integer(number) = row.get_ref(index).unwrap() else { continue };
                let place = name == "seq" || name == "slot";
                assert!(place || number < 100_000, "{table}.{name} = {number} is finer than a day");
            }
        }
    }
}

#[test]
fn a_blobs_file_says_neither_whose_it_is_nor_when_in_the_day_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let now = UnixMillis(sample_day(0).0 + 2_096_789);
    let log = block_on(async {
        let (log, key) = sample_log(&store, 1).await;
        store.upload_chunk(log, key, BlobId([0xab; 32]), 1 << 16, 0, vec![0; 1 << 16], now).await.unwrap();
        log
    });
    let files = files(&folder.path().join(BLOBS_FOLDER));
    let [file] = &files[..] else { panic!("{files:?}") };
    assert!(!file.contains("abababab") && !file.contains(&log.to_string()));
    let path = folder.path().join(BLOBS_FOLDER).join(file);
    for path in [path.as_path(), path.parent().unwrap()] {
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        let secs = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!((secs % 86_400, secs / 86_400), (0, 20_001), "midnight at the end of the day");
    }
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

fn files(folder: &Path) -> Vec<String> {
    let folders = fs::read_dir(folder).unwrap().map(|folder| folder.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    files.map(|file| file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn bearer_secrets_are_nowhere_in_the_files_a_2() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    // The sample's invitation, session and ticket are all 32 times this byte, and the log's id is 32 times another.
    block_on(sample_log(&store, 0xd7));
    drop(store);
    let bytes = fs::read(folder.path().join(DATABASE_FILE)).unwrap();
    let holds = |value: [u8; 32]| bytes.windows(32).any(|window| window == value);
    assert_eq!((holds([0xd7; 32]), holds([0xd7 ^ 0x55; 32])), (false, true), "no secret, but the log's id");
}

#[test]
fn what_goes_is_overwritten_on_disk_l_10() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let canary = *b"CANARY-OF-A-PAYLOAD-THAT-MUST-GO";
    let held = || {
        let files = [DATABASE_FILE, "allod.db-wal"].map(|name| fs::read(folder.path().join(name)).unwrap_or_default());
        files.iter().any(|bytes| bytes.windows(32).any(|window| *window == canary))
    };
    block_on(async {
        let (log, key) = sample_log(&store, 1).await;
        let mut payload = vec![0; 1_024];
        payload[500..532].copy_from_slice(&canary);
        let entry = NewEntry { payload: payload.into(), ..sample_entry(1) };
        store.append(log, key, entry, sample_day(0)).await.unwrap();
        assert!(held());
        store.move_cursor(log, key, Position(1)).await.unwrap();
        assert_eq!(store.sweep(sample_day(0)).await.unwrap().entries, 1);
        // The writer takes one command after the other: when this is answered, it has made its checkpoint.
        store.append(log, key, sample_entry(2), sample_day(0)).await.unwrap();
        assert!(!held());
    });
}
