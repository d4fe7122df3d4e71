//! The last head of a log that a client accepted, and what it takes to accept another. Spec: `spec/ledger.md`, rule G-8.

use allod_wire::UnixMillis;
use tlog_tiles::Hash;

use crate::checkpoint::{Checkpoint, CheckpointError, CheckpointIn};
use crate::key::NoteKey;
use crate::policy::WitnessPolicy;
use crate::tree::check_consistency;

/// A quorum must have seen a head within this many seconds (rule G-8 c).
pub const HEAD_AGE_SECONDS_MAX: u64 = 24 * 3600;
/// A witness's clock may be ahead of ours by this many seconds (rule G-8 c).
pub const AHEAD_SECONDS_MAX: u64 = 600;

/// A head that was accepted. [`accept`] and [`vouched`] make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    checkpoint: Checkpoint,
    seen: Option<u64>,
}

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// G-8 a: not a checkpoint of this log.
    #[error("not a signed head of this log")]
    Checkpoint(#[from] CheckpointError),
    /// G-8 b: no quorum of witnesses saw it.
    #[error("{count} witnesses saw this head; that is no quorum")]
    TooFewWitnesses {
        /// How many did.
        count: usize,
    },
    /// G-8 c: a quorum saw it, by clocks that are ahead of ours.
    #[error("the witnesses' clocks are ahead of this device's")]
    Ahead,
    /// G-8 c: no quorum saw it within a day.
    #[error("the newest head is {hours} hours old")]
    TooOld {
        /// How old.
        hours: u64,
    },
    /// G-8 d: smaller than the kept head. Evidence.
    #[error("the log had {from} entries and has {to} now")]
    Shrank {
        /// What it had.
        from: u64,
        /// What it has.
        to: u64,
    },
    /// G-8 e: as large as the kept head, and another. Evidence.
    #[error("two heads of the same size differ")]
    Forked,
    /// G-8 e: nothing shows that it follows on the kept head.
    #[error("nothing shows that this head follows on the last one")]
    NotConsistent,
}

impl HeadError {
    /// Whether the two heads, both signed by the log, accuse it.
    pub fn is_evidence(self) -> bool {
        matches!(self, Self::Shrank { .. } | Self::Forked | Self::NotConsistent)
    }
}

