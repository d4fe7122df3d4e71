//! What a commit means to people: lines in the conversation, who reads since when, what is left to repair. Spec: rules C-7, C-12, C-14.

use std::collections::{BTreeMap, BTreeSet};

use allod_crypto::token::token_key;
use allod_wire::account::DeviceCertificate;
use allod_wire::log::{Entry, TokenChange, TokenRole};
use allod_wire::secrets::TokenKey;
use allod_wire::socket::ClientFrame;
use allod_wire::{Address, DeviceId, LogId, UnixMillis};

use crate::contacts::Known;
use crate::conversation::{Membership, Standing};
use crate::core::ClientCore;
use crate::effect::Event;
use crate::message::{StoredBody, StoredMessage, SystemEvent};
use crate::plan::{missing, token_diff, wanted_now};
use crate::request::Plane;
use crate::roster::{Reader, ReaderChange};

impl ClientCore {
    /// A commit has changed the group from `before` to `next`.
    pub(crate) fn commit_applied(
        &mut self,
        log: LogId,
        entry: &Entry,
        before: &Membership,
        next: &Membership,
        by: &Reader,
        now: UnixMillis,
    ) {
        let is_news = by.device() != self.my_device();
        self.ledger.people.changed = true;
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let leaving: BTreeSet<DeviceId> = conversation.row.leaving.iter().map(|(device, _)| *device).collect();
        let changes = reader_changes(before, next, by.address(), now);
        let wider = changes.iter().any(|change| change.came);
        for change in &changes {
            conversation.roster.note(change.clone());
        }
        if wider && is_news {
            // C-18
            conversation.row.unseen_reader_change = true;
        }
        let concerned = token_diff(before, next);
        self.judge_changes(log, &concerned, &entry.new.changes);
        if let Some(conversation) = self.conversations.get_mut(&log) {
            let stays =
                |(device, _): &(DeviceId, TokenKey)| next.readers.iter().any(|reader| reader.device() == *device);
            conversation.row.leaving.retain(stays);
        }
        let mut events = system_events(before, next, by.address(), &leaving);
        for reader in next.readers.iter().filter(|reader| !before.readers.contains(reader)) {
            let changed = self.identity_changed(&reader.certificate, now);
            events.extend(changed.filter(|event| !events.contains(event)));
        }
        if !events.is_empty() {
            let message = StoredMessage {
                entry: entry.new.id,
                position: entry.position,
                day: entry.day,
                time: now,
                sender: by.address().clone(),
                device: by.device(),
                body: StoredBody::System(events),
            };
            self.store_message(log, message);
        }
        if !changes.is_empty() {
            self.event(Event::ReadersChanged { log, wider });
        }
        self.event(Event::ConversationChanged(log));
    }

    /// Compares an identity key with the pinned one, and says so once if it is another (rule C-12).
    pub(crate) fn meet(&mut self, certificate: &DeviceCertificate, now: UnixMillis) -> Known {
        let known = self.contacts.meet(certificate, now);
        if known == Known::NewlyOther {
            let person = certificate.address.clone();
            let verified = self.contacts.verified(&person).is_some();
            self.event(Event::IdentityChanged { person, verified });
        }
        known
    }

    /// As [`Self::meet`], as a line for the conversation that the device has come into (rule C-20).
    fn identity_changed(&mut self, certificate: &DeviceCertificate, now: UnixMillis) -> Option<SystemEvent> {
        if self.meet(certificate, now) == Known::Same {
            return None;
        }
        let person = certificate.address.clone();
        let verified = self.contacts.verified(&person).is_some();
        Some(SystemEvent::IdentityChanged { person, verified })
    }

