//! A server that lies about who has which devices, and about its ledger. Each lie is told twice: to devices that check the ledger, and
//! to devices of an organisation without one, where it works. So it is the check that finds it.

mod record;

use std::rc::Rc;

use allod_wire::LogId;
use record::{Record, Shared};

use crate::create::New;
use crate::effect::Event;
use crate::error::AddFailure;
use crate::ledger::LedgerFault;
use crate::testing::{Who, World};
use crate::view::ReaderPerson;
use crate::vouched::InRecord;

const HOUR_MILLIS: u64 = 3_600_000;
const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;

/// A world with a ledger, or with none.
fn world(seed: u64, with_ledger: bool) -> (World, Shared) {
    if with_ledger { Record::world(seed) } else { (World::seeded(seed), Rc::new(Record::new().into())) }
}

/// Alice starts a group with the device's user, and says something.
fn start(world: &mut World, alice: Who, other: Who) -> LogId {
    world.events(alice);
    let other = world.address(other);
    let log = world.start(alice, New::Group { title: "Plan".into(), people: vec![other] });
    world.run_until_quiet();
    world.say(alice, log, "in confidence");
    world.run_until_quiet();
    log
}

/// Why somebody could not be added, by the events.
fn refusals(world: &mut World, who: Who) -> Vec<AddFailure> {
    let why = |event| if let Event::CouldNotAdd { why, .. } = event { Some(why) } else { None };
    world.events(who).into_iter().filter_map(why).collect()
}

fn fault(world: &mut World, who: Who) -> Option<LedgerFault> {
    let now = world.now;
    world.core(who).ledger(now).unwrap().fault
}

#[test]
fn people_whose_devices_are_in_the_public_record_talk_y_11() {
    let (mut world, _) = Record::world(900);
    let [alice, bob] = world.people(["alice", "bob"]);
    let second = world.second_device(bob);
    let log = start(&mut world, alice, bob);
    assert_eq!(refusals(&mut world, alice), []);
    assert_eq!(world.readers(alice, log), ["alice:1", "bob:2"]);
    assert_eq!((world.read_by(bob, log), world.read_by(second, log).len()), (vec!["in confidence".to_owned()], 1));
    let now = world.now;
    let ledger = world.core(alice).ledger(now).unwrap();
    assert!(ledger.is_current && ledger.evidence.is_empty());
    assert_eq!((ledger.witnesses, ledger.seen_by, ledger.administrators, ledger.epochs), (1, 1, 1, 3));
}

#[test]
fn a_device_that_the_server_adds_behind_its_users_back_is_not_let_in_y_9_y_13() {
    for checked in [true, false] {
        let (mut world, record) = world(901, checked);
        let [alice, bob] = world.people(["alice", "bob"]);
        record.borrow_mut().hides_changes = true;
        let ghost = world.second_device(bob);
        let log = start(&mut world, alice, bob);
        assert_eq!(refusals(&mut world, alice), if checked { vec![AddFailure::NotInRecord] } else { vec![] });
        assert_eq!(world.read_by(ghost, log).len(), usize::from(!checked), "checked: {checked}");
    }
}

#[test]
fn key_packages_of_somebody_else_under_a_persons_name_are_not_used_y_9() {
    for checked in [true, false] {
        let (mut world, record) = world(902, checked);
        let [alice, bob] = world.people(["alice", "bob"]);
        record.borrow_mut().hides_changes = true;
        world.hub.remove_user(&world.address(bob).name);
        let [impostor] = world.people(["bob"]);
        let log = start(&mut world, alice, impostor);
        assert_eq!(refusals(&mut world, alice), if checked { vec![AddFailure::NotInRecord] } else { vec![] });
        assert_eq!(world.read_by(impostor, log).len(), usize::from(!checked), "checked: {checked}");
    }
}

