//! Making a backup: the words are shown and confirmed first, then a task of its own seals the history and hands the file over.

use allod_client_core::backup::BackupWriter;
use allod_client_core::rows::BACKED_UP;
use allod_client_core::{ClientCore, Effect};
use allod_crypto::recovery::{BackupKey, Header, RecoveryPhrase};
use allod_wire::UnixMillis;
use js_sys::{Array, Uint8Array};
use leptos::prelude::{GetUntracked, Set};
use rand_core::OsRng;
use wasm_bindgen::JsValue;
use web_sys::Blob;

use super::actor::Actor;
use super::idb::StorageError;
use super::vault::{Vault, behind};
use super::{Input, clock, files, post, stretch};
use crate::state::{Connection, MakingBackup};
use crate::strings::Text;

/// Rows that are sealed between two turns of the page.
const ROWS_AT_ONCE: u32 = 256;
/// So many parts become one of the browser's own, which it may keep on disk.
const PARTS_AT_ONCE: u32 = 32;

/// What the task tells the actor.
pub(crate) enum BackupInput {
    /// The key is made; beside it the link that goes into the file.
    Key(String, Box<BackupKey>),
    /// So many rows of so many.
    Progress(u64, u64),
    /// The file is whole.
    Made(Blob),
    /// The storage or the memory failed.
    Failed,
}

impl Actor {
    /// Shows the words of a new phrase.
    pub(super) fn begin_backup(&mut self) {
        let phrase = RecoveryPhrase::random(&mut OsRng);
        let words = phrase.words().split(' ').map(str::to_owned).collect();
        self.phrase = Some(phrase);
        self.ui.backup.set(MakingBackup::Words(words));
    }

    /// The user has the words: asks for the link that goes into the file.
    pub(super) fn make_backup(&mut self) -> Vec<Effect> {
        if self.ui.connection.get_untracked() != Connection::Online {
            self.backup_failed(|words| words.keeping.backup_offline);
            return Vec::new();
        }
        self.ui.backup.set(MakingBackup::Working(0));
        self.verb(ClientCore::recovery_link)
    }

    /// The link is there: makes the key.
    pub(super) fn make_backup_key(&mut self, link: String) {
        let Some(phrase) = self.phrase.take() else { return };
        wasm_bindgen_futures::spawn_local(async move {
            let key = stretch::key(Header::random(&mut OsRng), &phrase).await;
            post(Input::Backup(BackupInput::Key(link, Box::new(key))));
        });
    }

    /// The key is there: seals and writes.
    fn write_backup(&mut self, link: &str, key: &BackupKey) {
        let Some(core) = &self.core else { return };
        let Ok((writer, head)) = core.begin_backup(link, key, clock::now()) else {
            return self.backup_failed(|words| words.core_bug);
        };
        let vault = self.vault.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let made = write(&vault, writer, &head).await;
            post(Input::Backup(made.map_or(BackupInput::Failed, BackupInput::Made)));
        });
    }

    /// The task goes on, or ends.
    pub(super) fn backup(&mut self, input: BackupInput, now: UnixMillis) -> Vec<Effect> {
        match input {
            BackupInput::Key(link, key) => {
                self.write_backup(&link, &key);
                Vec::new()
            }
            BackupInput::Progress(done, all) => {
                self.ui.backup.set(MakingBackup::Working((done * 100 / all.max(1)) as u32));
                Vec::new()
            }
            BackupInput::Made(blob) => {
                let name = self.ui.me.get_untracked().map(|me| me.address.name.to_string()).unwrap_or_default();
                if files::save(&blob, &format!("allod-{name}-{}.backup", clock::date())).is_err() {
                    self.backup_failed(|words| words.core_bug);
                    return Vec::new();
                }
                self.ui.backup.set(MakingBackup::Done);
                self.ui.backup_is_due.set(false);
                self.with_core(|core| core.backup_made(now))
            }
            BackupInput::Failed => {
                self.backup_failed(|words| words.keeping.backup_no_space);
                Vec::new()
            }
        }
    }

    /// Says why there is no file.
    pub(super) fn backup_failed(&mut self, why: Text) {
        self.phrase = None;
        self.ui.backup.set(MakingBackup::Failed(why));
    }

    /// Whether to remind of a backup, when the app is opened.
    pub(super) async fn look_at_backups(&mut self) -> Result<(), StorageError> {
        let lines = self.vault.count(BACKED_UP[0]).await?;
        let due = self.core.as_ref().is_some_and(|core| core.is_backup_due(lines, clock::now()));
        self.ui.backup_is_due.set(due);
        Ok(())
    }
}

async fn write(vault: &Vault, mut writer: BackupWriter, head: &[u8]) -> Result<Blob, JsValue> {
    let failed = |error: StorageError| JsValue::from_str(&error.to_string());
    let mut all = 0;
    for prefix in BACKED_UP {
        all += vault.count(prefix).await.map_err(failed)?;
    }
    let (mut parts, mut done) = (Array::of1(&JsValue::from(Uint8Array::from(head))), 0);
    for prefix in BACKED_UP {
        let mut from = prefix.to_vec();
        loop {
            let rows = vault.first_rows(&from, &behind(prefix), ROWS_AT_ONCE).await.map_err(failed)?;
            let Some((last, _)) = rows.last() else { break };
            from = [last, &b"\0"[..]].concat();
            let sealed: Vec<u8> = rows.iter().flat_map(|(key, value)| writer.line(key, value)).collect();
            parts.push(&Uint8Array::from(sealed.as_slice()));
            if parts.length() >= PARTS_AT_ONCE {
                parts = Array::of1(&JsValue::from(Blob::new_with_blob_sequence(&parts)?));
            }
            done += rows.len() as u64;
            post(Input::Backup(BackupInput::Progress(done, all)));
        }
    }
    parts.push(&Uint8Array::from(writer.finish().as_slice()));
    Blob::new_with_blob_sequence(&parts)
}
