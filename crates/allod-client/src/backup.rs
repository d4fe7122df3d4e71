//! Backups as files. What is in them is the client core's; this reads, writes and checks. Spec: `spec/backup.md`.
//!
//! Invariants:
//! - a file that is there is replaced only by one that was read back whole;
//! - nothing of a backup goes into a vault before the file was read to its end (rule K-4).

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use allod_client_core::ClientCore;
use allod_client_core::backup::{Backup, BackupReader};
use allod_client_core::rows::BACKED_UP;
use allod_crypto::recovery::{BackupKey, Header, RecoveryPhrase};
use allod_wire::account::DeviceClass;
use rand_core::OsRng;

use crate::client::{Client, Opened, Options};
use crate::endpoint::Endpoint;
use crate::error::ClientError;
use crate::profile::Profile;
use crate::runner::now;
use crate::vault::{Row, behind_prefix};

/// What went into a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupMade {
    /// Conversations.
    pub conversations: usize,
    /// Lines of history.
    pub lines: u64,
}

impl Client {
    /// Writes a backup under `phrase` to `path`, with a recovery link that the core was given for it, and reads it back. A file that is
    /// there is replaced.
    ///
    /// # Errors
    /// If it cannot be written, or does not read back. Then what was there stays.
    pub async fn back_up(&self, path: &Path, link: String, phrase: &RecoveryPhrase) -> Result<BackupMade, ClientError> {
        let header = self.act(|_, _, rng| (Header::random(rng), Vec::new())).await?;
        let under = phrase.clone();
        let stretching = tokio::task::spawn_blocking(move || BackupKey::stretch(header, &under));
        let key = stretching.await.expect("stretching does not panic");
        let begun = self.act(move |core, now, _| (core.begin_backup(&link, &key, now), Vec::new())).await?;
        let (mut writer, head) = begun?;
        let partial = partial(path);
        let error = |source| file_error(path, source);
        let mut file = create_private(&partial).map_err(error)?;
        file.write_all(&head).map_err(error)?;
        for prefix in BACKED_UP {
            let mut from = prefix.to_vec();
            loop {
                let start = from.clone();
                let rows =
                    self.read(move |vault| vault.first_rows(&start, &behind_prefix(prefix), ROWS_AT_ONCE)).await?;
                let Some((last, _)) = rows.last() else { break };
                from = [last, &b"\0"[..]].concat();
                for (key, value) in &rows {
                    file.write_all(&writer.line(key, value)).map_err(error)?;
                }
            }
        }
        file.write_all(&writer.finish()).map_err(error)?;
        file.sync_all().map_err(error)?;
        let backup = read_backup(&partial, phrase, |_| Ok(()))?;
        std::fs::rename(&partial, path).map_err(error)?;
        self.act(|core, now, _| ((), core.backup_made(now))).await?;
        Ok(BackupMade { conversations: backup.conversations(), lines: backup.lines() })
    }

    /// Makes `profile`, which must be new, a new device of the person whose backup this is.
    ///
    /// # Errors
    /// If the file does not open under the phrase, or the server refuses its link: then no profile is left behind.
    pub async fn restore(
        profile: &Profile,
        path: &Path,
        phrase: &RecoveryPhrase,
        ca: Option<&Path>,
        options: &Options<'_>,
    ) -> Result<(Self, BackupMade), ClientError> {
        if profile.exists() {
            let address = "in use".to_owned();
            return Err(ClientError::JoinedAlready { name: profile.name().to_owned(), address });
        }
        // Once to see that it is whole, and once for its rows.
        let backup = read_backup(path, phrase, |_| Ok(()))?;
        let made = BackupMade { conversations: backup.conversations(), lines: backup.lines() };
        let endpoint = Endpoint::new(&backup.server().unwrap_or_default(), ca)?;
        profile.create_folder()?;
        let opened = Self::take_in(profile, path, phrase, ca, options);
        let restored = opened.and_then(|opened| {
            let restored = ClientCore::restore_backup(backup, DeviceClass::Installed, now(), &mut OsRng)?;
            Ok((opened, restored))
        });
        let (opened, (core, effects)) = restored.inspect_err(|_| profile.discard())?;
        let (client, events) = opened.run(endpoint, core, effects);
        Ok((client.wait_joined(events, profile).await.inspect_err(|_| profile.discard())?, made))
    }

    fn take_in(
        profile: &Profile,
        path: &Path,
        phrase: &RecoveryPhrase,
        ca: Option<&Path>,
        options: &Options<'_>,
    ) -> Result<Opened, ClientError> {
        if let Some(ca) = ca {
            std::fs::copy(ca, profile.ca()).map_err(|source| file_error(ca, source))?;
        }
        let mut opened = Opened::new(profile, options)?;
        read_backup(path, phrase, |rows| {
            let puts = rows.iter().map(|(key, value)| (key.as_slice(), Some(value.as_slice())));
            Ok(opened.vault.apply(puts)?)
        })?;
        Ok(opened)
    }
}

/// Reads a backup to its end; hands its lines on as rows.
fn read_backup(
    path: &Path,
    phrase: &RecoveryPhrase,
    mut take: impl FnMut(Vec<Row>) -> Result<(), ClientError>,
) -> Result<Backup, ClientError> {
    let error = |source| file_error(path, source);
    let mut file = File::open(path).map_err(error)?;
    let mut reader = BackupReader::new(phrase.clone());
    let mut part = vec![0; PART_BYTES];
    loop {
        let read = file.read(&mut part).map_err(error)?;
        if read == 0 {
            break;
        }
        take(reader.push(&part[..read])?)?;
    }
    let (rows, backup) = reader.finish()?;
    take(rows)?;
    Ok(backup)
}

fn file_error(path: &Path, source: std::io::Error) -> ClientError {
    ClientError::File { file: path.display().to_string(), source }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

const ROWS_AT_ONCE: u32 = 256;
const PART_BYTES: usize = 256 << 10;
