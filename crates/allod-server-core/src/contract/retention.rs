//! What goes, and what stays. Spec: `spec/log.md`, rules L-4, L-10, L-12; `spec/account.md`; `spec/inbox.md`.

use allod_crypto::receipt::{next_head, verify_receipt};
use allod_wire::blob::BlobState;
use allod_wire::log::CreateLog;
use allod_wire::secrets::Ticket;
use allod_wire::{BlobId, LogId, Position};
use futures_util::future::join_all;

use super::Factory;
use super::world::{ADMIN, BOB, CAROL, World, day, hub, message, numbered};
use crate::accept_entry::AppendError;
use crate::failure::Failure;
use crate::store::Store;
use crate::upload_chunk::BlobReadError;

/// Rule L-10.
pub async fn what_all_cursors_have_passed_goes_l_10<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let log = world.log_of_three().await;
    for n in 1..=5 {
        world.append(log, ADMIN, message(n)).await.unwrap();
    }
    let whole = world.read(log, 0).await;
    for (member, position) in [(ADMIN, 6), (BOB, 4), (CAROL, 3)] {
        world.store().move_cursor(log, member, Position(position)).await.unwrap();
    }
    world.restart().await;
    let swept = world.store().sweep(day(0)).await.unwrap();
    assert_eq!((swept.entries, swept.logs), (3, 0));
    let page = world.read(log, 0).await;
    assert_eq!((page.first, page.last), (Position(4), Position(6)), "and it says so");
    assert_eq!(page.entries[..], whole.entries[3..]);
    let head = page.entries.iter().fold(page.head_before, |head, entry| next_head(&head, entry));
    assert_eq!(head, page.receipt.unwrap().body.head, "the chain can be followed from there");
    assert_eq!(world.store().sweep(day(0)).await.unwrap().entries, 0);
    let receipt = world.append(log, BOB, message(6)).await.unwrap();
    assert_eq!(receipt.body.position, Position(7));
}

/// Rule L-10.
pub async fn a_cursor_only_grows_and_not_beyond_the_end_l_10<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    world.append(log, ADMIN, message(1)).await.unwrap();
    world.store().move_cursor(log, ADMIN, Position(u64::MAX)).await.unwrap();
    world.store().move_cursor(log, ADMIN, Position(0)).await.unwrap();
    world.append(log, ADMIN, message(2)).await.unwrap();
    world.store().sweep(day(0)).await.unwrap();
    let page = world.read(log, 0).await;
    assert_eq!((page.first, page.entries.len()), (Position(2), 1));
}

/// Rule L-10.
pub async fn entries_past_the_retention_limit_go_l_10<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    for (n, days) in [(1, 0), (2, 1), (3, 50)] {
        world.store().append(log, ADMIN, message(n), day(days)).await.unwrap();
    }
    assert_eq!(world.store().sweep(day(90)).await.unwrap().entries, 0);
    assert_eq!(world.store().sweep(day(91)).await.unwrap().entries, 1);
    assert_eq!(world.store().sweep(day(92)).await.unwrap().entries, 1);
    let page = world.read(log, 0).await;
    assert_eq!((page.first, page.entries.len()), (Position(3), 1));
}

/// Rule L-4.
pub async fn a_trimmed_log_still_knows_its_last_ids_l_4<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    let receipts = join_all((0..1_100).map(|n| world.append(log, ADMIN, numbered(n)))).await;
    world.store().move_cursor(log, ADMIN, Position(1_100)).await.unwrap();
    assert_eq!(world.store().sweep(day(0)).await.unwrap().entries, 1_100);
    let page = world.read(log, 0).await;
    assert_eq!((page.first, page.last, page.entries.len()), (Position(1_101), Position(1_100), 0));
    for n in [76, 77, 1_000, 1_099] {
        let again = world.append(log, ADMIN, numbered(n)).await.unwrap();
        assert_eq!(again.body, receipts[n as usize].as_ref().unwrap().body, "{n}");
        assert_eq!(verify_receipt(&hub().public(), &again), Ok(()));
        let other = allod_wire::log::NewEntry { frank: [9; 32].into(), ..numbered(n) };
        assert_eq!(world.append(log, ADMIN, other).await, Err(Failure::Refused(AppendError::IdReused)));
    }
    let forgotten = world.append(log, ADMIN, numbered(75)).await.unwrap();
    assert_eq!(forgotten.body.position, Position(1_101), "one that is forgotten is a new one");
    let page = world.read(log, 1_100).await;
    assert_eq!(next_head(&page.head_before, &page.entries[0]), forgotten.body.head);
}

/// Rule L-12.
pub async fn an_idle_log_goes_with_tokens_and_blobs_l_12<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let log = world.log().await;
    let alice = world.store().authenticate(super::world::session(100), day(0)).await.unwrap();
    let ticket = world.ticket(&alice, 10).await;
    let empty = LogId([8; 32]);
    world.store().create_log(empty, CreateLog { ticket, first: ADMIN }, day(0)).await.unwrap();
    world.store().append(log, ADMIN, message(1), day(1)).await.unwrap();
    let blob = BlobId([1; 32]);
    let upload = world.store().upload_chunk(log, ADMIN, blob, 1 << 16, 0, vec![0; 1 << 16], day(1)).await;
    assert!(upload.is_ok());
    let swept = world.store().sweep(day(91)).await.unwrap();
    assert_eq!((swept.logs, swept.blobs), (1, 0), "the one that nobody ever wrote to");
    let swept = world.store().sweep(day(92)).await.unwrap();
    assert_eq!((swept.logs, swept.blobs), (1, 1));
    for _ in 0..2 {
        let refused = world.append(log, ADMIN, message(2)).await;
        assert_eq!(refused, Err(Failure::Refused(AppendError::UnknownToken)));
        let state: Result<BlobState, _> = world.store().blob_state(log, ADMIN, blob).await;
        assert_eq!(state, Err(Failure::Refused(BlobReadError::UnknownToken)));
        world.restart().await;
    }
}

/// Rules A-5 and I-2.
pub async fn rights_go_after_their_last_day_a_5_i_2<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = world.alice().await;
    let tickets = (1..=3).map(|n| Ticket([n; 32])).collect();
    world.store().buy_tickets(&alice, tickets, day(0)).await.unwrap();
    assert_eq!(world.store().sweep(day(7)).await.unwrap().rights, 0);
    assert_eq!(world.store().sweep(day(8)).await.unwrap().rights, 3);
}

/// Rule L-10: a clock that is wrong for a while loses nothing.
pub async fn a_clock_that_jumps_ahead_empties_no_store_l_10<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let log = world.log().await;
    world.append(log, ADMIN, message(1)).await.unwrap();
    world.store().sweep(day(1)).await.unwrap();
    for _ in 0..3 {
        world.restart().await;
        let swept = world.store().sweep(day(5_000)).await.unwrap();
        assert_eq!((swept.logs, swept.entries), (0, 0));
    }
    world.store().sweep(day(2)).await.unwrap();
    assert_eq!(world.read(log, 0).await.entries.len(), 1);
}
