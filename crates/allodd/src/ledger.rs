//! The organisation's ledger as this server keeps it: puts statements in their order, and publishes heads that the witnesses
//! saw. Spec: `spec/ledger.md`, rules G-3 to G-7 and G-12.
//!
//! Invariants:
//! - a position is told only when the store has the statement (G-4);
//! - what a reader of the log would refuse is not appended;
//! - the published head has the quorum of the policy that the acts under it name (G-9).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use allod_ledger::checkpoint::{Checkpoint, CheckpointIn};
use allod_ledger::head::{HeadError, vouched};
use allod_ledger::key::NoteSigner;
use allod_ledger::policy::WitnessPolicy;
use allod_ledger::tree;
use allod_ledger::trust::Trust;
use allod_server_core::ledger_store::MovedError;
use allod_server_core::{Failure, LedgerStore, Store};
use allod_wire::account::AccountRole;
use allod_wire::directory::EpochRoot;
use allod_wire::ledger::{Act, Change, Founded, Included, LedgerNews, PublicKey, Statement};
use allod_wire::limits::NEWS_ACTS_MAX;
use allod_wire::log::Digest;
use allod_wire::{Domain, ErrorBody, ErrorCode, UnixMillis};
use tokio::sync::{Mutex, Notify, watch};

use crate::log;
use crate::server::Clock;
use crate::witnesses::Witnesses;

/// Roots whose positions are remembered: the next one comes when a published head has the last (rule Y-5), so that at most one
/// is behind the published head.
const ROOTS_KEPT: usize = 2;
/// Statements that are read at one time.
const PAGE: u32 = 256;
/// A head is cosigned anew this often, so that it does not grow old (rule G-12).
const AGAIN: Duration = Duration::from_secs(60 * 60);
/// After this long all witnesses of the policy are asked again for a head that lacks their quorum.
const RETRY: Duration = Duration::from_secs(10);

/// Why the ledger cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store cannot be read.
    #[error("the ledger cannot be read from the store")]
    Store,
    /// A statement is one that no reader would take.
    #[error("the ledger's statement at {0} is not valid: restore a backup")]
    Statement(u64),
    /// The published head is another key's, so `ledger.key` was lost.
    #[error("the ledger was signed with another key: take `ledger.key` from a backup")]
    OtherKey,
}

/// The ledger of a running server.
pub(crate) struct Ledger<S> {
    store: S,
    domain: Domain,
    signer: NoteSigner,
    directory_key: PublicKey,
    state: Mutex<State>,
    published: watch::Sender<Option<Arc<Checkpoint>>>,
    news: Notify,
    witnesses: Witnesses,
}

#[derive(Debug, Default)]
struct State {
    /// What all statements say; `None` before the first.
    trust: Option<Trust>,
    size: u64,
    /// Where the founding and the acts stand.
    acts: Vec<u64>,
    /// Where the last roots of the directory stand, the newest last: some, since a head may be older than the newest.
    roots: VecDeque<u64>,
}

