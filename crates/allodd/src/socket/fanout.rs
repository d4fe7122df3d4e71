//! From the store's commits to the sockets that wait for them.
//!
//! Invariants:
//! - a page is encoded once, however many read it, and not at all if nobody does;
//! - a [`Mailbox`] holds at most [`MAIL_BYTES_MAX`] of shared bytes (or one frame); beyond it says "behind", and the connection
//!   reads from the store when its peer takes more (rule H-5);
//! - what is lost on the way is noticed: then everybody is told to compare with the store.

use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use allod_server_core::Hint;
use allod_wire::log::EntriesPage;
use allod_wire::secrets::TokenKey;
use allod_wire::socket::{ServerFrame, Whisper};
use allod_wire::{DeviceId, LogId, Position};
use bytes::Bytes;
use tokio::sync::mpsc;

use super::frames;

/// Commits that wait to be passed on, at most.
const COMMITS_MAX: usize = 4_096;
/// Shared bytes in one mailbox at most, unless it is a single frame.
const MAIL_BYTES_MAX: usize = 256 << 10;
/// Notes in one mailbox at most that hold a frame.
const MAIL_FRAMES_MAX: usize = 256;
/// Locks over the logs that somebody listens to.
const SHARDS: usize = 32;

/// Who listens to what.
#[derive(Debug)]
pub(crate) struct Fanout {
    shards: [Mutex<HashMap<LogId, Vec<Listener>>>; SHARDS],
    inboxes: Mutex<HashMap<DeviceId, Vec<Weak<Mailbox>>>>,
    all: Mutex<HashMap<u64, Weak<Mailbox>>>,
    numbers: AtomicU64,
    lost: AtomicBool,
}

#[derive(Debug)]
struct Listener {
    mailbox: Arc<Mailbox>,
    number: u32,
    key: TokenKey,
}

/// News for a connection.
#[derive(Debug)]
pub(super) enum Note {
    /// The next entries of a log, ready to be sent.
    Frame {
        /// Which log.
        log: LogId,
        /// Which subscription to it: a later one to the same log is another.
        number: u32,
        /// The first entry.
        first: Position,
        /// The last.
        last: Position,
        /// The frame.
        bytes: Bytes,
    },
    /// There are entries that did not fit here.
    Behind {
        /// Which log.
        log: LogId,
        /// Which subscription to it.
        number: u32,
    },
    /// The subscription's token opens the log no more, or there is no log any more.
    Ended {
        /// Which log.
        log: LogId,
        /// Which subscription to it.
        number: u32,
    },
    /// Somebody else who is subscribed to the log whispers (rule H-8).
    Whisper {
        /// Which log.
        log: LogId,
        /// Which subscription to it.
        number: u32,
        /// The frame.
        bytes: Bytes,
    },
    /// Something came into the inbox.
    Inbox,
    /// The session of the inbox has ended.
    SessionEnded,
    /// Anything may have happened.
    CompareAll,
    /// The server stops.
    Stop,
}

/// What waits for a connection.
#[derive(Debug)]
pub(super) struct Mailbox {
    number: u64,
    mail: Mutex<Mail>,
}

