//! Every encoding of Allod that leaves a process or outlives a release: ids, units, messages, error codes.
//!
//! All of it is deterministic CBOR (RFC 8949 section 4.2) in positional arrays; the CDDL is in `spec/wire.cddl`. This crate
//! knows bytes and bounds, and no cryptography: whoever holds one of these values knows that it decoded, nothing more.

pub mod account;
pub mod address;
pub mod blob;
pub mod cbor;
pub mod directory;
pub mod error;
pub mod ids;
pub mod inbox;
pub mod ledger;
pub mod limits;
pub mod link;
pub mod log;
pub mod markup;
pub mod mimi;
pub mod secrets;
pub mod size_class;
pub mod socket;
pub mod units;
#[cfg(feature = "vectors")]
pub mod vector;

pub use address::{Address, Domain, UserName};
pub use error::{ErrorBody, ErrorCode};
pub use ids::{BlobId, DeviceId, EntryId, LogId};
pub use units::{Commits, Day, Position, UnixMillis};
