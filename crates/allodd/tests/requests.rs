//! Requests and what stands in their way: every refusal has its code, and loses nothing.

mod common;

use std::sync::atomic::Ordering;

use allod_crypto::identity::renew_session;
use allod_crypto::receipt::verify_receipt;
use allod_server_core::Store;
use allod_wire::account::{
    Account, AccountRole, BuyTickets, ContactPolicy, InviteCreated, InviteOffer, LookUpInvite, NewInvite, Organisation,
    People, PersonDevices, Session,
};
use allod_wire::blob::BlobState;
use allod_wire::inbox::{
    ClaimKeyPackages, ClaimRight, ClaimedKeyPackages, InboxPage, KeyPackageCount, NewInboxItem, UploadKeyPackages,
};
use allod_wire::log::{Cursor, EntriesPage, NewEntry, Receipt, TokenChange, TokenRole};
use allod_wire::secrets::{InviteSecret, TokenKey};
use allod_wire::{BlobId, EntryId, ErrorCode, LogId, Position};
use common::{Log, World, commit, join, message, random, sized};

#[tokio::test]
async fn a_body_that_is_no_cbor_of_the_shape_is_malformed_everywhere_w_1() {
    let world = World::new().await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    let (session, token) = (alice.session.reveal(), log.token.reveal());
    let (device, id) = (alice.device, log.id);
    let routes = [
        ("POST", "/v1/invites/look-up".to_owned(), None),
        ("POST", "/v1/join".to_owned(), None),
        ("POST", "/v1/session".to_owned(), None),
        ("PUT", "/v1/account/contact-policy".to_owned(), Some(&session)),
        ("POST", "/v1/key-packages".to_owned(), Some(&session)),
        ("POST", "/v1/tickets".to_owned(), Some(&session)),
        ("POST", "/v1/invites".to_owned(), Some(&session)),
        ("PUT", "/v1/inbox/cursor".to_owned(), Some(&session)),
        ("POST", "/v1/key-packages/claim".to_owned(), None),
        ("POST", format!("/v1/inboxes/{device}"), Some(&token)),
        ("PUT", format!("/v1/logs/{id}"), None),
        ("POST", format!("/v1/logs/{id}/entries"), Some(&token)),
        ("PUT", format!("/v1/logs/{id}/cursor"), Some(&token)),
    ];
    for (method, path, secret) in &routes {
        for body in [&b""[..], b"garbage", &[0x9f, 0xff], &[0x80, 0x00]] {
            let answer = world.raw(method, path, secret.map(String::as_str), "", body).await;
            assert_eq!(answer.code(), ErrorCode::Malformed, "{method} {path} {body:?}");
        }
    }
}

#[tokio::test]
async fn what_is_no_request_is_not_found_and_says_nothing_h_2() {
    let world = World::new().await;
    for path in
        ["/v1/nothing", "/v1", "/debug/pprof", "/metrics", "/management/heapdump", "/../allodd.toml", "/hub.key"]
    {
        assert_eq!(world.get(path, None).await.code(), ErrorCode::NotFound, "{path}");
    }
    assert_eq!(world.raw("DELETE", "/v1/organisation", None, "", &[]).await.code(), ErrorCode::NotFound);
    assert_eq!(world.raw("TRACE", "/v1/organisation", None, "", &[]).await.code(), ErrorCode::NotFound);
    let organisation: Organisation = world.get("/v1/organisation", None).await.value();
    assert_eq!(organisation.domain.as_str(), "localhost");
}

