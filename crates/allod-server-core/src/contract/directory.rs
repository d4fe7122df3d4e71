//! What the directory follows: whose devices there are, and who has others now. Spec: `spec/directory.md`, rule Y-3.

use std::sync::{Arc, Mutex};

use allod_crypto::identity::verify_certificate;
use allod_wire::UserName;
use allod_wire::account::{AccountRole, NewInvite};
use allod_wire::secrets::InviteSecret;

use super::Factory;
use super::world::{World, day, join, session, user};
use crate::hints::Hint;
use crate::invite::Inviter;
use crate::store::Store;

/// Rule Y-3.
pub async fn the_devices_of_all_are_read_in_pages_y_3<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    for (n, name) in ["bob", "alice", "dora", "carol"].into_iter().enumerate() {
        world.person(name, 100 + n as u8, AccountRole::Member).await;
    }
    second_device(&world, "alice", 101).await;
    world.store().set_disabled(user("carol"), true).await.unwrap();
    let dora = world.store().authenticate(session(102), day(0)).await.unwrap();
    world.store().remove_device(&dora, dora.device).await.unwrap();

    let (mut after, mut seen) = (None::<UserName>, Vec::new());
    loop {
        let page = world.store().devices_after(after.take(), 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (name, devices) in page {
            let certified = devices.certificates.iter().map(|bytes| verify_certificate(bytes).unwrap());
            assert!(certified.clone().all(|certificate| certificate.address.name == name));
            seen.push((name.to_string(), certified.count()));
        }
    }
    let named = |name: &str, devices| (name.to_owned(), devices);
    assert_eq!(seen, [named("alice", 2), named("bob", 1), named("dora", 0)]);
}

/// Rule Y-3.
pub async fn whose_devices_change_is_told_and_nothing_else_y_3<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let heard: Arc<Mutex<Vec<Hint>>> = Arc::default();
    let ear = Arc::clone(&heard);
    world.store().listen(Box::new(move |hints| ear.lock().unwrap().extend_from_slice(hints)));
    // A hint follows the answer at once, but after it: the next operation's answer comes behind it.
    let told = async || {
        world.store().set_disabled(user("nobody"), true).await.unwrap_err();
        let hints = std::mem::take(&mut *heard.lock().unwrap());
        let name = |hint| if let Hint::DevicesChanged { name } = hint { Some(name.to_string()) } else { None };
        hints.into_iter().filter_map(name).collect::<Vec<_>>()
    };
    let alice = world.person("alice", 100, AccountRole::Member).await;
    assert_eq!(told().await, ["alice"]);
    world.store().join(join("alice", 100, 100, InviteSecret([100; 32])), session(7), day(0)).await.unwrap();
    assert!(told().await.is_empty(), "it was there");
    second_device(&world, "alice", 100).await;
    assert_eq!(told().await, ["alice"]);
    world.person("bob", 110, AccountRole::Member).await;
    world.store().set_disabled(user("bob"), true).await.unwrap();
    world.store().set_disabled(user("bob"), false).await.unwrap();
    assert_eq!(told().await, ["bob", "bob", "bob"]);
    world.store().remove_device(&alice, alice.device).await.unwrap();
    world.store().remove_user(user("bob")).await.unwrap();
    assert_eq!(told().await, ["alice", "bob"]);
}

/// One more device of a user whose first has keys from `seed`.
async fn second_device<F: Factory>(world: &World<'_, F>, name: &str, seed: u8) {
    let first = world.store().authenticate(session(seed), day(0)).await;
    let first = match first {
        Ok(caller) => caller,
        Err(_) => world.store().authenticate(session(7), day(0)).await.expect("the one of the repeated join"),
    };
    let link = InviteSecret([seed ^ 0x80; 32]);
    world.store().create_invite(Inviter::Device(first), NewInvite::Device, link.clone(), day(0)).await.unwrap();
    world.store().join(join(name, seed, seed ^ 0x80, link), session(seed ^ 0x80), day(0)).await.unwrap();
}
