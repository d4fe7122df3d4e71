use allod_crypto::Random;
use allod_wire::mimi::{Disposition, MessageId, MimiContent, NestedPart, Part};
use allod_wire::{Address, LogId, Position, UnixMillis};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::index::SearchIndex;
use super::query::{Query, Term};
use super::segment::Record;
use super::words::words;
use crate::core::ClientCore;
use crate::rows;
use crate::testing::{Who, World};

const TEXTS: [&str; 8] = ["plan", "Plan", "plané", "budget", "Déjà", "vu", "de", "l’été"];

/// A few records, with edits and deletions by authors and by others, in the order of their positions.
fn random_records(rng: &mut dyn Random, count: u64) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for position in 1..=count {
        let kind = rng.next_u32() % 6;
        let target = records.get(rng.next_u32() as usize % (records.len() + 1)).cloned().filter(|_| kind < 2);
        let words = (0..1 + rng.next_u32() % 5).map(|_| TEXTS[rng.next_u32() as usize % TEXTS.len()]);
        let text = if kind == 0 && target.is_some() { String::new() } else { words.collect::<Vec<_>>().join(" ") };
        let sender: Address = format!("{}@a.example", ["alice", "bob"][rng.next_u32() as usize % 2]).parse().unwrap();
        let mut message = [0; 32];
        message[..8].copy_from_slice(&position.to_be_bytes());
        records.push(Record {
            log: LogId([1; 32]),
            position: Position(position),
            time: UnixMillis(u64::from(rng.next_u32() % 1_000) * 86_400_000),
            sender,
            message: message.into(),
            replaces: target.map(|target| target.message),
            text,
            chief: rng.next_u32().is_multiple_of(4),
        });
    }
    records
}

/// What each message says in the end: its text, or that of the last edit by its author, unless it was taken back.
fn naive_texts(records: &[Record]) -> Vec<(Position, UnixMillis, String)> {
    let originals = records.iter().filter(|record| record.replaces.is_none());
    let said = originals.filter_map(|original| {
        let acts = || records.iter().filter(|record| record.replaces == Some(original.message));
        let is_authors = |record: &&Record| record.sender == original.sender;
        let taken_back = acts().any(|act| act.text.is_empty() && (act.chief || is_authors(&act)));
        let last = acts().filter(|act| !act.text.is_empty()).rfind(is_authors).unwrap_or(original);
        (!taken_back).then(|| (original.position, original.time, last.text.clone()))
    });
    said.collect()
}

fn occurs(text: &str, term: &Term) -> (bool, bool) {
    let mut all = Vec::new();
    words(text, |word, _| all.push(word.to_owned()));
    let wanted: Vec<&str> = term.words().collect();
    let fits = |window: &[String], begins: bool| {
        let (last, first) = (wanted.len() - 1, &wanted[..wanted.len() - 1]);
        let ends = if begins { window[last].starts_with(wanted[last]) } else { window[last] == wanted[last] };
        ends && first.iter().zip(window).all(|(wanted, word)| wanted == word)
    };
    let any = |begins| all.windows(wanted.len()).any(|window| fits(window, begins));
    (any(term.begins), any(false))
}

