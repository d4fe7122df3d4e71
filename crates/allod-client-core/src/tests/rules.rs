use crate::create::New;
use crate::effect::Event;
use crate::error::{AddFailure, CoreError};
use crate::testing::World;
use crate::view::State;
use allod_wire::log::EntryKind;

#[test]
fn a_conversation_is_one_group_under_the_log_s_id_in_the_post_quantum_suite_c_1() {
    let mut world = World::seeded(70);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    for who in [alice, bob] {
        let group = world.core(who).conversations[&talk].group.as_ref().unwrap();
        assert_eq!((group.log_id(), group.suite()), (talk, allod_mls::Suite::HybridPq));
    }
}

#[test]
fn all_people_come_in_with_one_commit_c_6() {
    let mut world = World::seeded(71);
    let [alice, bob, carol, dave] = world.people(["alice", "bob", "carol", "dave"]);
    let talk = world.conversation(alice, [bob, carol, dave]);
    assert_eq!(world.hub.logs[&talk].entries.len(), 1);
    assert_eq!(world.readers(dave, talk), ["alice:1", "bob:1", "carol:1", "dave:1"]);
}

#[test]
fn more_people_than_fit_into_a_commit_come_in_with_several_whatever_crashes_c_6() {
    for crash in [None, Some(1), Some(4), Some(9), Some(16)] {
        let mut world = World::seeded(73);
        let [alice, bob, carol, dave, erin] = world.people(["alice", "bob", "carol", "dave", "erin"]);
        world.core(alice).additions_max = 2;
        let people = [bob, carol, dave, erin].map(|who| world.address(who)).to_vec();
        let talk = world.start(alice, New::Group { title: "Plan".into(), people });
        if let Some(effects) = crash {
            world.crash_after(alice, effects);
        }
        world.run_until_quiet();
        world.has_crashed(alice);
        world.say(alice, talk, "all here");
        world.run_until_quiet();
        for who in [bob, carol, dave, erin] {
            assert_eq!(world.readers(who, talk), ["alice:1", "bob:1", "carol:1", "dave:1", "erin:1"]);
            assert_eq!(world.read_by(who, talk), ["all here"]);
        }
        if crash.is_none() {
            let entries = world.hub.logs[&talk].entries.iter();
            let commits = entries.filter(|entry| matches!(entry.new.kind, EntryKind::Commit { .. }));
            assert_eq!(commits.count(), 2);
        }
    }
}

#[test]
fn a_message_of_an_earlier_epoch_is_shown_if_its_author_is_still_a_member_c_9() {
    let mut world = World::seeded(72);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    let before = world.hub.logs[&talk].clone();
    let bobs_key = world.core(bob).conversations.get_mut(&talk).unwrap().token().unwrap();
    let carols_key = world.core(carol).conversations.get_mut(&talk).unwrap().token().unwrap();
    let keys = [bobs_key, carols_key].map(|token| allod_crypto::token::key_of_token(&token).unwrap());
    // Two messages of the first epoch are held up on their way.
    world.go_offline(alice);
    world.say(bob, talk, "late");
    world.say(carol, talk, "too late");
    let mut late: Vec<_> = world.hub.logs[&talk].entries.iter().map(|entry| entry.new.clone()).collect();
    late.drain(..1);
    world.go_offline(bob);
    world.go_offline(carol);
    world.hub.logs.insert(talk, before);
    world.go_online(alice);
    world.act(alice, |core, now, rng| core.rename(talk, "New", now, rng)).unwrap();
    let now = world.now;
    world.hub.append(talk, keys[0], late[0].clone(), now).unwrap();
    world.run_until_quiet();
    assert_eq!(world.read_by(alice, talk), ["late"]);
    world.hub.append(talk, keys[1], late[1].clone(), now).unwrap();
    world.run_until_quiet();
    // Carol had seen "late" in another place of the log: that is a fork, and alice is told.
    assert_eq!(world.core(alice).conversation(talk).unwrap().state, State::Forked);
}

#[test]
fn another_identity_under_a_known_name_is_a_warning_and_is_not_added_silently_c_12() {
    let mut world = World::seeded(73);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    let address = world.address(bob);
    world.hub.remove_user(&address.name);
    let [new_bob] = world.people(["bob"]);

    let group = world.start(alice, New::Group { title: "Other".into(), people: vec![address.clone()] });
    world.run_until_quiet();
    let events = world.events(alice);
    assert!(events.contains(&Event::IdentityChanged { person: address.clone(), verified: false }));
    let why = AddFailure::IdentityChanged;
    assert!(events.contains(&Event::CouldNotAdd { log: group, person: address.clone(), why }));
    assert_eq!(world.readers(alice, group), ["alice:1"]);
    let again = world.act(alice, |core, now, rng| core.add_people(group, vec![address.clone()], now, rng));
    assert_eq!(again, Err(CoreError::IdentityChanged));

    world.act(alice, |core, now, _| core.accept_identity(&address, now)).unwrap();
    world.act(alice, |core, now, rng| core.add_people(group, vec![address.clone()], now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.readers(new_bob, group), ["alice:1", "bob:1"]);
    // Where the old identity still reads, that is what is marked.
    let readers = world.core(alice).readers(talk).unwrap();
    assert!(readers.people.iter().any(|person| person.address == address && person.identity_changed));
}

#[test]
fn key_packages_and_tickets_are_kept_in_stock() {
    let mut world = World::seeded(74);
    let [alice, bob] = world.people(["alice", "bob"]);
    // More conversations than there are one-time key packages: the last resort and refilling carry them.
    for _ in 0..25 {
        let address = world.address(bob);
        world.start(alice, New::Group { title: "One of many".into(), people: vec![address] });
        world.run_until_quiet();
    }
    assert_eq!(world.core(bob).conversations().len(), 25);
    assert!(world.core(bob).conversations().iter().all(|one| one.people_count == 2));
}

#[test]
fn a_conversation_that_one_was_removed_from_can_be_entered_again_and_forgotten() {
    let mut world = World::seeded(75);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.conversation(alice, [bob]);
    world.say(alice, talk, "first time");
    world.run_until_quiet();
    world.remove(alice, talk, bob);
    assert_eq!(world.core(bob).conversation(talk).unwrap().state, State::Removed);
    let address = world.address(bob);
    world.act(alice, |core, now, rng| core.add_people(talk, vec![address], now, rng)).unwrap();
    world.run_until_quiet();
    world.say(alice, talk, "second time");
    world.run_until_quiet();
    assert_eq!(world.read_by(bob, talk), ["first time", "second time"]);

    assert_eq!(world.act(bob, |core, _, _| core.forget_conversation(talk)), Err(CoreError::NotAllowed));
    world.remove(alice, talk, bob);
    world.act(bob, |core, _, _| core.forget_conversation(talk)).unwrap();
    world.crash(bob);
    assert_eq!(world.core(bob).conversation(talk), None);
}