#[tokio::test]
async fn without_the_right_secret_nothing_is_told_h_1() {
    let world = World::new().await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    for path in ["/v1/account", "/v1/people", "/v1/inbox", "/v1/key-packages", "/v1/people/alice"] {
        assert_eq!(world.get(path, None).await.code(), ErrorCode::NoSession, "{path}");
        assert_eq!(world.get(path, Some("AAAA")).await.code(), ErrorCode::NoSession, "{path}");
        let strange = log.token.reveal();
        assert_eq!(world.get(path, Some(&strange)).await.code(), ErrorCode::NoSession, "{path}");
    }
    let existing = format!("/v1/logs/{}/entries", log.id);
    let other = format!("/v1/logs/{}/entries", LogId([9; 32]));
    let stranger = Log::of(log.id).token.reveal();
    let zero = data_encoding::BASE64URL_NOPAD.encode(&[0; 32]);
    for (path, secret) in [(&existing, &stranger), (&other, &log.token.reveal()), (&existing, &zero)] {
        let refusal = world.get(path, Some(secret)).await.refusal();
        assert_eq!(refusal, world.get(&other, None).await.refusal(), "L-2: the answers do not differ");
        assert_eq!(refusal.code, ErrorCode::UnknownToken);
    }
    assert_eq!(world.get("/v1/logs/short/entries", Some(&stranger)).await.code(), ErrorCode::Malformed);
    assert_eq!(world.get(&format!("{existing}?after=x"), Some(&stranger)).await.code(), ErrorCode::Malformed);
}

#[tokio::test]
async fn what_is_longer_than_its_maximum_is_refused_before_it_is_read_w_3() {
    let world = World::new().await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    let path = format!("/v1/logs/{}/entries", log.id);
    let body = vec![0; 5 << 20 | 1];
    let answer = world.raw("POST", &path, Some(&log.token.reveal()), "", &body).await;
    assert_eq!(answer.code(), ErrorCode::TooLarge);
    let odd = sized(1, 1_000);
    assert_eq!(world.append(&log, &odd).await.code(), ErrorCode::NotASizeClass);
    let long_head = format!("X-Padding: {}\r\n", "x".repeat(20 << 10));
    let answer = world.raw("GET", "/v1/organisation", None, &long_head, &[]).await;
    assert_eq!(answer.status, 431);
    assert_eq!(world.say(&log, 1).await.body.position, Position(1));
}

