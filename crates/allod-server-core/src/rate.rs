//! Limits how often something is asked. Spec: `spec/account.md`, rule A-9.
//!
//! A token bucket, and a bounded table of them. Both live in memory only and say nothing about who asked: the shell keys the
//! table with hashes under a key of its process.

use std::collections::HashMap;
use std::hash::Hash;

use allod_wire::UnixMillis;

/// How much is allowed: `burst` at once, and then `per_minute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// In the long run, each minute.
    pub per_minute: u32,
}

/// One requester's allowance. Counted in thousandths, so that slow rates do not round to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    left_milli: u64,
    at: UnixMillis,
}

impl Bucket {
    /// A full bucket.
    pub fn full(rate: Rate, now: UnixMillis) -> Self {
        Self { left_milli: u64::from(rate.burst) * 1_000, at: now }
    }

    /// Takes `cost`, or says after how many seconds there will be enough. A clock that goes backwards gives nothing and takes nothing.
    ///
    /// # Errors
    /// The seconds to wait (at least 1).
    pub fn take(&mut self, rate: Rate, cost: u32, now: UnixMillis) -> Result<(), u32> {
        let elapsed = now.0.saturating_sub(self.at.0);
        // `elapsed` milliseconds times `per_minute` a minute, in thousandths: elapsed * per_minute * 1000 / 60_000.
        let gained = elapsed.saturating_mul(u64::from(rate.per_minute)) / 60;
        self.left_milli = self.left_milli.saturating_add(gained).min(u64::from(rate.burst) * 1_000);
        self.at = now;
        let cost = u64::from(cost) * 1_000;
        if let Some(left) = self.left_milli.checked_sub(cost) {
            self.left_milli = left;
            return Ok(());
        }
        let missing = cost - self.left_milli;
        let secs = (missing * 60).div_ceil(u64::from(rate.per_minute.max(1)) * 1_000);
        Err(u32::try_from(secs.max(1)).unwrap_or(u32::MAX))
    }
}

/// Buckets by key, never more than a maximum: when it is reached, those that are full again go first, then all.
#[derive(Debug)]
pub struct RateTable<K> {
    rate: Rate,
    keys_max: usize,
    buckets: HashMap<K, Bucket>,
}

impl<K: Eq + Hash> RateTable<K> {
    /// An empty table.
    pub fn new(rate: Rate, keys_max: usize) -> Self {
        Self { rate, keys_max, buckets: HashMap::new() }
    }

    /// Takes `cost` from the bucket of `key`.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn take(&mut self, key: K, cost: u32, now: UnixMillis) -> Result<(), u32> {
        let rate = self.rate;
        if self.buckets.len() >= self.keys_max && !self.buckets.contains_key(&key) {
            self.make_room(now);
        }
        self.buckets.entry(key).or_insert_with(|| Bucket::full(rate, now)).take(rate, cost, now)
    }

    fn make_room(&mut self, now: UnixMillis) {
        let rate = self.rate;
        self.buckets.retain(|_, bucket| bucket.clone().take(rate, rate.burst, now).is_err());
        if self.buckets.len() >= self.keys_max {
            self.buckets.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 2, per_minute: 60 };

    #[test]
    fn a_burst_is_served_and_then_one_each_second_a_9() {
        let mut bucket = Bucket::full(RATE, UnixMillis(0));
        assert_eq!(bucket.take(RATE, 2, UnixMillis(0)), Ok(()));
        assert_eq!(bucket.take(RATE, 1, UnixMillis(500)), Err(1));
        assert_eq!(bucket.take(RATE, 1, UnixMillis(1_000)), Ok(()));
        assert_eq!(bucket.take(RATE, 3, UnixMillis(1_000)), Err(3));
    }

    #[test]
    fn a_clock_that_goes_backwards_gives_nothing_and_takes_nothing_a_9() {
        let mut bucket = Bucket::full(RATE, UnixMillis(10_000));
        assert_eq!(bucket.take(RATE, 1, UnixMillis(0)), Ok(()));
        assert_eq!(bucket.take(RATE, 1, UnixMillis(0)), Ok(()));
        assert!(bucket.take(RATE, 1, UnixMillis(0)).is_err());
    }

    #[test]
    fn the_table_never_holds_more_than_its_maximum_a_9() {
        let mut table = RateTable::new(RATE, 10);
        for key in 0..1_000 {
            assert_eq!(table.take(key, 1, UnixMillis(0)), Ok(()));
            assert!(table.buckets.len() <= 10);
        }
    }
}
