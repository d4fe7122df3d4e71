//! Logs: creation, order, receipts, pages. Spec: `spec/log.md`, `spec/token.md`.

use std::sync::{Arc, Mutex};

use allod_crypto::receipt::{first_head, next_head, verify_receipt};
use allod_wire::log::{CreateLog, EntryKind, NewEntry, TokenChange, TokenRole};
use allod_wire::secrets::{Ticket, TokenKey};
use allod_wire::{BlobId, Commits, Day, LogId, Position};

use super::Factory;
use super::world::{ADMIN, BOB, CAROL, DAY, World, commit, day, hub, message, numbered, register, revoke};
use crate::accept_entry::AppendError;
use crate::create_log::CreateLogError;
use crate::failure::Failure;
use crate::hints::Hint;
use crate::read_entries::ReadError;
use crate::store::Store;
use crate::upload_chunk::BlobReadError;

/// Rule L-1.
pub async fn a_log_made_twice_by_the_same_token_is_one_and_by_another_is_taken_l_1<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    let again = |first| world.store().create_log(log, CreateLog { ticket: Ticket([9; 32]), first }, day(0));
    assert_eq!(again(ADMIN).await, Ok(()), "although the ticket is spent");
    assert_eq!(again(BOB).await, Err(Failure::Refused(CreateLogError::Taken)));
    world.append(log, ADMIN, message(1)).await.unwrap();
    assert_eq!(again(ADMIN).await, Err(Failure::Refused(CreateLogError::Taken)));
}

/// Rules L-1 and A-5.
pub async fn a_log_costs_an_unspent_ticket_of_today_l_1_a_5<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = world.alice().await;
    let (one, two) = (world.ticket(&alice, 1).await, world.ticket(&alice, 2).await);
    let create =
        |n, ticket, days| world.store().create_log(LogId([n; 32]), CreateLog { ticket, first: ADMIN }, day(days));
    let spent = Err(Failure::Refused(CreateLogError::Spent));
    assert_eq!(create(1, Ticket([77; 32]), 0).await, spent);
    assert_eq!(create(1, one.clone(), 0).await, Ok(()));
    assert_eq!(create(2, one, 0).await, spent);
    assert_eq!(create(2, two.clone(), 8).await, spent, "its last day has passed");
    assert_eq!(create(2, two, 7).await, Ok(()));
}

/// Rule L-2.
pub async fn an_unknown_token_and_an_unknown_log_get_the_same_answer_l_2<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    for (log, key) in [(log, BOB), (LogId([8; 32]), ADMIN)] {
        let (store, blob) = (world.store(), BlobId([1; 32]));
        let refused = Err(Failure::Refused(AppendError::UnknownToken));
        assert_eq!(world.append(log, key, message(1)).await, refused);
        let read = store.read_entries(log, key, Position(0), 1).await.unwrap_err();
        assert_eq!(read, Failure::Refused(ReadError::UnknownToken));
        let moved = store.move_cursor(log, key, Position(0)).await.unwrap_err();
        assert_eq!(moved, Failure::Refused(ReadError::UnknownToken));
        let state = store.blob_state(log, key, blob).await.unwrap_err();
        assert_eq!(state, Failure::Refused(BlobReadError::UnknownToken));
        let bytes = store.read_blob(log, key, blob, 0, 1).await.unwrap_err();
        assert_eq!(bytes, Failure::Refused(BlobReadError::UnknownToken));
        let chunk = store.upload_chunk(log, key, blob, 1 << 16, 0, vec![0; 1 << 16], day(0)).await.unwrap_err();
        assert_eq!(chunk.body().code, allod_wire::ErrorCode::UnknownToken);
    }
}

/// Rule L-3.
pub async fn positions_start_at_one_and_have_no_gaps_l_3<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    for n in 1..=5 {
        let receipt = world.append(log, ADMIN, message(n)).await.unwrap();
        assert_eq!(receipt.body.position, Position(u64::from(n)));
        let _refused = world.append(log, BOB, message(100 + n)).await.unwrap_err();
    }
    let page = world.read(log, 0).await;
    let read: Vec<_> = page.entries.iter().map(|entry| (entry.position.0, entry.new.clone())).collect();
    let sent: Vec<_> = (1..=5).map(|n| (u64::from(n), message(n))).collect();
    assert_eq!(read, sent);
}

/// Rule L-4.
pub async fn a_retry_gets_the_same_receipt_and_other_content_is_refused_l_4<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    let first = world.append(log, ADMIN, message(1)).await.unwrap();
    let winner = world.append(log, ADMIN, commit(2, 0, vec![register(BOB)])).await.unwrap();
    let again = world.store().append(log, BOB, message(1), day(3)).await.unwrap();
    assert_eq!(again.body, first.body);
    assert_eq!(verify_receipt(&hub().public(), &again), Ok(()));
    let again = world.append(log, ADMIN, commit(2, 0, vec![register(BOB)])).await.unwrap();
    assert_eq!(again.body, winner.body, "a commit that won is not stale to its author");
    let others = [
        NewEntry { payload: vec![9; 1_024].into(), ..message(1) },
        NewEntry { frank: [9; 32].into(), ..message(1) },
        NewEntry { changes: vec![revoke(ADMIN)], ..message(1) },
    ];
    for other in others {
        assert_eq!(world.append(log, ADMIN, other).await, Err(Failure::Refused(AppendError::IdReused)));
    }
    assert_eq!(world.read(log, 0).await.last, Position(2));
}

