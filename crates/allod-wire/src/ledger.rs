//! Statements of the ledger: what an organisation says in public. Spec: `spec/ledger.md`, rules G-2 to G-7, G-20, G-21.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use crate::address::Domain;
use crate::cbor::{self, DecodeError};
use crate::limits::LEDGER_STATEMENT_BYTES_MAX;
use crate::log::Digest;
use crate::units::Day;

/// An Ed25519 public key.
pub type PublicKey = ByteArray<32>;

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Statement {
    /// Entry 0: who the organisation is, and whom it trusts at first (rule G-3).
    #[n(0)]
    Founded(#[n(0)] Founded),
    /// Administrators changed what is trusted (rule G-5).
    #[n(1)]
    Act(#[n(0)] Act),
    /// The directory has a new root (rule G-7).
    #[n(2)]
    DirectoryRoot(#[n(0)] DirectoryRoot),
    /// A version of the programs is handed out (rule G-21).
    #[n(3)]
    Release(#[n(0)] Release),
}

/// The beginning of a ledger (rule G-3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Founded {
    /// Whose ledger this is.
    #[n(0)]
    pub domain: Domain,
    /// When it began.
    #[n(1)]
    pub day: Day,
    /// Who may sign acts.
    #[n(2)]
    pub administrators: Vec<PublicKey>,
    /// The witness policy, a tlog-policy file (rule G-9).
    #[n(3)]
    pub witnesses: String,
    /// The key by which the directory hides its labels.
    #[n(4)]
    pub directory_key: PublicKey,
}

/// An administrators' act (rules G-5, G-6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Act {
    /// What is signed.
    #[n(0)]
    pub body: ActBody,
    /// By whom.
    #[n(1)]
    pub signatures: Vec<ActSignature>,
}

/// What the administrators sign (rule G-5).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ActBody {
    /// 1, 2, …
    #[n(0)]
    pub number: u64,
    /// The position of the act before it, 0 for the first.
    #[n(1)]
    pub previous: u64,
    /// SHA-256 of the statement there.
    #[n(2)]
    pub previous_digest: Digest,
    /// When it was drawn up.
    #[n(3)]
    pub day: Day,
    /// What changes.
    #[n(4)]
    pub change: Change,
}

/// What an act changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Change {
    /// These are the administrators from here on (1 to 64, each once).
    #[n(0)]
    Administrators(#[n(0)] Vec<PublicKey>),
    /// This is the witness policy from here on (rule G-9).
    #[n(1)]
    Witnesses(#[n(0)] String),
    /// Releases that this key signs count from here on (rule G-20).
    #[n(2)]
    ReleaseKey(#[n(0)] PublicKey),
}

/// An administrator's signature (rule G-6).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ActSignature {
    /// Whose.
    #[n(0)]
    pub key: PublicKey,
    /// Over the origin and the body.
    #[n(1)]
    pub signature: ByteArray<64>,
}

/// What the directory is from here on (rule G-7).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DirectoryRoot {
    /// 1, 2, …
    #[n(0)]
    pub epoch: u64,
    /// The root of the directory's tree.
    #[n(1)]
    pub root: Digest,
    /// When it was published.
    #[n(2)]
    pub day: Day,
    /// The position of the last act before it, 0 if there is none.
    #[n(3)]
    pub last_act: u64,
}

/// A version of the programs, as whoever builds them vouches for it (rule G-21).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Release {
    /// What is signed.
    #[n(0)]
    pub body: ReleaseBody,
    /// By the release key, over the origin and the body.
    #[n(1)]
    pub signature: ByteArray<64>,
}

/// What the release key signs (rule G-21).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReleaseBody {
    /// What is released.
    #[n(0)]
    pub product: String,
    /// Which version of it.
    #[n(1)]
    pub version: String,
    /// Its files (1 to 64, in the order of their names, each name once).
    #[n(2)]
    pub artifacts: Vec<Artifact>,
    /// The commit from which anybody can build the same files.
    #[n(3)]
    pub commit: String,
    /// SHA-256 of the list of what it is made of.
    #[n(4)]
    pub sbom: Digest,
    /// When it was released.
    #[n(5)]
    pub day: Day,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Artifact {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// SHA-256 of its bytes.
    #[n(1)]
    pub digest: Digest,
    /// How many they are.
    #[n(2)]
    pub bytes: u64,
}

