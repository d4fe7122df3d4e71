//! Coming in, and coming back.

use super::world::*;
use crate::*;

fn added(suite: Suite) -> (Person, Person, OwnCommit) {
    let [mut alice] = conversation(suite);
    let mut bob = person(2);
    let add = vec![bob.package(suite, 2)];
    let own = alice.stage(Change { add, ..Change::default() });
    alice.confirm();
    (alice, bob, own)
}

fn join(person: &mut Person, shared: &[u8], own: &[u8]) -> Result<Joined, JoinError> {
    Group::join(&mut person.store, LOG, shared, own, IfMember::Refuse)
}

#[test]
fn a_newcomer_learns_who_brought_it_in_and_with_which_key_package() {
    in_both_suites(|suite| {
        let (mut alice, mut bob, own) = added(suite);
        let welcome = own.welcome.unwrap();
        assert_eq!(WelcomeParts::reference_of(&welcome.own[0].1).unwrap(), welcome.own[0].0);
        let entered = bob.join(&welcome, 0);
        assert_eq!((entered.added_by, &entered.reference), (LeafIndex(0), &welcome.own[0].0));
        assert_eq!(bob.agreed(), alice.agreed());
        assert_eq!((bob.group().own_leaf(), bob.group().log_id(), bob.group().suite()), (LeafIndex(1), LOG, suite));
        assert_eq!(bob.group().context(), STATE);
    });
}

#[test]
fn the_shared_part_is_one_for_all_and_opens_only_with_an_own_part() {
    let mut alice = person(1);
    alice.create(Suite::Classical);
    let mut people: Vec<_> = (2..=9).map(person).collect();
    let add = people.iter_mut().map(|one| one.package(Suite::Classical, 2)).collect();
    let welcome = alice.stage(Change { add, ..Change::default() }).welcome.unwrap();
    assert_eq!(welcome.own.len(), 8);
    assert!(welcome.own.iter().all(|(_, own)| own.len() < 300), "an own part does not grow with the group");
    for (n, person) in people.iter_mut().enumerate() {
        let other = &welcome.own[(n + 1) % 8].1;
        assert!(matches!(join(person, &welcome.shared, other), Err(JoinError::UnknownKeyPackage)));
        person.join(&welcome, n);
    }
}

#[test]
fn a_key_package_is_used_once_and_a_last_resort_more_often() {
    let (_alice, mut bob, own) = added(Suite::Classical);
    let welcome = own.welcome.unwrap();
    assert!(bob.store.has_key_package(&welcome.own[0].0));
    bob.join(&welcome, 0);
    assert!(!bob.store.has_key_package(&welcome.own[0].0));
    let again = join(&mut bob, &welcome.shared, &welcome.own[0].1);
    assert!(matches!(again, Err(JoinError::UnknownKeyPackage)));

    let mut carol = person(3);
    let new = carol.device.key_package(&mut carol.store, Suite::Classical, token(3), true).unwrap();
    for _ in 0..2 {
        let mut alice = person(1);
        alice.create(Suite::Classical);
        let package = KeyPackageIn::decode(&new.bytes).unwrap().validate(Suite::Classical).unwrap();
        assert!(package.last_resort);
        let own = alice.stage(Change { add: vec![package], ..Change::default() });
        carol.join(&own.welcome.unwrap(), 0).reference.eq(&new.reference).then_some(()).unwrap();
        carol.group.take().unwrap().delete(&mut carol.store).unwrap();
    }
    carol.store.delete_key_package(&new.reference).unwrap();
    assert!(!carol.store.has_key_package(&new.reference));
}

#[test]
fn a_welcome_that_fails_uses_up_nothing() {
    let (_alice, mut bob, own) = added(Suite::HybridPq);
    let welcome = own.welcome.unwrap();
    let _persisted = bob.store.take_write_set();
    let mut changed = welcome.shared.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(join(&mut bob, &changed, &welcome.own[0].1), Err(JoinError::Invalid(_))));
    let elsewhere =
        Group::join(&mut bob.store, LogId([0xb2; 32]), &welcome.shared, &welcome.own[0].1, IfMember::Refuse);
    assert!(matches!(elsewhere, Err(JoinError::WrongLog)));
    assert!(!bob.store.has_changes());
    bob.join(&welcome, 0);
}

