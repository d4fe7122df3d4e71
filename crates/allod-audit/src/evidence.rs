//! What accuses a log, as a file that another person verifies offline: nothing in it needs the finder's word. Spec: `spec/ledger.md`, G-2, G-6 to G-8.

use allod_ledger::checkpoint::{Checkpoint, CheckpointIn};
use allod_ledger::key::NoteKey;
use allod_ledger::tree::{self, Hash};
use allod_ledger::trust::Trust;
use anyhow::{Context, ensure};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

/// Evidence against a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Evidence {
    /// Two heads that the log signed and that cannot both be true, or that nothing joins.
    Heads {
        /// The log's key.
        log: String,
        /// The head that was there first, a signed note.
        first: String,
        /// The head that came then.
        second: String,
        /// The entries under the first head, base64: with them the second can be compared.
        entries: Vec<String>,
    },
    /// A head over a statement that is out of order.
    Statement {
        /// The log's key.
        log: String,
        /// The head, a signed note.
        head: String,
        /// All entries under it, base64.
        entries: Vec<String>,
        /// Which of them.
        position: u64,
    },
}

/// What evidence shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It accuses the log, whoever brings it: why.
    Proven(String),
    /// The log signed both, and only the log could show that they go together: what to ask it for.
    Open(String),
}

impl Evidence {
    /// Two heads, and the entries under the first.
    pub(crate) fn heads(log: &NoteKey, first: &Checkpoint, second: &[u8], entries: &[Vec<u8>]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self::Heads {
            log: log.to_string(),
            first: text(first.as_bytes()),
            second: text(second),
            entries: entries.iter().map(|entry| BASE64.encode(entry)).collect(),
        }
    }

    /// A statement out of order.
    pub(crate) fn statement(log: &NoteKey, head: &Checkpoint, entries: &[Vec<u8>], position: u64) -> Self {
        Self::Statement {
            log: log.to_string(),
            head: String::from_utf8_lossy(head.as_bytes()).into_owned(),
            entries: entries.iter().map(|entry| BASE64.encode(entry)).collect(),
            position,
        }
    }

    /// A name for its file: the same evidence has the same name.
    pub(crate) fn file_name(&self) -> String {
        let json = serde_json::to_vec(self).expect("evidence is plain text");
        let digest = allod_crypto::digest::sha256(&json);
        let kind = match self {
            Self::Heads { .. } => "heads",
            Self::Statement { .. } => "statement",
        };
        format!("{kind}-{}.json", data_encoding::HEXLOWER.encode(&digest[..8]))
    }

    /// Verifies it, from nothing but itself.
    pub(crate) fn verify(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::Heads { log, first, second, entries } => {
                let log: NoteKey = log.parse().context("the log's key does not read")?;
                let (first, second) = (signed(&log, first)?, signed(&log, second)?);
                ensure!(first != second, "the two heads are the same");
                let stored = stored(entries)?;
                let is_under =
                    |head: &Checkpoint| tree::root(head.size(), &stored).is_ok_and(|root| root == head.root());
                ensure!(is_under(&first), "the entries are not those under the first head");
                Ok(match (first.size(), second.size()) {
                    (a, b) if a == b && first.root() != second.root() => Verdict::Proven(format!(
                        "the log signed two different heads of {a} statements: it shows different people different ledgers"
                    )),
                    (a, b) if a == b => anyhow::bail!("the two heads agree"),
                    (_, b) if b < first.size() && !is_under(&second) => Verdict::Proven(format!(
                        "the log signed a head of {b} statements that are not those it had shown"
                    )),
                    (a, b) if b < a => Verdict::Open(format!(
                        "both heads belong to one history; that the log went back from {a} to {b} statements shows by the witnesses' times alone"
                    )),
                    (a, b) => Verdict::Open(format!(
                        "ask the log for a consistency proof from {a} to {b} statements: if it has none, its ledger has forked"
                    )),
                })
            }
            Self::Statement { log, head, entries, position } => {
                let log: NoteKey = log.parse().context("the log's key does not read")?;
                let head = signed(&log, head)?;
                let stored = stored(entries)?;
                let is_under = tree::root(head.size(), &stored).is_ok_and(|root| root == head.root());
                ensure!(is_under && head.size() == entries.len() as u64, "the entries are not those under the head");
                let mut trust: Option<Trust> = None;
                for (at, entry) in (0..).zip(decoded(entries)?) {
                    let said = match &mut trust {
                        None => Trust::found(&entry).map(|founded| trust = Some(founded)),
                        Some(trust) => trust.apply(log.name(), at, &entry).map(drop),
                    };
                    if let (Err(error), true) = (said, at == *position) {
                        let error = anyhow::Error::from(error);
                        return Ok(Verdict::Proven(format!(
                            "statement {at}, which the log signed for, is not valid: {error:#}"
                        )));
                    }
                }
                anyhow::bail!("statement {position} is in order")
            }
        }
    }
}

