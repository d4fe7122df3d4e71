//! What interfaces show: plain values that serialise (`--json`), with ids and addresses as text.

use std::fmt::Display;

use allod_wire::account::{AccountRole, DeviceClass};
use allod_wire::blob::{BlobKey, BlobRef};
use allod_wire::log::Digest;
use allod_wire::markup;
use allod_wire::mimi::{Disposition, ExternalPart, MimiContent, NestedPart, Part};
use allod_wire::{Address, BlobId, DeviceId, EntryId, LogId, UnixMillis};
use serde::{Serialize, Serializer};

use crate::content::{Poll, is_poll};
use crate::glimpse::Glimpse;
use crate::local::Local;
use crate::marks::{Marks, QuoteView};
use crate::message::SystemEvent;
use crate::state::{Kind, Role};
use crate::vouched::InRecord;

pub(crate) fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(crate) fn as_texts<T: Display, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(ToString::to_string))
}

pub(crate) fn as_text_option<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

pub(crate) fn millis<S: Serializer>(value: &UnixMillis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(value.0)
}

pub(crate) fn millis_option<S: Serializer>(value: &Option<UnixMillis>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(|value| value.0).serialize(serializer)
}

pub(crate) fn digest<S: Serializer>(value: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    digest_option(&Some(*value), serializer)
}

pub(crate) fn digest_option<S: Serializer>(value: &Option<Digest>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(|value| allod_wire::link::to_text(&value[..])).serialize(serializer)
}

pub(crate) fn class_text<S: Serializer>(class: &DeviceClass, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match class {
        DeviceClass::Web => "web",
        DeviceClass::Installed => "installed",
    })
}

fn role_text<S: Serializer>(role: &AccountRole, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match role {
        AccountRole::Member => "member",
        AccountRole::Administrator => "administrator",
    })
}

/// The user of this client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeView {
    /// Address.
    #[serde(serialize_with = "as_text")]
    pub address: Address,
    /// This device.
    #[serde(serialize_with = "as_text")]
    pub device: DeviceId,
    /// Role on the server.
    #[serde(serialize_with = "role_text")]
    pub role: AccountRole,
    /// Domain of the organisation.
    pub organisation: String,
    /// Where its server is.
    pub server: String,
    /// Entries and files go from the server after this many days at the latest.
    pub retention_days: u32,
    /// Others are told what was received and read, and tell it.
    pub receipts: bool,
    /// Others are told when this user types, and tell it.
    pub typing: bool,
    /// Own devices.
    pub devices: Vec<DeviceView>,
}

/// A device of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceView {
    /// The device.
    #[serde(serialize_with = "as_text")]
    pub device: DeviceId,
    /// What it says it is.
    #[serde(serialize_with = "class_text")]
    pub class: DeviceClass,
    /// It is the one that shows this.
    pub this_device: bool,
    /// When it came into the conversation, if we were there; for own devices of the account, the day on which it was made.
    #[serde(serialize_with = "millis_option")]
    pub since: Option<UnixMillis>,
    /// Who brought it in.
    #[serde(serialize_with = "as_text_option")]
    pub added_by: Option<Address>,
    /// Whether the organisation's public record names it; none where there is no such record.
    pub in_record: Option<InRecord>,
}

/// How we stand to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Being made.
    Creating,
    /// In it.
    Active,
    /// Waiting to be added again, after a long absence.
    Rejoining,
    /// The server was caught; the user decides.
    Forked,
    /// Removed by somebody.
    Removed,
    /// Left.
    Left,
}

