//! A real server on a free port, and peers that speak to it byte by byte.
#![allow(dead_code, reason = "each test file uses its part")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use allod_crypto::identity::{SigningSecret, certify};
use allod_crypto::token::{LogSecret, TokenSecret, key_of_token};
use allod_server_core::Store;
use allod_server_core::invite::Inviter;
use allod_store_sqlite::SqliteStore;
use allod_wire::account::{AccountRole, BuyTickets, DeviceClass, DeviceRecord, Join, Joined, NewInvite, Tickets};
use allod_wire::log::{CreateLog, EntryKind, NewEntry, Receipt, TokenChange};
use allod_wire::secrets::{InviteSecret, SessionToken, Ticket, Token, TokenKey};
use allod_wire::socket::{ClientFrame, ServerFrame};
use allod_wire::{Address, DeviceId, EntryId, ErrorBody, ErrorCode, LogId, Position, UnixMillis, cbor};
use allodd::config::Config;
use allodd::key_file::Keys;
use allodd::{Clock, Running};
use futures_util::{SinkExt, StreamExt};
use minicbor::{Decode, Encode};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Bytes, Message};

/// A server, its folder and its clock.
pub(crate) struct World {
    pub(crate) running: Option<Running>,
    pub(crate) folder: TempDir,
    pub(crate) config: Config,
    pub(crate) now: Arc<AtomicU64>,
}

/// An answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body of a request that succeeded.
    #[track_caller]
    pub(crate) fn value<T: for<'b> Decode<'b, ()> + Encode<()>>(&self) -> T {
        assert_eq!(self.status, 200, "{:?}", cbor::from_slice::<ErrorBody>(&self.body));
        cbor::from_slice(&self.body).unwrap()
    }

    /// The code of a refusal, which its status fits.
    #[track_caller]
    pub(crate) fn code(&self) -> ErrorCode {
        self.refusal().code
    }

    #[track_caller]
    pub(crate) fn refusal(&self) -> ErrorBody {
        let body: ErrorBody = cbor::from_slice(&self.body).unwrap_or_else(|_| panic!("no refusal: {self:?}"));
        assert_eq!(self.status, body.code.http_status());
        body
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let find = |line: &'_ str| line.split_once(": ").map(|(key, _)| key.eq_ignore_ascii_case(name));
        let line = self.head.lines().find(|line| find(line) == Some(true))?;
        line.split_once(": ").map(|(_, value)| value)
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Keys::create(folder.path()).unwrap();
        let mut config = Config::new("localhost".parse().unwrap(), folder.path().to_owned());
        config.listen = "127.0.0.1:0".parse().unwrap();
        change(&mut config);
        let now = Arc::new(AtomicU64::new(20_000 * 86_400_000));
        let mut world = Self { running: None, folder, config, now };
        world.start().await;
        world
    }

    pub(crate) async fn start(&mut self) {
        let now = Arc::clone(&self.now);
        let clock = Clock::of(move || UnixMillis(now.load(Ordering::Relaxed)));
        self.running = Some(allodd::start(self.config.clone(), clock).await.unwrap());
    }

    pub(crate) async fn stop(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.as_ref().map_or(self.config.listen, Running::address)
    }

    pub(crate) fn store(&self) -> &SqliteStore {
        self.running.as_ref().unwrap().store()
    }

    pub(crate) fn now(&self) -> UnixMillis {
        UnixMillis(self.now.load(Ordering::Relaxed))
    }

    /// A request with bytes for a body.
    pub(crate) async fn raw(&self, method: &str, path: &str, secret: Option<&str>, extra: &str, body: &[u8]) -> Answer {
        let answer = request(self.address(), method, path, secret, extra, body).await;
        answer.expect("the server answers")
    }

    pub(crate) async fn get(&self, path: &str, secret: Option<&str>) -> Answer {
        self.raw("GET", path, secret, "", &[]).await
    }

    pub(crate) async fn send<T: Encode<()>>(&self, method: &str, path: &str, secret: Option<&str>, body: &T) -> Answer {
        self.raw(method, path, secret, "", &cbor::to_vec(body)).await
    }

    pub(crate) async fn invite(&self, role: AccountRole) -> InviteSecret {
        let secret = InviteSecret(random());
        let request = NewInvite::Person { name: None, role, uses: 1, days: 7 };
        self.store().create_invite(Inviter::Operator, request, secret.clone(), self.now()).await.unwrap();
        secret
    }

    pub(crate) async fn person(&self, name: &str) -> Person {
        let secret = self.invite(AccountRole::Member).await;
        let (join, device_key) = join(secret, name);
        let joined: Joined = self.send("POST", "/v1/join", None, &join).await.value();
        Person { device: join.device.device, device_key, session: joined.session, join }
    }

    pub(crate) async fn tickets(&self, person: &Person, count: u32) -> Vec<Ticket> {
        let session = person.session.reveal();
        let tickets: Tickets = self.send("POST", "/v1/tickets", Some(&session), &BuyTickets { count }).await.value();
        tickets.tickets
    }

    /// A log with one member.
    pub(crate) async fn log(&self, creator: &Person) -> Log {
        let ticket = self.tickets(creator, 1).await.remove(0);
        let log = Log::random();
        let create = CreateLog { ticket, first: log.key };
        let made = self.send("PUT", &format!("/v1/logs/{}", log.id), None, &create).await;
        assert_eq!(made.status, 204);
        log
    }

    pub(crate) async fn append(&self, log: &Log, entry: &NewEntry) -> Answer {
        let path = format!("/v1/logs/{}/entries", log.id);
        self.send("POST", &path, Some(&log.token.reveal()), entry).await
    }

    pub(crate) async fn say(&self, log: &Log, id: u32) -> Receipt {
        self.append(log, &message(id)).await.value()
    }

    pub(crate) async fn socket(&self) -> Socket {
        Socket::connect(self.address()).await
    }
}

