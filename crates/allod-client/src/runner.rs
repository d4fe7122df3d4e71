//! The one task that owns the client core: takes what happens, hands it to the core, and carries out the effects in order.
//!
//! Invariants:
//! - what the core wants persisted is on disk before anything that follows it leaves this task;
//! - what several inputs want persisted goes to disk in one transaction, when they come together;
//! - if the vault fails, nothing more is said to anybody: the next start goes on from what is on disk.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use allod_client_core::{ClientCore, Effect, Event, HttpRequest, Plane, RequestId, Verb, WriteSet};
use allod_crypto::Random;
use allod_wire::error::ErrorBody;
use allod_wire::{UnixMillis, cbor};
use rand_core::OsRng;
use tokio::sync::{mpsc, watch};

use crate::endpoint::Endpoint;
use crate::http::{Http, HttpAnswer, Unreachable};
use crate::socket::{Socket, SocketEvent};
use crate::vault::{Row, Vault, VaultError};

/// Something to do with the core, and what to do when its effects are carried out.
pub(crate) type Act = Box<dyn FnOnce(&mut ClientCore, UnixMillis, &mut dyn Random) -> (Vec<Effect>, Then) + Send>;
/// Called when the effects before it are carried out.
pub(crate) type Then = Box<dyn FnOnce() + Send>;

/// What happens to a client.
pub(crate) enum Input {
    /// The user wants something.
    Act(Act),
    /// A request was answered, or not.
    Answer(RequestId, Result<HttpAnswer, Unreachable>),
    /// Something happened on a socket.
    Socket(Plane, SocketEvent),
    /// Rows that the core asked for.
    Rows(RequestId, Vec<Row>),
    /// Somebody wants to hear of events.
    Listen(mpsc::UnboundedSender<Event>),
    /// The client is closed.
    Close(Then),
}

/// How things stand, for whoever waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Nothing waits for the server.
    pub quiet: bool,
    /// The inbox and all logs have been read to their ends.
    pub synced: bool,
    /// Both sockets are open.
    pub connected: bool,
    /// Why the server could not be reached lately; none while it can.
    pub away: Option<String>,
    /// The server gives this device no session: it was removed, its account is disabled, or its clock is wrong.
    pub refused: Option<ErrorBody>,
    /// Why the vault failed: the client has stopped.
    pub failed: Option<String>,
}

/// A vault that the runner writes and the client reads.
pub(crate) type SharedVault = Arc<Mutex<Vault>>;

pub(crate) struct Runner {
    core: ClientCore,
    vault: SharedVault,
    endpoint: Endpoint,
    http: Http,
    inputs: mpsc::WeakSender<Input>,
    queue: mpsc::Receiver<Input>,
    sockets: Option<[Socket; 2]>,
    up: [bool; 2],
    listeners: Vec<mpsc::UnboundedSender<Event>>,
    standing: watch::Sender<Standing>,
}

impl Runner {
    pub(crate) fn new(
        core: ClientCore,
        vault: SharedVault,
        network: (Endpoint, Http),
        inputs: (mpsc::WeakSender<Input>, mpsc::Receiver<Input>),
        reports: (mpsc::UnboundedSender<Event>, watch::Sender<Standing>),
    ) -> Self {
        let ((endpoint, http), (inputs, queue), (listener, standing)) = (network, inputs, reports);
        let (sockets, up, listeners) = (None, [false; 2], vec![listener]);
        Self { core, vault, endpoint, http, inputs, queue, sockets, up, listeners, standing }
    }

    /// Runs until the client is closed or dropped, or the vault fails.
    pub(crate) async fn run(mut self, first: Vec<Effect>) {
        let mut effects = first;
        let mut thens: Vec<Then> = Vec::new();
        let mut closing = false;
        loop {
            if let Err(error) = self.carry_out(effects).await {
                self.standing.send_modify(|standing| standing.failed = Some(error.to_string()));
                return;
            }
            self.show_standing();
            if closing {
                for socket in self.sockets.take().into_iter().flatten() {
                    socket.close().await;
                }
            }
            for then in thens.drain(..) {
                then();
            }
            if closing {
                return;
            }
            self.connect_when_joined();
            effects = Vec::new();
            tokio::select! {
                input = self.queue.recv() => {
                    let Some(mut input) = input else { return };
                    for _ in 0..BATCH_MAX {
                        closing |= matches!(input, Input::Close(_));
                        self.handle(input, &mut effects, &mut thens);
                        match self.queue.try_recv() {
                            Ok(next) if !closing => input = next,
                            _ => break,
                        }
                    }
                }
                () = sleep_until(self.core.poll_timeout()) => {
                    effects = self.core.handle_timeout(now(), &mut OsRng);
                }
            }
        }
    }

    fn handle(&mut self, input: Input, effects: &mut Vec<Effect>, thens: &mut Vec<Then>) {
        let rng: &mut dyn Random = &mut OsRng;
        let more = match input {
            Input::Act(act) => {
                let (more, then) = act(&mut self.core, now(), rng);
                thens.push(then);
                more
            }
            Input::Answer(id, Ok(answer)) => {
                self.standing.send_modify(|standing| standing.away = None);
                self.core.handle_response(id, answer.status, &answer.body, now(), rng)
            }
            Input::Answer(id, Err(Unreachable { reason })) => {
                self.standing.send_modify(|standing| standing.away = Some(reason));
                self.core.handle_request_failed(id, now(), rng)
            }
            Input::Socket(plane, event) => self.handle_socket(plane, event),
            Input::Rows(id, rows) => self.core.handle_rows(id, &rows, now(), rng),
            Input::Listen(listener) => {
                self.listeners.push(listener);
                Vec::new()
            }
            Input::Close(then) => {
                thens.push(then);
                self.core.close(now())
            }
        };
        effects.extend(more);
    }

