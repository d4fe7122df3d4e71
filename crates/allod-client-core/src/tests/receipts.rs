//! Who has received and read what (rule M-9).

use crate::content::Receipt;
use crate::receipts::{PEOPLE_MAX, Reach};
use crate::testing::{Who, World};
use allod_wire::{LogId, Position};

/// How far the others are with what was said last, by `who`'s reckoning: who has it, who has read it.
fn reach(world: &mut World, who: Who, talk: LogId, text: &str) -> (usize, usize) {
    let position = world.line(who, talk, text).position.unwrap();
    let reach = Reach::of(&world.core(who).receipts(talk), position);
    (reach.had, reach.read)
}

fn read(world: &mut World, who: Who, talk: LogId, text: &str) {
    let position = Position(world.line(who, talk, text).position.unwrap());
    world.act(who, |core, now, rng| core.mark_read(talk, position, now, rng)).unwrap();
    world.run_until_quiet();
}

#[test]
fn the_author_sees_who_has_it_and_who_has_read_it_m_9() {
    let mut world = World::seeded(90);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.go_offline(carol);
    world.say(alice, talk, "one");
    world.run_until_quiet();
    assert_eq!(reach(&mut world, alice, talk, "one"), (1, 0));
    read(&mut world, bob, talk, "one");
    assert_eq!(reach(&mut world, alice, talk, "one"), (1, 1));
    world.say(alice, talk, "two");
    world.go_online(carol);
    world.run_until_quiet();
    assert_eq!(reach(&mut world, alice, talk, "two"), (2, 0));
    assert_eq!(reach(&mut world, alice, talk, "one"), (2, 1));
    let (lines, unread) = (world.history(carol, talk).len(), world.core(carol).conversation(talk).unwrap().unread);
    assert_eq!(unread, 2, "a receipt is no message");
    world.crash(alice);
    world.run_until_quiet();
    assert_eq!(reach(&mut world, alice, talk, "two"), (2, 0), "and is remembered");
    assert_eq!(world.history(carol, talk).len(), lines);
}

#[test]
fn receipts_answer_no_receipts_and_many_messages_take_one_m_9() {
    let mut world = World::seeded(91);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    for n in 0..20 {
        world.say(alice, talk, &n.to_string());
    }
    world.run_until_quiet();
    world.wait(600_000);
    world.run_until_quiet();
    read(&mut world, bob, talk, "19");
    world.wait(600_000);
    world.run_until_quiet();
    // The commit that made it, twenty messages, one receipt for having them, one for reading them.
    assert_eq!(world.hub.logs[&talk].entries.len(), 23);
}

#[test]
fn what_one_device_has_read_the_others_of_its_owner_show_as_read_m_9() {
    let mut world = World::seeded(92);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    let second = world.second_device(bob);
    world.run_until_quiet();
    world.say(alice, talk, "one");
    world.run_until_quiet();
    let unread = |world: &mut World, who| world.core(who).conversation(talk).unwrap().unread;
    assert_eq!((unread(&mut world, bob), unread(&mut world, second)), (1, 1));
    let entries = world.hub.logs[&talk].entries.len();
    read(&mut world, second, talk, "one");
    assert_eq!((unread(&mut world, bob), unread(&mut world, second)), (0, 0));
    world.wait(600_000);
    world.run_until_quiet();
    assert_eq!(world.hub.logs[&talk].entries.len(), entries + 1, "one of two devices tells");
}

#[test]
fn who_tells_nothing_is_told_nothing_m_9() {
    let mut world = World::seeded(93);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.act(bob, |core, _, _| Ok(core.set_receipts(false))).unwrap();
    world.crash(bob);
    world.run_until_quiet();
    assert!(!world.core(bob).me_view().unwrap().receipts);
    world.say(alice, talk, "one");
    world.run_until_quiet();
    read(&mut world, bob, talk, "one");
    world.say(bob, talk, "two");
    world.run_until_quiet();
    assert_eq!(reach(&mut world, alice, talk, "one"), (0, 0));
    assert_eq!(reach(&mut world, bob, talk, "two"), (0, 0));
}

#[test]
fn a_receipt_for_what_is_not_there_yet_counts_up_to_its_own_place_m_9() {
    let mut world = World::seeded(94);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "one");
    world.run_until_quiet();
    world
        .send(bob, |core, now, rng| {
            let content = Receipt { had: Position(1_000), read: Position(1_000) }.content(rng);
            core.send_content(talk, content, now, rng)
        })
        .unwrap();
    world.say(alice, talk, "two");
    assert_eq!(reach(&mut world, alice, talk, "one"), (1, 1));
    assert_eq!(reach(&mut world, alice, talk, "two"), (0, 0));
}

#[test]
fn in_a_crowd_nobody_tells_m_9() {
    let mut world = World::seeded(95);
    let names: Vec<String> = (0..=PEOPLE_MAX).map(|n| format!("p{n}")).collect();
    let people: [Who; PEOPLE_MAX + 1] = world.people(std::array::from_fn(|n| names[n].as_str()));
    let others = people[1..].iter().map(|who| world.address(*who)).collect();
    let talk = world.start(people[0], crate::New::Group { title: "All".into(), people: others });
    world.run_until_quiet();
    let entries = world.hub.logs[&talk].entries.len();
    world.say(people[0], talk, "one");
    world.run_until_quiet();
    world.wait(60_000);
    world.run_until_quiet();
    assert_eq!(world.hub.logs[&talk].entries.len(), entries + 1);
}
