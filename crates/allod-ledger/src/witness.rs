//! Witnessing another log, and being witnessed: C2SP tlog-witness, without its I/O. Spec: `spec/ledger.md`, rules G-11 and G-12.

use tlog_tiles::Hash;

use crate::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint, CheckpointIn};
use crate::key::{NoteKey, NoteSigner};
use crate::proof::{hash, number};
use crate::tree::{EMPTY_ROOT, PROOF_HASHES_MAX, check_consistency};

/// Largest request, in bytes.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = CHECKPOINT_BYTES_MAX + 4096;

/// The body of `add-checkpoint`, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpointIn {
    old: u64,
    proof: Vec<[u8; 32]>,
    checkpoint: CheckpointIn,
}

/// What a witness keeps of a log, durably, before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosigned {
    /// The size that it cosigned last.
    pub size: u64,
    /// The root.
    pub root: [u8; 32],
    /// The time that it gave, in POSIX seconds.
    pub seconds: u64,
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not the body of `add-checkpoint`.
    #[error("not an add-checkpoint request")]
    Malformed,
    /// A log that the witness does not know.
    #[error("unknown origin")]
    UnknownOrigin,
    /// The log's key did not sign it.
    #[error("no signature of the log")]
    NotSigned,
    /// The old size is larger than the checkpoint's.
    #[error("the old size is larger than the checkpoint's")]
    OldSize,
    /// The old size is not what was cosigned last.
    #[error("the last size cosigned is {0}")]
    Conflict(u64),
    /// As large as what was cosigned last, with another root: the log forks.
    #[error("another root of the same size was cosigned")]
    OtherRoot(u64),
    /// The log does not follow on what was cosigned last, by this proof.
    #[error("the consistency proof does not verify")]
    BadProof,
}

impl Refusal {
    /// The HTTP status (rule G-11).
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::OldSize => 400,
            Self::NotSigned => 403,
            Self::UnknownOrigin => 404,
            Self::Conflict(_) | Self::OtherRoot(_) => 409,
            Self::BadProof => 422,
        }
    }

    /// The size that stands in the body of a 409, of type `text/x.tlog.size`.
    pub fn size(self) -> Option<u64> {
        match self {
            Self::Conflict(size) | Self::OtherRoot(size) => Some(size),
            _ => None,
        }
    }
}

/// The body of a request.
pub fn encode(old: u64, proof: &[Hash], checkpoint: &Checkpoint) -> Vec<u8> {
    let lines: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
    [format!("old {old}\n{lines}\n").as_bytes(), checkpoint.as_bytes()].concat()
}

impl AddCheckpointIn {
    /// Reads a request.
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn decode(body: &[u8]) -> Result<Self, Refusal> {
        Self::parse(body).ok_or(Refusal::Malformed)
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= ADD_CHECKPOINT_BYTES_MAX)?;
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        let old = number(lines.next()?.strip_prefix("old ")?)?;
        let proof = lines.map(hash).collect::<Option<Vec<_>>>().filter(|proof| proof.len() <= PROOF_HASHES_MAX)?;
        Some(Self { old, proof, checkpoint: CheckpointIn::decode(checkpoint.as_bytes()).ok()? })
    }

    /// Which log it claims to be of.
    pub fn origin(&self) -> &str {
        self.checkpoint.origin()
    }

    /// Decides (rule G-11): what to keep before answering, and the line to answer with. `log` is the key of the origin, if the
    /// witness knows it; `kept` is what it cosigned last; the caller keeps the answer only if that is still so.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn decide(
        self,
        log: Option<&NoteKey>,
        kept: Option<Cosigned>,
        witness: &NoteSigner,
        seconds: u64,
    ) -> Result<(Cosigned, String), Refusal> {
        let checkpoint = self.checkpoint.verify(log.ok_or(Refusal::UnknownOrigin)?).map_err(|_| Refusal::NotSigned)?;
        let (size, root) = (checkpoint.size(), checkpoint.root());
        if self.old > size {
            return Err(Refusal::OldSize);
        }
        let last = kept.unwrap_or(Cosigned { size: 0, root: EMPTY_ROOT.0, seconds: 0 });
        if self.old != last.size {
            return Err(Refusal::Conflict(last.size));
        }
        if size == last.size && root.0 != last.root {
            return Err(Refusal::OtherRoot(last.size));
        }
        let proof = self.proof.into_iter().map(Hash).collect();
        let follows = check_consistency(&proof, (last.size, Hash(last.root)), (size, root));
        follows.map_err(|_| Refusal::BadProof)?;
        let seconds = seconds.max(last.seconds);
        Ok((Cosigned { size, root: root.0, seconds }, checkpoint.cosign(witness, seconds)))
    }
}