#[test]
fn a_directory_that_is_not_the_one_in_the_ledger_shows_nothing_y_11() {
    for checked in [true, false] {
        let (mut world, record) = world(903, checked);
        let [alice] = world.people(["alice"]);
        // Bob is in a directory of his own, of the same epochs, and not in the one whose roots everybody sees.
        record.borrow_mut().hides_changes = true;
        record.borrow_mut().other = Some(Box::new(Record::new()));
        let [bob] = world.people(["bob"]);
        let log = start(&mut world, alice, bob);
        assert_eq!(refusals(&mut world, alice), if checked { vec![AddFailure::NotInRecord] } else { vec![] });
        assert_eq!(world.read_by(bob, log).len(), usize::from(!checked), "checked: {checked}");
    }
}

#[test]
fn a_ledger_that_goes_back_is_kept_as_evidence_and_nobody_is_added_under_it_g_8_g_14() {
    for checked in [true, false] {
        let (mut world, record) = world(904, checked);
        let [alice, bob] = world.people(["alice", "bob"]);
        world.wait(2 * HOUR_MILLIS);
        record.borrow_mut().entries.truncate(2);
        world.wait(2 * HOUR_MILLIS);
        world.now = world.now.plus(DAY_MILLIS);
        let log = start(&mut world, alice, bob);
        if checked {
            assert_eq!(fault(&mut world, alice), Some(LedgerFault::Shrank));
            world.crash(alice);
            let now = world.now;
            assert_eq!(world.core(alice).ledger(now).unwrap().evidence.len(), 1, "and it is kept");
        }
        assert_eq!(world.read_by(bob, log).len(), usize::from(!checked), "checked: {checked}");
    }
}

#[test]
fn a_ledger_that_forks_is_kept_as_evidence_and_nobody_is_added_under_it_g_8_g_14() {
    for checked in [true, false] {
        let (mut world, record) = world(905, checked);
        let [alice] = world.people(["alice"]);
        // Whoever joins from now on is shown another ledger than alice.
        let mut fork = Record::new();
        std::mem::swap(&mut *record.borrow_mut(), &mut fork);
        let [bob] = world.people(["bob"]);
        let log = start(&mut world, alice, bob);
        if checked {
            assert_eq!(fault(&mut world, alice), Some(LedgerFault::Forked));
            assert_eq!(fault(&mut world, bob), None);
        }
        assert_eq!(world.read_by(bob, log).len(), usize::from(!checked), "checked: {checked}");
    }
}

#[test]
fn under_a_head_that_is_older_than_a_day_nobody_is_added_g_8_y_13() {
    for checked in [true, false] {
        let (mut world, record) = world(906, checked);
        let [alice, bob] = world.people(["alice", "bob"]);
        record.borrow_mut().seen = Some(world.now);
        world.now = world.now.plus(2 * DAY_MILLIS);
        let log = start(&mut world, alice, bob);
        if checked {
            assert_eq!(fault(&mut world, alice), Some(LedgerFault::TooOld));
            let now = world.now;
            assert!(!world.core(alice).ledger(now).unwrap().is_current);
            // The ledger goes on, and so does everything.
            record.borrow_mut().seen = None;
            world.wait(600_000);
            let again = start(&mut world, alice, bob);
            assert_eq!(world.read_by(bob, again).len(), 1);
        }
        assert_eq!(world.read_by(bob, log).len(), usize::from(!checked), "checked: {checked}");
    }
}

#[test]
fn who_joined_a_moment_ago_is_asked_for_again_y_13() {
    let (mut world, record) = Record::world(907);
    let [alice] = world.people(["alice"]);
    record.borrow_mut().hides_changes = true;
    let [bob] = world.people(["bob"]);
    let address = world.address(bob);
    let log = world.start(alice, New::Group { title: "Plan".into(), people: vec![address] });
    world.wait(500);
    assert_eq!(world.readers(bob, log), [""; 0]);
    let certificate = world.core(bob).account.joined.as_ref().unwrap().devices[0].clone();
    let now = world.now;
    record.borrow_mut().publish(&certificate.address.name.clone(), &[certificate], now);
    world.run_until_quiet();
    assert_eq!(world.readers(bob, log), ["alice:1", "bob:1"]);
    assert_eq!(refusals(&mut world, alice), []);
}

