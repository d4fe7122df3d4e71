//! What the library keeps, in SQLite: one connection, within a transaction that the caller has begun.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use akd::errors::StorageError;
use akd::storage::types::{DbRecord, KeyData, StorageType, ValueState, ValueStateRetrievalFlag};
use akd::storage::{Database, DbSetState, Storable};
use akd::{AkdLabel, AkdValue, Azks};
use async_trait::async_trait;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::row;

/// The tables as the library sees them: at the newest epoch, or as they were at the served one (rule Y-5).
#[derive(Clone)]
pub(crate) struct Tables {
    conn: Arc<Mutex<Connection>>,
    served: Option<u64>,
    failure: Arc<Mutex<Option<rusqlite::Error>>>,
}

impl Tables {
    /// `served` is the epoch at which the library finds itself; the newest one if there is none.
    pub(crate) fn new(conn: Arc<Mutex<Connection>>, served: Option<u64>) -> Self {
        Self { conn, served, failure: Arc::default() }
    }

    /// The connection. Held for one statement at a time.
    pub(crate) fn conn(&self) -> MutexGuard<'_, Connection> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What SQLite said when the library last failed.
    pub(crate) fn take_failure(&self) -> Option<rusqlite::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn run<T>(&self, f: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, StorageError> {
        f(&self.conn()).map_err(|error| {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            StorageError::Other("SQLite".to_owned())
        })
    }

    fn find<St: Storable>(&self, id: &St::StorageKey) -> Result<Option<DbRecord>, StorageError> {
        let binary = St::get_full_binary_key_id(id);
        match St::data_type() {
            StorageType::Azks => self.run(|conn| tree(conn, self.served)),
            StorageType::TreeNode => {
                let key = row::key_out(&binary).ok_or(StorageError::Other("a key".to_owned()))?;
                self.run(|conn| node(conn, &key))
            }
            StorageType::ValueState => {
                let key = ValueState::key_from_full_binary(&binary).map_err(StorageError::Other)?;
                let flag = ValueStateRetrievalFlag::SpecificEpoch(key.1);
                Ok(self.run(|conn| state(conn, &AkdLabel(key.0), flag))?.map(DbRecord::ValueState))
            }
        }
    }
}

fn tree(conn: &Connection, served: Option<u64>) -> Result<Option<DbRecord>, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT epoch, nodes FROM tree")?;
    let tree = |row: &Row<'_>| {
        Ok(DbRecord::Azks(Azks { latest_epoch: served.map_or_else(|| row.get(0), Ok)?, num_nodes: row.get(1)? }))
    };
    statement.query_row([], tree).optional()
}

fn node(conn: &Connection, key: &[u8]) -> Result<Option<DbRecord>, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT node FROM nodes WHERE label = ?1")?;
    let node = |row: &Row<'_>| {
        let node = row::node_in(key, row.get_ref(0)?.as_blob()?).map_err(|error| damaged(0, error))?;
        Ok(DbRecord::TreeNode(node))
    };
    statement.query_row([key], node).optional()
}

const STATE: &str = "SELECT address, epoch, version, label, entry FROM entries WHERE address = ?1";

fn state_in(row: &Row<'_>) -> Result<ValueState, rusqlite::Error> {
    Ok(ValueState {
        username: AkdLabel(row.get::<_, String>(0)?.into_bytes()),
        epoch: row.get(1)?,
        version: row.get(2)?,
        label: row::label_in(row.get_ref(3)?.as_blob()?).map_err(|error| damaged(3, error))?,
        value: AkdValue(row.get(4)?),
    })
}

