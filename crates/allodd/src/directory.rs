//! The directory as this server keeps it: publishes an epoch when accounts change, has its root recorded in the ledger, and
//! answers with proofs. Spec: `spec/directory.md`, rules Y-3 and Y-5.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use allod_crypto::identity::SigningSecret;
use allod_directory::due::Due;
use allod_directory_store::accounts::{AccountsError, differing, differing_of};
use allod_directory_store::{DATABASE_FILE, Directory as Kept, OpenError, Resume, VrfSecret};
use allod_server_core::hints::{Hint, Listener};
use allod_server_core::{LedgerStore, Store};
use allod_wire::directory::{EpochRoot, ProvenEntry};
use allod_wire::{Address, Domain, ErrorBody, ErrorCode, UnixMillis, UserName};
use tokio::sync::Notify;

use crate::ledger::Ledger;
use crate::log;
use crate::server::Clock;

/// Accounts that the operator's command line changed are found this often at the latest.
const COMPARE_EVERY: Duration = Duration::from_secs(10 * 60);
/// A ledger that is not founded yet is looked at this often.
const UNTIL_FOUNDED: Duration = Duration::from_secs(1);
/// After a failure it is tried again after this long.
const RETRY: Duration = Duration::from_secs(5);

/// The directory of a running server.
pub(crate) struct Directory<S> {
    store: S,
    domain: Domain,
    kept: Arc<Kept>,
    ledger: Arc<Ledger<S>>,
    due: Mutex<Due>,
    news: Notify,
}

/// Opens the directory of a data folder. Blocks.
///
/// # Errors
/// [`OpenError`].
pub(crate) fn open(folder: &Path, secret: &SigningSecret) -> Result<Kept, OpenError> {
    Kept::open(&folder.join(DATABASE_FILE), VrfSecret::new(*secret.seed()))
}

impl<S: Store + LedgerStore> Directory<S> {
    /// A directory of these accounts, recorded in this ledger.
    pub(crate) fn new(store: S, domain: Domain, kept: Kept, ledger: Arc<Ledger<S>>) -> Self {
        Self { store, domain, kept: Arc::new(kept), ledger, due: Mutex::default(), news: Notify::new() }
    }

    /// Notes whose devices have changed, from the store's hints. The store holds the listener, and the directory the store: were
    /// the directory held here, none of them would ever close.
    pub(crate) fn listener(self: &Arc<Self>) -> Listener {
        let directory = Arc::downgrade(self);
        Box::new(move |hints| {
            let Some(directory) = directory.upgrade() else { return };
            for hint in hints {
                if let Hint::DevicesChanged { name } = hint {
                    directory.due().note(directory.address(name));
                    directory.news.notify_one();
                }
            }
        })
    }

    /// The entry of a user with its proof (rule Y-7).
    ///
    /// # Errors
    /// `not-found`: the directory has none.
    pub(crate) async fn look_up(&self, name: &UserName) -> Result<ProvenEntry, ErrorBody> {
        let address = self.address(name);
        let found = self.blocking(move |kept| kept.lookup(&address)).await?;
        proven(found.map(|found| (found.root, found.proof)))
    }

    /// The versions of a user's entry with their proof (rule Y-8).
    ///
    /// # Errors
    /// `not-found`: the directory has none.
    pub(crate) async fn history(&self, name: &UserName) -> Result<ProvenEntry, ErrorBody> {
        let address = self.address(name);
        let found = self.blocking(move |kept| kept.history(&address)).await?;
        proven(found.map(|found| (found.root, found.proof)))
    }

    /// A recorded epoch's root and the proof that it only added (rule Y-10).
    ///
    /// # Errors
    /// `not-found`: there is no such epoch.
    pub(crate) async fn epoch(&self, epoch: u64) -> Result<ProvenEntry, ErrorBody> {
        // The store counts to `i64::MAX`, as SQLite does.
        let found = match i64::try_from(epoch) {
            Ok(_) => self.blocking(move |kept| kept.audit(epoch)).await?,
            Err(_) => None,
        };
        proven(found.map(|found| (found.root, found.proof)))
    }

