//! Backup, restore and check.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use allod_server_core::Store;
use allod_server_core::contract::{hub, policy, sample_day, sample_entry, sample_log};
use allod_store_sqlite::{BLOBS_FOLDER, CheckReport, DATABASE_FILE, MaintenanceError, Options, SqliteStore, restore};
use allod_wire::secrets::TokenKey;
use allod_wire::{BlobId, LogId, Position};
use futures_executor::block_on;
use futures_util::future::{join, join_all};
use rusqlite::Connection;

fn open(folder: &Path) -> SqliteStore {
    let options = Options { folder: folder.into(), hub: Arc::new(hub()), policy: policy(), page_count_max: None };
    SqliteStore::open(options).expect("it opens")
}

const BLOB: BlobId = BlobId([1; 32]);

/// A store with a log of ten entries and a blob.
async fn filled(store: &SqliteStore) -> (LogId, TokenKey) {
    let (log, key) = sample_log(store, 1).await;
    for n in 0..10 {
        store.append(log, key, sample_entry(n), sample_day(0)).await.unwrap();
    }
    store.upload_chunk(log, key, BLOB, 1 << 16, 0, vec![5; 1 << 16], sample_day(0)).await.unwrap();
    (log, key)
}

#[test]
fn a_backup_made_while_the_store_is_used_is_restored_whole() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to, back] = ["from", "backup", "back"].map(|name| folder.path().join(name));
    let store = open(&from);
    block_on(async {
        let (log, key) = filled(&store).await;
        let (other, target) = (store.clone(), to.clone());
        let backup = std::thread::spawn(move || other.backup(&target));
        let appends = join_all((100..300).map(|n| store.append(log, key, sample_entry(n), sample_day(0))));
        let (appends, ()) = join(appends, async {}).await;
        assert!(appends.iter().all(Result::is_ok));
        backup.join().unwrap().unwrap();
        restore(&to, &back).unwrap();
        let restored = open(&back);
        let page = restored.read_entries(log, key, Position(0), 1_024).await.unwrap();
        assert!(page.entries.len() >= 10);
        let original = store.read_entries(log, key, Position(0), 1_024).await.unwrap();
        assert_eq!(page.entries[..], original.entries[..page.entries.len()]);
        assert_eq!(restored.read_blob(log, key, BLOB, 0, 1 << 16).await.unwrap().bytes, vec![5; 1 << 16]);
        let report = restored.check().unwrap();
        let entries = page.entries.len() as u64;
        assert_eq!(report, CheckReport { logs: 1, entries, blobs: 1, problems: vec![] });
    });
}

#[test]
fn nothing_is_overwritten_by_a_backup_or_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to] = ["from", "backup"].map(|name| folder.path().join(name));
    let store = open(&from);
    store.backup(&to).unwrap();
    assert!(matches!(store.backup(&to), Err(MaintenanceError::TargetExists)));
    assert!(matches!(restore(&to, &from), Err(MaintenanceError::TargetExists)));
    let nowhere = folder.path().join("nowhere");
    assert!(matches!(restore(&nowhere, &folder.path().join("new")), Err(MaintenanceError::NoStore)));
}

#[test]
fn a_changed_entry_a_missing_entry_and_a_missing_blob_are_found_l_6() {
    let changes = [
        ("UPDATE entries SET payload = randomblob(1024) WHERE seq & 4294967295 = 5", "chain"),
        ("DELETE FROM entries WHERE seq & 4294967295 = 5", "chain"),
        ("UPDATE entries SET day = day + 1 WHERE seq & 4294967295 = 5", "chain"),
        ("UPDATE logs SET first = 500", "starts from"),
        ("UPDATE blobs SET received = size + 1", "blobs"),
    ];
    for (change, word) in changes {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "backup"].map(|name| folder.path().join(name));
        let store = open(&from);
        block_on(filled(&store));
        store.backup(&to).unwrap();
        let conn = Connection::open(to.join(DATABASE_FILE)).unwrap();
        assert_ne!(conn.execute(change, []).unwrap(), 0);
        drop(conn);
        let refused = restore(&to, &folder.path().join("back")).unwrap_err();
        assert!(matches!(&refused, MaintenanceError::Damaged(_)), "{change}: {refused}");
        drop(store);
        fs::remove_dir_all(&from).unwrap();
        fs::rename(&to, &from).unwrap();
        let problems = open(&from).check().unwrap().problems;
        assert_eq!(problems.len(), 1, "{change}: {problems:?}");
        assert!(problems[0].contains(word) || word == "starts from", "{change}: {problems:?}");
    }
}

#[test]
fn files_that_belong_to_no_blob_go_with_the_next_sweep_b_5() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    block_on(async {
        let (log, key) = filled(&store).await;
        let orphan = folder.path().join(BLOBS_FOLDER).join("ab");
        fs::create_dir_all(&orphan).unwrap();
        fs::write(orphan.join("cd"), b"left behind by a crash").unwrap();
        store.sweep(sample_day(0)).await.unwrap();
        assert!(!orphan.join("cd").exists());
        assert!(store.read_blob(log, key, BLOB, 0, 1).await.is_ok(), "and no other");
    });
}

#[test]
fn a_copy_taken_in_the_middle_of_writing_holds_all_that_was_acknowledged_l_7() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to] = ["from", "copy"].map(|name| folder.path().join(name));
    let store = open(&from);
    block_on(async {
        let (log, key) = filled(&store).await;
        let acknowledged = store.append(log, key, sample_entry(50), sample_day(0)).await.unwrap();
        // What a crash leaves: the file and SQLite's log, unclosed.
        fs::create_dir_all(&to).unwrap();
        for name in [DATABASE_FILE, "allod.db-wal"] {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
        let copy = open(&to);
        let page = copy.read_entries(log, key, Position(10), 9).await.unwrap();
        assert_eq!(page.receipt.unwrap().body, acknowledged.body);
    });
}
