//! Who reads what.

use super::world::*;
use crate::*;

#[test]
fn everybody_added_in_one_commit_reads_what_is_said_c_1_c_6() {
    in_both_suites(|suite| {
        let [mut alice, mut bob, mut carol] = conversation(suite);
        assert_eq!(alice.agreed(), bob.agreed());
        assert_eq!(alice.agreed(), carol.agreed());
        let hello = alice.say("hello");
        assert_eq!((bob.read(&hello), carol.read(&hello)), ("hello".into(), "hello".into()));
        let answer = carol.say("good morning");
        assert_eq!((alice.read(&answer), bob.read(&answer)), ("good morning".into(), "good morning".into()));
    });
}

#[test]
fn content_comes_with_its_sender_epoch_and_authenticated_data() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let said = alice.say("hello");
    let incoming = MessageIn::decode(&said).unwrap();
    assert_eq!((incoming.epoch(), incoming.kind(), incoming.is_for(&LOG)), (1, MessageKind::Content, true));
    let Ok(Processed::Content(content)) = bob.process(&said) else { panic!() };
    let expected = Content {
        sender: LeafIndex(0),
        credential: b"person 1".to_vec(),
        sender_is_still_member: true,
        epoch: 1,
        aad: b"aad".to_vec(),
        content: b"hello".to_vec(),
    };
    assert_eq!(content, expected);
}

#[test]
fn a_removed_member_cannot_read_the_next_epoch() {
    in_both_suites(|suite| {
        let [mut alice, mut bob, mut carol] = conversation(suite);
        let removal = alice.stage(Change { remove: vec![LeafIndex(2)], ..Change::default() });
        alice.confirm();
        bob.follow(&removal.commit);
        let view = carol.follow(&removal.commit);
        assert!(view.removes_us && !carol.group().is_active());

        let secret = alice.say("carol has left");
        assert_eq!(bob.read(&secret), "carol has left");
        assert!(matches!(carol.process(&secret), Err(ProcessError::Removed)));
        let said = carol.group.as_mut().unwrap().encrypt(&mut carol.store, &carol.device, b"", b"still here");
        assert!(matches!(said, Err(EncryptError::Removed)));
        assert!(matches!(carol.try_stage(Change::default()), Err(CommitError::Removed)));
        assert!(matches!(carol.group().export(&MlsStore::new(), "x", b"", 32), Err(ExportError::Removed)));
    });
}

#[test]
fn a_removed_member_who_ignores_the_removal_cannot_read_either() {
    let [mut alice, _bob, mut carol] = conversation(Suite::HybridPq);
    alice.stage(Change { remove: vec![LeafIndex(2)], ..Change::default() });
    alice.confirm();
    let secret = alice.say("carol has left");
    assert!(matches!(carol.process(&secret), Err(ProcessError::WrongEpoch { theirs: 2, ours: 1 })));
}

#[test]
fn a_newcomer_cannot_read_what_was_said_before() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let before = bob.say("before");
    let mut carol = person(3);
    let add = vec![carol.package(Suite::Classical, 3)];
    let own = alice.stage(Change { add, ..Change::default() });
    alice.confirm();
    carol.join(&own.welcome.unwrap(), 0);
    assert!(matches!(carol.process(&before), Err(ProcessError::TooOld { theirs: 1 })));
}

#[test]
fn messages_out_of_order_across_an_epoch_are_read_once_each() {
    in_both_suites(|suite| {
        let [mut alice, mut bob, mut carol] = conversation(suite);
        let [first, second, third] = ["1", "2", "3"].map(|text| alice.say(text));
        let commit = bob.stage(Change { refresh: Refresh::Keys, ..Change::default() });
        bob.confirm();
        alice.follow(&commit.commit);
        let fourth = alice.say("4");

        assert_eq!(carol.read(&third), "3");
        carol.follow(&commit.commit);
        assert_eq!(
            (carol.read(&fourth), carol.read(&first), carol.read(&second)),
            ("4".into(), "1".into(), "2".into())
        );
        for again in [&first, &second, &third, &fourth] {
            let error = carol.process(again).unwrap_err();
            assert!(matches!(error, ProcessError::Duplicate), "{error:?}");
            assert_eq!(error.fault(), Fault::Stale);
        }
    });
}

#[test]
fn content_of_five_epochs_back_is_read_and_of_six_is_not_c_9() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let messages = [alice.say("old"), alice.say("older than it was")];
    for epoch in 1..=MAX_PAST_EPOCHS + 1 {
        let commit = alice.stage(Change { refresh: Refresh::Keys, ..Change::default() });
        alice.confirm();
        bob.follow(&commit.commit);
        if epoch == MAX_PAST_EPOCHS {
            assert_eq!(bob.read(&messages[0]), "old");
        }
    }
    assert!(matches!(bob.process(&messages[1]), Err(ProcessError::TooOld { theirs: 1 })));
}