#[tokio::test]
async fn the_account_plane_from_invitation_to_first_contact_a_1_a_6_i_2() {
    let world = World::new().await;
    let secret = world.invite(AccountRole::Administrator).await;
    let look = LookUpInvite { secret: secret.clone() };
    let offer: InviteOffer = world.send("POST", "/v1/invites/look-up", None, &look).await.value();
    assert_eq!((offer.role, offer.adds_device), (AccountRole::Administrator, false));
    let (joining, key) = join(secret, "admin");
    let joined: allod_wire::account::Joined = world.send("POST", "/v1/join", None, &joining).await.value();
    assert_eq!(world.send("POST", "/v1/invites/look-up", None, &look).await.code(), ErrorCode::Spent);

    let renewal = renew_session(joining.device.device, &key, world.now());
    let session: Session = world.send("POST", "/v1/session", None, &renewal).await.value();
    let session = session.token.reveal();
    let old = joined.session.reveal();
    assert_eq!(world.get("/v1/account", Some(&old)).await.code(), ErrorCode::NoSession);
    let account: Account = world.get("/v1/account", Some(&session)).await.value();
    assert_eq!(account.name.as_str(), "admin");

    let invite = NewInvite::Person { name: None, role: AccountRole::Member, uses: 1, days: 1 };
    let invited: InviteCreated = world.send("POST", "/v1/invites", Some(&session), &invite).await.value();
    let (bob_joins, _) = join(invited.secret, "bob");
    let bob: allod_wire::account::Joined = world.send("POST", "/v1/join", None, &bob_joins).await.value();
    let bob_session = bob.session.reveal();
    assert_eq!(world.send("POST", "/v1/invites", Some(&bob_session), &invite).await.code(), ErrorCode::NotAllowed);
    let people: People = world.get("/v1/people", Some(&bob_session)).await.value();
    assert_eq!(people.people.len(), 2);
    let devices: PersonDevices = world.get("/v1/people/admin", Some(&bob_session)).await.value();
    assert_eq!(devices.certificates.len(), 1);

    let upload = UploadKeyPackages { one_time: vec![vec![1; 100].into()], last_resort: Some(vec![2; 100].into()) };
    let count: KeyPackageCount = world.send("POST", "/v1/key-packages", Some(&bob_session), &upload).await.value();
    assert_eq!((count.one_time, count.last_resort), (1, true));
    let tickets: allod_wire::account::Tickets =
        world.send("POST", "/v1/tickets", Some(&session), &BuyTickets { count: 3 }).await.value();
    let claim = |ticket: usize| ClaimKeyPackages {
        right: ClaimRight::Ticket(tickets.tickets[ticket].clone()),
        user: bob_joins.name.clone(),
        devices: vec![],
    };
    let claimed: ClaimedKeyPackages = world.send("POST", "/v1/key-packages/claim", None, &claim(0)).await.value();
    assert_eq!(claimed.devices[0].key_package[..], [1; 100]);
    assert_eq!(world.send("POST", "/v1/key-packages/claim", None, &claim(0)).await.code(), ErrorCode::Spent);

    let item = NewInboxItem { id: EntryId([1; 16]), sealed: vec![5; 1_024].into() };
    let path = format!("/v1/inboxes/{}", bob_joins.device.device);
    let ticket = claimed.devices[0].ticket.reveal();
    for _ in 0..2 {
        assert_eq!(world.send("POST", &path, Some(&ticket), &item).await.status, 204, "I-2: a retry is no second item");
    }
    assert_eq!(world.send("POST", &path, None, &item).await.code(), ErrorCode::Spent);
    let inbox: InboxPage = world.get("/v1/inbox?after=0", Some(&bob_session)).await.value();
    assert_eq!(inbox.items.len(), 1);
    let cursor = Cursor { position: inbox.items[0].position };
    assert_eq!(world.send("PUT", "/v1/inbox/cursor", Some(&bob_session), &cursor).await.status, 204);
    let inbox: InboxPage = world.get("/v1/inbox", Some(&bob_session)).await.value();
    assert!(inbox.items.is_empty());

    let closed = ContactPolicy { organisation: false, link: None };
    assert_eq!(world.send("PUT", "/v1/account/contact-policy", Some(&bob_session), &closed).await.status, 204);
    let refused = world.send("POST", "/v1/key-packages/claim", None, &claim(1)).await;
    assert_eq!(refused.code(), ErrorCode::ContactRefused);
    let gone = format!("/v1/account/devices/{}", bob_joins.device.device);
    assert_eq!(world.raw("DELETE", &gone, Some(&bob_session), "", &[]).await.status, 204);
    assert_eq!(world.get("/v1/account", Some(&bob_session)).await.code(), ErrorCode::NoSession);
}

#[tokio::test]
async fn appends_replays_and_stale_commits_l_3_l_4_l_5() {
    let world = World::new().await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    let first: Receipt = world.append(&log, &commit(1, 0, vec![])).await.value();
    let organisation: Organisation = world.get("/v1/organisation", None).await.value();
    assert_eq!(verify_receipt(&organisation.hub_key, &first), Ok(()));
    let again: Receipt = world.append(&log, &commit(1, 0, vec![])).await.value();
    assert_eq!(again.body, first.body);
    let other = NewEntry { frank: [9; 32].into(), ..commit(1, 0, vec![]) };
    assert_eq!(world.append(&log, &other).await.code(), ErrorCode::IdReused);
    let stale = world.append(&log, &commit(2, 0, vec![])).await.refusal();
    assert_eq!((stale.code, stale.commits.map(|commits| commits.0)), (ErrorCode::StaleCommit, Some(1)));
    assert_eq!(world.say(&log, 3).await.body.position, Position(2));

    let path = format!("/v1/logs/{}/entries?after=1&limit=5", log.id);
    let page: EntriesPage = world.get(&path, Some(&log.token.reveal())).await.value();
    assert_eq!((page.entries.len(), page.last, page.head_before), (1, Position(2), first.body.head));
    let path = format!("/v1/logs/{}/cursor", log.id);
    let moved = world.send("PUT", &path, Some(&log.token.reveal()), &Cursor { position: Position(1) }).await;
    assert_eq!(moved.status, 204);
}

