use allod_crypto::recovery::{OpenError, RecoveryPhrase};
use allod_wire::account::DeviceClass;
use allod_wire::inbox::{ClaimedDevice, ClaimedKeyPackages, InboxMessage, NewInboxItem};
use allod_wire::{Address, DeviceId, EntryId, cbor};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::backup::{BackupError, BackupReader, BadRecords, RecordsIn};
use crate::effect::Event;
use crate::job::Claim;
use crate::message::SystemEvent;
use crate::request::HttpRequest;
use crate::testing::{Who, World};
use crate::view::State;

fn phrase() -> RecoveryPhrase {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    RecoveryPhrase::parse(words).unwrap()
}

#[test]
fn a_person_who_lost_every_device_comes_back_with_file_and_phrase_c_16_k_6() {
    let mut world = World::seeded(90);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.pair(alice, bob);
    let group = world.conversation(carol, [alice, bob]);
    world.say(alice, talk, "before");
    world.say(carol, group, "all of us");
    world.run_until_quiet();
    let file = world.back_up(bob, &phrase());
    let lost = world.core(bob).me_view().unwrap().device;
    world.go_offline(bob);

    let back = world.restore(&file, phrase()).unwrap();
    assert_eq!(world.read_by(back, talk), ["before"], "history is there before anybody answers");
    assert_eq!(world.search(back, "before"), ["[before]"], "and is found");
    world.wait(120_000);
    world.say(alice, talk, "welcome back");
    world.say(back, talk, "thanks");
    world.say(back, group, "here again");
    world.run_until_quiet();

    assert_eq!(world.read_by(back, talk), ["before", "welcome back", "thanks"]);
    assert_eq!(world.read_by(carol, group), ["all of us", "here again"]);
    assert_eq!(world.readers(alice, talk), ["alice:1", "bob:2"]);
    assert_eq!(world.readers(carol, group), ["alice:1", "bob:2", "carol:1"]);
    let [person, by] = [back, alice].map(|who| world.address(who));
    let line = SystemEvent::DeviceAdded { person, class: DeviceClass::Installed, by };
    assert!(world.happened(alice, talk).contains(&line), "contacts see the new device");
    assert!(
        !world.events(alice).iter().any(|event| matches!(event, Event::IdentityChanged { .. })),
        "it is the same bob"
    );

    world.act(back, |core, _, _| core.remove_device(lost)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.readers(alice, talk), ["alice:1", "bob:1"]);
    assert_eq!(world.readers(carol, group), ["alice:1", "bob:1", "carol:1"]);
}

#[test]
fn a_restored_device_shows_what_it_has_and_is_added_by_an_own_device_k_6() {
    let mut world = World::seeded(91);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.conversation(alice, [bob]);
    world.say(alice, talk, "before");
    world.run_until_quiet();
    let file = world.back_up(bob, &phrase());
    let before = world.core(bob).conversation(talk).unwrap();
    world.go_offline(alice);
    world.go_offline(bob);

    let back = world.restore(&file, phrase()).unwrap();
    world.crash(back);
    world.run_until_quiet();
    let after = world.core(back).conversation(talk).unwrap();
    assert_eq!((after.title, after.people, after.state), (before.title, before.people, State::Rejoining));
    assert_eq!(after.last, before.last);
    assert_eq!(world.read_by(back, talk), ["before"]);
    // Bob's other device sees the new one when it is started next.
    world.go_online(bob);
    world.crash(bob);
    world.wait(120_000);
    world.run_until_quiet();
    assert_eq!(world.core(back).conversation(talk).unwrap().state, State::Active);
    assert_eq!(world.readers(bob, talk), ["alice:1", "bob:2"]);
}

#[test]
fn a_device_that_was_removed_does_not_come_back_by_the_identity_key_alone_c_16() {
    let mut world = World::seeded(92);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    let phone = world.second_device(bob);
    world.run_until_quiet();
    let stolen = world.core(phone).me_view().unwrap().device;
    // Before it is removed, the thief lays up the right to write to alice and a package of its own.
    let [bobs, alices] = [bob, alice].map(|who| world.address(who));
    let own = claim(&mut world, phone, bobs, vec![stolen]);
    let alices = claim(&mut world, phone, alices, Vec::new());
    world.act(bob, |core, _, _| core.remove_device(stolen)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.readers(alice, talk), ["alice:1", "bob:1"]);

    let ClaimedDevice { key_package, certificate, inbox_key, ticket, .. } = own;
    let message = InboxMessage::Rejoin { log: talk, key_package, certificate, inbox_key, ticket };
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let sealed = allod_crypto::inbox::seal(&alices.inbox_key, alices.device, &cbor::to_vec(&message), &mut rng);
    let item = NewInboxItem { id: EntryId([1; 16]), sealed: sealed.unwrap().into() };
    let request = HttpRequest::inbox_item(alices.device, &alices.ticket, cbor::to_vec(&item));
    let now = world.now;
    assert_eq!(world.hub.handle(&request, now).0, 200);
    world.go_offline(alice);
    world.go_online(alice);
    world.wait(120_000);
    world.run_until_quiet();
    assert_eq!(world.readers(alice, talk), ["alice:1", "bob:1"]);
    world.say(alice, talk, "the two of us");
    world.run_until_quiet();
    assert_eq!(world.read_by(bob, talk), ["the two of us"]);
}

