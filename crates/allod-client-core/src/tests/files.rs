use crate::create::New;
use crate::glimpse::Glimpse;
use crate::testing::World;
use crate::transfer::FileInfo;
use crate::view::{FileView, MessageBody};

fn file_in(world: &World, who: crate::testing::Who, log: allod_wire::LogId) -> FileView {
    let file = world.history(who, log).into_iter().find_map(|line| match line.body {
        MessageBody::File { file, .. } => Some(file),
        _ => None,
    });
    file.expect("a file came")
}

#[test]
fn a_file_reaches_the_others_as_it_was() {
    let mut world = World::seeded(20);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    let bytes: Vec<u8> = (0..3_000_000u32).map(|i| (i / 7) as u8).collect();

    world.send_file(alice, talk, "plan.txt", &bytes);
    world.run_until_quiet();

    let file = file_in(&world, bob, talk);
    assert_eq!((file.name.as_str(), file.size), ("plan.txt", 3_000_000));
    assert_eq!(world.fetch(bob, talk, &file), bytes);
    assert!(world.core(alice).uploads().is_empty());
}

#[test]
fn an_empty_file_is_a_file() {
    let mut world = World::seeded(21);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    world.send_file(alice, talk, "empty", &[]);
    world.run_until_quiet();
    let file = file_in(&world, bob, talk);
    assert!(world.fetch(bob, talk, &file).is_empty());
}

#[test]
fn another_caption_keeps_the_preview_of_a_picture_and_has_no_marks_m_20() {
    let mut world = World::seeded(22);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.pair(alice, bob);
    let glimpse = Glimpse::Picture { media_type: "image/webp".into(), width: 40, height: 30, bytes: vec![5; 24_576] };
    let (name, media_type, caption) = ("site.jpg".into(), "image/jpeg".into(), "the sight".into());
    let info = FileInfo { name, media_type, size: 3, caption, glimpse: Some(glimpse.clone()), ..FileInfo::default() };
    world.send_file_as(alice, talk, info, b"\xff\xd8\xff");
    world.run_until_quiet();
    let shown = world.history(alice, talk).pop().unwrap();
    world.send(alice, |core, now, rng| core.edit(&shown, "the site, @bob", now, rng)).unwrap();
    world.run_until_quiet();

    let MessageBody::File { file, caption } = world.history(bob, talk).pop().unwrap().body else { panic!("a file") };
    assert_eq!((caption.as_str(), file.glimpse), ("the site, @bob", Some(Box::new(glimpse))));
    assert_eq!(world.fetch(bob, talk, &file_in(&world, bob, talk)), b"\xff\xd8\xff");
}

#[test]
fn a_file_waits_for_a_conversation_that_is_being_made_and_goes_with_it_b_1() {
    let mut world = World::seeded(408);
    let [alice, bob, carol] = world.people(["alice", "bob", "carol"]);
    let begin = |world: &mut World, log| {
        let info = FileInfo { name: "plan.txt".into(), size: 4, ..FileInfo::default() };
        world.begin_upload(alice, log, info);
    };
    let with_bob = New::Pair(world.address(bob));
    let log = world.start(alice, with_bob);
    assert!(!world.core(alice).takes_files(log), "nobody was looked up yet");
    begin(&mut world, log);
    world.run_until_quiet();
    assert!(world.core(alice).takes_files(log));
    assert_eq!(world.core(alice).uploads().len(), 1);

    let with_carol = New::Pair(world.address(carol));
    let log = world.start(alice, with_carol);
    begin(&mut world, log);
    world.act(alice, |core, now, rng| core.leave(log, now, rng)).unwrap();
    assert_eq!(world.core(alice).uploads().len(), 1, "what was to go there is forgotten with it");
    world.crash(alice);
    assert_eq!(world.core(alice).uploads().len(), 1);
}
