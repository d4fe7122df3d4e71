//! Messages that are not in the log yet: each keeps its entry id for life, so a retry cannot deliver it twice (rule L-4).
//!
//! Content is kept in clear until the log has it, and encrypted when it can be sent: what was written while away is encrypted
//! for the people who are readers when it goes out. An encrypted entry is said again unchanged, unless so many epochs have
//! passed that others could not read it any more.

use allod_crypto::frank::frank;
use allod_crypto::token::token_key;
use allod_crypto::{Random, envelope, random_bytes};
use allod_wire::log::{EntryContext, EntryKind, HeadSeen, NewEntry, TokenChange};
use allod_wire::mimi::MimiContent;
use allod_wire::socket::ClientFrame;
use allod_wire::{Commits, EntryId, LogId, UnixMillis, cbor};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::annotation::acts_on_another;
use crate::core::ClientCore;
use crate::effect::Event;
use crate::intent::Intent;
use crate::receipts::is_receipt;
use crate::request::Plane;
use crate::rows::{self, Row};
use crate::view::Status;

/// Messages of one conversation that wait for the hub's answer at the same time.
pub(crate) const IN_FLIGHT_MAX: usize = 8;
/// An entry encrypted this many epochs ago is encrypted anew; members keep the secrets of five.
pub(crate) const STALE_EPOCHS: u64 = 4;

/// A message that waits.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Outgoing {
    #[n(0)]
    pub(crate) id: EntryId,
    /// When the user sent it.
    #[n(1)]
    pub(crate) time: UnixMillis,
    /// The MIMI content; empty for a wish to leave.
    #[n(2)]
    pub(crate) content: ByteVec,
    /// Encrypted, with the epoch.
    #[n(3)]
    pub(crate) sealed: Option<(u64, NewEntry)>,
    /// The hub will not take it.
    #[n(4)]
    pub(crate) failed: bool,
    /// It is our wish to leave.
    #[n(5)]
    pub(crate) leaves: bool,
    /// As it was encrypted before, if it was encrypted anew: the log may hold it in this form.
    #[n(6)]
    pub(crate) former: Option<NewEntry>,
}