/// Rule L-4.
pub async fn who_revoked_itself_still_gets_its_receipt_again_l_4<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log_of_three().await;
    let leave = NewEntry { changes: vec![revoke(BOB)], ..message(1) };
    let receipt = world.append(log, BOB, leave.clone()).await.unwrap();
    assert_eq!(world.append(log, BOB, leave.clone()).await.unwrap().body, receipt.body);
    let refused = Err(Failure::Refused(AppendError::UnknownToken));
    assert_eq!(world.append(log, BOB, message(2)).await, refused);
    assert_eq!(world.append(log, BOB, NewEntry { changes: vec![], ..leave }).await, refused);
}

/// Rule L-5.
pub async fn a_stale_commit_is_told_the_number_and_changes_nothing_l_5<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    world.append(log, ADMIN, commit(1, 0, vec![])).await.unwrap();
    world.append(log, ADMIN, commit(2, 1, vec![])).await.unwrap();
    for seen in [0, 1, 3] {
        let refused = world.append(log, ADMIN, commit(3, seen, vec![register(BOB)])).await.unwrap_err();
        assert_eq!(refused, Failure::Refused(AppendError::StaleCommit { current: Commits(2) }));
        assert_eq!(refused.body().commits, Some(Commits(2)));
    }
    let page = world.read(log, 0).await;
    assert_eq!((page.last, page.commits), (Position(2), Commits(2)));
    assert!(world.append(log, BOB, message(4)).await.is_err(), "its token change was not made");
    assert!(world.append(log, ADMIN, commit(3, 2, vec![register(BOB)])).await.is_ok());
    assert!(world.append(log, BOB, message(4)).await.is_ok(), "now it was, in the same write");
}

/// Rules L-6, L-7 and L-11.
pub async fn chain_and_receipts_verify_on_every_page_l_6_l_7_l_11<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    let mut receipts = Vec::new();
    for n in 1..=9 {
        let entry = if n % 3 == 0 { commit(n, u64::from(n) / 3 - 1, vec![register(BOB)]) } else { message(n) };
        receipts.push(world.append(log, ADMIN, entry).await.unwrap());
    }
    let (mut after, mut head) = (0, first_head(log));
    while after < 9 {
        let page = world.store().read_entries(log, ADMIN, Position(after), 4).await.unwrap();
        assert_eq!(page.head_before, head);
        for entry in &page.entries {
            head = next_head(&head, entry);
            after += 1;
            let receipt = &receipts[usize::try_from(after).unwrap() - 1];
            assert_eq!((receipt.body.head, receipt.body.position), (head, Position(after)));
            assert_eq!(verify_receipt(&hub().public(), receipt), Ok(()));
        }
        let receipt = page.receipt.expect("the page is not empty");
        assert_eq!(receipt.body, receipts[usize::try_from(after).unwrap() - 1].body);
        assert_eq!(verify_receipt(&hub().public(), &receipt), Ok(()));
    }
}

/// Rule L-8.
pub async fn a_payload_of_no_size_class_is_refused_l_8<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    for len in [0, 1, 1_023, 1_025, 3 << 10, (4 << 20) + 1, 8 << 20] {
        let entry = NewEntry { payload: vec![0; len].into(), ..message(1) };
        assert_eq!(world.append(log, ADMIN, entry).await, Err(Failure::Refused(AppendError::NotASizeClass)), "{len}");
    }
    for (n, len) in [(1, 1 << 10), (2, 8 << 10), (3, 4 << 20)] {
        let entry = NewEntry { payload: vec![n; len].into(), ..message(n) };
        assert!(world.append(log, ADMIN, entry).await.is_ok(), "{len}");
    }
}

/// Rule L-9.
pub async fn a_clock_that_goes_backwards_gives_no_earlier_day_l_9<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let log = world.log().await;
    let mut days = Vec::new();
    for (n, days_on) in [(1, 0), (2, 5), (3, 2), (4, 0), (5, 6)] {
        if n == 4 {
            world.restart().await;
        }
        let receipt = world.store().append(log, ADMIN, message(n), day(days_on)).await.unwrap();
        days.push(receipt.body.day);
    }
    assert_eq!(days, [0, 5, 5, 5, 6].map(|days| Day(DAY + days)));
}

