//! Whom an organisation trusts, by its ledger: a fold over the statements. Spec: `spec/ledger.md`, rules G-3, G-5 to G-7, G-20 and G-21.
//!
//! Invariants:
//! - a statement that is refused changes nothing;
//! - only acts signed by administrators change who administers and which witnesses count, and whose releases.

use std::collections::BTreeSet;

use allod_crypto::digest::sha256;
use allod_crypto::identity::SigningSecret;
use allod_crypto::ledger::{sign_act, verify_act};
use allod_wire::ledger::{
    Act, ActBody, ActSignature, Change, DirectoryRoot, Founded, PublicKey, Statement, StatementIn,
};
use allod_wire::limits::ADMINISTRATORS_MAX;
use allod_wire::log::Digest;
use allod_wire::{Day, Domain, cbor};

use crate::policy::{PolicyError, WitnessPolicy};
use crate::release::{self, ReleaseError};

/// What the statements up to a position say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    domain: Domain,
    administrators: BTreeSet<[u8; 32]>,
    witnesses: WitnessPolicy,
    directory_key: [u8; 32],
    release_key: Option<[u8; 32]>,
    acts: u64,
    last_act: u64,
    last_act_digest: Digest,
    root: Option<DirectoryRoot>,
}

/// Why a statement is out of order. All of it accuses whoever runs the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// G-2: the bytes are no statement.
    #[error("not a statement")]
    Malformed,
    /// G-3: entry 0 is something else, or a later entry founds again.
    #[error("a ledger is founded by its first entry and by no other")]
    Founding,
    /// G-6: the act is not valid here.
    #[error("an administrators' act is refused")]
    Act(#[from] ActError),
    /// G-7: the epoch is not the next one.
    #[error("the directory's epoch {0} does not follow on the last one")]
    Epoch(u64),
    /// G-7: the root names another act than the last one.
    #[error("a root of the directory names the act at {0}, which is not the last one")]
    LastAct(u64),
    /// G-21: the release does not count.
    #[error("a release is refused")]
    Release(#[from] ReleaseError),
}

/// Why an act is refused (rule G-6).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// Its number, or the act that it names before it, is not the one that follows.
    #[error("it does not follow on the last act")]
    NotNext,
    /// A signature is not an administrator's, stands twice, or does not verify.
    #[error("a signature is not an administrator's")]
    Signature,
    /// Fewer administrators signed than it takes.
    #[error("{signed} of {needed} administrators signed")]
    TooFew {
        /// How many did.
        signed: usize,
        /// How many it takes.
        needed: usize,
    },
    /// None, too many, or the same administrator twice.
    #[error("an organisation has 1 to 64 administrators, each once")]
    Administrators,
    /// The witness policy does not read.
    #[error("the witness policy does not read")]
    Witnesses(#[source] PolicyError),
}

impl Trust {
    /// Reads entry 0 (rule G-3).
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn found(entry: &[u8]) -> Result<Self, TrustError> {
        match StatementIn::decode(entry) {
            Ok(StatementIn::Known(Statement::Founded(founded))) => Ok(Self {
                administrators: administrators(&founded.administrators)?,
                witnesses: founded.witnesses.parse().map_err(ActError::Witnesses)?,
                domain: founded.domain,
                directory_key: *founded.directory_key,
                release_key: None,
                acts: 0,
                last_act: 0,
                last_act_digest: sha256(entry),
                root: None,
            }),
            Ok(_) => Err(TrustError::Founding),
            Err(_) => Err(TrustError::Malformed),
        }
    }

    /// Whose ledger this is.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The administrators' keys.
    pub fn administrators(&self) -> impl ExactSizeIterator<Item = &[u8; 32]> {
        self.administrators.iter()
    }

    /// How many administrators must sign an act: two, or the only one (rule G-6).
    pub fn signatures_needed(&self) -> usize {
        self.administrators.len().min(2)
    }

    /// The witness policy in force (rule G-9).
    pub fn witnesses(&self) -> &WitnessPolicy {
        &self.witnesses
    }

    /// The key by which the directory hides its labels.
    pub fn directory_key(&self) -> &[u8; 32] {
        &self.directory_key
    }

    /// Whose releases count; `None` before an act says so (rule G-20).
    pub fn release_key(&self) -> Option<&[u8; 32]> {
        self.release_key.as_ref()
    }

    /// How many acts there were.
    pub fn acts(&self) -> u64 {
        self.acts
    }

    /// The position of the last act; 0 before the first.
    pub fn last_act(&self) -> u64 {
        self.last_act
    }

    /// The directory's last root.
    pub fn root(&self) -> Option<&DirectoryRoot> {
        self.root.as_ref()
    }

    /// The act that would make this change now, for administrators to sign.
    pub fn draw_up(&self, change: Change, day: Day) -> ActBody {
        let (number, previous, previous_digest) = (self.acts + 1, self.last_act, self.last_act_digest);
        ActBody { number, previous, previous_digest, day, change }
    }

    /// The next root of the directory (rule G-7).
    pub fn next_root(&self, root: Digest, day: Day) -> DirectoryRoot {
        DirectoryRoot { epoch: self.next_epoch(), root, day, last_act: self.last_act }
    }

    /// The epoch that a root must have to follow on the last one.
    pub fn next_epoch(&self) -> u64 {
        self.root.as_ref().map_or(1, |root| root.epoch + 1)
    }

    /// Whether this act may be appended now (rule G-6).
    ///
    /// # Errors
    /// [`ActError`].
    pub fn check_act(&self, origin: &str, act: &Act) -> Result<(), ActError> {
        let next = self.draw_up(act.body.change.clone(), act.body.day);
        if act.body != next {
            return Err(ActError::NotNext);
        }
        // Before the signatures: the first person to sign learns of it, and not the last.
        match &act.body.change {
            Change::Administrators(keys) => drop(administrators(keys)?),
            Change::ReleaseKey(_) => {}
            Change::Witnesses(policy) => drop(policy.parse::<WitnessPolicy>().map_err(ActError::Witnesses)?),
        }
        let mut signers = BTreeSet::new();
        for ActSignature { key, signature } in &act.signatures {
            let counts = self.administrators.contains(&**key) && signers.insert(**key);
            if !counts || !verify_act(key, origin, &act.body, signature) {
                return Err(ActError::Signature);
            }
        }
        let (signed, needed) = (signers.len(), self.signatures_needed());
        if signed < needed { Err(ActError::TooFew { signed, needed }) } else { Ok(()) }
    }

    /// Reads the entry at `position`, 1 or later, as somebody who read all before it. `None`: a statement of a later version.
    ///
    /// # Errors
    /// [`TrustError`]; nothing changed.
    pub fn apply(&mut self, origin: &str, position: u64, entry: &[u8]) -> Result<Option<Statement>, TrustError> {
        let statement = match StatementIn::decode(entry).map_err(|_| TrustError::Malformed)? {
            StatementIn::Known(statement) => statement,
            StatementIn::Unknown(_) => return Ok(None),
        };
        match &statement {
            Statement::Founded(Founded { .. }) => return Err(TrustError::Founding),
            Statement::Act(act) => {
                self.check_act(origin, act)?;
                self.change(&act.body.change);
                (self.acts, self.last_act, self.last_act_digest) = (act.body.number, position, sha256(entry));
            }
            Statement::DirectoryRoot(root) if root.epoch != self.next_epoch() => {
                return Err(TrustError::Epoch(root.epoch));
            }
            Statement::DirectoryRoot(root) if root.last_act != self.last_act => {
                return Err(TrustError::LastAct(root.last_act));
            }
            Statement::DirectoryRoot(root) => self.root = Some(root.clone()),
            Statement::Release(release) => release::check(release, self.release_key(), origin)?,
        }
        Ok(Some(statement))
    }

    /// A change that [`Self::check_act`] passed.
    fn change(&mut self, change: &Change) {
        match change {
            Change::Administrators(keys) => self.administrators = keys.iter().map(|key| **key).collect(),
            Change::Witnesses(policy) => self.witnesses = policy.parse().expect("the act was checked"),
            Change::ReleaseKey(key) => self.release_key = Some(**key),
        }
    }
}

fn administrators(keys: &[PublicKey]) -> Result<BTreeSet<[u8; 32]>, ActError> {
    let set: BTreeSet<[u8; 32]> = keys.iter().map(|key| **key).collect();
    if keys.is_empty() || keys.len() > ADMINISTRATORS_MAX || set.len() != keys.len() {
        return Err(ActError::Administrators);
    }
    Ok(set)
}

/// An administrator's signature under an act of the log `origin`.
pub fn sign(administrator: &SigningSecret, origin: &str, body: &ActBody) -> ActSignature {
    ActSignature { key: administrator.public().into(), signature: sign_act(administrator, origin, body).into() }
}

/// The digest by which people compare an act that they are to sign.
pub fn digest(body: &ActBody) -> Digest {
    sha256(&cbor::to_vec(body))
}

#[cfg(test)]
mod tests;
