//! Epochs land whole or not at all.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;
use crate::{OpenError, PublishError, Resume, ResumeError};

#[test]
fn an_epoch_is_served_when_its_root_is_recorded_y_5() {
    let mut world = World::new();
    assert_eq!(world.directory.served().unwrap(), empty());
    let first = world.epoch(&[says("alice", &[1])]);
    let second = world.directory.publish(&[says("alice", &[1, 2]), says("bob", &[3])]).unwrap().unwrap();
    for _ in 0..2 {
        // Neither is it served before, nor forgotten when the server dies now, nor overtaken by another.
        assert_eq!(world.directory.served().unwrap(), first);
        assert_eq!(world.look_up("alice").entry, entry(&[1]));
        assert_eq!(world.directory.lookup(&address("bob")).unwrap(), None);
        assert_eq!(world.directory.audit(2).unwrap(), None);
        assert_eq!(world.directory.pending_root().unwrap(), Some(second));
        assert_eq!(world.directory.published().unwrap()[&address("bob")], entry(&[3]));
        let third = world.directory.publish(&[says("carol", &[4])]);
        assert!(matches!(third, Err(PublishError::Pending(root)) if root == second));
        world.restart();
    }
    for _ in 0..2 {
        world.directory.root_recorded(2).unwrap();
        assert_eq!(world.directory.served().unwrap(), second);
        assert_eq!(world.look_up("alice").entry, entry(&[1, 2]));
        assert_eq!(world.look_up("bob").since, 2);
    }
    world.audit(2);
}

#[test]
fn no_epoch_is_made_or_recorded_while_a_directory_is_held_y_5() {
    let world = World::new();
    world.epoch(&[says("alice", &[1])]);
    let file = world.folder.path().join(DATABASE_FILE);
    let held = world.directory.hold().unwrap();
    std::thread::scope(|scope| {
        let publisher = scope.spawn(|| {
            let other = Directory::open(&file, VrfSecret::new([7; 32])).unwrap();
            let root = other.publish(&[says("bob", &[2])]).unwrap().unwrap();
            other.root_recorded(root.epoch).unwrap();
        });
        std::thread::sleep(Duration::from_millis(300));
        let copy = world.folder.path().join("copy.db");
        held.backup(&copy).unwrap();
        let copy = Directory::open(&copy, VrfSecret::new([7; 32])).unwrap();
        assert_eq!((copy.served().unwrap().epoch, copy.pending_root().unwrap()), (1, None));
        drop(held);
        publisher.join().unwrap();
    });
    assert_eq!(world.directory.served().unwrap().epoch, 2, "who publishes has waited");
}

#[test]
fn a_start_goes_on_where_the_ledger_is_and_not_beside_it_y_5() {
    let mut world = World::new();
    let apart = |world: &World, root: &EpochRoot| match world.directory.resume(root) {
        Err(ResumeError::Apart { ledger, directory }) => (ledger, directory),
        other => panic!("{other:?}"),
    };
    assert_eq!(world.directory.resume(&empty()).unwrap(), Resume::Settled);
    let first = world.directory.publish(&[says("alice", &[1])]).unwrap().unwrap();
    world.restart();
    assert_eq!(world.directory.resume(&empty()).unwrap(), Resume::Append(first));
    assert_eq!(world.directory.resume(&first).unwrap(), Resume::Await(first));
    world.directory.root_recorded(1).unwrap();
    assert_eq!(world.directory.resume(&first).unwrap(), Resume::Settled);
    // The ledger comes from an older backup than the directory, from a newer one, from somebody else's.
    assert_eq!(apart(&world, &empty()), (0, 1));
    let second = world.epoch(&[says("alice", &[2])]);
    assert_eq!(apart(&world, &first), (1, 2));
    assert_eq!(apart(&world, &EpochRoot { epoch: 3, ..second }), (3, 2));
    assert_eq!(apart(&world, &EpochRoot { root: first.root, ..second }), (2, 2));
    world.directory.publish(&[says("alice", &[3])]).unwrap();
    assert_eq!(apart(&world, &first), (1, 2));
}

#[test]
fn what_is_said_already_makes_no_epoch_y_5() {
    let world = World::new();
    assert_eq!(world.directory.publish(&[]).unwrap(), None);
    world.epoch(&[says("alice", &[1])]);
    assert_eq!(world.directory.publish(&[says("alice", &[1])]).unwrap(), None);
    let twice = world.directory.publish(&[says("alice", &[2]), says("alice", &[3])]);
    assert!(matches!(twice, Err(PublishError::Changes)));
    let many: Vec<_> = (0..1_025).map(|n| says(&format!("p{n}"), &[1])).collect();
    assert!(matches!(world.directory.publish(&many), Err(PublishError::Changes)));
    assert_eq!(world.directory.pending_root().unwrap(), None);
}