fn claim(world: &mut World, who: Who, address: Address, devices: Vec<DeviceId>) -> ClaimedDevice {
    let request = world.core(who).claim_request(&Claim { address, devices }).unwrap();
    let now = world.now;
    let (status, body) = world.hub.handle(&request, now);
    assert_eq!(status, 200);
    cbor::from_slice::<ClaimedKeyPackages>(&body).unwrap().devices.remove(0)
}

#[test]
fn a_backup_holds_no_secret_of_a_conversation_or_device_k_5() {
    let mut world = World::seeded(93);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "something to back up");
    world.run_until_quiet();
    let file = world.back_up(alice, &phrase());
    let mut opener = allod_crypto::recovery::BackupOpener::new(phrase());
    let mut content = opener.push(&file).unwrap().to_vec();
    content.extend_from_slice(&opener.finish().unwrap());
    let holds = |secret: &[u8]| content.windows(secret.len()).any(|window| window == secret);

    let core = world.core(alice);
    let mut secrets = vec![core.account.signer.0.to_vec(), core.account.inbox.0.to_vec()];
    secrets.push(core.account.joined.as_ref().unwrap().session.0.to_vec());
    secrets.extend(core.tokens.values().map(|secret| secret.0.to_vec()));
    let conversation = core.conversations.get_mut(&talk).unwrap();
    secrets.push(conversation.row.token_secret.0.to_vec());
    secrets.push(conversation.membership().unwrap().state.log_secret.0.to_vec());
    assert!(secrets.len() > 10 && secrets.iter().all(|secret| !holds(secret)));
    assert!(holds(b"something to back up"), "the positive control: one looks where content is");
    assert!(!file.windows(20).any(|window| window == b"something to back up"), "and the file is sealed");
}

#[test]
fn a_file_that_is_cut_changed_or_under_another_phrase_restores_nothing_k_4() {
    let mut world = World::seeded(94);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "x");
    world.run_until_quiet();
    let file = world.back_up(alice, &phrase());
    let open = |file: &[u8], phrase: RecoveryPhrase| {
        let mut reader = BackupReader::new(phrase);
        reader.push(file)?;
        reader.finish().map(|(rows, backup)| (rows.len(), backup.conversations(), backup.name().unwrap().to_string()))
    };
    assert_eq!(open(&file, phrase()), Ok((3, 1, "alice".to_owned())));
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    assert_eq!(open(&file, RecoveryPhrase::random(&mut rng)), Err(BackupError::Open(OpenError::WrongPhrase)));
    assert_eq!(open(&file[..file.len() - 1], phrase()), Err(BackupError::Open(OpenError::WrongPhrase)));
    let mut newer = file;
    newer[7] = 9;
    assert_eq!(open(&newer, phrase()), Err(BackupError::Open(OpenError::Newer { found: 9 })));
}

#[test]
fn records_in_another_order_too_few_or_too_long_are_refused_k_4() {
    let read = |content: &[u8]| {
        let mut records = RecordsIn::default();
        // In any parts.
        for part in content.chunks(3) {
            records.push(part)?;
        }
        records.finish().map(|backup| backup.conversations())
    };
    let framed = |record: &[u8]| [&(record.len() as u32).to_be_bytes(), record].concat();
    let account = framed(&[0x82, 0, 0x81, 0x83, 0x61, b'x', 1, 2]);
    let end = |records| framed(&[0x82, 4, 0x81, records]);
    assert_eq!(read(&[account.clone(), end(1)].concat()), Ok(0));
    let bad = [
        Vec::new(),
        account.clone(),
        end(0),
        [account.clone(), end(2)].concat(),
        [account.clone(), account.clone(), end(2)].concat(),
        [account.clone(), end(1), end(2)].concat(),
        [account.clone(), end(1), vec![0]].concat(),
        [account.clone(), framed(&[0x82, 9, 0x80]), end(2)].concat(),
        vec![0xff; 4],
    ];
    for content in bad {
        assert_eq!(read(&content), Err(BadRecords), "{content:?}");
    }
}
