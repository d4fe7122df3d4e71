//! Changes of the conversation: what they do, and who wins.

use super::world::*;
use crate::*;

fn remove(leaf: u32) -> Change {
    Change { remove: vec![LeafIndex(leaf)], ..Change::default() }
}

fn state(bytes: &[u8]) -> Change {
    Change { context: Some(bytes.to_vec()), ..Change::default() }
}

#[test]
fn the_loser_of_a_race_abandons_its_commit_and_makes_it_anew() {
    in_both_suites(|suite| {
        let [mut alice, mut bob, mut carol] = conversation(suite);
        let first = alice.stage(state(b"title by alice"));
        let mut dora = person(4);
        let package = dora.package(suite, 4);
        let change = Change { add: vec![package], ..Change::default() };
        let lost = bob.stage(change.clone());

        alice.confirm();
        carol.follow(&first.commit);
        assert!(matches!(carol.process(&lost.commit), Err(ProcessError::WrongEpoch { theirs: 1, ours: 2 })));
        assert!(matches!(alice.process(&lost.commit), Err(ProcessError::WrongEpoch { theirs: 1, ours: 2 })));

        bob.group.as_mut().unwrap().abandon_own_commit(&mut bob.store).unwrap();
        bob.follow(&first.commit);
        let again = bob.stage(change);
        bob.confirm();
        alice.follow(&again.commit);
        carol.follow(&again.commit);
        dora.join(&again.welcome.unwrap(), 0);
        for person in [&mut bob, &mut carol, &mut dora] {
            assert_eq!(person.agreed(), alice.agreed());
        }
        assert_eq!(dora.group().context(), b"title by alice");
        let said = dora.say("hello");
        assert_eq!((alice.read(&said), carol.read(&said)), ("hello".into(), "hello".into()));
    });
}

#[test]
fn accepting_another_s_commit_abandons_the_own_one() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let first = alice.stage(state(b"by alice"));
    bob.stage(state(b"by bob"));
    bob.follow(&first.commit);
    assert!(!bob.group().has_pending_commit());
    assert_eq!(bob.group().context(), b"by alice");
}

#[test]
fn a_commit_that_is_not_accepted_changes_nothing_and_the_next_one_counts() {
    let [mut alice, mut bob, mut carol] = conversation(Suite::Classical);
    let before = bob.agreed();
    let forbidden = carol.stage(remove(0));
    carol.group.as_mut().unwrap().abandon_own_commit(&mut carol.store).unwrap();
    for person in [&mut alice, &mut bob] {
        let Ok(Processed::Commit(staged)) = person.process(&forbidden.commit) else { panic!() };
        assert_eq!(staged.view().removed[0].member.credential, b"person 1");
    }
    assert_eq!(bob.agreed(), before);
    let allowed = alice.stage(remove(2));
    alice.confirm();
    bob.follow(&allowed.commit);
    assert_eq!(alice.agreed(), bob.agreed());
}

#[test]
fn a_staged_commit_cannot_be_accepted_in_another_epoch() {
    let [mut alice, mut bob, mut carol] = conversation(Suite::Classical);
    let one = alice.stage(state(b"one"));
    let other = carol.stage(state(b"other"));
    let Ok(Processed::Commit(late)) = bob.process(&other.commit) else { panic!() };
    bob.follow(&one.commit);
    let accepted = bob.group.as_mut().unwrap().accept(&mut bob.store, late);
    assert!(matches!(accepted, Err(CommitError::WrongEpoch)));
}