#[test]
fn the_last_words_of_a_removed_member_say_that_it_is_one() {
    let [mut alice, mut bob, mut carol] = conversation(Suite::Classical);
    let words = [carol.say("last words"), carol.say("very last words")];
    let removal = alice.stage(Change { remove: vec![LeafIndex(2)], ..Change::default() });
    bob.follow(&removal.commit);
    let Ok(Processed::Content(content)) = bob.process(&words[0]) else { panic!() };
    assert_eq!((content.credential.as_slice(), content.sender_is_still_member), (&b"person 3"[..], false));

    let mut dora = person(4);
    alice.confirm();
    let add = vec![dora.package(Suite::Classical, 4)];
    let own = alice.stage(Change { add, ..Change::default() });
    bob.follow(&own.commit);
    assert_eq!(bob.group().member(LeafIndex(2)).unwrap().credential, b"person 4");
    let Ok(Processed::Content(content)) = bob.process(&words[1]) else { panic!() };
    assert_eq!((content.credential.as_slice(), content.sender_is_still_member), (&b"person 3"[..], false));
}

#[test]
fn what_we_said_ourselves_is_known_as_our_own() {
    let [mut alice, mut bob] = conversation(Suite::HybridPq);
    let said = alice.say("hello");
    assert!(matches!(alice.process(&said), Err(ProcessError::Own)));
    let commit = alice.stage(Change::default());
    assert!(matches!(alice.process(&commit.commit), Err(ProcessError::Own)));
    alice.confirm();
    bob.follow(&commit.commit);
    assert!(matches!(alice.process(&commit.commit), Err(ProcessError::WrongEpoch { theirs: 1, ours: 2 })));
    assert_eq!(alice.agreed(), bob.agreed());
}

#[test]
fn a_message_that_was_changed_on_its_way_changes_nothing() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    let said = alice.say("hello");
    let _persisted = bob.store.take_write_set();
    for at in 0..said.len() {
        let mut changed = said.clone();
        changed[at] ^= 1;
        assert!(bob.process(&changed).is_err(), "byte {at}");
        assert!(!bob.store.has_changes(), "byte {at}");
    }
    assert_eq!(bob.read(&said), "hello");
}

#[test]
fn a_message_for_another_conversation_is_refused() {
    let [mut alice, _bob] = conversation(Suite::Classical);
    let mut carol = person(3);
    let elsewhere = LogId([0xb2; 32]);
    let mut group =
        Group::create(&mut carol.store, &carol.device, Suite::Classical, elsewhere, token(3), vec![]).unwrap();
    let said = group.encrypt(&mut carol.store, &carol.device, b"", b"hello").unwrap();
    assert!(matches!(alice.process(&said), Err(ProcessError::WrongGroup)));
}

#[test]
fn a_sender_who_skipped_too_much_is_refused() {
    let [mut alice, mut bob] = conversation(Suite::Classical);
    for _ in 0..MAX_FORWARD_DISTANCE {
        alice.say("never sent");
    }
    let within = alice.say("within");
    alice.say("never sent");
    let beyond = alice.say("beyond");
    assert!(matches!(bob.process(&beyond), Err(ProcessError::TooFarAhead)));
    assert_eq!(bob.read(&within), "within");
    assert_eq!(bob.read(&beyond), "beyond");
}

#[test]
fn members_export_the_same_secrets_and_a_component_s_only_once() {
    in_both_suites(|suite| {
        let [mut alice, mut bob] = conversation(suite);
        let export = |person: &Person, label: &str| {
            person.group.as_ref().unwrap().export(&person.store, label, b"context", 32).unwrap()
        };
        assert_eq!(export(&alice, "one"), export(&bob, "one"));
        assert_ne!(export(&alice, "one"), export(&alice, "two"));
        let too_long = alice.group.as_ref().unwrap().export(&alice.store, "one", b"", 1 << 20);
        assert!(matches!(too_long, Err(ExportError::Length)));

        let once = |person: &mut Person, component: u16| {
            person.group.as_mut().unwrap().export_once(&mut person.store, component)
        };
        let secret = once(&mut alice, 0xa112).unwrap();
        assert_eq!(secret, once(&mut bob, 0xa112).unwrap());
        assert_ne!(secret, once(&mut alice, 0xa113).unwrap());
        assert!(matches!(once(&mut alice, 0xa112), Err(ExportError::Used)));
    });
}
