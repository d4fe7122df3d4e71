//! The inbox, and following an invitation into a conversation. Spec: `spec/inbox.md`, rules C-6, C-12.

use std::sync::Arc;

use allod_crypto::identity::verify_certificate;
use allod_crypto::token::{LogSecret, TokenSecret};
use allod_mls::{Group, IfMember, WelcomeParts};
use allod_wire::cbor::{self, DecodeError};
use allod_wire::inbox::{InboxItem, InboxMessage, InboxPage};
use allod_wire::secrets::Token;
use allod_wire::socket::ClientFrame;
use allod_wire::{LogId, Position, UnixMillis};
use minicbor::{Decode, Encode};

use crate::account::Seed;
use crate::conversation::{Conversation, ConversationRow, Membership, Standing};
use crate::core::ClientCore;
use crate::effect::Event;
use crate::intent::Intent;
use crate::message::{StoredBody, StoredMessage, SystemEvent};
use crate::pending::{AccountCall, Pending};
use crate::request::Plane;
use crate::roster::Arrival;
use crate::rows;
use crate::socket::CHANCES;
use crate::state::Role;
use crate::transfer::{Download, DownloadStep};

/// The shared part of a welcome is no larger than this: the tree of the largest group fits many times.
const SHARED_BYTES_MAX: u64 = 64 << 20;
/// An invitation that leads nowhere is given up after this long.
const INVITATION_MILLIS: u64 = 7 * 86_400_000;

/// The row `i/LOG`.
#[derive(Debug, Encode, Decode)]
pub(crate) struct InvitationRow {
    #[n(0)]
    pub(crate) log: LogId,
    /// An [`InboxMessage::Welcome`].
    #[n(1)]
    pub(crate) welcome: InboxMessage,
    #[n(2)]
    pub(crate) came: UnixMillis,
}

/// An invitation that is being followed; what was fetched so far is in memory alone.
pub(crate) struct Invitation {
    pub(crate) row: InvitationRow,
    fetch: Option<(Download, Vec<u8>)>,
    pub(crate) retry_at: Option<UnixMillis>,
    pub(crate) failures: u32,
}

impl Invitation {
    pub(crate) fn restore(value: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self::new(cbor::from_slice(value)?))
    }

    fn new(row: InvitationRow) -> Self {
        Self { row, fetch: None, retry_at: None, failures: 0 }
    }
}

impl ClientCore {
    /// Asks for what waits in the inbox, once on each socket, when there is a session.
    pub(crate) fn subscribe_inbox(&mut self) {
        let may = self.inbox_socket && !self.inbox_asked && !self.stock.renewing;
        if let Some(joined) = self.account.joined.as_ref().filter(|_| may) {
            self.inbox_asked = true;
            let frame = ClientFrame::SubscribeInbox { session: joined.session.clone(), after: joined.inbox };
            self.send(Plane::Account, frame);
        }
    }

    /// Items of our inbox, once each and in order (rules I-4, C-10).
    pub(crate) fn handle_inbox(&mut self, page: &InboxPage, now: UnixMillis) {
        let Some(before) = self.account.joined.as_ref().map(|joined| joined.inbox) else { return };
        let mut position = before;
        for item in page.items.iter().filter(|item| item.position > before) {
            self.handle_item(item, now);
            position = position.max(item.position);
        }
        self.inbox_read = true;
        if position > before {
            if let Some(joined) = &mut self.account.joined {
                joined.inbox = position;
            }
            self.account_call(AccountCall::InboxCursor(position));
            self.stock.count_soon();
        }
    }

    fn handle_item(&mut self, item: &InboxItem, now: UnixMillis) {
        // What does not open or decode is of no use to anybody: dropped.
        let Ok(opened) = self.keys.inbox.open(self.my_device(), &item.sealed) else { return };
        let Ok(message) = cbor::from_slice::<InboxMessage>(&opened) else { return };
        match &message {
            InboxMessage::Welcome { log, shared, hub, .. } => {
                let is_ours = self.account.joined.as_ref().is_some_and(|joined| joined.organisation.domain == *hub);
                if is_ours && shared.size <= SHARED_BYTES_MAX {
                    let row = InvitationRow { log: *log, welcome: message.clone(), came: now };
                    self.writes.put(rows::invitation(row.log), &row);
                    self.invitations.insert(row.log, Invitation::new(row));
                }
            }
            InboxMessage::HistoryWanted { .. } => self.handle_history_wanted(message, now),
            InboxMessage::History { .. } => self.handle_history_word(message, now),
            InboxMessage::Rejoin { log, certificate, .. } => {
                let (log, asker) = (*log, verify_certificate(certificate));
                let (Ok(asker), Some(me)) = (asker, self.me()) else { return };
                let is_pinned = self.contacts.is_pinned(&asker);
                if let Ok(conversation) = self.member_of(log)
                    && let Some(here) = conversation.membership()
                {
                    let may_add = here.role(&me) >= Role::Admin && here.people.contains(&asker.address) && is_pinned;
                    let intent = if here.readers.iter().any(|reader| reader.device() == asker.device) {
                        Intent::Readd(Box::new(message))
                    } else if may_add {
                        Intent::Add { people: vec![asker.address], founding: false } // C-16
                    } else {
                        return;
                    };
                    if !conversation.row.intents.contains(&intent) {
                        conversation.row.intents.push(intent);
                    }
                }
            }
        }
    }

