use std::collections::BTreeMap;

use allod_crypto::identity::sign_for_device;
use allod_wire::account::DeviceClass;
use allod_wire::blob::{BlobKey, BlobRef};
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::inbox::{ClaimedKeyPackages, InboxMessage, NewInboxItem};
use allod_wire::{BlobId, DeviceId, EntryId, LogId, Position, cbor};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::effect::Event;
use crate::history::get::{Coming, Stage};
use crate::history::{HistoryCall, HistoryStep};
use crate::job::Claim;
use crate::message::SystemEvent;
use crate::records::{Record, RecordsIn, RecordsOut};
use crate::request::HttpRequest;
use crate::rows;
use crate::testing::{Who, World};
use crate::view::{MessageBody, MessageView, State};

fn device(world: &mut World, who: Who) -> DeviceId {
    world.core(who).me_view().unwrap().device
}

fn steps(world: &mut World, who: Who) -> Vec<HistoryStep> {
    let step = |event| match event {
        Event::History { step, .. } => Some(step),
        _ => None,
    };
    world.events(who).into_iter().filter_map(step).collect()
}

fn lines_taken(steps: &[HistoryStep]) -> Vec<u64> {
    let taken = |step: &HistoryStep| match step {
        HistoryStep::Here { lines } => Some(*lines),
        _ => None,
    };
    steps.iter().filter_map(taken).collect()
}

#[test]
fn a_new_device_shows_what_was_said_before_it_came_d_1_d_5() {
    let mut world = World::seeded(200);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.pair(alice, bob);
    let group = world.conversation(carol, [alice, bob]);
    let left = world.conversation(bob, [alice]);
    world.say(bob, talk, "a question");
    world.say(alice, group, "with a misteak");
    world.say(bob, left, "not for long");
    world.run_until_quiet();
    let (misteak, question) = (world.line(alice, group, "with a misteak"), world.line(alice, talk, "a question"));
    world.send(alice, |core, now, rng| core.edit(&misteak, "without a mistake", now, rng)).unwrap();
    world.send(alice, |core, now, rng| core.react(talk, question.message_id.unwrap(), "👍", now, rng)).unwrap();
    world.act(alice, |core, now, rng| core.leave(left, now, rng)).unwrap();
    world.run_until_quiet();

    let laptop = world.second_device(alice);
    world.run_until_quiet();
    world.say(bob, talk, "to both");
    world.run_until_quiet();
    for log in [talk, group, left] {
        let shown = |who: Who| world.history(who, log).into_iter().filter(|line| line.message_id.is_some());
        let shown = |who: Who| shown(who).map(|line| (line.position, line.body, line.marks)).collect::<Vec<_>>();
        assert_eq!(shown(laptop), shown(alice));
        let [here, there] = [laptop, alice].map(|who| world.core(who).conversation(log).unwrap());
        assert_eq!((here.title, here.last), (there.title, there.last));
    }
    assert_eq!(world.read_by(laptop, talk), ["a question", "to both"]);
    assert_eq!(world.core(laptop).conversation(talk).unwrap().unread, 1, "what is old is not news");
    assert_eq!(world.core(laptop).conversation(left).unwrap().state, State::Removed);
    assert_eq!(world.search(laptop, "mistake"), ["without a [mistake]"]);
    assert!(world.search(laptop, "misteak").is_empty(), "the last text is found, not the first");
    world.crash(laptop);
    assert_eq!(world.search(laptop, "question"), ["a [question]"]);
    assert_eq!(world.core(laptop).people_known(), world.core(alice).people_known());
    assert!(steps(&mut world, alice).contains(&HistoryStep::Sent));
    assert!(world.core(alice).giving.is_empty() && matches!(world.core(laptop).getting.row.stage, Stage::Here));
}

#[test]
fn a_history_in_many_parts_arrives_whole_whatever_crashes_d_4_d_7() {
    let mut crashes = 0;
    for seed in 0..40 {
        let mut world = World::seeded(300 + seed);
        let [alice, bob] = world.people(["alice", "bob"]);
        let talk = world.pair(alice, bob);
        (0..30).for_each(|i| world.say(bob, talk, &format!("message {i}")));
        world.run_until_quiet();
        world.core(alice).part_bytes = 700;
        let laptop = world.second_device(alice);
        let step = seed as usize / 2;
        let who = if seed % 2 == 0 { alice } else { laptop };
        for _ in 0..3 {
            world.crash_after(who, 3 * step + 4);
            world.run_until_quiet();
            world.core(alice).part_bytes = 700;
        }
        crashes += usize::from(world.has_crashed(who));
        world.wait(900_000);
        assert_eq!(world.read_by(laptop, talk), world.read_by(alice, talk), "seed {seed}");
        assert_eq!(world.read_by(laptop, talk).len(), 30);
        assert!(world.core(alice).giving.is_empty(), "seed {seed}");
    }
    assert!(crashes > 20, "only {crashes} crashed");
}

