use allod_wire::account::DeviceClass;

use crate::effect::Event;
use crate::message::SystemEvent;
use crate::testing::World;
use crate::view::State;

#[test]
fn a_second_device_comes_into_all_conversations_with_a_line_in_each() {
    let mut world = World::seeded(50);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, "before");
    world.run_until_quiet();

    let laptop = world.second_device(alice);
    world.run_until_quiet();
    world.say(bob, talk, "to both");
    world.say(laptop, talk, "from the laptop");
    world.run_until_quiet();

    assert_eq!(world.read_by(laptop, talk), ["before", "to both", "from the laptop"]);
    assert_eq!(world.read_by(alice, talk), ["before", "to both", "from the laptop"]);
    assert!(world.history(alice, talk).last().unwrap().own, "what one's other device says is one's own");
    assert_eq!(world.readers(bob, talk), ["alice:2", "bob:1"]);
    let (person, by) = (world.address(alice), world.address(alice));
    let added = SystemEvent::DeviceAdded { person, class: DeviceClass::Installed, by };
    assert!(world.happened(bob, talk).contains(&added));
    assert!(world.core(bob).conversation(talk).unwrap().unseen_reader_change);
}

#[test]
fn a_conversation_with_somebody_reaches_all_devices_of_both() {
    let mut world = World::seeded(51);
    let [alice, bob] = world.people(["alice", "bob"]);
    let alices = world.second_device(alice);
    let bobs = world.second_device(bob);
    world.run_until_quiet();
    let talk = world.pair(alice, bob);
    world.say(bobs, talk, "hello");
    world.run_until_quiet();
    for who in [alice, alices, bob, bobs] {
        assert_eq!(world.read_by(who, talk), ["hello"]);
        assert_eq!(world.readers(who, talk), ["alice:2", "bob:2"]);
    }
    assert_eq!(world.hub.members(talk).len(), 4);
}

#[test]
fn a_removed_own_device_goes_from_every_conversation() {
    let mut world = World::seeded(52);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.conversation(bob, [alice]);
    let phone = world.second_device(alice);
    world.run_until_quiet();
    assert_eq!(world.readers(bob, talk), ["alice:2", "bob:1"]);
    let device = world.core(phone).me_view().unwrap().device;

    world.act(alice, |core, _, _| core.remove_device(device)).unwrap();
    world.run_until_quiet();
    world.say(bob, talk, "not for the phone");
    world.run_until_quiet();

    assert_eq!(world.readers(bob, talk), ["alice:1", "bob:1"]);
    assert!(world.read_by(phone, talk).is_empty());
    assert_eq!(world.core(phone).conversation(talk).unwrap().state, State::Removed);
    // A member's token revokes nobody: an administrator's commit repaired that (C-14).
    assert_eq!(world.hub.members(talk).len(), 2);
}

#[test]
fn who_leaves_leaves_with_all_devices() {
    let mut world = World::seeded(53);
    let [alice, bob] = world.people(["alice", "bob"]);
    let bobs = world.second_device(bob);
    world.run_until_quiet();
    let talk = world.conversation(alice, [bob]);
    assert_eq!(world.readers(alice, talk), ["alice:1", "bob:2"]);

    world.act(bobs, |core, now, rng| core.leave(talk, now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.readers(alice, talk), ["alice:1"]);
    assert_eq!(world.hub.members(talk).len(), 1);
    assert_eq!(world.core(bobs).conversation(talk).unwrap().state, State::Left);
    assert_eq!(world.core(bob).conversation(talk).unwrap().state, State::Removed);
}

#[test]
fn what_ones_other_device_adds_is_news_and_what_this_one_adds_is_not_c_18() {
    let mut world = World::seeded(57);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let laptop = world.second_device(alice);
    let talk = world.conversation(alice, [bob]);
    for who in [alice, laptop, bob] {
        world.act(who, |core, _, _| Ok(core.readers_seen(talk))).unwrap();
    }
    let carols = world.address(carol);
    world.act(laptop, |core, now, rng| core.add_people(talk, vec![carols], now, rng)).unwrap();
    world.run_until_quiet();
    let mut is_news = |who| world.core(who).conversation(talk).unwrap().unseen_reader_change;
    assert_eq!([alice, laptop, bob].map(&mut is_news), [true, false, true]);

    for who in [alice, bob] {
        world.act(who, |core, _, _| Ok(core.readers_seen(talk))).unwrap();
    }
    world.remove(laptop, talk, carol);
    let mut is_news = |who| world.core(who).conversation(talk).unwrap().unseen_reader_change;
    assert_eq!([alice, laptop, bob].map(&mut is_news), [false; 3], "fewer readers are no news");
}

#[test]
fn a_session_that_ended_is_renewed_without_a_word_a_4() {
    let mut world = World::seeded(54);
    let [alice, bob] = world.people(["alice", "bob"]);
    world.hub.forget_sessions();
    world.act(alice, |core, _, _| core.ask_people()).unwrap();
    assert!(world.events(alice).iter().any(|event| matches!(event, Event::People(people) if people.len() == 2)));
    world.crash(bob);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "hello");
    world.run_until_quiet();
    assert_eq!(world.read_by(bob, talk), ["hello"]);
}

#[test]
fn a_device_that_comes_back_after_the_retention_limit_is_added_again_c_11() {
    let mut world = World::seeded(55);
    let [alice, bob, carol, dave] = world.people(["alice", "bob", "carol", "dave"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.say(carol, talk, "before");
    world.run_until_quiet();
    world.go_offline(carol);
    world.say(alice, talk, "missed");
    let daves = world.address(dave);
    world.act(alice, |core, now, rng| core.add_people(talk, vec![daves], now, rng)).unwrap();
    world.run_until_quiet();
    world.remove(alice, talk, dave);
    world.say(bob, talk, "kept");
    world.run_until_quiet();
    world.hub.trim(talk, 1);

    world.go_online(carol);
    world.wait(120_000);
    world.say(bob, talk, "welcome back");
    world.say(carol, talk, "thanks");
    world.run_until_quiet();

    assert_eq!(world.core(carol).conversation(talk).unwrap().state, State::Active);
    assert_eq!(world.read_by(carol, talk), ["before", "welcome back", "thanks"]);
    assert_eq!(world.read_by(alice, talk), ["before", "missed", "kept", "welcome back", "thanks"]);
    assert_eq!(world.readers(bob, talk), ["alice:1", "bob:1", "carol:1"]);
    assert_eq!(world.hub.members(talk).len(), 3);
}

#[test]
fn messages_that_retention_took_leave_a_line_and_nothing_else_breaks_l_10() {
    let mut world = World::seeded(56);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.go_offline(bob);
    for i in 0..5 {
        world.say(alice, talk, &format!("m{i}"));
    }
    world.hub.trim(talk, 2);
    world.go_online(bob);
    world.run_until_quiet();
    assert_eq!(world.read_by(bob, talk), ["m3", "m4"]);
    assert!(world.happened(bob, talk).contains(&SystemEvent::MessagesMissing));
    assert_eq!(world.core(bob).conversation(talk).unwrap().state, State::Active);
}
