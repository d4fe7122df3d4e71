//! Threads, polls, acknowledgements, mentions, forwarding, and what each device keeps for itself (rules M-7, M-8, M-10 to M-12).

use super::content::id;
use crate::acts::With;
use crate::content::{Deed, Poll};
use crate::error::CoreError;
use crate::local::{Draft, FOR_EVER, THREAD_DRAFTS_MAX};
use crate::marks::Marks;
use crate::rows;
use crate::testing::{Who, World};
use crate::transfer::FileInfo;
use crate::view::{MessageBody, MessageView};
use allod_wire::LogId;

fn ask(world: &mut World, who: Who, talk: LogId, several: bool) -> MessageView {
    let options = ["Monday", "Tuesday", "never"].map(str::to_owned).into();
    let poll = Poll { question: "When?".into(), options, several };
    world.send(who, |core, now, rng| core.send_poll(talk, &poll, With::default(), now, rng)).unwrap();
    world.run_until_quiet();
    poll_of(world, who, talk)
}

fn poll_of(world: &World, who: Who, talk: LogId) -> MessageView {
    let is_poll = |line: &MessageView| matches!(line.body, MessageBody::Poll { .. });
    world.history(who, talk).into_iter().find(is_poll).expect("somebody asked")
}

fn vote(world: &mut World, who: Who, poll: &MessageView, options: &[u8]) -> Result<(), CoreError> {
    world.send(who, |core, now, rng| core.vote(poll, options, now, rng))
}

/// For each option, who chose it.
fn votes(marks: &Marks) -> Vec<Vec<String>> {
    marks.votes.iter().map(|people| people.iter().map(|voter| voter.0.name.to_string()).collect()).collect()
}

#[test]
fn whoever_is_mentioned_is_told_so_and_nobody_else_m_7() {
    let mut world = World::seeded(80);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.say(alice, talk, "**today**, @bob and @dave");
    world.run_until_quiet();
    let said = world.history(bob, talk).pop().unwrap();
    assert!(said.mentions_me);
    let text = "**today**, [@bob](mimi://a.example/u/bob) and @dave".to_owned();
    assert_eq!(said.body, MessageBody::Text { text, formatted: true });
    let summary = |world: &mut World, who| world.core(who).conversation(talk).unwrap();
    assert_eq!((summary(&mut world, bob).mentions, summary(&mut world, carol).mentions), (1, 0));
    assert_eq!(summary(&mut world, carol).last.unwrap().text, "today, @bob and @dave");
    assert_eq!(world.search(carol, "bob and"), ["today, @[bob] [and] @dave"]);

    let position = said.position.map(allod_wire::Position).unwrap();
    world.act(bob, |core, now, rng| core.mark_read(talk, position, now, rng)).unwrap();
    assert_eq!((summary(&mut world, bob).mentions, summary(&mut world, bob).unread), (0, 0));
}

#[test]
fn answers_in_a_thread_are_counted_where_it_began_in_whatever_order_they_are_read_m_8() {
    let mut world = World::seeded(81);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    world.say(alice, talk, "the plan");
    world.run_until_quiet();
    let root = world.line(bob, talk, "the plan");
    let within = With { thread: root.message_id, ..With::default() };
    for (who, text) in [(bob, "one"), (carol, "two"), (bob, "three")] {
        world.send(who, |core, now, rng| core.send_text(talk, text, within, now, rng)).unwrap();
        world.run_until_quiet();
    }
    let answers = world.line(alice, talk, "the plan").marks.answers.unwrap();
    assert_eq!((answers.count, answers.people), (3, vec![world.address(bob), world.address(carol)]));
    assert_eq!(world.line(alice, talk, "two").thread, root.message_id);
    assert_eq!(world.core(alice).conversation(talk).unwrap().unread, 3, "they are messages");

    let prefix = rows::annotations_prefix(talk, &id(&root));
    let rows: Vec<_> =
        world.vault(alice).range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix)).collect();
    let places = rows::answers(rows.into_iter().map(|(key, value)| (key.as_slice(), value.as_slice())));
    let texts = ["one", "two", "three"].map(|text| world.line(alice, talk, text).position.map(allod_wire::Position));
    assert_eq!(places.into_iter().map(Some).collect::<Vec<_>>(), texts);

    world.go_offline(bob);
    world.send(bob, |core, now, rng| core.send_text(talk, "four", within, now, rng)).unwrap();
    assert_eq!(world.line(bob, talk, "the plan").marks.answers.unwrap().count, 4, "also what waits");
}

