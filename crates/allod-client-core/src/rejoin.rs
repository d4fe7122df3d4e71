//! A device that finds commits missing, or was restored from a backup, asks to be added again. Spec: rules C-11, C-16.
//!
//! It claims a key package of its own (which comes with the right to write into its own inbox, to be handed to whoever
//! answers), then the right to write once to another member's device, and asks. Nothing of this is persisted: asked twice, it is
//! answered once.

use allod_crypto::identity::verify_certificate;
use allod_crypto::{Random, inbox, random_bytes};
use allod_wire::inbox::{ClaimedDevice, ClaimedKeyPackages, InboxMessage, NewInboxItem};
use allod_wire::{DeviceId, EntryId, LogId, UnixMillis, cbor};

use crate::conversation::Standing;
use crate::core::ClientCore;
use crate::effect::Event;
use crate::job::Claim;
use crate::pending::Pending;
use crate::plan::Candidate;
use crate::request::HttpRequest;
use crate::stage::candidate;

/// After so long without an answer the next device is asked.
const ANSWER_MILLIS: u64 = 60_000;

/// How far asking is.
#[derive(Debug, Default)]
pub(crate) struct Rejoin {
    /// Our own claimed package, with the right to answer.
    own: Option<ClaimedDevice>,
    /// How many devices were asked.
    asked: usize,
    /// Until when an answer is waited for.
    until: Option<UnixMillis>,
}

impl Rejoin {
    /// When the next device is to be asked.
    pub(crate) fn due(&self) -> Option<UnixMillis> {
        self.until
    }
}

impl ClientCore {
    /// Commits are missing that the hub no longer holds.
    pub(crate) fn lost_the_thread(&mut self, log: LogId) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        if conversation.row.standing == Standing::Active {
            conversation.row.standing = Standing::Rejoining;
            self.event(Event::ConversationChanged(log));
        }
    }

    pub(crate) fn advance_rejoin(&mut self, log: LogId, now: UnixMillis) {
        let (Some(me), own_device) = (self.me(), self.my_device()) else { return };
        let is_rejoin = |pending: &Pending| {
            let asks =
                matches!(pending, Pending::RejoinOwn { .. } | Pending::RejoinPeer { .. } | Pending::RejoinAsk { .. });
            asks && pending.log() == Some(log)
        };
        if self.is_pending(is_rejoin) {
            return;
        }
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        if conversation.live.rejoin.until.is_some_and(|until| until > now) {
            return;
        }
        let has_own = conversation.live.rejoin.own.is_some();
        let asked = conversation.live.rejoin.asked;
        let membership = conversation.membership();
        let remembered = conversation.row.remembered.clone();
        if membership.is_none() && remembered.is_none() {
            return;
        }
        if !has_own {
            let claim = Claim { address: me, devices: vec![own_device] };
            if let Some(request) = self.claim_request(&claim) {
                self.request(Pending::RejoinOwn { log }, request);
            }
            return;
        }
        let Some(membership) = membership else {
            let people = remembered.map(|remembered| remembered.people).unwrap_or_default();
            let Some(person) = people.get(asked % people.len().max(1)) else { return };
            if let Some(request) = self.claim_request(&Claim { address: person.clone(), devices: Vec::new() }) {
                self.request(Pending::RejoinPeer { log, device: None }, request);
            }
            return;
        };
        let mut peers: Vec<_> = membership.readers.iter().filter(|reader| reader.device() != own_device).collect();
        peers.sort_by_key(|reader| (std::cmp::Reverse(membership.role(reader.address())), reader.leaf));
        let Some(peer) = peers.get(asked % peers.len().max(1)) else { return };
        let claim = Claim { address: peer.address().clone(), devices: vec![peer.device()] };
        if let Some(request) = self.claim_request(&claim) {
            self.request(Pending::RejoinPeer { log, device: Some(peer.device()) }, request);
        }
    }

    /// A device that cannot be reached (any more) answers nobody: the next one is asked.
    pub(crate) fn ask_another(&mut self, log: LogId) {
        if let Some(conversation) = self.conversations.get_mut(&log) {
            conversation.live.rejoin.asked += 1;
        }
    }

    pub(crate) fn handle_rejoin_own(
        &mut self,
        log: LogId,
        claimed: ClaimedKeyPackages,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) {
        let device = self.my_device();
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        conversation.live.rejoin.own = claimed.devices.into_iter().find(|claimed| claimed.device == device);
        if conversation.live.rejoin.own.is_none() {
            conversation.live.rejoin.until = Some(now.plus(ANSWER_MILLIS));
        }
        self.advance(log, now, rng);
    }

    /// We may write to the peer's device: asks, if it is one that is in our tree, or a known person's.
    pub(crate) fn handle_rejoin_peer(
        &mut self,
        log: LogId,
        device: Option<DeviceId>,
        claimed: ClaimedKeyPackages,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) {
        let suite = self.account.suite();
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let asked = conversation.live.rejoin.asked;
        conversation.live.rejoin.asked += 1;
        conversation.live.rejoin.until = Some(now.plus(ANSWER_MILLIS));
        let membership = conversation.peek_membership();
        let suite = conversation.group.as_ref().map_or(suite, allod_mls::Group::suite);
        let is_known = |peer: &Candidate| match (&membership, &conversation.row.remembered) {
            (Some(membership), _) => membership.readers.iter().any(|reader| {
                let signs = reader.certificate.signature_key.as_slice() == peer.package.signature_key;
                signs && reader.device() == peer.device
            }),
            (None, Some(remembered)) => {
                let certificate = verify_certificate(&peer.claimed.certificate);
                let is_pinned = certificate.is_ok_and(|certificate| self.contacts.is_pinned(&certificate));
                is_pinned && remembered.people.contains(&peer.address)
            }
            (None, None) => false,
        };
        let is_meant = |claimed: &&ClaimedDevice| device.is_none_or(|device| claimed.device == device);
        let peers = claimed.devices.iter().filter(is_meant).filter_map(|claimed| candidate(claimed, suite));
        let mut peers: Vec<_> = peers.filter(is_known).collect();
        // Of a person with several devices, one after the other is asked.
        let peer = (!peers.is_empty()).then(|| peers.swap_remove(asked % peers.len()));
        let (Some(peer), Some(own)) = (peer, conversation.live.rejoin.own.take()) else { return };
        let message = InboxMessage::Rejoin {
            log,
            key_package: own.key_package,
            certificate: own.certificate,
            inbox_key: own.inbox_key,
            ticket: own.ticket,
        };
        let device = peer.device;
        let sealed = inbox::seal(&peer.claimed.inbox_key, device, &cbor::to_vec(&message), rng);
        let Ok(sealed) = sealed else { return };
        let item = NewInboxItem { id: EntryId(random_bytes(rng)), sealed: sealed.into() };
        let request = HttpRequest::inbox_item(device, &peer.claimed.ticket, cbor::to_vec(&item));
        self.request(Pending::RejoinAsk { log }, request);
    }
}
