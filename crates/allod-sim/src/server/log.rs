//! A log as the simulated server holds it, and the lies that it can tell about it.
//!
//! The server keeps everything that it ever accepted, so that the checks can look at it; what a trimming took away is only no longer served.
//! A lie that the hub signs is a second branch of the log, shown to some members: entries go over to the other branch but for
//! one accident (rule C-4 is what catches it).

use std::collections::{BTreeMap, BTreeSet};

use allod_crypto::identity::SigningSecret;
use allod_crypto::receipt::{first_head, next_head, sign_batch};
use allod_server_core::accept_entry::{AppendError, Earlier, Verdict, accept_entry, before};
use allod_server_core::log_state::LogState;
use allod_server_core::read_entries::{PageBudget, page_start};
use allod_server_core::retention::{Fate, fate};
use allod_server_core::{Policy, move_cursor};
use allod_wire::log::{Digest, EntriesPage, Entry, EntryKind, NewEntry, Receipt, ReceiptBody, TokenChange};
use allod_wire::secrets::TokenKey;
use allod_wire::{Day, EntryId, LogId, Position};

/// Entries in one page: few, so that reading takes several.
const PAGE_ENTRIES: u32 = 6;

/// How the hub lies in what it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// One entry is not shown to the other half.
    Drop,
    /// Several entries of each half are not shown to the other.
    Fork,
    /// Two entries are shown to the other half in the other order.
    Swap,
    /// An entry is shown to the other half twice.
    Replay,
    /// An entry is shown to the other half with other bytes.
    Alter,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Drop, Self::Fork, Self::Swap, Self::Replay, Self::Alter];
}

/// For how long a token key was a member's: from the entry that registered it to the one that revoked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The position of the entry that registered the key; 0 for the creator's.
    pub from: u64,
    /// The position of the entry that revoked it.
    pub to: Option<u64>,
}

impl Span {
    /// Whether an entry at `position` was within it.
    pub fn holds(&self, position: u64) -> bool {
        self.from < position && self.to.is_none_or(|to| position < to)
    }
}

/// One version of a log.
#[derive(Debug, Clone)]
pub struct Branch {
    /// The fold over its entries.
    pub state: LogState,
    /// Every entry since the first.
    pub entries: Vec<Entry>,
    heads: Vec<Digest>,
    /// Who was a member when.
    pub spans: BTreeMap<TokenKey, Vec<Span>>,
}

impl Branch {
    fn created(log: LogId, first: TokenKey, today: Day) -> Self {
        let spans = BTreeMap::from([(first, vec![Span { from: 0, to: None }])]);
        Self { state: LogState::created(log, first, today), entries: Vec::new(), heads: Vec::new(), spans }
    }

    fn head_before(&self, position: Position) -> Digest {
        let index = (position.0 as usize).checked_sub(2);
        index.map_or_else(|| first_head(self.state.log), |index| self.heads[index])
    }

    fn receipt_body(&self, index: usize) -> ReceiptBody {
        let (entry, head) = (&self.entries[index], self.heads[index]);
        let (log, position, day) = (self.state.log, entry.position, entry.day);
        ReceiptBody { log, position, entry: entry.new.id, day, frank: entry.new.frank, head }
    }

    fn append(&mut self, author: &TokenKey, new: NewEntry, today: Day) -> Result<(ReceiptBody, bool), AppendError> {
        let held = self.entries.iter().position(|entry| entry.new.id == new.id);
        let earlier = held.map(|index| Earlier {
            receipt: self.receipt_body(index),
            head_before: self.head_before(self.entries[index].position),
        });
        match accept_entry(&self.state, author, new, earlier.as_ref(), today)? {
            Verdict::Before(receipt) => Ok((receipt, false)),
            Verdict::Now(accepted) => {
                self.state.apply(&accepted);
                self.note_spans(&accepted.entry);
                self.heads.push(accepted.head);
                let receipt = accepted.receipt(self.state.log);
                self.entries.push(accepted.entry);
                Ok((receipt, true))
            }
        }
    }

