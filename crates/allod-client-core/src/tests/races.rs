use crate::message::SystemEvent;
use crate::state::Role;
use crate::testing::World;

#[test]
fn a_commit_that_lost_its_race_is_made_again_c_8() {
    let mut world = World::seeded(30);
    let [alice, bob, carol, dave] = world.people(["alice", "bob", "carol", "dave"]);
    let talk = world.conversation(alice, [bob]);
    let [bobs, carols, daves] = [bob, carol, dave].map(|who| world.address(who));
    world.act(alice, |core, now, rng| core.set_role(talk, &bobs, Role::Admin, now, rng)).unwrap();
    world.run_until_quiet();

    // Both decide on the same epoch while they do not hear each other.
    world.go_offline(alice);
    world.act(alice, |core, now, rng| core.add_people(talk, vec![carols], now, rng)).unwrap();
    world.act(bob, |core, now, rng| core.add_people(talk, vec![daves], now, rng)).unwrap();
    world.go_online(alice);
    world.run_until_quiet();
    world.say(dave, talk, "all here?");
    world.run_until_quiet();

    for who in [alice, bob, carol, dave] {
        assert_eq!(world.readers(who, talk), ["alice:1", "bob:1", "carol:1", "dave:1"]);
    }
    assert_eq!(world.hub.members(talk).len(), 4);
    assert_eq!(world.read_by(alice, talk), ["all here?"]);
}

#[test]
fn what_was_written_while_away_arrives_once_and_in_order_c_10() {
    let mut world = World::seeded(31);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.go_offline(bob);
    for i in 0..12 {
        world.say(bob, talk, &format!("b{i}"));
    }
    world.say(alice, talk, "a");
    world.remove(alice, talk, carol);
    world.go_online(bob);
    world.run_until_quiet();

    let expected: Vec<String> = std::iter::once("a".to_owned()).chain((0..12).map(|i| format!("b{i}"))).collect();
    assert_eq!(world.read_by(alice, talk), expected);
    assert_eq!(world.read_by(bob, talk), expected);
    assert_eq!(world.read_by(carol, talk), ["a"], "what was written while she was in, and sent when she was out");
}

#[test]
fn two_who_remove_the_same_person_remove_her_once() {
    let mut world = World::seeded(32);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    let [bobs, carols] = [bob, carol].map(|who| world.address(who));
    world.act(alice, |core, now, rng| core.set_role(talk, &bobs, Role::Admin, now, rng)).unwrap();
    world.run_until_quiet();
    for who in [alice, bob] {
        world.go_offline(who);
        world.act(who, |core, now, rng| core.remove_person(talk, &carols, now, rng)).unwrap();
    }
    world.go_online(alice);
    world.go_online(bob);
    world.run_until_quiet();
    let removed = |event: &SystemEvent| matches!(event, SystemEvent::Removed { .. });
    assert_eq!(world.happened(alice, talk).iter().filter(|event| removed(event)).count(), 1);
    assert!(world.core(alice).is_quiet() && world.core(bob).is_quiet());
}

#[test]
fn a_lossy_network_loses_and_doubles_nothing() {
    for seed in 0..12 {
        let mut world = World::seeded(1_000 + seed);
        let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
        world.lose_one_in(6);
        let talk = world.conversation(alice, [bob, carol]);
        for i in 0..6 {
            world.say(alice, talk, &format!("a{i}"));
        }
        world.lose_one_in(0);
        world.wait(600_000);
        for i in 0..3 {
            world.say(bob, talk, &format!("b{i}"));
        }
        world.run_until_quiet();
        let everything = ["a0", "a1", "a2", "a3", "a4", "a5", "b0", "b1", "b2"];
        assert_eq!(world.read_by(alice, talk), everything, "seed {seed}");
        assert_eq!(world.read_by(bob, talk), everything[everything.len() - world.read_by(bob, talk).len()..]);
        assert_eq!(world.readers(carol, talk), ["alice:1", "bob:1", "carol:1"], "seed {seed}");
    }
}
