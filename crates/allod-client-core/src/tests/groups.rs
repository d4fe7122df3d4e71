use allod_wire::log::TokenRole;

use crate::effect::Event;
use crate::error::{AddFailure, CoreError};
use crate::message::SystemEvent;
use crate::state::Role;
use crate::testing::World;
use crate::view::State;

#[test]
fn a_removed_member_cannot_read_what_is_said_next() {
    let mut world = World::seeded(2);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.say(bob, talk, "three of us");
    world.run_until_quiet();

    world.remove(alice, talk, carol);
    world.say(bob, talk, "carol has left");
    world.run_until_quiet();

    assert_eq!(world.read_by(alice, talk), ["three of us", "carol has left"]);
    assert_eq!(world.read_by(carol, talk), ["three of us"]);
    assert_eq!(world.core(carol).conversation(talk).unwrap().state, State::Removed);
    assert_eq!(world.readers(bob, talk), ["alice:1", "bob:1"]);
    assert_eq!(world.hub.members(talk).len(), 2, "her token went in the same append");
    let (person, by) = (world.address(carol), world.address(alice));
    assert!(world.happened(bob, talk).contains(&SystemEvent::Removed { person: person.clone(), by: by.clone() }));
    assert!(world.happened(carol, talk).contains(&SystemEvent::Removed { person, by }), "and she is told");
}

#[test]
fn who_was_removed_while_away_is_told_when_back_h_4_c_17() {
    let mut world = World::seeded(2);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.say(bob, talk, "three of us");
    world.run_until_quiet();
    world.go_offline(carol);
    world.remove(alice, talk, carol);
    world.go_online(carol);
    world.run_until_quiet();
    assert_eq!(world.happened(carol, talk).last(), Some(&SystemEvent::TakenOut));
    assert_eq!(world.core(carol).conversation(talk).unwrap().state, State::Removed);
    world.crash(carol);
    world.run_until_quiet();
    let lines = world.happened(carol, talk);
    assert_eq!(lines.iter().filter(|event| **event == SystemEvent::TakenOut).count(), 1, "once");
}

#[test]
fn who_is_added_later_reads_from_then_on_and_everybody_sees_it() {
    let mut world = World::seeded(3);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob]);
    world.say(alice, talk, "before");
    world.run_until_quiet();
    world.events(bob);

    let address = world.address(carol);
    world.act(alice, |core, now, rng| core.add_people(talk, vec![address.clone()], now, rng)).unwrap();
    world.run_until_quiet();
    world.say(bob, talk, "after");
    world.run_until_quiet();

    assert_eq!(world.read_by(carol, talk), ["after"]);
    assert_eq!(world.read_by(bob, talk), ["before", "after"]);
    let added = SystemEvent::Added { person: address, by: world.address(alice) };
    assert!(world.happened(bob, talk).contains(&added));
    assert!(world.events(bob).contains(&Event::ReadersChanged { log: talk, wider: true }));
    assert!(world.core(bob).conversation(talk).unwrap().unseen_reader_change);
    assert!(!world.core(alice).conversation(talk).unwrap().unseen_reader_change, "she did it herself");
    assert_eq!(world.happened(carol, talk), [SystemEvent::Joined { by: world.address(alice) }]);
}

#[test]
fn roles_are_enforced_and_a_new_admin_can_remove_c_5() {
    let mut world = World::seeded(4);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    let [bobs, carols] = [bob, carol].map(|who| world.address(who));
    let refused = world.act(bob, |core, now, rng| core.remove_person(talk, &carols, now, rng));
    assert_eq!(refused, Err(CoreError::NotAllowed));

    world.act(alice, |core, now, rng| core.set_role(talk, &bobs, Role::Admin, now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.core(bob).conversation(talk).unwrap().my_role, Role::Admin);
    world.act(bob, |core, now, rng| core.rename(talk, "Better plan", now, rng)).unwrap();
    world.remove(bob, talk, carol);

    assert_eq!(world.core(alice).conversation(talk).unwrap().title, "Better plan");
    assert_eq!(world.readers(alice, talk), ["alice:1", "bob:1"]);
    assert_eq!(world.hub.members(talk).len(), 2);
}

#[test]
fn who_is_leaving_changes_nothing_else_so_the_heir_stays_owner_c_5() {
    let mut world = World::seeded(8);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    let bobs = world.address(bob);
    world.act(alice, |core, now, rng| core.set_role(talk, &bobs, Role::Owner, now, rng)).unwrap();
    world.run_until_quiet();
    world.go_offline(alice);
    world.act(alice, |core, now, rng| core.leave(talk, now, rng)).unwrap();
    let demote = world.act(alice, |core, now, rng| core.set_role(talk, &bobs, Role::Member, now, rng));
    assert_eq!(demote, Err(CoreError::Leaving));
    world.go_online(alice);
    world.run_until_quiet();
    assert_eq!(world.readers(bob, talk), ["bob:1", "carol:1"]);
    assert_eq!(world.core(bob).conversation(talk).unwrap().my_role, Role::Owner);
    assert_eq!(world.hub.members(talk).len(), 2, "her token is gone");
}

#[test]
fn who_leaves_is_out_and_the_others_go_on_c_7() {
    let mut world = World::seeded(5);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);

    world.act(carol, |core, now, rng| core.leave(talk, now, rng)).unwrap();
    world.run_until_quiet();
    world.say(bob, talk, "she left");
    world.run_until_quiet();

    assert_eq!(world.core(carol).conversation(talk).unwrap().state, State::Left);
    assert_eq!(world.readers(alice, talk), ["alice:1", "bob:1"]);
    assert_eq!(world.readers(bob, talk), ["alice:1", "bob:1"]);
    assert_eq!(world.read_by(alice, talk), ["she left"]);
    assert!(world.read_by(carol, talk).is_empty());
    assert!(world.happened(bob, talk).contains(&SystemEvent::Left { person: world.address(carol) }));
    assert_eq!(world.hub.members(talk).len(), 2);
}