#[test]
fn a_forged_welcome_cannot_replace_a_conversation_that_works() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let mut mallory = person(6);
    mallory.create(Suite::Classical);
    let add = vec![bob.package(Suite::Classical, 2)];
    let forged = mallory.stage(Change { add, ..Change::default() }).welcome.unwrap();
    let joined = join(&mut bob, &forged.shared, &forged.own[0].1);
    assert!(matches!(joined, Err(JoinError::AlreadyMember)));
    let said = alice.say("still here");
    assert_eq!(bob.read(&said), "still here");
}

#[test]
fn a_device_that_lost_its_place_is_put_back_in_by_one_commit() {
    in_both_suites(|suite| {
        let [mut alice, mut bob, mut carol] = conversation(suite);
        let missed = alice.stage(Change { refresh: Refresh::Keys, ..Change::default() });
        alice.confirm();
        carol.follow(&missed.commit);
        let old = bob.group().member(LeafIndex(1)).unwrap();

        let package = bob.package(suite, 7);
        assert_eq!((&package.credential, &package.signature_key), (&old.credential, &old.signature_key));
        let change = Change { add: vec![package], remove: vec![LeafIndex(1)], ..Change::default() };
        let own = carol.stage(change);
        carol.confirm();
        let view = alice.follow(&own.commit);
        assert_eq!((view.removed[0].member.token_public, view.added[0].token_public), (token(2), token(7)));
        assert_eq!(view.added[0].leaf, LeafIndex(1));

        let welcome = own.welcome.unwrap();
        let (_, part) = &welcome.own[0];
        let rows_before = bob.store.to_rows().len();
        let joined = Group::join(&mut bob.store, LOG, &welcome.shared, part, IfMember::Replace).unwrap();
        bob.group = Some(joined.group);
        assert!(bob.store.to_rows().len() <= rows_before, "nothing of the old place stays");
        assert_eq!(bob.agreed(), alice.agreed());
        let said = bob.say("back again");
        assert_eq!((alice.read(&said), carol.read(&said)), ("back again".into(), "back again".into()));
    });
}

#[test]
fn a_member_who_was_removed_can_be_added_again() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let removal = alice.stage(Change { remove: vec![LeafIndex(1)], ..Change::default() });
    alice.confirm();
    bob.follow(&removal.commit);
    let add = vec![bob.package(Suite::Classical, 8)];
    let own = alice.stage(Change { add, ..Change::default() });
    alice.confirm();
    bob.join(&own.welcome.unwrap(), 0);
    assert_eq!(bob.agreed(), alice.agreed());
}

#[test]
fn a_deleted_conversation_leaves_no_row() {
    let [_alice, mut bob] = conversation(Suite::Classical);
    let persisted = bob.store.take_write_set();
    bob.group.take().unwrap().delete(&mut bob.store).unwrap();
    assert!(bob.store.to_rows().iter().all(|(key, _)| !key.starts_with(&MlsStore::group_prefix(&LOG))));
    let of_group = persisted.puts.iter().filter(|(key, _)| key.starts_with(&MlsStore::group_prefix(&LOG))).count();
    assert_eq!(bob.store.take_write_set().deletes.len(), of_group);
    assert!(Group::load(&bob.store, &LOG).unwrap().is_none());
}

#[test]
fn a_conversation_is_created_once() {
    let [mut alice] = conversation(Suite::Classical);
    let _persisted = alice.store.take_write_set();
    let again = Group::create(&mut alice.store, &alice.device, Suite::HybridPq, LOG, token(1), vec![]);
    assert!(matches!(again, Err(CreateGroupError::Exists)));
    assert!(!alice.store.has_changes());
}

#[test]
fn a_key_package_for_the_other_suite_is_refused() {
    let mut bob = person(2);
    let new = bob.device.key_package(&mut bob.store, Suite::HybridPq, token(2), false).unwrap();
    let refused = KeyPackageIn::decode(&new.bytes).unwrap().validate(Suite::Classical).unwrap_err();
    assert!(matches!(refused, KeyPackageError::WrongSuite { expected: Suite::Classical }));
}

#[test]
fn a_key_package_that_was_changed_on_its_way_is_refused() {
    let mut bob = person(2);
    let new = bob.device.key_package(&mut bob.store, Suite::Classical, token(2), false).unwrap();
    for at in 0..new.bytes.len() {
        let mut changed = new.bytes.clone();
        changed[at] ^= 1;
        let read = KeyPackageIn::decode(&changed).and_then(|package| package.validate(Suite::Classical));
        assert!(read.is_err(), "byte {at}");
    }
}