#[test]
fn the_view_of_a_commit_is_the_same_for_all_and_complete() {
    in_both_suites(|suite| {
        let [mut alice, mut bob, mut carol, dora] = conversation(suite);
        let (mut erin, mut frank) = (person(5), person(6));
        let change = Change {
            add: vec![erin.package(suite, 5), frank.package(suite, 6)],
            remove: vec![LeafIndex(1)],
            context: Some(b"new state".to_vec()),
            refresh: Refresh::KeysAndToken(token(9)),
            aad: b"head".to_vec(),
        };
        let own = carol.stage(change);
        let seen = alice.follow(&own.commit);
        let by_bob = bob.follow(&own.commit);
        assert_eq!(own.view, seen);
        assert_eq!(CommitView { removes_us: false, ..by_bob.clone() }, seen);
        assert!(by_bob.removes_us);

        assert_eq!((seen.epoch, seen.aad.as_slice()), (2, &b"head"[..]));
        assert_eq!(seen.committer.credential, b"person 3");
        let removed = &seen.removed[0];
        assert_eq!((removed.member.leaf, removed.member.token_public), (LeafIndex(1), token(2)));
        assert_eq!((removed.left, &removed.proposed_by, seen.removed.len()), (false, &None, 1));
        let updated = seen.updated.unwrap();
        assert_eq!((updated.before.token_public, updated.after.token_public), (token(3), token(9)));
        let context = seen.context.unwrap();
        assert_eq!((context.before.as_slice(), context.after.as_slice()), (STATE, &b"new state"[..]));

        let added: Vec<_> = seen.added.iter().map(|member| (member.leaf, member.token_public)).collect();
        assert_eq!(added, [(LeafIndex(1), token(5)), (LeafIndex(4), token(6))]);
        carol.confirm();
        for member in &seen.added {
            assert_eq!(carol.group().member(member.leaf).as_ref(), Some(member));
        }
        assert_eq!(alice.group().members().len(), 5);
        drop(dora);
    });
}

#[test]
fn new_keys_without_new_identity_are_no_update_to_show() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let own = alice.stage(Change { refresh: Refresh::Keys, ..Change::default() });
    assert_eq!(own.view.updated, None);
    assert!(own.welcome.is_none());
    let before = bob.agreed().3;
    bob.follow(&own.commit);
    assert_ne!(bob.agreed().3, before);
}

#[test]
fn a_renewed_credential_shows_as_an_update() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let signer = allod_crypto::identity::SigningSecret::from_seed(&[1; 32]);
    alice.device = Device::new(Box::new(signer), b"person 1, renewed".to_vec()).unwrap();
    let own = alice.stage(Change { refresh: Refresh::Keys, ..Change::default() });
    let updated = bob.follow(&own.commit).updated.unwrap();
    assert_eq!(
        (updated.before.credential, updated.after.credential),
        (b"person 1".into(), b"person 1, renewed".into())
    );
    assert_eq!(updated.before.signature_key, updated.after.signature_key);
}

#[test]
fn the_state_of_the_conversation_is_replaced_whole() {
    let [mut alice, mut bob] = conversation(Suite::HybridPq);
    let big = vec![7; 100_000];
    for bytes in [&b"second"[..], b"", &big] {
        let own = alice.stage(state(bytes));
        alice.confirm();
        bob.follow(&own.commit);
        assert_eq!((alice.group().context(), bob.group().context()), (bytes, bytes));
    }
}

#[test]
fn a_member_who_wants_to_leave_is_in_until_another_commits_it() {
    in_both_suites(|suite| {
        let [mut alice, mut bob, mut carol] = conversation(suite);
        let wish = carol.leave(LeafIndex(2));
        for person in [&mut alice, &mut bob] {
            let Ok(Processed::Leaving(leave)) = person.process(&wish) else { panic!() };
            assert_eq!((leave.sender().leaf, leave.leaving().leaf), (LeafIndex(2), LeafIndex(2)));
            person.group.as_mut().unwrap().accept_leave(&mut person.store, *leave).unwrap();
            assert!(person.group().has_pending_proposals());
            let said = person.group.as_mut().unwrap().encrypt(&mut person.store, &person.device, b"", b"x");
            assert!(matches!(said, Err(EncryptError::PendingProposals)));
        }
        let own = bob.stage(Change::default());
        bob.confirm();
        let view = alice.follow(&own.commit);
        assert!(view.removed[0].left);
        assert_eq!(view.removed[0].proposed_by.as_ref(), Some(&view.removed[0].member));
        assert!(carol.follow(&own.commit).removes_us);
        assert!(!carol.group().is_active());
        let said = alice.say("she is gone");
        assert_eq!(bob.read(&said), "she is gone");
    });
}