/// A line of the list of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConversationSummary {
    /// The conversation.
    #[serde(serialize_with = "as_text")]
    pub log: LogId,
    /// Pair or group.
    pub kind: Kind,
    /// What to call it: the group's title, or the other person's address.
    pub title: String,
    /// The other people.
    #[serde(serialize_with = "as_texts")]
    pub people: Vec<Address>,
    /// Our own role.
    pub my_role: Role,
    /// Plain members add people.
    pub members_add: bool,
    /// Messages not read.
    pub unread: usize,
    /// How many of these mention this user.
    pub mentions: usize,
    /// Answers in threads that the user has not looked at since.
    pub new_answers: usize,
    /// What the user chose for it on this device.
    pub local: Local,
    /// The last message.
    pub last: Option<PreviewView>,
    /// How we stand to it.
    pub state: State,
    /// People in it, ourselves included.
    pub people_count: usize,
    /// Devices in it, our own included.
    pub device_count: usize,
    /// More people or devices read than when the user last looked.
    pub unseen_reader_change: bool,
    /// Messages that wait to be sent.
    pub waiting: usize,
    /// Those of the other people who are typing now.
    #[serde(serialize_with = "as_texts")]
    pub typing: Vec<Address>,
    /// When something last happened.
    #[serde(serialize_with = "millis")]
    pub updated: UnixMillis,
}

/// The last message in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewView {
    /// By its author's clock.
    #[serde(serialize_with = "millis")]
    pub time: UnixMillis,
    /// Its author.
    #[serde(serialize_with = "as_text")]
    pub sender: Address,
    /// Its beginning as it is now; empty once it was deleted.
    pub text: String,
    /// It was deleted for everyone.
    pub deleted: bool,
}

/// Who can read a conversation: exactly the leaves of its tree (rule C-12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readers {
    /// The conversation.
    #[serde(serialize_with = "as_text")]
    pub log: LogId,
    /// By address.
    pub people: Vec<ReaderPerson>,
    /// What changed lately, newest first.
    pub changes: Vec<ReaderChangeView>,
}

/// A person who reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderPerson {
    /// Who.
    #[serde(serialize_with = "as_text")]
    pub address: Address,
    /// Ourselves.
    pub own: bool,
    /// Role here.
    pub role: Role,
    /// Presents another identity key than the one that we know: a warning.
    pub identity_changed: bool,
    /// When the user compared safety numbers with the person, under the key that was known before any change.
    #[serde(serialize_with = "millis_option")]
    pub verified: Option<UnixMillis>,
    /// Asked to leave, and is on the way out.
    pub leaving: bool,
    /// The devices.
    pub devices: Vec<DeviceView>,
}

/// A device that came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderChangeView {
    /// When, by our clock.
    #[serde(serialize_with = "millis")]
    pub at: UnixMillis,
    /// Whose.
    #[serde(serialize_with = "as_text")]
    pub person: Address,
    /// Which.
    #[serde(serialize_with = "as_text")]
    pub device: DeviceId,
    /// Came, or else went.
    pub came: bool,
    /// Who did it.
    #[serde(serialize_with = "as_text")]
    pub by: Address,
}

/// Somebody of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonView {
    /// Who.
    #[serde(serialize_with = "as_text")]
    pub address: Address,
    /// Role on the server.
    #[serde(serialize_with = "role_text")]
    pub role: AccountRole,
    /// Ourselves.
    pub own: bool,
}

/// How far an own message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits for the server.
    Sending,
    /// The server has it, durably.
    Sent,
    /// The server will not take it.
    Failed,
}

