//! Blobs. Spec: `spec/blob.md`.

use allod_wire::blob::BlobState;
use allod_wire::{BlobId, Day, ErrorCode, LogId};

use super::Factory;
use super::world::{ADMIN, DAY, World, day};
use crate::failure::Failure;
use crate::store::{Outcome, Store};
use crate::upload_chunk::{BlobReadError, UploadError};

const BLOCK: usize = 64 << 10;
const BLOB: BlobId = BlobId([5; 32]);

async fn put<F: Factory>(
    world: &World<'_, F>,
    log: LogId,
    blob: BlobId,
    size: usize,
    offset: usize,
    bytes: Vec<u8>,
) -> Outcome<BlobState, UploadError> {
    world.store().upload_chunk(log, ADMIN, blob, size as u64, offset as u64, bytes, day(0)).await
}

/// Rule B-3.
pub async fn a_blob_goes_up_in_chunks_exactly_where_the_last_one_ended_b_3<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    let unknown = world.store().blob_state(log, ADMIN, BLOB).await;
    assert_eq!(unknown, Err(Failure::Refused(BlobReadError::NotFound)));
    let wrong = Err(Failure::Refused(UploadError::WrongOffset));
    assert_eq!(put(&world, log, BLOB, 4 * BLOCK, BLOCK, vec![1; BLOCK]).await, wrong);
    let state = put(&world, log, BLOB, 4 * BLOCK, 0, vec![1; BLOCK]).await.unwrap();
    assert_eq!(state, BlobState { size: 4 * BLOCK as u64, received: BLOCK as u64, expires: Day(DAY + 2) });
    for offset in [0, 2 * BLOCK, 3 * BLOCK, usize::MAX] {
        assert_eq!(put(&world, log, BLOB, 4 * BLOCK, offset, vec![9; BLOCK]).await, wrong);
    }
    assert_eq!(world.store().blob_state(log, ADMIN, BLOB).await, Ok(state));
    let read = world.store().read_blob(log, ADMIN, BLOB, 0, 1).await;
    assert_eq!(read, Err(Failure::Refused(BlobReadError::NotFound)), "not complete");
    assert_eq!(put(&world, log, BLOB, 4 * BLOCK, BLOCK, vec![2; 4 * BLOCK]).await, wrong, "beyond the end");
    let state = put(&world, log, BLOB, 4 * BLOCK, BLOCK, vec![2; 3 * BLOCK]).await.unwrap();
    assert_eq!((state.received, state.expires), (state.size, Day(DAY + 90)));
}

/// Rules B-1 and B-3.
pub async fn lengths_outside_the_classes_and_odd_chunks_are_refused_b_1_b_3<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    for (size, len, why) in [
        (0, BLOCK, UploadError::NotASizeClass),
        (3 * BLOCK, BLOCK, UploadError::NotASizeClass),
        (BLOCK / 2, BLOCK / 2, UploadError::NotASizeClass),
        (2 << 20, BLOCK, UploadError::TooLarge),
        (1 << 20, 0, UploadError::BadChunk),
        (1 << 20, BLOCK + 1, UploadError::BadChunk),
        (1 << 20, 5 << 20, UploadError::BadChunk),
    ] {
        assert_eq!(put(&world, log, BLOB, size, 0, vec![0; len]).await, Err(Failure::Refused(why)), "{size} {len}");
    }
    put(&world, log, BLOB, 2 * BLOCK, 0, vec![0; BLOCK]).await.unwrap();
    let other = put(&world, log, BLOB, 4 * BLOCK, BLOCK, vec![0; BLOCK]).await.unwrap_err();
    assert_eq!(other.body().code, ErrorCode::IdReused);
}

/// Rule B-4.
pub async fn a_complete_blob_is_read_in_ranges_and_never_changes_b_4<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    let bytes: Vec<u8> = (0..2 * BLOCK).map(|n| (n % 251) as u8).collect();
    put(&world, log, BLOB, 2 * BLOCK, 0, bytes.clone()).await.unwrap();
    let wrong = Err(Failure::Refused(UploadError::WrongOffset));
    assert_eq!(put(&world, log, BLOB, 2 * BLOCK, 0, vec![9; 2 * BLOCK]).await, wrong);
    for (offset, len) in [(0, 10), (BLOCK - 5, 10), (2 * BLOCK - 3, 10), (2 * BLOCK, 1), (0, usize::MAX)] {
        let part = world.store().read_blob(log, ADMIN, BLOB, offset as u64, len).await.unwrap();
        let end = offset.saturating_add(len).min(2 * BLOCK);
        assert_eq!((part.size, &part.bytes[..]), (2 * BLOCK as u64, &bytes[offset..end]));
    }
}

/// Rule B-5.
pub async fn the_blobs_of_a_log_have_a_quota_b_5<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    for n in 0..2 {
        put(&world, log, BlobId([n; 32]), 1 << 20, 0, vec![0; BLOCK]).await.unwrap();
    }
    let full = put(&world, log, BlobId([2; 32]), BLOCK, 0, vec![0; BLOCK]).await;
    assert_eq!(full, Err(Failure::Refused(UploadError::Full)), "a blob that is begun counts whole");
    put(&world, log, BlobId([0; 32]), 1 << 20, BLOCK, vec![0; BLOCK]).await.expect("what was begun goes on");
    world.store().sweep(day(3)).await.unwrap();
    put(&world, log, BlobId([2; 32]), BLOCK, 0, vec![0; BLOCK]).await.expect("there is room again");
}

/// Rule B-5.
pub async fn an_upload_that_stays_incomplete_goes_after_two_days_b_5<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    put(&world, log, BLOB, 2 * BLOCK, 0, vec![1; BLOCK]).await.unwrap();
    let whole = BlobId([6; 32]);
    put(&world, log, whole, BLOCK, 0, vec![1; BLOCK]).await.unwrap();
    assert_eq!(world.store().sweep(day(2)).await.unwrap().blobs, 0);
    assert_eq!(world.store().sweep(day(3)).await.unwrap().blobs, 1);
    let gone = world.store().blob_state(log, ADMIN, BLOB).await;
    assert_eq!(gone, Err(Failure::Refused(BlobReadError::NotFound)));
    assert!(world.store().read_blob(log, ADMIN, whole, 0, 1).await.is_ok());
    put(&world, log, BLOB, BLOCK, 0, vec![2; BLOCK]).await.expect("its id is free again");
    let read = world.store().read_blob(log, ADMIN, BLOB, 0, BLOCK).await.unwrap();
    assert_eq!(read.bytes, vec![2; BLOCK]);
}

/// Rule B-3: what is acknowledged is on disk.
pub async fn an_upload_goes_on_after_a_restart_b_3<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let log = world.log().await;
    let first = put(&world, log, BLOB, 2 * BLOCK, 0, vec![1; BLOCK]).await.unwrap();
    world.restart().await;
    assert_eq!(world.store().blob_state(log, ADMIN, BLOB).await, Ok(first));
    put(&world, log, BLOB, 2 * BLOCK, BLOCK, vec![2; BLOCK]).await.unwrap();
    world.restart().await;
    let read = world.store().read_blob(log, ADMIN, BLOB, 0, 2 * BLOCK).await.unwrap();
    assert_eq!(read.bytes, [vec![1; BLOCK], vec![2; BLOCK]].concat());
}