#[test]
fn the_last_owner_hands_the_role_on_before_leaving_c_7() {
    let mut world = World::seeded(6);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);

    world.act(alice, |core, now, rng| core.leave(talk, now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.core(bob).conversation(talk).unwrap().my_role, Role::Owner);
    assert_eq!(world.readers(carol, talk), ["bob:1", "carol:1"]);
    world.remove(bob, talk, carol);
    assert_eq!(world.hub.members(talk).len(), 1);
}

#[test]
fn who_is_leaving_is_no_heir_c_5() {
    let mut world = World::seeded(11);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.go_offline(alice);
    // She would grant his wish and make him owner in the same commit, which everybody would have to skip (no role for a ghost).
    world.act(alice, |core, now, rng| core.leave(talk, now, rng)).unwrap();
    world.act(bob, |core, now, rng| core.leave(talk, now, rng)).unwrap();
    world.go_online(alice);
    world.run_until_quiet();
    assert_eq!(world.core(alice).conversation(talk).unwrap().state, State::Left);
    assert_eq!(world.readers(carol, talk), ["carol:1"]);
    assert_eq!(world.core(carol).conversation(talk).unwrap().my_role, Role::Owner);
    assert_eq!(world.hub.members(talk).into_values().collect::<Vec<_>>(), [TokenRole::Administrator]);
}

#[test]
fn somebody_who_wants_no_contact_is_reported_and_the_group_goes_on_without() {
    let mut world = World::seeded(7);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    world.hub.refuses_contact.insert("carol".parse().unwrap());
    let talk = world.conversation(alice, [bob, carol]);

    assert_eq!(world.readers(bob, talk), ["alice:1", "bob:1"]);
    let refused = |event: &Event| matches!(event, Event::CouldNotAdd { why: AddFailure::Refused(_), .. });
    assert!(world.events(alice).iter().any(refused));
}

#[test]
fn a_pair_with_somebody_who_wants_no_contact_is_undone() {
    let mut world = World::seeded(8);
    let [alice, bob] = world.people(["alice", "bob"]);
    world.hub.refuses_contact.insert("bob".parse().unwrap());
    let talk = world.pair(alice, bob);

    assert_eq!(world.core(alice).conversation(talk), None);
    assert!(world.events(alice).contains(&Event::ConversationGone(talk)));
    assert!(world.core(alice).is_quiet());
}

#[test]
fn a_group_can_start_with_nobody_else_and_a_pair_exists_once() {
    let mut world = World::seeded(9);
    let [alice, bob] = world.people(["alice", "bob"]);
    let alone = world.conversation(alice, []);
    world.say(alice, alone, "to myself");
    world.run_until_quiet();
    assert_eq!(world.read_by(alice, alone), ["to myself"]);

    let pair = world.pair(alice, bob);
    assert_eq!(world.pair(alice, bob), pair);
    assert_eq!(world.pair(bob, alice), pair);
}

#[test]
fn where_members_may_add_they_do_and_their_newcomers_token_is_right_c_5() {
    let mut world = World::seeded(10);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob]);
    let carols = world.address(carol);
    let refused = world.act(bob, |core, now, rng| core.add_people(talk, vec![carols.clone()], now, rng));
    assert_eq!(refused, Err(CoreError::NotAllowed));

    world.act(alice, |core, now, rng| core.set_members_add(talk, true, now, rng)).unwrap();
    world.run_until_quiet();
    world.act(bob, |core, now, rng| core.add_people(talk, vec![carols], now, rng)).unwrap();
    world.run_until_quiet();
    world.say(carol, talk, "thanks");
    world.run_until_quiet();
    assert_eq!(world.read_by(alice, talk), ["thanks"]);
}
