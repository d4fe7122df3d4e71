//! How much may be asked: connections at one time, and requests in a minute. Spec: `spec/account.md`, rule A-9.
//!
//! Counters live in memory only, and know addresses, devices and logs as hashes under a key that is made at each start and
//! never leaves the process.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use allod_server_core::rate::{Rate, RateTable};
use allod_wire::secrets::TokenKey;
use allod_wire::{DeviceId, ErrorBody, ErrorCode, LogId, UnixMillis};

use crate::config;

/// Requesters that are remembered at one time, of each kind.
const REQUESTERS_MAX: usize = 65_536;

/// Of one token: what a person says who types and stops again and again (rules H-8, M-14).
const WHISPERS: Rate = Rate { burst: 4, per_minute: 30 };

/// All allowances.
#[derive(Debug)]
pub(crate) struct Limits {
    hasher: RandomState,
    accounts: Mutex<RateTable<u64>>,
    addresses: Mutex<RateTable<u64>>,
    entries: Mutex<RateTable<u64>>,
    blobs: Mutex<RateTable<u64>>,
    whispers: Mutex<RateTable<u64>>,
}

impl Limits {
    /// As configured. What may be asked in a minute may be asked at once.
    pub(crate) fn new(limits: &config::Limits) -> Self {
        let table = |per_minute| Mutex::new(RateTable::new(Rate { burst: per_minute, per_minute }, REQUESTERS_MAX));
        Self {
            hasher: RandomState::new(),
            accounts: table(limits.account_per_minute),
            addresses: table(limits.address_per_minute),
            entries: table(limits.log_kib_per_minute),
            blobs: table(limits.log_blob_mib_per_minute.saturating_mul(1_024)),
            whispers: Mutex::new(RateTable::new(WHISPERS, REQUESTERS_MAX)),
        }
    }

    /// A request of a device's account plane.
    ///
    /// # Errors
    /// `too-many`.
    pub(crate) fn account(&self, device: DeviceId, now: UnixMillis) -> Result<(), ErrorBody> {
        self.take(&self.accounts, device, 1, now)
    }

    /// A request of whoever is behind this address.
    ///
    /// # Errors
    /// `too-many`.
    pub(crate) fn address(&self, address: IpAddr, now: UnixMillis) -> Result<(), ErrorBody> {
        self.take(&self.addresses, network(address), 1, now)
    }

    /// A request about a log with this token other than an append: what a member may read and say of its cursor.
    ///
    /// # Errors
    /// `too-many`.
    pub(crate) fn member(&self, key: TokenKey, now: UnixMillis) -> Result<(), ErrorBody> {
        self.take(&self.accounts, key, 1, now)
    }

    /// An entry for a log.
    ///
    /// # Errors
    /// `too-many`.
    pub(crate) fn entry(&self, log: LogId, payload_bytes: usize, now: UnixMillis) -> Result<(), ErrorBody> {
        self.take(&self.entries, log, kib(payload_bytes), now)
    }

    /// A chunk for a log's blob.
    ///
    /// # Errors
    /// `too-many`.
    pub(crate) fn chunk(&self, log: LogId, bytes: usize, now: UnixMillis) -> Result<(), ErrorBody> {
        self.take(&self.blobs, log, kib(bytes), now)
    }

    /// A whisper with this token.
    ///
    /// # Errors
    /// H-8: there were too many.
    pub(crate) fn whisper(&self, key: TokenKey, now: UnixMillis) -> Result<(), ErrorBody> {
        self.take(&self.whispers, key, 1, now)
    }

    fn take(&self, table: &Mutex<RateTable<u64>>, key: impl Hash, cost: u32, now: UnixMillis) -> Result<(), ErrorBody> {
        let key = self.hasher.hash_one(key);
        let taken = table.lock().unwrap_or_else(PoisonError::into_inner).take(key, cost, now);
        taken.map_err(|secs| ErrorBody {
            retry_after_secs: Some(secs),
            ..ErrorBody::new(ErrorCode::TooMany, "too many requests: wait a little")
        })
    }
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX).max(1)
}

/// Who is one requester: an IPv4 address, or the /64 that one IPv6 customer has.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address) >> 64 << 64 | 1,
    }
}

/// Counts the connections that are open.
#[derive(Debug)]
pub(crate) struct Connections {
    hasher: RandomState,
    max: usize,
    max_per_address: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<u64, usize>,
}

/// One open connection; counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    all: Arc<Connections>,
    address: u64,
}

impl Connections {
    /// None yet.
    pub(crate) fn new(limits: &config::Limits) -> Arc<Self> {
        Arc::new(Self {
            hasher: RandomState::new(),
            max: limits.connections,
            max_per_address: limits.connections_per_address,
            open: Mutex::default(),
        })
    }

    /// Counts one more, or `None` if that were too many.
    pub(crate) fn open(self: &Arc<Self>, address: IpAddr) -> Option<Connection> {
        let address = self.hasher.hash_one(network(address));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.max {
            return None;
        }
        let of_address = open.by_address.entry(address).or_default();
        if *of_address >= self.max_per_address {
            return None;
        }
        *of_address += 1;
        open.total += 1;
        Some(Connection { all: Arc::clone(self), address })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut open = self.all.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_of_one_address_are_bounded_and_leave_room_for_others_a_9() {
        let limits = config::Limits { connections: 5, connections_per_address: 3, ..Default::default() };
        let connections = Connections::new(&limits);
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let held: Vec<_> = (0..10).filter_map(|_| connections.open(one)).collect();
        assert_eq!(held.len(), 3);
        assert!(connections.open(other).is_some());
        drop(held);
        assert!(connections.open(one).is_some());
        assert!(connections.open.lock().unwrap().by_address.is_empty());
    }

    #[test]
    fn the_addresses_of_one_ipv6_customer_are_one_requester_a_9() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }

    #[test]
    fn an_entry_costs_its_size_and_at_least_one_a_9() {
        let limits = Limits::new(&config::Limits { log_kib_per_minute: 4, ..Default::default() });
        let (log, now) = (LogId([1; 32]), UnixMillis(0));
        assert_eq!(limits.entry(log, 2_048, now), Ok(()));
        assert_eq!(limits.entry(log, 1, now), Ok(()));
        let refused = limits.entry(log, 4_096, now).unwrap_err();
        assert_eq!((refused.code, refused.retry_after_secs), (ErrorCode::TooMany, Some(45)));
        assert_eq!(limits.entry(LogId([2; 32]), 4_096, now), Ok(()));
    }
}