#[tokio::test]
async fn a_blob_goes_up_in_chunks_and_comes_down_in_ranges_b_3_b_4() {
    let world = World::new().await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    let token = log.token.reveal();
    let blob = format!("/v1/logs/{}/blobs/{}", log.id, BlobId([1; 32]));
    let bytes: Vec<u8> = (0..256 << 10).map(|i: u32| u8::try_from(i % 241).unwrap()).collect();
    let put = async |offset: usize, len: usize| {
        let path = format!("{blob}?size={}&offset={offset}", bytes.len());
        world.raw("PUT", &path, Some(&token), "", &bytes[offset..offset + len]).await
    };
    let state: BlobState = put(0, 128 << 10).await.value();
    assert_eq!(state.received, 128 << 10);
    assert_eq!(put(0, 128 << 10).await.code(), ErrorCode::WrongOffset);
    assert_eq!(put(192 << 10, 64 << 10).await.code(), ErrorCode::WrongOffset);
    assert_eq!(world.get(&blob, Some(&token)).await.code(), ErrorCode::NotFound);
    assert_eq!(put(128 << 10, 1_000).await.code(), ErrorCode::Malformed);
    let state: BlobState = put(128 << 10, 128 << 10).await.value();
    assert_eq!((state.received, state.size), (256 << 10, 256 << 10));
    let asked: BlobState = world.get(&format!("{blob}/state"), Some(&token)).await.value();
    assert_eq!(asked, state);

    assert_eq!(world.get(&blob, Some(&token)).await.body, bytes);
    let part = world.raw("GET", &blob, Some(&token), "Range: bytes=65536-131071\r\n", &[]).await;
    assert_eq!((part.status, part.header("content-range")), (206, Some("bytes 65536-131071/262144")));
    assert_eq!(part.body, bytes[65_536..131_072]);
    assert_eq!(world.raw("GET", &blob, Some(&token), "Range: bytes=999999-\r\n", &[]).await.status, 416);
    let stranger = Log::of(log.id).token.reveal();
    assert_eq!(world.get(&blob, Some(&stranger)).await.code(), ErrorCode::UnknownToken);
    let path = format!("{blob}?size=65536&offset=0");
    let refused = world.raw("PUT", &path, Some(&stranger), "", &bytes[..65_536]).await;
    assert_eq!(refused.code(), ErrorCode::UnknownToken);
}

#[tokio::test]
async fn beyond_the_limits_is_too_many_with_the_seconds_to_wait_a_9() {
    let world = World::with(|config| {
        config.limits.address_per_minute = 12;
        config.limits.account_per_minute = 5;
        config.limits.log_kib_per_minute = 3;
    })
    .await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    for id in 0..3 {
        world.say(&log, id).await;
    }
    let refusal = world.append(&log, &message(9)).await.refusal();
    assert_eq!((refusal.code, refusal.retry_after_secs), (ErrorCode::TooMany, Some(20)));
    let session = alice.session.reveal();
    let mut codes = Vec::new();
    for _ in 0..6 {
        codes.push(world.get("/v1/account", Some(&session)).await.status);
    }
    assert_eq!(codes.iter().filter(|status| **status == 429).count(), 2, "one request bought the ticket: {codes:?}");
    let secret = InviteSecret(random());
    let mut last = 0;
    for _ in 0..13 {
        last = world.send("POST", "/v1/invites/look-up", None, &LookUpInvite { secret: secret.clone() }).await.status;
    }
    assert_eq!(last, 429, "who guesses links is slowed down");
    world.now.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(world.say(&log, 9).await.body.position, Position(4));
}

