//! What the directory shows, and what is done by it: whose key packages are used. Spec: `spec/directory.md`, rules Y-9, Y-11 and Y-13.
//!
//! Invariant: where there is a ledger, no key package comes into a job unless the entry under its root names the certificate.

use std::collections::BTreeMap;

use allod_crypto::identity::verify_certificate;
use allod_directory::{LookupProofIn, Version};
use allod_wire::directory::{EpochRoot, ProvenEntry};
use allod_wire::inbox::ClaimedKeyPackages;
use allod_wire::{Address, LogId, UnixMillis};

use crate::core::ClientCore;
use crate::error::AddFailure;
use crate::ledger::Ledger;
use crate::stock::backoff;

/// A claim that the directory does not vouch for is made so often in all: one, two and four seconds apart (rule Y-13).
const CLAIMS_MAX: u32 = 4;

/// Claims that the directory has not vouched for yet, in this run of the program: after a restart they are made again.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Answers that wait for the ledger's news.
    aside: Vec<(LogId, Address, ClaimedKeyPackages)>,
    /// How often each was made in vain.
    made: BTreeMap<(LogId, Address), u32>,
}

impl Claims {
    pub(crate) fn is_aside(&self, log: LogId, address: &Address) -> bool {
        self.aside.iter().any(|(of, who, _)| *of == log && who == address)
    }
}

/// Why an answer shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unproven {
    /// It is under a root that is newer than the known one, or beside it; or nothing is known that may be acted on.
    NewsFirst,
    /// There is no entry, or it is not shown under the known root.
    NotShown,
}

impl Ledger {
    /// The root under which anything is believed now, and the directory's key.
    pub(crate) fn root(&self, now: UnixMillis) -> Option<(EpochRoot, [u8; 32])> {
        let light = self.light.as_ref().filter(|_| self.is_current(now) && !self.is_accused())?;
        let (_, root) = light.root()?;
        let key = light.trust()?.directory_key();
        Some((EpochRoot { epoch: root.epoch, root: root.root }, *key))
    }

    /// What the directory says of `address`, by this answer.
    pub(crate) fn shown(
        &self,
        address: &Address,
        answer: Option<&ProvenEntry>,
        now: UnixMillis,
    ) -> Result<Version, Unproven> {
        let (root, key) = self.root(now).ok_or(Unproven::NewsFirst)?;
        let answer = answer.ok_or(Unproven::NotShown)?;
        if answer.root != root {
            // Behind ours by a moment; or ahead of it, or beside it: the news shows which.
            return Err(if answer.root.epoch < root.epoch { Unproven::NotShown } else { Unproven::NewsFirst });
        }
        let proof = LookupProofIn::decode(&answer.proof).ok();
        proof.and_then(|proof| proof.verify(&key, &root, address).ok()).ok_or(Unproven::NotShown)
    }

    /// News was taken, and there is a root to go by.
    fn is_checkable(&self, now: UnixMillis) -> bool {
        self.root(now).is_some() && !self.is_refused()
    }

    /// Accepted once, and not accused: otherwise nobody is looked up before the next news.
    pub(crate) fn can_look_up(&self) -> bool {
        self.light.as_ref().is_some_and(|light| light.root().is_some()) && !self.is_refused()
    }

    /// Whether the organisation has one at all.
    pub(crate) fn is_there(&self) -> bool {
        self.light.is_some()
    }
}

impl ClientCore {
    /// Somebody's key packages came: they are used if the directory vouches for all of them (rule Y-13).
    pub(crate) fn handle_claimed(
        &mut self,
        log: LogId,
        address: &Address,
        claimed: ClaimedKeyPackages,
        after_news: bool,
        now: UnixMillis,
    ) {
        if !self.ledger.is_there() {
            return self.take_claimed(log, address, claimed, now);
        }
        let names_all = |version: &Version| {
            let certificates = claimed.devices.iter().map(|device| verify_certificate(&device.certificate));
            certificates.into_iter().all(|certificate| certificate.is_ok_and(|one| version.entry.names(&one)))
        };
        match self.ledger.shown(address, claimed.entry.as_ref(), now) {
            Ok(version) if names_all(&version) => {
                self.ledger.claims.made.remove(&(log, address.clone()));
                if let Some((root, _)) = self.ledger.root(now) {
                    self.ledger.people.note(address, Some(&version), root.epoch);
                }
                self.take_claimed(log, address, claimed, now);
            }
            Err(Unproven::NewsFirst) if !after_news => {
                self.ledger.claims.aside.push((log, address.clone(), claimed));
                self.ledger.want_news();
            }
            Err(Unproven::NewsFirst) if !self.ledger.is_checkable(now) => {
                self.claim_in_vain(log, address, AddFailure::RecordNotChecked, now);
            }
            Ok(_) | Err(_) => self.claim_in_vain(log, address, AddFailure::NotInRecord, now),
        }
    }

    /// The news came, or was refused: what waited for it is decided.
    pub(crate) fn news_came(&mut self, now: UnixMillis) {
        for (log, address, claimed) in std::mem::take(&mut self.ledger.claims.aside) {
            self.handle_claimed(log, &address, claimed, true, now);
        }
    }

    fn claim_in_vain(&mut self, log: LogId, address: &Address, why: AddFailure, now: UnixMillis) {
        let made = self.ledger.claims.made.entry((log, address.clone())).or_default();
        *made += 1;
        if *made < CLAIMS_MAX {
            let again = now.plus(backoff(*made - 1, None));
            if let Some(conversation) = self.conversations.get_mut(&log) {
                conversation.live.retry_at = Some(again);
            }
            return;
        }
        self.ledger.claims.made.remove(&(log, address.clone()));
        self.end_claim(log, address);
        self.person_refused(log, address.clone(), why, now);
    }
}
