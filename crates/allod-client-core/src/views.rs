//! The core's state as interfaces show it.

use allod_wire::cbor::{self, DecodeError};
use allod_wire::mimi::MimiContent;
use allod_wire::{Address, EntryId, LogId, Position, UnixMillis};

use crate::annotation::acts_on_another;
use crate::content::{asks_acknowledgement, is_forwarded, thread};
use crate::conversation::{Conversation, Membership, Preview, Remembered, Standing};
use crate::core::ClientCore;
use crate::message::{StoredBody, StoredMessage, message_id};
use crate::outbox::Outgoing;
use crate::receipts::is_receipt;
use crate::roster::Reader;
use crate::rows::{self, Row};
use crate::state::Kind;
use crate::view::{
    ConversationSummary, DeviceView, MeView, MessageBody, MessageView, PreviewView, ReaderChangeView, ReaderPerson,
    Readers, State, Status,
};

const DAY_MILLIS: u64 = 86_400_000;

impl ClientCore {
    /// The user of this client; `None` before it has joined.
    pub fn me_view(&self) -> Option<MeView> {
        let joined = self.account.joined.as_ref()?;
        let device = |certificate: &allod_wire::account::DeviceCertificate| DeviceView {
            device: certificate.device,
            class: certificate.class,
            this_device: certificate.device == self.my_device(),
            since: Some(UnixMillis(u64::from(certificate.created.0) * DAY_MILLIS)),
            added_by: None,
            in_record: self.ledger.in_record(certificate),
        };
        Some(MeView {
            address: self.me()?,
            device: self.my_device(),
            role: joined.role,
            organisation: joined.organisation.domain.to_string(),
            server: self.server().to_owned(),
            retention_days: joined.organisation.retention_days,
            receipts: !self.account.no_receipts,
            typing: !self.account.no_typing,
            devices: joined.devices.iter().map(device).collect(),
        })
    }

    /// All conversations: those that are pinned first, then the one in which something happened last.
    pub fn conversations(&self) -> Vec<ConversationSummary> {
        let mut all: Vec<_> = self.conversations.values().filter_map(|one| self.summary(one)).collect();
        all.sort_by_key(|one| std::cmp::Reverse((one.local.pinned, one.updated)));
        all
    }

    /// One conversation.
    pub fn conversation(&self, log: LogId) -> Option<ConversationSummary> {
        self.conversations.get(&log).and_then(|conversation| self.summary(conversation))
    }

    fn summary(&self, conversation: &Conversation) -> Option<ConversationSummary> {
        let (row, me) = (&conversation.row, self.me()?);
        let Some(here) = conversation.peek_membership() else { return self.remembered_summary(conversation) };
        let named = if here.state.kind == Kind::Pair { here.state.roles.keys() } else { Default::default() };
        let mut people: Vec<Address> =
            here.people.iter().chain(named).filter(|person| **person != me).cloned().collect();
        people.sort();
        people.dedup();
        let named_after_people = || people.iter().map(|person| person.name.to_string()).collect::<Vec<_>>().join(", ");
        let title = match here.state.kind {
            Kind::Pair => people.first().map(ToString::to_string).unwrap_or_default(),
            Kind::Group if here.state.title.is_empty() => named_after_people(),
            Kind::Group => here.state.title.clone(),
        };
        let last = row.last.as_ref().map(preview);
        Some(ConversationSummary {
            log: row.log,
            kind: here.state.kind,
            title,
            my_role: here.role(&me),
            members_add: here.state.members_add,
            unread: row.unread.len(),
            mentions: row.mentions.len(),
            new_answers: row.new_answers.len(),
            local: row.local.clone(),
            updated: row.last.as_ref().map_or(row.created, |last| last.time.max(row.created)),
            last,
            state: state(conversation),
            people_count: here.people.len(),
            device_count: here.readers.len(),
            people,
            unseen_reader_change: row.unseen_reader_change,
            waiting: waiting(conversation),
            typing: self.typists(conversation),
        })
    }

