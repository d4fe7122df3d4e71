//! A disk that takes no more, as the operating system says it: nothing acknowledged is lost, and the server goes on by itself.
//!
//! Alone in its file, since the limit is the whole process's.

mod common;

use std::os::unix::fs::MetadataExt;

use allod_wire::ErrorCode;
use allod_wire::log::{EntriesPage, Receipt};
use common::{World, message, sized};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// Sent to who writes behind the limit; caught, so that the write fails instead.
const SIGXFSZ: i32 = 25;

#[tokio::test]
async fn a_write_that_the_system_refuses_is_unavailable_and_loses_nothing_l_7_h_7() {
    let _caught = signal(SignalKind::from_raw(SIGXFSZ)).unwrap();
    let mut world = World::new().await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    let free = getrlimit(Resource::Fsize);
    let wal = world.folder.path().join("allod.db-wal");
    let full = std::fs::metadata(&wal).unwrap().size() + (1 << 20);
    setrlimit(Resource::Fsize, Rlimit { current: Some(full), maximum: free.maximum }).unwrap();

    let (mut accepted, mut refused) = (Vec::new(), 0);
    for id in 0..60 {
        let answer = world.append(&log, &sized(id, 64 << 10)).await;
        if answer.status == 200 {
            accepted.push(answer.value::<Receipt>().body.entry);
        } else {
            let refusal = answer.refusal();
            assert_eq!((refusal.code, refusal.retry_after_secs), (ErrorCode::Unavailable, Some(5)));
            refused += 1;
        }
    }
    assert!(!accepted.is_empty() && refused > 10, "{} accepted, {refused} refused", accepted.len());
    assert_eq!(ids(&world, &log).await, accepted, "it can be read while nothing can be written");

    setrlimit(Resource::Fsize, free).unwrap();
    accepted.push(world.append(&log, &message(1_000)).await.value::<Receipt>().body.entry);
    world.stop().await;
    world.start().await;
    assert_eq!(ids(&world, &log).await, accepted);
    assert_eq!(world.store().check().unwrap().problems, Vec::<String>::new());
}

async fn ids(world: &World, log: &common::Log) -> Vec<allod_wire::EntryId> {
    let path = format!("/v1/logs/{}/entries", log.id);
    let page: EntriesPage = world.get(&path, Some(&log.token.reveal())).await.value();
    page.entries.iter().map(|entry| entry.new.id).collect()
}
