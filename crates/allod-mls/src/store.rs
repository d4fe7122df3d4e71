//! The rows of all groups and key packages of a device, in memory, and what changed since the caller last asked.
//!
//! Invariants:
//! - rows with the write-set undone are what the caller has persisted (it may delete a row that came and went between);
//! - an operation that fails leaves rows and write-set as they were;
//! - values are wiped from memory when they are replaced or dropped.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet};

use allod_wire::ids::LogId;
use openmls::prelude::GroupId;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use zeroize::Zeroizing;

use crate::codec;

pub(crate) type Key = Vec<u8>;
pub(crate) type Value = Zeroizing<Vec<u8>>;

/// What one or more operations changed, to be persisted in one transaction.
#[derive(Default)]
pub struct WriteSet {
    /// Rows to insert or replace.
    pub puts: Vec<(Vec<u8>, Zeroizing<Vec<u8>>)>,
    /// Keys of rows to delete.
    pub deletes: Vec<Vec<u8>>,
}

impl WriteSet {
    /// Nothing to do.
    pub fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.deletes.is_empty()
    }
}

impl std::fmt::Debug for WriteSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WriteSet({} puts, {} deletes)", self.puts.len(), self.deletes.len())
    }
}

/// The rows, and the library's source of cryptography and randomness.
///
/// One store serves a device: its key packages and all the groups that are loaded. A caller with many groups keeps only
/// some in memory: [`Self::group_prefix`] says which rows belong to one, [`Self::insert_rows`] brings them in and
/// [`Self::forget_group`] lets them go.
#[derive(Default)]
pub struct MlsStore {
    pub(crate) rows: Rows,
    crypto: RustCrypto,
}

impl MlsStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store with the rows that earlier write-sets persisted.
    pub fn from_rows(rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let mut store = Self::default();
        store.insert_rows(rows);
        store
    }

    /// Brings in persisted rows; they are not part of the next write-set.
    pub fn insert_rows(&mut self, rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) {
        let rows = rows.into_iter().map(|(key, value)| (key, Zeroizing::new(value)));
        self.rows.0.get_mut().map.extend(rows);
    }

    /// What changed since the last call. The caller persists it as a whole before anything that follows from the
    /// operations leaves the process.
    ///
    /// A received commit is two operations, `process` and `accept`: take the write-set after the second, or a crash
    /// between them uses up the commit's key without its effect.
    #[must_use = "dropping a write-set loses what the operations did"]
    pub fn take_write_set(&mut self) -> WriteSet {
        let rows = self.rows.0.get_mut();
        let mut writes = WriteSet::default();
        for key in std::mem::take(&mut rows.dirty) {
            match rows.map.get(&key) {
                Some(value) => writes.puts.push((key, value.clone())),
                None => writes.deletes.push(key),
            }
        }
        writes
    }

    /// Something changed that no write-set has carried yet.
    pub fn has_changes(&self) -> bool {
        !self.rows.0.borrow().dirty.is_empty()
    }

    /// All rows, for a copy of the store.
    pub fn to_rows(&self) -> Vec<(Vec<u8>, Zeroizing<Vec<u8>>)> {
        self.rows.0.borrow().map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The keys of this group's rows start with these bytes, and no others do.
    pub fn group_prefix(log_id: &LogId) -> Vec<u8> {
        Rows::group_key(&GroupId::from_slice(log_id.as_bytes())).expect("a group id can be encoded")
    }

    /// The keys of the rows of key packages start with these bytes, and no others do.
    pub fn key_package_prefix() -> Vec<u8> {
        vec![Table::KeyPackage as u8]
    }

    pub(crate) fn key_package_key(reference: &impl serde::Serialize) -> Result<Key, codec::RowError> {
        Rows::key(Table::KeyPackage, reference)
    }

    /// Drops a group's rows from memory without deleting them for the caller. Returns `false`, and does nothing, if some
    /// of them have not been taken in a write-set yet.
    pub fn forget_group(&mut self, log_id: &LogId) -> bool {
        let prefix = Self::group_prefix(log_id);
        let rows = self.rows.0.get_mut();
        if rows.dirty.iter().any(|key| key.starts_with(&prefix)) {
            return false;
        }
        rows.map.retain(|key, _| !key.starts_with(&prefix));
        true
    }

    /// Runs an operation whole or not at all.
    pub(crate) fn atomically<T, E>(&self, operation: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.rows.begin();
        let result = operation();
        self.rows.end(result.is_ok());
        result
    }

    /// The running operation has written something.
    pub(crate) fn operation_wrote(&self) -> bool {
        self.rows.0.borrow().undo.as_ref().is_some_and(|undo| !undo.is_empty())
    }
}

impl std::fmt::Debug for MlsStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MlsStore({} rows)", self.rows.0.borrow().map.len())
    }
}

impl OpenMlsProvider for MlsStore {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Rows;

    fn storage(&self) -> &Rows {
        &self.rows
    }

    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto
    }
}

/// The first byte of a key.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Table {
    Group = b'g',
    KeyPackage = b'k',
    EncryptionKey = b'e',
    SignatureKey = b's',
    Psk = b'p',
}

/// The rows themselves. The library writes through a shared reference, hence the cell.
#[derive(Default)]
pub struct Rows(RefCell<Inner>);

#[derive(Default)]
struct Inner {
    map: BTreeMap<Key, Value>,
    dirty: BTreeSet<Key>,
    /// During an operation: what each changed row was before, oldest change first.
    undo: Option<Vec<Before>>,
}

struct Before {
    key: Key,
    value: Option<Value>,
    was_dirty: bool,
}

