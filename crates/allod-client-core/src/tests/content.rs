use crate::acts::With;
use crate::content::Deed;
use crate::effect::Event;
use crate::error::CoreError;
use crate::testing::{Who, World};
use crate::view::{MessageBody, MessageView};
use allod_wire::LogId;
use allod_wire::mimi::{Disposition, MimiContent, NestedPart, Part};

pub(super) fn id(line: &MessageView) -> allod_wire::mimi::MessageId {
    line.message_id.expect("what somebody said has an id")
}

fn answer(line: &MessageView) -> With {
    With { in_reply_to: line.message_id, ..With::default() }
}

fn react(world: &mut World, who: Who, talk: LogId, to: &MessageView, text: &str) -> Result<(), CoreError> {
    world.send(who, |core, now, rng| core.react(talk, id(to), text, now, rng))
}

fn edit(world: &mut World, who: Who, line: &MessageView, text: &str) -> Result<(), CoreError> {
    world.send(who, |core, now, rng| core.edit(line, text, now, rng))
}

fn delete(world: &mut World, who: Who, line: &MessageView) -> Result<(), CoreError> {
    world.send(who, |core, now, rng| core.delete_for_everyone(line, now, rng))
}

/// Says what an honest client would not.
fn forge_deletion(world: &mut World, who: Who, line: &MessageView) {
    let forged = MimiContent { replaces: Some(id(line)), ..MimiContent::new([7; 16], null_part()) };
    world.send(who, |core, now, rng| core.send_content(line.log, forged, now, rng)).unwrap();
}

fn null_part() -> NestedPart {
    NestedPart { disposition: Disposition::RENDER, language: String::new(), part: Part::Null }
}

/// Each reaction with how many people have it.
fn reactions(line: &MessageView) -> Vec<(&str, usize)> {
    line.marks.reactions.iter().map(|one| (one.text.as_str(), one.people.len())).collect()
}

#[test]
fn an_answer_shows_the_beginning_of_what_it_answers_as_that_is_now_m_1() {
    let mut world = World::seeded(40);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "at nine");
    world.run_until_quiet();
    let asked = world.line(bob, talk, "at nine");
    world.send(bob, |core, now, rng| core.send_text(talk, "fine", answer(&asked), now, rng)).unwrap();
    world.run_until_quiet();

    let quote = world.line(alice, talk, "fine").quote.unwrap();
    assert_eq!((quote.text.as_deref(), quote.position), (Some("at nine"), asked.position));
    let asked = world.line(alice, talk, "at nine");
    delete(&mut world, alice, &asked).unwrap();
    world.run_until_quiet();
    assert_eq!(world.line(bob, talk, "fine").quote.unwrap().text, None);
}