/// A line of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MessageView {
    /// The entry.
    #[serde(serialize_with = "as_text")]
    pub id: EntryId,
    /// By which other messages name it; none for what happened.
    #[serde(serialize_with = "digest_option")]
    pub message_id: Option<Digest>,
    /// The conversation.
    #[serde(serialize_with = "as_text")]
    pub log: LogId,
    /// Its place; none while it waits.
    pub position: Option<u64>,
    /// Who.
    #[serde(serialize_with = "as_text")]
    pub sender: Address,
    /// With which device.
    #[serde(serialize_with = "as_text")]
    pub sender_device: DeviceId,
    /// From this user, with whatever device.
    pub own: bool,
    /// By the author's clock; by ours for what happened.
    #[serde(serialize_with = "millis")]
    pub time: UnixMillis,
    /// Days since 1970 on which the server accepted it.
    pub day: Option<u32>,
    /// What.
    pub body: MessageBody,
    /// The message that it answers.
    #[serde(serialize_with = "digest_option")]
    pub in_reply_to: Option<Digest>,
    /// The message whose thread it is in: it is shown there, and not among the other lines (rule M-8).
    #[serde(serialize_with = "digest_option")]
    pub thread: Option<Digest>,
    /// It asks for acknowledgement (rule M-11).
    pub asks_acknowledgement: bool,
    /// It was forwarded (rule M-12).
    pub forwarded: bool,
    /// It mentions this user (rule M-7).
    pub mentions_me: bool,
    /// The beginning of the message that it answers, once the shell has looked it up.
    pub quote: Option<QuoteView>,
    /// What was done to it since.
    #[serde(flatten)]
    pub marks: Marks,
    /// How far it is.
    pub status: Status,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MessageBody {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// It has marks ([`allod_wire::markup`]); else it is shown as it stands.
        formatted: bool,
    },
    /// A question with answers to choose from; who chose what say the [`Marks`].
    Poll {
        /// The poll.
        #[serde(flatten)]
        poll: Poll,
    },
    /// A file.
    File {
        /// The file.
        file: FileView,
        /// What was written with it, or empty.
        caption: String,
    },
    /// A reaction that names no message; others are [`Marks`].
    Reaction {
        /// An emoji, usually.
        text: String,
    },
    /// Was deleted for everyone, by whom the [`Marks`] say.
    Deleted,
    /// A message of a newer kind.
    Unknown {
        /// Media type, if there is one.
        content_type: String,
    },
    /// What happened to the conversation.
    System {
        /// In order.
        events: Vec<SystemEvent>,
    },
}

/// A file beside the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileView {
    /// Its name, as the sender gave it: not to be trusted as a path.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Length in bytes.
    pub size: u64,
    /// What can be shown of it before it is fetched.
    pub glimpse: Option<Box<Glimpse>>,
    /// Where it is and how to open it.
    #[serde(skip)]
    pub blob: BlobRef,
}

const BLOB_URL: &str = "allod:blob/";

impl MessageBody {
    /// Reads content; what is not known is shown as unknown, never dropped (rule C-13).
    pub(crate) fn of(content: &MimiContent) -> Self {
        Self::of_part(&content.body)
    }

    fn of_part(part: &NestedPart) -> Self {
        match &part.part {
            Part::Null => Self::Deleted,
            Part::Single { content_type, content } => match std::str::from_utf8(content) {
                Ok(text) if part.disposition == Disposition::REACTION => Self::Reaction { text: text.to_owned() },
                Ok(text) if content_type.starts_with("text/plain") || content_type.starts_with("text/markdown") => {
                    Self::Text { text: text.to_owned(), formatted: content_type.starts_with("text/markdown") }
                }
                _ => match Poll::read(content).filter(|_| is_poll(content_type)) {
                    Some(poll) => Self::Poll { poll },
                    None => Self::Unknown { content_type: content_type.clone() },
                },
            },
            Part::External(external) => match FileView::of(external) {
                Some(file) => Self::File { file, caption: external.description.clone() },
                None => Self::Unknown { content_type: external.content_type.clone() },
            },
            Part::Multi { semantics: 0, parts } => {
                let mut known = parts.iter().map(Self::of_part);
                let unknown = Self::Unknown { content_type: String::new() };
                known.find(|body| !matches!(body, Self::Unknown { .. })).unwrap_or(unknown)
            }
            Part::Multi { semantics: 1, parts } => {
                let unknown = Self::Unknown { content_type: "multipart".to_owned() };
                Self::of_unit(parts).unwrap_or(unknown)
            }
            Part::Multi { .. } => Self::Unknown { content_type: "multipart".to_owned() },
        }
    }