impl<S: Store + LedgerStore> Ledger<S> {
    /// Reads the ledger of the store.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub(crate) async fn open(
        store: S,
        domain: Domain,
        signer: NoteSigner,
        directory_key: PublicKey,
        witnesses: Witnesses,
    ) -> Result<Self, LedgerError> {
        let published = store.published_checkpoint().await.map_err(|_| LedgerError::Store)?;
        let published = match published {
            Some(bytes) => {
                let checkpoint = CheckpointIn::decode(&bytes).and_then(|checkpoint| checkpoint.verify(signer.key()));
                Some(Arc::new(checkpoint.map_err(|_| LedgerError::OtherKey)?))
            }
            None => None,
        };
        let ledger = Self {
            store,
            domain,
            signer,
            directory_key,
            state: Mutex::default(),
            published: watch::Sender::new(published),
            news: Notify::new(),
            witnesses,
        };
        ledger.catch_up(&mut *ledger.state.lock().await).await?;
        Ok(ledger)
    }

    /// Reads what the store has and this process has not read.
    async fn catch_up(&self, state: &mut State) -> Result<(), LedgerError> {
        loop {
            let entries = self.store.statements(state.size, PAGE).await.map_err(|_| LedgerError::Store)?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                let at = state.size;
                match &mut state.trust {
                    None => {
                        state.trust = Some(Trust::found(&entry).map_err(|_| LedgerError::Statement(at))?);
                        state.acts.push(at);
                    }
                    Some(trust) => {
                        let said = trust.apply(self.signer.key().name(), at, &entry);
                        match said.map_err(|_| LedgerError::Statement(at))? {
                            Some(Statement::Act(_)) => state.acts.push(at),
                            Some(Statement::DirectoryRoot(_)) => {
                                state.roots.push_back(at);
                                if state.roots.len() > ROOTS_KEPT {
                                    state.roots.pop_front();
                                }
                            }
                            Some(Statement::Founded(_) | Statement::Release(_)) | None => {}
                        }
                    }
                }
                state.size += 1;
            }
        }
    }

    /// The log's name (rule G-1).
    pub(crate) fn origin(&self) -> &str {
        self.signer.key().name()
    }

    /// The published head.
    pub(crate) fn published(&self) -> Option<Arc<Checkpoint>> {
        self.published.borrow().clone()
    }

    /// Founds the ledger, once there is an administrator (rule G-3): with all that there are.
    pub(crate) async fn found(&self, now: UnixMillis) -> Result<(), ErrorBody> {
        let mut state = self.state.lock().await;
        if state.trust.is_some() {
            return Ok(());
        }
        let mut administrators: Vec<PublicKey> = Vec::new();
        let users = self.store.users().await.map_err(|failure| failure.body())?;
        for user in users.into_iter().filter(|user| user.role == AccountRole::Administrator && !user.disabled) {
            let devices = self.store.person(user.name).await.map_err(|failure| failure.body())?;
            let key = devices.certificates.iter().find_map(|certificate| identity_key(certificate));
            administrators.extend(key);
        }
        if administrators.is_empty() {
            return Ok(());
        }
        let founded = Statement::Founded(Founded {
            domain: self.domain.clone(),
            day: now.day(),
            administrators,
            witnesses: WitnessPolicy::none().as_str().to_owned(),
            directory_key: self.directory_key,
        });
        // What no reader would take must not be durable: the operator disables an account that is too many, and it is tried again.
        Trust::found(&founded.encode()).map_err(|error| refused(&words(error)))?;
        self.append(&mut state, founded).await.map(drop)
    }

    /// Appends an administrators' act, and tells its position (rules G-5, G-6). The witnesses of a new policy are asked for the
    /// present head first: a policy whose witnesses do not answer would stop the ledger.
    pub(crate) async fn act(&self, act: Act, now: UnixMillis) -> Result<u64, ErrorBody> {
        if let Change::Witnesses(policy) = &act.body.change {
            let size = {
                let mut state = self.state.lock().await;
                self.check_act(&mut state, &act).await?;
                state.size
            };
            // Nothing waits for the witnesses but this act: it is checked again where it is appended.
            let policy: WitnessPolicy = policy.parse().expect("the act was checked");
            let seen = self.witnesses.ask(&self.store, &self.head_of(size).await?, &policy).await;
            vouched(seen, &policy, now).map_err(|error| match error {
                HeadError::TooFewWitnesses { count } => refused(&format!(
                    "only {count} of the new policy's witnesses answer, which is no quorum: nothing was changed"
                )),
                HeadError::Ahead | HeadError::TooOld { .. } => refused(
                    "the clocks of the new policy's witnesses and of this server are too far apart: nothing was changed",
                ),
                error => refused(&words(error)),
            })?;
        }
        let mut state = self.state.lock().await;
        self.check_act(&mut state, &act).await?;
        self.append(&mut state, Statement::Act(act)).await
    }

    /// Whether the act may be appended behind all that there is.
    async fn check_act(&self, state: &mut State, act: &Act) -> Result<(), ErrorBody> {
        self.catch_up(state).await.map_err(broken)?;
        let trust = state.trust.as_ref().ok_or_else(|| refused("this organisation has no ledger yet"))?;
        trust.check_act(self.origin(), act).map_err(|error| refused(&words(error)))
    }

    /// Whether there is a first statement.
    pub(crate) async fn is_founded(&self) -> bool {
        self.state.lock().await.trust.is_some()
    }

    /// The directory's last root in the ledger.
    pub(crate) async fn last_root(&self) -> Result<EpochRoot, ErrorBody> {
        let mut state = self.state.lock().await;
        self.catch_up(&mut state).await.map_err(broken)?;
        let root = state.trust.as_ref().and_then(Trust::root);
        Ok(root.map_or_else(allod_directory::empty, |root| EpochRoot { epoch: root.epoch, root: root.root }))
    }

    /// Appends a root of the directory (rule G-7).
    pub(crate) async fn append_root(&self, root: EpochRoot, now: UnixMillis) -> Result<(), ErrorBody> {
        let mut state = self.state.lock().await;
        let trust = state.trust.as_ref().ok_or_else(|| refused("this organisation has no ledger yet"))?;
        let next = trust.next_root(root.root, now.day());
        if next.epoch != root.epoch {
            return Err(broken(LedgerError::Statement(state.size)));
        }
        self.append(&mut state, Statement::DirectoryRoot(next)).await.map(drop)
    }

    /// Returns when a published head has all that is in the ledger now.
    pub(crate) async fn published_all(&self) -> Result<(), ErrorBody> {
        let size = self.state.lock().await.size;
        let has_it = |head: &Option<Arc<Checkpoint>>| head.as_ref().is_some_and(|head| head.size() >= size);
        let mut published = self.published.subscribe();
        let waited = published.wait_for(has_it).await;
        waited.map(drop).map_err(|_| ErrorBody::new(ErrorCode::Unavailable, "the server stops"))
    }

    /// What is new after the head of `from` entries and the act at `last_act` (rule G-13); `None` before the first head.
    pub(crate) async fn news(&self, from: u64, last_act: Option<u64>) -> Result<Option<LedgerNews>, ErrorBody> {
        let Some(head) = self.published() else { return Ok(None) };
        let size = head.size();
        if from > size {
            return Err(ErrorBody::new(ErrorCode::NotFound, "the ledger has no such head"));
        }
        let (acts, root) = {
            let state = self.state.lock().await;
            let after = |act: &u64| last_act.is_none_or(|last| *act > last) && *act < size;
            let acts: Vec<u64> = state.acts.iter().copied().filter(after).take(NEWS_ACTS_MAX).collect();
            (acts, state.roots.iter().rev().copied().find(|root| *root < size))
        };
        let mut included = Vec::new();
        for position in acts.iter().copied().chain(root) {
            let entries = self.store.statements(position, 1).await.map_err(|failure| failure.body())?;
            let entry = entries.into_iter().next().ok_or_else(|| broken(LedgerError::Store))?;
            let path = self.store.read_tree(move |stored| tree::prove_inclusion(size, position, stored)).await;
            let path = wire(path.map_err(|failure| failure.body())?);
            included.push(Included { position, entry: entry.into(), path });
        }
        let root = root.and_then(|_| included.pop());
        let consistency = self.store.read_tree(move |stored| tree::prove_consistency(from, size, stored)).await;
        let consistency = wire(consistency.map_err(|failure| failure.body())?);
        Ok(Some(LedgerNews { checkpoint: head.as_bytes().to_vec().into(), consistency, acts: included, root }))
    }

    async fn append(&self, state: &mut State, statement: Statement) -> Result<u64, ErrorBody> {
        let (at, entry) = (state.size, statement.encode());
        match self.store.append_statement(at, entry).await {
            Ok(()) => {}
            Err(Failure::Refused(MovedError::Moved)) => {
                return Err(ErrorBody {
                    retry_after_secs: Some(1),
                    ..ErrorBody::new(ErrorCode::Unavailable, "the ledger changed meanwhile: try again")
                });
            }
            Err(failure) => return Err(failure.body()),
        }
        self.catch_up(state).await.map_err(broken)?;
        self.news.notify_one();
        Ok(at)
    }

    /// Signs the head of the first `size` statements.
    async fn head_of(&self, size: u64) -> Result<Checkpoint, ErrorBody> {
        let root = self.store.read_tree(move |stored| tree::root(size, stored)).await.map_err(|f| f.body())?;
        Ok(Checkpoint::sign(&self.signer, size, root))
    }

    /// Publishes what there is (rule G-12), unless clients would refuse the head for want of witnesses: then says why.
    async fn publish(&self, now: UnixMillis) -> Result<Result<(), HeadError>, ErrorBody> {
        let (size, policy) = {
            let mut state = self.state.lock().await;
            self.catch_up(&mut state).await.map_err(broken)?;
            let Some(trust) = &state.trust else { return Ok(Ok(())) };
            (state.size, trust.witnesses().clone())
        };
        let head = self.witnesses.ask(&self.store, &self.head_of(size).await?, &policy).await;
        if let Err(error) = vouched(head.clone(), &policy, now) {
            return Ok(Err(error));
        }
        self.store.publish_checkpoint(head.as_bytes().to_vec()).await.map_err(|failure| failure.body())?;
        self.published.send_replace(Some(Arc::new(head)));
        Ok(Ok(()))
    }
}

