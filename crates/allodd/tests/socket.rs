//! The socket: entries in order without gaps, whatever the reader does.

mod common;

use std::time::{Duration, Instant};

use allod_wire::account::Session;
use allod_wire::inbox::{
    ClaimKeyPackages, ClaimRight, ClaimedKeyPackages, KeyPackageCount, NewInboxItem, UploadKeyPackages,
};
use allod_wire::log::{Receipt, TokenChange, TokenRole};
use allod_wire::socket::{ClientFrame, ServerFrame};
use allod_wire::{EntryId, ErrorCode, LogId, Position};
use common::{Log, Person, Socket, World, commit, message, sized};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};

async fn two_members(world: &World) -> (Log, Log) {
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    let other = Log::of(log.id);
    let register = TokenChange::Register { key: other.key, role: TokenRole::Member };
    let _: Receipt = world.append(&log, &commit(1_000_000, 0, vec![register])).await.value();
    (log, other)
}

#[tokio::test]
async fn a_subscription_sends_what_there_is_and_then_what_comes_in_order_h_4() {
    let world = World::new().await;
    let (log, other) = two_members(&world).await;
    world.say(&log, 1).await;
    let mut socket = world.socket().await;
    socket.subscribe(&other, 0).await;
    assert_eq!(socket.positions(2).await, [1, 2]);
    let mut late = world.socket().await;
    late.subscribe(&log, 2).await;
    assert!(matches!(late.next().await, Some(ServerFrame::Entries { page, .. }) if page.entries.is_empty()));
    for id in 2..50 {
        world.say(&log, id).await;
    }
    let expected: Vec<u64> = (3..51).collect();
    assert_eq!(socket.positions(48).await, expected);
    assert_eq!(late.positions(48).await, expected);
}

#[tokio::test]
async fn a_subscription_beyond_the_end_goes_on_at_the_end_h_4() {
    let world = World::new().await;
    let (log, other) = two_members(&world).await;
    let mut socket = world.socket().await;
    socket.subscribe(&other, u64::from(u32::MAX)).await;
    assert!(matches!(socket.next().await, Some(ServerFrame::Entries { page, .. }) if page.entries.is_empty()));
    for id in 1..4 {
        world.say(&log, id).await;
    }
    assert_eq!(socket.positions(3).await, [2, 3, 4]);
}