#[test]
fn the_last_vote_of_each_person_counts_until_the_poll_is_ended_m_10() {
    let mut world = World::seeded(82);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    let poll = ask(&mut world, bob, talk, false);
    assert_eq!(vote(&mut world, carol, &poll, &[0, 1]), Err(CoreError::NotAPoll), "one answer only");
    assert_eq!(vote(&mut world, carol, &poll, &[3]), Err(CoreError::NotAPoll), "there is no fourth");
    for (who, options) in [(alice, &[0][..]), (carol, &[2]), (carol, &[1]), (bob, &[1]), (alice, &[])] {
        vote(&mut world, who, &poll, options).unwrap();
    }
    world.run_until_quiet();
    for who in [alice, bob, carol] {
        assert_eq!(votes(&poll_of(&world, who, talk).marks), [vec![], vec!["bob".to_owned(), "carol".into()], vec![]]);
    }

    let foreign = MessageView { own: false, ..poll.clone() };
    assert_eq!(
        world.send(carol, |core, now, rng| core.end_poll(&foreign, now, rng)),
        Err(CoreError::NotAllowed),
        "neither author nor admin"
    );
    world.send(bob, |core, now, rng| core.end_poll(&poll, now, rng)).unwrap();
    world.run_until_quiet();
    vote(&mut world, carol, &poll, &[0]).unwrap(); // By one who has not seen that it ended.
    world.run_until_quiet();
    let ended = poll_of(&world, alice, talk);
    assert!(ended.marks.poll_ended);
    assert_eq!(votes(&ended.marks)[1].len(), 2);
    assert_eq!(vote(&mut world, alice, &ended, &[0]), Err(CoreError::NotAPoll));
}

#[test]
fn a_vote_for_what_there_is_not_and_a_strangers_end_change_nothing_m_10() {
    let mut world = World::seeded(83);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    let poll = ask(&mut world, alice, talk, true);
    vote(&mut world, bob, &poll, &[2, 0]).unwrap();
    for deed in [Deed::Vote(vec![7]), Deed::Vote(vec![1, 0]), Deed::Vote(vec![1, 1]), Deed::EndPoll] {
        world
            .send(carol, |core, now, rng| {
                let content = deed.content(id(&poll), rng);
                core.send_content(talk, content, now, rng)
            })
            .unwrap();
        world.run_until_quiet();
        let marks = poll_of(&world, alice, talk).marks;
        assert_eq!(votes(&marks), [vec!["bob".to_owned()], vec![], vec!["bob".into()]]);
        assert!(!marks.poll_ended);
    }
}

#[test]
fn an_acknowledgement_is_of_the_text_that_was_read_m_11() {
    let mut world = World::seeded(84);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let talk = world.conversation(alice, [bob, carol]);
    let asks = With { asks_acknowledgement: true, ..With::default() };
    world.send(alice, |core, now, rng| core.send_text(talk, "leave by 5", asks, now, rng)).unwrap();
    world.say(alice, talk, "as ever");
    world.run_until_quiet();
    let who = |line: MessageView| line.marks.acknowledged.into_iter().map(|one| one.person).collect::<Vec<_>>();
    let give = |world: &mut World, who, text: &str| {
        let line = world.line(who, talk, text);
        let given = world.send(who, |core, now, rng| core.acknowledge(&line, now, rng));
        world.run_until_quiet();
        given
    };
    assert_eq!(give(&mut world, bob, "as ever"), Err(CoreError::NothingToDo), "not asked for");
    assert_eq!(give(&mut world, alice, "leave by 5"), Err(CoreError::NothingToDo), "her own");
    give(&mut world, bob, "leave by 5").unwrap();
    assert_eq!(give(&mut world, bob, "leave by 5"), Err(CoreError::NothingToDo), "given already");
    assert_eq!(who(world.line(carol, talk, "leave by 5")), [world.address(bob)]);

    let line = world.line(alice, talk, "leave by 5");
    world.send(alice, |core, now, rng| core.edit(&line, "leave by 4", now, rng)).unwrap();
    world.run_until_quiet();
    assert!(world.line(bob, talk, "leave by 4").asks_acknowledgement);
    assert_eq!(who(world.line(alice, talk, "leave by 4")), []);
    give(&mut world, carol, "leave by 4").unwrap();
    assert_eq!(who(world.line(alice, talk, "leave by 4")), [world.address(carol)]);
}

