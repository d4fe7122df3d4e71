//! Accounts, devices, sessions, invitations, tickets. Spec: `spec/account.md`.

use allod_crypto::identity::renew_session;
use allod_wire::account::{AccountRole, Join, NewInvite};
use allod_wire::log::CreateLog;
use allod_wire::secrets::{InviteSecret, Ticket};
use allod_wire::{Day, DeviceId, LogId, Position, UnixMillis};

use super::Factory;
use super::world::{ADMIN, DAY, World, day, device_key, join, session, user};
use crate::accounts::{AccountError, AuthenticateError, Caller};
use crate::buy_tickets::{BuyTicketsError, SpendTicketError};
use crate::create_log::CreateLogError;
use crate::failure::Failure;
use crate::invite::{InviteError, Inviter, LookUpError, Offer};
use crate::join::JoinError;
use crate::renew_session::RenewError;
use crate::store::{Outcome, Store};

const OPEN: NewInvite = NewInvite::Person { name: None, role: AccountRole::Member, uses: 2, days: 3 };

async fn invited<F: Factory>(world: &World<'_, F>, n: u8, request: NewInvite) -> InviteSecret {
    let secret = InviteSecret([n; 32]);
    world.store().create_invite(Inviter::Operator, request, secret.clone(), day(0)).await.unwrap();
    secret
}

async fn joined<F: Factory>(world: &World<'_, F>, request: Join, n: u8) -> Outcome<AccountRole, JoinError> {
    world.store().join(request, session(n), day(0)).await
}

/// Rule A-1.
pub async fn an_invitation_makes_as_many_accounts_as_it_says_a_1<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let secret = invited(&world, 1, OPEN).await;
    let offer = Offer { name: None, role: AccountRole::Member, adds_device: false };
    assert_eq!(world.store().look_up_invite(secret.clone(), day(0)).await, Ok(offer));
    assert_eq!(joined(&world, join("alice", 10, 10, secret.clone()), 10).await, Ok(AccountRole::Member));
    let taken = joined(&world, join("alice", 11, 11, secret.clone()), 11).await;
    assert_eq!(taken, Err(Failure::Refused(JoinError::Taken)), "and no use is spent by it");
    world.restart().await;
    assert_eq!(joined(&world, join("bob", 11, 11, secret.clone()), 11).await, Ok(AccountRole::Member));
    let spent = joined(&world, join("carol", 12, 12, secret.clone()), 12).await;
    assert_eq!(spent, Err(Failure::Refused(JoinError::Spent)));
    let spent = world.store().look_up_invite(secret, day(0)).await;
    assert_eq!(spent, Err(Failure::Refused(LookUpError::Spent)));
    let people = world.store().people().await.unwrap().people;
    let names: Vec<_> = people.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["alice", "bob"]);
}

/// Rule A-1.
pub async fn a_repeated_join_gives_a_new_session_and_changes_nothing_a_1<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let secret = invited(&world, 1, OPEN).await;
    let request = join("alice", 10, 10, secret.clone());
    for n in [10, 11, 12] {
        assert_eq!(joined(&world, request.clone(), n).await, Ok(AccountRole::Member));
    }
    let ended = world.store().authenticate(session(10), day(0)).await;
    assert_eq!(ended, Err(Failure::Refused(AuthenticateError::NoSession)));
    let alice = world.store().authenticate(session(12), day(0)).await.unwrap();
    assert_eq!(world.store().account(&alice).await.unwrap().certificates.len(), 1);
    assert!(joined(&world, join("bob", 20, 20, secret), 20).await.is_ok(), "one use was spent, not three");
    let again = joined(&world, request, 13).await;
    assert_eq!(again, Ok(AccountRole::Member), "although the link is used up by now");
}

/// Rule A-1.
pub async fn a_link_for_another_name_or_past_its_day_is_refused_a_1<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let role = AccountRole::Administrator;
    let secret = invited(&world, 1, NewInvite::Person { name: Some(user("alice")), role, uses: 1, days: 3 }).await;
    let other = joined(&world, join("bob", 10, 10, secret.clone()), 10).await;
    assert_eq!(other, Err(Failure::Refused(JoinError::OtherName)));
    let unknown = joined(&world, join("alice", 10, 10, InviteSecret([2; 32])), 10).await;
    assert_eq!(unknown, Err(Failure::Refused(JoinError::Spent)));
    let late = world.store().join(join("alice", 10, 10, secret.clone()), session(10), day(4)).await;
    assert_eq!(late, Err(Failure::Refused(JoinError::Spent)));
    assert_eq!(world.store().join(join("alice", 10, 10, secret), session(10), day(3)).await, Ok(role));
}

