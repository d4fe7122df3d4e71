//! What the directory has said of our own user: a device that nobody here knows of is asked about. Spec: `spec/directory.md`, rules Y-8 and Y-12.

use std::collections::BTreeSet;

use allod_directory::{HistoryProofIn, Version};
use allod_wire::directory::{DirectoryDevice, ProvenEntry};
use allod_wire::{DeviceId, UnixMillis};

use crate::core::ClientCore;
use crate::effect::Event;
use crate::keeping::Newcomer;
use crate::pending::{AccountCall, Pending};

impl ClientCore {
    /// Asks for the history of our own user, once for each root (rule Y-12), after the account itself was looked at.
    pub(crate) fn ask_own_history(&mut self, now: UnixMillis) {
        let Some((root, _)) = self.ledger.root(now) else { return };
        let is_ready = self.account.joined.as_ref().is_some_and(|joined| joined.newcomers.is_some());
        let asks = |pending: &Pending| matches!(pending, Pending::Account(AccountCall::OwnHistory));
        if !is_ready || self.ledger.own_epoch == Some(root.epoch) || self.is_pending(asks) {
            return;
        }
        // Once for each root: what is under a newer one is asked for when that is known.
        self.ledger.own_epoch = Some(root.epoch);
        self.account_call(AccountCall::OwnHistory);
    }

    pub(crate) fn handle_own_history(&mut self, answer: &ProvenEntry, now: UnixMillis) {
        let (Some(me), Some((root, key))) = (self.me(), self.ledger.root(now)) else { return };
        if answer.root != root {
            return self.ledger.want_news();
        }
        let versions = HistoryProofIn::decode(&answer.proof).ok().and_then(|proof| proof.verify(&key, &root, &me).ok());
        if let Some(versions) = versions {
            self.learn_of_own(&versions, now);
        }
    }

    /// Whatever was there before our first look is older than this device's knowledge, unless it is there now and the server hides it
    /// from the account.
    fn learn_of_own(&mut self, versions: &[Version], now: UnixMillis) {
        let Some(joined) = &mut self.account.joined else { return };
        let newest: &[DirectoryDevice] = versions.first().map_or(&[], |newest| newest.entry.devices());
        let all: Vec<&DirectoryDevice> = versions.iter().flat_map(|version| version.entry.devices()).collect();
        let is_first = joined.in_directory.is_none();
        let looked_at: Vec<&DirectoryDevice> = if is_first { newest.iter().collect() } else { all.clone() };
        let seen = joined.in_directory.get_or_insert_default();
        let mut news = Vec::new();
        for device in looked_at {
            let id = device.device;
            let is_own = joined.devices.iter().any(|one| one.device == id) || joined.removed.contains(&id);
            let is_asked_about = joined.newcomers.iter().flatten().chain(&news).any(|one| one.device == id);
            if !is_own && !is_asked_about && !seen.contains(&id) {
                news.push(Newcomer { device: id, at: now, class: Some(device.class) });
            }
        }
        let ids: BTreeSet<DeviceId> = seen.iter().copied().chain(all.iter().map(|device| device.device)).collect();
        *seen = ids.into_iter().collect();
        if !news.is_empty() {
            joined.newcomers.get_or_insert_default().extend(news);
            self.event(Event::AccountChanged);
        }
    }
}