impl Rows {
    pub(crate) fn get(&self, key: &[u8]) -> Option<Value> {
        self.0.borrow().map.get(key).cloned()
    }

    /// The rows whose keys start with `prefix`, in the order of their keys.
    pub(crate) fn range(&self, prefix: &[u8]) -> Vec<(Key, Value)> {
        let inner = self.0.borrow();
        let from = inner.map.range(prefix.to_vec()..);
        from.take_while(|(key, _)| key.starts_with(prefix)).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The keys that start with `prefix`, in order.
    pub(crate) fn keys(&self, prefix: &[u8]) -> Vec<Key> {
        let inner = self.0.borrow();
        let from = inner.map.range(prefix.to_vec()..).map(|(key, _)| key);
        from.take_while(|key| key.starts_with(prefix)).cloned().collect()
    }

    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.0.borrow().map.contains_key(key)
    }

    pub(crate) fn put(&self, key: Key, value: Value) {
        let mut inner = self.0.borrow_mut();
        if inner.map.get(&key) == Some(&value) {
            return; // The library often writes what is there already.
        }
        let before = inner.map.insert(key.clone(), value);
        Self::changed(&mut inner, key, before);
    }

    pub(crate) fn delete(&self, key: &[u8]) {
        let mut inner = self.0.borrow_mut();
        if let Some(before) = inner.map.remove(key) {
            Self::changed(&mut inner, key.to_vec(), Some(before));
        }
    }

    fn changed(inner: &mut RefMut<'_, Inner>, key: Key, value: Option<Value>) {
        let was_dirty = !inner.dirty.insert(key.clone());
        if let Some(undo) = &mut inner.undo {
            undo.push(Before { key, value, was_dirty });
        }
    }

    fn begin(&self) {
        let previous = self.0.borrow_mut().undo.replace(Vec::new());
        assert!(previous.is_none(), "operations do not nest");
    }

    fn end(&self, keep: bool) {
        let mut inner = self.0.borrow_mut();
        let undo = inner.undo.take().unwrap_or_default();
        if keep {
            return;
        }
        for Before { key, value, was_dirty } in undo.into_iter().rev() {
            if !was_dirty {
                inner.dirty.remove(&key);
            }
            match value {
                Some(value) => inner.map.insert(key, value),
                None => inner.map.remove(&key),
            };
        }
    }

    pub(crate) fn group_key(group_id: &impl serde::Serialize) -> Result<Key, codec::RowError> {
        Self::key(Table::Group, group_id)
    }

    pub(crate) fn key(table: Table, key: &(impl serde::Serialize + ?Sized)) -> Result<Key, codec::RowError> {
        let mut bytes = vec![table as u8];
        bytes.extend_from_slice(&codec::encode(key)?);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(bytes: &[u8]) -> Value {
        Zeroizing::new(bytes.to_vec())
    }

    type Seen = (Vec<(Vec<u8>, Vec<u8>)>, Vec<Vec<u8>>);

    fn seen(writes: WriteSet) -> Seen {
        (writes.puts.into_iter().map(|(key, value)| (key, value.to_vec())).collect(), writes.deletes)
    }

    #[test]
    fn a_write_set_holds_the_last_value_of_each_changed_row_once() {
        let mut store = MlsStore::from_rows([(b"old".to_vec(), b"1".to_vec())]);
        store.rows.put(b"a".to_vec(), row(b"1"));
        store.rows.put(b"a".to_vec(), row(b"2"));
        store.rows.delete(b"old");
        assert!(store.has_changes());
        assert_eq!(seen(store.take_write_set()), (vec![(b"a".to_vec(), b"2".to_vec())], vec![b"old".to_vec()]));
        assert!(store.take_write_set().is_empty());
    }

    #[test]
    fn writing_what_is_there_already_is_no_change() {
        let mut store = MlsStore::from_rows([(b"a".to_vec(), b"1".to_vec())]);
        store.rows.put(b"a".to_vec(), row(b"1"));
        store.rows.delete(b"nothing");
        assert!(store.take_write_set().is_empty());
    }

    #[test]
    fn a_failed_operation_leaves_rows_and_write_set_as_they_were() {
        let mut store = MlsStore::from_rows([(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"1".to_vec())]);
        store.rows.put(b"b".to_vec(), row(b"2"));
        let failed: Result<(), ()> = store.atomically(|| {
            store.rows.put(b"a".to_vec(), row(b"9"));
            store.rows.put(b"a".to_vec(), row(b"8"));
            store.rows.delete(b"b");
            store.rows.put(b"c".to_vec(), row(b"9"));
            assert!(store.operation_wrote());
            Err(())
        });
        assert_eq!(failed, Err(()));
        assert_eq!((store.rows.get(b"a"), store.rows.get(b"c")), (Some(row(b"1")), None));
        assert_eq!(seen(store.take_write_set()), (vec![(b"b".to_vec(), b"2".to_vec())], vec![]));
    }

    #[test]
    fn a_group_is_forgotten_only_after_its_write_set_was_taken() {
        let log_id = LogId([7; 32]);
        let key = [MlsStore::group_prefix(&log_id), b"x".to_vec()].concat();
        let mut store = MlsStore::new();
        store.rows.put(key.clone(), row(b"1"));
        assert!(!store.forget_group(&log_id));
        let _persisted = store.take_write_set();
        assert!(store.forget_group(&log_id));
        assert_eq!(store.rows.get(&key), None);
        assert!(store.take_write_set().is_empty(), "forgetting deletes nothing for the caller");
    }
}