#[test]
fn the_index_finds_what_a_naive_search_finds_in_the_same_order() {
    let mut found_in_all = 0;
    for seed in 0..300 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let count = 1 + u64::from(rng.next_u32() % 40);
        let records = random_records(&mut rng, count);
        let mut index = SearchIndex::default();
        records.iter().for_each(|record| index.add(record));
        // Handed in once more, nothing changes.
        records.iter().rev().for_each(|record| index.add(record));
        let texts = naive_texts(&records);
        for query in ["plan", "pla", "plan ", "deja vu", "\"plan de\"", "été", "budget pl", "l’é", "d", "xyz"] {
            let terms = Query::parse(query).terms;
            let mut expected: Vec<(u64, Position)> = Vec::new();
            for (position, time, text) in &texts {
                let occur: Vec<(bool, bool)> = terms.iter().map(|term| occurs(text, term)).collect();
                if occur.iter().all(|(found, _)| *found) {
                    let whole = occur.iter().all(|(_, whole)| *whole);
                    expected.push((time.0 + if whole { 30 * 86_400_000 } else { 0 }, *position));
                }
            }
            expected.sort();
            expected.reverse();
            found_in_all += expected.len();
            for limit in [3, usize::MAX] {
                let (lines, count) = index.find(&terms, |_| true, limit);
                let lines: Vec<_> = lines.into_iter().map(|line| line.position).collect();
                let best: Vec<_> = expected.iter().take(limit).map(|(_, position)| *position).collect();
                assert_eq!((lines, count), (best, expected.len()), "seed {seed}, {query}");
            }
        }
    }
    assert!(found_in_all > 5_000, "the texts and the queries have to do with each other: {found_in_all}");
}

#[test]
fn edits_may_come_before_what_they_replace() {
    for seed in 0..100 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let records = random_records(&mut rng, 20);
        let (mut index, mut other) = (SearchIndex::default(), SearchIndex::default());
        records.iter().for_each(|record| index.add(record));
        records.iter().rev().for_each(|record| other.add(record));
        for query in ["plan", "budget", "d"] {
            let found = |index: &SearchIndex| {
                let (lines, _) = index.find(&Query::parse(query).terms, |_| true, 100);
                lines.into_iter().map(|line| (line.position, line.text.clone())).collect::<Vec<_>>()
            };
            assert_eq!(found(&index), found(&other), "seed {seed}, {query}");
        }
    }
}

#[test]
fn what_was_said_is_found_at_once_and_after_a_crash() {
    let mut world = World::seeded(70);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "Le résumé est déjà prêt");
    world.run_until_quiet();
    assert_eq!(world.search(bob, "deja res"), ["Le [résumé] est [déjà] prêt"]);

    world.say(bob, talk, "déjà lu");
    world.run_until_quiet();
    let both = ["[déjà] lu", "Le résumé est [déjà] prêt"];
    assert_eq!(world.search(bob, "deja"), both, "the newest first, and without loading again");
    world.crash(bob);
    assert!(!world.core(bob).is_search_loaded());
    assert_eq!(world.search(bob, "deja"), both);
    assert_eq!(world.search(bob, "deja from:alice"), ["Le résumé est [déjà] prêt"]);
    assert_eq!(world.search(bob, "from:bob"), ["déjà lu"]);
    assert_eq!(world.search(bob, "deja in:alice").len(), 2);
    assert!(world.search(bob, "deja in:nowhere").is_empty());
}

#[test]
fn a_file_is_found_by_its_name_and_by_what_was_written_with_it() {
    let mut world = World::seeded(71);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.send_file(alice, talk, "Budgetentwurf_2027.pdf", b"%PDF");
    world.run_until_quiet();
    assert_eq!(world.search(bob, "budgetent"), ["[Budgetentwurf]_2027.pdf here"]);
    assert_eq!(world.search(bob, "2027.pdf"), ["Budgetentwurf_[2027.pdf] here"]);
    assert_eq!(world.search(bob, "here").len(), 1, "the caption");
}

#[test]
fn segments_are_closed_and_hold_everything() {
    let mut world = World::seeded(72);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    for number in 0..150 {
        world.say(alice, talk, &format!("number n{number} of them"));
        if number == 90 {
            world.run_until_quiet();
            assert_eq!(world.search(bob, "them").len(), 91);
        }
    }
    world.run_until_quiet();
    let segments =
        |world: &mut World, who| world.vault(who).keys().filter(|key| key.starts_with(rows::SEGMENTS)).count();
    assert_eq!(segments(&mut world, bob), 2);
    for who in [alice, bob] {
        assert_eq!(world.search(who, "them").len(), 150, "some loaded, some closed in this run");
        world.crash(who);
        assert_eq!(world.search(who, "them").len(), 150);
        assert_eq!(world.search(who, "\"number n7 of\""), ["[number n7 of] them"]);
    }
}

