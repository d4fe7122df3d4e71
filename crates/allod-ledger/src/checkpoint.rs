//! A checkpoint: how large a log is, its root, who signed and who cosigned that (C2SP tlog-checkpoint). Spec: `spec/ledger.md`, rules G-1 and G-8.

use signed_note::{Note, NoteError, Signature, VerificationError, Verifier, Verifiers};
use tlog_tiles::Hash;

use crate::key::{NoteKey, NoteSigner};
use crate::tree::{EMPTY_ROOT, TREE_SIZE_MAX};

/// Largest checkpoint that is read, in bytes.
pub const CHECKPOINT_BYTES_MAX: usize = 32 << 10;

/// Why bytes are no checkpoint, or not this log's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// C2SP: not a signed note of a checkpoint.
    #[error("not a checkpoint")]
    Malformed,
    /// G-8: another log's.
    #[error("a checkpoint of another log")]
    OtherLog,
    /// G-8: the log's key did not sign it.
    #[error("the log did not sign this checkpoint")]
    NotSigned,
    /// C2SP signed-note: a signature in the name of a known key does not verify.
    #[error("a signature in a known witness's name does not verify")]
    BadCosignature,
}

/// A checkpoint as received: it decodes, and nothing more is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointIn {
    bytes: Vec<u8>,
    body: Body,
}

/// A checkpoint that the log signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    bytes: Vec<u8>,
    body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Body {
    origin: String,
    size: u64,
    root: [u8; 32],
}

impl CheckpointIn {
    /// Reads a checkpoint of at most [`CHECKPOINT_BYTES_MAX`].
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CheckpointError> {
        if bytes.len() > CHECKPOINT_BYTES_MAX {
            return Err(CheckpointError::Malformed);
        }
        let note = Note::from_bytes(bytes).map_err(|_| CheckpointError::Malformed)?;
        let parsed = tlog_tiles::Checkpoint::from_bytes(note.text()).map_err(|_| CheckpointError::Malformed)?;
        let body = Body { origin: parsed.origin().to_owned(), size: parsed.size(), root: parsed.hash().0 };
        let is_sound = body.size <= TREE_SIZE_MAX && (body.size > 0 || body.root == EMPTY_ROOT.0);
        // The Merkle library reads base64 that is not canonical; a text that it would not write itself is refused.
        if is_sound && parsed.to_bytes() == note.text() && note.to_bytes() == bytes {
            Ok(Self { bytes: bytes.to_vec(), body })
        } else {
            Err(CheckpointError::Malformed)
        }
    }

    /// Which log it claims to be of.
    pub fn origin(&self) -> &str {
        &self.body.origin
    }

    /// Checks that the log signed it (rule G-8 a).
    ///
    /// # Errors
    /// [`CheckpointError::OtherLog`] or [`CheckpointError::NotSigned`].
    pub fn verify(self, log: &NoteKey) -> Result<Checkpoint, CheckpointError> {
        if self.body.origin != log.name() {
            return Err(CheckpointError::OtherLog);
        }
        match note(&self.bytes).verify(&Only(log)) {
            Ok(_) => Ok(Checkpoint { bytes: self.bytes, body: self.body }),
            Err(_) => Err(CheckpointError::NotSigned),
        }
    }
}

impl Checkpoint {
    /// Signs a new one.
    pub fn sign(log: &NoteSigner, size: u64, root: Hash) -> Self {
        let origin = log.key().name();
        let text = tlog_tiles::Checkpoint::new(origin, size, root, "").expect("an origin is not empty").to_bytes();
        let note = Note::new(&text, &[log.sign(&text, 0)]).expect("a checkpoint is plain text");
        Self { bytes: note.to_bytes(), body: Body { origin: origin.to_owned(), size, root: root.0 } }
    }

    /// Of which log.
    pub fn origin(&self) -> &str {
        &self.body.origin
    }

    /// How many entries the log has.
    pub fn size(&self) -> u64 {
        self.body.size
    }

    /// The root over them.
    pub fn root(&self) -> Hash {
        Hash(self.body.root)
    }

    /// The signed note, as it travels.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// When this witness cosigned it, in POSIX seconds; `None` if it did not.
    ///
    /// # Errors
    /// [`CheckpointError::BadCosignature`].
    pub fn seen_by(&self, witness: &NoteKey) -> Result<Option<u64>, CheckpointError> {
        let note = note(&self.bytes);
        match note.verify(&Only(witness)) {
            Ok((verified, _)) => Ok(verified.first().and_then(|s| witness.time_of(note.text(), s.signature()))),
            Err(NoteError::InvalidSignature { .. }) => Err(CheckpointError::BadCosignature),
            Err(_) => Ok(None),
        }
    }

    /// The witness's cosignature line, made now (POSIX seconds).
    pub fn cosign(&self, witness: &NoteSigner, seconds: u64) -> String {
        let line = witness.sign(note(&self.bytes).text(), seconds).to_bytes();
        String::from_utf8(line).expect("a signature line is text")
    }

    /// This checkpoint with those of the lines that are valid cosignatures of `witness`, in place of its former one.
    ///
    /// # Errors
    /// [`CheckpointError::BadCosignature`]: no line is one.
    pub fn with_cosignature(&self, witness: &NoteKey, lines: &str) -> Result<Self, CheckpointError> {
        let text = note(&self.bytes).text().to_vec();
        let signature = lines.lines().filter_map(|line| Signature::from_bytes(line.as_bytes()).ok()).find(|line| {
            line.name() == witness.name() && line.id() == witness.id() && witness.verify(&text, line.signature())
        });
        let line = signature.ok_or(CheckpointError::BadCosignature)?;
        let kept = self.lines().filter(|kept| (kept.name(), kept.id()) != (line.name(), line.id()));
        let signatures: Vec<Signature> = kept.chain([line.clone()]).collect();
        let note = Note::new(&text, &signatures).expect("the text was a note's");
        Ok(Self { bytes: note.to_bytes(), body: self.body.clone() })
    }

    fn lines(&self) -> impl Iterator<Item = Signature> {
        let text = std::str::from_utf8(&self.bytes).expect("a note is text");
        let lines = text.rsplit_once("\n\n").map_or("", |(_, lines)| lines).lines();
        lines.map(|line| Signature::from_bytes(line.as_bytes()).expect("the note was read"))
    }
}

fn note(bytes: &[u8]) -> Note {
    Note::from_bytes(bytes).expect("the bytes were read as a note")
}

/// One known key.
struct Only<'a>(&'a NoteKey);

impl Verifiers for Only<'_> {
    fn verifier(&self, name: &str, id: u32) -> Result<&dyn Verifier, VerificationError> {
        if name == self.0.name() && id == self.0.id() {
            Ok(self.0)
        } else {
            Err(VerificationError::UnknownKey { name: name.to_owned(), id })
        }
    }
}

#[cfg(test)]
mod tests;