/// Publishes each new statement at once, and a head each hour.
pub(crate) async fn publish_all<S: Store + LedgerStore>(ledger: Arc<Ledger<S>>, clock: Clock) {
    if let Err(error) = ledger.found(clock.now()).await {
        log::error("the ledger could not be founded", error.code);
    }
    loop {
        let wait = match ledger.publish(clock.now()).await {
            Ok(Ok(())) => AGAIN,
            Ok(Err(HeadError::Ahead | HeadError::TooOld { .. })) => {
                log::warn("the clocks of the witnesses and of this server are too far apart; asked again after", RETRY);
                RETRY
            }
            Ok(Err(_)) => {
                log::warn("too few witnesses saw the new head of the ledger; asked again after", RETRY);
                RETRY
            }
            Err(error) => {
                log::warn("the head of the ledger could not be published", error.code);
                RETRY
            }
        };
        let _ = tokio::time::timeout(wait, ledger.news.notified()).await;
    }
}

fn wire(hashes: Vec<tree::Hash>) -> Vec<Digest> {
    hashes.into_iter().map(|hash| hash.0.into()).collect()
}

fn identity_key(certificate: &[u8]) -> Option<PublicKey> {
    allod_crypto::identity::verify_certificate(certificate).ok().map(|certificate| certificate.identity_key)
}

/// An error with its causes.
fn words(error: impl std::error::Error + Send + Sync + 'static) -> String {
    format!("{:#}", anyhow::Error::from(error))
}

fn refused(message: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::NotAllowed, message)
}

fn broken(_: LedgerError) -> ErrorBody {
    ErrorBody::new(ErrorCode::Internal, "the server's ledger cannot be read")
}
