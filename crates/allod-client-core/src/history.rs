//! History for a new device: what was said before it came, from another device of the same account. Spec: `spec/history.md`.
//!
//! The newcomer asks, one device after the other ([`get`]); who is asked puts the history beside a log that both are in, part by part, and
//! says where ([`give`]); the newcomer takes the parts in ([`keep`]). Invariants:
//! - a history goes only to a device of the own account that is a reader of the log beside which it is put, and is taken only from such;
//! - a part is taken in whole or not at all, in the write that says so;
//! - what a device has read itself is not touched by what another one sends.

pub(crate) mod get;
pub(crate) mod give;
mod keep;

use allod_crypto::identity::{sign_for_device, verify_certificate, verify_for_device};
use allod_crypto::{Random, inbox, random_bytes};
use allod_wire::account::DeviceCertificate;
use allod_wire::error::ErrorBody;
use allod_wire::inbox::{ClaimedDevice, ClaimedKeyPackages, InboxMessage, NewInboxItem};
use allod_wire::{DeviceId, EntryId, UnixMillis, cbor};

use serde::Serialize;

use crate::core::ClientCore;
use crate::effect::Event;
use crate::job::Delivery;
use crate::pending::Pending;
use crate::request::{accepted, read};

/// Parts of one history at most (rule D-4).
pub(crate) const PARTS_MAX: usize = 512;
/// Longest part, in bytes (rule D-4).
pub(crate) const PART_BYTES_MAX: u64 = 8 << 20;
/// A part is closed once it is so long, in bytes: as a blob it takes 1 MiB then, unless its last record is a long one.
pub(crate) const PART_BYTES: usize = 960 << 10;

/// How far a history is on its way between this device and another one of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum HistoryStep {
    /// That device asked for the history, and this one sends it.
    Sending {
        /// So much of it is at the server.
        percent: u8,
    },
    /// That device is told where it is.
    Sent,
    /// This device is new and asked that one for the history, and no other one has answered either.
    Asked,
    /// That device sends the history to this one.
    Coming {
        /// So much of it has come.
        percent: u8,
    },
    /// It is here.
    Here {
        /// Lines that came.
        lines: u64,
    },
    /// It could not be sent, or what came could not be used.
    Failed,
    /// What says that it comes from that device does not, or that device is not one of the account.
    Refused,
}

/// Requests for a history on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HistoryCall {
    /// The right to ask that device.
    Peer(DeviceId),
    /// The question to it.
    Ask(DeviceId),
    /// A piece of a part.
    Fetch,
    /// Rows for that device, from the vault.
    Rows(DeviceId),
    /// A piece of a part for that device.
    Part(DeviceId),
    /// The right to tell that device.
    Right(DeviceId),
    /// The word to it.
    Word(DeviceId),
}

impl ClientCore {
    /// Histories that are on their way, with the other device of each.
    pub fn histories(&self) -> Vec<(DeviceId, HistoryStep)> {
        let coming = self.getting.step().filter(|(device, _)| self.is_listed(*device));
        let sending = self.giving.keys().filter_map(|device| Some((*device, self.giving_step(*device)?)));
        coming.into_iter().chain(sending).collect()
    }

    /// Does for histories whatever can be done now.
    pub(crate) fn advance_histories(&mut self, now: UnixMillis, rng: &mut dyn Random) {
        let devices: Vec<DeviceId> = self.giving.keys().copied().collect();
        for device in devices {
            self.advance_giving(device, now, rng);
        }
        self.advance_getting(now);
    }

    /// When a history is to be gone on with.
    pub(crate) fn histories_due(&self) -> Option<UnixMillis> {
        let giving = self.giving.values().filter_map(|given| given.live.due);
        giving.chain(self.getting.live.due).min()
    }

    pub(crate) fn handle_history_answer(
        &mut self,
        call: HistoryCall,
        status: u16,
        body: &[u8],
        now: UnixMillis,
        rng: &mut dyn Random,
    ) {
        if let HistoryCall::Part(device) = call {
            return self.handle_part_answer(device, status, body, now);
        }
        if let Err(error) = accepted(status, body) {
            return self.history_refused(call, &error, now);
        }
        let claimed = || read::<ClaimedKeyPackages>(status, body).map(|claimed| claimed.devices);
        let understood = match call {
            HistoryCall::Peer(device) => claimed().map(|claimed| self.may_ask(device, &claimed, now, rng)),
            HistoryCall::Right(device) => claimed().map(|claimed| self.may_tell(device, &claimed, rng)),
            HistoryCall::Fetch => {
                self.handle_history_piece(status, body, now);
                Ok(())
            }
            HistoryCall::Ask(device) => {
                self.has_asked(device, now);
                Ok(())
            }
            HistoryCall::Word(device) => {
                self.has_told(device);
                Ok(())
            }
            HistoryCall::Part(_) | HistoryCall::Rows(_) => Ok(()),
        };
        if let Err(error) = understood {
            self.history_refused(call, &error, now);
        }
    }

