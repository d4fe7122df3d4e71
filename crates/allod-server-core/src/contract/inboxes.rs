//! Key packages and inboxes. Spec: `spec/inbox.md`; `spec/account.md`, rule A-6.

use allod_wire::account::{AccountRole, ContactPolicy};
use allod_wire::inbox::{
    ClaimKeyPackages, ClaimRight, ClaimedDevice, KeyPackageCount, NewInboxItem, UploadKeyPackages,
};
use allod_wire::secrets::{ContactSecret, InboxTicket, Ticket};
use allod_wire::{DeviceId, EntryId, Position};

use super::Factory;
use super::world::{World, day, link, user};
use crate::accounts::Caller;
use crate::claim_key_packages::{ClaimError, ClaimSeed};
use crate::failure::Failure;
use crate::put_inbox_item::PutInboxItemError;
use crate::store::{Outcome, Store};
use crate::upload_key_packages::UploadKeyPackagesError;

fn packages(numbers: &[u8], last_resort: Option<u8>) -> UploadKeyPackages {
    let package = |n: &u8| vec![*n; 300].into();
    UploadKeyPackages {
        one_time: numbers.iter().map(package).collect(),
        last_resort: last_resort.as_ref().map(package),
    }
}

/// Claims of Alice with a fresh ticket of her own.
async fn claim<F: Factory>(world: &World<'_, F>, alice: &Caller, n: u8) -> Outcome<Vec<ClaimedDevice>, ClaimError> {
    let right = ClaimRight::Ticket(world.ticket(alice, n).await);
    claim_by(world, right, n).await
}

async fn claim_by<F: Factory>(
    world: &World<'_, F>,
    right: ClaimRight,
    n: u8,
) -> Outcome<Vec<ClaimedDevice>, ClaimError> {
    let request = ClaimKeyPackages { right, user: user("alice"), devices: vec![] };
    world.store().claim_key_packages(request, ClaimSeed([n; 32]), day(0)).await.map(|claimed| claimed.devices)
}

fn item(n: u8) -> NewInboxItem {
    NewInboxItem { id: EntryId([n; 16]), sealed: vec![n; 2_048].into() }
}

/// Rule I-1.
pub async fn each_key_package_is_given_once_then_the_last_resort_i_1<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let alice = world.alice().await;
    let none = claim(&world, &alice, 1).await;
    assert_eq!(none, Err(Failure::Refused(ClaimError::NoKeyPackages)));
    let count = world.store().upload_key_packages(&alice, packages(&[1, 2, 2, 3], Some(9))).await;
    assert_eq!(count, Ok(KeyPackageCount { one_time: 3, last_resort: true }));
    let mut given = Vec::new();
    for n in 2..=6 {
        let claimed = claim(&world, &alice, n).await.unwrap();
        assert_eq!((claimed.len(), claimed[0].device), (1, alice.device));
        given.push(claimed[0].key_package[0]);
        world.restart().await;
    }
    given[..3].sort_unstable();
    assert_eq!(given, [1, 2, 3, 9, 9]);
    let count = world.store().key_package_count(&alice).await;
    assert_eq!(count, Ok(KeyPackageCount { one_time: 0, last_resort: true }));
}

/// Rule I-1: once, ever.
pub async fn a_key_package_once_given_is_not_taken_again_i_1<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = world.alice().await;
    for _ in 0..2 {
        world.store().upload_key_packages(&alice, packages(&[1], Some(9))).await.unwrap();
    }
    assert_eq!(claim(&world, &alice, 1).await.unwrap()[0].key_package[0], 1);
    let again = world.store().upload_key_packages(&alice, packages(&[1], None)).await.unwrap();
    assert_eq!(again.one_time, 0);
    assert_eq!(claim(&world, &alice, 2).await.unwrap()[0].key_package[0], 9);
    let long = UploadKeyPackages { one_time: vec![vec![0; (16 << 10) + 1].into()], last_resort: None };
    let refused = world.store().upload_key_packages(&alice, long).await;
    assert_eq!(refused, Err(Failure::Refused(UploadKeyPackagesError::TooLarge)));
    let numbers: Vec<u8> = (10..211).collect();
    let refused = world.store().upload_key_packages(&alice, packages(&numbers, None)).await;
    assert_eq!(refused, Err(Failure::Refused(UploadKeyPackagesError::Full)));
    assert_eq!(world.store().key_package_count(&alice).await.unwrap().one_time, 0);
}