impl ClientCore {
    /// Puts a message behind those that wait.
    pub(crate) fn enqueue(&mut self, log: LogId, outgoing: Outgoing) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let number = conversation.row.outgoing_next;
        conversation.row.outgoing_next += 1;
        conversation.outbox.insert(number, Row::new(outgoing));
    }

    /// Says the messages that wait, in order, as many as may be in flight.
    pub(crate) fn advance_outbox(&mut self, log: LogId, rng: &mut dyn Random) {
        loop {
            let Some(conversation) = self.conversations.get_mut(&log) else { return };
            // Whoever the conversation is started with reads from its first message on.
            let waits_for_readers = conversation.is_being_founded();
            if waits_for_readers || !conversation.can_append() || conversation.live.in_flight.len() >= IN_FLIGHT_MAX {
                return;
            }
            let live = &conversation.live;
            let waits = |(_, outgoing): &(&u64, &Row<Outgoing>)| {
                !outgoing.failed && !live.in_flight.contains(&outgoing.id) && !live.answered.contains(&outgoing.id)
            };
            let Some(number) = conversation.outbox.iter().find(waits).map(|(number, _)| *number) else { return };
            let Some(entry) = self.sealed(log, number, rng) else { return };
            let Some(conversation) = self.conversations.get_mut(&log) else { return };
            conversation.live.in_flight.push_back(entry.id);
            self.send(Plane::Log, ClientFrame::Append { log, entry });
        }
    }

    /// The entry for a message, encrypted now unless it was before and others can read it still. `None` while it cannot be
    /// encrypted: somebody's wish to leave has to be granted first.
    fn sealed(&mut self, log: LogId, number: u64, rng: &mut dyn Random) -> Option<NewEntry> {
        let device = self.device.as_ref()?;
        let conversation = self.conversations.get_mut(&log)?;
        let membership = conversation.membership()?;
        let secret = membership.secret();
        let (position, head, seen) = (conversation.row.position, conversation.row.head?, conversation.row.commits?);
        let group = conversation.group.as_mut()?;
        let epoch = group.epoch();
        let outgoing = conversation.outbox.get_mut(&number)?;
        if let Some((sealed_in, entry)) = &outgoing.sealed {
            // A wish to leave is said again as it was: the hub has it, or says that it came too late (rule C-7).
            if outgoing.leaves || sealed_in + STALE_EPOCHS >= epoch {
                return Some(entry.clone());
            }
            outgoing.former = Some(entry.clone());
        }
        let (commitment, changes) = if outgoing.leaves {
            let reader = membership.readers.iter().find(|reader| reader.leaf == group.own_leaf())?;
            let key = token_key(&reader.token, &secret).ok()?;
            (random_bytes::<32>(rng).into(), vec![TokenChange::Revoke { key }])
        } else {
            let content: MimiContent = cbor::from_slice(&outgoing.content).ok()?;
            (frank(&content.salt, &outgoing.content), Vec::new())
        };
        let context = EntryContext { seen: HeadSeen { position, head }, frank: commitment };
        let aad = cbor::to_vec(&context);
        let message = if outgoing.leaves {
            group.leave(&mut self.store, device, group.own_leaf(), &aad).ok()?
        } else {
            group.encrypt(&mut self.store, device, &aad, &outgoing.content).ok()?
        };
        let payload = envelope::seal(&secret, log, &message, rng).ok()?.into();
        let kind = if outgoing.leaves { EntryKind::Commit { seen } } else { EntryKind::Message };
        let entry = NewEntry { id: outgoing.id, kind, changes, frank: commitment, payload };
        outgoing.sealed = Some((epoch, entry.clone()));
        Some(entry)
    }

    /// The hub has a message; it waits for its place in what we read.
    pub(crate) fn accepted(&mut self, log: LogId, id: EntryId) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let Some(outgoing) = conversation.outbox.values().find(|outgoing| outgoing.id == id) else { return };
        let (leaves, number) = (outgoing.leaves, outgoing.id);
        if leaves {
            return self.left(log);
        }
        self.event(Event::Outbox { log, id: number, status: Status::Sent });
    }

    /// A commit came before our wish to leave: the wish is void, and what leaving takes is planned anew (rule C-7). `false` if the entry
    /// is no wish to leave.
    pub(crate) fn leave_came_late(&mut self, log: LogId, id: EntryId, commits_at_hub: Commits) -> bool {
        let Some(conversation) = self.conversations.get_mut(&log) else { return false };
        let is_it = |(_, outgoing): &(&u64, &Row<Outgoing>)| outgoing.id == id && outgoing.leaves;
        let Some(number) = conversation.outbox.iter().find(is_it).map(|(number, _)| *number) else { return false };
        conversation.outbox.remove(&number);
        conversation.live.commits_at_hub = conversation.live.commits_at_hub.max(commits_at_hub);
        conversation.row.intents.insert(0, Intent::Leave);
        if let Some(group) = &mut conversation.group {
            // Nothing to withdraw where a new epoch has voided it.
            let _ = group.withdraw_leave(&mut self.store);
        }
        self.writes.delete(rows::outgoing(log, number));
        true
    }

    /// The log holds a message in an earlier form. What we read next shows it, or else its receipt says where it was.
    pub(crate) fn is_there_already(&mut self, log: LogId, id: EntryId) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        conversation.live.answered.insert(id);
        let outgoing = conversation.outbox.values().find(|outgoing| outgoing.id == id);
        if let Some(entry) = outgoing.and_then(|outgoing| outgoing.former.clone())
            && conversation.live.former_said.insert(id)
        {
            self.send(Plane::Log, ClientFrame::Append { log, entry });
        }
    }

    /// The hub will not take a message, now or ever. What would have acted on another message is dropped: there is no line that could
    /// show it as failed.
    pub(crate) fn message_failed(&mut self, log: LogId, id: EntryId) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        conversation.live.in_flight.retain(|other| *other != id);
        let failed = conversation.outbox.iter_mut().find(|(_, outgoing)| outgoing.id == id);
        if let Some((number, outgoing)) = failed {
            if acts_on_another(&outgoing.content) || is_receipt(&outgoing.content) {
                let (number, content) = (*number, outgoing.content.clone());
                conversation.outbox.remove(&number);
                conversation.live.refused.insert(id);
                self.writes.delete(rows::outgoing(log, number));
                self.note_waiting(log, &content);
            } else {
                outgoing.failed = true;
            }
        }
        self.event(Event::Outbox { log, id, status: Status::Failed });
    }
}