#[test]
fn reactions_are_no_lines_and_no_unread_messages_and_can_be_taken_back_m_2_m_4() {
    let mut world = World::seeded(41);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.say(alice, talk, "lunch?");
    world.run_until_quiet();
    let (lines, unread) = (world.history(alice, talk).len(), world.core(carol).conversation(talk).unwrap().unread);
    let asked = world.line(bob, talk, "lunch?");
    for (who, text) in [(bob, "👍"), (carol, "👍"), (carol, "🍜"), (carol, "🍜")] {
        react(&mut world, who, talk, &asked, text).unwrap();
    }
    world.run_until_quiet();

    for who in [alice, bob, carol] {
        assert_eq!(reactions(&world.line(who, talk, "lunch?")), [("👍", 2), ("🍜", 1)]);
        assert_eq!(world.history(who, talk).len(), lines);
    }
    assert_eq!(world.core(carol).conversation(talk).unwrap().unread, unread);
    assert!(world.events(alice).contains(&Event::MessageChanged { log: talk, message_id: id(&asked) }));

    let own = world.line(carol, talk, "lunch?").marks.reactions[1].own.unwrap();
    world.send(bob, |core, now, rng| core.take_back(talk, id(&asked), own, now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(reactions(&world.line(alice, talk, "lunch?")), [("👍", 2), ("🍜", 1)], "not his to take back");
    world.send(carol, |core, now, rng| core.take_back(talk, id(&asked), own, now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(reactions(&world.line(alice, talk, "lunch?")), [("👍", 2)]);
}

#[test]
fn what_is_no_reaction_is_refused_here_and_ignored_from_others_m_4() {
    let mut world = World::seeded(42);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "hello");
    world.run_until_quiet();
    let line = world.line(bob, talk, "hello");
    for text in ["", " ", "a\nb", &"x".repeat(crate::REACTION_BYTES_MAX + 1)] {
        assert_eq!(react(&mut world, bob, talk, &line, text), Err(CoreError::NotAReaction));
        world
            .send(bob, |core, now, rng| {
                let content = Deed::React(text.to_owned()).content(id(&line), rng);
                core.send_content(talk, content, now, rng)
            })
            .unwrap();
    }
    for number in 0..=crate::REACTIONS_EACH_MAX {
        react(&mut world, bob, talk, &line, &number.to_string()).unwrap();
    }
    world.run_until_quiet();
    let shown = world.line(alice, talk, "hello");
    assert_eq!(reactions(&shown).len(), crate::REACTIONS_EACH_MAX);
    assert_eq!(reactions(&shown)[0].0, "0");
}

#[test]
fn only_the_author_edits_and_what_was_said_before_stays_readable_m_3_m_5() {
    let mut world = World::seeded(43);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, "at nine");
    world.run_until_quiet();
    let seen = world.line(alice, talk, "at nine");
    assert_eq!(edit(&mut world, alice, &seen, "never"), Err(CoreError::NotAllowed));
    let forged = MimiContent { replaces: Some(id(&seen)), ..MimiContent::text([7; 16], "never") };
    world.send(alice, |core, now, rng| core.send_content(talk, forged, now, rng)).unwrap();
    for (before, after) in [("at nine", "at ten"), ("at ten", "at eleven")] {
        let own = world.line(bob, talk, before);
        edit(&mut world, bob, &own, after).unwrap();
        assert_eq!(world.line(bob, talk, after).marks.former.last().unwrap().text, before, "shown at once");
    }
    world.run_until_quiet();

    for who in [alice, bob] {
        let line = world.line(who, talk, "at eleven");
        let former: Vec<_> = line.marks.former.iter().map(|former| former.text.as_str()).collect();
        assert_eq!((former, id(&line)), (vec!["at nine", "at ten"], id(&seen)));
        assert_eq!(world.read_by(who, talk), ["at eleven"]);
        assert_eq!(world.core(who).conversation(talk).unwrap().last.unwrap().text, "at eleven");
    }
}

#[test]
fn the_author_deletes_for_everyone_and_in_a_group_who_looks_after_it_m_6() {
    let mut world = World::seeded(44);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    for (who, text) in [(alice, "one"), (bob, "two"), (carol, "three")] {
        world.say(who, talk, text);
    }
    world.run_until_quiet();
    let three = world.line(bob, talk, "three");
    assert_eq!(delete(&mut world, bob, &three), Err(CoreError::NotAllowed));
    forge_deletion(&mut world, bob, &three);
    world.run_until_quiet();
    assert_eq!(world.read_by(carol, talk), ["one", "two", "three"]);

    let (two, three) = (world.line(bob, talk, "two"), world.line(alice, talk, "three"));
    react(&mut world, carol, talk, &two, "👍").unwrap();
    delete(&mut world, bob, &two).unwrap();
    delete(&mut world, alice, &three).unwrap();
    world.run_until_quiet();
    edit(&mut world, bob, &two, "two again").unwrap();
    world.run_until_quiet();
    for who in [alice, bob, carol] {
        assert_eq!(world.read_by(who, talk), ["one"]);
        let gone = world.history(who, talk).into_iter().find(|line| line.message_id == two.message_id).unwrap();
        assert_eq!((gone.body, gone.marks.deleted_by), (MessageBody::Deleted, Some(world.address(bob))));
        assert!(gone.marks.reactions.is_empty());
        assert!(world.core(who).conversation(talk).unwrap().last.unwrap().deleted);
    }
}

#[test]
fn nobody_deletes_the_others_messages_in_a_pair_m_6() {
    let mut world = World::seeded(45);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(bob, talk, "mine");
    world.run_until_quiet();
    let line = world.line(alice, talk, "mine");
    assert_eq!(delete(&mut world, alice, &line), Err(CoreError::NotAllowed));
    forge_deletion(&mut world, alice, &line);
    world.run_until_quiet();
    assert_eq!(world.read_by(bob, talk), ["mine"]);
    assert_eq!(world.read_by(alice, talk), ["mine"]);
}

#[test]
fn what_acts_on_a_message_that_is_not_there_is_kept_and_shown_nowhere_m_2() {
    let mut world = World::seeded(46);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    let lines = world.history(bob, talk).len();
    world.send(alice, |core, now, rng| core.react(talk, [9; 32].into(), "👍", now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.history(bob, talk).len(), lines);
    assert!(world.events(bob).contains(&Event::MessageChanged { log: talk, message_id: [9; 32].into() }));
}

#[test]
fn what_was_done_while_away_goes_out_later_and_survives_a_restart_m_3() {
    let mut world = World::seeded(47);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "hello");
    world.run_until_quiet();
    world.go_offline(bob);
    let line = world.line(bob, talk, "hello");
    react(&mut world, bob, talk, &line, "👍").unwrap();
    world.crash(bob);
    assert_eq!(reactions(&world.line(bob, talk, "hello")), [("👍", 1)], "waits, and is shown");
    assert!(world.core(bob).outbox(talk).is_empty(), "and is no line");
    world.go_online(bob);
    world.run_until_quiet();
    assert_eq!(reactions(&world.line(alice, talk, "hello")), [("👍", 1)]);
}

#[test]
fn what_was_done_to_messages_comes_back_from_a_backup_k_4_m_6() {
    let mut world = World::seeded(48);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "stays");
    world.say(alice, talk, "goes");
    world.run_until_quiet();
    let [stays, goes] = ["stays", "goes"].map(|text| world.line(bob, talk, text));
    world.send(bob, |core, now, rng| core.send_text(talk, "good", answer(&stays), now, rng)).unwrap();
    react(&mut world, alice, talk, &stays, "👍").unwrap();
    let goes = MessageView { own: true, ..goes };
    delete(&mut world, alice, &goes).unwrap();
    world.run_until_quiet();

    let phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let phrase = || allod_crypto::recovery::RecoveryPhrase::parse(phrase).unwrap();
    let file = world.back_up(bob, &phrase());
    let back = world.restore(&file, phrase()).unwrap();
    assert_eq!(world.read_by(back, talk), ["stays", "good"]);
    assert_eq!(reactions(&world.line(back, talk, "stays")), [("👍", 1)]);
    assert_eq!(world.line(back, talk, "good").quote.unwrap().text.as_deref(), Some("stays"));
}