fn signed(log: &NoteKey, note: &str) -> anyhow::Result<Checkpoint> {
    Ok(CheckpointIn::decode(note.as_bytes())?.verify(log)?)
}

fn decoded(entries: &[String]) -> anyhow::Result<Vec<Vec<u8>>> {
    entries.iter().map(|entry| BASE64.decode(entry.as_bytes()).context("an entry is not base64")).collect()
}

fn stored(entries: &[String]) -> anyhow::Result<Vec<Hash>> {
    let mut stored: Vec<Hash> = Vec::new();
    for (at, entry) in (0..).zip(decoded(entries)?) {
        stored.extend(tree::hashes_of_next(at, &entry, &stored)?);
    }
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use allod_crypto::identity::SigningSecret;
    use allod_crypto::ledger::NoteKeyKind;
    use allod_ledger::key::NoteSigner;

    fn log() -> NoteSigner {
        NoteSigner::new("a.example/ledger", NoteKeyKind::Log, SigningSecret::from_seed(&[1; 32])).unwrap()
    }

    fn entries(names: &[&str]) -> Vec<Vec<u8>> {
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    }

    fn head(entries: &[Vec<u8>]) -> Checkpoint {
        let texts: Vec<String> = entries.iter().map(|entry| BASE64.encode(entry)).collect();
        let size = entries.len() as u64;
        Checkpoint::sign(&log(), size, tree::root(size, &stored(&texts).unwrap()).unwrap())
    }

    fn two(first: &[&str], second: &[&str]) -> anyhow::Result<Verdict> {
        let (first, second) = (entries(first), entries(second));
        let found = Evidence::heads(log().key(), &head(&first), head(&second).as_bytes(), &first);
        let json = serde_json::to_string(&found).unwrap();
        let read: Evidence = serde_json::from_str(&json).unwrap();
        assert_eq!(read, found);
        read.verify()
    }

    #[test]
    fn two_heads_accuse_a_log_only_if_they_contradict_each_other_g_8() {
        assert!(matches!(two(&["a", "b"], &["a", "x"]), Ok(Verdict::Proven(_))));
        assert!(matches!(two(&["a", "b", "c"], &["a", "x"]), Ok(Verdict::Proven(_))));
        assert!(matches!(two(&["a", "b"], &["a"]), Ok(Verdict::Open(_))));
        assert!(matches!(two(&["a", "b"], &["a", "x", "y"]), Ok(Verdict::Open(_))));
        assert!(two(&["a"], &["a"]).is_err());
    }

    #[test]
    fn forged_evidence_accuses_nobody_g_8() {
        let of = entries(&["a", "b"]);
        let other = NoteSigner::new("a.example/ledger", NoteKeyKind::Log, SigningSecret::from_seed(&[2; 32])).unwrap();
        let forged = Checkpoint::sign(&other, 2, tree::leaf_hash(b"x"));
        let found = Evidence::heads(log().key(), &head(&of), forged.as_bytes(), &of);
        assert!(found.verify().is_err(), "the log did not sign it");
        let found = Evidence::heads(log().key(), &head(&of), head(&entries(&["a", "x"])).as_bytes(), &entries(&["a"]));
        assert!(found.verify().is_err(), "the entries are not those");
    }

    #[test]
    fn a_statement_out_of_order_accuses_whoever_signed_for_it_g_6() {
        let of = entries(&["nonsense"]);
        let found = Evidence::statement(log().key(), &head(&of), &of, 0);
        assert!(matches!(found.verify(), Ok(Verdict::Proven(_))));
        let found = Evidence::statement(log().key(), &head(&of), &of, 1);
        assert!(found.verify().is_err());
        let found = Evidence::statement(log().key(), &head(&of), &entries(&["other"]), 0);
        assert!(found.verify().is_err());
    }
}