/// Rule L-11.
pub async fn a_page_stops_at_its_limit_and_starts_anywhere_l_11<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    let empty = world.read(log, 0).await;
    assert_eq!((empty.entries.len(), &empty.receipt, empty.first), (0, &None, Position(1)));
    assert_eq!((empty.last, empty.head_before), (Position(0), first_head(log)));
    for n in 1..=5 {
        let entry = NewEntry { payload: vec![0; 2 << 20].into(), ..message(n) };
        world.append(log, ADMIN, entry).await.unwrap();
    }
    let page = |after, limit| world.store().read_entries(log, ADMIN, Position(after), limit);
    let positions = |page: allod_wire::log::EntriesPage| page.entries.iter().map(|e| e.position.0).collect::<Vec<_>>();
    assert_eq!(positions(page(0, 100).await.unwrap()), [1, 2], "bytes are bounded");
    assert_eq!(positions(page(2, 1).await.unwrap()), [3], "so is the number");
    assert_eq!(positions(page(2, 0).await.unwrap()), [3], "but a page with more to come is never empty");
    let end = page(5, 100).await.unwrap();
    assert_eq!((end.entries.len(), end.receipt, end.last), (0, None, Position(5)));
    let beyond = page(u64::MAX, 100).await.unwrap();
    assert_eq!((beyond.entries.len(), beyond.last, beyond.head_before), (0, Position(5), end.head_before));
}

/// Rule T-5.
pub async fn only_commits_change_members_and_only_administrators_others_t_5<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log_of_three().await;
    let dave = TokenKey([4; 32]);
    let admin = |key| TokenChange::Register { key, role: TokenRole::Administrator };
    let with = |n, changes| NewEntry { changes, ..message(n) };
    let refused = [
        (BOB, with(1, vec![register(dave)])),
        (ADMIN, with(1, vec![register(dave)])),
        (ADMIN, with(1, vec![revoke(BOB)])),
        (BOB, commit(1, 1, vec![revoke(CAROL)])),
        (BOB, commit(1, 1, vec![admin(dave)])),
        (BOB, commit(1, 1, vec![register(dave), revoke(ADMIN)])),
    ];
    for (by, entry) in refused {
        assert_eq!(world.append(log, by, entry).await, Err(Failure::Refused(AppendError::NotAllowed)));
    }
    world.append(log, BOB, commit(1, 1, vec![register(dave), register(ADMIN)])).await.unwrap();
    world.append(log, dave, message(2)).await.unwrap();
    world.append(log, ADMIN, commit(3, 2, vec![revoke(CAROL), admin(BOB)])).await.expect("nobody demoted ADMIN");
    assert_eq!(world.append(log, CAROL, message(4)).await, Err(Failure::Refused(AppendError::UnknownToken)));
    let read = world.store().read_entries(log, CAROL, Position(0), 1).await;
    assert_eq!(read, Err(Failure::Refused(ReadError::UnknownToken)));
    world.append(log, BOB, commit(5, 3, vec![revoke(dave)])).await.expect("BOB is an administrator now");
    world.append(log, BOB, with(6, vec![revoke(BOB)])).await.expect("anybody revokes itself");
    assert!(world.append(log, BOB, message(7)).await.is_err());
    let many = (0..=4_096_u32).map(|n| {
        let mut key = [9; 32];
        key[..4].copy_from_slice(&n.to_be_bytes());
        register(TokenKey(key))
    });
    let entry = commit(8, 4, many.collect());
    assert_eq!(world.append(log, ADMIN, entry).await, Err(Failure::Refused(AppendError::TooManyChanges)));
}

/// Rule H-4: hints.
pub async fn gateways_are_told_one_page_and_who_is_revoked_h_4<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log_of_three().await;
    let heard: Arc<Mutex<Vec<Hint>>> = Arc::default();
    let ear = Arc::clone(&heard);
    world.store().listen(Box::new(move |hints| ear.lock().unwrap().extend_from_slice(hints)));
    let sent: Vec<_> = (0..20).map(|n| world.append(log, BOB, numbered(n))).collect();
    let receipts = futures_util::future::join_all(sent).await;
    world.append(log, ADMIN, commit(1, 1, vec![revoke(BOB)])).await.unwrap();
    let _refused = world.append(log, BOB, message(2)).await.unwrap_err();
    let (mut next, mut revoked_keys) = (2, Vec::new());
    let heard = heard.lock().unwrap().clone();
    for hint in &heard {
        let Hint::Entries { log: of, page, revoked } = hint else { continue };
        assert_eq!(*of, log);
        let first = page.entries[0].position;
        let read = world.read(log, first.0 - 1).await;
        assert_eq!((first.0, page.head_before), (next, read.head_before));
        assert_eq!(page.entries[..], read.entries[..page.entries.len()]);
        let receipt = page.receipt.as_ref().unwrap();
        assert_eq!(verify_receipt(&hub().public(), receipt), Ok(()));
        let last = page.entries.last().unwrap().position;
        assert_eq!((page.last, receipt.body.position), (last, last));
        next += page.entries.len() as u64;
        revoked_keys.extend_from_slice(revoked);
    }
    assert!(receipts.iter().all(Result::is_ok));
    assert_eq!((next, revoked_keys), (23, vec![BOB]));
    let last = world.read(log, 21).await;
    assert!(matches!(last.entries[0].new.kind, EntryKind::Commit { seen: Commits(1) }));
}