    /// A conversation of which nothing but what a backup says is known (rule K-6).
    fn remembered_summary(&self, conversation: &Conversation) -> Option<ConversationSummary> {
        let row = &conversation.row;
        let remembered = row.remembered.as_ref()?;
        let last = row.last.as_ref().map(preview);
        let mut people = remembered.people.clone();
        people.sort();
        Some(ConversationSummary {
            log: row.log,
            kind: remembered.kind,
            title: remembered.title.clone(),
            my_role: remembered.role,
            members_add: false,
            unread: row.unread.len(),
            mentions: row.mentions.len(),
            new_answers: row.new_answers.len(),
            local: row.local.clone(),
            updated: row.last.as_ref().map_or(row.created, |last| last.time.max(row.created)),
            last,
            state: state(conversation),
            people_count: people.len() + 1,
            device_count: 0,
            people,
            unseen_reader_change: false,
            waiting: waiting(conversation),
            typing: Vec::new(),
        })
    }

    /// What a backup says of a conversation.
    pub(crate) fn remember(&self, conversation: &Conversation) -> Option<Remembered> {
        let Some(here) = conversation.peek_membership() else { return conversation.row.remembered.clone() };
        let summary = self.summary(conversation)?;
        let mut people = summary.people;
        people.sort_by_key(|person| std::cmp::Reverse(here.role(person)));
        Some(Remembered { kind: summary.kind, title: summary.title, people, role: summary.my_role })
    }

    /// Who can read a conversation: exactly the leaves of its tree (rule C-12).
    pub fn readers(&self, log: LogId) -> Option<Readers> {
        let conversation = self.conversations.get(&log)?;
        let here = conversation.peek_membership()?;
        let people = here.people.iter().map(|address| self.reader_person(conversation, &here, address)).collect();
        let changes = conversation.roster.changes.iter().map(|change| ReaderChangeView {
            at: change.at,
            person: change.person.clone(),
            device: change.device,
            came: change.came,
            by: change.by.clone(),
        });
        Some(Readers { log, people, changes: changes.collect() })
    }

    fn reader_person(&self, conversation: &Conversation, here: &Membership, address: &Address) -> ReaderPerson {
        let device = |reader: &Reader| {
            let arrival = conversation.roster.devices.get(&reader.device());
            DeviceView {
                device: reader.device(),
                class: reader.certificate.class,
                this_device: reader.device() == self.my_device(),
                since: arrival.and_then(|arrival| arrival.since),
                added_by: arrival.and_then(|arrival| arrival.added_by.clone()),
                in_record: self.ledger.in_record(&reader.certificate),
            }
        };
        let leaving = &conversation.row.leaving;
        ReaderPerson {
            address: address.clone(),
            own: self.me().as_ref() == Some(address),
            role: here.role(address),
            identity_changed: here.devices_of(address).any(|reader| self.contacts.is_other(&reader.certificate)),
            verified: self.contacts.verified(address),
            leaving: here.devices_of(address).all(|reader| leaving.iter().any(|(gone, _)| *gone == reader.device())),
            devices: here.devices_of(address).map(device).collect(),
        }
    }

    /// Messages that are not in the log yet, in order. What acts on another message is none of them: [`Self::fold`] shows it there.
    pub fn outbox(&self, log: LogId) -> Vec<MessageView> {
        let (Some(conversation), Some(me)) = (self.conversations.get(&log), self.me()) else { return Vec::new() };
        let is_line = |content: &[u8]| !acts_on_another(content) && !is_receipt(content);
        let waiting = conversation.outbox.values().filter(|outgoing| !outgoing.leaves && is_line(&outgoing.content));
        let view = |outgoing: &Row<Outgoing>| {
            let status = outgoing_status(conversation, outgoing);
            self.content_view(log, outgoing.id, &me, &outgoing.content, outgoing.time, status)
        };
        waiting.map(view).collect()
    }

    /// How far something is that a verb sent, a message or what acts on one; `None` once it is in the log.
    pub fn status(&self, log: LogId, id: EntryId) -> Option<Status> {
        let conversation = self.conversations.get(&log)?;
        let waiting = conversation.outbox.values().find(|outgoing| outgoing.id == id);
        let refused = conversation.live.refused.contains(&id).then_some(Status::Failed);
        waiting.map(|outgoing| outgoing_status(conversation, outgoing)).or(refused)
    }

