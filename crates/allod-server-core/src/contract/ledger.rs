//! The ledger, and what a witness keeps. Spec: `spec/ledger.md`.

use allod_ledger::tree::{self, Hash, stored_hash_count};
use allod_ledger::witness::Cosigned;

use super::Factory;
use crate::failure::Failure;
use crate::ledger_store::{LedgerStore, MovedError};

fn entry(n: u64) -> Vec<u8> {
    format!("statement {n}").into_bytes()
}

/// The tree that these entries have, computed without a store.
fn expected(size: u64) -> Vec<Hash> {
    let mut stored: Vec<Hash> = Vec::new();
    for n in 0..size {
        stored.extend(tree::hashes_of_next(n, &entry(n), &stored).expect("a whole tree"));
    }
    stored
}

/// Rule G-4.
pub async fn what_was_promised_is_there_after_a_restart_with_its_hashes_g_4<F: Factory>(factory: &F) {
    let place = factory.place();
    let store = factory.open(&place).await;
    assert_eq!(store.ledger_size().await, Ok(0));
    for n in 0..300 {
        assert_eq!(store.append_statement(n, entry(n)).await, Ok(()));
    }
    drop(store);
    let store = factory.open(&place).await;
    assert_eq!(store.ledger_size().await, Ok(300));
    assert_eq!(store.statements(255, 2).await, Ok(vec![entry(255), entry(256)]));
    assert_eq!(store.statements(299, 9).await, Ok(vec![entry(299)]));
    assert_eq!(store.statements(300, 9).await, Ok(vec![]));
    let stored = expected(300);
    let count = stored_hash_count(300);
    let kept = store.read_tree(move |tree| Ok(tree.read(&(0..count).collect::<Vec<_>>()))).await.unwrap();
    assert_eq!(kept, Some(stored));
    let beyond = store.read_tree(move |tree| Ok(tree.read(&[count]))).await;
    assert_eq!(beyond, Ok(None));
    assert_eq!(store.read_tree(move |tree| tree::root(301, tree)).await, Err(Failure::Broken), "not that large");
}

/// Rule G-4.
pub async fn of_two_entries_for_one_place_one_is_appended_g_4<F: Factory>(factory: &F) {
    let store = factory.open(&factory.place()).await;
    assert_eq!(store.append_statement(1, entry(1)).await, Err(Failure::Refused(MovedError::Moved)), "a gap");
    let both =
        futures_util::future::join(store.append_statement(0, entry(0)), store.append_statement(0, entry(7))).await;
    assert_eq!(both, (Ok(()), Err(Failure::Refused(MovedError::Moved))));
    assert_eq!(store.statements(0, 9).await, Ok(vec![entry(0)]));
}

/// Rule G-12.
pub async fn the_published_checkpoint_is_the_last_one_g_12<F: Factory>(factory: &F) {
    let place = factory.place();
    let store = factory.open(&place).await;
    assert_eq!(store.published_checkpoint().await, Ok(None));
    store.publish_checkpoint(b"one".to_vec()).await.unwrap();
    store.publish_checkpoint(b"two".to_vec()).await.unwrap();
    drop(store);
    assert_eq!(factory.open(&place).await.published_checkpoint().await, Ok(Some(b"two".to_vec())));
}

/// Rule G-11.
pub async fn a_witness_never_goes_back_g_11<F: Factory>(factory: &F) {
    let place = factory.place();
    let store = factory.open(&place).await;
    let origin = || "justice.example/ledger".to_owned();
    let at = |size| Cosigned { size, root: [1; 32], seconds: 1_800_000_000 + size };
    let moved = Err(Failure::Refused(MovedError::Moved));
    assert_eq!(store.keep_cosigned(origin(), Some(at(1)), at(2)).await, moved, "nothing is kept yet");
    assert_eq!(store.keep_cosigned(origin(), None, at(5)).await, Ok(()));
    assert_eq!(store.keep_cosigned(origin(), None, at(3)).await, moved);
    let both = futures_util::future::join(
        store.keep_cosigned(origin(), Some(at(5)), at(9)),
        store.keep_cosigned(origin(), Some(at(5)), at(7)),
    );
    assert_eq!(both.await, (Ok(()), moved));
    drop(store);
    let store = factory.open(&place).await;
    assert_eq!(store.cosigned(origin()).await, Ok(Some(at(9))));
    assert_eq!(store.cosigned("other.example/ledger".to_owned()).await, Ok(None));
}