    /// Remembers what the hub holds otherwise than it should after an entry's token changes (rule C-14).
    pub(crate) fn judge_changes(
        &mut self,
        log: LogId,
        concerned: &BTreeMap<TokenKey, Option<TokenRole>>,
        changes: &[TokenChange],
    ) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let Some(membership) = conversation.membership() else { return };
        let secret = membership.secret();
        let verdicts = missing(concerned, changes, |key| wanted_now(&membership, &secret, key));
        for (key, verdict) in verdicts {
            let gave_up = conversation.row.leaving.iter().any(|(_, left)| *left == key);
            match verdict {
                Ok(()) => drop(conversation.row.repairs.remove(&key)),
                Err(None) if gave_up => drop(conversation.row.repairs.remove(&key)),
                Err(wanted) => drop(conversation.row.repairs.insert(key, wanted)),
            }
        }
    }

    /// Somebody asked to leave with one device, and gave its token up in the same entry (rule C-7).
    pub(crate) fn someone_leaves(&mut self, log: LogId, entry: &Entry, before: &Membership, reader: &Reader) {
        let Ok(key) = token_key(&reader.token, &before.secret()) else { return };
        let gave_up = entry.new.changes.contains(&TokenChange::Revoke { key });
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        // A wish without giving the token up is granted too; the token is revoked by the commit then.
        let key = if gave_up { key } else { TokenKey([0; 32]) };
        if conversation.row.leaving.iter().all(|(device, _)| *device != reader.device()) {
            conversation.row.leaving.push((reader.device(), key));
        }
        self.event(Event::ConversationChanged(log));
    }

    /// A message that we cannot use revoked its author's own token: that device is out at the hub, so it has left whatever
    /// became of its wish, and is to go from the tree.
    pub(crate) fn gave_up(&mut self, log: LogId, changes: &[TokenChange]) {
        let Some(conversation) = self.conversations.get_mut(&log).filter(|_| !changes.is_empty()) else { return };
        let Some(membership) = conversation.membership() else { return };
        let secret = membership.secret();
        for reader in &membership.readers {
            let Ok(key) = token_key(&reader.token, &secret) else { continue };
            let known = conversation.row.leaving.iter().any(|(device, _)| *device == reader.device());
            if changes.contains(&TokenChange::Revoke { key }) && !known {
                conversation.row.leaving.push((reader.device(), key));
            }
        }
    }

    /// We are not in it any more.
    pub(crate) fn out_of(&mut self, log: LogId, standing: Standing) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        conversation.row.standing = standing;
        self.wind_up(log);
    }

    /// Ends what was going on in a conversation that we are no longer in.
    pub(crate) fn wind_up(&mut self, log: LogId) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let was_subscribed = std::mem::take(&mut conversation.live).subscribed;
        conversation.row.intents.clear();
        if let Some(job) = &mut conversation.job {
            job.close_intent();
        }
        let waiting = conversation.outbox.values().filter(|outgoing| !outgoing.failed);
        for id in waiting.map(|outgoing| outgoing.id).collect::<Vec<_>>() {
            self.message_failed(log, id);
        }
        if was_subscribed && self.log_socket {
            self.send(Plane::Log, ClientFrame::Unsubscribe { log });
        }
        self.event(Event::ConversationChanged(log));
    }
}

/// Devices that came and went.
fn reader_changes(before: &Membership, next: &Membership, by: &Address, now: UnixMillis) -> Vec<ReaderChange> {
    let has = |membership: &Membership, device| membership.readers.iter().any(|reader| reader.device() == device);
    let change = |reader: &Reader, came| ReaderChange {
        at: now,
        person: reader.address().clone(),
        device: reader.device(),
        came,
        by: by.clone(),
    };
    let went = before.readers.iter().filter(|reader| !has(next, reader.device())).map(|reader| change(reader, false));
    let came = next.readers.iter().filter(|reader| !has(before, reader.device())).map(|reader| change(reader, true));
    went.chain(came).collect()
}

/// The lines that a commit leaves in the conversation.
fn system_events(
    before: &Membership,
    next: &Membership,
    by: &Address,
    leaving: &BTreeSet<DeviceId>,
) -> Vec<SystemEvent> {
    let mut events = Vec::new();
    let by = by.clone();
    for person in before.people.difference(&next.people).cloned() {
        let left = before.devices_of(&person).any(|reader| leaving.contains(&reader.device()));
        let by = by.clone();
        events.push(if left { SystemEvent::Left { person } } else { SystemEvent::Removed { person, by } });
    }
    for person in next.people.difference(&before.people).cloned() {
        events.push(SystemEvent::Added { person, by: by.clone() });
    }
    for person in before.people.intersection(&next.people) {
        events.extend(device_events(before, next, person, &by));
    }
    let (old, new) = (&before.state, &next.state);
    if old.title != new.title {
        events.push(SystemEvent::Renamed { title: new.title.clone(), by: by.clone() });
    }
    for person in before.people.intersection(&next.people) {
        let role = next.role(person);
        if old.roles.get(person) != new.roles.get(person) {
            events.push(SystemEvent::RoleChanged { person: person.clone(), role, by: by.clone() });
        }
    }
    if old.members_add != new.members_add {
        events.push(SystemEvent::MembersAdd { allowed: new.members_add, by });
    }
    events
}

fn device_events(before: &Membership, next: &Membership, person: &Address, by: &Address) -> Vec<SystemEvent> {
    let find = |membership: &Membership, device| {
        membership.devices_of(person).find(|reader| reader.device() == device).cloned()
    };
    let mut events = Vec::new();
    for reader in before.devices_of(person) {
        match find(next, reader.device()) {
            None => events.push(SystemEvent::DeviceRemoved { person: person.clone(), by: by.clone() }),
            Some(now) if now.token != reader.token => events.push(SystemEvent::DeviceBack { person: person.clone() }),
            Some(_) => {}
        }
    }
    for reader in next.devices_of(person).filter(|reader| find(before, reader.device()).is_none()) {
        let class = reader.certificate.class;
        events.push(SystemEvent::DeviceAdded { person: person.clone(), class, by: by.clone() });
    }
    events
}
