//! Who is typing: said to those who listen now, and kept nowhere. Spec: `spec/content.md`, rules M-13 and M-14.
//!
//! Invariants:
//! - nothing of it is in a row, and a restart forgets it;
//! - what is not for us to use is dropped without a word: it is worth nothing a moment later.

use std::collections::BTreeMap;

use allod_crypto::Random;
use allod_crypto::whisper::{self, Said};
use allod_wire::socket::{ClientFrame, Whisper};
use allod_wire::{Address, LogId, UnixMillis};
use zeroize::Zeroizing;

use crate::conversation::Conversation;
use crate::core::ClientCore;
use crate::effect::{Effect, Event};
use crate::message::{StoredBody, StoredMessage};
use crate::receipts::PEOPLE_MAX;
use crate::request::Plane;

/// Somebody counts as typing so long after the last word of it.
const SHOWN_MILLIS: u64 = 6_000;
/// Who goes on typing says so again after so long.
const AGAIN_MILLIS: u64 = 4_000;

/// Who is typing in a conversation.
#[derive(Debug, Default)]
pub(crate) struct Typing {
    /// Others, each until when.
    others: BTreeMap<Address, UnixMillis>,
    /// When we last said that we do.
    said: Option<UnixMillis>,
    /// We have not said since that we stopped.
    is_told: bool,
}

impl Typing {
    /// When the first of the others does not count as typing any more.
    pub(crate) fn due(&self) -> Option<UnixMillis> {
        self.others.values().min().copied()
    }
}

impl ClientCore {
    /// The user is writing in a conversation's field (`types`, at every stroke), or nothing is left in it. Tells the others when that
    /// is news for them.
    pub fn typing(&mut self, log: LogId, types: bool, now: UnixMillis, rng: &mut dyn Random) -> Vec<Effect> {
        let Some(conversation) = self.conversations.get_mut(&log) else { return Vec::new() };
        let typing = &mut conversation.live.typing;
        let since = typing.said.map_or(u64::MAX, |said| now.0.saturating_sub(said.0));
        let is_news = if types { since >= AGAIN_MILLIS } else { typing.is_told && since < SHOWN_MILLIS };
        typing.is_told &= types;
        if is_news {
            self.whisper(log, types, now, rng);
        }
        self.done()
    }

    /// Tells others when this user types, and shows when they do; or neither.
    pub fn set_typing(&mut self, told: bool) -> Vec<Effect> {
        if self.account.no_typing == told {
            self.account.no_typing = !told;
            self.nobody_types();
            self.event(Event::AccountChanged);
        }
        self.done()
    }

    /// What the user typed is sent, which says that it is over; what is typed next is told at once.
    pub(crate) fn has_typed(&mut self, log: LogId) {
        if let Some(conversation) = self.conversations.get_mut(&log) {
            (conversation.live.typing.said, conversation.live.typing.is_told) = (None, false);
        }
    }

    /// Content of somebody came: that is what they typed.
    pub(crate) fn ends_typing(&mut self, log: LogId, message: &StoredMessage) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let is_content = matches!(message.body, StoredBody::Content(_));
        if is_content && conversation.live.typing.others.remove(&message.sender).is_some() {
            self.event(Event::ConversationChanged(log));
        }
    }

    /// Those of the other people who type now.
    pub(crate) fn typists(&self, conversation: &Conversation) -> Vec<Address> {
        let Some(here) = conversation.peek_membership() else { return Vec::new() };
        conversation.live.typing.others.keys().filter(|person| here.people.contains(person)).cloned().collect()
    }

    /// Says to whoever listens that we type, or no more; `None` where nobody is to be told.
    fn whisper(&mut self, log: LogId, types: bool, now: UnixMillis, rng: &mut dyn Random) -> Option<()> {
        if self.account.no_typing || !self.log_socket {
            return None;
        }
        let conversation = self.conversations.get_mut(&log).filter(|one| one.can_append() && !one.is_leaving())?;
        conversation.membership().filter(|here| (2..=PEOPLE_MAX).contains(&here.people.len()))?;
        let (key, epoch) = self.key_of_whispers(log)?;
        let conversation = self.conversations.get_mut(&log)?;
        let leaf = conversation.group.as_ref()?.own_leaf().0;
        let typing = &mut conversation.live.typing;
        typing.is_told = types;
        if types {
            typing.said = Some(now);
        }
        let whisper = whisper::seal(&key, log, epoch, Said { leaf, types }, rng);
        self.send(Plane::Log, ClientFrame::Whisper { log, whisper });
        Some(())
    }

    /// The hub passes on what somebody says.
    pub(crate) fn handle_whisper(&mut self, log: LogId, whisper: &Whisper, now: UnixMillis) {
        if self.hear(log, whisper, now) == Some(true) {
            self.event(Event::ConversationChanged(log));
        }
    }

    /// Takes in what is said, if it is of this epoch and of another person (rule M-13); whether it changes what is shown.
    fn hear(&mut self, log: LogId, whisper: &Whisper, now: UnixMillis) -> Option<bool> {
        let me = self.me().filter(|_| !self.account.no_typing)?;
        let (key, epoch) = self.key_of_whispers(log)?;
        let said = whisper::open(&key, log, epoch, whisper).ok()?;
        let conversation = self.conversations.get_mut(&log)?;
        let here = conversation.membership().filter(|here| here.people.len() <= PEOPLE_MAX)?;
        let person = here.readers.iter().find(|reader| reader.leaf.0 == said.leaf)?.address();
        if *person == me {
            return None;
        }
        let typing = &mut conversation.live.typing;
        if said.types {
            Some(typing.others.insert(person.clone(), now.plus(SHOWN_MILLIS)).is_none())
        } else {
            Some(typing.others.remove(person).is_some())
        }
    }

    /// The key of the present epoch (rule M-13), and which that is.
    fn key_of_whispers(&self, log: LogId) -> Option<(Zeroizing<[u8; 32]>, u64)> {
        let group = self.conversations.get(&log)?.group.as_ref()?;
        let exported = group.export(&self.store, whisper::LABEL, b"", 32).ok()?;
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&exported);
        Some((key, group.epoch()))
    }

    /// Forgets those of whom nothing was heard for a while.
    pub(crate) fn end_typing(&mut self, now: UnixMillis) {
        self.keep_typing(|until| until > now);
    }

    /// The socket is gone, or the user wants to see nothing of it.
    pub(crate) fn nobody_types(&mut self) {
        self.keep_typing(|_| false);
    }

    fn keep_typing(&mut self, stays: impl Fn(UnixMillis) -> bool) {
        let mut changed = Vec::new();
        for (log, conversation) in &mut self.conversations {
            let others = &mut conversation.live.typing.others;
            let before = others.len();
            others.retain(|_, until| stays(*until));
            if others.len() < before {
                changed.push(*log);
            }
        }
        changed.into_iter().for_each(|log| self.event(Event::ConversationChanged(log)));
    }
}
