//! What a client that does not read all of a ledger keeps of it, and what it takes for news. Spec: `spec/ledger.md`, rules G-7 to G-9 and G-13.
//!
//! Invariants:
//! - what is refused changes nothing;
//! - the acts are a chain without a gap from the founding, and the root is one that names the last of them before it;
//! - a head is judged by the policy that all acts under it leave: while acts are missing, nothing is accepted.

use allod_wire::UnixMillis;
use allod_wire::ledger::{DirectoryRoot, Included, LedgerNews, Statement, StatementIn};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use tlog_tiles::Hash;

use crate::checkpoint::{Checkpoint, CheckpointError, CheckpointIn};
use crate::head::{Head, HeadError, check_follows, vouched};
use crate::key::NoteKey;
use crate::tree::{BadProof, check_inclusion, leaf_hash};
use crate::trust::{Trust, TrustError};

/// A light client of one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Light {
    log: NoteKey,
    known: Option<Known>,
    /// What follows on `known` while acts are missing: its head is signed and consistent, and no witness was asked for.
    ahead: Option<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    /// The founding and the acts, with their positions: all of `trust` follows from them.
    entries: Vec<(u64, ByteVec)>,
    trust: Trust,
    head: Head,
    root: Option<(u64, DirectoryRoot)>,
}

/// What a light client stores.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Kept {
    /// The founding and the acts, with their positions.
    #[n(0)]
    entries: Vec<(u64, ByteVec)>,
    /// The accepted head, a signed note.
    #[n(1)]
    checkpoint: ByteVec,
    /// Since when a quorum vouches for it, in POSIX seconds.
    #[n(2)]
    seen: Option<u64>,
    /// The directory's root and its position.
    #[n(3)]
    root: Option<(u64, DirectoryRoot)>,
}

/// What was stored is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was kept of the ledger does not hold together")]
pub struct BadKept;

/// Why news is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NewsError {
    /// G-8: the head.
    #[error("the head is refused")]
    Head(#[from] HeadError),
    /// G-13: a statement that is not under the head, or not the kind that belongs there. The answer is wrong; the log need not be.
    #[error("the answer does not show what it says")]
    NotShown,
    /// G-6, G-7: a statement under the head that is out of order. Evidence.
    #[error("a statement of the ledger is out of order")]
    Statement(#[source] TrustError),
    /// G-13: the root is older than the one that was known.
    #[error("the directory's epoch was {known} and is {shown} now")]
    OlderRoot {
        /// What was known.
        known: u64,
        /// What was shown.
        shown: u64,
    },
}

impl From<CheckpointError> for NewsError {
    fn from(error: CheckpointError) -> Self {
        Self::Head(error.into())
    }
}

/// What was new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The acts, with their positions.
    pub acts: Vec<(u64, Statement)>,
    /// Whether more acts follow: ask again.
    pub has_more: bool,
}

impl Light {
    /// A client that knows the log's key and nothing else.
    pub fn new(log: NoteKey) -> Self {
        Self { log, known: None, ahead: None }
    }

    /// What to store; `None` before the first news.
    pub fn kept(&self) -> Option<Kept> {
        let Known { entries, head, root, .. } = self.known.as_ref()?;
        let checkpoint = head.checkpoint().as_bytes().to_vec().into();
        Some(Kept { entries: entries.clone(), checkpoint, seen: head.seen(), root: root.clone() })
    }

    /// A client as it was when it gave [`Self::kept`].
    ///
    /// # Errors
    /// [`BadKept`].
    pub fn restore(log: NoteKey, kept: Kept) -> Result<Self, BadKept> {
        let (first, acts) = kept.entries.split_first().ok_or(BadKept)?;
        let mut trust = Trust::found(&first.1).map_err(|_| BadKept)?;
        for (position, entry) in acts {
            trust.apply(log.name(), *position, entry).map_err(|_| BadKept)?;
        }
        let checkpoint =
            CheckpointIn::decode(&kept.checkpoint).and_then(|head| head.verify(&log)).map_err(|_| BadKept)?;
        let (entries, head) = (kept.entries, Head::kept(checkpoint, kept.seen));
        Ok(Self { log, known: Some(Known { entries, trust, head, root: kept.root }), ahead: None })
    }

    /// The log's key.
    pub fn log(&self) -> &NoteKey {
        &self.log
    }

    /// The last accepted head.
    pub fn head(&self) -> Option<&Head> {
        self.known.as_ref().map(|known| &known.head)
    }

    /// Whom the organisation trusts.
    pub fn trust(&self) -> Option<&Trust> {
        self.known.as_ref().map(|known| &known.trust)
    }