    /// Appends what no rule allows.
    fn force(&mut self, new: NewEntry, today: Day) {
        let entry = Entry { position: self.state.last.next(), day: today.max(self.state.day), new };
        let head = next_head(&self.state.head, &entry);
        (self.state.last, self.state.head, self.state.day) = (entry.position, head, entry.day);
        self.heads.push(head);
        self.entries.push(entry);
    }

    fn note_spans(&mut self, entry: &Entry) {
        let at = entry.position.0;
        for change in &entry.new.changes {
            let (TokenChange::Register { key, .. } | TokenChange::Revoke { key }) = change;
            let spans = self.spans.entry(*key).or_default();
            let is_open = spans.last().is_some_and(|span| span.to.is_none());
            match change {
                TokenChange::Register { .. } if !is_open => spans.push(Span { from: at, to: None }),
                TokenChange::Revoke { .. } if is_open => {
                    if let Some(span) = spans.last_mut() {
                        span.to = Some(at);
                    }
                }
                _ => {}
            }
        }
    }

    /// A page after `after` (rule L-11).
    pub fn page(&self, after: Position, hub: &SigningSecret) -> EntriesPage {
        let start = page_start(after, self.state.first, self.state.last);
        let mut budget = PageBudget::new(PAGE_ENTRIES);
        let mut entries = Vec::new();
        for entry in self.entries.iter().skip(start.0 as usize) {
            if !budget.take(entry.new.payload.len(), entries.is_empty()) {
                break;
            }
            entries.push(entry.clone());
        }
        let receipt = entries.last().map(|last: &Entry| self.receipt(last.position, hub));
        let head_before = self.head_before(start.next());
        let LogState { first, last, commits, .. } = self.state;
        EntriesPage { entries, receipt, first, last, commits, head_before }
    }

    fn receipt(&self, position: Position, hub: &SigningSecret) -> Receipt {
        let body = self.receipt_body(before(position).0 as usize);
        let proof = sign_batch(hub, std::slice::from_ref(&body)).remove(0);
        Receipt { body, proof }
    }

    fn sweep(&mut self, policy: &Policy, today: Day) {
        if let Fate::Trimmed { first, .. } = fate(&self.state, Position(0), policy, today) {
            self.state.first = first;
        }
    }
}

/// The other version of a log that is lied about.
#[derive(Debug, Clone)]
pub struct Other {
    /// What the others see.
    pub branch: Branch,
    /// Who sees it.
    pub shown_to: BTreeSet<TokenKey>,
    /// What the lie is.
    pub lie: Lie,
    /// Accidents that are still to happen.
    left: u32,
    held: Option<(TokenKey, NewEntry, bool)>,
}

/// A log, with the other version of it if the server lies.
#[derive(Debug, Clone)]
pub struct Log {
    /// The log.
    pub main: Branch,
    /// What else some are shown.
    pub other: Option<Other>,
}

impl Log {
    /// A fresh log.
    pub fn created(log: LogId, first: TokenKey, today: Day) -> Self {
        Self { main: Branch::created(log, first, today), other: None }
    }

    /// The version that the holder of a key is shown.
    pub fn seen_by(&self, key: &TokenKey) -> &Branch {
        match &self.other {
            Some(other) if other.shown_to.contains(key) => &other.branch,
            _ => &self.main,
        }
    }

    /// From now on the holders of some keys are shown another version.
    pub fn lie(&mut self, lie: Lie, shown_to: BTreeSet<TokenKey>) {
        let left = if lie == Lie::Fork { 3 } else { 1 };
        self.other = Some(Other { branch: self.main.clone(), shown_to, lie, left, held: None });
    }

    /// Whether both halves hold the same commits, and so can open what the other one says. Halves that changed their members apart are
    /// two groups: nothing of one says anything to the other.
    pub fn is_one_group(&self) -> bool {
        let commits = |branch: &Branch| -> Vec<EntryId> {
            let commits = branch.entries.iter().filter(|entry| matches!(entry.new.kind, EntryKind::Commit { .. }));
            commits.map(|entry| entry.new.id).collect()
        };
        self.other.as_ref().is_none_or(|other| commits(&self.main) == commits(&other.branch))
    }

