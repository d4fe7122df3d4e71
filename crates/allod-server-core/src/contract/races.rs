//! Many at once, and restarts. Spec: `spec/log.md`, rules L-3, L-4, L-5, L-7.

use std::collections::HashSet;

use allod_crypto::receipt::{first_head, next_head, verify_receipt};
use allod_wire::log::{EntryKind, NewEntry};
use allod_wire::{Commits, EntryId, Position};
use futures_util::future::join_all;

use super::Factory;
use super::world::{ADMIN, BOB, CAROL, World, commit, hub, message, numbered};
use crate::accept_entry::AppendError;
use crate::failure::Failure;

/// Rules L-3 and L-5.
pub async fn sixty_four_writers_leave_no_gap_and_one_winner_for_each_epoch_l_3_l_5<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    let writer = |writer: u8| {
        let world = &world;
        async move {
            let (mut seen, mut won) = (0, 0);
            for n in 0..8_u8 {
                let mut id = [writer; 16];
                id[0] = n;
                let entry = NewEntry { id: EntryId(id), kind: EntryKind::Commit { seen: Commits(seen) }, ..message(0) };
                match world.append(log, ADMIN, entry).await {
                    Ok(_) => (seen, won) = (seen + 1, won + 1),
                    Err(Failure::Refused(AppendError::StaleCommit { current })) => seen = current.0,
                    Err(other) => panic!("{other:?}"),
                }
                id[1] = !writer;
                world.append(log, ADMIN, NewEntry { id: EntryId(id), ..message(0) }).await.unwrap();
            }
            won
        }
    };
    let won: u64 = join_all((0..64).map(writer)).await.into_iter().sum();
    let page = world.read(log, 0).await;
    assert!(won >= 8, "in every round somebody won");
    assert_eq!((page.last, page.commits), (Position(won + 64 * 8), Commits(won)));
    let (mut head, mut commits, mut position) = (first_head(log), 0, 0);
    for entry in &page.entries {
        position += 1;
        assert_eq!(entry.position, Position(position));
        if let EntryKind::Commit { seen } = entry.new.kind {
            assert_eq!(seen, Commits(commits));
            commits += 1;
        }
        head = next_head(&head, entry);
    }
    assert_eq!(head, page.receipt.unwrap().body.head);
}

/// Rule L-2, in one group commit.
pub async fn one_refusal_among_many_fails_nobody_else_l_2<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log_of_three().await;
    let stranger = allod_wire::secrets::TokenKey([99; 32]);
    let ops = (0..60).map(|n| {
        let (by, entry) = match n % 4 {
            0 => (BOB, numbered(n)),
            1 => (stranger, numbered(n)),
            2 => (CAROL, NewEntry { payload: vec![0; 1_000].into(), ..numbered(n) }),
            _ => (BOB, NewEntry { kind: EntryKind::Commit { seen: Commits(77) }, ..numbered(n) }),
        };
        world.append(log, by, entry)
    });
    for (n, outcome) in join_all(ops).await.into_iter().enumerate() {
        assert_eq!(outcome.is_ok(), n % 4 == 0, "{n}: {outcome:?}");
    }
    assert_eq!(world.read(log, 0).await.last, Position(16));
}

/// Rule L-4.
pub async fn the_same_entry_at_once_is_appended_once_l_4<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let log = world.log().await;
    let receipts = join_all((0..32).map(|_| world.append(log, ADMIN, commit(1, 0, vec![])))).await;
    let bodies: HashSet<_> = receipts.iter().map(|receipt| receipt.as_ref().unwrap().body.head[..].to_vec()).collect();
    assert_eq!((bodies.len(), world.read(log, 0).await.last), (1, Position(1)));
    for receipt in receipts {
        assert_eq!(verify_receipt(&hub().public(), &receipt.unwrap()), Ok(()));
    }
}

/// Rule L-7: a receipt is given only when the entry is on disk.
pub async fn what_was_answered_is_there_after_a_restart_l_7<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let log = world.log_of_three().await;
    let mut receipts = Vec::new();
    for round in 0..3 {
        let ops = (0..50).map(|n| world.append(log, BOB, numbered(round * 50 + n)));
        receipts.extend(join_all(ops).await.into_iter().map(Result::unwrap));
        world.restart().await;
    }
    let page = world.read(log, 1).await;
    assert_eq!(page.entries.len(), receipts.len());
    let mut head = page.head_before;
    receipts.sort_by_key(|receipt| receipt.body.position);
    for (entry, receipt) in page.entries.iter().zip(&receipts) {
        head = next_head(&head, entry);
        assert_eq!((receipt.body.entry, receipt.body.head), (entry.new.id, head));
    }
    let again = world.append(log, BOB, numbered(0)).await.unwrap();
    assert_eq!(again.body, receipts[0].body, "a retry after the restart is the same entry");
}
