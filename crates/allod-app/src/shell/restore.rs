//! Coming back with a backup: the file is read to its end and the server asked before anything is kept (rules K-4, K-6).

use allod_client_core::backup::{Backup, BackupError, BackupReader};
use allod_client_core::{ClientCore, Effect, WriteSet, join};
use allod_crypto::recovery::{BackupKey, HEADER_BYTES, Header, OpenError, RecoveryPhrase};
use allod_wire::account::DeviceClass;
use leptos::prelude::Set;
use rand_core::OsRng;
use web_sys::File;

use super::actor::Actor;
use super::fetch::fetch;
use super::files::slice;
use super::vault::Vault;
use super::{Stop, clock, page, stretch};
use crate::state::Joining;
use crate::strings::Text;

/// Read at a time.
const PART_BYTES: u64 = 1 << 20;

impl Actor {
    /// Opens the file under these words, and joins by the link in it.
    pub(super) async fn restore(&mut self, file: &File, words: &str) -> Result<Vec<Effect>, Stop> {
        self.core = None;
        self.ui.joining.set(Joining::Restoring(0));
        match self.open_backup(file, words).await? {
            Ok(backup) => match ClientCore::restore_backup(backup, DeviceClass::Web, clock::now(), &mut OsRng) {
                Ok((core, effects)) => {
                    (self.core, self.restoring) = (Some(core), true);
                    self.ui.joining.set(Joining::Waiting);
                    return Ok(effects);
                }
                Err(_) => self.ui.joining.set(Joining::Problem(|words| words.keeping.restore_damaged)),
            },
            Err(why) => self.ui.joining.set(Joining::Problem(why)),
        }
        Ok(Vec::new())
    }

    async fn open_backup(&self, file: &File, words: &str) -> Result<Result<Backup, Text>, Stop> {
        let Ok(phrase) = RecoveryPhrase::parse(words) else { return Ok(Err(|words| words.keeping.words_mixed)) };
        let Ok(start) = slice(file, 0, HEADER_BYTES.min(file.size() as usize)).await else {
            return Ok(Err(|words| words.keeping.restore_unreadable));
        };
        let header = match Header::decode(&start) {
            Ok(header) => header,
            Err(error) => return Ok(Err(problem(error.into()))),
        };
        let key = stretch::key(header, &phrase).await;
        let backup = match self.read(file, &key, 0, None).await? {
            Ok(backup) => backup,
            Err(why) => return Ok(Err(why)),
        };
        if let Err(why) = ask_server(&backup).await {
            return Ok(Err(why));
        }
        // Nobody has joined with what may be here: it is left of an attempt that failed.
        self.vault.clear().await?;
        self.read(file, &key, 50, Some(&self.vault)).await
    }

    /// Reads to the end; hands lines to the vault if there is one. Shows how far it is, from `percent` on, half of the way.
    async fn read(
        &self,
        file: &File,
        key: &BackupKey,
        percent: u32,
        vault: Option<&Vault>,
    ) -> Result<Result<Backup, Text>, Stop> {
        let (mut reader, size, mut at) = (BackupReader::with_key(key.clone()), file.size() as u64, 0);
        while at < size {
            let length = PART_BYTES.min(size - at);
            let Ok(part) = slice(file, at, length as usize).await else {
                return Ok(Err(|words| words.keeping.restore_unreadable));
            };
            match reader.push(&part) {
                Ok(rows) => keep(vault, rows).await?,
                Err(error) => return Ok(Err(problem(error))),
            }
            at += length;
            self.ui.joining.set(Joining::Restoring(percent + (at * 50 / size) as u32));
        }
        match reader.finish() {
            Ok((rows, backup)) => {
                keep(vault, rows).await?;
                Ok(Ok(backup))
            }
            Err(error) => Ok(Err(problem(error))),
        }
    }
}

async fn keep(vault: Option<&Vault>, rows: Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), Stop> {
    let Some(vault) = vault.filter(|_| !rows.is_empty()) else { return Ok(()) };
    let puts = rows.into_iter().map(|(key, value)| (key, value.into())).collect();
    Ok(vault.write(&WriteSet { puts, deletes: Vec::new() }).await?)
}

/// Whether the link in the backup is of this server, and good still.
async fn ask_server(backup: &Backup) -> Result<(), Text> {
    if backup.server().is_none_or(|server| server != page::origin()) {
        return Err(|words| words.keeping.restore_other_server);
    }
    let request = backup.look_up().ok_or((|words| words.keeping.restore_damaged) as Text)?;
    let answer = fetch(&page::origin(), &request).await.ok_or((|words| words.keeping.restore_offline) as Text)?;
    match join::read_offer(answer.status, &answer.body) {
        Ok(_) => Ok(()),
        Err(error) => Err(super::join::restore_problem(&error)),
    }
}

fn problem(error: BackupError) -> Text {
    match error {
        BackupError::Open(OpenError::NotABackup) => |words| words.keeping.restore_no_backup,
        BackupError::Open(OpenError::Newer { .. }) => |words| words.keeping.restore_newer,
        BackupError::Open(OpenError::WrongPhrase) => |words| words.keeping.restore_wrong_words,
        BackupError::Open(OpenError::Cost | OpenError::Damaged) | BackupError::Records(_) => {
            |words| words.keeping.restore_damaged
        }
    }
}