    /// Whether two versions differ.
    pub fn has_diverged(&self) -> bool {
        self.other.as_ref().is_some_and(|other| {
            let both = self.main.heads.iter().zip(&other.branch.heads);
            both.into_iter().any(|(one, another)| one != another) || self.main.heads.len() != other.branch.heads.len()
        })
    }

    /// Appends an entry, and shows it to the other half, or not, or not so.
    ///
    /// # Errors
    /// [`AppendError`].
    pub fn append(
        &mut self,
        author: &TokenKey,
        new: NewEntry,
        hub: &SigningSecret,
        today: Day,
    ) -> Result<Receipt, AppendError> {
        let is_other = self.other.as_ref().is_some_and(|other| other.shown_to.contains(author));
        let own = match &mut self.other {
            Some(other) if is_other => &mut other.branch,
            _ => &mut self.main,
        };
        let (body, is_new) = own.append(author, new.clone(), today)?;
        let proof = sign_batch(hub, std::slice::from_ref(&body)).remove(0);
        if is_new {
            self.relay(*author, new, is_other, today);
        }
        Ok(Receipt { body, proof })
    }

    fn relay(&mut self, author: TokenKey, new: NewEntry, from_other: bool, today: Day) {
        let Some(Other { branch, lie, left, held, .. }) = &mut self.other else { return };
        let to = if from_other { &mut self.main } else { branch };
        let is_message = new.kind == EntryKind::Message && new.changes.is_empty();
        if let Some((first_author, first, first_from_other)) = held.take() {
            // The second of two that change places; only messages do.
            if is_message && first_from_other == from_other {
                let _ = to.append(&author, new, today);
                let _ = to.append(&first_author, first, today);
                return;
            }
            let first_to = if first_from_other == from_other { &mut *to } else { return };
            let _ = first_to.append(&first_author, first, today);
        }
        if *left > 0 && is_message {
            *left -= 1;
            match lie {
                Lie::Drop | Lie::Fork => return,
                Lie::Swap => {
                    *held = Some((author, new, from_other));
                    return;
                }
                Lie::Replay => to.force(new.clone(), today),
                Lie::Alter => {
                    let mut altered = new;
                    let middle = altered.payload.len() / 2;
                    altered.payload[middle] ^= 1;
                    to.force(altered, today);
                    return;
                }
            }
            to.force(new, today);
            return;
        }
        // A refusal means that the halves went so far apart that this entry has no place there.
        let _ = to.append(&author, new, today);
    }

    /// Notes that a member needs nothing up to `position` (rule L-10).
    pub fn move_cursor(&mut self, key: &TokenKey, position: Position) {
        for branch in std::iter::once(&mut self.main).chain(self.other.as_mut().map(|other| &mut other.branch)) {
            let to = move_cursor::move_cursor(&branch.state, key, position);
            if let (Ok(Some(to)), Some(member)) = (to, branch.state.members.get_mut(key)) {
                member.cursor = to;
            }
        }
    }

    /// Takes away what nobody needs (rule L-10).
    pub fn sweep(&mut self, policy: &Policy, today: Day) {
        self.main.sweep(policy, today);
    }

    /// Gives up all but the last entry, as retention does (with the last one the log would go, rule L-12); says up to where.
    pub fn expire(&mut self, policy: &Policy, today: Day) -> Position {
        let expired = before(self.main.state.last);
        if let Fate::Trimmed { first, .. } = fate(&self.main.state, expired, policy, today) {
            self.main.state.first = first;
        }
        before(self.main.state.first)
    }

    /// The ids of the entries, in order.
    pub fn ids(&self) -> Vec<EntryId> {
        self.main.entries.iter().map(|entry| entry.new.id).collect()
    }
}
