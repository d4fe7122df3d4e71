//! A client that does no cryptography of messages: it loads the server, and costs little itself.

use allod_crypto::identity::{SigningSecret, certify};
use allod_crypto::inbox::InboxKey;
use allod_crypto::token::key_of_token;
use allod_crypto::{Random, random_bytes};
use allod_wire::account::{BuyTickets, DeviceClass, DeviceRecord, Join, Joined, Tickets};
use allod_wire::link::{Link, LinkKind};
use allod_wire::log::{CreateLog, EntryKind, NewEntry, TokenChange, TokenRole};
use allod_wire::secrets::{SessionToken, Ticket, Token};
use allod_wire::socket::{ClientFrame, ServerFrame};
use allod_wire::{Commits, DeviceId, EntryId, LogId, Position, UnixMillis, cbor};
use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rand_core::OsRng;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// An account's right to make logs, and the logs.
pub(crate) struct Account {
    http: Client<HttpConnector, Full<Bytes>>,
    url: String,
    session: SessionToken,
    tickets: Vec<Ticket>,
}

/// A log with some members' tokens; the first is its administrator's.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) id: LogId,
    pub(crate) tokens: Vec<Token>,
}

impl Account {
    /// Joins by a link.
    pub(crate) async fn join(link: &Link, name: &str) -> Result<Self> {
        let LinkKind::Join(secret) = &link.kind else { bail!("not an invitation") };
        let rng: &mut dyn Random = &mut OsRng;
        let [identity, device] = [(); 2].map(|()| SigningSecret::from_seed(&random_bytes(rng)));
        let (id, inbox_key) = (DeviceId(random_bytes(rng)), InboxKey::from_seed(&random_bytes(rng)).public());
        let address = format!("{name}@localhost").parse()?;
        let certificate = certify(&identity, address, id, DeviceClass::Installed, &device, &inbox_key, UnixMillis(0));
        let record =
            DeviceRecord { device: id, certificate: cbor::to_vec(&certificate).into(), inbox_key: inbox_key.into() };
        let join = Join { secret: secret.clone(), name: name.parse()?, device: record };
        let http = Client::builder(TokioExecutor::new()).build_http();
        let mut account = Self { http, url: link.server.clone(), session: SessionToken([0; 32]), tickets: Vec::new() };
        let joined = account.send("POST", "/v1/join", None, cbor::to_vec(&join)).await?;
        account.session = cbor::from_slice::<Joined>(&joined)?.session;
        Ok(account)
    }

    /// Makes a log with so many members.
    pub(crate) async fn make_log(&mut self, members: usize) -> Result<Log> {
        let rng: &mut dyn Random = &mut OsRng;
        let tokens: Vec<Token> = (0..members).map(|_| fresh_token(rng)).collect();
        let keys = tokens.iter().map(key_of_token).collect::<Result<Vec<_>, _>>()?;
        let id = LogId(random_bytes(rng));
        let create = CreateLog { ticket: self.ticket().await?, first: keys[0] };
        let bearer = create.ticket.reveal();
        self.send("PUT", &format!("/v1/logs/{id}"), Some(&bearer), cbor::to_vec(&create)).await?;
        let register = |key| TokenChange::Register { key, role: TokenRole::Member };
        let changes = keys[1..].iter().copied().map(register).collect();
        let entry = NewEntry { changes, kind: EntryKind::Commit { seen: Commits(0) }, ..entry(1_024) };
        self.send("POST", &format!("/v1/logs/{id}/entries"), Some(&tokens[0].reveal()), cbor::to_vec(&entry)).await?;
        Ok(Log { id, tokens })
    }

    async fn ticket(&mut self) -> Result<Ticket> {
        if self.tickets.is_empty() {
            let session = self.session.reveal();
            let body = cbor::to_vec(&BuyTickets { count: 64 });
            let bought = self.send("POST", "/v1/tickets", Some(&session), body).await?;
            self.tickets = cbor::from_slice::<Tickets>(&bought)?.tickets;
        }
        self.tickets.pop().context("no tickets were given")
    }

    async fn send(&self, method: &str, path: &str, bearer: Option<&str>, body: Vec<u8>) -> Result<Vec<u8>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        request = request.header("content-type", "application/cbor");
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let answer = self.http.request(request.body(Full::from(body))?).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes().to_vec();
        ensure!(status.is_success(), "{method} {path}: {status}");
        Ok(body)
    }
}

/// A random scalar, and not zero: the top bits are cleared, which makes it canonical.
fn fresh_token(rng: &mut dyn Random) -> Token {
    let mut bytes: [u8; 32] = random_bytes(rng);
    bytes[31] &= 0x0f;
    Token(bytes)
}

/// An entry of one size class.
pub(crate) fn entry(payload_bytes: usize) -> NewEntry {
    let rng: &mut dyn Random = &mut OsRng;
    NewEntry {
        id: EntryId(random_bytes(rng)),
        kind: EntryKind::Message,
        changes: Vec::new(),
        frank: [7; 32].into(),
        payload: vec![5; payload_bytes].into(),
    }
}

/// One connection of the log plane.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let url = format!("{}/v1/socket", url.replacen("http", "ws", 1));
        Ok(Self(tokio_tungstenite::connect_async(url).await?.0))
    }

    /// Subscribes, and waits until the end of the log was seen.
    pub(crate) async fn subscribe(&mut self, log: LogId, token: &Token, after: Position) -> Result<u64> {
        self.say(&ClientFrame::Subscribe { log, token: token.clone(), after }).await?;
        let mut read = 0;
        loop {
            match self.hear().await? {
                ServerFrame::Entries { page, .. } => {
                    read += page.entries.len() as u64;
                    if page.entries.last().is_none_or(|entry| entry.position == page.last) {
                        return Ok(read);
                    }
                }
                other => bail!("instead of entries: {other:?}"),
            }
        }
    }

    pub(crate) async fn say(&mut self, frame: &ClientFrame) -> Result<()> {
        Ok(self.0.send(Message::Binary(cbor::to_vec(frame).into())).await?)
    }

    /// The next frame, decoded.
    pub(crate) async fn hear(&mut self) -> Result<ServerFrame> {
        Ok(cbor::from_slice(&self.hear_raw().await?)?)
    }

    /// The next frame, as it came.
    pub(crate) async fn hear_raw(&mut self) -> Result<Bytes> {
        loop {
            match self.0.next().await.context("the server closed the socket")?? {
                Message::Binary(bytes) => return Ok(bytes),
                Message::Close(why) => bail!("the server closed the socket: {why:?}"),
                _ => {}
            }
        }
    }
}
