use allod_crypto::recovery::RecoveryPhrase;
use allod_wire::LogId;

use super::content::id;
use crate::glimpse::Glimpse;
use crate::rows;
use crate::testing::{Who, World};
use crate::transfer::FileInfo;
use crate::view::{MessageBody, MessageView};

/// A word that stands nowhere else.
const WORD: &str = "xylophone";

fn delete(world: &mut World, who: Who, line: &MessageView) {
    world.send(who, |core, now, rng| core.delete_for_everyone(line, now, rng)).unwrap();
}

/// The tables in whose rows the word stands, or some bytes of the picture.
fn found_in(world: &mut World, who: Who) -> Vec<char> {
    let holds = |value: &[u8], what: &[u8]| value.windows(what.len()).any(|window| window == what);
    let rows = world.vault(who).iter();
    let found = rows.filter(|(_, value)| holds(value, WORD.as_bytes()) || holds(value, PICTURE));
    let mut tables: Vec<char> = found.map(|(key, _)| char::from(key[0])).collect();
    tables.dedup();
    tables
}

const PICTURE: &[u8] = b"\x89PNGpixels of a xylophone";

fn phrase() -> RecoveryPhrase {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    RecoveryPhrase::parse(words).unwrap()
}

#[test]
fn what_was_deleted_for_everyone_is_nowhere_in_the_rows_of_any_device_and_in_no_later_backup_m_15() {
    for is_searched in [false, true] {
        let mut world = World::seeded(47);
        let [alice, bob] = world.people(["alice", "bob"]);
        let talk = world.pair(alice, bob);
        world.say(alice, talk, &format!("a {WORD}"));
        world.run_until_quiet();
        let said = world.line(alice, talk, &format!("a {WORD}"));
        world.send(alice, |core, now, rng| core.edit(&said, &format!("two {WORD}s"), now, rng)).unwrap();
        let glimpse =
            Some(Glimpse::Picture { media_type: "image/png".into(), width: 4, height: 3, bytes: PICTURE.into() });
        let name = format!("{WORD}.png");
        let info = FileInfo {
            name,
            media_type: "image/png".into(),
            size: 9,
            glimpse,
            caption: WORD.into(),
            ..FileInfo::default()
        };
        world.send_file_as(alice, talk, info, b"a picture");
        world.run_until_quiet();
        // So many that the segments of search with the texts are closed.
        for number in 0..150 {
            world.say(bob, talk, &number.to_string());
        }
        world.run_until_quiet();
        if is_searched {
            assert_eq!(world.search(bob, WORD).len(), 2);
        }
        assert_eq!(found_in(&mut world, bob), ['h', 'n', 'w']);

        let is_file = |line: &MessageView| matches!(line.body, MessageBody::File { .. });
        let file = world.history(alice, talk).into_iter().find(is_file).unwrap();
        for line in [&said, &file] {
            delete(&mut world, alice, line);
        }
        world.run_until_quiet();
        // What comes later does not bring it back.
        world.send(alice, |core, now, rng| core.edit(&said, &format!("three {WORD}s"), now, rng)).unwrap();
        world.run_until_quiet();
        let back_up = world.back_up(bob, &phrase());
        let back = world.restore(&back_up, phrase()).unwrap();
        for who in [alice, bob, back] {
            assert_eq!(found_in(&mut world, who), [], "in the rows of {who:?}");
            let gone =
                world.history(who, talk).into_iter().filter(|line| [id(&said), id(&file)].contains(&id_or_none(line)));
            assert!(gone.into_iter().all(|line| line.marks.deleted_by == Some(world.address(alice))));
            assert!(world.vault(who).keys().all(|key| !key.starts_with(b"e/")), "nothing is left to look at");
        }
        assert!(world.search(bob, WORD).is_empty());
    }
}

fn id_or_none(line: &MessageView) -> allod_wire::mimi::MessageId {
    line.message_id.unwrap_or([0; 32].into())
}

#[test]
fn a_deletion_by_who_is_not_entitled_erases_nothing_and_answers_in_the_thread_stay_m_15() {
    let mut world = World::seeded(48);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, WORD);
    world.run_until_quiet();
    let line = world.line(alice, talk, WORD);
    let with = crate::With { thread: line.message_id, ..Default::default() };
    world.send(alice, |core, now, rng| core.send_text(talk, "a drum", with, now, rng)).unwrap();
    let forged = |rng: &mut rand_chacha::ChaCha20Rng| crate::annotation::deletion(id(&line), rng);
    world.send(alice, |core, now, rng| core.send_content(talk, forged(rng), now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.read_by(alice, talk), [WORD, "a drum"]);

    let own = world.line(bob, talk, WORD);
    delete(&mut world, bob, &own);
    world.run_until_quiet();
    for who in [alice, bob] {
        let lines = world.history(who, talk);
        let gone = lines.iter().find(|one| one.message_id == line.message_id).unwrap();
        assert_eq!(gone.marks.answers.as_ref().map(|answers| answers.count), Some(1));
        assert_eq!(world.line(who, talk, "a drum").thread, line.message_id);
    }
}

/// As a device keeps it that could not find the line when it was deleted.
fn forget_place(world: &mut World, who: Who, log: LogId, line: &MessageView) {
    world.vault(who).remove(&rows::place_key(log, &id(line))).expect("it is there");
}

#[test]
fn a_line_that_comes_after_its_deletion_is_erased_too_m_15() {
    let mut world = World::seeded(49);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, WORD);
    world.run_until_quiet();
    let line = world.line(alice, talk, WORD);
    let second = world.second_device(bob);
    world.run_until_quiet();
    world.go_offline(bob);
    // As if what was said before had not come yet.
    world.vault(second).retain(|key, _| !matches!(key[0], b'h' | b'q' | b'w'));
    world.core(second).lacks_history();
    world.core(second).conversations.get_mut(&talk).unwrap().row.lacks_beginning = true;
    let effects = world.core(second).done();
    world.act(second, |_, _, _| Ok(effects)).unwrap();
    world.crash(second);
    delete(&mut world, alice, &line);
    world.run_until_quiet();
    forget_place(&mut world, bob, talk, &line);
    world.go_online(bob);
    world.wait(900_000);

    assert_eq!(found_in(&mut world, bob), ['h', 'w'], "it could not");
    let here = world.history(second, talk).into_iter().find(|one| one.message_id == line.message_id);
    assert_eq!(here.map(|line| line.body), Some(MessageBody::Deleted));
    assert_eq!(found_in(&mut world, second), []);

    // Nor does a backup of such a device bring it back.
    let file = world.back_up(bob, &phrase());
    let back = world.restore(&file, phrase()).unwrap();
    world.run_until_quiet();
    assert_eq!(found_in(&mut world, back), []);
}
