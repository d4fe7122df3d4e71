//! Backups: what a person who lost every device comes back with. Spec: `spec/backup.md`.
//!
//! The shell moves bytes: lines of history in and sealed parts out when a backup is made, parts of a file in and rows out when one is
//! read. Invariants:
//! - nothing of a conversation's secrets goes into a backup (rule K-5);
//! - [`BackupReader::finish`] alone makes a [`Backup`], so nothing is restored from a file that was not read to its end (rule K-4).

use allod_crypto::Random;
use allod_crypto::recovery::{BackupKey, BackupOpener, BackupSealer, OpenError, RecoveryPhrase};
use allod_wire::account::DeviceClass;
use allod_wire::link::{Link, LinkKind};
use allod_wire::{UnixMillis, UserName};
use zeroize::Zeroizing;

use crate::account::{AccountRow, Settings};
use crate::conversation::{Conversation, ConversationRow};
use crate::core::ClientCore;
use crate::effect::Effect;
use crate::error::CoreError;
use crate::join::look_up_invite;
use crate::records::{AccountRecord, Head, Past, Record, Records, RecordsOut};
use crate::request::HttpRequest;
use crate::rows::Row;
use crate::search::Search;

pub use crate::records::{BadRecords, HistoryRow, RecordsIn};

/// Why a backup is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// K-1 to K-3.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// K-4: it opens, and its records are not those of a backup.
    #[error("this backup does not hold together")]
    Records(#[from] BadRecords),
}

impl ClientCore {
    /// Begins a backup under a key that was made for it alone, with a link from [`Self::recovery_link`]; the bytes are the file's first.
    /// Lines of history follow by [`BackupWriter::line`].
    ///
    /// # Errors
    /// [`CoreError::WrongLink`] for another link, [`CoreError::NotJoined`].
    pub fn begin_backup(
        &self,
        link: &str,
        key: &BackupKey,
        now: UnixMillis,
    ) -> Result<(BackupWriter, Vec<u8>), CoreError> {
        self.joined()?;
        device_link(link).ok_or(CoreError::WrongLink)?;
        let (sealer, mut file) = BackupSealer::new(key);
        let (link, suite) = (link.to_owned(), self.account.suite);
        let records = RecordsOut::new(&Record::Account(AccountRecord { link, made: now, suite }));
        let mut writer = BackupWriter { sealer, records };
        self.records().for_each(|record| writer.records.push(&record));
        file.extend(writer.seal());
        Ok((writer, file))
    }

    /// A new device of the person who made the backup, which joins by the backup's link (rule K-6).
    ///
    /// # Errors
    /// [`CoreError::WrongLink`] if that is none.
    pub fn restore_backup(
        backup: Backup,
        class: DeviceClass,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<(Self, Vec<Effect>), CoreError> {
        let Backup { account, records } = backup;
        let (server, name, secret, identity) = device_link(&account.link).ok_or(CoreError::WrongLink)?;
        let suite = allod_mls::Suite::from_code(account.suite).unwrap_or_default();
        let settings = Settings { suite };
        let account = AccountRow::new(server, name, class, secret, Some(*identity), settings, now, rng);
        let mut core = Self::empty(Row::new(account));
        core.search = Search::new(records.ends);
        for pin in records.people {
            core.contacts.restore(pin);
        }
        for record in records.conversations {
            let row = Row::new(ConversationRow::remembered(&record));
            core.conversations.insert(record.log, Conversation::stored(row, None));
        }
        for (log, message) in records.deleted {
            core.look_at_replaced(log, message);
        }
        core.look_up();
        let effects = core.done();
        Ok((core, effects))
    }
}

type DeviceLinkParts = (String, UserName, allod_wire::secrets::InviteSecret, Zeroizing<[u8; 32]>);

fn device_link(text: &str) -> Option<DeviceLinkParts> {
    let link: Link = text.parse().ok()?;
    match link.kind {
        LinkKind::Device { secret, name, identity_seed } => {
            Some((link.server, name, secret, Zeroizing::new(identity_seed.0)))
        }
        LinkKind::Join(_) | LinkKind::Contact { .. } => None,
    }
}

/// A backup that is being made.
pub struct BackupWriter {
    sealer: BackupSealer,
    records: RecordsOut,
}

impl BackupWriter {
    /// Takes a row of history or of what acts on it ([`crate::rows::BACKED_UP`]); gives what can be written to the file. A row that a
    /// newer release wrote is left out.
    pub fn line(&mut self, key: &[u8], value: &[u8]) -> Vec<u8> {
        self.records.push_row(key, value);
        self.seal()
    }

    /// The end of the file.
    pub fn finish(mut self) -> Vec<u8> {
        self.records.push_end();
        let mut file = self.seal();
        file.extend(self.sealer.finish());
        file
    }

    fn seal(&mut self) -> Vec<u8> {
        self.sealer.push(&self.records.take())
    }
}

/// A backup that was read to its end.
#[derive(Debug)]
pub struct Backup {
    account: AccountRecord,
    records: Records,
}

impl Backup {
    /// Of records that were read to their end.
    ///
    /// # Errors
    /// [`BadRecords`] if they are not those of a backup.
    pub fn of(mut records: Records) -> Result<Self, BadRecords> {
        match std::mem::replace(&mut records.head, Head::Part(0)) {
            Head::Account(account) => Ok(Self { account, records }),
            Head::Part(_) => Err(BadRecords),
        }
    }

    /// Whose it is.
    pub fn name(&self) -> Option<UserName> {
        device_link(&self.account.link).map(|(_, name, ..)| name)
    }

    /// Where the server is, such as `https://chat.justice.example`.
    pub fn server(&self) -> Option<String> {
        device_link(&self.account.link).map(|(server, ..)| server)
    }

    /// Asks the server whether the link in it is good still; [`crate::join::read_offer`] reads the answer. `None` if it holds none.
    pub fn look_up(&self) -> Option<HttpRequest> {
        device_link(&self.account.link).map(|(_, _, secret, _)| look_up_invite(&secret))
    }

    /// When it was made, by the clock of the device that did.
    pub fn made(&self) -> UnixMillis {
        self.account.made
    }

    /// How many conversations it names.
    pub fn conversations(&self) -> usize {
        self.records.conversations()
    }

    /// How many lines of history it holds.
    pub fn lines(&self) -> u64 {
        self.records.lines()
    }
}

/// A backup that is being read.
pub struct BackupReader {
    opener: BackupOpener,
    records: RecordsIn,
}

impl BackupReader {
    /// Nothing was read yet.
    pub fn new(phrase: RecoveryPhrase) -> Self {
        Self { opener: BackupOpener::new(phrase), records: RecordsIn::default() }
    }

    /// Nothing was read yet, and the key was made already.
    pub fn with_key(key: BackupKey) -> Self {
        Self { opener: BackupOpener::with_key(key), records: RecordsIn::default() }
    }

    /// Takes more of the file; gives rows of history as they go into a vault.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<HistoryRow>, BackupError> {
        let content = self.opener.push(bytes)?;
        Ok(self.records.push(&content)?.iter().flat_map(Past::rows).collect())
    }

    /// The end of the file: the last rows of history, and the backup.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn finish(mut self) -> Result<(Vec<HistoryRow>, Backup), BackupError> {
        let content = self.opener.finish()?;
        let rows = self.records.push(&content)?.iter().flat_map(Past::rows).collect();
        Ok((rows, Backup::of(self.records.finish()?)?))
    }
}