#[test]
fn a_member_can_wish_another_device_away_and_the_view_says_who_did() {
    let [mut alice, mut bob, mut carol] = conversation(Suite::Classical);
    let wish = carol.leave(LeafIndex(1));
    let Ok(Processed::Leaving(leave)) = alice.process(&wish) else { panic!() };
    assert_eq!((leave.sender().leaf, leave.leaving().leaf), (LeafIndex(2), LeafIndex(1)));
    alice.group.as_mut().unwrap().accept_leave(&mut alice.store, *leave).unwrap();
    let own = alice.stage(Change::default());
    let removed = &carol.follow(&own.commit).removed[0];
    assert_eq!((removed.member.leaf, removed.left), (LeafIndex(1), false));
    assert_eq!(removed.proposed_by.as_ref().unwrap().leaf, LeafIndex(2));
    assert!(matches!(bob.process(&own.commit), Err(ProcessError::InvalidCommit(_))), "bob has not seen the wish");
    assert!(matches!(carol.try_leave(LeafIndex(9)), Err(CommitError::UnknownMember)));
}

#[test]
fn a_wish_to_leave_of_an_earlier_epoch_counts_for_nothing() {
    let [mut alice, mut bob, mut carol] = conversation(Suite::Classical);
    let wish = carol.leave(LeafIndex(2));
    let Ok(Processed::Leaving(leave)) = bob.process(&wish) else { panic!() };
    let own = alice.stage(state(b"next"));
    bob.follow(&own.commit);
    let accepted = bob.group.as_mut().unwrap().accept_leave(&mut bob.store, *leave);
    assert!(matches!(accepted, Err(ProcessError::WrongEpoch { theirs: 1, ours: 2 })));
    assert!(!bob.group().has_pending_proposals());
}

#[test]
fn a_change_that_cannot_be_is_refused_by_name_and_leaves_nothing_behind() {
    let [mut alice, mut bob, mut carol] = conversation(Suite::Classical);
    let mut dora = person(4);
    let package = dora.package(Suite::Classical, 4);
    let second = dora.package(Suite::Classical, 4);
    let hybrid = dora.package(Suite::HybridPq, 4);
    let again = bob.package(Suite::Classical, 2);
    let _persisted = alice.store.take_write_set();
    let add = |add: &[&KeyPackage]| Change { add: add.iter().map(|one| (*one).clone()).collect(), ..Change::default() };
    let refused = [
        (alice.try_stage(remove(0)).unwrap_err(), Fault::NotAllowed),
        (alice.try_stage(remove(9)).unwrap_err(), Fault::Stale),
        (alice.try_stage(add(&[&package, &second])).unwrap_err(), Fault::NotAllowed),
        (alice.try_stage(add(&[&again])).unwrap_err(), Fault::NotAllowed),
        (alice.try_stage(add(&[&hybrid])).unwrap_err(), Fault::NotAllowed),
    ];
    for (error, fault) in refused {
        assert_eq!(error.fault(), fault, "{error:?}");
    }
    assert!(!alice.store.has_changes() && !alice.group().has_pending_commit());
    let none = alice.group.as_mut().unwrap().confirm_own_commit(&mut alice.store);
    assert!(matches!(none, Err(CommitError::NoPendingCommit)));

    let own = alice.stage(add(&[&package]));
    assert!(matches!(alice.try_stage(remove(1)), Err(CommitError::PendingCommit)));
    assert!(matches!(alice.try_leave(LeafIndex(0)), Err(CommitError::PendingCommit)));
    alice.confirm();
    carol.follow(&own.commit);
    bob.follow(&own.commit);
    assert_eq!(alice.agreed(), bob.agreed());
}

#[test]
fn what_is_said_while_a_commit_is_pending_is_of_the_old_epoch() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let own = alice.stage(state(b"next"));
    let said = alice.say("meanwhile");
    assert_eq!(bob.read(&said), "meanwhile");
    bob.follow(&own.commit);
    alice.confirm();
    assert_eq!(alice.agreed(), bob.agreed());
}
