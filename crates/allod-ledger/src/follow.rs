//! Following a ledger whole: every entry read, every head checked, every statement judged. Spec: `spec/ledger.md`, rules G-2 to G-9.
//!
//! Invariants:
//! - what is refused leaves the follower as it was;
//! - the tree is computed from the entries alone, so a head that is accepted contains exactly them;
//! - a statement that is out of order changes nothing and becomes a [`Finding`].

use allod_wire::UnixMillis;
use allod_wire::ledger::Statement;
use tlog_tiles::Hash;

use crate::checkpoint::{Checkpoint, CheckpointError, CheckpointIn};
use crate::head::{Head, HeadError, check_follows, vouched};
use crate::key::NoteKey;
use crate::tree;
use crate::trust::{Trust, TrustError};

/// Somebody who reads all of one ledger.
#[derive(Debug, Clone)]
pub struct Follower {
    log: NoteKey,
    trust: Option<Trust>,
    stored: Vec<Hash>,
    head: Option<Head>,
}

/// What a reader makes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Its position.
    pub position: u64,
    /// What it says; `None`: a statement of a later version. An error accuses whoever runs the log.
    pub said: Result<Option<Statement>, TrustError>,
}

/// Why a head with its entries is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// G-8: the head.
    #[error("the head is refused")]
    Head(#[from] HeadError),
    /// G-1: the log does not give the entries that its head counts.
    #[error("{missing} entries are missing")]
    Missing {
        /// How many.
        missing: u64,
    },
    /// G-3: entry 0 founds no ledger.
    #[error("the ledger is not founded")]
    Founding(#[source] TrustError),
}

impl From<CheckpointError> for FollowError {
    fn from(error: CheckpointError) -> Self {
        Self::Head(error.into())
    }
}

impl Follower {
    /// Somebody who knows the log's key and nothing else.
    pub fn new(log: NoteKey) -> Self {
        Self { log, trust: None, stored: Vec::new(), head: None }
    }

    /// The log's key.
    pub fn log(&self) -> &NoteKey {
        &self.log
    }

    /// How many entries were read.
    pub fn size(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.checkpoint().size())
    }

    /// The last accepted head.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// What the entries say; `None` before the first.
    pub fn trust(&self) -> Option<&Trust> {
        self.trust.as_ref()
    }

    /// The proof file (tlog-proof) that the entry at `position`, below [`Self::size`], is under the last head.
    pub fn prove(&self, position: u64) -> Option<Vec<u8>> {
        let head = self.head.as_ref().filter(|head| position < head.checkpoint().size())?;
        let hashes = tree::prove_inclusion(head.checkpoint().size(), position, &self.stored).ok()?;
        Some(crate::proof::encode(position, &hashes, head.checkpoint()))
    }

    /// Takes a head and the entries from [`Self::size`] on; says what each of them says.
    ///
    /// # Errors
    /// [`FollowError`].
    pub fn take(&mut self, next: CheckpointIn, entries: &[Vec<u8>], now: UnixMillis) -> Result<Vec<Read>, FollowError> {
        let next = next.verify(&self.log)?;
        let (from, to) = (self.size(), next.size());
        let missing = to.saturating_sub(from + entries.len() as u64);
        if missing > 0 {
            return Err(FollowError::Missing { missing });
        }
        let before = self.stored.len();
        let taken = self.check(next, entries, now);
        match taken {
            Ok((head, trust, read)) => {
                (self.head, self.trust) = (Some(head), Some(trust));
                Ok(read)
            }
            Err(error) => {
                self.stored.truncate(before);
                Err(error)
            }
        }
    }

    fn check(
        &mut self,
        next: Checkpoint,
        entries: &[Vec<u8>],
        now: UnixMillis,
    ) -> Result<(Head, Trust, Vec<Read>), FollowError> {
        let (from, to) = (self.size(), next.size());
        let new = &entries[..usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX).min(entries.len())];
        for (position, entry) in (from..).zip(new) {
            let hashes = tree::hashes_of_next(position, entry, &self.stored).expect("a tree that we made is whole");
            self.stored.extend(hashes);
        }
        let is_that = to >= from && tree::root(to, &self.stored).is_ok_and(|root| root == next.root());
        let consistency = if is_that && from > 0 {
            tree::prove_consistency(from, to, &self.stored).expect("a tree that we made is whole")
        } else {
            Vec::new()
        };
        if !is_that && to > from {
            return Err(HeadError::NotConsistent.into());
        }
        let (mut trust, skip) = match (&self.trust, new.first()) {
            (Some(trust), _) => (trust.clone(), 0),
            (None, Some(first)) => (Trust::found(first).map_err(FollowError::Founding)?, 1),
            (None, None) => return Err(FollowError::Missing { missing: 1 }),
        };
        let apply = |(position, entry): (u64, &Vec<u8>)| {
            let said = trust.apply(self.log.name(), position, entry);
            Read { position, said }
        };
        let read = (from..).zip(new).skip(skip).map(apply).collect();
        check_follows(self.head.as_ref(), &next, &consistency)?;
        let head = vouched(next, trust.witnesses(), now)?;
        Ok((head, trust, read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        Log, NOON, ORIGIN, act, cosigned, founding, log_with, now, one_witness, received, signer, witness,
    };
    use allod_crypto::identity::SigningSecret;
    use allod_wire::Day;
    use allod_wire::ledger::{Act, Change};

    /// A follower of a ledger with a founding and a witness, and its entries.
    fn followed() -> (Follower, Vec<Vec<u8>>) {
        let trust = Trust::found(&founding()).unwrap();
        let entries = vec![founding(), act(&trust, one_witness())];
        let log = log_with(&entries);
        let mut follower = Follower::new(log.key().clone());
        let alone = follower.take(received(&log.at(2)), &entries, now());
        assert_eq!(alone, Err(HeadError::TooFewWitnesses { count: 0 }.into()));
        assert!(follower.trust().is_none() && follower.stored.is_empty());
        let head = cosigned(&log.at(2), &[(&witness(1), NOON)]);
        let read = follower.take(received(&head), &entries, now()).unwrap();
        assert_eq!(read.len(), 1);
        assert!(matches!(read[0], Read { position: 1, said: Ok(Some(Statement::Act(_))) }));
        (follower, entries)
    }

    #[test]
    fn a_head_needs_the_witnesses_that_the_acts_under_it_name_g_9() {
        let (mut follower, mut entries) = followed();
        entries.push(act(follower.trust().unwrap(), Change::Witnesses("quorum none".to_owned())));
        let log = log_with(&entries);
        follower.take(received(&log.at(3)), &entries[2..], now()).unwrap();
        assert_eq!((follower.size(), follower.head().unwrap().seen()), (3, None));
        let proof = crate::proof::ProofIn::decode(&follower.prove(1).unwrap()).unwrap();
        assert_eq!(proof.verify(log.key(), &entries[1]).unwrap().0, 1);
        assert_eq!(follower.prove(3), None);
    }

    #[test]
    fn a_statement_that_is_out_of_order_is_found_and_passed_over_g_6() {
        let (mut follower, mut entries) = followed();
        let body = follower.trust().unwrap().draw_up(Change::Administrators(vec![[7; 32].into()]), Day(20_002));
        let forged = vec![crate::trust::sign(&SigningSecret::from_seed(&[7; 32]), ORIGIN, &body)];
        entries.push(Statement::Act(Act { body, signatures: forged }).encode());
        entries.push(b"nonsense".to_vec());
        let head = cosigned(&log_with(&entries).at(4), &[(&witness(1), NOON)]);
        let before = follower.trust().cloned();
        let read = follower.take(received(&head), &entries[2..], now()).unwrap();
        assert!(matches!(read[0].said, Err(TrustError::Act(_))));
        assert_eq!(read[1], Read { position: 3, said: Err(TrustError::Malformed) });
        assert_eq!((follower.trust().cloned(), follower.size()), (before, 4));
    }

    #[test]
    fn a_log_that_is_not_what_it_was_is_refused_and_nothing_changes_g_8() {
        let (mut follower, entries) = followed();
        let sign = |log: &Log, size: u64| cosigned(&log.at(size), &[(&witness(1), NOON)]);
        let mut refused = |head: &Checkpoint, entries: &[Vec<u8>], error: FollowError| {
            assert_eq!(follower.take(received(head), entries, now()), Err(error));
            assert_eq!(follower.size(), 2);
        };
        let log = log_with(&entries);
        refused(&sign(&log, 1), &[], HeadError::Shrank { from: 2, to: 1 }.into());
        let other = log_with(&[entries[0].clone(), b"other".to_vec(), b"third".to_vec()]);
        refused(&sign(&other, 2), &[], HeadError::Forked.into());
        refused(&sign(&other, 3), &[b"third".to_vec()], HeadError::NotConsistent.into());
        let longer = log_with(&[entries[0].clone(), entries[1].clone(), b"third".to_vec()]);
        refused(&sign(&longer, 3), &[], FollowError::Missing { missing: 1 });
        refused(&sign(&longer, 3), &[b"other".to_vec()], HeadError::NotConsistent.into());
        follower.take(received(&sign(&longer, 3)), &[b"third".to_vec()], now()).unwrap();
        assert_eq!(follower.size(), 3);
    }

    #[test]
    fn who_begins_takes_the_ledger_of_the_key_alone_g_3() {
        let log = log_with(&[founding()]);
        let mut follower = Follower::new(signer(ORIGIN, log.key().kind(), 9).key().clone());
        let refused = follower.take(received(&log.at(1)), &[founding()], now());
        assert_eq!(refused, Err(HeadError::Checkpoint(CheckpointError::NotSigned).into()));
        let mut follower = Follower::new(log.key().clone());
        let empty = follower.take(received(&log.at(0)), &[founding()], now());
        assert_eq!(empty, Err(FollowError::Missing { missing: 1 }), "an entry that no head counts founds nothing");
        assert!(follower.trust().is_none());
        let unfounded = log_with(&[b"nonsense".to_vec()]);
        let refused = follower.take(received(&unfounded.at(1)), &[b"nonsense".to_vec()], now());
        assert_eq!(refused, Err(FollowError::Founding(TrustError::Malformed)));
        assert!(follower.take(received(&log.at(1)), &[founding()], now()).unwrap().is_empty());
    }
}