#[test]
fn what_is_forwarded_says_so_and_not_from_where_m_12() {
    let mut world = World::seeded(85);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let (from, to) = (world.pair(alice, bob), world.pair(bob, carol));
    world.say(alice, from, "the **plan**");
    world.run_until_quiet();
    let line = world.line(bob, from, "the **plan**");
    world.send(bob, |core, now, rng| core.forward(&line, to, now, rng)).unwrap();
    world.run_until_quiet();
    let got = world.line(carol, to, "the **plan**");
    assert!(got.forwarded && !line.forwarded);
    assert_eq!((got.sender, got.body), (world.address(bob), line.body));
}

#[test]
fn a_poll_is_forwarded_as_a_new_one_and_a_file_as_a_copy_m_12_b_1() {
    let mut world = World::seeded(87);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let (from, to) = (world.pair(alice, bob), world.pair(bob, carol));
    let poll = ask(&mut world, alice, from, false);
    vote(&mut world, alice, &poll, &[1]).unwrap();
    world.send_file(alice, from, "plan.txt", b"the plan");
    world.run_until_quiet();
    let poll = poll_of(&world, bob, from);
    world.send(bob, |core, now, rng| core.forward(&poll, to, now, rng)).unwrap();
    world.run_until_quiet();
    let asked = poll_of(&world, carol, to);
    assert_eq!((asked.forwarded, &asked.body), (true, &poll.body));
    assert!(votes(&asked.marks).iter().all(Vec::is_empty) && votes(&poll.marks) != votes(&asked.marks));

    let line = world.history(bob, from).pop().unwrap();
    let MessageBody::File { file, caption } = &line.body else { panic!("a file") };
    let refused = world.send(bob, |core, now, rng| core.forward(&line, to, now, rng));
    assert_eq!(refused, Err(CoreError::NotAllowed), "its blob is beside the other log");
    let bytes = world.fetch(bob, from, file);
    world.send_file_as(bob, to, FileInfo::forwarding(file, caption), &bytes);
    world.run_until_quiet();
    let got = world.history(carol, to).pop().unwrap();
    let MessageBody::File { file: copy, caption } = &got.body else { panic!("a file") };
    assert!(got.forwarded && copy.blob.blob != file.blob.blob && copy.blob.key != file.blob.key);
    assert_eq!((copy.name.as_str(), caption.as_str()), ("plan.txt", "here"));
    assert_eq!(world.fetch(carol, to, copy), b"the plan");
}

