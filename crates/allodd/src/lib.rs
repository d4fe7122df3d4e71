//! The Allod server: blind logs over HTTP and WebSocket, one program and one data folder. Spec: `spec/http.md`.
//!
//! It decides nothing (`allod-server-core` does) and keeps nothing (a store does): it moves bytes, and bounds what anybody can
//! ask of it. **Invariant:** there is no path from here to `allod-mls`, and no answer or log line holds memory, configuration,
//! addresses, names or ids.

mod body;
pub mod commands;
pub mod config;
mod credentials;
mod directory;
pub mod key_file;
mod ledger;
mod limits;
mod listen;
mod log;
mod metrics;
mod process;
mod routes;
mod server;
mod socket;
mod tls;
mod web;
mod witnesses;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use allod_crypto::identity::SigningSecret;
use allod_crypto::ledger::NoteKeyKind;
use allod_directory_store::ResumeError;
use allod_ledger::key::NoteSigner;
use allod_server_core::Store;
use allod_store_sqlite::{OpenError, Options, SqliteStore};
use allod_wire::account::Organisation;
use allod_wire::directory::EpochRoot;
use allod_wire::{Domain, ErrorBody};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::config::Config;
use crate::directory::Directory;
use crate::key_file::Keys;
use crate::ledger::Ledger;
use crate::listen::Listening;
use crate::server::Server;
use crate::tls::Certificates;
use crate::witnesses::Witnesses;

pub use server::Clock;

