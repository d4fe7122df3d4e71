//! One conversation as the client keeps it: where it stands in its log, what the user asked for and is not done yet.
//!
//! Invariants:
//! - [`ConversationRow::position`] moves only forward, by entries in order, and `head` is the chain there;
//! - at most one commit of our own is under way;
//! - what is in [`Live`] can be lost at any time: it says only what this run of the program has asked for already.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use allod_crypto::token::{LogSecret, TokenSecret};
use allod_mls::Group;
use allod_wire::log::{Digest, TokenRole};
use allod_wire::mimi::MessageId;
use allod_wire::secrets::{Token, TokenKey};
use allod_wire::{Address, Commits, DeviceId, EntryId, LogId, Position, UnixMillis};
use minicbor::{Decode, Encode};

use crate::account::Seed;
use crate::content::Receipt;
use crate::intent::Intent;
use crate::job::Job;
use crate::local::Local;
use crate::outbox::Outgoing;
use crate::records::ConversationRecord;
use crate::rejoin::Rejoin;
use crate::roster::{Reader, Roster, people, readers};
use crate::rows::{self, Row, Writes};
use crate::state::{GroupState, Kind, Role};
use crate::typing::Typing;

/// How we stand to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Standing {
    /// Made here; the hub does not know of it yet.
    #[n(0)]
    Creating,
    /// A member.
    #[n(1)]
    Active,
    /// Commits are missing; a member was asked to add us again (rule C-11).
    #[n(2)]
    Rejoining,
    /// Removed by somebody, or the log is gone.
    #[n(3)]
    Removed,
    /// Left.
    #[n(4)]
    Left,
}

/// How many places of messages that this device cannot read are kept.
pub(crate) const MISSED_MAX: usize = 256;
/// How many positions of unread messages are kept.
pub(crate) const UNREAD_MAX: usize = 999;
/// How many chain values are kept to check what others have seen (rule C-4).
pub(crate) const HEADS_MAX: usize = 512;

/// The conversation's row.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct ConversationRow {
    #[n(0)]
    pub(crate) log: LogId,
    #[n(1)]
    pub(crate) standing: Standing,
    /// The last entry that was processed.
    #[n(2)]
    pub(crate) position: Position,
    /// The chain there; unknown until the first page for who was invited.
    #[n(3)]
    pub(crate) head: Option<Digest>,
    /// Commits up to there; unknown until the log was read to its end once.
    #[n(4)]
    pub(crate) commits: Option<Commits>,
    /// Behind our leaf's token (rule T-3).
    #[n(5)]
    pub(crate) token_secret: Seed,
    #[n(6)]
    pub(crate) created: UnixMillis,
    #[n(7)]
    pub(crate) last: Option<Preview>,
    #[n(8)]
    pub(crate) unread: Vec<Position>,
    #[n(9)]
    pub(crate) intents: Vec<Intent>,
    /// Token keys that the hub holds otherwise than it should, with what they should be (rule C-14).
    #[n(10)]
    pub(crate) repairs: BTreeMap<TokenKey, Option<TokenRole>>,
    /// Devices that asked to leave and are in the tree still, with the tokens that they gave up.
    #[n(11)]
    pub(crate) leaving: Vec<(DeviceId, TokenKey)>,
    /// The hub was caught (rule C-4), and the user has not decided.
    #[n(12)]
    pub(crate) forked: bool,
    #[n(13)]
    pub(crate) unseen_reader_change: bool,
    /// Number of the next outgoing message.
    #[n(14)]
    pub(crate) outgoing_next: u64,
    /// What a backup said, until we are added again (rule K-6).
    #[n(15)]
    pub(crate) remembered: Option<Remembered>,
    #[n(16)]
    #[cbor(default)]
    pub(crate) local: Local,
    /// Those of the unread messages that mention this user.
    #[n(17)]
    #[cbor(default)]
    pub(crate) mentions: Vec<Position>,
    /// The last line of somebody else.
    #[n(18)]
    #[cbor(default)]
    pub(crate) had: Position,
    /// What each person has, ourselves included (rule M-9).
    #[n(19)]
    #[cbor(default)]
    pub(crate) receipts: BTreeMap<Address, Receipt>,
    /// The commit by which an own device brought this one in.
    #[n(20)]
    pub(crate) since: Option<Position>,
    /// What was said before it is missing here (rule D-1).
    #[n(21)]
    #[cbor(default)]
    pub(crate) lacks_beginning: bool,
    /// Places behind it of what was encrypted before it, which this device cannot read.
    #[n(22)]
    #[cbor(default)]
    pub(crate) missed: Vec<Position>,
    /// Answers of others in threads that this user has not looked at since.
    #[n(23)]
    #[cbor(default)]
    pub(crate) new_answers: Vec<NewAnswer>,
}

