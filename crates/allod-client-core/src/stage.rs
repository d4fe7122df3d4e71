//! Staging: the commit of a job, made and persisted with everything that has to follow from it. Spec: rules C-6, C-8.

use std::collections::BTreeMap;

use allod_crypto::blob::{BLOCK_PLAIN_BYTES, BlobSealer, random_key};
use allod_crypto::digest::sha256;
use allod_crypto::identity::{check_inbox_key, verify_certificate};
use allod_crypto::{Random, envelope, random_bytes};
use allod_mls::{KeyPackageIn, OwnCommit, Suite};
use allod_wire::blob::BlobRef;
use allod_wire::inbox::ClaimedDevice;
use allod_wire::log::{Digest, EntryContext, EntryKind, HeadSeen, NewEntry};
use allod_wire::{BlobId, Commits, EntryId, LogId, UnixMillis, cbor};

use crate::advance::DUTY_STEP_MILLIS;
use crate::core::ClientCore;
use crate::effect::Event;
use crate::error::AddFailure;
use crate::intent::Intent;
use crate::job::{Newcomer, Staged, WelcomeUpload};
use crate::outbox::Outgoing;
use crate::plan::{Candidate, NoPlan, Plan, Situation, after, allowed_changes, token_diff};
use crate::roles::authorise;

/// A duty that could not be done is tried again after this long.
pub(crate) const DUTY_AGAIN_MILLIS: u64 = 600_000;

/// A device of somebody, as claimed, if everything about it is right (rules I-3, C-12).
pub(crate) fn candidate(claimed: &ClaimedDevice, suite: Suite) -> Option<Candidate> {
    let certificate = verify_certificate(&claimed.certificate).ok()?;
    check_inbox_key(&certificate, &claimed.inbox_key).ok()?;
    let package = KeyPackageIn::decode(&claimed.key_package).ok()?.validate(suite).ok()?;
    let is_of_device = package.credential == claimed.certificate.as_slice()
        && package.signature_key == certificate.signature_key.as_slice()
        && certificate.device == claimed.device
        && allod_crypto::token::token_key(&package.token_public, &probe()).is_ok();
    let (address, device) = (certificate.address, certificate.device);
    is_of_device.then(|| Candidate { package, address, device, claimed: claimed.clone() })
}

/// Whether a point is one does not depend on the log.
fn probe() -> allod_crypto::token::LogSecret {
    allod_crypto::token::LogSecret::from_wire(&allod_wire::inbox::LogSecretBytes([0; 32]))
}

impl ClientCore {
    /// Makes the commit for the job's intent, or ends the intent if there is none to make.
    pub(crate) fn stage(&mut self, log: LogId, now: UnixMillis, rng: &mut dyn Random) {
        let (Some(me), device) = (self.me(), self.my_device()) else { return };
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let Some(membership) = conversation.membership() else { return };
        let can_repair = conversation.can_repair(&me);
        let (Some(job), Some(group)) = (&conversation.job, &conversation.group) else { return };
        let Some(intent) = job.intent.clone() else { return };
        let candidates = job.claimed.iter().filter_map(|claimed| candidate(claimed, group.suite())).collect();
        let situation = Situation {
            membership: &membership,
            me: &me,
            device,
            leaving: &conversation.row.leaving,
            pending_proposals: group.has_pending_proposals(),
            repairs: can_repair,
            additions_max: self.additions_max,
        };
        match situation.plan(&intent, candidates) {
            Ok(plan) => self.stage_plan(log, plan, now, rng),
            Err(NoPlan::Done) => self.end_intent(log, None, now),
            Err(NoPlan::NotAllowed) => self.end_intent(log, Some(&intent), now),
            Err(NoPlan::SayLeave) => {
                self.end_intent(log, None, now);
                self.queue_leave(log, now, rng);
            }
        }
    }