/// Rule A-2.
pub async fn sessions_are_known_by_their_secret_until_they_end_a_2<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let alice = world.alice().await;
    world.restart().await;
    let device = DeviceId([100; 16]);
    assert_eq!(alice, Caller { device, name: user("alice"), role: AccountRole::Member });
    let let_in = |n, days| world.store().authenticate(session(n), day(days));
    let no_session = Err(Failure::Refused(AuthenticateError::NoSession));
    assert_eq!(let_in(100, 30).await, Ok(alice));
    assert_eq!(let_in(100, 31).await, no_session);
    assert_eq!(let_in(101, 0).await, no_session);
}

/// Rule A-3.
pub async fn a_device_certified_by_another_key_is_refused_a_3<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = world.alice().await;
    let by = Inviter::Device(alice.clone());
    let secret = InviteSecret([1; 32]);
    let expires = world.store().create_invite(by, NewInvite::Device, secret.clone(), day(0)).await;
    assert_eq!(expires, Ok(Day(DAY + 1)));
    let offer = world.store().look_up_invite(secret.clone(), day(0)).await.unwrap();
    assert_eq!((offer.name, offer.adds_device), (Some(user("alice")), true));
    let other = joined(&world, join("alice", 101, 101, secret.clone()), 101).await;
    assert_eq!(other, Err(Failure::Refused(JoinError::BadSignature)));
    assert_eq!(joined(&world, join("alice", 100, 101, secret.clone()), 101).await, Ok(AccountRole::Member));
    assert_eq!(world.store().person(user("alice")).await.unwrap().certificates.len(), 2);
    let spent = joined(&world, join("alice", 100, 102, secret), 102).await;
    assert_eq!(spent, Err(Failure::Refused(JoinError::Spent)));
}

/// Rule A-3.
pub async fn a_certificate_that_does_not_fit_is_refused_a_3<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let secret = invited(&world, 1, OPEN).await;
    let good = join("alice", 10, 10, secret.clone());
    let mut other_name = good.clone();
    other_name.name = user("bob");
    let mut other_device = good.clone();
    other_device.device.device = DeviceId([99; 16]);
    let mut other_inbox = good.clone();
    other_inbox.device.inbox_key = vec![0; 1_216].into();
    let mut garbage = good.clone();
    garbage.device.certificate = vec![0; 10].into();
    for request in [other_name, other_device, other_inbox, garbage] {
        let refused = joined(&world, request, 10).await;
        assert_eq!(refused, Err(Failure::Refused(JoinError::BadCertificate)));
    }
    let mut forged = good.clone();
    let last = forged.device.certificate.len() - 1;
    forged.device.certificate[last] ^= 1;
    assert_eq!(joined(&world, forged, 10).await, Err(Failure::Refused(JoinError::BadSignature)));
    assert!(joined(&world, good, 10).await.is_ok());
    let taken = joined(&world, join("bob", 20, 10, secret), 20).await;
    assert_eq!(taken, Err(Failure::Refused(JoinError::Taken)), "a device is of one account");
}