/// An answer in a thread, as long as it is new.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct NewAnswer {
    /// The message that began the thread.
    #[n(0)]
    pub(crate) thread: MessageId,
    #[n(1)]
    pub(crate) position: Position,
}

impl ConversationRow {
    /// Of a conversation of which nothing was read.
    pub(crate) fn new(log: LogId, standing: Standing, token_secret: Seed, created: UnixMillis) -> Self {
        Self {
            log,
            standing,
            position: Position(0),
            head: None,
            commits: None,
            token_secret,
            created,
            last: None,
            unread: Vec::new(),
            intents: Vec::new(),
            repairs: BTreeMap::new(),
            leaving: Vec::new(),
            forked: false,
            unseen_reader_change: false,
            outgoing_next: 0,
            remembered: None,
            local: Local::default(),
            mentions: Vec::new(),
            had: Position(0),
            receipts: BTreeMap::new(),
            since: None,
            lacks_beginning: false,
            missed: Vec::new(),
            new_answers: Vec::new(),
        }
    }

    /// A conversation of which nothing but what another device or a backup says is known.
    pub(crate) fn remembered(record: &ConversationRecord) -> Self {
        let standing = if record.is_member { Standing::Rejoining } else { Standing::Removed };
        Self {
            last: record.last.clone(),
            remembered: Some(record.remembered.clone()),
            ..Self::new(record.log, standing, Seed([0; 32]), record.created)
        }
    }

    /// Own devices may know what this one does not (rule D-1).
    pub(crate) fn lacks_history(&self) -> bool {
        self.lacks_beginning || !self.missed.is_empty()
    }

    /// Somebody else said something. `time` is when, by whoever's clock.
    pub(crate) fn note_unread(&mut self, position: Position, mentions_me: bool, time: UnixMillis) {
        self.had = self.had.max(position);
        if self.unread.len() < UNREAD_MAX {
            self.unread.push(position);
            self.mentions.extend(mentions_me.then_some(position));
        }
        self.local.archived &= self.local.is_muted(time);
    }

    /// An answer came in a thread: one of somebody else is new, and by an own one the others were looked at, with whatever device.
    pub(crate) fn note_answer(&mut self, thread: MessageId, position: Position, own: bool) {
        if own {
            self.thread_seen(thread);
        } else if self.new_answers.len() < UNREAD_MAX {
            self.new_answers.push(NewAnswer { thread, position });
        }
    }

    /// The user has looked at a thread; `false` if nothing in it was new.
    pub(crate) fn thread_seen(&mut self, thread: MessageId) -> bool {
        let before = self.new_answers.len();
        if self.new_answers.iter().any(|answer| answer.thread == thread) {
            self.new_answers.retain(|answer| answer.thread != thread);
        }
        self.new_answers.len() < before
    }

    /// The user has seen what stands up to `position`; `false` if that is nothing new.
    pub(crate) fn seen(&mut self, position: Position) -> bool {
        let is_new = self.unread.first().is_some_and(|first| *first <= position);
        self.unread.retain(|unread| *unread > position);
        self.mentions.retain(|mention| *mention > position);
        is_new
    }
}

/// What is known of a conversation without its group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Remembered {
    #[n(0)]
    pub(crate) kind: Kind,
    #[n(1)]
    pub(crate) title: String,
    /// The others; who can add us first.
    #[n(2)]
    pub(crate) people: Vec<Address>,
    /// Ours.
    #[n(3)]
    pub(crate) role: Role,
}

/// The last message in short.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Preview {
    #[n(0)]
    pub(crate) time: UnixMillis,
    #[n(1)]
    pub(crate) sender: Address,
    #[n(2)]
    pub(crate) text: String,
    /// By which what acts on it names it.
    #[n(3)]
    pub(crate) message_id: Option<MessageId>,
    /// It was deleted for everyone.
    #[n(4)]
    #[cbor(default)]
    pub(crate) deleted: bool,
}