    /// Whether it mentions this person (rule M-7).
    pub(crate) fn mentions(&self, person: &Address) -> bool {
        matches!(self, Self::Text { text, formatted: true } if markup::mentions(text).contains(person))
    }

    /// A file with what can be shown before it is fetched (rule M-20).
    fn of_unit(parts: &[NestedPart]) -> Option<Self> {
        let (previews, files): (Vec<_>, Vec<_>) =
            parts.iter().partition(|part| part.disposition == Disposition::PREVIEW);
        let [NestedPart { part: Part::External(external), .. }] = files[..] else { return None };
        let file = FileView::of(external)?;
        let glimpse = previews.into_iter().find_map(|part| Glimpse::of(part, &file.media_type)).map(Box::new);
        Some(Self::File { file: FileView { glimpse, ..file }, caption: external.description.clone() })
    }

    /// A line for lists.
    pub(crate) fn preview(&self) -> Option<String> {
        const PREVIEW_CHARS: usize = 120;
        match self {
            Self::Text { text, formatted: true } => Some(markup::plain(text).chars().take(PREVIEW_CHARS).collect()),
            Self::Text { text, .. } | Self::Reaction { text } => Some(text.chars().take(PREVIEW_CHARS).collect()),
            Self::Poll { poll } => Some(poll.question.chars().take(PREVIEW_CHARS).collect()),
            Self::File { file, .. } => Some(file.shown_name().chars().take(PREVIEW_CHARS).collect()),
            Self::Unknown { .. } => Some(String::new()),
            Self::Deleted | Self::System { .. } => None,
        }
    }
}

impl FileView {
    fn of(part: &ExternalPart) -> Option<Self> {
        let blob: BlobId = part.url.strip_prefix(BLOB_URL)?.parse().ok()?;
        let key: [u8; 32] = part.key.as_slice().try_into().ok()?;
        let digest: [u8; 32] = part.content_hash.as_slice().try_into().ok()?;
        let is_ours = part.enc_alg == allod_wire::mimi::AEAD_CHACHA20_POLY1305
            && part.hash_alg == allod_wire::mimi::HASH_SHA256
            && part.nonce.is_empty()
            && part.aad.is_empty();
        let blob = BlobRef { blob, key: BlobKey(key), size: part.size, digest: digest.into() };
        is_ours.then(|| Self {
            name: part.filename.clone(),
            media_type: part.content_type.clone(),
            size: part.size,
            glimpse: None,
            blob,
        })
    }

    /// What it is called in a list: of a voice message the ending of its name says nothing (rule M-21).
    fn shown_name(&self) -> &str {
        let is_voice = matches!(self.glimpse.as_deref(), Some(Glimpse::Voice { .. }));
        self.name.rsplit_once('.').filter(|_| is_voice).map_or(&self.name, |(start, _)| start)
    }

    /// As a part of a message, with what was written with it.
    pub(crate) fn to_part(&self, caption: &str) -> NestedPart {
        let part = Part::External(Box::new(ExternalPart {
            content_type: self.media_type.clone(),
            url: format!("{BLOB_URL}{}", self.blob.blob),
            expires: 0,
            size: self.size,
            enc_alg: allod_wire::mimi::AEAD_CHACHA20_POLY1305,
            key: self.blob.key.0.to_vec().into(),
            nonce: Vec::new(),
            aad: Vec::new(),
            hash_alg: allod_wire::mimi::HASH_SHA256,
            content_hash: self.blob.digest.to_vec(),
            description: caption.to_owned(),
            filename: self.name.clone(),
        }));
        let file = NestedPart { disposition: Disposition::ATTACHMENT, language: String::new(), part };
        match self.glimpse.as_ref().and_then(|glimpse| glimpse.to_part(&self.media_type)) {
            None => file,
            Some(glimpse) => {
                let part = Part::Multi { semantics: 1, parts: vec![file, glimpse] };
                NestedPart { disposition: Disposition::RENDER, language: String::new(), part }
            }
        }
    }
}

#[cfg(test)]
mod tests;
