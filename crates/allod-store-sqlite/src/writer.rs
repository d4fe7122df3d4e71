//! The one thread that writes: takes what waits, decides each operation in turn, writes all of it in one transaction, and
//! answers when that is on disk (group commit).
//!
//! Invariants:
//! - nobody is answered before the commit of the transaction that decided the answer;
//! - an operation that is refused, or whose statements fail, leaves nothing in the transaction;
//! - when a commit fails, all that it decided is answered "unavailable", and nothing remembered of it is kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use allod_crypto::identity::SigningSecret;
use allod_server_core::accept_entry::AppendError;
use allod_server_core::hints::{Hint, Listener};
use allod_server_core::policy::CLOCK_SKEW_MILLIS_MAX;
use allod_server_core::{Failure, Outcome, Policy};
use allod_wire::log::{NewEntry, Receipt};
use allod_wire::secrets::TokenKey;
use allod_wire::{Day, DeviceId, LogId, UnixMillis};
use futures_channel::oneshot;
use rusqlite::Connection;

use crate::appends::Appends;
use crate::hot_logs::HotLogs;
use crate::schema::BUSY_TIMEOUT;

/// Operations in one group commit at most.
const BATCH_OPS_MAX: usize = 1_024;
/// Payload bytes in one group commit at most (the last operation may exceed it).
const BATCH_BYTES_MAX: usize = 16 << 20;
/// Devices whose last renewal is remembered, before those too old to matter are forgotten.
const RENEWALS_MAX: usize = 4_096;

/// How long a checkpoint waits for readers, while everybody who writes waits for it.
const CHECKPOINT_TIMEOUT: Duration = Duration::from_millis(200);

/// What the writer is asked to do.
pub(crate) enum Command {
    /// Append an entry: the hot path, without boxes.
    Append(Append),
    /// Anything else.
    Run(Job),
    /// When what waits is on disk, copy it from SQLite's log to the file and cut the log: what was deleted is nowhere any more.
    Checkpoint,
    /// Finish what waits, and end.
    Stop,
}

/// An append that waits.
pub(crate) struct Append {
    pub(crate) log: LogId,
    pub(crate) author: TokenKey,
    pub(crate) entry: NewEntry,
    pub(crate) today: Day,
    pub(crate) reply: oneshot::Sender<Outcome<Receipt, AppendError>>,
}

/// Decides and writes within the transaction, and gives what is to be answered after it.
pub(crate) type Job = Box<dyn FnOnce(&mut Batch<'_>) -> Reply + Send>;
/// Answers; told whether the transaction is on disk.
pub(crate) type Reply = Box<dyn FnOnce(bool) + Send>;

/// Why an operation did not happen, from within the transaction.
#[derive(Debug)]
pub(crate) enum OpError<E> {
    /// A rule says no.
    Refused(E),
    /// SQLite says no.
    Sql(rusqlite::Error),
    /// What the file holds contradicts itself.
    Broken,
}

impl<E> From<rusqlite::Error> for OpError<E> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl<E> From<OpError<E>> for Failure<E> {
    fn from(error: OpError<E>) -> Self {
        match error {
            OpError::Refused(refusal) => Failure::Refused(refusal),
            OpError::Sql(error) => failure_of(&error),
            OpError::Broken => Failure::Broken,
        }
    }
}

/// Whether an error of SQLite is the world's fault (disk full, locked, failing) or ours.
pub(crate) fn failure_of<E>(error: &rusqlite::Error) -> Failure<E> {
    use rusqlite::ErrorCode as Code;
    match error.sqlite_error_code() {
        Some(
            Code::ConstraintViolation
            | Code::TypeMismatch
            | Code::ApiMisuse
            | Code::ParameterOutOfRange
            | Code::Unknown,
        )
        | None => Failure::Broken,
        Some(_) => Failure::Unavailable,
    }
}

/// An operation for the writer, and where its answer will be.
pub(crate) fn job<T, E, F>(decide: F) -> (Command, oneshot::Receiver<Outcome<T, E>>)
where
    T: Send + 'static,
    E: Send + 'static,
    F: FnOnce(&mut Batch<'_>) -> Result<T, OpError<E>> + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let job: Job = Box::new(move |batch| {
        let outcome = batch.in_savepoint(decide);
        Box::new(move |committed| {
            // Nobody waits any more if the caller went away: the operation is done all the same.
            let _ = sender.send(if committed { outcome } else { Err(Failure::Unavailable) });
        })
    });
    (Command::Run(job), receiver)
}

/// What operations see of the writer while a transaction is open.
pub(crate) struct Batch<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) hot: &'a mut HotLogs,
    pub(crate) renewals: &'a mut Renewals,
    pub(crate) policy: &'a Policy,
    pub(crate) hints: Vec<Hint>,
    failed: bool,
}

