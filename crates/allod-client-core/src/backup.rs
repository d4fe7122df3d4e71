//! Backups: what a person who lost every device comes back with. Spec: `spec/backup.md`.
//!
//! The shell moves bytes: lines of history in and sealed parts out when a backup is made, parts of a file in and rows out when one is
//! read. Invariants:
//! - nothing of a conversation's secrets goes into a backup (rule K-5);
//! - [`BackupReader::finish`] alone makes a [`Backup`], so nothing is restored from a file that was not read to its end (rule K-4).

use std::collections::BTreeMap;

use allod_crypto::Random;
use allod_crypto::recovery::{BackupOpener, BackupSealer, OpenError, RecoveryPhrase};
use allod_wire::account::DeviceClass;
use allod_wire::cbor;
use allod_wire::link::{Link, LinkKind};
use allod_wire::mimi::MessageId;
use allod_wire::{LogId, Position, UnixMillis, UserName};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::account::{AccountRow, Seed, Settings};
use crate::annotation::StoredAnnotation;
use crate::contacts::Pin;
use crate::conversation::{Conversation, ConversationRow, Preview, Remembered, Standing};
use crate::core::ClientCore;
use crate::effect::Effect;
use crate::error::CoreError;
use crate::message::{StoredBody, StoredMessage, message_id};
use crate::rows::{self, Row};
use crate::search::Search;

/// Longest record, in bytes: any line of history fits.
const RECORD_BYTES_MAX: usize = 5 << 20;

/// A row of history, as key and value.
pub type HistoryRow = (Vec<u8>, Vec<u8>);

