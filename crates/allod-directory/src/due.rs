//! When there is a new epoch, and of whom (rule Y-5): many changes go into one, at most one a second, and none while one is pending.

use std::collections::BTreeSet;

use allod_wire::limits::EPOCH_CHANGES_MAX;
use allod_wire::{Address, UnixMillis};

/// Milliseconds from one epoch to the next at least.
pub const EPOCH_MILLIS: u64 = 1_000;

/// Whose entries may differ from their accounts, and when the next epoch may be made.
///
/// Invariants:
/// - an address that was noted is handed out in an epoch that begins after that;
/// - what was handed out and not published is handed out again.
#[derive(Debug, Default)]
pub struct Due {
    changed: BTreeSet<Address>,
    taken: Vec<Address>,
    next: UnixMillis,
}

impl Due {
    /// The devices of this user have changed, perhaps.
    pub fn note(&mut self, address: Address) {
        self.changed.insert(address);
    }

    /// The users of the epoch that is to be made now: at most [`EPOCH_CHANGES_MAX`]. Empty if there is none to be made, or one is under way.
    pub fn take(&mut self, now: UnixMillis) -> &[Address] {
        if self.taken.is_empty() && now >= self.next {
            while self.taken.len() < EPOCH_CHANGES_MAX
                && let Some(address) = self.changed.pop_first()
            {
                self.taken.push(address);
            }
            return &self.taken;
        }
        &[]
    }

    /// The epoch of those who were taken is recorded, or there was nothing to publish.
    pub fn done(&mut self, now: UnixMillis) {
        if !self.taken.is_empty() {
            self.taken.clear();
            self.next = now.plus(EPOCH_MILLIS);
        }
    }

    /// It was not made: the same users are due again, after a while.
    pub fn failed(&mut self, now: UnixMillis) {
        self.changed.extend(self.taken.drain(..));
        self.next = now.plus(EPOCH_MILLIS);
    }

    /// When to ask [`Self::take`] next; `None` if nothing is due, or an epoch is under way.
    pub fn poll_timeout(&self) -> Option<UnixMillis> {
        (self.taken.is_empty() && !self.changed.is_empty()).then_some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> Address {
        format!("{name}@a.example").parse().unwrap()
    }

    #[test]
    fn many_changes_are_one_epoch_and_the_next_comes_a_second_later_y_5() {
        let mut due = Due::default();
        assert!(due.take(UnixMillis(5)).is_empty());
        for name in ["bob", "alice", "bob"] {
            due.note(address(name));
        }
        assert_eq!(due.poll_timeout(), Some(UnixMillis(0)));
        assert_eq!(due.take(UnixMillis(5)), [address("alice"), address("bob")]);
        // Bob changes again while his epoch is under way: that is for the next one.
        due.note(address("bob"));
        assert_eq!((due.take(UnixMillis(5_000)).len(), due.poll_timeout()), (0, None));
        due.done(UnixMillis(6_000));
        assert_eq!(due.poll_timeout(), Some(UnixMillis(7_000)));
        assert!(due.take(UnixMillis(6_999)).is_empty());
        assert_eq!(due.take(UnixMillis(7_000)), [address("bob")]);
        due.done(UnixMillis(7_000));
        assert_eq!(due.poll_timeout(), None);
    }

    #[test]
    fn what_failed_is_due_again_and_an_epoch_has_a_limit_y_5() {
        let mut due = Due::default();
        for n in 0..=EPOCH_CHANGES_MAX {
            due.note(address(&format!("p{n}")));
        }
        assert_eq!(due.take(UnixMillis(0)).len(), EPOCH_CHANGES_MAX);
        due.failed(UnixMillis(0));
        assert!(due.take(UnixMillis(999)).is_empty());
        assert_eq!(due.take(UnixMillis(1_000)).len(), EPOCH_CHANGES_MAX);
        due.done(UnixMillis(1_000));
        assert_eq!(due.take(UnixMillis(2_000)).len(), 1);
    }
}