/// What this run of the program knows and a restart may forget.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// `Subscribe` was said on the socket that is open now.
    pub(crate) subscribed: bool,
    /// We have read to the end of the log since then.
    pub(crate) caught_up: bool,
    /// No new request for this conversation before.
    pub(crate) retry_at: Option<UnixMillis>,
    /// Failures in a row, for the backoff.
    pub(crate) failures: u32,
    /// The own commit was said on the open socket.
    pub(crate) commit_sent: Option<EntryId>,
    /// Messages said on the open socket and not answered, in order.
    pub(crate) in_flight: VecDeque<EntryId>,
    /// Messages that the hub has, whose places we have not read yet.
    pub(crate) answered: BTreeSet<EntryId>,
    /// What would have acted on another message, and was refused.
    pub(crate) refused: BTreeSet<EntryId>,
    /// Messages said on the open socket in an earlier form, since the log holds them in another one than the present.
    pub(crate) former_said: BTreeSet<EntryId>,
    /// The last position that the hub was told we need no more, and when to tell more.
    pub(crate) passed: Position,
    pub(crate) passed_due: Option<UnixMillis>,
    /// When it is our turn to do what others may do too.
    pub(crate) duty_at: Option<UnixMillis>,
    /// When to tell what we received and read.
    pub(crate) receipt_at: Option<UnixMillis>,
    /// Do not stage before the log holds this many commits: the hub says it does.
    pub(crate) commits_at_hub: Commits,
    /// The first entry that was missing in what we read since the socket opened.
    pub(crate) gap: Option<Position>,
    /// A page was not used, and none since then that begins where we are.
    pub(crate) distrusted: bool,
    /// Something came from an epoch ahead of ours.
    pub(crate) ahead: bool,
    /// Own devices that could not be added lately, and when to try again.
    pub(crate) not_before: BTreeMap<DeviceId, UnixMillis>,
    /// We came back with another token on this socket, and what comes may be the old subscription's still.
    pub(crate) old_subscription: bool,
    /// We came in lately, and our token may not be known yet: so often more the log is asked again.
    pub(crate) chances: u32,
    /// How far asking to be added again is (rule C-11).
    pub(crate) rejoin: Rejoin,
    /// Who is typing.
    pub(crate) typing: Typing,
}

/// A conversation.
pub(crate) struct Conversation {
    pub(crate) row: Row<ConversationRow>,
    pub(crate) roster: Row<Roster>,
    pub(crate) job: Option<Row<Job>>,
    pub(crate) outbox: BTreeMap<u64, Row<Outgoing>>,
    pub(crate) heads: BTreeMap<Position, Digest>,
    pub(crate) group: Option<Group>,
    pub(crate) live: Live,
    /// The group as people and their devices, if it was asked for in this epoch.
    cache: Option<Arc<Membership>>,
    /// The same of an earlier epoch, so that nothing is verified twice.
    earlier: Option<Arc<Membership>>,
}

/// Group state and readers of the present epoch.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) state: GroupState,
    pub(crate) readers: Vec<Reader>,
    pub(crate) people: BTreeSet<Address>,
}

impl Membership {
    /// `known` are readers of an earlier epoch.
    pub(crate) fn of(group: &Group, known: &[Reader]) -> Option<Self> {
        let readers = readers(&group.members(), known);
        let state = GroupState::decode(group.context()).ok()?;
        Some(Self { people: people(&readers), state, readers })
    }

    pub(crate) fn role(&self, address: &Address) -> Role {
        self.state.role(address, &self.people)
    }

    /// Looks after a group: its owner or admin. In a pair nobody does.
    pub(crate) fn is_chief(&self, address: &Address) -> bool {
        self.state.kind == Kind::Group && self.role(address) >= Role::Admin
    }

    /// What the token of `address` may do at the hub, if the hub holds what it should (rule T-5).
    pub(crate) fn token_role(&self, address: &Address) -> TokenRole {
        self.state.roles.get(address).copied().unwrap_or(Role::Member).token_role()
    }

    pub(crate) fn secret(&self) -> LogSecret {
        LogSecret::from_wire(&self.state.log_secret)
    }

    pub(crate) fn devices_of<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = &'a Reader> {
        self.readers.iter().filter(move |reader| reader.address() == address)
    }

    /// The order in which members do what any of them could (rule C-7): owners and admins by address, or else everybody.
    pub(crate) fn rank(&self, address: &Address, device: DeviceId) -> u64 {
        let chiefs: Vec<&Address> = self.people.iter().filter(|person| self.role(person) >= Role::Admin).collect();
        let place = chiefs.iter().position(|chief| *chief == address);
        let place =
            place.unwrap_or_else(|| chiefs.len() + self.people.iter().take_while(|person| *person != address).count());
        let earlier = self.devices_of(address).filter(|reader| reader.device() < device).count();
        (place * 4 + earlier.min(3)) as u64
    }
}

impl Conversation {
    pub(crate) fn new(row: ConversationRow, group: Group) -> Self {
        let mut conversation = Self::stored(Row::new(row), Some(group));
        conversation.roster = Row::new(Roster::default());
        conversation
    }

