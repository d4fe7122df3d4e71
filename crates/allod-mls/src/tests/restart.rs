//! What is on the disk is the whole of it: whoever starts again from the rows goes on as if nothing had happened.

use super::world::*;
use crate::*;

#[test]
fn a_restart_after_every_step_changes_nothing() {
    in_both_suites(|suite| {
        let mut alice = person(1);
        alice.create(suite);
        alice.restart();
        let mut bob = person(2);
        let mut carol = person(3);
        let add = vec![bob.package(suite, 2), carol.package(suite, 3)];
        bob.restart();
        carol.restart();

        let own = alice.stage(Change { add, ..Change::default() });
        alice.restart();
        assert!(alice.group().has_pending_commit());
        alice.confirm();
        alice.restart();
        let welcome = own.welcome.unwrap();
        bob.join(&welcome, 0);
        carol.join(&welcome, 1);
        bob.restart();
        carol.restart();
        assert_eq!(alice.agreed(), bob.agreed());

        for round in 0..3 {
            let said = alice.say("hello");
            alice.restart();
            let late = alice.say("late");
            alice.restart();
            assert_eq!(bob.read(&said), "hello");
            bob.restart();
            assert!(matches!(bob.process(&said), Err(ProcessError::Duplicate)));

            let lost = bob.stage(Change { context: Some(vec![round]), ..Change::default() });
            bob.restart();
            let won = carol.stage(Change { refresh: Refresh::KeysAndToken(token(10 + round)), ..Change::default() });
            carol.confirm();
            carol.restart();
            bob.group.as_mut().unwrap().abandon_own_commit(&mut bob.store).unwrap();
            bob.restart();
            for person in [&mut alice, &mut bob] {
                let view = person.follow(&won.commit);
                assert_eq!(view.updated.unwrap().after.token_public, token(10 + round));
                person.restart();
            }
            assert!(matches!(alice.process(&lost.commit), Err(ProcessError::WrongEpoch { .. })));
            assert_eq!((bob.read(&late), carol.read(&late)), ("late".into(), "late".into()));
            bob.restart();
            assert_eq!(alice.agreed(), bob.agreed());
            assert_eq!(alice.agreed(), carol.agreed());
        }

        let wish = carol.leave(LeafIndex(2));
        carol.restart();
        for person in [&mut alice, &mut bob] {
            let Ok(Processed::Leaving(leave)) = person.process(&wish) else { panic!() };
            person.group.as_mut().unwrap().accept_leave(&mut person.store, *leave).unwrap();
            person.restart();
            assert!(person.group().has_pending_proposals());
        }
        let own = bob.stage(Change::default());
        bob.restart();
        bob.confirm();
        bob.restart();
        alice.follow(&own.commit);
        assert!(carol.follow(&own.commit).removes_us);
        carol.restart();
        assert!(!carol.group().is_active());
        alice.restart();
        assert_eq!(alice.agreed(), bob.agreed());
        assert!(!alice.group().has_pending_proposals());
    });
}

#[test]
fn a_commit_whose_acceptance_was_not_persisted_is_processed_again() {
    let [mut alice, mut bob] = conversation(Suite::HybridPq);
    bob.restart();
    let own = alice.stage(Change { context: Some(b"next".to_vec()), ..Change::default() });
    alice.confirm();
    bob.follow(&own.commit);
    bob.store = MlsStore::from_rows(bob.disk.clone()); // The crash: nothing was taken.
    bob.group = Group::load(&bob.store, &LOG).unwrap();
    bob.follow(&own.commit);
    bob.restart();
    assert_eq!(alice.agreed(), bob.agreed());
}

#[test]
fn rows_do_not_pile_up_with_the_epochs() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let mut counts = Vec::new();
    for _ in 0..3 * MAX_PAST_EPOCHS {
        let own = alice.stage(Change { refresh: Refresh::Keys, ..Change::default() });
        alice.confirm();
        bob.follow(&own.commit);
        counts.push((alice.store.to_rows().len(), bob.store.to_rows().len()));
    }
    assert_eq!(counts[MAX_PAST_EPOCHS], counts[3 * MAX_PAST_EPOCHS - 1]);
}

#[test]
fn a_group_that_was_forgotten_is_loaded_from_its_rows_alone() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    bob.restart();
    let prefix = MlsStore::group_prefix(&LOG);
    bob.group = None;
    assert!(bob.store.forget_group(&LOG));
    assert!(Group::load(&bob.store, &LOG).unwrap().is_none());
    bob.store.insert_rows(bob.disk.clone().into_iter().filter(|(key, _)| key.starts_with(&prefix)));
    bob.group = Group::load(&bob.store, &LOG).unwrap();
    let said = alice.say("hello");
    assert_eq!(bob.read(&said), "hello");
}

#[test]
fn a_damaged_row_is_named_and_not_a_panic() {
    let [mut alice] = conversation(Suite::Classical);
    alice.restart();
    for key in alice.disk.keys() {
        for damage in [&[][..], &[0xff], &[0xa0], &[0x9b; 12]] {
            let mut rows = alice.disk.clone();
            rows.insert(key.clone(), damage.to_vec());
            let loaded = Group::load(&MlsStore::from_rows(rows), &LOG);
            assert!(!matches!(loaded, Ok(Some(_))) || key.len() > prefix_len(), "{key:?}");
        }
    }
}

/// Length of the key of a row that every group needs.
fn prefix_len() -> usize {
    MlsStore::group_prefix(&LOG).len() + 1
}
