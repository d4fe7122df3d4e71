//! Who is typing (rules M-13 and M-14).

use allod_wire::socket::{ServerFrame, Whisper};
use allod_wire::{LogId, cbor};

use crate::effect::Event;
use crate::receipts::PEOPLE_MAX;
use crate::request::Plane;
use crate::testing::{Who, World};

fn types(world: &mut World, who: Who, talk: LogId, types: bool) {
    world.act(who, |core, now, rng| Ok(core.typing(talk, types, now, rng))).unwrap();
    world.wait(0);
}

/// Who is typing, by `who`'s reckoning.
fn seen(world: &mut World, who: Who, talk: LogId) -> Vec<String> {
    let summary = world.core(who).conversation(talk).unwrap();
    summary.typing.iter().map(|person| person.name.to_string()).collect()
}

fn hears(world: &mut World, who: Who, talk: LogId, whisper: Whisper) {
    let frame = cbor::to_vec(&ServerFrame::Whisper { log: talk, whisper });
    world.act(who, |core, now, rng| Ok(core.handle_frame(Plane::Log, &frame, now, rng))).unwrap();
}

#[test]
fn who_types_is_seen_by_the_others_and_nothing_of_it_is_kept_m_14() {
    let mut world = World::seeded(120);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.run_until_quiet();
    let kept = world.vault(bob).clone();
    let entries = world.hub.logs[&talk].entries.len();
    world.events(bob);
    types(&mut world, alice, talk, true);
    types(&mut world, carol, talk, true);
    assert_eq!(seen(&mut world, bob, talk), ["alice", "carol"]);
    assert_eq!(seen(&mut world, alice, talk), ["carol"], "nobody sees themselves");
    assert!(world.events(bob).contains(&Event::ConversationChanged(talk)));
    assert_eq!(*world.vault(bob), kept, "no row says so");
    assert_eq!(world.hub.logs[&talk].entries.len(), entries, "and no entry");
    types(&mut world, alice, talk, false);
    assert_eq!(seen(&mut world, bob, talk), ["carol"]);
}

#[test]
fn it_ends_by_itself_and_by_the_message_m_14() {
    let mut world = World::seeded(121);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    types(&mut world, alice, talk, true);
    world.wait(5_000);
    assert_eq!(seen(&mut world, bob, talk), ["alice"]);
    world.events(bob);
    world.wait(1_000);
    assert!(seen(&mut world, bob, talk).is_empty());
    assert!(world.events(bob).contains(&Event::ConversationChanged(talk)), "the interface is told that it ended");
    types(&mut world, alice, talk, true);
    assert_eq!(seen(&mut world, bob, talk), ["alice"]);
    let whispers = world.whispers.len();
    world.say(alice, talk, "there");
    types(&mut world, alice, talk, false);
    assert!(world.read_by(bob, talk).contains(&"there".to_owned()));
    assert!(seen(&mut world, bob, talk).is_empty());
    assert_eq!(world.whispers.len(), whispers, "the message says that it is over");
    types(&mut world, alice, talk, true);
    assert_eq!(seen(&mut world, bob, talk), ["alice"], "what follows is told at once");
    let there = world.line(bob, talk, "there").message_id.unwrap();
    world.act(alice, |core, now, rng| core.react(talk, there, "+", now, rng).map(|(_, effects)| effects)).unwrap();
    world.wait(0);
    assert!(seen(&mut world, bob, talk).is_empty(), "whatever is said ends it");
}

#[test]
fn a_receipt_does_not_end_it_m_14() {
    let mut world = World::seeded(122);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.run_until_quiet();
    let entries = world.hub.logs[&talk].entries.len();
    world.say(bob, talk, "well?");
    world.wait(0);
    types(&mut world, alice, talk, true);
    world.wait(4_500);
    assert_eq!(world.hub.logs[&talk].entries.len(), entries + 2, "a message and a receipt");
    assert_eq!(seen(&mut world, bob, talk), ["alice"]);
}

