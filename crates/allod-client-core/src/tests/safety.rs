use allod_wire::UnixMillis;

use crate::create::New;
use crate::effect::Event;
use crate::error::CoreError;
use crate::message::SystemEvent;
use crate::testing::{Who, World};

fn number(world: &mut World, who: Who, other: Who) -> String {
    let other = world.address(other);
    world.core(who).safety_number(&other).unwrap().number
}

fn verified(world: &mut World, who: Who, other: Who) -> Option<UnixMillis> {
    let other = world.address(other);
    world.core(who).safety_number(&other).unwrap().verified
}

#[test]
fn two_people_have_the_same_number_on_all_devices_and_others_have_another_c_19() {
    let mut world = World::seeded(95);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    world.conversation(alice, [bob, carol]);
    let laptop = world.second_device(alice);
    world.run_until_quiet();

    let ours = number(&mut world, alice, bob);
    assert_eq!(number(&mut world, bob, alice), ours);
    assert_eq!(number(&mut world, laptop, bob), ours);
    assert_ne!(number(&mut world, alice, carol), ours);
    let [me, nobody] = [world.address(alice), "nobody@a.example".parse().unwrap()];
    assert_eq!(world.core(alice).safety_number(&me), Err(CoreError::UnknownPerson));
    assert_eq!(world.core(alice).safety_number(&nobody), Err(CoreError::UnknownPerson));
}

#[test]
fn who_was_compared_stays_so_over_a_restart_until_that_is_taken_back_c_19() {
    let mut world = World::seeded(96);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    let (right, wrong, address) =
        (number(&mut world, bob, alice), number(&mut world, carol, alice), world.address(bob));
    let refused = world.act(alice, |core, now, _| core.confirm_safety(&address, &wrong, now));
    assert_eq!(refused, Err(CoreError::OtherNumber));
    assert_eq!(verified(&mut world, alice, bob), None);

    let now = world.now;
    world.act(alice, |core, now, _| core.confirm_safety(&address, &right, now)).unwrap();
    world.crash(alice);
    assert_eq!(verified(&mut world, alice, bob), Some(now));
    let readers = world.core(alice).readers(talk).unwrap();
    let marked: Vec<_> = readers.people.iter().filter(|one| one.verified.is_some()).map(|one| &one.address).collect();
    assert_eq!(marked, [&address]);

    world.act(alice, |core, _, _| core.undo_safety(&address)).unwrap();
    assert_eq!(verified(&mut world, alice, bob), None);
    assert_eq!(world.act(alice, |core, _, _| core.undo_safety(&address)), Err(CoreError::NothingToDo));
}

#[test]
fn a_changed_key_of_a_compared_person_is_a_line_and_only_its_own_number_accepts_it_c_20() {
    let mut world = World::seeded(97);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    world.conversation(alice, [bob, carol]);
    let group = world.conversation(alice, [carol]);
    let (old, address) = (number(&mut world, bob, carol), world.address(bob));
    world.act(carol, |core, now, _| core.confirm_safety(&address, &old, now)).unwrap();
    world.hub.remove_user(&address.name);
    let [new_bob] = world.people(["bob"]);
    world.start(alice, New::Pair(address.clone()));
    world.run_until_quiet();
    world.act(alice, |core, now, _| core.accept_identity(&address, now)).unwrap();
    world.act(alice, |core, now, rng| core.add_people(group, vec![address.clone()], now, rng)).unwrap();
    world.run_until_quiet();

    let line = |verified| SystemEvent::IdentityChanged { person: address.clone(), verified };
    assert!(world.happened(carol, group).contains(&line(true)), "{:?}", world.happened(carol, group));
    assert!(!world.happened(alice, group).contains(&line(false)), "alice had accepted it before");
    let told = Event::IdentityChanged { person: address.clone(), verified: true };
    assert!(world.events(carol).contains(&told));

    // The number is that of the new key now: the old one confirms nothing.
    assert_eq!(verified(&mut world, carol, new_bob), None);
    let refused = world.act(carol, |core, now, _| core.confirm_safety(&address, &old, now));
    assert_eq!(refused, Err(CoreError::OtherNumber));
    let new = world.core(new_bob).safety_number(&"carol@a.example".parse().unwrap());
    let new = new.map_or_else(|error| panic!("{error}: new bob knows carol"), |view| view.number);
    world.act(carol, |core, now, _| core.confirm_safety(&address, &new, now)).unwrap();
    assert!(verified(&mut world, carol, new_bob).is_some());
    let readers = world.core(carol).readers(group).unwrap();
    assert!(readers.people.iter().any(|one| one.address == address && !one.identity_changed));
}
