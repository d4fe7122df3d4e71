//! Encrypts rows under a key that this browser keeps and never shows: a WebCrypto AES-GCM key that cannot be exported.
//!
//! What lies in IndexedDB is `nonce(12) ‖ AES-256-GCM`, with the row's key as additional data, so that a row does not open
//! in another row's place.

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto};

use super::idb::{Database, StorageError, bytes};
use super::js::object;

const NONCE_BYTES: usize = 12;
const ALGORITHM: &str = "AES-GCM";
const KEY_NAME: &str = "vault";

/// The key, and what uses it.
#[derive(Debug, Clone)]
pub(crate) struct Sealer {
    subtle: SubtleCrypto,
    key: CryptoKey,
}

impl Sealer {
    /// The key in `store`, made there if there is none yet.
    pub(crate) async fn open(database: &Database, store: &str) -> Result<Self, StorageError> {
        let window = web_sys::window().ok_or_else(|| JsValue::from_str("no window"))?;
        let subtle = window.crypto()?.subtle();
        let name = JsValue::from_str(KEY_NAME);
        let kept = database.read(store)?.get(&name).await?;
        if let Ok(key) = kept.dyn_into::<CryptoKey>() {
            return Ok(Self { subtle, key });
        }
        let algorithm = object(&[("name", ALGORITHM.into()), ("length", 256.into())])?;
        let usages: Array = [JsValue::from_str("encrypt"), JsValue::from_str("decrypt")].iter().collect();
        let key: CryptoKey =
            JsFuture::from(subtle.generate_key_with_object(&algorithm, false, &usages)?).await?.dyn_into()?;
        let transaction = database.write(store)?;
        transaction.put(&name, &key)?;
        transaction.committed().await?;
        Ok(Self { subtle, key })
    }

    /// Seals a row.
    pub(crate) async fn seal(&self, row: &[u8], plain: &[u8]) -> Result<JsValue, StorageError> {
        let mut nonce = [0; NONCE_BYTES];
        let window = web_sys::window().ok_or_else(|| JsValue::from_str("no window"))?;
        window.crypto()?.get_random_values_with_u8_array(&mut nonce)?;
        let algorithm = parameters(&nonce, row)?;
        let input = Uint8Array::from(plain);
        let sealed = self.subtle.encrypt_with_object_and_buffer_source(&algorithm, &self.key, &input);
        let sealed = Uint8Array::new(&JsFuture::from(sealed?).await?);
        // The copy for WebCrypto is ours alone: nothing of it stays behind.
        input.fill(0, 0, input.length());
        let whole = Uint8Array::new_with_length(NONCE_BYTES as u32 + sealed.length());
        whole.set(&Uint8Array::from(nonce.as_slice()), 0);
        whole.set(&sealed, NONCE_BYTES as u32);
        Ok(whole.into())
    }

    /// Opens what [`Self::seal`] made of the same row.
    pub(crate) async fn open_row(&self, row: &[u8], sealed: &JsValue) -> Result<Vec<u8>, StorageError> {
        let sealed = Uint8Array::new(sealed);
        let nonce = sealed.subarray(0, NONCE_BYTES as u32).to_vec();
        let body = sealed.subarray(NONCE_BYTES as u32, sealed.length());
        let algorithm = parameters(&nonce, row)?;
        let plain = self.subtle.decrypt_with_object_and_buffer_source(&algorithm, &self.key, &body);
        Ok(Uint8Array::new(&JsFuture::from(plain?).await?).to_vec())
    }
}

fn parameters(nonce: &[u8], row: &[u8]) -> Result<Object, StorageError> {
    Ok(object(&[("name", ALGORITHM.into()), ("iv", bytes(nonce)), ("additionalData", bytes(row))])?)
}