/// Answer to an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Appended {
    /// Where it stands in the ledger.
    #[n(0)]
    pub position: u64,
}

/// A statement with the proof that it stands in the ledger (rule G-10).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Included {
    /// Where.
    #[n(0)]
    pub position: u64,
    /// The encoded [`Statement`].
    #[n(1)]
    pub entry: ByteVec,
    /// The hashes from it to the root of the head that comes with it.
    #[n(2)]
    pub path: Vec<Digest>,
}

/// What is new in the ledger for a client that does not read all of it (rule G-13).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LedgerNews {
    /// The published head, a signed note.
    #[n(0)]
    pub checkpoint: ByteVec,
    /// That it follows on the head that the client has.
    #[n(1)]
    pub consistency: Vec<Digest>,
    /// The acts that the client lacks, in order; before them, for one that has nothing, the founding.
    #[n(2)]
    pub acts: Vec<Included>,
    /// The newest root of the directory.
    #[n(3)]
    pub root: Option<Included>,
}

/// An entry as read: a statement, or one that this version does not know (rule G-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementIn {
    /// A statement; that it is in order is for the fold over the log to say.
    Known(Statement),
    /// A statement of a later version: its kind.
    Unknown(u32),
}

/// The first number of a kind that this version does not know.
const KINDS: u32 = 4;

impl Statement {
    /// Its one encoding, which is the entry.
    pub fn encode(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }
}

impl StatementIn {
    /// Reads an entry (rule G-2).
    ///
    /// # Errors
    /// [`DecodeError`]: the bytes are no statement.
    pub fn decode(entry: &[u8]) -> Result<Self, DecodeError> {
        match kind(entry) {
            Some(kind) if kind >= KINDS && entry.len() <= LEDGER_STATEMENT_BYTES_MAX => Ok(Self::Unknown(kind)),
            _ => cbor::from_slice_bounded(entry, LEDGER_STATEMENT_BYTES_MAX).map(Self::Known),
        }
    }
}

/// The kind of a well-formed `[kind, […]]` that ends where the entry ends.
fn kind(entry: &[u8]) -> Option<u32> {
    let mut decoder = minicbor::Decoder::new(entry);
    let (pair, kind) = (decoder.array().ok()?, decoder.u32().ok()?);
    let is_array = decoder.datatype().ok()? == minicbor::data::Type::Array;
    decoder.skip().ok()?;
    (pair == Some(2) && is_array && decoder.position() == entry.len()).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_kind_is_passed_over_and_no_statement_is_an_error_g_2() {
        let later = cbor::to_vec(&(9u32, ("whatever", 1u8)));
        assert_eq!(StatementIn::decode(&later), Ok(StatementIn::Unknown(9)));
        assert_eq!(StatementIn::decode(&[later.clone(), vec![0]].concat()), Err(DecodeError::Malformed));
        assert_eq!(StatementIn::decode(&later[..later.len() - 1]), Err(DecodeError::Malformed));
        let no_fields = cbor::to_vec(&(9u32, 1u8));
        assert_eq!(StatementIn::decode(&no_fields), Err(DecodeError::Malformed));
    }

    #[test]
    fn an_entry_is_bounded_g_2() {
        let long = |policy_bytes: usize| {
            let founded = Founded {
                domain: "justice.example".parse().unwrap(),
                day: Day(1),
                administrators: vec![[1; 32].into()],
                witnesses: "x".repeat(policy_bytes),
                directory_key: [2; 32].into(),
            };
            StatementIn::decode(&Statement::Founded(founded).encode())
        };
        assert!(matches!(long(100), Ok(StatementIn::Known(_))));
        assert_eq!(long(40_000), Err(DecodeError::TooLong { max_bytes: LEDGER_STATEMENT_BYTES_MAX }));
    }
}