#[test]
fn a_history_arrives_through_a_network_that_loses_much_d_7() {
    for seed in 0..8 {
        let mut world = World::seeded(350 + seed);
        let [alice, bob] = world.people(["alice", "bob"]);
        let talk = world.pair(alice, bob);
        (0..20).for_each(|i| world.say(bob, talk, &format!("message {i}")));
        world.run_until_quiet();
        world.core(alice).part_bytes = 700;
        let laptop = world.second_device(alice);
        world.lose_one_in(5);
        world.wait(600_000);
        world.lose_one_in(0);
        world.wait(900_000);
        assert_eq!(world.read_by(laptop, talk).len(), 20, "seed {seed}");
    }
}

#[test]
fn a_device_that_does_not_answer_is_not_waited_for_d_1() {
    let mut world = World::seeded(201);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, "before");
    let phone = world.second_device(alice);
    world.run_until_quiet();
    assert_eq!(lines_taken(&steps(&mut world, phone)).len(), 1);
    let laptop = world.second_device(alice);
    world.run_until_quiet();
    steps(&mut world, laptop);
    // As if it came again, brought in by a device that is off now.
    let [alices, phones] = [alice, phone].map(|who| device(&mut world, who));
    world.go_offline(alice);
    world.vault(laptop).retain(|key, _| !key.starts_with(b"h/"));
    world.core(laptop).lacks_history();
    world.core(laptop).getting.live.brought_by = Some(alices);
    world.core(laptop).conversations.get_mut(&talk).unwrap().row.lacks_beginning = true;
    let effects = world.core(laptop).done();
    world.act(laptop, |_, _, _| Ok(effects)).unwrap();
    world.crash(laptop);
    world.core(laptop).getting.live.brought_by = Some(alices);
    world.wait(60_000);
    assert_eq!(world.core(laptop).histories(), [(alices, HistoryStep::Asked)]);
    assert!(world.read_by(laptop, talk).is_empty());
    world.wait(400_000);
    assert_eq!(world.core(laptop).getting.row.asked, [alices, phones]);
    assert_eq!(world.read_by(laptop, talk), ["before"]);
    assert!(world.core(laptop).histories().is_empty());
    // The late answer changes nothing.
    world.go_online(alice);
    world.wait(60_000);
    assert_eq!(lines_taken(&steps(&mut world, laptop)).len(), 1);
}

#[test]
fn what_got_no_answer_is_asked_again_by_the_clock_d_7() {
    let mut world = World::seeded(212);
    let [alice, bob] = world.people(["alice", "bob"]);
    world.pair(alice, bob);
    let laptop = world.second_device(alice);
    world.run_until_quiet();
    let (now, alices) = (world.now, device(&mut world, alice));
    let away = ErrorBody::new(ErrorCode::Unavailable, "");
    let core = world.core(laptop);
    core.lacks_history();
    for call in [HistoryCall::Peer(alices), HistoryCall::Ask(alices), HistoryCall::Fetch] {
        core.getting.live.due = None;
        core.history_refused(call, &away, now);
        assert!(core.histories_due().is_some_and(|due| due > now), "{call:?}");
    }
}

#[test]
fn who_is_brought_into_a_conversation_later_asks_for_its_beginning_d_1() {
    let mut world = World::seeded(202);
    let [alice, bob] = world.people(["alice", "bob"]);
    let laptop = world.second_device(alice);
    world.run_until_quiet();
    let first = world.pair(alice, bob);
    world.say(alice, first, "for both");
    world.run_until_quiet();
    let laptops = device(&mut world, laptop);
    world.hub.withheld.insert(laptops);
    let later = world.conversation(bob, [alice]);
    world.say(bob, later, "said too early");
    world.run_until_quiet();
    assert_eq!(world.readers(bob, later), ["alice:1", "bob:1"]);
    world.hub.withheld.clear();
    world.wait(1_500_000);
    assert_eq!(world.readers(bob, later), ["alice:2", "bob:1"]);
    assert_eq!(world.read_by(laptop, later), ["said too early"]);
    assert_eq!(world.read_by(laptop, first), ["for both"]);
    assert!(!world.core(laptop).conversations[&later].row.lacks_history());
}