#[tokio::test]
async fn a_full_disk_refuses_loses_nothing_and_goes_on_when_there_is_room_l_7() {
    let world = World::new().await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    world.store().set_page_count_max(Some(200)).await.unwrap();
    let mut accepted = Vec::new();
    let refused = loop {
        let id = u32::try_from(accepted.len()).unwrap();
        let answer = world.append(&log, &sized(id, 64 << 10)).await;
        if answer.status != 200 {
            break answer.refusal();
        }
        accepted.push(answer.value::<Receipt>().body);
        assert!(accepted.len() < 100, "the disk is never full");
    };
    assert_eq!((refused.code, refused.retry_after_secs), (ErrorCode::Unavailable, Some(5)));
    world.store().set_page_count_max(None).await.unwrap();
    let more: Receipt = world.append(&log, &message(1_000)).await.value();
    assert_eq!(more.body.position.0, accepted.len() as u64 + 1);
    let path = format!("/v1/logs/{}/entries", log.id);
    let page: EntriesPage = world.get(&path, Some(&log.token.reveal())).await.value();
    assert_eq!(page.entries.len(), accepted.len() + 1);
}

#[tokio::test]
async fn a_clock_that_jumps_gives_no_earlier_day_and_keeps_sessions_honest_l_9_a_4() {
    let world = World::new().await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    let day = world.say(&log, 1).await.body.day;
    let before = world.now.fetch_sub(10 * 86_400_000, Ordering::Relaxed);
    assert_eq!(world.say(&log, 2).await.body.day, day, "back ten days: the day stays");
    let renewal = renew_session(alice.device, &alice.device_key, allod_wire::UnixMillis(before));
    assert_eq!(world.send("POST", "/v1/session", None, &renewal).await.code(), ErrorCode::ClockSkew);
    world.now.store(before + 400 * 86_400_000, Ordering::Relaxed);
    assert_eq!(world.say(&log, 3).await.body.day.0, day.0 + 400, "forward a year");
    let session = alice.session.reveal();
    assert_eq!(world.get("/v1/account", Some(&session)).await.code(), ErrorCode::NoSession);
    let renewal = renew_session(alice.device, &alice.device_key, world.now());
    let _: Session = world.send("POST", "/v1/session", None, &renewal).await.value();
    // A sweep after a jump goes by the day after the last sweep's: a clock that is wrong empties no store.
    world.store().sweep(world.now()).await.unwrap();
    let path = format!("/v1/logs/{}/entries", log.id);
    let page: EntriesPage = world.get(&path, Some(&log.token.reveal())).await.value();
    assert_eq!(page.entries.iter().map(|entry| entry.position.0).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn a_token_that_a_commit_revokes_is_unknown_from_then_on_t_4_t_5() {
    let world = World::new().await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    let bob = Log::of(log.id);
    let register = |key: TokenKey| TokenChange::Register { key, role: TokenRole::Member };
    let _: Receipt = world.append(&log, &commit(1, 0, vec![register(bob.key)])).await.value();
    world.say(&bob, 2).await;
    let revoke = TokenChange::Revoke { key: log.key };
    assert_eq!(world.append(&bob, &commit(3, 1, vec![revoke])).await.code(), ErrorCode::NotAllowed);
    let revoke = TokenChange::Revoke { key: bob.key };
    let _: Receipt = world.append(&log, &commit(4, 1, vec![revoke])).await.value();
    assert_eq!(world.append(&bob, &message(5)).await.code(), ErrorCode::UnknownToken);
}

#[tokio::test]
async fn the_web_app_is_served_compressed_cached_by_hash_and_under_a_strict_policy() {
    let web = tempfile::tempdir().unwrap();
    std::fs::write(web.path().join("index.html"), "<!doctype html>").unwrap();
    std::fs::write(web.path().join("app.0123456789abcdef.js"), "let it = 1;").unwrap();
    std::fs::write(web.path().join("app.0123456789abcdef.js.br"), "small").unwrap();
    let world = World::with(|config| config.web_root = web.path().to_owned()).await;
    let index = world.get("/", None).await;
    assert_eq!((index.status, index.header("cache-control")), (200, Some("no-store")));
    let policy = index.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{rule}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    let script = world.raw("GET", "/app.0123456789abcdef.js", None, "Accept-Encoding: gzip, br\r\n", &[]).await;
    assert_eq!((script.header("content-encoding"), &script.body[..]), (Some("br"), &b"small"[..]));
    assert!(script.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(world.get("/nothing.js", None).await.status, 404);
    assert_eq!(world.raw("HEAD", "/", None, "", &[]).await.header("content-length"), Some("15"));
}
