//! A proof that an entry is in a log, as a file that anybody checks offline (C2SP tlog-proof). Spec: `spec/ledger.md`, rule G-10.

use data_encoding::BASE64;
use tlog_tiles::Hash;

use crate::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint, CheckpointError, CheckpointIn};
use crate::key::NoteKey;
use crate::tree::{BadProof, PROOF_HASHES_MAX, check_inclusion, leaf_hash};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// Largest proof file that is read, in bytes: without the optional extra data, of which we have none.
const PROOF_BYTES_MAX: usize = CHECKPOINT_BYTES_MAX + 4096;

/// A proof as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofIn {
    index: u64,
    hashes: Vec<[u8; 32]>,
    checkpoint: CheckpointIn,
}

/// Why a proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// C2SP: not a tlog-proof.
    #[error("not a tlog-proof file")]
    Malformed,
    /// G-10: the checkpoint is not one of this log.
    #[error("its checkpoint is refused")]
    Checkpoint(#[from] CheckpointError),
    /// G-10: the hashes do not lead from the entry to the root.
    #[error("it does not lead from this entry to the root")]
    NotIncluded,
}

/// Writes a proof file.
pub fn encode(index: u64, proof: &[Hash], checkpoint: &Checkpoint) -> Vec<u8> {
    let mut text = format!("{FIRST_LINE}\nindex {index}\n");
    for hash in proof {
        text.push_str(&format!("{hash}\n"));
    }
    text.push('\n');
    [text.as_bytes(), checkpoint.as_bytes()].concat()
}

impl ProofIn {
    /// Reads a proof file. Extra data is passed over: nothing vouches for it.
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        Self::parse(bytes).ok_or(ProofError::Malformed)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= PROOF_BYTES_MAX)?;
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n').peekable();
        lines.next().filter(|line| *line == FIRST_LINE)?;
        if let Some(extra) = lines.next_if(|line| line.starts_with("extra ")) {
            BASE64.decode(&extra.as_bytes()["extra ".len()..]).ok()?;
        }
        let index = number(lines.next()?.strip_prefix("index ")?)?;
        let hashes = lines.map(hash).collect::<Option<Vec<_>>>().filter(|hashes| hashes.len() <= PROOF_HASHES_MAX)?;
        let checkpoint = CheckpointIn::decode(checkpoint.as_bytes()).ok()?;
        Some(Self { index, hashes, checkpoint })
    }

    /// Checks that `entry` is in the log, and says where and under which checkpoint. That the checkpoint is an accepted head
    /// is for the caller to know.
    ///
    /// # Errors
    /// [`ProofError::Checkpoint`] or [`ProofError::NotIncluded`].
    pub fn verify(self, log: &NoteKey, entry: &[u8]) -> Result<(u64, Checkpoint), ProofError> {
        let checkpoint = self.checkpoint.verify(log)?;
        let hashes = self.hashes.into_iter().map(Hash).collect();
        let included = check_inclusion(&hashes, checkpoint.size(), checkpoint.root(), self.index, leaf_hash(entry));
        included.map_err(|BadProof| ProofError::NotIncluded)?;
        Ok((self.index, checkpoint))
    }
}

/// A decimal number without leading zeroes.
pub(crate) fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// A hash as a line.
pub(crate) fn hash(line: &str) -> Option<[u8; 32]> {
    BASE64.decode(line.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::log_of;

    #[test]
    fn a_proof_file_shows_one_entry_and_no_other_g_10() {
        let log = log_of(&["one", "two", "three"]);
        let file = log.proof(1);
        let proof = || ProofIn::decode(&file).unwrap();
        assert_eq!(proof().verify(log.key(), b"two").unwrap().0, 1);
        assert_eq!(proof().verify(log.key(), b"three"), Err(ProofError::NotIncluded));
        let other = log_of(&["one", "two", "three", "four"]);
        assert_eq!(proof().verify(other.key(), b"two").map(|_| ()), Ok(()), "the same key");
        let stranger = log.key_of_another_log();
        assert_eq!(proof().verify(&stranger, b"two"), Err(ProofError::Checkpoint(CheckpointError::OtherLog)));
    }

    #[test]
    fn what_is_no_proof_file_is_refused_g_10() {
        let file = String::from_utf8(log_of(&["one", "two"]).proof(0)).unwrap();
        let refused = |text: String| assert_eq!(ProofIn::decode(text.as_bytes()), Err(ProofError::Malformed), "{text}");
        assert!(ProofIn::decode(file.as_bytes()).is_ok());
        assert!(ProofIn::decode(file.replace("\nindex", "\nextra YQ==\nindex").as_bytes()).is_ok());
        refused(file.replace("@v1", "@v2"));
        refused(file.replace("index 0", "index 00"));
        refused(file.replace("index 0", "index"));
        refused(file.replace("\nindex", "\nextra ?\nindex"));
        refused(file.replace("\n\n", "\n"));
        refused(format!("{file}\n"));
        refused(file.replacen("\nindex 0\n", &format!("\nindex 0\n{}", format!("{}\n", Hash([1; 32])).repeat(63)), 1));
    }
}
