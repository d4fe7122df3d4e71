//! Disks that fill, folders that fail, and stores that are opened twice.

use std::sync::Arc;

use allod_server_core::contract::{hub, policy, sample_day, sample_entry, sample_log};
use allod_server_core::invite::Inviter;
use allod_server_core::{Failure, Store};
use allod_store_sqlite::{BLOBS_FOLDER, OpenError, Options, SqliteStore};
use allod_wire::account::{AccountRole, NewInvite};
use allod_wire::log::NewEntry;
use allod_wire::secrets::InviteSecret;
use allod_wire::{BlobId, Position};
use futures_executor::block_on;
use futures_util::future::join_all;
use tempfile::TempDir;

fn open(folder: &TempDir) -> SqliteStore {
    let options =
        Options { folder: folder.path().into(), hub: Arc::new(hub()), policy: policy(), page_count_max: None };
    SqliteStore::open(options).expect("it opens")
}

#[test]
fn a_full_disk_acknowledges_nothing_and_loses_nothing_and_the_store_goes_on_when_there_is_room_l_7() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let (log, key) = sample_log(&store, 1).await;
        let append = |n| store.append(log, key, sample_entry(n), sample_day(0));
        let mut acknowledged = Vec::new();
        acknowledged.push(append(0).await.unwrap());
        store.set_page_count_max(Some(120)).await.unwrap();
        let mut refused = 0;
        for round in 0..20 {
            for outcome in join_all((0..20).map(|n| append(1 + round * 20 + n))).await {
                match outcome {
                    Ok(receipt) => acknowledged.push(receipt),
                    Err(Failure::Unavailable) => refused += 1,
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
        assert!(refused > 100 && acknowledged.len() > 20, "{refused} {}", acknowledged.len());
        let page = store.read_entries(log, key, Position(0), 1_024).await.unwrap();
        let ids: Vec<_> = page.entries.iter().map(|entry| entry.new.id).collect();
        let receipts: Vec<_> = acknowledged.iter().map(|receipt| receipt.body.entry).collect();
        assert_eq!(ids, receipts, "exactly what was acknowledged is there");
        store.set_page_count_max(None).await.unwrap();
        let receipt = append(1_000).await.unwrap();
        assert_eq!(receipt.body.position, page.last.next(), "no gap");
        assert!(append(400).await.is_ok(), "who was refused asks again");
        assert_eq!(store.check().unwrap().problems, Vec::<String>::new());
    });
}

#[test]
fn a_blob_that_finds_no_room_is_unavailable_and_goes_on_later_b_3() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let (log, key) = sample_log(&store, 1).await;
        let put = || store.upload_chunk(log, key, BlobId([1; 32]), 1 << 16, 0, vec![7; 1 << 16], sample_day(0));
        // A file where the folder should be fails as a full disk does, whoever runs the test.
        let blobs = folder.path().join(BLOBS_FOLDER);
        std::fs::remove_dir(&blobs).unwrap();
        std::fs::write(&blobs, b"").unwrap();
        assert_eq!(put().await, Err(Failure::Unavailable));
        assert!(store.blob_state(log, key, BlobId([1; 32])).await.is_err(), "nothing was noted");
        std::fs::remove_file(&blobs).unwrap();
        std::fs::create_dir(&blobs).unwrap();
        assert!(put().await.is_ok());
    });
}

#[test]
fn the_same_chunk_sent_twice_at_once_is_written_once_b_3() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let (log, key) = sample_log(&store, 1).await;
        let put = || store.upload_chunk(log, key, BlobId([1; 32]), 1 << 17, 0, vec![7; 1 << 16], sample_day(0));
        let outcomes = join_all((0..8).map(|_| put())).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert_eq!(store.blob_state(log, key, BlobId([1; 32])).await.unwrap().received, 1 << 16);
    });
}

#[test]
fn more_than_the_queue_holds_is_refused_at_once_and_the_rest_is_appended() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let (log, key) = sample_log(&store, 1).await;
        let large = |n| NewEntry { payload: vec![0; 4 << 20].into(), ..sample_entry(n) };
        let outcomes = join_all((0..40).map(|n| store.append(log, key, large(n), sample_day(0)))).await;
        let (good, bad): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert!(good.len() >= 16 && bad.iter().all(|outcome| *outcome == Err(Failure::Unavailable)));
        let page = store.read_entries(log, key, Position(0), 1).await.unwrap();
        assert_eq!(page.last, Position(good.len() as u64));
        assert!(store.append(log, key, large(99), sample_day(0)).await.is_ok(), "there is room again");
    });
}

#[test]
fn the_command_line_writes_beside_the_running_server() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (server, command_line) = (open(&folder), open(&folder));
        let (log, key) = sample_log(&server, 1).await;
        let invite = |n: u8| {
            let request = NewInvite::Person { name: None, role: AccountRole::Member, uses: 1, days: 1 };
            command_line.create_invite(Inviter::Operator, request, InviteSecret([100 + n; 32]), sample_day(0))
        };
        let appends = join_all((0..50).map(|n| server.append(log, key, sample_entry(n), sample_day(0))));
        let (appends, invites) = futures_util::future::join(appends, join_all((0..20).map(invite))).await;
        assert!(appends.iter().all(Result::is_ok) && invites.iter().all(Result::is_ok));
        assert!(server.look_up_invite(InviteSecret([101; 32]), sample_day(0)).await.is_ok());
        // Even what the server has in memory is read again when somebody else has written.
        let receipt = command_line.append(log, key, sample_entry(60), sample_day(0)).await.unwrap();
        assert_eq!(receipt.body.position, Position(51));
        let receipt = server.append(log, key, sample_entry(61), sample_day(0)).await.unwrap();
        assert_eq!(receipt.body.position, Position(52));
    });
}

#[test]
fn a_file_of_a_newer_release_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder));
    let conn = rusqlite::Connection::open(folder.path().join(allod_store_sqlite::DATABASE_FILE)).unwrap();
    conn.execute_batch("PRAGMA user_version = 1000").unwrap();
    drop(conn);
    let options =
        Options { folder: folder.path().into(), hub: Arc::new(hub()), policy: policy(), page_count_max: None };
    assert!(matches!(SqliteStore::open(options), Err(OpenError::TooNew { found: 1_000, .. })));
}

#[test]
fn an_append_is_done_even_if_nobody_waits_for_it_any_more_l_4() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let (log, key) = sample_log(&store, 1).await;
        drop(store.append(log, key, sample_entry(1), sample_day(0)));
        let again = store.append(log, key, sample_entry(1), sample_day(0)).await.unwrap();
        assert_eq!(again.body.position, Position(1));
        drop(store);
        let store = open(&folder);
        assert_eq!(store.read_entries(log, key, Position(0), 9).await.unwrap().entries.len(), 1);
    });
}
