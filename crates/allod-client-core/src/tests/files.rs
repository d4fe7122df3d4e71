use crate::testing::World;
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
