//! The directory beside a store of accounts.

use std::sync::Arc;

use allod_server_core::Store;
use allod_server_core::contract::{hub, policy, sample_log};
use allod_store_sqlite::{Options, SqliteStore};
use allod_wire::UserName;

use super::*;
use crate::accounts::{differing, differing_of};

fn open(folder: &std::path::Path) -> SqliteStore {
    let (hub, policy) = (Arc::new(hub()), policy());
    SqliteStore::open(Options { folder: folder.to_owned(), hub, policy, page_count_max: None }).unwrap()
}

/// Who differs, and how many devices each is to have.
fn told(changes: &[(Address, DirectoryEntry)]) -> Vec<(String, usize)> {
    changes.iter().map(|(address, entry)| (address.name.to_string(), entry.devices().len())).collect()
}

#[test]
fn a_server_that_dies_before_it_publishes_does_so_when_it_starts_y_3() {
    let (mut world, accounts) = (World::new(), tempfile::tempdir().unwrap());
    let domain = policy().domain;
    let user = |name: &str| name.parse::<UserName>().unwrap();
    let named = |name: &str, devices| (name.to_owned(), devices);
    let compare = |world: &World, store: &SqliteStore| {
        block_on(differing(store, &domain, &world.directory.published().unwrap())).unwrap()
    };
    let store = open(accounts.path());
    for n in 1..=3 {
        block_on(sample_log(&store, n));
    }
    let all = compare(&world, &store);
    assert_eq!(told(&all), [named("user1", 1), named("user2", 1), named("user3", 1)]);
    world.epoch(&all);
    assert_eq!(compare(&world, &store), []);
    // What is proven is what the device's certificate says.
    let certificates = block_on(store.person(user("user1"))).unwrap().certificates;
    let certificate = allod_wire::cbor::from_slice(&certificates[0]).unwrap();
    assert!(world.look_up("user1").entry.names(&certificate));
    assert!(!world.look_up("user2").entry.names(&certificate));

    block_on(store.set_disabled(user("user1"), true)).unwrap();
    block_on(store.remove_user(user("user3"))).unwrap();
    block_on(sample_log(&store, 4));
    let differ = [named("user1", 0), named("user3", 0), named("user4", 1)];
    let addresses: Vec<_> = (1..=5).map(|n| address(&format!("user{n}"))).collect();
    let published = world.directory.published_of(&addresses).unwrap();
    assert_eq!(published.len(), 3);
    assert_eq!(told(&block_on(differing_of(&store, &addresses, &published)).unwrap()), differ);
    // The server dies here: nothing of that was published.
    drop(store);
    world.restart();
    let store = open(accounts.path());
    let rest = compare(&world, &store);
    assert_eq!(told(&rest), differ);
    world.epoch(&rest);
    assert_eq!(compare(&world, &store), []);
    block_on(store.set_disabled(user("user1"), false)).unwrap();
    assert_eq!(told(&compare(&world, &store)), [named("user1", 1)]);
}

#[test]
fn the_public_key_is_the_one_that_any_tool_derives_y_4() {
    let secret = [9; 32];
    let derived = allod_crypto::identity::SigningSecret::from_seed(&secret).public();
    assert_eq!(VrfSecret::new(secret).public(), derived);
    assert_eq!(format!("{:?}", VrfSecret::new(secret)), "VrfSecret(…)");
}