fn state(
    conn: &Connection,
    label: &AkdLabel,
    flag: ValueStateRetrievalFlag,
) -> Result<Option<ValueState>, rusqlite::Error> {
    let (condition, bound) = match flag {
        ValueStateRetrievalFlag::SpecificVersion(version) => ("version = ?2", version),
        ValueStateRetrievalFlag::SpecificEpoch(epoch) => ("epoch = ?2", epoch),
        ValueStateRetrievalFlag::LeqEpoch(epoch) => ("epoch <= ?2 ORDER BY epoch DESC", epoch),
        ValueStateRetrievalFlag::MaxEpoch => ("epoch >= ?2 ORDER BY epoch DESC", 0),
        ValueStateRetrievalFlag::MinEpoch => ("epoch >= ?2 ORDER BY epoch", 0),
    };
    let mut statement = conn.prepare_cached(&format!("{STATE} AND {condition} LIMIT 1"))?;
    statement.query_row(params![text(label)?, bound], state_in).optional()
}

fn write(conn: &Connection, record: &DbRecord) -> Result<(), rusqlite::Error> {
    match record {
        DbRecord::Azks(tree) => conn
            .prepare_cached("INSERT OR REPLACE INTO tree VALUES (1, ?1, ?2)")?
            .execute(params![tree.latest_epoch, tree.num_nodes])?,
        DbRecord::TreeNode(node) => conn
            .prepare_cached("INSERT OR REPLACE INTO nodes VALUES (?1, ?2)")?
            .execute(params![row::label_out(&node.label), row::node_out(node)])?,
        DbRecord::ValueState(state) => {
            let label = row::label_out(&state.label);
            conn.prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
                text(&state.username)?,
                state.epoch,
                state.version,
                label,
                state.value.0
            ])?
        }
    };
    Ok(())
}

/// Labels are addresses (rule Y-1).
fn text(label: &AkdLabel) -> Result<&str, rusqlite::Error> {
    std::str::from_utf8(&label.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn damaged(column: usize, error: allod_wire::cbor::DecodeError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, error.into())
}

/// Nothing here ever waits: a future is ready when it is first asked.
#[async_trait]
impl Database for Tables {
    async fn set(&self, record: DbRecord) -> Result<(), StorageError> {
        self.run(|conn| write(conn, &record))
    }

    async fn batch_set(&self, records: Vec<DbRecord>, _: DbSetState) -> Result<(), StorageError> {
        self.run(|conn| records.iter().try_for_each(|record| write(conn, record)))
    }

    async fn get<St: Storable>(&self, id: &St::StorageKey) -> Result<DbRecord, StorageError> {
        self.find::<St>(id)?.ok_or_else(|| StorageError::NotFound("no such record".to_owned()))
    }

    async fn batch_get<St: Storable>(&self, ids: &[St::StorageKey]) -> Result<Vec<DbRecord>, StorageError> {
        ids.iter().filter_map(|id| self.find::<St>(id).transpose()).collect()
    }

    async fn get_user_data(&self, label: &AkdLabel) -> Result<KeyData, StorageError> {
        let states = self.run(|conn| {
            let mut statement = conn.prepare_cached(&format!("{STATE} ORDER BY epoch"))?;
            statement.query_map([text(label)?], state_in)?.collect::<Result<Vec<_>, _>>()
        })?;
        if states.is_empty() { Err(StorageError::NotFound("no such user".to_owned())) } else { Ok(KeyData { states }) }
    }

    async fn get_user_state(
        &self,
        label: &AkdLabel,
        flag: ValueStateRetrievalFlag,
    ) -> Result<ValueState, StorageError> {
        let state = self.run(|conn| state(conn, label, flag))?;
        state.ok_or_else(|| StorageError::NotFound("no such user".to_owned()))
    }

    async fn get_user_state_versions(
        &self,
        labels: &[AkdLabel],
        flag: ValueStateRetrievalFlag,
    ) -> Result<HashMap<AkdLabel, (u64, AkdValue)>, StorageError> {
        self.run(|conn| {
            let mut versions = HashMap::with_capacity(labels.len());
            for label in labels {
                if let Some(state) = state(conn, label, flag)? {
                    versions.insert(label.clone(), (state.version, state.value));
                }
            }
            Ok(versions)
        })
    }
}
