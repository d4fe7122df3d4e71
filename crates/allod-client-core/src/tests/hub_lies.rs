use crate::acts::With;
use crate::effect::Event;
use crate::error::CoreError;
use crate::testing::World;
use crate::verbs::ForkChoice;
use crate::view::State;

#[test]
fn a_log_that_is_rolled_back_is_noticed_and_nothing_is_sent_until_the_user_decides_c_4() {
    let mut world = World::seeded(60);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "one");
    world.run_until_quiet();
    let before = world.hub.logs[&talk].clone();
    world.say(alice, talk, "two");
    world.run_until_quiet();
    world.events(bob);

    world.go_offline(bob);
    world.go_offline(alice);
    world.hub.logs.insert(talk, before);
    world.go_online(bob);
    world.run_until_quiet();

    assert!(world.events(bob).contains(&Event::ForkDetected(talk)));
    assert_eq!(world.core(bob).conversation(talk).unwrap().state, State::Forked);
    let (now, mut rng) =
        (world.now, <rand_chacha::ChaCha20Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(1));
    assert_eq!(world.core(bob).send_text(talk, "x", With::default(), now, &mut rng).unwrap_err(), CoreError::Forked);
    world.act(bob, |core, now, rng| core.resolve_fork(talk, ForkChoice::Leave, now, rng)).unwrap();
    assert_eq!(world.core(bob).conversation(talk).unwrap().state, State::Left);
}

#[test]
fn a_hub_that_shows_two_logs_is_caught_by_the_next_message_c_4() {
    let mut world = World::seeded(61);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.run_until_quiet();
    // Bob is shown a log in which alice said one thing, carol one in which she said another.
    let common = world.hub.logs[&talk].clone();
    world.go_offline(carol);
    world.say(alice, talk, "for bob");
    world.say(bob, talk, "heard");
    world.run_until_quiet();
    let bobs = world.hub.logs[&talk].entries.last().unwrap().new.clone();
    world.go_offline(alice);
    world.go_offline(bob);
    world.hub.logs.insert(talk, common);
    world.go_online(carol);
    world.say(carol, talk, "what is going on?");
    world.run_until_quiet();
    // Bob's message, which names the head that he saw, gets into carol's log.
    let member = world.hub.members(talk).keys().next().copied().unwrap();
    let now = world.now;
    world.hub.append(talk, member, bobs, now).unwrap();
    world.run_until_quiet();
    assert!(world.events(carol).contains(&Event::ForkDetected(talk)));
}

#[test]
fn a_page_whose_receipt_is_for_other_entries_is_not_used_c_15() {
    let mut world = World::seeded(62);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.go_offline(bob);
    world.say(alice, talk, "original");
    world.run_until_quiet();
    // The hub changes an entry that it has signed for.
    let log = world.hub.logs.get_mut(&talk).unwrap();
    let last = log.entries.last_mut().unwrap();
    last.new.payload[100] ^= 1;
    world.events(bob);
    world.go_online(bob);
    world.run_until_quiet();
    assert!(world.events(bob).iter().any(|event| matches!(event, Event::HubMisbehaved { .. })));
    assert!(world.read_by(bob, talk).is_empty());
}

#[test]
fn garbage_of_a_member_is_skipped_by_everybody_and_kept_as_evidence_c_3() {
    let mut world = World::seeded(63);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    let member = world.hub.members(talk).keys().next().copied().unwrap();
    let mut garbage = world.hub.logs[&talk].entries.last().unwrap().new.clone();
    (garbage.id, garbage.payload) = (allod_wire::EntryId([9; 16]), vec![7; 1024].into());
    garbage.changes.clear();
    garbage.kind = allod_wire::log::EntryKind::Commit { seen: allod_wire::Commits(1) };
    let now = world.now;
    world.hub.append(talk, member, garbage, now).unwrap();
    world.say(alice, talk, "never mind");
    world.run_until_quiet();
    assert_eq!(world.read_by(bob, talk), ["never mind"]);
    // A skipped commit counts for the hub all the same, and ours are made on the right count.
    let [carol] = world.people(["carol"]);
    let group = world.conversation(bob, [alice, carol]);
    assert_eq!(world.readers(carol, group), ["alice:1", "bob:1", "carol:1"]);
}

#[test]
fn a_commit_that_its_author_may_not_make_changes_nothing_and_what_it_did_at_the_hub_is_repaired_c_3_c_14() {
    use allod_crypto::envelope;
    use allod_crypto::token::key_of_token;
    use allod_mls::Change;
    use allod_wire::log::{EntryContext, EntryKind, HeadSeen, NewEntry, TokenChange, TokenRole};

    let mut world = World::seeded(64);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    let carols = world.address(carol);
    let mut rng = <rand_chacha::ChaCha20Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(1);

    // Bob, a plain member, removes carol with a client of his own, and lets a stranger read the log.
    let core = world.core(bob);
    let conversation = core.conversations.get_mut(&talk).unwrap();
    let here = conversation.membership().unwrap();
    let key = key_of_token(&conversation.token().unwrap()).unwrap();
    let frank = [5; 32].into();
    let seen = HeadSeen { position: conversation.row.position, head: conversation.row.head.unwrap() };
    let remove = here.devices_of(&carols).map(|reader| reader.leaf).collect();
    let change = Change { remove, aad: allod_wire::cbor::to_vec(&EntryContext { seen, frank }), ..Change::default() };
    let group = conversation.group.as_mut().unwrap();
    let commit = group.stage_commit(&mut core.store, core.device.as_ref().unwrap(), change).unwrap().commit;
    group.abandon_own_commit(&mut core.store).unwrap();
    let stranger = allod_wire::secrets::TokenKey([3; 32]);
    let entry = NewEntry {
        id: allod_wire::EntryId([8; 16]),
        kind: EntryKind::Commit { seen: conversation.row.commits.unwrap() },
        changes: vec![TokenChange::Register { key: stranger, role: TokenRole::Member }],
        frank,
        payload: envelope::seal(&here.secret(), talk, &commit, &mut rng).unwrap().into(),
    };
    let now = world.now;
    world.hub.append(talk, key, entry, now).unwrap();
    assert!(world.hub.is_member(talk, &stranger));
    world.run_until_quiet();
    world.say(alice, talk, "all three of us");
    world.run_until_quiet();

    assert_eq!(world.readers(alice, talk), ["alice:1", "bob:1", "carol:1"]);
    for who in [alice, bob, carol] {
        assert_eq!(world.read_by(who, talk), ["all three of us"]);
    }
    assert!(!world.hub.is_member(talk, &stranger));
}
