//! A new epoch (rule Y-5): decided, written and proven in one transaction.

use std::sync::{Arc, PoisonError};

use akd::append_only_zks::AzksParallelismConfig;
use akd::directory::Directory as Library;
use akd::storage::StorageManager;
use akd::{AkdValue, EpochHash};
use allod_directory::convert::append_only_out;
use allod_directory::{Hashes, label};
use allod_wire::Address;
use allod_wire::cbor;
use allod_wire::directory::{DirectoryEntry, EpochRoot};
use allod_wire::limits::EPOCH_CHANGES_MAX;
use futures_executor::block_on;
use rusqlite::{Connection, params};

use crate::directory::{Directory, Failed, lock, pending};
use crate::tables::Tables;

/// Why there is no new epoch.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Y-5: the epoch before is not recorded yet.
    #[error("epoch {} is not recorded yet", .0.epoch)]
    Pending(EpochRoot),
    /// Y-5: more than [`EPOCH_CHANGES_MAX`] users, or one twice.
    #[error("an epoch changes each of at most {EPOCH_CHANGES_MAX} users once")]
    Changes,
    /// SQLite says no: nothing was changed.
    #[error("the epoch cannot be written")]
    Sqlite(#[from] rusqlite::Error),
    /// The file holds what cannot be: damage, or a bug of ours. Nothing was changed.
    #[error("the directory is damaged")]
    Broken,
}

impl Directory {
    /// Makes these the entries of their users, as one epoch, and says its root. It is pending until [`Directory::root_recorded`]. `None` if the
    /// directory says all that already.
    ///
    /// # Errors
    /// [`PublishError`]; nothing was changed then.
    pub fn publish(&self, changes: &[(Address, DirectoryEntry)]) -> Result<Option<EpochRoot>, PublishError> {
        if changes.len() > EPOCH_CHANGES_MAX {
            return Err(PublishError::Changes);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // Takes the file's lock for writing at once: a second publisher, in this program or another, waits here.
        lock(&self.writer).execute_batch("BEGIN IMMEDIATE")?;
        let made = self.make_epoch(changes);
        let conn = lock(&self.writer);
        let ended = match &made {
            Ok(Some(_)) => conn.execute_batch("COMMIT"),
            _ => Ok(()),
        };
        if !conn.is_autocommit() {
            // If that fails too, the transaction ends with the connection or with the process: it is never committed.
            let _ = conn.execute_batch("ROLLBACK");
        }
        ended?;
        made
    }

    fn make_epoch(&self, changes: &[(Address, DirectoryEntry)]) -> Result<Option<EpochRoot>, PublishError> {
        if let Some(root) = pending(&lock(&self.writer))? {
            return Err(PublishError::Pending(root));
        }
        let mut addresses: Vec<_> = changes.iter().map(|(address, _)| address).collect();
        addresses.sort_unstable();
        if addresses.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(PublishError::Changes);
        }
        let tables = Tables::new(Arc::clone(&self.writer), None);
        let made = block_on(self.run_library(&tables, changes));
        let made = made.map_err(|_| tables.take_failure().map_or(PublishError::Broken, PublishError::Sqlite))?;
        if let Some((root, proof)) = &made {
            write_epoch(&lock(&self.writer), root, proof)?;
        }
        Ok(made.map(|(root, _)| root))
    }

    /// The new root and the proof that its epoch only added. The library keeps what it reads until it is done, and writes at the end.
    async fn run_library(
        &self,
        tables: &Tables,
        changes: &[(Address, DirectoryEntry)],
    ) -> Result<Option<(EpochRoot, Vec<u8>)>, Failed> {
        let storage = StorageManager::new(tables.clone(), None, None, None);
        let serial = AzksParallelismConfig::disabled();
        let library = Library::<Hashes, _, _>::new(storage, self.secret.clone(), serial).await?;
        let EpochHash(before, _) = library.get_epoch_hash().await?;
        let values = changes.iter().map(|(address, entry)| (label(address), AkdValue(cbor::to_vec(entry)))).collect();
        let EpochHash(epoch, root) = library.publish(values).await?;
        if epoch == before {
            return Ok(None);
        }
        let added = library.audit(before, epoch).await?;
        let [proof] = &added.proofs[..] else { return Err(Failed) };
        let root = EpochRoot { epoch, root: root.into() };
        Ok(Some((root, cbor::to_vec(&append_only_out(proof)?))))
    }
}

fn write_epoch(conn: &Connection, root: &EpochRoot, proof: &[u8]) -> Result<(), rusqlite::Error> {
    let mut statement = conn.prepare_cached("INSERT INTO epochs VALUES (?1, ?2, 0, ?3)")?;
    statement.execute(params![root.epoch, &root.root[..], proof])?;
    Ok(())
}
