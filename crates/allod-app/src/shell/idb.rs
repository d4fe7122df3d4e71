//! IndexedDB as futures: the few operations that the vault needs.
//!
//! A transaction commits by itself when nothing is asked of it within a turn of the event loop, so nothing but its own
//! requests may be awaited between its first request and [`Transaction::committed`].

use std::cell::RefCell;

use js_sys::{Array, Function, Promise, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    IdbCursor, IdbCursorDirection, IdbDatabase, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest,
    IdbTransaction,
};

use super::js::{call, object};

/// The browser's storage refused: what it says itself.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the browser's storage failed: {0}")]
pub(crate) struct StorageError(String);

impl From<JsValue> for StorageError {
    fn from(value: JsValue) -> Self {
        Self(format!("{value:?}"))
    }
}

/// An open database.
#[derive(Debug, Clone)]
pub(crate) struct Database(IdbDatabase);

impl Database {
    /// Opens it in this version, making those of `stores` that it lacks.
    pub(crate) async fn open(name: &str, version: u32, stores: &'static [&'static str]) -> Result<Self, StorageError> {
        let window = web_sys::window().ok_or_else(|| StorageError("no window".to_owned()))?;
        let factory = window.indexed_db()?.ok_or_else(|| StorageError("no IndexedDB".to_owned()))?;
        let request: IdbOpenDbRequest = factory.open_with_u32(name, version)?;
        let upgrading = request.clone();
        let upgrade = Closure::once_into_js(move || {
            let database = upgrading.result().ok().and_then(|value| value.dyn_into::<IdbDatabase>().ok());
            if let Some(database) = database {
                for store in stores {
                    // Refused only if the store is there already.
                    drop(database.create_object_store(store));
                }
            }
        });
        request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
        Ok(Self(done(&request).await?.dyn_into()?))
    }

    /// Starts a transaction over `store`, durable before it is reported as committed.
    pub(crate) fn write(&self, store: &str) -> Result<Transaction, StorageError> {
        let options = object(&[("durability", "strict".into())])?;
        let inner = call(&self.0, "transaction", &[store.into(), "readwrite".into(), options.into()])?;
        Transaction::new(inner.dyn_into()?, store)
    }

    /// Starts a transaction that only reads `store`.
    pub(crate) fn read(&self, store: &str) -> Result<Transaction, StorageError> {
        Transaction::new(self.0.transaction_with_str(store)?, store)
    }
}

/// A transaction over one store.
pub(crate) struct Transaction {
    store: IdbObjectStore,
    end: Promise,
}

impl Transaction {
    fn new(inner: IdbTransaction, store: &str) -> Result<Self, StorageError> {
        let store = inner.object_store(store)?;
        let end = Promise::new(&mut |resolve, reject| {
            inner.set_oncomplete(Some(&resolve));
            inner.set_onerror(Some(&reject));
            inner.set_onabort(Some(&reject));
        });
        Ok(Self { store, end })
    }

    pub(crate) fn put(&self, key: &JsValue, value: &JsValue) -> Result<(), StorageError> {
        self.store.put_with_key(value, key)?;
        Ok(())
    }

    /// Deletes what stands under this key, or in this range.
    pub(crate) fn delete(&self, key: &JsValue) -> Result<(), StorageError> {
        self.store.delete(key)?;
        Ok(())
    }

    pub(crate) async fn get(&self, key: &JsValue) -> Result<JsValue, StorageError> {
        done(&self.store.get(key)?).await
    }

    /// Keys and values in `range`, in the order of keys.
    pub(crate) async fn rows(&self, range: &IdbKeyRange) -> Result<Vec<(JsValue, JsValue)>, StorageError> {
        let keys: Array = done(&self.store.get_all_keys_with_key(range)?).await?.unchecked_into();
        let values: Array = done(&self.store.get_all_with_key(range)?).await?.unchecked_into();
        Ok(keys.iter().zip(values.iter()).collect())
    }

    /// The first `count` keys and values in `range`, in the order of keys.
    pub(crate) async fn first_rows(
        &self,
        range: &IdbKeyRange,
        count: u32,
    ) -> Result<Vec<(JsValue, JsValue)>, StorageError> {
        let keys = done(&self.store.get_all_keys_with_key_and_limit(range, count)?).await?;
        let values = done(&self.store.get_all_with_key_and_limit(range, count)?).await?;
        let (keys, values): (Array, Array) = (keys.unchecked_into(), values.unchecked_into());
        Ok(keys.iter().zip(values.iter()).collect())
    }

    /// How many keys are in `range`.
    pub(crate) async fn count(&self, range: &IdbKeyRange) -> Result<u64, StorageError> {
        Ok(done(&self.store.count_with_key(range)?).await?.as_f64().unwrap_or_default() as u64)
    }

    /// Deletes all that is in the store.
    pub(crate) fn clear(&self) -> Result<(), StorageError> {
        self.store.clear()?;
        Ok(())
    }

    /// Keys in `range`, in their order.
    pub(crate) async fn keys(&self, range: &IdbKeyRange) -> Result<Vec<JsValue>, StorageError> {
        let keys: Array = done(&self.store.get_all_keys_with_key(range)?).await?.unchecked_into();
        Ok(keys.iter().collect())
    }

    /// The key that stands `count` places before the end of `range`, or none if there are fewer.
    pub(crate) async fn key_from_end(&self, range: &IdbKeyRange, count: u32) -> Result<Option<JsValue>, StorageError> {
        let request = self.store.open_key_cursor_with_range_and_direction(range, IdbCursorDirection::Prev)?;
        let mut at = done(&request).await?;
        if count > 1 && !at.is_null() {
            at.unchecked_ref::<IdbCursor>().advance(count - 1)?;
            at = done(&request).await?;
        }
        if at.is_null() { Ok(None) } else { Ok(Some(at.unchecked_ref::<IdbCursor>().key()?)) }
    }

    /// Waits until all of it is on disk.
    pub(crate) async fn committed(self) -> Result<(), StorageError> {
        JsFuture::from(self.end).await?;
        Ok(())
    }
}

/// Keys from `from` on and before `to`.
pub(crate) fn range(from: &[u8], to: &[u8]) -> Result<IdbKeyRange, StorageError> {
    Ok(IdbKeyRange::bound_with_lower_open_and_upper_open(&bytes(from), &bytes(to), false, true)?)
}

/// Bytes for JavaScript.
pub(crate) fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// The next result of a request.
async fn done(request: &IdbRequest) -> Result<JsValue, StorageError> {
    let handlers: RefCell<Option<(Function, Function)>> = RefCell::new(None);
    let promise = Promise::new(&mut |resolve, reject| *handlers.borrow_mut() = Some((resolve, reject)));
    if let Some((resolve, reject)) = handlers.into_inner() {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    }
    JsFuture::from(promise).await?;
    Ok(request.result()?)
}