/// A request to a server that may not be there, or go away meanwhile.
pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    secret: Option<&str>,
    extra: &str,
    body: &[u8],
) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let authorization = secret.map(|secret| format!("Authorization: Bearer {secret}\r\n")).unwrap_or_default();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{authorization}{extra}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    // A server that refuses early may not read it all.
    let _ = stream.write_all(body).await;
    whole_answer(&mut stream).await
}

pub(crate) async fn read_answer(stream: &mut TcpStream) -> Answer {
    whole_answer(stream).await.expect("a whole head")
}

async fn whole_answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.expect("an answer");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = bytes[end + 4..].to_vec();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    }
    Some(Answer { status, head, body })
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let len = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if len == 0 {
            break;
        }
        out.extend_from_slice(&bytes[end + 2..end + 2 + len]);
        bytes = &bytes[end + 4 + len..];
    }
    out
}

pub(crate) fn random<const N: usize>() -> [u8; N] {
    allod_crypto::random_bytes(&mut rand_core::OsRng)
}

/// Somebody with one device.
pub(crate) struct Person {
    pub(crate) device: DeviceId,
    pub(crate) device_key: SigningSecret,
    pub(crate) session: SessionToken,
    pub(crate) join: Join,
}

pub(crate) fn join(secret: InviteSecret, name: &str) -> (Join, SigningSecret) {
    join_as(secret, name, &SigningSecret::from_seed(&random()))
}

pub(crate) fn join_as(secret: InviteSecret, name: &str, identity: &SigningSecret) -> (Join, SigningSecret) {
    let device_key = SigningSecret::from_seed(&random());
    let address: Address = format!("{name}@localhost").parse().unwrap();
    let (device, inbox_key) = (DeviceId(random()), vec![7; 1_216]);
    let now = UnixMillis(20_000 * 86_400_000);
    let certificate = certify(identity, address.clone(), device, DeviceClass::Installed, &device_key, &inbox_key, now);
    let device = DeviceRecord { device, certificate: cbor::to_vec(&certificate).into(), inbox_key: inbox_key.into() };
    (Join { secret, name: address.name, device }, device_key)
}

/// A log as one of its members knows it.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) id: LogId,
    pub(crate) token: Token,
    pub(crate) key: TokenKey,
}

impl Log {
    fn random() -> Self {
        Self::of(LogId(random()))
    }

    /// One more member's.
    pub(crate) fn of(id: LogId) -> Self {
        let (secret, log) = (TokenSecret::random(&mut rand_core::OsRng), LogSecret::random(&mut rand_core::OsRng));
        let token = secret.token(&log);
        let key = key_of_token(&token).unwrap();
        Self { id, token, key }
    }
}

pub(crate) fn message(id: u32) -> NewEntry {
    sized(id, 1_024)
}

pub(crate) fn sized(id: u32, bytes: usize) -> NewEntry {
    let mut entry_id = [0; 16];
    entry_id[..4].copy_from_slice(&id.to_be_bytes());
    NewEntry {
        id: EntryId(entry_id),
        kind: EntryKind::Message,
        changes: vec![],
        frank: [1; 32].into(),
        payload: vec![u8::try_from(id % 251).unwrap(); bytes].into(),
    }
}

pub(crate) fn commit(id: u32, seen: u64, changes: Vec<TokenChange>) -> NewEntry {
    NewEntry { kind: EntryKind::Commit { seen: allod_wire::Commits(seen) }, changes, ..message(id) }
}

/// A client's end of a socket.
pub(crate) struct Socket(pub(crate) WebSocketStream<TcpStream>);

impl Socket {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let url = format!("ws://{address}/v1/socket");
        Self(tokio_tungstenite::client_async(url, stream).await.unwrap().0)
    }

    pub(crate) async fn send(&mut self, frame: &ClientFrame) {
        self.0.send(Message::Binary(Bytes::from(cbor::to_vec(frame)))).await.unwrap();
    }

    pub(crate) async fn subscribe(&mut self, log: &Log, after: u64) {
        let (id, token) = (log.id, log.token.clone());
        self.send(&ClientFrame::Subscribe { log: id, token, after: Position(after) }).await;
    }

    /// The next frame; `None` when the socket is closed.
    pub(crate) async fn next(&mut self) -> Option<ServerFrame> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("a frame in time");
            match next? {
                Ok(Message::Binary(bytes)) => return Some(cbor::from_slice(&bytes).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The positions of the next entries of a log, at least `count`.
    pub(crate) async fn positions(&mut self, count: usize) -> Vec<u64> {
        let mut positions = Vec::new();
        while positions.len() < count {
            if let ServerFrame::Entries { page, .. } = self.next().await.expect("entries") {
                positions.extend(page.entries.iter().map(|entry| entry.position.0));
            }
        }
        positions
    }
}
