//! What a client that does not read all of a ledger keeps of it, and what it takes for news. Spec: `spec/ledger.md`, rules G-7 to G-9 and G-13.
//!
//! Invariants:
//! - what is refused changes nothing;
//! - the acts are a chain without a gap from the founding, and the root is one that names the last of them.

use allod_wire::UnixMillis;
use allod_wire::ledger::{DirectoryRoot, Included, LedgerNews, Statement, StatementIn};
use tlog_tiles::Hash;

use crate::checkpoint::{Checkpoint, CheckpointError, CheckpointIn};
use crate::head::{Head, HeadError, accept_signed};
use crate::key::NoteKey;
use crate::tree::{BadProof, check_inclusion, leaf_hash};
use crate::trust::{Trust, TrustError};

/// A light client of one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Light {
    log: NoteKey,
    known: Option<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    trust: Trust,
    head: Head,
    root: Option<(u64, DirectoryRoot)>,
}

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
        Self { log, known: None }
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

    /// From where on to ask for news: the head's size and the last act's position. `None`: from the beginning.
    pub fn asks_from(&self) -> (u64, Option<u64>) {
        self.known.as_ref().map_or((0, None), |known| (known.head.checkpoint().size(), Some(known.trust.last_act())))
    }

    /// Takes news (rule G-13).
    ///
    /// # Errors
    /// [`NewsError`]; nothing changed.
    pub fn take(&mut self, news: &LedgerNews, now: UnixMillis) -> Result<News, NewsError> {
        let checkpoint = CheckpointIn::decode(&news.checkpoint)?.verify(&self.log)?;
        let mut acts = news.acts.iter();
        let mut trust = match &self.known {
            Some(known) => known.trust.clone(),
            None => {
                let first = acts.next().filter(|first| first.position == 0).ok_or(NewsError::NotShown)?;
                check_included(first, &checkpoint)?;
                Trust::found(&first.entry).map_err(NewsError::Statement)?
            }
        };
        let mut new = Vec::new();
        for act in acts {
            check_included(act, &checkpoint)?;
            if act.position <= trust.last_act() {
                return Err(NewsError::NotShown);
            }
            match trust.apply(self.log.name(), act.position, &act.entry).map_err(NewsError::Statement)? {
                Some(statement @ Statement::Act(_)) => new.push((act.position, statement)),
                _ => return Err(NewsError::NotShown),
            }
        }
        let has_more = news.acts.len() >= allod_wire::limits::NEWS_ACTS_MAX;
        let root = self.check_root(news.root.as_ref(), &checkpoint, &trust, has_more)?;
        let consistency = news.consistency.iter().map(|hash| Hash(**hash)).collect();
        let head = accept_signed(self.head(), checkpoint, &consistency, trust.witnesses(), now)?;
        self.known = Some(Known { trust, head, root });
        Ok(News { acts: new, has_more })
    }

    /// The root that is known after this: the shown one, or the former one while acts are missing.
    fn check_root(
        &self,
        shown: Option<&Included>,
        checkpoint: &Checkpoint,
        trust: &Trust,
        has_more: bool,
    ) -> Result<Option<(u64, DirectoryRoot)>, NewsError> {
        let known = self.root();
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
        if has_more {
            return Ok(known.cloned());
        }
        // An act behind the root is not named by it; one before it that is not the last of ours is hidden from us, or the root lies.
        let names_a_known_act = root.last_act == trust.last_act() || trust.last_act() > shown.position;
        if !names_a_known_act {
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
}

fn check_included(included: &Included, checkpoint: &Checkpoint) -> Result<(), NewsError> {
    let path = included.path.iter().map(|hash| Hash(**hash)).collect();
    let (size, root, leaf) = (checkpoint.size(), checkpoint.root(), leaf_hash(&included.entry));
    check_inclusion(&path, size, root, included.position, leaf).map_err(|BadProof| NewsError::NotShown)
}

#[cfg(test)]
mod tests;