/// Rule A-6.
pub async fn a_claim_needs_a_ticket_or_the_contact_link_a_6<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = world.alice().await;
    let bob = world.person("bob", 110, AccountRole::Member).await;
    world.store().upload_key_packages(&alice, packages(&[], Some(9))).await.unwrap();
    let spent = claim_by(&world, ClaimRight::Ticket(Ticket([1; 32])), 1).await;
    assert_eq!(spent, Err(Failure::Refused(ClaimError::Spent)));
    let secret = ContactSecret([1; 32]);
    let by_link = || claim_by(&world, ClaimRight::Contact(secret.clone()), 2);
    let refused = Err(Failure::Refused(ClaimError::ContactRefused));
    assert_eq!(by_link().await, refused, "there is no link by default");
    let policy = ContactPolicy { organisation: false, link: link(&secret) };
    world.store().set_contact_policy(&alice, policy.clone()).await.unwrap();
    assert_eq!(world.store().account(&alice).await.unwrap().contact_policy, policy);
    assert!(by_link().await.is_ok());
    let ticket = world.ticket(&bob, 3).await;
    assert_eq!(claim_by(&world, ClaimRight::Ticket(ticket.clone()), 3).await, refused);
    let nobody = ClaimKeyPackages { right: ClaimRight::Ticket(ticket.clone()), user: user("zed"), devices: vec![] };
    let answer = world.store().claim_key_packages(nobody, ClaimSeed([4; 32]), day(0)).await;
    assert_eq!(
        answer.unwrap_err(),
        Failure::Refused(ClaimError::ContactRefused),
        "nor is it told that nobody is there"
    );
    let policy = ContactPolicy { organisation: true, link: None };
    world.store().set_contact_policy(&alice, policy).await.unwrap();
    assert!(claim_by(&world, ClaimRight::Ticket(ticket.clone()), 5).await.is_ok(), "a refusal spends no ticket");
    assert_eq!(claim_by(&world, ClaimRight::Ticket(ticket), 6).await, Err(Failure::Refused(ClaimError::Spent)));
    world.store().set_disabled(user("alice"), true).await.unwrap();
    let ticket = world.ticket(&bob, 7).await;
    assert_eq!(claim_by(&world, ClaimRight::Ticket(ticket), 7).await, refused);
}

/// Rule I-2.
pub async fn a_ticket_puts_one_item_and_repeating_it_changes_nothing_i_2<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let alice = world.alice().await;
    world.store().upload_key_packages(&alice, packages(&[], Some(9))).await.unwrap();
    let ticket = claim(&world, &alice, 1).await.unwrap()[0].ticket.clone();
    let late = claim(&world, &alice, 2).await.unwrap()[0].ticket.clone();
    let spent = Err(Failure::Refused(PutInboxItemError::Spent));
    let put = async |world: &World<'_, F>, device, ticket: &InboxTicket, n: u8, days| {
        world.store().put_inbox_item(device, ticket.clone(), item(n), day(days)).await
    };
    assert_eq!(put(&world, alice.device, &InboxTicket([7; 32]), 1, 0).await, spent);
    assert_eq!(put(&world, DeviceId([9; 16]), &ticket, 1, 0).await, spent, "another inbox");
    assert_eq!(put(&world, alice.device, &late, 1, 31).await, spent, "too late");
    assert_eq!(put(&world, alice.device, &ticket, 1, 0).await, Ok(()));
    world.restart().await;
    assert_eq!(put(&world, alice.device, &ticket, 1, 0).await, Ok(()));
    assert_eq!(put(&world, alice.device, &ticket, 2, 0).await, spent);
    let page = world.store().read_inbox(&alice, Position(0)).await.unwrap();
    assert_eq!((page.items.len(), page.items[0].sealed[0]), (1, 1));
}

/// Rule I-3.
pub async fn an_item_that_fills_no_class_is_refused_i_3<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = world.alice().await;
    world.store().upload_key_packages(&alice, packages(&[], Some(9))).await.unwrap();
    let ticket = claim(&world, &alice, 1).await.unwrap()[0].ticket.clone();
    for (len, why) in [
        (0, PutInboxItemError::NotASizeClass),
        (1_025, PutInboxItemError::NotASizeClass),
        (128 << 10, PutInboxItemError::TooLarge),
    ] {
        let item = NewInboxItem { sealed: vec![0; len].into(), ..item(1) };
        let refused = world.store().put_inbox_item(alice.device, ticket.clone(), item, day(0)).await;
        assert_eq!(refused, Err(Failure::Refused(why)));
    }
    let largest = NewInboxItem { sealed: vec![0; 64 << 10].into(), ..item(1) };
    assert_eq!(world.store().put_inbox_item(alice.device, ticket, largest, day(0)).await, Ok(()));
}

/// Rule I-4.
pub async fn items_wait_in_order_until_the_device_has_them_i_4<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let alice = world.alice().await;
    world.store().upload_key_packages(&alice, packages(&[], Some(9))).await.unwrap();
    let mut tickets = Vec::new();
    for n in 1..=4 {
        tickets.push(claim(&world, &alice, n).await.unwrap()[0].ticket.clone());
    }
    for (n, ticket) in (1..=3).zip(&tickets) {
        world.store().put_inbox_item(alice.device, ticket.clone(), item(n), day(0)).await.unwrap();
    }
    let places = async |world: &World<'_, F>, after| -> Vec<(u64, u8)> {
        let page = world.store().read_inbox(&alice, Position(after)).await.unwrap();
        page.items.iter().map(|item| (item.position.0, item.sealed[0])).collect()
    };
    assert_eq!(places(&world, 0).await, [(1, 1), (2, 2), (3, 3)]);
    assert_eq!(places(&world, 2).await, [(3, 3)]);
    world.store().move_inbox_cursor(&alice, Position(3)).await.unwrap();
    world.restart().await;
    assert_eq!(places(&world, 0).await, []);
    world.store().put_inbox_item(alice.device, tickets[3].clone(), item(4), day(0)).await.unwrap();
    assert_eq!(places(&world, 0).await, [(4, 4)], "a place is given once");
    assert_eq!(world.store().sweep(day(90)).await.unwrap().inbox_items, 0);
    assert_eq!(world.store().sweep(day(91)).await.unwrap().inbox_items, 1);
    assert_eq!(places(&world, 0).await, []);
}