/// A record of a backup (rule K-4).
#[derive(Debug, Encode, Decode)]
enum Record {
    #[n(0)]
    Account(#[n(0)] AccountRecord),
    #[n(1)]
    Person(#[n(0)] Pin),
    #[n(2)]
    Conversation(#[n(0)] ConversationRecord),
    #[n(3)]
    Line(#[n(0)] LogId, #[n(1)] StoredMessage),
    /// How many records came before.
    #[n(4)]
    End(#[n(0)] u64),
    /// What acts on the message with that id, and where in the log it stands.
    #[n(5)]
    Annotation(#[n(0)] LogId, #[n(1)] MessageId, #[n(2)] Position, #[n(3)] StoredAnnotation),
}

#[derive(Debug, Encode, Decode)]
struct AccountRecord {
    /// A recovery link (rule A-10).
    #[n(0)]
    link: String,
    #[n(1)]
    made: UnixMillis,
    #[n(2)]
    suite: u16,
}

#[derive(Debug, Encode, Decode)]
struct ConversationRecord {
    #[n(0)]
    log: LogId,
    #[n(1)]
    remembered: Remembered,
    #[n(2)]
    created: UnixMillis,
    #[n(3)]
    last: Option<Preview>,
    /// Of a member; else removed, or left.
    #[n(4)]
    is_member: bool,
}

/// Why a backup is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// K-1 to K-3.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// K-4: it opens, and its records are not those of a backup.
    #[error("this backup does not hold together")]
    Records,
}

impl ClientCore {
    /// Begins a backup under `phrase` with a link from [`Self::recovery_link`]; the bytes are the file's first. Lines of history
    /// follow by [`BackupWriter::line`].
    ///
    /// # Errors
    /// [`CoreError::WrongLink`] for another link, [`CoreError::NotJoined`].
    pub fn begin_backup(
        &self,
        link: &str,
        phrase: &RecoveryPhrase,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<(BackupWriter, Vec<u8>), CoreError> {
        self.joined()?;
        device_link(link).ok_or(CoreError::WrongLink)?;
        let (sealer, mut file) = BackupSealer::new(phrase, rng);
        let mut writer = BackupWriter { sealer, records: 0 };
        let (link, suite) = (link.to_owned(), self.account.suite);
        file.extend(writer.record(&Record::Account(AccountRecord { link, made: now, suite })));
        for pin in self.contacts.pins() {
            file.extend(writer.record(&Record::Person(Pin { other: None, ..pin.clone() })));
        }
        for conversation in self.conversations.values() {
            let Some(remembered) = self.remember(conversation) else { continue };
            let row = &conversation.row;
            let (created, last, is_member) = (row.created, row.last.clone(), conversation.is_member());
            let record = ConversationRecord { log: row.log, remembered, created, last, is_member };
            file.extend(writer.record(&Record::Conversation(record)));
        }
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
        let (server, name, secret, identity) = device_link(&backup.account.link).ok_or(CoreError::WrongLink)?;
        let suite = allod_mls::Suite::from_code(backup.account.suite).unwrap_or_default();
        let settings = Settings { suite };
        let account = AccountRow::new(server, name, class, secret, Some(*identity), settings, now, rng);
        let mut core = Self::empty(Row::new(account));
        core.search = Search::new(backup.ends);
        for pin in backup.people {
            core.contacts.restore(pin);
        }
        for record in backup.conversations {
            let standing = if record.is_member { Standing::Rejoining } else { Standing::Removed };
            let row = Row::new(ConversationRow {
                last: record.last,
                remembered: Some(record.remembered),
                ..ConversationRow::new(record.log, standing, Seed([0; 32]), record.created)
            });
            core.conversations.insert(record.log, Conversation::stored(row, None));
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
    records: u64,
}

impl BackupWriter {
    /// Takes a row of history or of what acts on it ([`rows::BACKED_UP`]); gives what can be written to the file. A row that a newer
    /// release wrote is left out.
    pub fn line(&mut self, key: &[u8], value: &[u8]) -> Vec<u8> {
        if let Some((log, message, position)) = rows::annotated(key) {
            let annotation = cbor::from_slice(value).ok();
            let record = annotation.map(|annotation| Record::Annotation(log, message, position, annotation));
            return record.map(|record| self.record(&record)).unwrap_or_default();
        }
        let message = cbor::from_slice::<StoredMessage>(value).ok();
        match (rows::log_and_number(key), message) {
            (Some((log, _)), Some(message)) if key.starts_with(b"h/") => self.record(&Record::Line(log, message)),
            _ => Vec::new(),
        }
    }

    /// The end of the file.
    pub fn finish(mut self) -> Vec<u8> {
        let mut file = self.record(&Record::End(self.records));
        file.extend(self.sealer.finish());
        file
    }

    fn record(&mut self, record: &Record) -> Vec<u8> {
        self.records += 1;
        let body = Zeroizing::new(cbor::to_vec(record));
        let length = u32::try_from(body.len()).expect("a record is no longer than a row");
        let mut sealed = self.sealer.push(&length.to_be_bytes());
        sealed.extend(self.sealer.push(&body));
        sealed
    }
}

/// A backup that was read to its end.
#[derive(Debug)]
pub struct Backup {
    account: AccountRecord,
    people: Vec<Pin>,
    conversations: Vec<ConversationRecord>,
    lines: u64,
    /// Behind the last line of each conversation.
    ends: BTreeMap<LogId, Position>,
}

impl Backup {
    /// Whose it is.
    pub fn name(&self) -> Option<UserName> {
        device_link(&self.account.link).map(|(_, name, ..)| name)
    }

    /// Where the server is, such as `https://chat.justice.example`.
    pub fn server(&self) -> Option<String> {
        device_link(&self.account.link).map(|(server, ..)| server)
    }

    /// When it was made, by the clock of the device that did.
    pub fn made(&self) -> UnixMillis {
        self.account.made
    }

    /// How many conversations it names.
    pub fn conversations(&self) -> usize {
        self.conversations.len()
    }

    /// How many lines of history it holds.
    pub fn lines(&self) -> u64 {
        self.lines
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

    /// Takes more of the file; gives rows of history as they go into a vault.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<HistoryRow>, BackupError> {
        let content = self.opener.push(bytes)?;
        self.records.push(&content)
    }

    /// The end of the file: the last rows of history, and the backup.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn finish(mut self) -> Result<(Vec<HistoryRow>, Backup), BackupError> {
        let content = self.opener.finish()?;
        let lines = self.records.push(&content)?;
        Ok((lines, self.records.finish()?))
    }
}

/// The records of a backup as they come, out of any parts.
#[derive(Debug, Default)]
pub struct RecordsIn {
    waiting: Zeroizing<Vec<u8>>,
    account: Option<AccountRecord>,
    people: Vec<Pin>,
    conversations: Vec<ConversationRecord>,
    lines: u64,
    ends: BTreeMap<LogId, Position>,
    records: u64,
    has_ended: bool,
}

impl RecordsIn {
    /// Takes more of the content; gives rows of history.
    ///
    /// # Errors
    /// [`BackupError::Records`].
    pub fn push(&mut self, content: &[u8]) -> Result<Vec<HistoryRow>, BackupError> {
        self.waiting.extend_from_slice(content);
        let waiting = std::mem::take(&mut self.waiting);
        let (mut rest, mut rows) = (waiting.as_slice(), Vec::new());
        while let Some((length, behind)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            if length > RECORD_BYTES_MAX {
                return Err(BackupError::Records);
            }
            let Some((body, behind)) = behind.split_at_checked(length) else { break };
            let record = cbor::from_slice_bounded(body, RECORD_BYTES_MAX).map_err(|_| BackupError::Records)?;
            rows.extend(self.record(record)?);
            rest = behind;
        }
        self.waiting = Zeroizing::new(rest.to_vec());
        Ok(rows)
    }

    fn record(&mut self, record: Record) -> Result<Vec<HistoryRow>, BackupError> {
        let is_first = self.records == 0;
        if self.has_ended || is_first != matches!(record, Record::Account(_)) {
            return Err(BackupError::Records);
        }
        let mut rows = Vec::new();
        match record {
            Record::Account(account) => self.account = Some(account),
            Record::Person(pin) if self.conversations.is_empty() && self.lines == 0 => self.people.push(pin),
            Record::Conversation(conversation) if self.lines == 0 => self.conversations.push(conversation),
            Record::Line(log, message) => {
                self.lines += 1;
                let end = self.ends.entry(log).or_default();
                *end = (*end).max(message.position.next());
                if let StoredBody::Content(content) = &message.body {
                    let id = message_id(log, &message.sender, content);
                    rows.push((rows::place_key(log, &id), cbor::to_vec(&message.position)));
                }
                rows.push((rows::history_key(log, message.position), cbor::to_vec(&message)));
            }
            Record::Annotation(log, message, position, annotation) => {
                rows.push((rows::annotation(log, &message, position), cbor::to_vec(&annotation)));
            }
            Record::End(records) if records == self.records => self.has_ended = true,
            Record::Person(_) | Record::Conversation(_) | Record::End(_) => return Err(BackupError::Records),
        }
        self.records += 1;
        Ok(rows)
    }

    /// All of it was there.
    ///
    /// # Errors
    /// [`BackupError::Records`].
    pub fn finish(self) -> Result<Backup, BackupError> {
        let Self { waiting, account, people, conversations, lines, ends, has_ended, .. } = self;
        match account {
            Some(account) if has_ended && waiting.is_empty() => {
                Ok(Backup { account, people, conversations, lines, ends })
            }
            _ => Err(BackupError::Records),
        }
    }
}