#[test]
fn history_from_before_there_was_search_is_indexed_in_steps() {
    let mut world = World::seeded(73);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    for number in 0..7 {
        world.say(alice, talk, &format!("old {number}"));
    }
    world.run_until_quiet();
    world.vault(bob).retain(|key, _| key != b"w" && !key.starts_with(rows::SEGMENTS));
    world.crash(bob);
    world.say(alice, talk, "new, not old");
    world.run_until_quiet();
    let unindexed = world.core(bob).unindexed().unwrap();
    assert!(unindexed.log == talk && unindexed.left >= 7);
    assert_eq!(world.search(bob, "old").len(), 8);
    assert_eq!(world.core(bob).unindexed(), None);
    world.crash(bob);
    assert_eq!(world.search(bob, "old").len(), 8);
}

fn take_back(world: &mut World, who: Who, talk: LogId, message: MessageId) {
    let nothing = NestedPart { disposition: Disposition::RENDER, language: String::new(), part: Part::Null };
    let content = MimiContent { replaces: Some(message), ..MimiContent::new([7; 16], nothing) };
    let send = |core: &mut ClientCore, now, rng: &mut ChaCha20Rng| core.send_content(talk, content, now, rng);
    world.act(who, |core, now, rng| send(core, now, rng).map(|(_, effects)| effects)).unwrap();
}

#[test]
fn who_looks_after_a_group_takes_back_what_others_said_and_nobody_else_does() {
    let mut world = World::seeded(76);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.say(bob, talk, "the canary sings");
    world.run_until_quiet();
    let id = world.history(bob, talk).iter().find_map(|line| line.message_id).unwrap();
    take_back(&mut world, carol, talk, id);
    world.run_until_quiet();
    assert_eq!(world.search(bob, "canary").len(), 1);
    take_back(&mut world, alice, talk, id);
    world.run_until_quiet();
    for who in [alice, bob, carol] {
        assert!(world.search(who, "canary").is_empty());
    }
}

#[test]
fn what_was_taken_back_is_not_found_and_does_not_stay_on_the_disk() {
    let mut world = World::seeded(74);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "the canary sings");
    world.run_until_quiet();
    let id = world.history(bob, talk).iter().find_map(|line| line.message_id).unwrap();
    for _ in 0..64 {
        world.say(bob, talk, "filler");
    }
    world.run_until_quiet();
    assert_eq!(world.search(bob, "canary").len(), 1);
    take_back(&mut world, alice, talk, id);
    world.run_until_quiet();
    assert!(world.search(bob, "canary").is_empty());
    world.crash(bob);
    assert!(world.search(bob, "canary").is_empty());
    let holds = |value: &Vec<u8>| value.windows(6).any(|bytes| bytes == b"canary");
    let kept = world.vault(bob).iter().filter(|(key, value)| key[0] == b'w' && holds(value)).count();
    assert_eq!(kept, 0);
}

#[test]
fn a_forgotten_conversation_is_not_searched_and_its_texts_go_with_it() {
    let mut world = World::seeded(75);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.conversation(alice, [bob]);
    world.say(alice, talk, "the canary sings");
    world.run_until_quiet();
    world.act(bob, |core, now, rng| core.leave(talk, now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.search(bob, "canary").len(), 1, "what was left can be read still");
    world.act(bob, |core, _, _| core.forget_conversation(talk)).unwrap();
    assert!(world.search(bob, "canary").is_empty());
    world.crash(bob);
    assert!(world.search(bob, "canary").is_empty());
    let holds = |value: &Vec<u8>| value.windows(6).any(|bytes| bytes == b"canary");
    assert!(!world.vault(bob).iter().any(|(key, value)| key[0] == b'w' && holds(value)));
}