/// Rule A-4.
pub async fn a_renewal_needs_the_devices_key_and_clock_and_works_once_a_4<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    world.alice().await;
    let (device, now) = (DeviceId([100; 16]), day(40));
    let ask = |key: u8, device, at| renew_session(device, &device_key(key), at);
    let renew = |request, n| world.store().renew_session(request, session(n), now);
    let bad = Err(Failure::Refused(RenewError::BadSignature));
    let skew = Err(Failure::Refused(RenewError::ClockSkew));
    assert_eq!(renew(ask(101, device, now), 1).await, bad);
    assert_eq!(renew(ask(100, DeviceId([9; 16]), now), 1).await, bad, "one that is not there");
    assert_eq!(renew(ask(100, device, UnixMillis(now.0 + 300_001)), 1).await, skew);
    assert_eq!(renew(ask(100, device, UnixMillis(now.0 - 300_001)), 1).await, skew);
    assert_eq!(renew(ask(100, device, now), 1).await, Ok(()));
    assert_eq!(renew(ask(100, device, now), 2).await, skew, "a replay");
    let alice = world.store().authenticate(session(1), now).await.unwrap();
    assert_eq!(alice.device, device);
    assert_eq!(renew(ask(100, device, UnixMillis(now.0 + 1)), 3).await, Ok(()));
    let ended = world.store().authenticate(session(1), now).await;
    assert_eq!(ended, Err(Failure::Refused(AuthenticateError::NoSession)), "a device has one session");
}

/// Rule A-5.
pub async fn tickets_are_sold_to_devices_and_are_good_once_a_5<F: Factory>(factory: &F) {
    let mut world = World::new(factory).await;
    let alice = world.alice().await;
    let buy = async |world: &World<'_, F>, count: u8| {
        let tickets = (1..=count).map(|n| Ticket([n; 32])).collect();
        world.store().buy_tickets(&alice, tickets, day(0)).await
    };
    assert_eq!(buy(&world, 0).await, Err(Failure::Refused(BuyTicketsError::BadCount)));
    assert_eq!(buy(&world, 3).await, Ok(()));
    world.restart().await;
    let request = |n| CreateLog { ticket: Ticket([n; 32]), first: ADMIN };
    for n in 1..=3 {
        assert_eq!(world.store().create_log(LogId([n; 32]), request(n), day(0)).await, Ok(()));
        let spent = world.store().create_log(LogId([100 + n; 32]), request(n), day(0)).await;
        assert_eq!(spent, Err(Failure::Refused(CreateLogError::Spent)));
    }
    assert_eq!(buy(&world, 5).await, Ok(()));
    let spent = Err(Failure::Refused(SpendTicketError::Spent));
    assert_eq!(world.store().spend_ticket(Ticket([4; 32]), day(0)).await, Ok(()), "for the answer to a question");
    assert_eq!(world.store().spend_ticket(Ticket([4; 32]), day(0)).await, spent);
    assert_eq!(world.store().spend_ticket(Ticket([5; 32]), day(400)).await, spent);
    world.store().remove_user(user("alice")).await.unwrap();
    assert_eq!(buy(&world, 1).await, Err(Failure::Refused(BuyTicketsError::NoSession)));
}

/// Rule A-1.
pub async fn only_administrators_invite_people_a_1<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = Inviter::Device(world.alice().await);
    let root = Inviter::Device(world.person("root", 50, AccountRole::Administrator).await);
    let make =
        |by: &Inviter, request, n| world.store().create_invite(by.clone(), request, InviteSecret([n; 32]), day(0));
    assert_eq!(make(&alice, OPEN, 1).await, Err(Failure::Refused(InviteError::NotAllowed)));
    assert_eq!(make(&root, OPEN, 2).await, Ok(Day(DAY + 3)));
    let person =
        |name: &str, uses, days| NewInvite::Person { name: Some(user(name)), role: AccountRole::Member, uses, days };
    assert_eq!(make(&root, person("alice", 1, 1), 3).await, Err(Failure::Refused(InviteError::Taken)));
    for (uses, days) in [(0, 1), (1, 0), (1_001, 1), (1, 366)] {
        let refused = make(&root, person("bob", uses, days), 4).await;
        assert_eq!(refused, Err(Failure::Refused(InviteError::OutOfBounds)));
    }
    let device = make(&Inviter::Operator, NewInvite::Device, 5).await;
    assert_eq!(device, Err(Failure::Refused(InviteError::NotAllowed)), "the operator has no devices");
}

