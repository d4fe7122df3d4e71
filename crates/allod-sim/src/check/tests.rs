//! Each check notices the world in which its promise is broken, and only then.

use allod_wire::secrets::TokenKey;
use allod_wire::{Address, DeviceId, EntryId, LogId};

use super::{Promise, check};
use crate::record::{DeviceRecord, Forgotten, Line, LogRecord, Record, Said, Talk};
use crate::server::log::Span;

const TALK: LogId = LogId([1; 32]);

fn address(name: &str) -> Address {
    format!("{name}@sim.example").parse().expect("an address")
}

fn message(number: u8) -> EntryId {
    EntryId([number; 16])
}

fn line(number: u8) -> Line {
    let text = format!("message {number}");
    Line { id: message(number), position: u64::from(number), sender: address("alice"), text }
}

/// Alice, Bob and Carol are in a conversation from the start; Alice says three things; all read them.
fn good() -> Record {
    let names = ["alice", "bob", "carol"];
    let devices: Vec<DeviceId> = (0..3).map(|index| DeviceId([index + 1; 16])).collect();
    let mut log = LogRecord { entries: (1..=3).map(message).collect(), ..LogRecord::default() };
    for index in 0..3 {
        let key = TokenKey([index + 10; 32]);
        log.spans.insert(key, vec![Span { from: 0, to: None }]);
        log.keys.insert(key, usize::from(index));
    }
    let readers = devices.iter().copied().collect();
    let talk =
        Talk { is_active: true, readers, lines: (1..=3).map(line).collect(), told: vec![1, 2, 3], ..Talk::default() };
    let mut record = Record::default();
    for (name, device) in names.iter().zip(&devices) {
        let talks = [(TALK, talk.clone())].into();
        let (device, person) = (Some(*device), Some(address(name)));
        record.devices.push(DeviceRecord { name: (*name).into(), device, person, in_account: true, talks });
    }
    for number in 1..=3 {
        let said = Said {
            log: TALK,
            by: 0,
            author: address("alice"),
            text: line(number).text,
            seen: u64::from(number) - 1,
            readers: devices.iter().copied().collect(),
            is_durable: true,
            is_acknowledged: true,
            has_failed: false,
        };
        record.said.insert(message(number), said);
    }
    record.logs.insert(TALK, log);
    record
}

fn bobs(record: &mut Record) -> &mut Talk {
    record.devices[1].talks.get_mut(&TALK).expect("bob is in it")
}

fn log(record: &mut Record) -> &mut LogRecord {
    record.logs.get_mut(&TALK).expect("the log")
}

fn promises(record: &Record) -> Vec<Promise> {
    let mut broken: Vec<Promise> = check(record).into_iter().map(|violation| violation.promise).collect();
    broken.sort_unstable();
    broken.dedup();
    broken
}

#[test]
fn a_world_in_which_all_is_well_breaks_no_promise() {
    assert_eq!(check(&good()), []);
}

#[test]
fn a_doubled_message_is_noticed() {
    let mut record = good();
    let again = Line { id: message(4), position: 4, ..line(3) };
    bobs(&mut record).lines.push(again);
    log(&mut record).entries.push(message(4));
    assert_eq!(promises(&record), [Promise::OnlyWhatWasSaid, Promise::NothingTwice]);
}

#[test]
fn a_line_that_the_interface_was_told_of_twice_is_noticed() {
    let mut record = good();
    bobs(&mut record).told.push(3);
    assert_eq!(promises(&record), [Promise::NothingTwice]);
}

#[test]
fn a_message_that_a_member_did_not_get_is_noticed() {
    let mut record = good();
    bobs(&mut record).lines.remove(1);
    assert_eq!(promises(&record), [Promise::ReadByAll]);
}

#[test]
fn what_the_server_gave_up_before_somebody_read_it_is_not_asked_for_l_10() {
    let mut record = good();
    bobs(&mut record).lines.remove(1);
    log(&mut record).forgotten.push(Forgotten { device: 1, read_to: 1, last: 2 });
    assert_eq!(check(&record), []);
    bobs(&mut record).lines.remove(1);
    assert_eq!(promises(&record), [Promise::ReadByAll]);
}

#[test]
fn lines_in_another_order_than_the_logs_are_noticed() {
    let mut record = good();
    bobs(&mut record).lines.swap(0, 1);
    assert_eq!(promises(&record), [Promise::InOrder]);
}