#[test]
fn a_second_publisher_finds_the_firsts_epoch_y_5() {
    let world = World::new();
    let file = world.folder.path().join(DATABASE_FILE);
    let other = Directory::open(&file, VrfSecret::new([7; 32])).unwrap();
    let first = world.epoch(&[says("alice", &[1])]);
    let second = other.publish(&[says("alice", &[2])]).unwrap().unwrap();
    assert_eq!(second.epoch, first.epoch + 1);
    assert!(
        matches!(world.directory.publish(&[says("alice", &[3])]), Err(PublishError::Pending(root)) if root == second)
    );
    assert!(matches!(Directory::open(&file, VrfSecret::new([8; 32])), Err(OpenError::OtherKey)));
}

#[test]
fn threads_that_publish_and_record_at_once_lose_nothing_y_5() {
    let world = World::new();
    let directory = &world.directory;
    std::thread::scope(|scope| {
        let publish = |who: u8| {
            move || {
                let mut published = 0_u8;
                while published < 10 {
                    let name = format!("person{who}");
                    match directory.publish(&[says(&name, &[who, 10 + published])]) {
                        Ok(Some(root)) => {
                            published += 1;
                            directory.root_recorded(root.epoch).unwrap();
                        }
                        Err(PublishError::Pending(_)) => std::thread::yield_now(),
                        other => panic!("{other:?}"),
                    }
                }
            }
        };
        scope.spawn(publish(1));
        scope.spawn(publish(2));
    });
    assert_eq!(world.directory.served().unwrap().epoch, 20);
    assert_eq!((world.look_up("person1").version, world.look_up("person2").version), (10, 10));
    world.audit(20);
}

#[test]
fn a_full_disk_leaves_the_former_epoch_y_5() {
    let world = World::new();
    let first = world.epoch(&[says("alice", &[1])]);
    let bound = |pages: u32| {
        let conn = crate::directory::lock(&world.directory.writer);
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    };
    bound(1);
    let changes: Vec<_> = (0..200).map(|n| says(&format!("person{n}"), &[1, 2])).collect();
    assert!(matches!(world.directory.publish(&changes), Err(PublishError::Sqlite(_))));
    assert_eq!(world.directory.pending_root().unwrap(), None);
    assert_eq!(world.look_up("alice").since, first.epoch);
    bound(u32::MAX - 1);
    let second = world.epoch(&changes);
    assert_eq!(second.epoch, 2);
    world.audit(2);
}

const CHILD_FILE: &str = "ALLOD_DIRECTORY_OF_CHILD";

#[test]
fn a_publisher_that_is_killed_leaves_whole_epochs_y_5() {
    // The test starts itself once more, and kills that.
    if let Some(file) = std::env::var_os(CHILD_FILE) {
        publish_until_killed(Path::new(&file));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(DATABASE_FILE);
    let mut last = 0;
    for round in 0..4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::crash::a_publisher_that_is_killed_leaves_whole_epochs_y_5", "--nocapture"])
            .env(CHILD_FILE, &file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let third = format!("recorded {}", last + 3);
        assert!(lines.any(|line| line.ends_with(&third)), "the child does not publish");
        std::thread::sleep(Duration::from_millis(7 * round));
        child.kill().unwrap();
        child.wait().unwrap();

        let directory = Directory::open(&file, VrfSecret::new([7; 32])).unwrap();
        if let Some(root) = directory.pending_root().unwrap() {
            directory.root_recorded(root.epoch).unwrap();
        }
        last = directory.served().unwrap().epoch;
        for n in 0..20 {
            let name = format!("person{n}");
            let Proven { root, proof } = directory.lookup(&address(&name)).unwrap().expect("of the first epoch");
            let shown = LookupProofIn::decode(&proof).unwrap();
            let shown = shown.verify(&directory.vrf_key(), &root, &address(&name)).unwrap();
            // Each epoch changes everybody: a half of one would show.
            assert_eq!(shown.since, last);
        }
        World { folder: tempfile::tempdir().unwrap(), directory }.audit(last);
    }
}

/// What the child does.
fn publish_until_killed(file: &Path) -> ! {
    let directory = Directory::open(file, VrfSecret::new([7; 32])).unwrap();
    loop {
        let next = directory.served().unwrap().epoch + 1;
        let devices = [next.to_le_bytes()[0], next.to_le_bytes()[1].wrapping_add(100)];
        let changes: Vec<_> = (0..20).map(|n| says(&format!("person{n}"), &devices)).collect();
        let root = directory.publish(&changes).unwrap().expect("everybody changes");
        directory.root_recorded(root.epoch).unwrap();
        println!("recorded {}", root.epoch);
    }
}

#[test]
fn a_backup_is_the_directory_as_it_was() {
    let world = World::new();
    let root = world.epoch(&[says("alice", &[1])]);
    let copy = world.folder.path().join("copy.db");
    world.directory.backup(&copy).unwrap();
    world.epoch(&[says("alice", &[2])]);
    let copy = Directory::open(&copy, VrfSecret::new([7; 32])).unwrap();
    assert_eq!(copy.served().unwrap(), root);
    assert!(world.directory.backup(&world.folder.path().join("copy.db")).is_err());
}
