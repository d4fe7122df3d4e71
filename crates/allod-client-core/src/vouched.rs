//! Whether the directory names the devices of everybody in our conversations: looked up in the background, and kept. Spec: `spec/directory.md`,
//! rules Y-9, Y-11 and Y-14.

use std::collections::{BTreeMap, BTreeSet};

use allod_directory::Version;
use allod_wire::account::DeviceCertificate;
use allod_wire::directory::{DirectoryDevice, LookUpEntry, ProvenEntry};
use allod_wire::{Address, UnixMillis, cbor};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::core::ClientCore;
use crate::effect::Event;
use crate::ledger::Ledger;
use crate::pending::Pending;
use crate::proven::Unproven;
use crate::request::{HttpRequest, Method};
use crate::rows::{self, Row, Writes};

/// Look-ups are so far apart at least.
const LOOK_EVERY_MILLIS: u64 = 5_000;
/// And so far after a refusal.
const LOOK_AGAIN_MILLIS: u64 = 60_000;
/// Who is not named is looked up so often in all before that is said: a device may be a second old.
const LOOKS_MAX: u32 = 3;

/// Whether the public record names a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InRecord {
    /// It does.
    Named,
    /// It does not: somebody reads who is not known to the organisation.
    NotNamed,
    /// Not looked up yet.
    NotChecked,
}

/// The row `v/ADDRESS`: what the directory says of a person.
#[derive(Debug, Encode, Decode)]
pub(crate) struct Vouched {
    #[n(0)]
    address: Address,
    /// Under the root of this epoch.
    #[n(1)]
    epoch: u64,
    /// None: it shows no entry.
    #[n(2)]
    identity_key: Option<ByteArray<32>>,
    #[n(3)]
    devices: Vec<DirectoryDevice>,
}

/// What is known of everybody, and who is to be looked up.
#[derive(Debug)]
pub(crate) struct People {
    known: BTreeMap<Address, Row<Vouched>>,
    /// With how often each was looked up in vain.
    wanted: BTreeMap<Address, u32>,
    /// Somebody may have come, or the directory may say more.
    pub(crate) changed: bool,
    next: UnixMillis,
}

impl Default for People {
    fn default() -> Self {
        Self { known: BTreeMap::new(), wanted: BTreeMap::new(), changed: true, next: UnixMillis(0) }
    }
}

impl People {
    pub(crate) fn restore(&mut self, value: &[u8]) -> Result<(), cbor::DecodeError> {
        let row: Row<Vouched> = Row::decode(value)?;
        self.known.insert(row.address.clone(), row);
        Ok(())
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        for (address, row) in &mut self.known {
            row.flush(|| rows::vouched(address), writes);
        }
    }

    /// What the directory showed of `address` under the root of `epoch`.
    pub(crate) fn note(&mut self, address: &Address, version: Option<&Version>, epoch: u64) {
        let entry = version.map(|version| &version.entry);
        let vouched = Vouched {
            address: address.clone(),
            epoch,
            identity_key: entry.map(|entry| (*entry.identity_key()).into()),
            devices: entry.map(|entry| entry.devices().to_vec()).unwrap_or_default(),
        };
        self.wanted.remove(address);
        self.known.insert(address.clone(), Row::new(vouched));
    }

    fn names(&self, certificate: &DeviceCertificate) -> bool {
        self.known.get(&certificate.address).is_some_and(|known| {
            known.identity_key == Some(certificate.identity_key) && known.devices.contains(&certificate.into())
        })
    }
}

impl Ledger {
    fn epoch(&self) -> Option<u64> {
        self.light.as_ref()?.root().map(|(_, root)| root.epoch)
    }

    /// Whether the public record names this device; `None` where there is no ledger.
    pub(crate) fn in_record(&self, certificate: &DeviceCertificate) -> Option<InRecord> {
        self.light.as_ref()?;
        let is_looked_up =
            self.people.known.get(&certificate.address).is_some_and(|known| Some(known.epoch) == self.epoch());
        Some(match (self.people.names(certificate), is_looked_up) {
            (true, _) => InRecord::Named,
            (false, true) => InRecord::NotNamed,
            (false, false) => InRecord::NotChecked,
        })
    }
}