/// The size in the body of a 409 answer.
pub fn decode_size(body: &[u8]) -> Option<u64> {
    number(std::str::from_utf8(body).ok()?.strip_suffix('\n')?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Log, log_of, witness};

    const NOW: u64 = 1_800_000_000;

    fn ask(log: &Log, old: u64, size: u64) -> AddCheckpointIn {
        AddCheckpointIn::decode(&encode(old, &log.consistency(old, size), &log.at(size))).unwrap()
    }

    #[test]
    fn a_witness_follows_a_log_and_keeps_what_it_said_g_11() {
        let (log, signer) = (log_of(&["one", "two", "three"]), witness(1));
        let decide = |old, size, kept, seconds| ask(&log, old, size).decide(Some(log.key()), kept, &signer, seconds);
        let (first, line) = decide(0, 2, None, NOW).unwrap();
        assert_eq!((first.size, first.root, first.seconds), (2, log.at(2).root().0, NOW));
        let seen = log.at(2).with_cosignature(signer.key(), &line).unwrap().seen_by(signer.key());
        assert_eq!(seen, Ok(Some(NOW)));
        let (second, _) = decide(2, 3, Some(first), NOW + 5).unwrap();
        let (third, line) = decide(3, 3, Some(second), NOW - 50).unwrap();
        assert_eq!((third.size, third.seconds), (3, NOW + 5), "its time does not go backwards");
        assert!(log.at(3).with_cosignature(signer.key(), &line).is_ok());
    }

    #[test]
    fn a_witness_refuses_what_does_not_follow_g_11() {
        let (log, signer) = (log_of(&["one", "two", "three"]), witness(1));
        let kept = Some(Cosigned { size: 2, root: log.at(2).root().0, seconds: NOW });
        let decide =
            |request: AddCheckpointIn, key: Option<&NoteKey>| request.decide(key, kept, &signer, NOW).unwrap_err();
        let key = Some(log.key());
        let refused = |request, status| {
            let refusal: Refusal = request;
            assert_eq!(refusal.status(), status);
            refusal
        };
        assert_eq!(refused(decide(ask(&log, 2, 3), None), 404), Refusal::UnknownOrigin);
        let other = NoteKey::new(log.key().name(), log.key().kind(), *witness(9).key().public());
        assert_eq!(refused(decide(ask(&log, 2, 3), other.as_ref()), 403), Refusal::NotSigned);
        assert_eq!(refused(decide(ask(&log, 0, 3), key), 409), Refusal::Conflict(2));
        assert_eq!(refused(decide(ask(&log, 1, 1), key), 409), Refusal::Conflict(2));
        let backwards = AddCheckpointIn { old: 2, proof: vec![], ..ask(&log, 1, 1) };
        assert_eq!(refused(decide(backwards, key), 400), Refusal::OldSize);
        let fork = log_of(&["one", "other", "three"]);
        let same_size = refused(decide(ask(&fork, 2, 2), key), 409);
        assert_eq!((same_size, same_size.size()), (Refusal::OtherRoot(2), Some(2)));
        assert_eq!(refused(decide(ask(&fork, 2, 3), key), 422), Refusal::BadProof);
        let no_proof = AddCheckpointIn { proof: vec![], ..ask(&log, 2, 3) };
        assert_eq!(refused(decide(no_proof, key), 422), Refusal::BadProof);
        let needless = AddCheckpointIn { proof: vec![[1; 32]], ..ask(&log, 2, 2) };
        assert_eq!(decide(needless, key), Refusal::BadProof);
    }

    #[test]
    fn what_is_no_request_is_refused_g_11() {
        let log = log_of(&["one", "two", "three"]);
        let body = String::from_utf8(encode(1, &log.consistency(1, 3), &log.at(3))).unwrap();
        assert!(AddCheckpointIn::decode(body.as_bytes()).is_ok());
        for wrong in [
            body.replace("old 1", "old 01"),
            body.replace("old 1", "old"),
            body.replace("old 1", "new 1"),
            body.replace("old 1\n", "old 1\nnonsense\n"),
            body.replace("\n\n", "\n"),
            body.replace("old 1\n", &format!("old 1\n{}", format!("{}\n", Hash([1; 32])).repeat(64))),
            body.trim_end().to_owned(),
        ] {
            assert_eq!(AddCheckpointIn::decode(wrong.as_bytes()), Err(Refusal::Malformed), "{wrong}");
        }
        assert_eq!(Refusal::Malformed.status(), 400);
        assert_eq!((decode_size(b"42\n"), decode_size(b"42"), decode_size(b"042\n")), (Some(42), None, None));
    }
}