    /// A history row as a line.
    ///
    /// # Errors
    /// [`DecodeError`] if it is none.
    pub fn read_history(&self, key: &[u8], value: &[u8]) -> Result<MessageView, DecodeError> {
        let (log, _) = rows::log_and_number(key).filter(|_| key.starts_with(b"h/")).ok_or(DecodeError::Malformed)?;
        let message: StoredMessage = cbor::from_slice(value)?;
        self.view_of(log, &message).ok_or(DecodeError::Malformed)
    }

    /// Where the first message stands that was not read, if one was not.
    pub fn first_unread(&self, log: LogId) -> Option<Position> {
        self.conversations.get(&log)?.row.unread.first().copied()
    }

    /// People whose identity is known.
    pub fn people_known(&self) -> Vec<Address> {
        self.contacts.addresses().cloned().collect()
    }

    pub(crate) fn view_of(&self, log: LogId, message: &StoredMessage) -> Option<MessageView> {
        let line = match &message.body {
            StoredBody::Content(content) => {
                self.content_view(log, message.entry, &message.sender, content, message.time, Status::Sent)
            }
            StoredBody::Erased(id, thread) => {
                let line = self.line(log, message.entry, &message.sender, message.time, MessageBody::Deleted);
                MessageView { message_id: Some(*id), thread: *thread, ..line }
            }
            StoredBody::System(events) => {
                let body = MessageBody::System { events: events.clone() };
                self.line(log, message.entry, &message.sender, message.time, body)
            }
        };
        let (position, day) = (Some(message.position.0), Some(message.day.0));
        Some(MessageView { position, day, sender_device: message.device, ..line })
    }

    fn content_view(
        &self,
        log: LogId,
        id: EntryId,
        sender: &Address,
        content: &[u8],
        time: UnixMillis,
        status: Status,
    ) -> MessageView {
        let decoded: Option<MimiContent> = cbor::from_slice(content).ok();
        let unknown = || MessageBody::Unknown { content_type: String::new() };
        let body = decoded.as_ref().map_or_else(unknown, MessageBody::of);
        let line = self.line(log, id, sender, time, body);
        let own_id = message_id(log, sender, content);
        MessageView {
            message_id: Some(own_id),
            in_reply_to: decoded.as_ref().and_then(|content| content.in_reply_to),
            thread: decoded.as_ref().and_then(thread).filter(|root| *root != own_id),
            asks_acknowledgement: decoded.as_ref().is_some_and(asks_acknowledgement),
            forwarded: decoded.as_ref().is_some_and(is_forwarded),
            mentions_me: self.me().is_some_and(|me| line.body.mentions(&me)),
            status,
            ..line
        }
    }

    fn line(&self, log: LogId, id: EntryId, sender: &Address, time: UnixMillis, body: MessageBody) -> MessageView {
        MessageView {
            id,
            message_id: None,
            log,
            position: None,
            sender: sender.clone(),
            sender_device: self.my_device(),
            own: self.me().as_ref() == Some(sender),
            time,
            day: None,
            body,
            in_reply_to: None,
            thread: None,
            asks_acknowledgement: false,
            forwarded: false,
            mentions_me: false,
            quote: None,
            marks: Default::default(),
            status: Status::Sent,
        }
    }
}

fn preview(last: &Preview) -> PreviewView {
    PreviewView { time: last.time, sender: last.sender.clone(), text: last.text.clone(), deleted: last.deleted }
}

/// Messages, and what acts on them, that wait to be sent: what the user did.
fn waiting(conversation: &Conversation) -> usize {
    conversation.outbox.values().filter(|outgoing| !is_receipt(&outgoing.content)).count()
}

fn outgoing_status(conversation: &Conversation, outgoing: &Outgoing) -> Status {
    if outgoing.failed {
        Status::Failed
    } else if conversation.live.answered.contains(&outgoing.id) {
        Status::Sent
    } else {
        Status::Sending
    }
}

fn state(conversation: &Conversation) -> State {
    match conversation.row.standing {
        _ if conversation.row.forked && conversation.is_member() => State::Forked,
        Standing::Creating => State::Creating,
        Standing::Active => State::Active,
        Standing::Rejoining => State::Rejoining,
        Standing::Removed => State::Removed,
        Standing::Left => State::Left,
    }
}