impl ClientCore {
    /// When the next person is to be looked up.
    pub(crate) fn looks_due(&self) -> Option<UnixMillis> {
        let waits =
            !self.ledger.people.wanted.is_empty() && !self.is_pending(|one| matches!(one, Pending::LookUpEntry(_)));
        waits.then_some(self.ledger.people.next)
    }

    /// Looks up whose devices are not known to be named, one person at a time (rule Y-14).
    pub(crate) fn look_people_up(&mut self, now: UnixMillis) {
        let can_look = self.ledger.root(now).is_some();
        if can_look && std::mem::take(&mut self.ledger.people.changed) {
            self.want_people();
        }
        if self.looks_due().is_none_or(|due| due > now) {
            return;
        }
        self.ledger.people.next = now.plus(LOOK_EVERY_MILLIS);
        if !can_look {
            return;
        }
        // Whoever was looked up in vain waits behind the others.
        let next = self.ledger.people.wanted.iter().min_by_key(|(_, looks)| **looks);
        let Some(address) = next.map(|(address, _)| address.clone()) else { return };
        let Some(ticket) = self.take_ticket() else { return };
        let body = cbor::to_vec(&LookUpEntry { ticket, user: address.name.clone() });
        let request = HttpRequest::log(None, Method::Post, "/v1/directory/look-up", body);
        self.request(Pending::LookUpEntry(address), request);
    }

    fn want_people(&mut self) {
        let mut wanted = BTreeSet::new();
        for conversation in self.conversations.values().filter(|conversation| conversation.is_member()) {
            let Some(here) = conversation.peek_membership() else { continue };
            let unsettled = here
                .readers
                .iter()
                .filter(|reader| self.ledger.in_record(&reader.certificate) == Some(InRecord::NotChecked));
            wanted.extend(unsettled.map(|reader| reader.address().clone()));
        }
        for address in wanted {
            self.ledger.people.wanted.entry(address).or_default();
        }
    }

    /// What the directory says of somebody came, or that it says nothing.
    pub(crate) fn handle_looked_up(&mut self, address: &Address, answer: Option<&ProvenEntry>, now: UnixMillis) {
        let shown = self.ledger.shown(address, answer, now);
        let Some(epoch) = self.ledger.epoch() else { return };
        let looks = self.ledger.people.wanted.get(address).map_or(LOOKS_MAX, |looks| looks + 1);
        let is_settled = match &shown {
            Ok(version) => self.names_all_here(address, version),
            Err(Unproven::NewsFirst) => return self.ledger.want_news(),
            Err(Unproven::NotShown) => false,
        };
        if !is_settled && looks < LOOKS_MAX {
            self.ledger.people.wanted.insert(address.clone(), looks);
            return;
        }
        self.ledger.people.note(address, shown.as_ref().ok(), epoch);
        let logs: Vec<_> = self.conversations.keys().copied().collect();
        for log in logs {
            let here = self.conversations.get(&log).and_then(|conversation| conversation.peek_membership());
            if here.is_some_and(|here| here.people.contains(address)) {
                self.event(Event::ConversationChanged(log));
            }
        }
    }

    /// The server does not answer: looked up again after a while.
    pub(crate) fn look_refused(&mut self, now: UnixMillis) {
        self.ledger.people.next = now.plus(LOOK_AGAIN_MILLIS);
    }

    /// Whether an entry names all devices that this person reads with, anywhere.
    fn names_all_here(&self, address: &Address, version: &Version) -> bool {
        let here = self.conversations.values().filter(|conversation| conversation.is_member());
        here.filter_map(|conversation| conversation.peek_membership())
            .all(|membership| membership.devices_of(address).all(|reader| version.entry.names(&reader.certificate)))
    }
}