#[test]
fn a_line_at_another_place_than_the_logs_is_noticed() {
    let mut record = good();
    bobs(&mut record).lines[2].position = 4;
    assert_eq!(promises(&record), [Promise::InOrder]);
}

#[test]
fn what_a_removed_member_reads_after_the_removal_is_noticed() {
    let mut record = good();
    log(&mut record).spans.insert(TokenKey([11; 32]), vec![Span { from: 0, to: Some(2) }]);
    bobs(&mut record).is_active = false;
    for device in [0, 2] {
        let readers = &mut record.devices[device].talks.get_mut(&TALK).expect("in it").readers;
        readers.remove(&DeviceId([2; 16]));
    }
    assert_eq!(promises(&record), [Promise::MembersOnly]);
}

#[test]
fn what_somebody_reads_who_never_was_a_member_is_noticed() {
    let mut record = good();
    let talk = Talk { lines: vec![line(1)], ..Talk::default() };
    let talks = [(TALK, talk)].into();
    record.devices.push(DeviceRecord { name: "eve".into(), device: None, person: None, in_account: true, talks });
    assert_eq!(promises(&record), [Promise::MembersOnly]);
}

/// Bob's second device, which came behind the second message.
fn second(record: &mut Record) -> &mut Talk {
    let key = TokenKey([13; 32]);
    log(record).spans.insert(key, vec![Span { from: 2, to: None }]);
    log(record).keys.insert(key, 3);
    let device = DeviceId([4; 16]);
    for talk in record.devices.iter_mut().filter_map(|device| device.talks.get_mut(&TALK)) {
        talk.readers.insert(device);
    }
    let mut second = record.devices[1].clone();
    (second.name, second.device) = ("bob'".into(), Some(device));
    second.talks.get_mut(&TALK).expect("as bob").told = vec![3];
    record.devices.push(second);
    record.devices[3].talks.get_mut(&TALK).expect("as bob")
}

#[test]
fn a_device_that_lacks_what_another_one_of_its_person_shows_is_noticed_d_1() {
    let mut record = good();
    second(&mut record);
    assert_eq!(check(&record), [], "what came from the other device is there by right");
    record.devices[3].talks.get_mut(&TALK).expect("as bob").lines.remove(0);
    assert_eq!(promises(&record), [Promise::SameHistory]);
}

#[test]
fn what_somebody_elses_device_read_is_no_right_to_show_it_d_2() {
    let mut record = good();
    second(&mut record);
    record.devices[3].person = Some(address("mallory"));
    assert_eq!(promises(&record), [Promise::MembersOnly]);
}

#[test]
fn a_reader_whom_somebody_does_not_show_is_noticed_c_12() {
    let mut record = good();
    bobs(&mut record).readers.remove(&DeviceId([3; 16]));
    assert_eq!(promises(&record), [Promise::RosterIsTheTree]);
}

#[test]
fn a_token_of_somebody_whom_nobody_shows_is_noticed_c_14() {
    let mut record = good();
    log(&mut record).spans.insert(TokenKey([99; 32]), vec![Span { from: 2, to: None }]);
    assert_eq!(promises(&record), [Promise::RosterIsTheTree]);
}

#[test]
fn an_acknowledged_message_that_is_gone_is_noticed() {
    let mut record = good();
    log(&mut record).entries.pop();
    for device in &mut record.devices {
        device.talks.get_mut(&TALK).expect("in it").lines.pop();
    }
    assert_eq!(promises(&record), [Promise::NothingLost]);
}

#[test]
fn a_message_that_waits_for_ever_is_noticed() {
    let mut record = good();
    let waiting = Said { text: "lost".into(), is_acknowledged: false, ..record.said[&message(3)].clone() };
    record.said.insert(message(9), waiting);
    assert_eq!(promises(&record), [Promise::NothingLost]);
}

#[test]
fn a_text_under_another_name_is_noticed() {
    let mut record = good();
    bobs(&mut record).lines[0].sender = address("carol");
    assert_eq!(promises(&record), [Promise::OnlyWhatWasSaid]);
}

#[test]
fn an_accusation_of_an_honest_server_is_noticed() {
    let mut record = good();
    bobs(&mut record).is_caught = true;
    assert_eq!(promises(&record), [Promise::LiesAreCaught]);
}