    pub(crate) fn stored(row: Row<ConversationRow>, group: Option<Group>) -> Self {
        Self {
            row,
            roster: Row::stored(Roster::default()),
            job: None,
            outbox: BTreeMap::new(),
            heads: BTreeMap::new(),
            group,
            live: Live::default(),
            cache: None,
            earlier: None,
        }
    }

    pub(crate) fn log(&self) -> LogId {
        self.row.log
    }

    /// Group state and readers; `None` once the group is gone from memory or damaged.
    pub(crate) fn membership(&mut self) -> Option<Arc<Membership>> {
        if self.cache.is_none() {
            self.cache = self.peek_membership();
            self.earlier = None;
        }
        self.cache.clone()
    }

    /// As [`Self::membership`], without keeping what was computed.
    pub(crate) fn peek_membership(&self) -> Option<Arc<Membership>> {
        let compute = || {
            let group = self.group.as_ref()?;
            let known = self.earlier.as_ref().map_or(&[][..], |earlier| &earlier.readers);
            Membership::of(group, known).map(Arc::new)
        };
        self.cache.clone().or_else(compute)
    }

    /// The group is new, and this is what it is.
    pub(crate) fn epoch_is(&mut self, membership: Arc<Membership>) {
        self.cache = Some(membership);
    }

    /// The group has changed.
    pub(crate) fn epoch_changed(&mut self) {
        self.earlier = self.cache.take();
    }

    /// Our token for the log (rule T-3).
    pub(crate) fn token(&mut self) -> Option<Token> {
        let secret = TokenSecret::from_bytes(self.row.token_secret.0).ok()?;
        self.membership().map(|membership| secret.token(&membership.secret()))
    }

    /// Entries can be appended now: we have read the log to its end, and nothing forbids it.
    pub(crate) fn can_append(&self) -> bool {
        self.row.standing == Standing::Active && !self.row.forked && self.live.caught_up
    }

    /// Those with whom it is started are not in yet: what is said now could be read by nobody.
    pub(crate) fn is_being_founded(&self) -> bool {
        let founds = |intent: &Intent| matches!(intent, Intent::Add { founding: true, .. });
        let in_job = self.job.as_ref().and_then(|job| job.intent.as_ref()).is_some_and(founds);
        in_job || self.row.intents.iter().any(founds)
    }

    /// We want to leave: whatever else we did now could undo what leaving takes (rule C-5).
    pub(crate) fn is_leaving(&self) -> bool {
        let in_job = self.job.as_ref().and_then(|job| job.intent.as_ref()) == Some(&Intent::Leave);
        in_job || self.row.intents.contains(&Intent::Leave) || self.outbox.values().any(|outgoing| outgoing.leaves)
    }

    /// There is something to repair at the hub, and our token may (rule C-14).
    pub(crate) fn can_repair(&mut self, me: &Address) -> bool {
        !self.row.repairs.is_empty()
            && self.membership().is_some_and(|here| here.token_role(me) == TokenRole::Administrator)
    }

    pub(crate) fn is_member(&self) -> bool {
        matches!(self.row.standing, Standing::Creating | Standing::Active | Standing::Rejoining)
    }

    /// Notes the chain after the entry at `position`, and forgets what is too old to be asked for.
    pub(crate) fn note_head(&mut self, position: Position, head: Digest, writes: &mut Writes) {
        let log = self.log();
        self.row.position = position;
        self.row.head = Some(head);
        self.heads.insert(position, head);
        writes.put(rows::head(log, position), &head);
        while self.heads.len() > HEADS_MAX {
            if let Some((old, _)) = self.heads.pop_first() {
                writes.delete(rows::head(log, old));
            }
        }
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        let log = self.log();
        self.row.flush(|| rows::conversation(log), writes);
        self.roster.flush(|| rows::roster(log), writes);
        if self.job.as_ref().is_some_and(|job| job.is_empty()) {
            self.job = None;
            writes.delete(rows::job(log));
        }
        if let Some(job) = &mut self.job {
            job.flush(|| rows::job(log), writes);
        }
        for (number, outgoing) in &mut self.outbox {
            outgoing.flush(|| rows::outgoing(log, *number), writes);
        }
    }

    /// The rows of which nothing remains when the conversation is forgotten; history is the shell's to delete by prefix.
    pub(crate) fn delete_rows(&self, writes: &mut Writes) {
        let log = self.log();
        for key in [rows::conversation(log), rows::roster(log), rows::job(log)] {
            writes.delete(key);
        }
        self.outbox.keys().for_each(|number| writes.delete(rows::outgoing(log, *number)));
        self.heads.keys().for_each(|position| writes.delete(rows::head(log, *position)));
    }
}
