//! Making the key of a backup takes a second or two and much memory: it is done in a worker of its own (`stretch.js`), which loads this
//! program once more, calls [`stretch`] and ends. Decision: `docs/decisions/0095-a-worker-for-keys.md`.

use allod_crypto::recovery::{self, BackupKey, Header, RecoveryPhrase};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Of `boot.js`: starts the worker, and gives its answer.
    #[wasm_bindgen(js_name = allodStretch, catch)]
    async fn ask_worker(task: Uint8Array) -> Result<JsValue, JsValue>;
}

/// What the worker calls: the key's bytes for a [`BackupKey::task`]; nothing for what is none.
#[wasm_bindgen]
pub fn stretch(task: &[u8]) -> Vec<u8> {
    recovery::stretch(task).map(|key| key.to_vec()).unwrap_or_default()
}

/// Makes the key of a backup; the page lives on meanwhile. Where the browser starts no such worker, it is made here, and nothing moves.
pub(super) async fn key(header: Header, phrase: &RecoveryPhrase) -> BackupKey {
    let task = BackupKey::task(&header, phrase);
    let made = ask_worker(Uint8Array::from(task.as_slice())).await.ok();
    let made = made.and_then(|bytes| BackupKey::made(header.clone(), &Uint8Array::new(&bytes).to_vec()));
    made.unwrap_or_else(|| BackupKey::stretch(header, phrase))
}