#[test]
fn what_was_encrypted_before_a_device_came_and_arrives_behind_it_is_sent_to_it_too_d_1() {
    let mut world = World::seeded(210);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, "before");
    world.run_until_quiet();
    let (now, mut rng) = (world.now, ChaCha20Rng::seed_from_u64(3));
    let (_, on_the_way) =
        world.core(bob).send_text(talk, "on its way for long", Default::default(), now, &mut rng).unwrap();
    let laptop = world.second_device(alice);
    world.run_until_quiet();
    assert_eq!(world.read_by(laptop, talk), ["before"]);
    world.act(bob, |_, _, _| Ok(on_the_way)).unwrap();
    world.wait(2_000);
    assert_eq!(world.read_by(alice, talk), ["before", "on its way for long"]);
    assert_eq!(world.read_by(laptop, talk), ["before"], "it has no key for it");
    world.wait(60_000);
    assert_eq!(world.read_by(laptop, talk), ["before", "on its way for long"]);
    assert!(!world.core(laptop).conversations[&talk].row.lacks_history());
}

#[test]
fn a_device_that_was_removed_gets_nothing_d_3() {
    let mut world = World::seeded(203);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, "not for the thief");
    let phone = world.second_device(alice);
    world.run_until_quiet();
    assert_eq!(world.read_by(phone, talk), ["not for the thief"], "the positive control");

    let thief = world.second_device(alice);
    let thiefs = device(&mut world, thief);
    world.run_until_quiet();
    world.vault(thief).retain(|key, _| !key.starts_with(b"h/"));
    let word = claim_and_ask(&mut world, thief, alice);
    world.act(alice, |core, _, _| core.remove_device(thiefs)).unwrap();
    world.run_until_quiet();
    steps(&mut world, alice);
    assert_eq!(put_item(&mut world, word), 200);
    world.wait(900_000);
    assert!(world.core(alice).giving.is_empty());
    assert_eq!(steps(&mut world, alice), [HistoryStep::Refused]);
    assert!(world.read_by(thief, talk).is_empty());
}

/// A question of `who` to the device of `whom`, ready to be put into its inbox.
fn claim_and_ask(world: &mut World, who: Who, whom: Who) -> HttpRequest {
    let (address, to) = (world.address(whom), device(world, whom));
    let request = world.core(who).claim_request(&Claim { address, devices: vec![to] }).unwrap();
    let now = world.now;
    let (_, body) = world.hub.handle(&request, now);
    let claimed = cbor::from_slice::<ClaimedKeyPackages>(&body).unwrap().devices.remove(0);
    let core = world.core(who);
    let domain = core.joined().unwrap().organisation.domain.clone();
    let certificate = cbor::to_vec(&core.keys.certificate(&core.account, &domain));
    let ask = |signature: [u8; 64]| InboxMessage::HistoryWanted {
        certificate: certificate.clone().into(),
        logs: Vec::new(),
        signature: signature.into(),
    };
    let signature = sign_for_device(&core.keys.signer, to, &cbor::to_vec(&ask([0; 64])));
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let sealed = allod_crypto::inbox::seal(&claimed.inbox_key, to, &cbor::to_vec(&ask(signature)), &mut rng).unwrap();
    let item = NewInboxItem { id: EntryId([9; 16]), sealed: sealed.into() };
    HttpRequest::inbox_item(to, &claimed.ticket, cbor::to_vec(&item))
}

fn put_item(world: &mut World, request: HttpRequest) -> u16 {
    let now = world.now;
    let status = world.hub.handle(&request, now).0;
    world.run_until_quiet();
    status
}