    /// The newest root of the directory and its position.
    pub fn root(&self) -> Option<&(u64, DirectoryRoot)> {
        self.known.as_ref().and_then(|known| known.root.as_ref())
    }

    /// From where on to ask for news: the last shown head's size and the last act's position. `None`: from the beginning.
    pub fn asks_from(&self) -> (u64, Option<u64>) {
        let last = self.ahead.as_ref().or(self.known.as_ref());
        last.map_or((0, None), |known| (known.head.checkpoint().size(), Some(known.trust.last_act())))
    }

    /// Takes news (rule G-13). While more acts follow, what is known stays as it is, and what came waits for the last of them.
    ///
    /// # Errors
    /// [`NewsError`]; what is known stays, and what waited is asked for again.
    pub fn take(&mut self, news: &LedgerNews, now: UnixMillis) -> Result<News, NewsError> {
        let before = self.ahead.take().or_else(|| self.known.clone());
        let checkpoint = CheckpointIn::decode(&news.checkpoint)?.verify(&self.log)?;
        let consistency = news.consistency.iter().map(|hash| Hash(**hash)).collect();
        check_follows(before.as_ref().map(|before| &before.head), &checkpoint, &consistency)?;
        let mut acts = news.acts.iter();
        let known_root = before.as_ref().and_then(|before| before.root.clone());
        let (mut entries, mut trust) = match before {
            Some(before) => (before.entries, before.trust),
            None => {
                let first = acts.next().filter(|first| first.position == 0).ok_or(NewsError::NotShown)?;
                check_included(first, &checkpoint)?;
                (vec![(0, first.entry.clone())], Trust::found(&first.entry).map_err(NewsError::Statement)?)
            }
        };
        let mut new = Vec::new();
        for act in acts {
            check_included(act, &checkpoint)?;
            if act.position <= trust.last_act() {
                return Err(NewsError::NotShown);
            }
            match trust.apply(self.log.name(), act.position, &act.entry).map_err(NewsError::Statement)? {
                Some(statement @ Statement::Act(_)) => {
                    entries.push((act.position, act.entry.clone()));
                    new.push((act.position, statement));
                }
                _ => return Err(NewsError::NotShown),
            }
        }
        let has_more = news.acts.len() >= allod_wire::limits::NEWS_ACTS_MAX;
        if has_more {
            let head = Head::kept(checkpoint, None);
            self.ahead = Some(Known { entries, trust, head, root: known_root });
        } else {
            let root = check_root(news.root.as_ref(), &checkpoint, &entries, known_root)?;
            let head = vouched(checkpoint, trust.witnesses(), now)?;
            self.known = Some(Known { entries, trust, head, root });
        }
        Ok(News { acts: new, has_more })
    }
}

/// The root that is known after this: the shown one, where `entries` are the founding and all acts, with their positions.
fn check_root(
    shown: Option<&Included>,
    checkpoint: &Checkpoint,
    entries: &[(u64, ByteVec)],
    known: Option<(u64, DirectoryRoot)>,
) -> Result<Option<(u64, DirectoryRoot)>, NewsError> {
    let Some(shown) = shown else {
        return match known {
            Some((_, root)) => Err(NewsError::OlderRoot { known: root.epoch, shown: 0 }),
            None => Ok(None),
        };
    };
    check_included(shown, checkpoint)?;
    let Ok(StatementIn::Known(Statement::DirectoryRoot(root))) = StatementIn::decode(&shown.entry) else {
        return Err(NewsError::NotShown);
    };
    // An act between the one that it names and the root was shown, and the root lies; or it names one that is hidden from us.
    let before_it = entries.iter().map(|(position, _)| *position).take_while(|position| *position < shown.position);
    if before_it.last() != Some(root.last_act) {
        return Err(NewsError::Statement(TrustError::LastAct(root.last_act)));
    }
    match known {
        Some((_, before)) if root.epoch < before.epoch => {
            Err(NewsError::OlderRoot { known: before.epoch, shown: root.epoch })
        }
        Some((_, before)) if root.epoch == before.epoch && root.root != before.root => {
            Err(NewsError::Statement(TrustError::Epoch(root.epoch)))
        }
        _ => Ok(Some((shown.position, root))),
    }
}

fn check_included(included: &Included, checkpoint: &Checkpoint) -> Result<(), NewsError> {
    let path = included.path.iter().map(|hash| Hash(**hash)).collect();
    let (size, root, leaf) = (checkpoint.size(), checkpoint.root(), leaf_hash(&included.entry));
    check_inclusion(&path, size, root, included.position, leaf).map_err(|BadProof| NewsError::NotShown)
}

#[cfg(test)]
mod tests;