/// A device that goes takes everything with it.
pub async fn a_removed_device_is_gone_with_all_that_waits_a_1<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = world.alice().await;
    let bob = world.person("bob", 110, AccountRole::Member).await;
    let not_mine = world.store().remove_device(&bob, alice.device).await;
    assert_eq!(not_mine, Err(Failure::Refused(AccountError::NotFound)));
    world.store().remove_device(&alice, alice.device).await.unwrap();
    let ended = world.store().authenticate(session(100), day(0)).await;
    assert_eq!(ended, Err(Failure::Refused(AuthenticateError::NoSession)));
    let gone = Failure::Refused(AccountError::NotFound);
    assert_eq!(world.store().read_inbox(&alice, Position(0)).await.unwrap_err(), gone);
    assert_eq!(world.store().key_package_count(&alice).await.unwrap_err(), gone);
    assert!(world.store().person(user("alice")).await.unwrap().certificates.is_empty());
    let users = world.store().users().await.unwrap();
    let users: Vec<_> = users.iter().map(|user| (user.name.as_str(), user.devices)).collect();
    assert_eq!(users, [("alice", 0), ("bob", 1)]);
}

/// A recovery link adds a device long after it was made, once (rule A-10).
pub async fn a_recovery_link_adds_a_device_within_a_year_and_once_a_10<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = world.alice().await;
    let by = Inviter::Device(alice);
    let (early, late) = (InviteSecret([60; 32]), InviteSecret([61; 32]));
    for secret in [&early, &late] {
        let until = world.store().create_invite(by.clone(), NewInvite::Recovery, secret.clone(), day(0)).await;
        assert_eq!(until, Ok(Day(DAY + 365)));
    }
    let joined_on = async |secret: &InviteSecret, device: u8, on: u32| {
        world.store().join(join("alice", 100, device, secret.clone()), session(device), day(on)).await
    };
    assert_eq!(joined_on(&late, 62, 366).await, Err(Failure::Refused(JoinError::Spent)));
    assert_eq!(joined_on(&early, 63, 365).await, Ok(AccountRole::Member));
    assert_eq!(joined_on(&early, 64, 365).await, Err(Failure::Refused(JoinError::Spent)));
    let operator = world.store().create_invite(Inviter::Operator, NewInvite::Recovery, late, day(0)).await;
    assert_eq!(operator, Err(Failure::Refused(InviteError::NotAllowed)));
}

/// Who removes a device that was stolen removes the links that it may have made (rule A-10).
pub async fn a_removed_device_leaves_no_link_behind_a_10<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = world.alice().await;
    let bob = world.person("bob", 110, AccountRole::Member).await;
    let links = [(&alice, NewInvite::Recovery, 60), (&alice, NewInvite::Device, 61), (&bob, NewInvite::Recovery, 62)];
    for (owner, link, n) in links {
        let by = Inviter::Device(owner.clone());
        world.store().create_invite(by, link, InviteSecret([n; 32]), day(0)).await.unwrap();
    }
    world.store().remove_device(&alice, alice.device).await.unwrap();
    let spent = Err(Failure::Refused(LookUpError::Spent));
    for (n, is_left) in [(60, false), (61, false), (62, true)] {
        let offer = world.store().look_up_invite(InviteSecret([n; 32]), day(0)).await;
        assert_eq!(offer.is_ok(), is_left);
        assert!(is_left || offer == spent);
    }
}

/// An operator can shut an account out, and let it in again.
pub async fn a_disabled_account_is_let_in_nowhere_a_2<F: Factory>(factory: &F) {
    let world = World::new(factory).await;
    let alice = world.alice().await;
    world.store().set_disabled(user("alice"), true).await.unwrap();
    let refused = world.store().authenticate(session(100), day(0)).await;
    assert_eq!(refused, Err(Failure::Refused(AuthenticateError::Disabled)));
    let request = renew_session(alice.device, &device_key(100), day(0));
    let refused = world.store().renew_session(request.clone(), session(1), day(0)).await;
    assert_eq!(refused, Err(Failure::Refused(RenewError::Disabled)));
    assert!(world.store().people().await.unwrap().people.is_empty());
    let hidden = world.store().person(user("alice")).await;
    assert_eq!(hidden, Err(Failure::Refused(AccountError::NotFound)));
    assert!(world.store().users().await.unwrap()[0].disabled);
    world.store().set_disabled(user("alice"), false).await.unwrap();
    assert_eq!(world.store().renew_session(request, session(1), day(0)).await, Ok(()));
    let nobody = world.store().set_disabled(user("nobody"), true).await;
    assert_eq!(nobody, Err(Failure::Refused(AccountError::NotFound)));
}