impl Batch<'_> {
    /// Runs one operation such that it leaves nothing if it fails.
    fn in_savepoint<T, E>(&mut self, decide: impl FnOnce(&mut Self) -> Result<T, OpError<E>>) -> Outcome<T, E> {
        let hints = self.hints.len();
        let outcome = self.execute("SAVEPOINT op").map_err(OpError::Sql).and_then(|()| decide(self));
        if outcome.is_err() {
            self.hints.truncate(hints);
            if !matches!(outcome, Err(OpError::Refused(_))) {
                self.hot.clear();
            }
            // SQLite ends the whole transaction after some errors; then the savepoint is gone, and the batch with it.
            if self.conn.is_autocommit() || self.execute("ROLLBACK TO op").is_err() {
                self.failed = true;
            }
        }
        if !self.failed && self.execute("RELEASE op").is_err() {
            self.failed = true;
        }
        outcome.map_err(Failure::from)
    }

    fn execute(&self, sql: &str) -> Result<(), rusqlite::Error> {
        self.conn.prepare_cached(sql)?.execute([]).map(|_| ())
    }
}

/// The times of the last renewals, so that one that was overheard cannot be used again (rule A-4). In memory only.
#[derive(Debug, Default)]
pub(crate) struct Renewals(HashMap<DeviceId, UnixMillis>);

impl Renewals {
    /// The last one of a device.
    pub(crate) fn last(&self, device: &DeviceId) -> Option<UnixMillis> {
        self.0.get(device).copied()
    }

    /// A newer one.
    pub(crate) fn note(&mut self, device: DeviceId, at: UnixMillis, now: UnixMillis) {
        if self.0.len() >= RENEWALS_MAX {
            self.0.retain(|_, at| at.0 + 2 * CLOCK_SKEW_MILLIS_MAX > now.0);
        }
        self.0.insert(device, at);
    }
}

/// The writer's own state.
pub(crate) struct Writer {
    pub(crate) conn: Connection,
    pub(crate) hub: Arc<SigningSecret>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) listeners: Arc<RwLock<Vec<Listener>>>,
    pub(crate) queued_bytes: Arc<AtomicUsize>,
    hot: HotLogs,
    renewals: Renewals,
    data_version: Option<i64>,
}

impl Writer {
    pub(crate) fn new(
        conn: Connection,
        hub: Arc<SigningSecret>,
        policy: Arc<Policy>,
        listeners: Arc<RwLock<Vec<Listener>>>,
        queued_bytes: Arc<AtomicUsize>,
    ) -> Self {
        let (hot, renewals) = (HotLogs::default(), Renewals::default());
        Self { conn, hub, policy, listeners, queued_bytes, hot, renewals, data_version: None }
    }

    /// Until it is told to stop, or nobody is left who could ask.
    pub(crate) fn run(mut self, commands: &Receiver<Command>) {
        let mut batch = Vec::with_capacity(BATCH_OPS_MAX);
        let mut stop = false;
        while !stop {
            let Ok(first) = commands.recv() else { break };
            let (mut bytes, mut checkpoint) = (0, false);
            let mut next = Some(first);
            while let Some(command) = next.take() {
                match command {
                    Command::Stop => stop = true,
                    Command::Checkpoint => checkpoint = true,
                    command => {
                        if let Command::Append(append) = &command {
                            bytes += append.entry.payload.len();
                        }
                        batch.push(command);
                    }
                }
                if batch.len() < BATCH_OPS_MAX && bytes < BATCH_BYTES_MAX && !checkpoint {
                    next = commands.try_recv().ok();
                }
            }
            self.commit(&mut batch);
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            if checkpoint || stop {
                self.checkpoint();
            }
        }
    }

    /// A long reader (a backup) keeps it from being complete, and is not waited for: then the next one is.
    fn checkpoint(&self) {
        let _ = self.conn.busy_timeout(CHECKPOINT_TIMEOUT);
        let _ = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let _ = self.conn.busy_timeout(BUSY_TIMEOUT);
    }

    fn commit(&mut self, commands: &mut Vec<Command>) {
        if commands.is_empty() {
            return;
        }
        let begun = self.begin();
        let mut batch = Batch {
            conn: &self.conn,
            hot: &mut self.hot,
            renewals: &mut self.renewals,
            policy: &self.policy,
            hints: Vec::new(),
            failed: begun.is_err(),
        };
        let mut appends = Appends::with_capacity(commands.len());
        let mut replies = Vec::new();
        for command in commands.drain(..) {
            match command {
                Command::Append(append) if batch.failed => appends.refuse(append.reply, Failure::Unavailable),
                Command::Append(append) => batch.failed = appends.decide(&mut batch, append).is_err(),
                Command::Run(job) => replies.push(job(&mut batch)),
                Command::Checkpoint | Command::Stop => {}
            }
        }
        let Batch { hints, failed, .. } = batch;
        let committed = !failed && self.conn.prepare_cached("COMMIT").and_then(|mut c| c.execute([])).is_ok();
        if !committed {
            self.hot.clear();
            if !self.conn.is_autocommit() {
                let _ = self.conn.execute_batch("ROLLBACK");
            }
        }
        let answers = appends.finish(committed, &self.hub, hints);
        if committed && !answers.hints.is_empty() {
            let listeners = self.listeners.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            listeners.iter().for_each(|listener| listener(&answers.hints));
        }
        answers.send();
        replies.into_iter().for_each(|reply| reply(committed));
    }

    /// Opens the transaction; forgets what is hot if another process has written since.
    fn begin(&mut self) -> Result<(), rusqlite::Error> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let version = self.conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.data_version.replace(version) != Some(version) {
            self.hot.clear();
        }
        Ok(())
    }
}