#[tokio::test]
async fn appends_over_the_socket_are_pipelined_and_each_is_answered_l_7() {
    let world = World::new().await;
    let (log, other) = two_members(&world).await;
    let (mut writer, mut reader) = (world.socket().await, world.socket().await);
    writer.subscribe(&log, 1).await;
    reader.subscribe(&other, 1).await;
    for id in 0..500 {
        writer.send(&ClientFrame::Append { log: log.id, entry: message(id) }).await;
    }
    writer.send(&ClientFrame::Append { log: log.id, entry: sized(501, 1_000) }).await;
    writer.send(&ClientFrame::Append { log: LogId([5; 32]), entry: message(502) }).await;
    let (mut accepted, mut own, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    while accepted.len() < 500 || own.len() < 500 || refused.len() < 2 {
        match writer.next().await.unwrap() {
            ServerFrame::Accepted { receipt } => accepted.push(receipt.body.position.0),
            ServerFrame::Entries { page, .. } => own.extend(page.entries.iter().map(|entry| entry.position.0)),
            ServerFrame::Refused { error, .. } => refused.push(error.code),
            other => panic!("{other:?}"),
        }
    }
    let expected: Vec<u64> = (2..502).collect();
    assert_eq!((&accepted, &own), (&expected, &expected), "appends of one socket keep their order");
    refused.sort_by_key(|code| code.as_str());
    assert_eq!(refused, [ErrorCode::NotASizeClass, ErrorCode::UnknownToken]);
    assert_eq!(reader.positions(500).await, expected);
}

#[tokio::test]
async fn a_frame_that_does_not_decode_is_answered_and_ends_the_socket_h_3() {
    let world = World::new().await;
    let large = Message::Binary(Bytes::from(vec![0; (5 << 20) + 1]));
    let cases = [
        (Message::Binary(Bytes::from_static(b"garbage")), ErrorCode::Malformed),
        (Message::Text("{}".into()), ErrorCode::Malformed),
        (large, ErrorCode::TooLarge),
    ];
    for (message, code) in cases {
        let mut socket = world.socket().await;
        let _ = socket.0.send(message).await;
        assert!(matches!(socket.next().await, Some(ServerFrame::Failed { error }) if error.code == code), "{code}");
        assert_eq!(socket.next().await, None);
    }
}

#[tokio::test]
async fn a_subscription_ends_in_the_moment_in_which_its_token_is_revoked_h_4() {
    let world = World::new().await;
    let (log, other) = two_members(&world).await;
    let mut socket = world.socket().await;
    socket.subscribe(&other, 0).await;
    assert_eq!(socket.positions(1).await, [1]);
    let revoke = TokenChange::Revoke { key: other.key };
    let _: Receipt = world.append(&log, &commit(1, 1, vec![revoke])).await.value();
    world.say(&log, 2).await;
    let ended = socket.next().await;
    assert!(matches!(ended, Some(ServerFrame::Ended { error, .. }) if error.code == ErrorCode::UnknownToken));
    socket.subscribe(&other, 0).await;
    let ended = socket.next().await;
    assert!(matches!(ended, Some(ServerFrame::Ended { error, .. }) if error.code == ErrorCode::UnknownToken));
    socket.send(&ClientFrame::Append { log: log.id, entry: message(3) }).await;
    assert!(matches!(socket.next().await, Some(ServerFrame::Refused { .. })));
}

#[tokio::test]
async fn a_whisper_is_said_to_the_other_subscribers_and_leaves_nothing_h_8() {
    let world = World::new().await;
    let (log, other) = two_members(&world).await;
    let (mut alice, mut bob, mut thief) = (world.socket().await, world.socket().await, world.socket().await);
    alice.subscribe(&log, 1).await;
    bob.subscribe(&other, 1).await;
    for socket in [&mut alice, &mut bob] {
        assert!(matches!(socket.next().await, Some(ServerFrame::Entries { page, .. }) if page.entries.is_empty()));
    }
    let says = |byte: u8| ClientFrame::Whisper { log: log.id, whisper: [byte; 128].into() };
    // Who was not let in is not heard, and hears nothing.
    thief.send(&says(0)).await;
    thief.subscribe(&Log::of(log.id), 1).await;
    thief.send(&says(0)).await;
    assert!(matches!(thief.next().await, Some(ServerFrame::Ended { .. })));
    for byte in 1..=10 {
        alice.send(&says(byte)).await;
    }
    // What comes after them tells that no more is coming.
    alice.send(&ClientFrame::Append { log: log.id, entry: message(1) }).await;
    let mut heard = Vec::new();
    loop {
        match bob.next().await {
            Some(ServerFrame::Whisper { log: of, whisper }) if of == log.id => heard.push(whisper[0]),
            Some(ServerFrame::Entries { page, .. }) => {
                assert_eq!(page.last, Position(2), "a whisper has no place in the log");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(heard, [1, 2, 3, 4], "four at once, the others are dropped");
    let mut answers = [alice.next().await.unwrap(), alice.next().await.unwrap()];
    answers.sort_by_key(|answer| matches!(answer, ServerFrame::Accepted { .. }));
    assert!(matches!(answers, [ServerFrame::Entries { .. }, ServerFrame::Accepted { .. }]), "{answers:?}");
    let revoke = TokenChange::Revoke { key: other.key };
    let _: Receipt = world.append(&log, &commit(2, 1, vec![revoke])).await.value();
    assert_eq!(alice.positions(1).await, [3]);
    bob.send(&says(11)).await;
    bob.send(&ClientFrame::Append { log: log.id, entry: message(3) }).await;
    while !matches!(bob.next().await, Some(ServerFrame::Refused { .. })) {}
    world.say(&log, 4).await;
    let next = alice.next().await;
    assert!(matches!(next, Some(ServerFrame::Entries { page, .. }) if page.last == Position(4)), "nor who was put out");
}

#[tokio::test]
async fn a_whisper_of_another_length_ends_the_socket_h_8() {
    let world = World::new().await;
    let mut socket = world.socket().await;
    let mut bytes = allod_wire::cbor::to_vec(&ClientFrame::Whisper { log: LogId([1; 32]), whisper: [1; 128].into() });
    let length = bytes.len() - 129;
    assert_eq!(bytes[length], 128);
    bytes[length] = 127;
    bytes.pop();
    socket.0.send(Message::Binary(Bytes::from(bytes))).await.unwrap();
    let failed = socket.next().await;
    assert!(matches!(failed, Some(ServerFrame::Failed { error }) if error.code == ErrorCode::Malformed));
}

#[tokio::test]
async fn a_slow_reader_gets_everything_at_its_own_pace_h_5() {
    let world = World::new().await;
    let (log, other) = two_members(&world).await;
    let mut slow = world.socket().await;
    slow.subscribe(&other, 1).await;
    assert!(matches!(slow.next().await, Some(ServerFrame::Entries { .. })));
    // Far more than sockets and mailboxes hold.
    let mut writer = world.socket().await;
    writer.subscribe(&log, 1).await;
    for id in 0..1_500 {
        writer.send(&ClientFrame::Append { log: log.id, entry: sized(id, 16 << 10) }).await;
        while !matches!(writer.next().await.unwrap(), ServerFrame::Accepted { .. }) {}
    }
    assert_eq!(slow.positions(1_500).await, (2..1_502).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_peer_that_is_silent_or_takes_nothing_is_dropped_h_5() {
    let world = World::with(|config| config.limits.idle_secs = 1).await;
    let (log, other) = two_members(&world).await;
    let begun = Instant::now();
    // Half-open: the handshake, then silence, not even a pong.
    let mut silent = tokio::net::TcpStream::connect(world.address()).await.unwrap();
    let handshake = "GET /v1/socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    silent.write_all(handshake.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), silent.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(begun.elapsed() >= Duration::from_millis(900));
    // One that answers pings stays.
    let mut alive = world.socket().await;
    alive.subscribe(&other, 0).await;
    assert_eq!(alive.positions(1).await, [1]);
    let (mut pings, end) = (0, tokio::time::Instant::now() + Duration::from_millis(2_500));
    while let Ok(Some(Ok(message))) = tokio::time::timeout_at(end, alive.0.next()).await {
        pings += usize::from(message.is_ping());
        alive.0.flush().await.unwrap();
    }
    assert!(pings >= 3, "{pings} pings");
    world.say(&log, 1).await;
    assert_eq!(alive.positions(1).await, [2]);
}

async fn into_inbox(world: &World, to: &Person, from: &Person, id: u8) {
    let session = to.session.reveal();
    let upload = UploadKeyPackages { one_time: vec![vec![id; 100].into()], last_resort: None };
    let _: KeyPackageCount = world.send("POST", "/v1/key-packages", Some(&session), &upload).await.value();
    let right = ClaimRight::Ticket(world.tickets(from, 1).await.remove(0));
    let claim = ClaimKeyPackages { right, user: to.join.name.clone(), devices: vec![] };
    let claimed: ClaimedKeyPackages = world.send("POST", "/v1/key-packages/claim", None, &claim).await.value();
    let item = NewInboxItem { id: EntryId([id; 16]), sealed: vec![id; 1_024].into() };
    let path = format!("/v1/inboxes/{}", to.device);
    let put = world.send("POST", &path, Some(&claimed.devices[0].ticket.reveal()), &item).await;
    assert_eq!(put.status, 204);
}

#[tokio::test]
async fn an_inbox_is_sent_and_its_socket_ends_with_its_session_i_4_a_4() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice").await, world.person("bob").await);
    into_inbox(&world, &bob, &alice, 1).await;
    let mut socket = world.socket().await;
    let subscribe = ClientFrame::SubscribeInbox { session: bob.session.clone(), after: Position(0) };
    socket.send(&subscribe).await;
    for id in 1..4 {
        let Some(ServerFrame::Inbox { page }) = socket.next().await else { panic!("no inbox") };
        assert_eq!((page.items.len(), page.items[0].sealed[0]), (1, id));
        into_inbox(&world, &bob, &alice, id + 1).await;
    }
    let renewal = allod_crypto::identity::renew_session(bob.device, &bob.device_key, world.now());
    let _: Session = world.send("POST", "/v1/session", None, &renewal).await.value();
    let mut failed = socket.next().await;
    if matches!(failed, Some(ServerFrame::Inbox { .. })) {
        failed = socket.next().await;
    }
    assert!(matches!(failed, Some(ServerFrame::Failed { error }) if error.code == ErrorCode::NoSession));
    let mut stranger = world.socket().await;
    stranger.send(&subscribe).await;
    let failed = stranger.next().await;
    assert!(matches!(failed, Some(ServerFrame::Failed { error }) if error.code == ErrorCode::NoSession));
}

#[tokio::test]
async fn one_socket_does_not_tie_an_inbox_to_logs_h_6() {
    let world = World::new().await;
    let alice = world.person("alice").await;
    let log = world.log(&alice).await;
    let mut socket = world.socket().await;
    socket.subscribe(&log, 0).await;
    socket.send(&ClientFrame::SubscribeInbox { session: alice.session.clone(), after: Position(0) }).await;
    let mut last = None;
    while let Some(frame) = socket.next().await {
        last = Some(frame);
    }
    assert!(matches!(last, Some(ServerFrame::Failed { error }) if error.code == ErrorCode::NotAllowed));
}

#[tokio::test]
async fn a_server_that_stops_answers_what_is_in_flight_and_finds_it_again_l_7() {
    let mut world = World::new().await;
    let (log, other) = two_members(&world).await;
    let mut socket = world.socket().await;
    socket.subscribe(&log, 1).await;
    assert!(matches!(socket.next().await, Some(ServerFrame::Entries { .. })));
    for id in 0..20 {
        socket.send(&ClientFrame::Append { log: log.id, entry: message(id) }).await;
    }
    let mut accepted = Vec::new();
    while accepted.len() < 5 {
        if let Some(ServerFrame::Accepted { receipt }) = socket.next().await {
            accepted.push(receipt.body.position.0);
        }
    }
    let reading = tokio::spawn(async move {
        let mut code = None;
        while let Some(Ok(message)) = socket.0.next().await {
            match message {
                Message::Close(frame) => code = frame.map(|CloseFrame { code, .. }| code),
                Message::Binary(bytes) => {
                    if let Ok(ServerFrame::Accepted { receipt }) = allod_wire::cbor::from_slice(&bytes) {
                        accepted.push(receipt.body.position.0);
                    }
                }
                _ => {}
            }
        }
        (code, accepted)
    });
    let begun = Instant::now();
    world.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    let (code, accepted) = reading.await.unwrap();
    assert_eq!(code, Some(CloseCode::Restart));
    world.start().await;
    let mut again = Socket::connect(world.address()).await;
    again.subscribe(&other, 1).await;
    let found = again.positions(accepted.len()).await;
    assert!(accepted.iter().all(|position| found.contains(position)));
}