/// What has had its time is taken away this often.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);
/// A server that stops waits this long for requests and sockets that are under way.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The server's own keys.
    #[error(transparent)]
    Key(#[from] key_file::KeyFileError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::LedgerError),
    /// The directory.
    #[error("the directory cannot be opened")]
    Directory(#[from] allod_directory_store::OpenError),
    /// Y-5: the ledger and the directory do not go together, or the directory cannot be read.
    #[error(transparent)]
    Apart(#[from] allod_directory_store::ResumeError),
    /// The ledger cannot be read now.
    #[error("the ledger cannot be read: {}", .0.message)]
    Unread(ErrorBody),
    /// TLS towards witnesses.
    #[error("connections to witnesses cannot be set up")]
    Witnesses(#[source] rustls::Error),
    /// The store.
    #[error("the store in {folder} cannot be opened")]
    Store {
        /// Where.
        folder: String,
        /// Why.
        source: OpenError,
    },
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// The web app's folder.
    #[error("the web app's folder {folder} cannot be read")]
    Web {
        /// Where.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// The address.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A thread.
    #[error("a thread cannot be started")]
    Thread(#[from] tokio::task::JoinError),
    /// Signals.
    #[error("signals cannot be received")]
    Signals(#[source] std::io::Error),
}

/// A server that runs.
pub struct Running {
    address: SocketAddr,
    store: SqliteStore,
    server: Arc<Server<SqliteStore>>,
    certificates: Option<Arc<Certificates>>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    helpers: Vec<JoinHandle<()>>,
}

/// Opens the data folder and begins to serve.
///
/// # Errors
/// [`StartError`].
pub async fn start(config: Config, clock: Clock) -> Result<Running, StartError> {
    let (data, policy) = (config.data.clone(), config.policy());
    let opened = tokio::task::spawn_blocking(move || -> Result<_, StartError> {
        let keys = Keys::read(&data)?;
        Ok((open(&data, Arc::new(keys.hub.clone()), policy)?, keys))
    });
    let (store, keys) = opened.await??;
    let certificates = if config.has_tls() { Some(Arc::new(Certificates::load(&config.tls)?)) } else { None };
    let web = web::Web::load(&config.web_root)
        .map_err(|source| StartError::Web { folder: config.web_root.display().to_string(), source })?;
    let listen_error = |address| move |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(config.listen).await.map_err(listen_error(config.listen))?;
    let address = listener.local_addr().map_err(listen_error(config.listen))?;
    let (stop, stopping) = watch::channel(false);
    let ledger = Arc::new(open_ledger(&config.domain, &keys, store.clone()).await?);
    let (folder, secret, last) = (config.data.clone(), keys.directory.clone(), last_root(&ledger).await?);
    let opened = tokio::task::spawn_blocking(move || -> Result<_, StartError> {
        let kept = directory::open(&folder, &secret)?;
        kept.resume(&last)?;
        Ok(kept)
    });
    let kept = opened.await??;
    let directory = Directory::new(store.clone(), config.domain.clone(), kept, Arc::clone(&ledger));
    let witness =
        NoteSigner::new(&allod_ledger::witness_name(&config.domain), NoteKeyKind::Witness, keys.witness.clone());
    let server = Arc::new(Server {
        organisation: organisation(&config, &keys),
        limits: limits::Limits::new(&config.limits),
        counters: Arc::default(),
        fanout: Arc::default(),
        store: store.clone(),
        ledger,
        directory: Arc::new(directory),
        witness: witness.expect("a domain has neither spaces nor pluses"),
        web,
        stopping: stopping.clone(),
        clock,
        config,
    });
    let (listener_of_store, pass_on) = server.fanout.connect();
    store.listen(listener_of_store);
    store.listen(server.directory.listener());
    let mut helpers = vec![tokio::spawn(pass_on), tokio::spawn(sweep(Arc::clone(&server)))];
    helpers.push(tokio::spawn(ledger::publish_all(Arc::clone(&server.ledger), server.clock.clone())));
    helpers.push(tokio::spawn(directory::publish_all(Arc::clone(&server.directory), server.clock.clone())));
    if let Some(address) = server.config.metrics.listen {
        let counters = Arc::clone(&server.counters);
        helpers.push(tokio::spawn(async move {
            if let Err(error) = metrics::serve(address, counters).await {
                log::error("the metrics' address cannot be listened on", error.kind());
            }
        }));
    }
    let listening = Listening {
        router: routes::router(Arc::clone(&server)),
        limits: server.config.limits.clone(),
        counters: Arc::clone(&server.counters),
        certificates: certificates.clone(),
    };
    let accepting = tokio::spawn(listen::serve(listener, listening, stopping));
    Ok(Running { address, store, server, certificates, stop, accepting, helpers })
}

fn open(folder: &Path, hub: Arc<SigningSecret>, policy: allod_server_core::Policy) -> Result<SqliteStore, StartError> {
    let options = Options { folder: folder.to_owned(), hub, policy, page_count_max: None };
    SqliteStore::open(options).map_err(|source| StartError::Store { folder: folder.display().to_string(), source })
}

async fn open_ledger(domain: &Domain, keys: &Keys, store: SqliteStore) -> Result<Ledger<SqliteStore>, StartError> {
    let witnesses = Witnesses::new().map_err(StartError::Witnesses)?;
    let signer = NoteSigner::new(&allod_ledger::origin(domain), NoteKeyKind::Log, keys.ledger.clone());
    let signer = signer.expect("a domain has neither spaces nor pluses");
    let directory_key = keys.directory.public().into();
    Ok(Ledger::open(store, domain.clone(), signer, directory_key, witnesses).await?)
}

async fn last_root(ledger: &Ledger<SqliteStore>) -> Result<EpochRoot, StartError> {
    ledger.last_root().await.map_err(StartError::Unread)
}

/// The epoch at which ledger and directory of a data folder are, beside the server that may run on it (rule Y-5).
async fn check_pair(config: &Config, folder: &Path, store: SqliteStore) -> Result<u64, StartError> {
    let keys = Keys::read(folder)?;
    let kept = directory::open(folder, &keys.directory)?;
    let ledger = open_ledger(&config.domain, &keys, store).await?;
    let held = kept.hold().map_err(ResumeError::from)?;
    let last = last_root(&ledger).await?;
    held.resume(&last)?;
    Ok(last.epoch)
}

fn organisation(config: &Config, keys: &Keys) -> Organisation {
    Organisation {
        domain: config.domain.clone(),
        hub_key: keys.hub.public().into(),
        retention_days: config.retention_days,
        blob_bytes_max: config.quotas.blob_mib << 20,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ledger_key: Some(keys.ledger.public().into()),
    }
}

/// Takes away, at the start and then every hour, what has had its time.
async fn sweep<S: Store>(server: Arc<Server<S>>) {
    let mut hours = tokio::time::interval(SWEEP_EVERY);
    hours.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        match server.store.sweep(server.now()).await {
            Ok(swept) => {
                let count = swept.logs + swept.entries + swept.blobs + swept.inbox_items + swept.rights;
                log::info("records that have had their time are gone", count);
            }
            Err(failure) => log::warn("records that have had their time could not go", failure.body().code),
        }
    }
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its store.
    pub fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// Reads certificate and web app again.
    pub fn reload(&self) {
        if let Some(certificates) = &self.certificates {
            match certificates.reload() {
                Ok(()) => log::info("the certificate was read again; files", 2_u32),
                Err(_) => log::error("the new certificate cannot be used; the old one stays; files", 2_u32),
            }
        }
        match self.server.web.reload() {
            Ok(()) => log::info("the web app was listed again; files", self.server.web.count()),
            Err(error) => log::error("the web app cannot be read; it stays as it was", error.kind()),
        }
    }

    /// Finishes what is under way, closes sockets so that they come again, and closes the store.
    pub async fn stop(self) {
        let Self { store, server, stop, accepting, helpers, .. } = self;
        stop.send_replace(true);
        server.fanout.stop();
        let all_gone = async {
            let _ = accepting.await;
            while server.fanout.sockets() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(STOP_PATIENCE, all_gone).await.is_err() {
            log::warn("sockets that did not go in time", server.fanout.sockets());
        }
        for helper in helpers {
            helper.abort();
            let _ = helper.await; // What it held of the server goes with it.
        }
        drop(server);
        // What is queued is written before the store closes.
        let _ = tokio::task::spawn_blocking(move || drop(store)).await;
    }
}

/// Serves until SIGTERM or SIGINT; SIGHUP reads certificate and web app again.
///
/// # Errors
/// [`StartError`].
pub async fn run(config: Config) -> Result<(), StartError> {
    log::start(config.log_level);
    if !config.core_dumps {
        process::forbid_core_dumps();
    }
    log::info("open files that the system allows", process::raise_open_files());
    let signals = |kind| signal(kind).map_err(StartError::Signals);
    let mut terminate = signals(SignalKind::terminate())?;
    let mut interrupt = signals(SignalKind::interrupt())?;
    let mut hang_up = signals(SignalKind::hangup())?;
    let begun = Instant::now();
    let running = start(config, Clock::system()).await?;
    log::info("serving after", begun.elapsed());
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => running.reload(),
        }
    }
    let begun = Instant::now();
    running.stop().await;
    log::info("stopped within", begun.elapsed());
    Ok(())
}
