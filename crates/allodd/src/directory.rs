//! The directory as this server keeps it: publishes an epoch when accounts change, has its root recorded in the ledger, and
//! answers with proofs. Spec: `spec/directory.md`, rules Y-3 and Y-5.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use allod_crypto::identity::{SigningSecret, verify_certificate};
use allod_directory::changes::{differing, wanted};
use allod_directory::due::Due;
use allod_directory_store::{Directory as Kept, OpenError, VrfSecret};
use allod_server_core::accounts::AccountError;
use allod_server_core::{Failure, LedgerStore, Store};
use allod_wire::account::DeviceCertificate;
use allod_wire::directory::{DirectoryEntry, EpochRoot, ProvenEntry};
use allod_wire::{Address, Domain, ErrorBody, ErrorCode, UnixMillis, UserName};
use tokio::sync::Notify;

use crate::ledger::Ledger;
use crate::log;
use crate::server::Clock;

/// The directory's file in the data folder.
pub(crate) const FILE_NAME: &str = "directory.db";
/// Accounts that the operator's command line changed are found this often at the latest.
const COMPARE_EVERY: Duration = Duration::from_secs(10 * 60);
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
    Kept::open(&folder.join(FILE_NAME), VrfSecret::new(*secret.seed()))
}

impl<S: Store + LedgerStore> Directory<S> {
    /// A directory of these accounts, recorded in this ledger.
    pub(crate) fn new(store: S, domain: Domain, kept: Kept, ledger: Arc<Ledger<S>>) -> Self {
        Self { store, domain, kept: Arc::new(kept), ledger, due: Mutex::default(), news: Notify::new() }
    }

    /// The devices of this account have changed, perhaps.
    pub(crate) fn changed(&self, name: &UserName) {
        self.due().note(self.address(name));
        self.news.notify_one();
    }

    /// The entry of a user with its proof (rule Y-7).
    ///
    /// # Errors
    /// `not-found`: the directory has none.
    pub(crate) async fn look_up(&self, name: &UserName) -> Result<ProvenEntry, ErrorBody> {
        let address = self.address(name);
        let proven = self.blocking(move |kept| kept.lookup(&address)).await?;
        let proven = proven.ok_or_else(|| ErrorBody::new(ErrorCode::NotFound, "the directory has no such entry"))?;
        Ok(ProvenEntry { root: proven.root, proof: proven.proof.into() })
    }

    /// The versions of a user's entry with their proof (rule Y-8).
    ///
    /// # Errors
    /// `not-found`: the directory has none.
    pub(crate) async fn history(&self, name: &UserName) -> Result<ProvenEntry, ErrorBody> {
        let address = self.address(name);
        let proven = self.blocking(move |kept| kept.history(&address)).await?;
        let proven = proven.ok_or_else(|| ErrorBody::new(ErrorCode::NotFound, "the directory has no such entry"))?;
        Ok(ProvenEntry { root: proven.root, proof: proven.proof.into() })
    }

    /// A recorded epoch's root and the proof that it only added (rule Y-10).
    ///
    /// # Errors
    /// `not-found`: there is no such epoch.
    pub(crate) async fn epoch(&self, epoch: u64) -> Result<ProvenEntry, ErrorBody> {
        let added = self.blocking(move |kept| kept.audit(epoch)).await?;
        let added = added.ok_or_else(|| ErrorBody::new(ErrorCode::NotFound, "the directory has no such epoch"))?;
        Ok(ProvenEntry { root: added.root, proof: added.proof.into() })
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
        let mut accounts = HashMap::new();
        for user in self.store.users().await.map_err(|failure| failure.body())? {
            let certificates = self.certificates(&user.name).await?;
            if !certificates.is_empty() {
                accounts.insert(self.address(&user.name), certificates);
            }
        }
        let published = self.blocking(Kept::published).await?;
        let broken = |_| ErrorBody::new(ErrorCode::Internal, "an account has what no entry can say");
        for (address, _) in differing(&accounts, &published).map_err(broken)? {
            self.due().note(address);
        }
        Ok(())
    }

    /// The devices of an account; none of one that is disabled or gone.
    async fn certificates(&self, name: &UserName) -> Result<Vec<DeviceCertificate>, ErrorBody> {
        match self.store.person(name.clone()).await {
            Ok(person) => Ok(person.certificates.iter().filter_map(|bytes| verify_certificate(bytes).ok()).collect()),
            Err(Failure::Refused(AccountError::NotFound)) => Ok(Vec::new()),
            Err(failure) => Err(failure.body()),
        }
    }

    /// Publishes what is due, and has it recorded.
    async fn publish(&self, now: UnixMillis) -> Result<(), ErrorBody> {
        if let Some(root) = self.blocking(Kept::pending_root).await? {
            self.record(root, now).await?;
        }
        let addresses = self.due().take(now).to_vec();
        let mut changes: Vec<(Address, DirectoryEntry)> = Vec::new();
        for address in addresses {
            let certificates = self.certificates(&address.name).await?;
            let asked = address.clone();
            let before = self.blocking(move |kept| kept.published_entry(&asked)).await?;
            let broken = |_| ErrorBody::new(ErrorCode::Internal, "an account has what no entry can say");
            let entry = wanted(&certificates, before.as_ref()).map_err(broken)?;
            changes.extend(entry.map(|entry| (address, entry)));
        }
        if !changes.is_empty()
            && let Some(root) = self.blocking(move |kept| kept.publish(&changes)).await?
        {
            self.record(root, now).await?;
        }
        Ok(())
    }

    /// Puts a root into the ledger, once, and serves it when readers can have it there.
    async fn record(&self, root: EpochRoot, now: UnixMillis) -> Result<(), ErrorBody> {
        self.ledger.record_root(root, now).await?;
        self.blocking(move |kept| kept.root_recorded(root.epoch)).await
    }
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