impl Head {
    /// A head that was accepted before, from where it was kept.
    pub(crate) fn kept(checkpoint: Checkpoint, seen: Option<u64>) -> Self {
        Self { checkpoint, seen }
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Since when a quorum vouches for it, in POSIX seconds; `None` if the policy asks for no witness.
    pub fn seen(&self) -> Option<u64> {
        self.seen
    }

    /// Whether it is still young enough to act on (rule G-8 c).
    ///
    /// # Errors
    /// [`HeadError::TooOld`].
    pub fn check_age(&self, now: UnixMillis) -> Result<(), HeadError> {
        let age = self.seen.map_or(0, |seen| (now.0 / 1000).saturating_sub(seen));
        if age > HEAD_AGE_SECONDS_MAX { Err(HeadError::TooOld { hours: age / 3600 }) } else { Ok(()) }
    }
}

/// Decides on a head after the kept one (rule G-8): with evidence before what may be a matter of the hour.
///
/// # Errors
/// [`HeadError`]; the kept head stays.
pub fn accept(
    kept: Option<&Head>,
    next: CheckpointIn,
    consistency: &Vec<Hash>,
    log: &NoteKey,
    policy: &WitnessPolicy,
    now: UnixMillis,
) -> Result<Head, HeadError> {
    let checkpoint = next.verify(log)?;
    check_follows(kept, &checkpoint, consistency)?;
    vouched(checkpoint, policy, now)
}

/// Rule G-8 b and c, on a checkpoint that the log signed and that follows on the kept one: for who made it himself, too.
///
/// # Errors
/// [`HeadError`].
pub fn vouched(checkpoint: Checkpoint, policy: &WitnessPolicy, now: UnixMillis) -> Result<Head, HeadError> {
    let until = now.0 / 1000 + AHEAD_SECONDS_MAX;
    let seen = policy.seen(&checkpoint, until)?;
    if policy.has_quorum() && seen.is_none() {
        return Err(match policy.seen(&checkpoint, u64::MAX)? {
            Some(_) => HeadError::Ahead,
            None => HeadError::TooFewWitnesses { count: policy.count(&checkpoint)? },
        });
    }
    let head = Head { checkpoint, seen };
    head.check_age(now)?;
    Ok(head)
}

/// Rule G-8 d and e.
pub(crate) fn check_follows(kept: Option<&Head>, next: &Checkpoint, consistency: &Vec<Hash>) -> Result<(), HeadError> {
    let Some(Head { checkpoint: kept, .. }) = kept else { return Ok(()) };
    let (from, to) = (kept.size(), next.size());
    if to < from {
        return Err(HeadError::Shrank { from, to });
    }
    if to == from {
        return if kept.root() == next.root() { Ok(()) } else { Err(HeadError::Forked) };
    }
    check_consistency(consistency, (from, kept.root()), (to, next.root())).map_err(|_| HeadError::NotConsistent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Log, cosigned, log_of, witness};

    const NOON: u64 = 1_800_000_000;

    fn now(seconds: u64) -> UnixMillis {
        UnixMillis(seconds * 1000)
    }

    fn policy() -> WitnessPolicy {
        let [one, two, three] = [1, 2, 3].map(|n| witness(n).key().to_string());
        format!("witness 1 {one}\nwitness 2 {two}\nwitness 3 {three}\ngroup G 2 1 2 3\nquorum G").parse().unwrap()
    }

    fn seen_at(log: &Log, size: u64, seconds: u64) -> CheckpointIn {
        let [one, two] = [witness(1), witness(2)];
        let checkpoint = cosigned(&log.at(size), &[(&one, seconds), (&two, seconds)]);
        CheckpointIn::decode(checkpoint.as_bytes()).unwrap()
    }

    fn first(log: &Log, size: u64) -> Head {
        accept(None, seen_at(log, size, NOON), &vec![], log.key(), &policy(), now(NOON)).unwrap()
    }

    #[test]
    fn a_head_with_a_quorum_follows_on_the_last_one_g_8() {
        let log = log_of(&["one", "two", "three"]);
        let (kept, next) = (first(&log, 2), seen_at(&log, 3, NOON + 60));
        let proof = log.consistency(2, 3);
        let head = accept(Some(&kept), next, &proof, log.key(), &policy(), now(NOON + 60)).unwrap();
        assert_eq!((head.checkpoint().size(), head.seen()), (3, Some(NOON + 60)));
        let again = accept(Some(&head), seen_at(&log, 3, NOON + 99), &vec![], log.key(), &policy(), now(NOON + 99));
        assert_eq!(again.unwrap().seen(), Some(NOON + 99), "the same head, seen again");
    }

    #[test]
    fn a_log_that_shrank_or_forked_is_refused_with_evidence_g_8() {
        let log = log_of(&["one", "two", "three"]);
        let kept = first(&log, 2);
        let refused = |next: CheckpointIn, proof: &Vec<Hash>| {
            let error = accept(Some(&kept), next, proof, log.key(), &policy(), now(NOON)).unwrap_err();
            assert!(error.is_evidence());
            error
        };
        assert_eq!(refused(seen_at(&log, 1, NOON), &vec![]), HeadError::Shrank { from: 2, to: 1 });
        let fork = log_of(&["one", "other", "three"]);
        assert_eq!(refused(seen_at(&fork, 2, NOON), &vec![]), HeadError::Forked);
        assert_eq!(refused(seen_at(&fork, 3, NOON), &fork.consistency(2, 3)), HeadError::NotConsistent);
        assert_eq!(refused(seen_at(&log, 3, NOON), &vec![]), HeadError::NotConsistent);
    }

    #[test]
    fn a_head_without_quorum_or_too_old_or_from_ahead_is_refused_g_8() {
        let log = log_of(&["one"]);
        let decide = |next: CheckpointIn, seconds: u64| {
            let result = accept(None, next, &vec![], log.key(), &policy(), now(seconds));
            result.inspect_err(|error| assert!(!error.is_evidence()))
        };
        let alone = cosigned(&log.at(1), &[(&witness(2), NOON), (&witness(9), NOON)]);
        let alone = CheckpointIn::decode(alone.as_bytes()).unwrap();
        assert_eq!(decide(alone, NOON), Err(HeadError::TooFewWitnesses { count: 1 }));
        let day_later = NOON + HEAD_AGE_SECONDS_MAX;
        assert!(decide(seen_at(&log, 1, NOON), day_later).is_ok());
        assert_eq!(decide(seen_at(&log, 1, NOON), day_later + 1), Err(HeadError::TooOld { hours: 24 }));
        assert!(decide(seen_at(&log, 1, NOON + AHEAD_SECONDS_MAX), NOON).is_ok());
        assert_eq!(decide(seen_at(&log, 1, NOON + AHEAD_SECONDS_MAX + 1), NOON), Err(HeadError::Ahead));
    }

    #[test]
    fn an_accepted_head_grows_old_g_8() {
        let head = first(&log_of(&["one"]), 1);
        assert_eq!(head.check_age(now(NOON + HEAD_AGE_SECONDS_MAX)), Ok(()));
        assert_eq!(head.check_age(now(NOON + 3 * HEAD_AGE_SECONDS_MAX)), Err(HeadError::TooOld { hours: 72 }));
    }

    #[test]
    fn without_witnesses_the_logs_word_is_all_there_is_g_9() {
        let log = log_of(&["one"]);
        let next = CheckpointIn::decode(log.at(1).as_bytes()).unwrap();
        let head = accept(None, next, &vec![], log.key(), &WitnessPolicy::none(), now(NOON)).unwrap();
        assert_eq!((head.seen(), head.check_age(now(9 * NOON))), (None, Ok(())));
    }
}
