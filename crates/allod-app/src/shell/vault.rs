//! The vault of this browser: the core's rows in IndexedDB, each sealed under a key that cannot leave the browser.
//!
//! Keys of rows stand there as they are (they name logs by random ids and positions), values only sealed.

use allod_client_core::WriteSet;
use allod_client_core::rows;
use allod_wire::{LogId, Position};
use futures_util::future::try_join_all;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::idb::{self, Database, StorageError, bytes};
use super::seal::Sealer;

const DATABASE: &str = "allod";
/// 2: with files that are being sent.
const VERSION: u32 = 2;
const ROWS: &str = "rows";
pub(super) const FILES: &str = "files";
const KEYS: &str = "keys";
/// Ranges of keys that hold no history ([`rows::is_history`]): what the core is restored from.
const STATE_RANGES: [(&[u8], &[u8]); 6] =
    [(b"", b"h/"), (b"h0", b"n/"), (b"n0", b"q/"), (b"q0", b"w/"), (b"w0", b"x/"), (b"x0", b"\xff")];

/// A row: key and value in the clear.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// A part of a conversation's history.
pub(crate) struct HistoryPage {
    /// Oldest first.
    pub(crate) rows: Vec<Row>,
    /// There is more beyond it.
    pub(crate) more: bool,
}

/// The open vault.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    pub(super) database: Database,
    pub(super) sealer: Sealer,
}

impl Vault {
    /// Opens this browser's vault, empty if it is new.
    pub(crate) async fn open() -> Result<Self, StorageError> {
        let database = Database::open(DATABASE, VERSION, &[ROWS, KEYS, FILES]).await?;
        let sealer = Sealer::open(&database, KEYS).await?;
        Ok(Self { database, sealer })
    }

    /// All rows but history.
    pub(crate) async fn state(&self) -> Result<Vec<Row>, StorageError> {
        let mut rows = Vec::new();
        for (from, to) in STATE_RANGES {
            let sealed = self.database.read(ROWS)?.rows(&idb::range(from, to)?).await?;
            rows.extend(self.open_rows(sealed).await?);
        }
        Ok(rows)
    }

    /// The last `count` rows of a conversation's history before `before`.
    pub(crate) async fn history(
        &self,
        log: LogId,
        before: Option<Position>,
        count: u32,
    ) -> Result<HistoryPage, StorageError> {
        let start = rows::history_prefix(log);
        let end = rows::history_key(log, before.unwrap_or(Position(u64::MAX)));
        let transaction = self.database.read(ROWS)?;
        let first = transaction.key_from_end(&idb::range(&start, &end)?, count + 1).await?;
        let from = first.as_ref().map_or(start, key_bytes);
        let mut sealed = transaction.rows(&idb::range(&from, &end)?).await?;
        if first.is_some() {
            sealed.remove(0);
        }
        Ok(HistoryPage { rows: self.open_rows(sealed).await?, more: first.is_some() })
    }

    /// The first `count` rows of a conversation's history from `position` on.
    pub(crate) async fn history_from(
        &self,
        log: LogId,
        position: Position,
        count: u32,
    ) -> Result<HistoryPage, StorageError> {
        let (from, to) = (rows::history_key(log, position), rows::history_key(log, Position(u64::MAX)));
        let mut rows = self.first_rows(&from, &to, count + 1).await?;
        let more = rows.len() > count as usize;
        rows.truncate(count as usize);
        Ok(HistoryPage { rows, more })
    }

    /// All rows whose keys start with `prefix`, which ends with a slash.
    pub(crate) async fn starting_with(&self, prefix: &[u8]) -> Result<Vec<Row>, StorageError> {
        let sealed = self.database.read(ROWS)?.rows(&idb::range(prefix, &behind(prefix))?).await?;
        self.open_rows(sealed).await
    }

    /// The first `count` rows from `from` up to and without `to`.
    pub(crate) async fn first_rows(&self, from: &[u8], to: &[u8], count: u32) -> Result<Vec<Row>, StorageError> {
        let sealed = self.database.read(ROWS)?.first_rows(&idb::range(from, to)?, count).await?;
        self.open_rows(sealed).await
    }

    /// How many rows have keys that start with `prefix`, which ends with a slash.
    pub(crate) async fn count(&self, prefix: &[u8]) -> Result<u64, StorageError> {
        self.database.read(ROWS)?.count(&idb::range(prefix, &behind(prefix))?).await
    }

    /// Deletes all rows.
    pub(crate) async fn clear(&self) -> Result<(), StorageError> {
        let transaction = self.database.write(ROWS)?;
        transaction.clear()?;
        transaction.committed().await
    }

    /// One row.
    pub(crate) async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let end = [key, &[0]].concat();
        let sealed = self.database.read(ROWS)?.rows(&idb::range(key, &end)?).await?;
        Ok(self.open_rows(sealed).await?.pop().map(|(_, value)| value))
    }

    /// The rows whose keys are `prefix` with a number behind it.
    pub(crate) async fn with_prefix(&self, prefix: &[u8]) -> Result<Vec<Row>, StorageError> {
        let end = [prefix, &[u8::MAX; 9]].concat();
        let sealed = self.database.read(ROWS)?.rows(&idb::range(prefix, &end)?).await?;
        self.open_rows(sealed).await
    }

    /// Writes all of it or nothing, and returns when it is on disk.
    pub(crate) async fn write(&self, set: &WriteSet) -> Result<(), StorageError> {
        // Sealing is awaited before the transaction starts: it would commit by itself meanwhile.
        let sealed = try_join_all(set.puts.iter().map(|(key, value)| self.sealer.seal(key, value))).await?;
        let transaction = self.database.write(ROWS)?;
        for key in &set.deletes {
            transaction.delete(&bytes(key))?;
        }
        for ((key, _), value) in set.puts.iter().zip(&sealed) {
            transaction.put(&bytes(key), value)?;
        }
        transaction.committed().await
    }

    async fn open_rows(&self, sealed: Vec<(JsValue, JsValue)>) -> Result<Vec<Row>, StorageError> {
        try_join_all(sealed.into_iter().map(|(key, value)| async move {
            let key = key_bytes(&key);
            let plain = self.sealer.open_row(&key, &value).await?;
            Ok((key, plain))
        }))
        .await
    }
}

/// Behind all keys that start with `prefix`, which ends with a slash.
pub(crate) fn behind(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}

fn key_bytes(key: &JsValue) -> Vec<u8> {
    Uint8Array::new(key).to_vec()
}
