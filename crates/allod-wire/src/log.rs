//! Conversation logs as they travel: entries, receipts, pages. Spec: `spec/log.md`.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use crate::ids::{EntryId, LogId};
use crate::secrets::{Ticket, TokenKey};
use crate::units::{Commits, Day, Position};

/// A SHA-256 digest.
pub type Digest = ByteArray<32>;

/// What a token may do besides appending and reading (rule T-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum TokenRole {
    /// Appends, reads, registers members, revokes itself.
    #[n(0)]
    Member,
    /// Also revokes others and registers administrators.
    #[n(1)]
    Administrator,
}

/// A change of who may append and read, made by the entry that carries it (rule T-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum TokenChange {
    /// This token key may use the log from here on.
    #[n(0)]
    Register {
        /// The key of the new member.
        #[n(0)]
        key: TokenKey,
        /// What it may do.
        #[n(1)]
        role: TokenRole,
    },
    /// This token key may not use the log any more, from here on.
    #[n(1)]
    Revoke {
        /// The key of the member that goes.
        #[n(0)]
        key: TokenKey,
    },
}

/// What an entry is to the hub, which knows no more of it than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum EntryKind {
    /// Anything that starts no new epoch.
    #[n(0)]
    Message,
    /// Starts a new epoch; accepted only if `seen` is how many commits the log holds (rule L-5).
    #[n(1)]
    Commit {
        /// How many commits the author has seen.
        #[n(0)]
        seen: Commits,
    },
}

/// Creates a log (rule L-1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CreateLog {
    /// Pays for it.
    #[n(0)]
    pub ticket: Ticket,
    /// The first member, an administrator.
    #[n(1)]
    pub first: TokenKey,
}

/// An entry as its author sends it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct NewEntry {
    /// Chosen by the author; the same in every retry (rule L-4).
    #[n(0)]
    pub id: EntryId,
    /// Message or commit.
    #[n(1)]
    pub kind: EntryKind,
    /// Changes of who may use the log, in order; only with a commit, but for a member that revokes itself (rule T-5).
    #[n(2)]
    pub changes: Vec<TokenChange>,
    /// Commitment to the content (rule F-1); random where there is none, so that the hub cannot tell.
    #[n(3)]
    pub frank: Digest,
    /// Sealed, and of exactly one size class (rule L-8).
    #[n(4)]
    pub payload: ByteVec,
}

/// An entry in its place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// Its place in the log.
    #[n(0)]
    pub position: Position,
    /// The day on which the hub accepted it.
    #[n(1)]
    pub day: Day,
    /// What the author sent.
    #[n(2)]
    pub new: NewEntry,
}

/// What a receipt says: the hub accepted this entry here, after exactly the entries that `head` commits to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReceiptBody {
    /// The log.
    #[n(0)]
    pub log: LogId,
    /// The entry's place.
    #[n(1)]
    pub position: Position,
    /// The entry.
    #[n(2)]
    pub entry: EntryId,
    /// The day on which it was accepted.
    #[n(3)]
    pub day: Day,
    /// The entry's commitment to its content.
    #[n(4)]
    pub frank: Digest,
    /// The hash chain over the log up to and with this entry (rule L-6).
    #[n(5)]
    pub head: Digest,
}

/// Proof that the hub signed a receipt: its place in the Merkle tree of one batch, and the signature over the root (rule L-7).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReceiptProof {
    /// The receipt's index in the batch.
    #[n(0)]
    pub index: u32,
    /// Receipts in the batch.
    #[n(1)]
    pub size: u32,
    /// Sibling hashes from leaf to root (RFC 6962 section 2.1.1).
    #[n(2)]
    pub path: Vec<Digest>,
    /// Ed25519 over the labelled root.
    #[n(3)]
    pub signature: ByteArray<64>,
}

/// A signed receipt. It covers its entry and, through the chain, all entries before it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// What it says.
    #[n(0)]
    pub body: ReceiptBody,
    /// That the hub says so.
    #[n(1)]
    pub proof: ReceiptProof,
}

/// A page of a log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EntriesPage {
    /// Entries in order, without gaps.
    #[n(0)]
    pub entries: Vec<Entry>,
    /// Receipt of the page's last entry; none for an empty page.
    #[n(1)]
    pub receipt: Option<Receipt>,
    /// The first position that the hub still holds.
    #[n(2)]
    pub first: Position,
    /// The last position of the log.
    #[n(3)]
    pub last: Position,
    /// Commits in the log.
    #[n(4)]
    pub commits: Commits,
    /// The chain value just before the page's first entry, so that a reader which starts in the middle can follow the chain.
    #[n(5)]
    pub head_before: Digest,
}

/// How far a member has read: entries that all have passed can go (rule L-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Cursor {
    /// The last position that this member needs no more.
    #[n(0)]
    pub position: Position,
}

/// The head of a log as an author saw it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HeadSeen {
    /// The last entry seen.
    #[n(0)]
    pub position: Position,
    /// The chain there.
    #[n(1)]
    pub head: Digest,
}

/// The authenticated data of every MLS message in a log (rule C-4).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EntryContext {
    /// The head that the author had seen: a server that shows different logs to different people is caught by it.
    #[n(0)]
    pub seen: HeadSeen,
    /// The same commitment as in the entry (rule F-1).
    #[n(1)]
    pub frank: Digest,
}
