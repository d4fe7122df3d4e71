//! What all requests share.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use allod_ledger::key::NoteSigner;
use allod_server_core::Store;
use allod_wire::account::Organisation;
use allod_wire::{ErrorBody, ErrorCode, UnixMillis};
use tokio::sync::watch;

use crate::config::Config;
use crate::directory::Directory;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::metrics::Counters;
use crate::socket::Fanout;
use crate::web::Web;

/// A running server, without its listeners.
pub(crate) struct Server<S> {
    /// Everything that it keeps.
    pub(crate) store: S,
    /// What anybody may know of it.
    pub(crate) organisation: Organisation,
    /// What may be asked in a minute.
    pub(crate) limits: Limits,
    /// What happened.
    pub(crate) counters: Arc<Counters>,
    /// New entries, for sockets.
    pub(crate) fanout: Arc<Fanout>,
    /// The organisation's ledger.
    pub(crate) ledger: Arc<Ledger<S>>,
    /// Who has which devices.
    pub(crate) directory: Arc<Directory<S>>,
    /// Signs as a witness of others' ledgers.
    pub(crate) witness: NoteSigner,
    /// The web app.
    pub(crate) web: Web,
    /// The configuration.
    pub(crate) config: Config,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// What time it is.
    pub(crate) clock: Clock,
}

/// Says what time it is. The only clock of the server: decisions are handed the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UnixMillis + Send + Sync>);

impl Clock {
    /// The system's.
    pub fn system() -> Self {
        Self::of(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
        })
    }

    /// Another one.
    pub fn of(clock: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        Self(Arc::new(clock))
    }

    /// Now.
    pub(crate) fn now(&self) -> UnixMillis {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl<S: Store> Server<S> {
    /// Now.
    pub(crate) fn now(&self) -> UnixMillis {
        self.clock.now()
    }
}

/// 32 fresh random bytes from the operating system.
///
/// # Errors
/// `unavailable` if it has none to give: the request may be repeated.
pub(crate) fn fresh() -> Result<[u8; 32], ErrorBody> {
    use rand_core::RngCore;
    let mut bytes = [0; 32];
    match rand_core::OsRng.try_fill_bytes(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(ErrorBody::new(ErrorCode::Unavailable, "the server has no random bytes now")),
    }
}