#[test]
fn a_thread_takes_files_and_polls_and_what_is_new_in_it_is_so_until_it_is_looked_at_m_8() {
    let mut world = World::seeded(88);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.say(alice, talk, "the plan");
    world.run_until_quiet();
    let root = id(&world.line(bob, talk, "the plan"));
    let within = With { thread: Some(root), ..With::default() };
    let info = FileInfo { name: "plan.txt".into(), size: 4, thread: Some(root), ..FileInfo::default() };
    world.send_file_as(bob, talk, info, b"plan");
    let options = vec!["yes".to_owned(), "no".into()];
    let poll = Poll { question: "Agreed?".into(), options, several: false };
    world.send(bob, |core, now, rng| core.send_poll(talk, &poll, within, now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(world.history(alice, talk).iter().filter(|line| line.thread == Some(root)).count(), 2);

    let new = |world: &mut World, who| {
        let answers = world.line(who, talk, "the plan").marks.answers.unwrap();
        (answers.count, answers.new, world.core(who).conversation(talk).unwrap().new_answers)
    };
    assert_eq!((new(&mut world, alice), new(&mut world, bob)), ((2, 2, 2), (2, 0, 0)));
    let end = world.history(alice, talk).last().unwrap().position.map(allod_wire::Position).unwrap();
    world.act(alice, |core, now, rng| core.mark_read(talk, end, now, rng)).unwrap();
    world.crash(alice);
    assert_eq!(new(&mut world, alice), (2, 2, 2), "the conversation was read, the thread was not looked at");
    world.act(alice, |core, _, _| core.mark_thread_read(talk, root)).unwrap();
    assert_eq!(new(&mut world, alice), (2, 0, 0));

    world.send(alice, |core, now, rng| core.send_text(talk, "three", within, now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(new(&mut world, bob), (3, 1, 1));
    world.send(bob, |core, now, rng| core.send_text(talk, "four", within, now, rng)).unwrap();
    world.run_until_quiet();
    assert_eq!(new(&mut world, bob), (4, 0, 0), "who answers has looked");
}

#[test]
fn what_was_begun_in_threads_is_kept_of_the_last_ones() {
    let mut world = World::seeded(89);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    let thread = |number: usize| Some([number as u8; 32].into());
    for number in 0..=THREAD_DRAFTS_MAX {
        let draft = Draft { text: format!("answer {number}"), in_reply_to: None };
        world.act(alice, |core, _, _| core.set_draft(talk, thread(number), draft)).unwrap();
    }
    world.act(alice, |core, _, _| core.set_draft(talk, thread(2), Draft::default())).unwrap();
    world.crash(alice);
    let local = world.core(alice).conversation(talk).unwrap().local;
    let text = |number| local.draft_in(thread(number)).map(|draft| draft.text.as_str());
    assert_eq!((text(0), text(1), text(2)), (None, Some("answer 1"), None));
    assert_eq!(local.draft_in(None), None);
}

#[test]
fn choices_for_a_conversation_are_kept_and_what_is_archived_comes_back_when_somebody_writes() {
    let mut world = World::seeded(86);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let (first, second) = (world.pair(alice, bob), world.pair(alice, carol));
    world.say(carol, second, "later");
    world.run_until_quiet();
    let draft = Draft { text: "I was going to".into(), in_reply_to: Some([1; 32].into()) };
    world.act(alice, |core, _, _| core.set_pinned(first, true)).unwrap();
    world.act(alice, |core, _, _| core.set_draft(first, None, draft.clone())).unwrap();
    world.act(alice, |core, _, _| core.set_archived(second, true)).unwrap();
    world.crash(alice);
    let list = world.core(alice).conversations();
    assert_eq!(list.iter().map(|one| one.log).collect::<Vec<_>>(), [first, second]);
    assert_eq!((list[0].local.draft.clone(), list[1].local.archived), (Some(draft), true));
    world.act(alice, |core, _, _| core.set_draft(first, None, Draft::default())).unwrap();
    assert_eq!(world.core(alice).conversation(first).unwrap().local.draft, None);

    world.run_until_quiet();
    world.say(carol, second, "are you there?");
    world.run_until_quiet();
    assert!(!world.core(alice).conversation(second).unwrap().local.archived);
    world.act(alice, |core, _, _| core.set_archived(second, true)).unwrap();
    world.act(alice, |core, _, _| core.set_muted(second, Some(FOR_EVER))).unwrap();
    world.say(carol, second, "hello?");
    world.run_until_quiet();
    let local = world.core(alice).conversation(second).unwrap().local;
    assert!(local.archived && local.is_muted(world.now), "who muted it as well is left in peace");
}