#[test]
fn everybody_learns_whether_the_public_record_names_those_who_read_y_14() {
    let (mut world, _) = Record::world(908);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let log = world.conversation(alice, [bob, carol]);
    world.wait(60_000);
    let seen = |world: &mut World, who: Who| -> Vec<(String, Vec<Option<InRecord>>)> {
        let people = world.core(who).readers(log).unwrap().people.into_iter();
        let devices = |one: &ReaderPerson| one.devices.iter().map(|device| device.in_record).collect();
        people.map(|one| (one.address.name.to_string(), devices(&one))).collect()
    };
    let all = ["alice", "bob", "carol"].map(|name| (name.to_owned(), vec![Some(InRecord::Named)]));
    for who in [alice, bob, carol] {
        assert_eq!(seen(&mut world, who), all);
    }
    world.crash(carol);
    assert_eq!(seen(&mut world, carol), all, "and it is kept");
}

#[test]
fn a_member_whose_device_leaves_the_public_record_is_told_as_such_y_14() {
    let (mut world, record) = Record::world(909);
    let [alice] = world.people(["alice"]);
    // For bob, who does not check, nothing stands in the way.
    let [bob, carol] = world.people(["bob", "carol"]);
    let log = world.conversation(bob, [alice]);
    world.core(bob).ledger = crate::ledger::Ledger::default();
    record.borrow_mut().hides_changes = true;
    let hidden = world.second_device(carol);
    let address = world.address(carol);
    world.act(bob, |core, now, rng| core.add_people(log, vec![address.clone()], now, rng)).unwrap();
    world.wait(120_000);
    assert_eq!(world.readers(alice, log), ["alice:1", "bob:1", "carol:2"]);
    let hidden = world.core(hidden).my_device();
    let people = world.core(alice).readers(log).unwrap().people;
    let of_carol = people.iter().find(|one| one.address == address).unwrap().devices.iter();
    for device in of_carol {
        let expected = if device.device == hidden { InRecord::NotNamed } else { InRecord::Named };
        assert_eq!(device.in_record, Some(expected));
    }
}

#[test]
fn a_device_that_the_server_hides_from_its_user_is_found_in_the_directory_y_12() {
    for checked in [true, false] {
        let (mut world, _) = world(910, checked);
        let [alice] = world.people(["alice"]);
        world.wait(1_000);
        let ghost = world.second_device(alice);
        let ghost = world.core(ghost).my_device();
        world.hub.hidden.insert(ghost);
        world.wait(2 * HOUR_MILLIS);
        let told: Vec<_> = world.core(alice).new_devices().iter().map(|one| one.device).collect();
        assert_eq!(told, if checked { vec![ghost] } else { vec![] }, "checked: {checked}");
        world.act(alice, |core, _, _| Ok(core.device_known(ghost))).unwrap();
        world.crash(alice);
        world.wait(2 * HOUR_MILLIS);
        assert_eq!(world.core(alice).new_devices().len(), 0, "asked about once");
        world.hub.hidden.remove(&ghost);
        world.wait(2 * HOUR_MILLIS);
        let told = world.core(alice).new_devices().len();
        assert_eq!(told, usize::from(!checked), "whom the directory told of first is not asked about again: {checked}");
    }
}

#[test]
fn a_device_that_the_directory_alone_shows_can_be_removed_y_12() {
    let (mut world, _) = Record::world(911);
    let [alice] = world.people(["alice"]);
    world.wait(1_000);
    let ghost = world.second_device(alice);
    let ghost = world.core(ghost).my_device();
    world.hub.hidden.insert(ghost);
    world.wait(2 * HOUR_MILLIS);
    assert_eq!(world.core(alice).new_devices().len(), 1);
    world.act(alice, |core, _, _| core.remove_device(ghost)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.core(alice).new_devices().len(), 0, "nothing is asked about what is gone");
    world.wait(2 * HOUR_MILLIS);
    assert_eq!(world.core(alice).new_devices().len(), 0);
}