    fn handle_socket(&mut self, plane: Plane, event: SocketEvent) -> Vec<Effect> {
        match event {
            SocketEvent::Up => {
                self.up[socket_index(plane)] = true;
                self.standing.send_modify(|standing| standing.away = None);
                self.core.handle_socket_opened(plane, now(), &mut OsRng)
            }
            SocketEvent::Frame(bytes) => self.core.handle_frame(plane, &bytes, now(), &mut OsRng),
            SocketEvent::Down { reason } => {
                let was_up = std::mem::replace(&mut self.up[socket_index(plane)], false);
                self.standing.send_modify(|standing| standing.away = Some(reason));
                if was_up { self.core.handle_socket_closed(plane, now()) } else { Vec::new() }
            }
        }
    }

    /// Writes first, all in one transaction; then does the rest, in its order.
    async fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), VaultError> {
        let mut writes = Vec::new();
        let mut rest = Vec::new();
        for effect in effects {
            match effect {
                Effect::Persist(set) => writes.push(set),
                other => rest.push(other),
            }
        }
        if !writes.is_empty() {
            self.persist(writes).await?;
        }
        for effect in rest {
            match effect {
                Effect::Persist(_) => {}
                Effect::Request { id, request } => self.request(id, request),
                Effect::Read { id, from, to, limit } => self.read(id, from, to, limit),
                Effect::Send { plane, frame } => {
                    if let Some(sockets) = &self.sockets {
                        sockets[socket_index(plane)].send(cbor::to_vec(&frame));
                    }
                }
                Effect::Event(event) => {
                    if let Event::Refused { verb: Verb::Session, error } = &event {
                        let error = error.clone();
                        self.standing.send_modify(|standing| standing.refused = Some(error));
                    }
                    self.listeners.retain(|listener| listener.send(event.clone()).is_ok());
                }
            }
        }
        Ok(())
    }

    async fn persist(&mut self, writes: Vec<WriteSet>) -> Result<(), VaultError> {
        let vault = self.vault.clone();
        let write = move || {
            let rows = writes.iter().flat_map(|set| {
                let deletes = set.deletes.iter().map(|key| (key.as_slice(), None));
                deletes.chain(set.puts.iter().map(|(key, value)| (key.as_slice(), Some(value.as_slice()))))
            });
            vault.lock().expect("nobody panics while it holds the vault").apply(rows)
        };
        tokio::task::spawn_blocking(write).await.expect("writing does not panic")
    }

    fn read(&self, id: RequestId, from: Vec<u8>, to: Vec<u8>, limit: u32) {
        let vault = self.vault.clone();
        let Some(inputs) = self.inputs.upgrade() else { return };
        tokio::spawn(async move {
            let read =
                move || vault.lock().expect("nobody panics while it holds the vault").first_rows(&from, &to, limit);
            // If the vault has failed, the next write says so; if the client has ended meanwhile, the next start asks again.
            if let Ok(rows) = tokio::task::spawn_blocking(read).await.expect("reading does not panic") {
                let _ = inputs.send(Input::Rows(id, rows)).await;
            }
        });
    }

    fn request(&self, id: RequestId, request: HttpRequest) {
        let http = self.http.clone();
        let Some(inputs) = self.inputs.upgrade() else { return };
        tokio::spawn(async move {
            let answer = http.send(request).await;
            // If the client has ended meanwhile, the next start asks again.
            let _ = inputs.send(Input::Answer(id, answer)).await;
        });
    }

    fn connect_when_joined(&mut self) {
        if self.sockets.is_some() || !self.core.is_joined() {
            return;
        }
        let Some(inputs) = self.inputs.upgrade() else { return };
        let account: fn(SocketEvent) -> Input = |event| Input::Socket(Plane::Account, event);
        let log: fn(SocketEvent) -> Input = |event| Input::Socket(Plane::Log, event);
        let start = |wrap| Socket::start(self.endpoint.clone(), &inputs, wrap);
        self.sockets = Some([start(account), start(log)]);
    }

    fn show_standing(&self) {
        let (quiet, synced) = (self.core.is_quiet(), self.core.is_synced());
        let connected = self.up == [true; 2];
        self.standing.send_if_modified(|standing| {
            let changed = (standing.quiet, standing.synced, standing.connected) != (quiet, synced, connected);
            (standing.quiet, standing.synced, standing.connected) = (quiet, synced, connected);
            changed
        });
    }
}

/// What the clock says.
pub(crate) fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn sleep_until(at: Option<UnixMillis>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    match at {
        Some(at) => Box::pin(tokio::time::sleep(Duration::from_millis(at.0.saturating_sub(now().0)))),
        None => Box::pin(std::future::pending()),
    }
}

fn socket_index(plane: Plane) -> usize {
    match plane {
        Plane::Open | Plane::Account => 0,
        Plane::Log => 1,
    }
}

/// Inputs whose effects go to disk together.
const BATCH_MAX: usize = 64;
