use crate::create::New;
use crate::testing::World;
use crate::view::State;

#[test]
fn two_people_talk() {
    let mut world = World::seeded(1);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);

    world.say(alice, talk, "hello");
    world.say(bob, talk, "hello yourself");
    world.run_until_quiet();

    assert_eq!(world.read_by(alice, talk), ["hello", "hello yourself"]);
    assert_eq!(world.read_by(bob, talk), ["hello", "hello yourself"]);
    assert_eq!(world.readers(alice, talk), ["alice:1", "bob:1"]);
    assert_eq!(world.readers(bob, talk), ["alice:1", "bob:1"]);
    assert_eq!(world.core(bob).conversation(talk).unwrap().unread, 1);
    assert_eq!(world.core(bob).conversation(talk).unwrap().state, State::Active);
    assert!(world.core(alice).is_quiet() && world.core(bob).is_quiet());
}

#[test]
fn what_is_said_while_a_conversation_is_being_made_reaches_those_with_whom_it_is_made() {
    for seed in 0..20 {
        let mut world = World::seeded(seed);
        let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
        let people = vec![world.address(bob), world.address(carol)];

        let talk = world.start(alice, New::Group { title: "Plan".into(), people });
        world.say(alice, talk, "first");
        world.say(alice, talk, "second");
        world.run_until_quiet();

        for who in [alice, bob, carol] {
            assert_eq!(world.read_by(who, talk), ["first", "second"]);
        }
    }
}