#[test]
fn every_stroke_is_not_told_m_14() {
    let mut world = World::seeded(123);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    for _ in 0..100 {
        types(&mut world, alice, talk, true);
        world.wait(100);
    }
    assert_eq!(world.whispers.len(), 3, "at once, after four seconds, after eight");
    assert_eq!(seen(&mut world, bob, talk), ["alice"]);
    for _ in 0..3 {
        types(&mut world, alice, talk, false);
    }
    assert_eq!(world.whispers.len(), 4, "and once that it is over");
    world.wait(10_000);
    types(&mut world, alice, talk, true);
    world.wait(7_000);
    types(&mut world, alice, talk, false);
    assert_eq!(world.whispers.len(), 5, "what has ended by itself needs no word");
}

#[test]
fn who_tells_nothing_is_told_nothing_m_14() {
    let mut world = World::seeded(124);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    types(&mut world, alice, talk, true);
    assert_eq!(seen(&mut world, bob, talk), ["alice"]);
    world.act(bob, |core, _, _| Ok(core.set_typing(false))).unwrap();
    assert!(seen(&mut world, bob, talk).is_empty(), "at once");
    world.crash(bob);
    world.run_until_quiet();
    assert!(!world.core(bob).me_view().unwrap().typing);
    let before = world.whispers.len();
    types(&mut world, bob, talk, true);
    assert_eq!(world.whispers.len(), before);
    types(&mut world, alice, talk, true);
    assert!(seen(&mut world, bob, talk).is_empty());
}

#[test]
fn in_a_crowd_nobody_tells_that_they_type_m_14() {
    let mut world = World::seeded(125);
    let names: Vec<String> = (0..=PEOPLE_MAX).map(|n| format!("p{n}")).collect();
    let people: [Who; PEOPLE_MAX + 1] = world.people(std::array::from_fn(|n| names[n].as_str()));
    let others = people[1..].iter().map(|who| world.address(*who)).collect();
    let talk = world.start(people[0], crate::New::Group { title: "All".into(), people: others });
    world.run_until_quiet();
    types(&mut world, people[0], talk, true);
    assert!(world.whispers.is_empty());
}

#[test]
fn own_devices_do_not_show_it_and_a_lost_connection_ends_it_m_13() {
    let mut world = World::seeded(126);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    let second = world.second_device(alice);
    world.run_until_quiet();
    types(&mut world, alice, talk, true);
    assert_eq!(seen(&mut world, bob, talk), ["alice"]);
    assert!(seen(&mut world, second, talk).is_empty());
    world.events(bob);
    world.go_offline(bob);
    world.wait(0);
    assert!(seen(&mut world, bob, talk).is_empty());
    assert!(world.events(bob).contains(&Event::ConversationChanged(talk)));
    let before = world.whispers.len();
    types(&mut world, bob, talk, true);
    assert_eq!(world.whispers.len(), before, "nobody would hear it");
}

#[test]
fn what_is_of_another_epoch_or_log_or_no_whisper_at_all_is_dropped_m_13() {
    let mut world = World::seeded(127);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let (talk, other) = (world.conversation(alice, [bob, carol]), world.pair(alice, bob));
    types(&mut world, carol, talk, true);
    let of_before = *world.whispers.last().unwrap();
    world.wait(10_000);
    hears(&mut world, bob, talk, of_before);
    assert_eq!(seen(&mut world, bob, talk), ["carol"], "in its epoch it can be said again");
    world.wait(10_000);
    world.events(bob);
    hears(&mut world, bob, other, of_before);
    hears(&mut world, bob, LogId([9; 32]), of_before);
    hears(&mut world, bob, talk, [7; 128].into());
    world.act(alice, |core, now, rng| core.rename(talk, "Another epoch", now, rng)).unwrap();
    world.run_until_quiet();
    hears(&mut world, bob, talk, of_before);
    assert!(seen(&mut world, bob, talk).is_empty() && seen(&mut world, bob, other).is_empty());
    types(&mut world, carol, talk, true);
    assert_eq!(seen(&mut world, bob, talk), ["carol"]);
    let carols = world.address(carol);
    world.act(alice, |core, now, rng| core.remove_person(talk, &carols, now, rng)).unwrap();
    world.wait(0);
    assert!(seen(&mut world, bob, talk).is_empty(), "who is out does not type");
    hears(&mut world, bob, talk, of_before);
    assert!(seen(&mut world, bob, talk).is_empty());
}