#[test]
fn somebody_else_gets_no_history_and_sends_none_d_2() {
    let mut world = World::seeded(204);
    let [alice, mallory] = world.people(["alice", "mallory"]);
    let talk = world.pair(alice, mallory);
    world.say(alice, talk, "to mallory");
    world.run_until_quiet();
    let ask = claim_and_ask(&mut world, mallory, alice);
    assert_eq!(put_item(&mut world, ask), 200);
    assert!(world.core(alice).giving.is_empty());
    assert_eq!(steps(&mut world, alice), [HistoryStep::Refused]);

    // Nor does the word of a device that signs with another key than its certificate's count.
    let [alices, mallorys] = [alice, mallory].map(|who| device(&mut world, who));
    let core = world.core(alice);
    let domain = core.joined().unwrap().organisation.domain.clone();
    let own = cbor::to_vec(&core.keys.certificate(&core.account, &domain));
    let signer = world.core(mallory).keys.signer.clone();
    let message = |certificate: Vec<u8>, signature: [u8; 64]| InboxMessage::History {
        certificate: certificate.into(),
        log: talk,
        parts: Vec::new(),
        signature: signature.into(),
    };
    let signature = sign_for_device(&signer, alices, &cbor::to_vec(&message(own.clone(), [0; 64])));
    let now = world.now;
    assert_ne!(alices, mallorys);
    world.core(alice).handle_history_word(message(own, signature), now);
    let effects = world.core(alice).done();
    world.act(alice, |_, _, _| Ok(effects)).unwrap();
    assert_eq!(steps(&mut world, alice), [HistoryStep::Refused]);
    assert!(matches!(world.core(alice).getting.row.stage, Stage::Here));
}

type Vault = BTreeMap<Vec<u8>, Vec<u8>>;

/// A part with the lines of a vault, each said to be so much later than it was.
fn part(number: u64, from: &Vault, millis: u64) -> Vec<u8> {
    let mut out = RecordsOut::new(&Record::Part(number));
    for (key, value) in from.iter().filter(|(key, _)| key.starts_with(b"h/")) {
        let (log, _) = rows::log_and_number(key).unwrap();
        let mut line: crate::message::StoredMessage = cbor::from_slice(value).unwrap();
        line.time = line.time.plus(millis);
        out.push(&Record::Line(log, line));
    }
    out.push_end();
    out.take().to_vec()
}

fn coming(from: DeviceId, log: LogId) -> Coming {
    let (parts, covered, found) = (Vec::new(), Vec::new(), Vec::new());
    let came = allod_wire::UnixMillis(0);
    Coming { from, log, parts, next: 0, came, lines: 0, covered, found }
}

#[test]
fn what_a_device_has_read_itself_is_not_overwritten_d_5() {
    let mut world = World::seeded(205);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, "one");
    world.say(bob, talk, "two");
    world.run_until_quiet();
    let laptop = world.second_device(alice);
    world.run_until_quiet();
    world.say(bob, talk, "three");
    world.run_until_quiet();
    let before = world.vault(laptop).clone();
    let me = world.address(alice);
    let came_in = |line: &MessageView| matches!(&line.body, MessageBody::System { events } if events.contains(&SystemEvent::DeviceAdded { person: me.clone(), class: DeviceClass::Installed, by: me.clone() }));
    let own = world.history(laptop, talk).into_iter().rfind(came_in).unwrap();
    let since = Position(own.position.unwrap());
    world.core(laptop).conversations.get_mut(&talk).unwrap().row.lacks_beginning = true;
    let (alices, sent) = (device(&mut world, alice), world.vault(alice).clone());
    let mut coming = coming(alices, talk);
    world.core(laptop).keep_part(&part(0, &sent, 5), &mut coming).unwrap();
    let effects = world.core(laptop).done();
    world.act(laptop, |_, _, _| Ok(effects)).unwrap();
    let after = world.vault(laptop).clone();
    let changed = |(key, value): (&Vec<u8>, &Vec<u8>)| (before.get(key) != Some(value)).then(|| key.clone());
    let changed: Vec<_> = after.iter().filter_map(changed).filter(|key| key.starts_with(b"h/")).collect();
    let earlier = |key: &Vec<u8>| rows::log_and_number(key).is_some_and(|(_, number)| number < since.0);
    assert!(coming.lines >= 2 && changed.len() as u64 == coming.lines && changed.iter().all(earlier), "{changed:?}");
}

#[test]
fn a_part_that_is_cut_or_another_one_is_taken_not_at_all_d_5() {
    let mut world = World::seeded(206);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, "one");
    world.run_until_quiet();
    let (alices, rows) = (device(&mut world, alice), world.vault(alice).clone());
    let good = part(0, &rows, 0);
    let bad = [
        good[..good.len() - 1].to_vec(),
        [&good[..], &[0]].concat(),
        part(1, &rows, 0),
        Vec::new(),
        good[..good.len() / 2].to_vec(),
    ];
    let mut coming = coming(alices, LogId([1; 32]));
    for content in bad {
        assert!(world.core(bob).keep_part(&content, &mut coming).is_err());
    }
    assert!(world.core(bob).done().is_empty(), "nothing is written");
    assert!(world.core(bob).keep_part(&good, &mut coming).is_ok(), "the positive control");
}

