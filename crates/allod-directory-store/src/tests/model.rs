//! Random changes beside a map: what the directory says is what was last published, and its history is all that was.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use super::*;

#[test]
fn the_directory_says_what_was_published_and_forgets_nothing_y_5() {
    for seed in 0..2 {
        run(seed);
    }
}

fn run(seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut below = move |bound: u32| (rng.next_u32() % bound) as u8;
    let mut world = World::new();
    let mut model = BTreeMap::<String, Vec<(u64, DirectoryEntry)>>::new();
    let mut epoch = 0;
    for _ in 0..20 {
        let mut changes = BTreeMap::new();
        for _ in 0..=below(6) {
            let devices: Vec<u8> = (0..4).filter(|_| below(2) == 0).collect();
            changes.insert(format!("person{}", below(8)), entry(&devices));
        }
        let differs = |(name, entry): &(&String, &DirectoryEntry)| {
            model.get(*name).and_then(|versions| versions.last()).is_none_or(|(_, last)| last != *entry)
        };
        let differing: Vec<_> = changes.iter().filter(differs).map(|(name, _)| name.clone()).collect();
        let list: Vec<_> = changes.iter().map(|(name, entry)| (address(name), entry.clone())).collect();
        let published = world.directory.publish(&list).unwrap();
        assert_eq!(published.is_some(), !differing.is_empty(), "seed {seed}");
        let Some(root) = published else { continue };
        epoch += 1;
        assert_eq!(root.epoch, epoch);
        if below(4) == 0 {
            world.restart();
            assert_eq!(world.directory.pending_root().unwrap(), Some(root));
        }
        check(&world, &model, seed);
        world.directory.root_recorded(epoch).unwrap();
        for name in differing {
            model.entry(name.clone()).or_default().push((epoch, changes[&name].clone()));
        }
        check(&world, &model, seed);
    }
    world.audit(epoch);
}

/// What is served is what the model has: also while another epoch is pending.
fn check(world: &World, model: &BTreeMap<String, Vec<(u64, DirectoryEntry)>>, seed: u64) {
    for (name, versions) in model {
        let shown: Vec<_> = world.history(name).into_iter().rev().map(|v| (v.since, v.entry)).collect();
        assert_eq!(shown, *versions, "seed {seed}, {name}");
        let newest = world.look_up(name);
        assert_eq!((newest.since, newest.entry), *versions.last().unwrap(), "seed {seed}, {name}");
        assert_eq!(newest.version, versions.len() as u64);
    }
}