    /// Fetches the shared part of a welcome, and joins when all is there.
    pub(crate) fn advance_invitation(&mut self, log: LogId, now: UnixMillis) {
        // While we are in the conversation, a welcome waits: it may be the answer to having lost our place.
        let standing = self.conversations.get(&log).map(|conversation| conversation.row.standing);
        let is_pending = self.is_pending(|pending| matches!(pending, Pending::Fetch { log: of } if *of == log));
        let Some(invitation) = self.invitations.get_mut(&log) else { return };
        if now >= invitation.row.came.plus(INVITATION_MILLIS) {
            return self.drop_invitation(log);
        }
        let waits = invitation.retry_at.is_some_and(|at| at > now);
        if waits || is_pending || matches!(standing, Some(Standing::Active | Standing::Creating)) {
            return;
        }
        let InboxMessage::Welcome { shared, own, log_secret, .. } = &invitation.row.welcome else { return };
        if invitation.fetch.is_none() {
            let Some(token) = token_for(&self.tokens, own, &LogSecret::from_wire(log_secret)) else {
                return self.drop_invitation(log);
            };
            let Ok(download) = Download::new(log, token, shared.clone()) else { return self.drop_invitation(log) };
            invitation.fetch = Some((download, Vec::new()));
        }
        let Some((download, _)) = &invitation.fetch else { return };
        match download.next() {
            Ok(DownloadStep::Ask(request)) => self.request(Pending::Fetch { log }, request),
            Ok(DownloadStep::Finished) => self.accept_invitation(log, now),
            Err(_) => self.drop_invitation(log),
        }
    }

    pub(crate) fn handle_fetched(&mut self, log: LogId, status: u16, body: &[u8], now: UnixMillis) {
        let Some(invitation) = self.invitations.get_mut(&log) else { return };
        let Some((download, fetched)) = &mut invitation.fetch else { return };
        match download.handle_response(status, body) {
            Ok(plain) => {
                fetched.extend_from_slice(&plain);
                self.advance_invitation(log, now);
            }
            Err(error) if error.may_pass() => {
                invitation.retry_at = Some(now.plus(crate::stock::backoff(invitation.failures, None)));
                invitation.failures += 1;
            }
            Err(_) => self.drop_invitation(log),
        }
    }

    fn drop_invitation(&mut self, log: LogId) {
        self.invitations.remove(&log);
        self.writes.delete(rows::invitation(log));
    }