    pub(crate) fn history_refused(&mut self, call: HistoryCall, error: &ErrorBody, now: UnixMillis) {
        match call {
            HistoryCall::Peer(device) | HistoryCall::Ask(device) => self.ask_refused(device, error, now),
            HistoryCall::Fetch => self.fetch_refused(error, now),
            HistoryCall::Part(device) | HistoryCall::Right(device) | HistoryCall::Word(device) => {
                self.giving_refused(device, call, error, now);
            }
            HistoryCall::Rows(_) => {}
        }
    }

    /// An item of another device of the account: who says so, if it does (rule D-2).
    pub(crate) fn verified_sender(&mut self, message: &InboxMessage) -> Option<DeviceCertificate> {
        let (InboxMessage::HistoryWanted { certificate, signature, .. }
        | InboxMessage::History { certificate, signature, .. }) = message
        else {
            return None;
        };
        let sender = verify_certificate(certificate).ok()?;
        let signed = cbor::to_vec(&unsigned(message.clone()));
        let is_signed = verify_for_device(&sender.signature_key, self.my_device(), &signed, signature).is_ok();
        if is_signed && self.is_own_device(&sender) {
            return Some(sender);
        }
        self.event(Event::History { device: sender.device, step: HistoryStep::Refused });
        None
    }

    /// Another device of this account, as far as its certificate says, that was not removed.
    fn is_own_device(&self, certificate: &DeviceCertificate) -> bool {
        let is_removed = |joined: &crate::account::JoinedRow| joined.removed.contains(&certificate.device);
        self.me().as_ref() == Some(&certificate.address)
            && *certificate.identity_key == self.keys.identity.public()
            && certificate.device != self.my_device()
            && !self.account.joined.as_ref().is_some_and(is_removed)
    }

    /// The account lists the device (rule A-3).
    pub(crate) fn is_listed(&self, device: DeviceId) -> bool {
        let joined = self.account.joined.as_ref();
        joined.is_some_and(|joined| joined.devices.iter().any(|listed| listed.device == device))
    }

    /// An item for another device of the account, which was claimed for it; `None` if the claim is for something else.
    fn item_for(
        &self,
        device: DeviceId,
        claimed: &[ClaimedDevice],
        message: InboxMessage,
        rng: &mut dyn Random,
    ) -> Option<Delivery> {
        let claimed = claimed.iter().find(|claimed| claimed.device == device)?;
        let certificate = verify_certificate(&claimed.certificate).ok().filter(|one| one.device == device)?;
        allod_crypto::identity::check_inbox_key(&certificate, &claimed.inbox_key).ok()?;
        if !self.is_own_device(&certificate) || !self.is_listed(device) {
            return None;
        }
        let signature = sign_for_device(&self.keys.signer, device, &cbor::to_vec(&unsigned(message.clone())));
        let sealed = inbox::seal(&claimed.inbox_key, device, &cbor::to_vec(&signed(message, signature)), rng).ok()?;
        let (item, ticket) = (EntryId(random_bytes(rng)), claimed.ticket.clone());
        Some(Delivery { device, ticket, item, sealed: sealed.into() })
    }

    fn deliver_history(&mut self, call: HistoryCall, delivery: &Delivery) {
        let body = cbor::to_vec(&NewInboxItem { id: delivery.item, sealed: delivery.sealed.clone() });
        let request = crate::request::HttpRequest::inbox_item(delivery.device, &delivery.ticket, body);
        self.request(Pending::History(call), request);
    }

    /// The encoded certificate of this device.
    fn own_certificate(&self) -> Option<Vec<u8>> {
        let joined = self.account.joined.as_ref()?;
        Some(cbor::to_vec(&self.keys.certificate(&self.account, &joined.organisation.domain)))
    }
}

fn unsigned(message: InboxMessage) -> InboxMessage {
    signed(message, [0; 64])
}

fn signed(mut message: InboxMessage, by: [u8; 64]) -> InboxMessage {
    if let InboxMessage::HistoryWanted { signature, .. } | InboxMessage::History { signature, .. } = &mut message {
        *signature = by.into();
    }
    message
}

/// How much `done` is of `all`, in percent.
pub(crate) fn percent(done: u64, all: u64) -> u8 {
    let percent = done.min(all).saturating_mul(100).checked_div(all).unwrap_or(0);
    u8::try_from(percent).unwrap_or(100)
}