    fn stage_plan(&mut self, log: LogId, plan: Plan, now: UnixMillis, rng: &mut dyn Random) {
        let frank: Digest = random_bytes::<32>(rng).into();
        let (Some(me), Some(device)) = (self.me(), &self.device) else { return };
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        let Some(before) = conversation.membership() else { return };
        let (Some(head), Some(seen)) = (conversation.row.head, conversation.row.commits) else { return };
        let context = EntryContext { seen: HeadSeen { position: conversation.row.position, head }, frank };
        let mut change = plan.change;
        change.aad = cbor::to_vec(&context);
        let Some(group) = &mut conversation.group else { return };
        let intent = conversation.job.as_ref().and_then(|job| job.intent.clone());
        let Ok(staged) = group.stage_commit(&mut self.store, device, change) else {
            return self.end_intent(log, intent.as_ref(), now);
        };
        let allowed = authorise(&before.state, &before.readers, &staged.view);
        let (Ok(()), Some(after)) = (allowed, after(&before, &staged.view)) else {
            let _ = group.abandon_own_commit(&mut self.store);
            return self.end_intent(log, intent.as_ref(), now);
        };
        let mut wanted: BTreeMap<_, _> = conversation.row.repairs.clone();
        wanted.extend(token_diff(&before, &after));
        for (_, key) in &conversation.row.leaving {
            if wanted.get(key) == Some(&None) {
                wanted.remove(key); // The leaver revoked it already.
            }
        }
        let changes = allowed_changes(&wanted, before.token_role(&me));
        let sealed = envelope::seal(&before.secret(), log, &staged.commit, rng);
        let Ok(payload) = sealed else {
            let _ = group.abandon_own_commit(&mut self.store);
            return self.end_intent(log, intent.as_ref(), now);
        };
        let entry = NewEntry {
            id: EntryId(random_bytes(rng)),
            kind: EntryKind::Commit { seen },
            changes,
            frank,
            payload: payload.into(),
        };
        let (upload, shared, newcomers) = welcome(&staged, plan.newcomers, rng);
        if let Some(job) = &mut conversation.job {
            job.staged = Some(Staged { entry, upload, shared, newcomers });
        }
    }

    /// The job's intent is done or, if `given_up`, cannot be.
    pub(crate) fn end_intent(&mut self, log: LogId, given_up: Option<&Intent>, now: UnixMillis) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        // What could not be done now is not tried again at once. Else there may be a next duty, which nothing but time calls for.
        let again = if given_up.is_some() { DUTY_AGAIN_MILLIS } else { DUTY_STEP_MILLIS };
        conversation.live.duty_at = Some(now.plus(again));
        if let Some(job) = &mut conversation.job {
            job.close_intent();
        }
        if let Some(intent) = given_up {
            self.event(Event::ChangeDropped { log, verb: intent.verb() });
        }
        self.event(Event::ConversationChanged(log));
    }

    /// Puts the wish to leave behind what waits to be sent.
    fn queue_leave(&mut self, log: LogId, now: UnixMillis, rng: &mut dyn Random) {
        let id = EntryId(random_bytes(rng));
        let leave = Outgoing {
            id,
            time: now,
            content: Vec::new().into(),
            sealed: None,
            failed: false,
            leaves: true,
            former: None,
        };
        self.enqueue(log, leave);
    }

    /// A commit that lost its race: forgotten, and its intent planned anew (rule C-8).
    pub(crate) fn abandon_staged(&mut self, log: LogId, commits_at_hub: Commits) {
        let Some(conversation) = self.conversations.get_mut(&log) else { return };
        conversation.live.commit_sent = None;
        conversation.live.commits_at_hub = conversation.live.commits_at_hub.max(commits_at_hub);
        if let Some(job) = &mut conversation.job {
            job.staged = None;
        }
        if let Some(group) = &mut conversation.group {
            let _ = group.abandon_own_commit(&mut self.store);
        }
    }

    /// Somebody cannot be added.
    pub(crate) fn could_not_add(&mut self, log: LogId, person: allod_wire::Address, why: AddFailure) {
        self.event(Event::CouldNotAdd { log, person, why });
    }
}

/// The welcome in the two parts in which it travels (rule C-6).
fn welcome(
    commit: &OwnCommit,
    candidates: Vec<Candidate>,
    rng: &mut dyn Random,
) -> (Option<WelcomeUpload>, Option<BlobRef>, Vec<Newcomer>) {
    let Some(parts) = &commit.welcome else { return (None, None, Vec::new()) };
    let key = random_key(rng);
    let size = parts.shared.len() as u64;
    let Ok(sealer) = BlobSealer::new(key.clone(), size) else { return (None, None, Vec::new()) };
    let mut plain = parts.shared.chunks(BLOCK_PLAIN_BYTES);
    let sealed: Vec<u8> =
        (0..sealer.blocks()).flat_map(|block| sealer.seal(block, plain.next().unwrap_or(&[]))).collect();
    let shared = BlobRef { blob: BlobId(random_bytes(rng)), key, size, digest: sha256(&parts.shared) };
    let mut own: BTreeMap<_, _> = parts.own.iter().cloned().collect();
    let newcomers = candidates.into_iter().filter_map(|candidate| {
        let own = own.remove(&candidate.package.reference)?;
        let ClaimedDevice { device, inbox_key, ticket, .. } = candidate.claimed;
        Some(Newcomer { device, inbox_key, ticket, own: own.into() })
    });
    let newcomers = newcomers.collect();
    (Some(WelcomeUpload { sealed: sealed.into(), received: 0 }), Some(shared), newcomers)
}