#[derive(Debug, Default)]
struct Mail {
    notes: Vec<Note>,
    bytes: usize,
    waker: Option<Waker>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mailbox {
    /// Takes what there is; if nothing, `waker` is called when there is.
    pub(super) fn take(&self, waker: &Waker) -> Vec<Note> {
        let mut mail = lock(&self.mail);
        mail.bytes = 0;
        let notes = mem::take(&mut mail.notes);
        if notes.is_empty() {
            match &mut mail.waker {
                Some(known) => known.clone_from(waker),
                none => *none = Some(waker.clone()),
            }
        }
        notes
    }

    fn put(&self, note: Note) {
        let waker = {
            let mut mail = lock(&self.mail);
            let note = match note {
                Note::Frame { log, number, ref bytes, .. } => {
                    let is_full = mail.bytes + bytes.len() > MAIL_BYTES_MAX || mail.notes.len() >= MAIL_FRAMES_MAX;
                    if is_full && !mail.notes.is_empty() {
                        if mail
                            .notes
                            .iter()
                            .any(|old| matches!(old, Note::Behind { number: old, .. } if *old == number))
                        {
                            return;
                        }
                        Note::Behind { log, number }
                    } else {
                        mail.bytes += bytes.len();
                        note
                    }
                }
                // What does not fit is worth nothing later (rule H-8).
                Note::Whisper { ref bytes, .. } => {
                    if mail.bytes + bytes.len() > MAIL_BYTES_MAX || mail.notes.len() >= MAIL_FRAMES_MAX {
                        return;
                    }
                    mail.bytes += bytes.len();
                    note
                }
                Note::Inbox if mail.notes.iter().any(|old| matches!(old, Note::Inbox)) => return,
                other => other,
            };
            mail.notes.push(note);
            mail.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Default for Fanout {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            inboxes: Mutex::default(),
            all: Mutex::default(),
            numbers: AtomicU64::new(0),
            lost: AtomicBool::new(false),
        }
    }
}

impl Fanout {
    /// What the store calls after each commit, and the task that passes on what it says.
    pub(crate) fn connect(
        self: &Arc<Self>,
    ) -> (allod_server_core::hints::Listener, impl Future<Output = ()> + Send + 'static) {
        let (sender, mut commits) = mpsc::channel::<Vec<Hint>>(COMMITS_MAX);
        let (at_store, here) = (Arc::clone(self), Arc::clone(self));
        let listener = Box::new(move |hints: &[Hint]| {
            if sender.try_send(hints.to_vec()).is_err() {
                at_store.lost.store(true, Ordering::Release);
            }
        });
        let pass_on = async move {
            while let Some(hints) = commits.recv().await {
                hints.iter().for_each(|hint| here.publish(hint));
                if here.lost.swap(false, Ordering::AcqRel) {
                    here.tell_all(|| Note::CompareAll);
                }
            }
        };
        (listener, pass_on)
    }

    /// Tells all sockets that the server stops.
    pub(crate) fn stop(&self) {
        self.tell_all(|| Note::Stop);
    }

    /// Sockets that are open.
    pub(crate) fn sockets(&self) -> usize {
        lock(&self.all).len()
    }

    pub(super) fn open(&self) -> Arc<Mailbox> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let mailbox = Arc::new(Mailbox { number, mail: Mutex::default() });
        lock(&self.all).insert(number, Arc::downgrade(&mailbox));
        mailbox
    }

    pub(super) fn close(&self, mailbox: &Mailbox) {
        lock(&self.all).remove(&mailbox.number);
    }

    pub(super) fn listen(&self, log: LogId, mailbox: &Arc<Mailbox>, number: u32, key: TokenKey) {
        let listener = Listener { mailbox: Arc::clone(mailbox), number, key };
        let mut shard = lock(self.shard(log));
        // Most logs have few listeners: room for one, and more when they come.
        shard.entry(log).or_insert_with(|| Vec::with_capacity(1)).push(listener);
    }

    pub(super) fn leave(&self, log: LogId, mailbox: &Mailbox) {
        let mut shard = lock(self.shard(log));
        if let Some(listeners) = shard.get_mut(&log) {
            if let Some(at) = listeners.iter().position(|one| one.mailbox.number == mailbox.number) {
                listeners.swap_remove(at);
            }
            if listeners.is_empty() {
                shard.remove(&log);
            }
        }
    }

    pub(super) fn listen_inbox(&self, device: DeviceId, mailbox: &Arc<Mailbox>) {
        lock(&self.inboxes).entry(device).or_default().push(Arc::downgrade(mailbox));
    }

    pub(super) fn leave_inbox(&self, device: DeviceId, mailbox: &Mailbox) {
        let mut inboxes = lock(&self.inboxes);
        if let Some(listeners) = inboxes.get_mut(&device) {
            listeners.retain(|one| one.upgrade().is_some_and(|one| one.number != mailbox.number));
            if listeners.is_empty() {
                inboxes.remove(&device);
            }
        }
    }

    fn shard(&self, log: LogId) -> &Mutex<HashMap<LogId, Vec<Listener>>> {
        // Log ids are random, and whoever chooses one badly crowds one lock of many.
        &self.shards[usize::from(log.0[0]) % SHARDS]
    }

    fn publish(&self, hint: &Hint) {
        match hint {
            Hint::Entries { log, page, revoked } => self.publish_entries(*log, page, revoked),
            Hint::LogGone { log } => {
                for listener in lock(self.shard(*log)).remove(log).unwrap_or_default() {
                    listener.mailbox.put(Note::Ended { log: *log, number: listener.number });
                }
            }
            Hint::Inbox { device } => self.tell_device(*device, || Note::Inbox),
            Hint::DevicesChanged { .. } => {} // for the directory, which nobody follows by socket
            Hint::SessionEnded { device } => self.tell_device(*device, || Note::SessionEnded),
        }
    }

    /// Whoever's token this page revokes gets the end instead of it: its access ends in the append that says so (rule H-4).
    fn publish_entries(&self, log: LogId, page: &EntriesPage, revoked: &[TokenKey]) {
        let mut shard = lock(self.shard(log));
        let Some(listeners) = shard.get_mut(&log) else { return };
        if !revoked.is_empty() {
            listeners.retain(|listener| {
                let stays = !revoked.contains(&listener.key);
                if !stays {
                    listener.mailbox.put(Note::Ended { log, number: listener.number });
                }
                stays
            });
        }
        let (Some(first), Some(last)) = (page.entries.first(), page.entries.last()) else { return };
        if listeners.is_empty() {
            shard.remove(&log);
            return;
        }
        let (first, last, bytes) = (first.position, last.position, frames::entries(log, page));
        for listener in listeners {
            listener.mailbox.put(Note::Frame { log, number: listener.number, first, last, bytes: bytes.clone() });
        }
    }

    /// Says a whisper to all who listen to the log but whoever says it, who must listen too (rule H-8).
    pub(super) fn whisper(&self, log: LogId, from: &Mailbox, whisper: Whisper) {
        let shard = lock(self.shard(log));
        let Some(listeners) = shard.get(&log) else { return };
        let others = || listeners.iter().filter(|one| one.mailbox.number != from.number);
        if others().count() == 0 || others().count() == listeners.len() {
            return;
        }
        let bytes = frames::frame(&ServerFrame::Whisper { log, whisper });
        for listener in others() {
            listener.mailbox.put(Note::Whisper { log, number: listener.number, bytes: bytes.clone() });
        }
    }

    fn tell_device(&self, device: DeviceId, note: fn() -> Note) {
        for mailbox in lock(&self.inboxes).get(&device).into_iter().flatten().filter_map(Weak::upgrade) {
            mailbox.put(note());
        }
    }

    fn tell_all(&self, note: fn() -> Note) {
        let all: Vec<_> = lock(&self.all).values().filter_map(Weak::upgrade).collect();
        all.iter().for_each(|mailbox| mailbox.put(note()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use allod_wire::log::{Entry, EntryKind, NewEntry};
    use allod_wire::{Commits, Day, EntryId};

    const LOG: LogId = LogId([1; 32]);

    fn hint(position: u64, payload: usize, revoked: &[TokenKey]) -> Hint {
        let new = NewEntry {
            id: EntryId([1; 16]),
            kind: EntryKind::Message,
            changes: vec![],
            frank: [0; 32].into(),
            payload: vec![0; payload].into(),
        };
        let page = EntriesPage {
            entries: vec![Entry { position: Position(position), day: Day(1), new }],
            receipt: None,
            first: Position(1),
            last: Position(position),
            commits: Commits(0),
            head_before: [0; 32].into(),
        };
        Hint::Entries { log: LOG, page: Arc::new(page), revoked: revoked.to_vec() }
    }

    #[test]
    fn all_readers_share_one_frame_h_4() {
        let fanout = Fanout::default();
        let (one, other) = (fanout.open(), fanout.open());
        fanout.listen(LOG, &one, 0, TokenKey([1; 32]));
        fanout.listen(LOG, &other, 3, TokenKey([2; 32]));
        fanout.publish(&hint(1, 1_024, &[]));
        let bytes = |mailbox: &Mailbox| match &mailbox.take(Waker::noop())[..] {
            [Note::Frame { bytes, .. }] => bytes.as_ptr(),
            other => panic!("{other:?}"),
        };
        assert_eq!(bytes(&one), bytes(&other));
    }

    #[test]
    fn a_revoked_reader_gets_the_end_instead_of_the_page_h_4() {
        let fanout = Fanout::default();
        let mailbox = fanout.open();
        fanout.listen(LOG, &mailbox, 7, TokenKey([1; 32]));
        fanout.publish(&hint(1, 1_024, &[TokenKey([1; 32])]));
        fanout.publish(&hint(2, 1_024, &[]));
        assert!(matches!(mailbox.take(Waker::noop())[..], [Note::Ended { number: 7, .. }]));
        assert!(lock(fanout.shard(LOG)).is_empty());
    }

    #[test]
    fn a_reader_that_takes_nothing_holds_a_bounded_amount_h_5() {
        let fanout = Fanout::default();
        let mailbox = fanout.open();
        fanout.listen(LOG, &mailbox, 0, TokenKey([1; 32]));
        for position in 1..=10_000 {
            fanout.publish(&hint(position, 1_024, &[]));
        }
        let notes = mailbox.take(Waker::noop());
        assert!(notes.len() <= MAIL_FRAMES_MAX + 1, "{}", notes.len());
        assert!(matches!(notes.last(), Some(Note::Behind { number: 0, .. })));
        fanout.publish(&hint(10_001, 4 << 20, &[]));
        assert!(matches!(mailbox.take(Waker::noop())[..], [Note::Frame { .. }]), "one large frame always fits");
    }

    #[test]
    fn a_whisper_reaches_those_who_listen_and_not_who_says_it_h_8() {
        let fanout = Fanout::default();
        let (one, other, stranger) = (fanout.open(), fanout.open(), fanout.open());
        fanout.listen(LOG, &one, 0, TokenKey([1; 32]));
        fanout.listen(LOG, &other, 3, TokenKey([2; 32]));
        fanout.whisper(LOG, &one, [7; 128].into());
        assert!(matches!(other.take(Waker::noop())[..], [Note::Whisper { number: 3, .. }]));
        assert!(one.take(Waker::noop()).is_empty());
        fanout.whisper(LOG, &stranger, [7; 128].into());
        assert!(other.take(Waker::noop()).is_empty(), "whoever does not listen is not heard");
    }

    #[test]
    fn whispers_to_who_takes_nothing_are_dropped_and_entries_are_not_h_8() {
        let fanout = Fanout::default();
        let (one, other) = (fanout.open(), fanout.open());
        fanout.listen(LOG, &one, 0, TokenKey([1; 32]));
        fanout.listen(LOG, &other, 3, TokenKey([2; 32]));
        (0..10_000).for_each(|_| fanout.whisper(LOG, &one, [7; 128].into()));
        fanout.publish(&hint(1, 1_024, &[]));
        let notes = other.take(Waker::noop());
        assert_eq!(notes.len(), MAIL_FRAMES_MAX + 1);
        assert!(matches!(notes.last(), Some(Note::Behind { .. })));
    }

    #[test]
    fn whoever_leaves_is_forgotten_h_4() {
        let fanout = Fanout::default();
        let mailbox = fanout.open();
        fanout.listen(LOG, &mailbox, 0, TokenKey([1; 32]));
        fanout.listen_inbox(DeviceId([1; 16]), &mailbox);
        fanout.leave(LOG, &mailbox);
        fanout.leave_inbox(DeviceId([1; 16]), &mailbox);
        fanout.close(&mailbox);
        assert!(lock(fanout.shard(LOG)).is_empty() && lock(&fanout.inboxes).is_empty());
        assert_eq!((fanout.sockets(), Arc::strong_count(&mailbox)), (0, 1));
    }
}