#[test]
fn a_history_whose_blob_is_gone_is_asked_for_again_of_another_device_d_7() {
    let mut world = World::seeded(207);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, "before");
    let phone = world.second_device(alice);
    world.run_until_quiet();
    let laptop = world.second_device(alice);
    for _ in 0..2_000 {
        if matches!(world.core(laptop).getting.row.stage, Stage::Coming(_)) {
            break;
        }
        world.hub.forget_blobs();
        world.wait(1);
    }
    world.hub.forget_blobs();
    world.wait(900_000);
    assert_eq!(world.read_by(laptop, talk), ["before"]);
    assert_eq!(world.read_by(phone, talk), ["before"]);
}

#[test]
fn a_history_holds_neither_the_identity_key_nor_a_link_nor_another_secret_d_4() {
    let mut world = World::seeded(208);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, "something to pass on");
    world.run_until_quiet();
    let rows = world.vault(alice).clone();
    let core = world.core(alice);
    let mut out = RecordsOut::new(&Record::Part(0));
    core.records().for_each(|record| out.push(&record));
    rows.iter().filter(|(key, _)| key.starts_with(b"h/")).for_each(|(key, value)| out.push_row(key, value));
    out.push_end();
    let content = out.take();
    let holds = |secret: &[u8]| content.windows(secret.len()).any(|window| window == secret);
    let mut secrets =
        [&core.account.identity, &core.account.signer, &core.account.inbox].map(|s| s.0.to_vec()).to_vec();
    secrets.push(core.account.joined.as_ref().unwrap().session.0.to_vec());
    secrets.extend(core.tokens.values().map(|secret| secret.0.to_vec()));
    let conversation = core.conversations.get_mut(&talk).unwrap();
    secrets.push(conversation.row.token_secret.0.to_vec());
    secrets.push(conversation.membership().unwrap().state.log_secret.0.to_vec());
    assert!(secrets.len() > 10 && secrets.iter().all(|secret| !holds(secret)));
    assert!(holds(b"something to pass on") && !holds(b"https://"));
    let mut records = RecordsIn::default();
    records.push(&content).unwrap();
    assert!(crate::backup::Backup::of(records.finish().unwrap()).is_err(), "and it is no backup");
}

#[test]
fn the_word_of_the_longest_history_fits_into_an_inbox_item_d_4() {
    let mut world = World::seeded(211);
    let [alice] = world.people(["alice"]);
    let core = world.core(alice);
    let domain = core.joined().unwrap().organisation.domain.clone();
    let certificate = cbor::to_vec(&core.keys.certificate(&core.account, &domain)).into();
    let part = BlobRef { blob: BlobId([1; 32]), key: BlobKey([2; 32]), size: u64::MAX, digest: [3; 32].into() };
    let parts = vec![part; crate::history::PARTS_MAX];
    let message = InboxMessage::History { certificate, log: LogId([1; 32]), parts, signature: [4; 64].into() };
    let (key, device) = (core.keys.inbox_public.clone(), core.my_device());
    let sealed = allod_crypto::inbox::seal(&key, device, &cbor::to_vec(&message), &mut ChaCha20Rng::seed_from_u64(1));
    assert!(sealed.unwrap().len() <= 64 << 10);
    let records_max = crate::history::PART_BYTES + (5 << 20) + 1_024;
    assert!(
        records_max as u64 <= crate::history::PART_BYTES_MAX,
        "the longest record fits into a part that is nearly full"
    );
}

#[test]
fn the_server_sees_blobs_beside_one_log_and_nothing_that_was_said_d_6() {
    let mut world = World::seeded(209);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let logs = [world.pair(alice, bob), world.pair(alice, carol)];
    logs.iter().zip([bob, carol]).for_each(|(log, who)| world.say(who, *log, "the canary sings"));
    world.run_until_quiet();
    let before = world.hub.blob_sizes();
    let laptop = world.second_device(alice);
    world.run_until_quiet();
    assert_eq!(world.read_by(laptop, logs[0]), ["the canary sings"]);
    let fresh: Vec<_> = world.hub.blob_sizes().into_iter().filter(|(blob, _)| !before.contains_key(blob)).collect();
    // The shared part of each log's welcome, and one part of a history beside one of them.
    assert_eq!(fresh.len(), logs.len() + 1);
    assert!(fresh.iter().all(|(_, size)| size.is_power_of_two() && *size >= 64 << 10));
    assert!(!world.hub.blobs_hold(b"canary"));
}