    fn accept_invitation(&mut self, log: LogId, now: UnixMillis) {
        let Some(invitation) = self.invitations.remove(&log) else { return };
        self.writes.delete(rows::invitation(log));
        let InboxMessage::Welcome { own, position, log_secret, hub, .. } = &invitation.row.welcome else { return };
        let Some((_, shared)) = &invitation.fetch else { return };
        // What we have of the conversation is of no use any more, or we would not be here.
        let joined = Group::join(&mut self.store, log, shared, own, IfMember::Replace);
        let Ok(joined) = joined else { return };
        let secret = self.tokens.get(&joined.reference.0).cloned();
        if !self.store.has_key_package(&joined.reference) {
            self.tokens.remove(&joined.reference.0);
            self.writes.delete(rows::token(&joined.reference));
        }
        // Every leaf is a certified device, and the group is the one that was announced.
        let is_sound = |membership: &Membership| {
            membership.state.log_secret == *log_secret
                && membership.state.hub == *hub
                && membership.readers.len() == joined.group.members().len()
        };
        let membership = Membership::of(&joined.group, &[]).filter(is_sound).map(Arc::new);
        let added_by = joined.group.member(joined.added_by).and_then(|member| crate::roster::Reader::of(&member));
        let (Some(secret), Some(membership), Some(by)) = (secret, membership, added_by) else {
            let _ = joined.group.delete(&mut self.store);
            self.conversations.remove(&log).iter().for_each(|gone| gone.delete_rows(&mut self.writes));
            return self.event(Event::ConversationGone(log));
        };
        for reader in &membership.readers {
            self.meet(&reader.certificate, now);
        }
        let was_here = self.conversations.contains_key(&log);
        let (position, day) = (*position, now.day());
        let was_in = self.conversations.get(&log).is_some_and(|conversation| conversation.group.is_some());
        let is_own = self.me().as_ref() == Some(by.address());
        // While this device is new, somebody else may bring it where another device of the account was before.
        let device = self.my_device();
        let is_late = self.is_without_history()
            && self.me().is_some_and(|me| membership.devices_of(&me).any(|reader| reader.device() != device));
        // Before the first commit there was nothing to read.
        let since = ((is_own || is_late) && !was_in && position > Position(1)).then_some(position);
        self.enter(log, joined.group, secret, (position, since), now);
        if since.is_some() {
            self.lacks_beginning(by.device());
        }
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        conversation.epoch_is(membership.clone());
        for reader in membership.readers.iter().filter(|reader| reader.address() != by.address()) {
            conversation.roster.devices.entry(reader.device()).or_insert(Arrival { since: None, added_by: None });
        }
        let (class, by_person) = (self.account.class, by.address().clone());
        let event = match self.me() {
            Some(person) if was_here => SystemEvent::DeviceBack { person },
            // The account was in it before: the line is the same as on its other devices.
            Some(person) if since.is_some() => SystemEvent::DeviceAdded { person, class, by: by_person },
            _ => SystemEvent::Joined { by: by_person },
        };
        let (sender, device) = (by.address().clone(), by.device());
        let entry = allod_wire::EntryId([0; 16]);
        let body = StoredBody::System(vec![event]);
        self.store_message(log, StoredMessage { entry, position, day, time: now, sender, device, body });
        self.event(Event::ConversationChanged(log));
    }

    /// A new conversation, or a new start in one that is here already.
    fn enter(
        &mut self,
        log: LogId,
        group: Group,
        token_secret: Seed,
        place: (Position, Option<Position>),
        now: UnixMillis,
    ) {
        let (position, since) = place;
        let fresh = ConversationRow {
            position,
            unseen_reader_change: true,
            since,
            lacks_beginning: since.is_some(),
            ..ConversationRow::new(log, Standing::Active, token_secret, now)
        };
        let Some(old) = self.conversations.remove(&log) else {
            self.ledger.people.changed = true;
            let mut conversation = Conversation::new(fresh, group);
            conversation.live.chances = CHANCES;
            self.conversations.insert(log, conversation);
            return;
        };
        old.heads.keys().for_each(|position| self.writes.delete(rows::head(log, *position)));
        let row = ConversationRow {
            created: old.row.created,
            last: old.row.last.clone(),
            unread: old.row.unread.clone(),
            mentions: old.row.mentions.clone(),
            local: old.row.local.clone(),
            had: old.row.had,
            receipts: old.row.receipts.clone(),
            outgoing_next: old.row.outgoing_next,
            since: since.or(old.row.since),
            lacks_beginning: since.is_some() || old.row.lacks_beginning,
            missed: old.row.missed.clone(),
            new_answers: old.row.new_answers.clone(),
            ..fresh
        };
        self.ledger.people.changed = true;
        let mut conversation = Conversation::new(row, group);
        conversation.roster = old.roster;
        conversation.outbox = old.outbox;
        // What was encrypted for the old leaf is encrypted anew, under the same id.
        for outgoing in conversation.outbox.values_mut() {
            outgoing.former = outgoing.sealed.take().map(|(_, entry)| entry).or(outgoing.former.take());
        }
        conversation.job = old.job;
        if let Some(job) = &mut conversation.job {
            job.close_intent();
        }
        conversation.live.old_subscription = self.log_socket;
        conversation.live.chances = CHANCES;
        self.conversations.insert(log, conversation);
        if old.live.subscribed && self.log_socket {
            self.send(Plane::Log, ClientFrame::Unsubscribe { log });
        }
    }
}

/// The token that the key package of this welcome gives us for the log.
fn token_for(tokens: &std::collections::BTreeMap<Vec<u8>, Seed>, own: &[u8], log: &LogSecret) -> Option<Token> {
    let reference = WelcomeParts::reference_of(own).ok()?;
    let secret = TokenSecret::from_bytes(tokens.get(&reference.0)?.0).ok()?;
    Some(secret.token(log))
}