    fn address(&self, name: &UserName) -> Address {
        Address { name: name.clone(), domain: self.domain.clone() }
    }

    fn due(&self) -> std::sync::MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn blocking<T: Send + 'static, E: std::error::Error + Send + 'static>(
        &self,
        run: impl FnOnce(&Kept) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ErrorBody> {
        let kept = Arc::clone(&self.kept);
        let ran = tokio::task::spawn_blocking(move || run(&kept)).await;
        let broken = |_| ErrorBody::new(ErrorCode::Internal, "the directory cannot be read");
        ran.map_err(|_| ErrorBody::new(ErrorCode::Unavailable, "the server stops"))?.map_err(broken)
    }

    /// Notes every account that the directory does not say as it is (rule Y-3).
    async fn compare(&self) -> Result<(), ErrorBody> {
        let published = self.blocking(Kept::published).await?;
        for (address, _) in differing(&self.store, &self.domain, &published).await.map_err(unread)? {
            self.due().note(address);
        }
        Ok(())
    }

    /// Publishes what is due, and has it recorded.
    async fn publish(&self, now: UnixMillis) -> Result<(), ErrorBody> {
        self.record(now).await?;
        let due = self.due().take(now).to_vec();
        if due.is_empty() {
            return Ok(());
        }
        let asked = due.clone();
        let published = self.blocking(move |kept| kept.published_of(&asked)).await?;
        let changes = differing_of(&self.store, &due, &published).await.map_err(unread)?;
        if !changes.is_empty() && self.blocking(move |kept| kept.publish(&changes)).await?.is_some() {
            self.record(now).await?;
        }
        Ok(())
    }

    /// Puts the pending root into the ledger, once, and serves it when readers can have it there (rule Y-5).
    async fn record(&self, now: UnixMillis) -> Result<(), ErrorBody> {
        let last = self.ledger.last_root().await?;
        let resume = self.blocking(move |kept| kept.resume(&last)).await?;
        let root = match resume {
            Resume::Settled => return Ok(()),
            Resume::Append(root) => {
                self.ledger.append_root(root, now).await?;
                root
            }
            Resume::Await(root) => root,
        };
        self.ledger.published_all().await?;
        self.blocking(move |kept| kept.root_recorded(root.epoch)).await
    }
}

fn proven(found: Option<(EpochRoot, Vec<u8>)>) -> Result<ProvenEntry, ErrorBody> {
    let (root, proof) =
        found.ok_or_else(|| ErrorBody::new(ErrorCode::NotFound, "the directory says nothing of that"))?;
    Ok(ProvenEntry { root, proof: proof.into() })
}

fn unread(_: AccountsError) -> ErrorBody {
    ErrorBody::new(ErrorCode::Unavailable, "the accounts cannot be read")
}

/// Publishes each change within a second or so, for as long as the server runs.
pub(crate) async fn publish_all<S: Store + LedgerStore>(directory: Arc<Directory<S>>, clock: Clock) {
    let mut compare_at = tokio::time::Instant::now();
    loop {
        if tokio::time::Instant::now() >= compare_at {
            match directory.compare().await {
                Ok(()) => compare_at = tokio::time::Instant::now() + COMPARE_EVERY,
                Err(error) => log::warn("accounts and directory could not be compared", error.code),
            }
        }
        if !directory.ledger.is_founded().await {
            // Before the first administrator there is nowhere to record a root.
            let _ = tokio::time::timeout(UNTIL_FOUNDED, directory.news.notified()).await;
            continue;
        }
        let now = clock.now();
        let wait = match directory.publish(now).await {
            Ok(()) => {
                directory.due().done(now);
                let next = directory.due().poll_timeout();
                next.map_or(COMPARE_EVERY, |next| Duration::from_millis(next.0.saturating_sub(now.0)))
            }
            Err(error) => {
                directory.due().failed(now);
                log::warn("the directory's epoch could not be published", error.code);
                RETRY
            }
        };
        let _ = tokio::time::timeout(wait, directory.news.notified()).await;
    }
}
