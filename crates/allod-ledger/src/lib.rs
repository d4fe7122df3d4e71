//! The public log of an organisation in C2SP's formats, and what its statements mean. Spec: `spec/ledger.md`.
//!
//! Serves three readers with the same code: the server that keeps a ledger and witnesses others', the client that refuses a head
//! that is not witnessed, and the auditor that reads all of it. No I/O, no clock.

pub mod checkpoint;
pub mod follow;
pub mod head;
pub mod key;
pub mod light;
pub mod policy;
pub mod proof;
pub mod release;
pub mod resource;
pub mod tree;
pub mod trust;
pub mod witness;

#[cfg(test)]
mod testing;

pub use tlog_tiles::Hash;

use allod_wire::Domain;

/// The origin of an organisation's ledger (rule G-1).
pub fn origin(domain: &Domain) -> String {
    format!("{domain}/ledger")
}

/// The name of an organisation's witness (rule G-11).
pub fn witness_name(domain: &Domain) -> String {
    format!("{domain}/witness")
}
