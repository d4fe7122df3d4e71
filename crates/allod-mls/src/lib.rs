//! The cryptographic state of one conversation: an MLS group (RFC 9420) in memory, and the rows that keep it.
//!
//! This is the only crate that names the MLS library, and nothing of the library shows in its interface. It decides what
//! a message says, who wrote it and what a commit would change; whether that person *may* is for the caller, who knows
//! the roles. It touches neither disk nor network: every operation leaves its writes in the [`MlsStore`], from where the
//! caller takes them as one [`WriteSet`] and persists them together with whatever else the operation meant.
//!
//! Invariants:
//! - an operation that fails leaves the store and the group as they were;
//! - handshakes travel as `PrivateMessage`; anything from outside the group is refused, so nobody joins by itself;
//! - a commit holds only additions, removals and one new conversation state; every other proposal is refused;
//! - every leaf carries its member's [`TokenPublic`] and the one lifetime that this crate knows, so what members decide
//!   about a commit does not depend on their clocks.
//!
//! Two things come from the platform, because the library asks for them: randomness (a ChaCha20 generator inside
//! [`MlsStore`], seeded once by the operating system, in a browser by `crypto.getRandomValues`) and the time of day, which
//! it only writes beside the secrets of past epochs.

mod codec;
mod commit;
mod device;
mod error;
mod export;
mod group;
mod key_package;
mod leaf;
mod member;
mod message;
mod process;
mod row_writer;
mod storage;
mod store;
mod suite;
mod view;
mod welcome;

pub use allod_wire::ids::LogId;
pub use allod_wire::secrets::TokenPublic;
pub use commit::{Change, OwnCommit, Refresh};
pub use device::{Device, DeviceError, DeviceSigner};
pub use error::{
    CommitError, CreateGroupError, EncryptError, ExportError, Fault, JoinError, KeyPackageError, LoadGroupError,
    ProcessError, Source,
};
pub use group::{Group, MAX_FORWARD_DISTANCE, MAX_PAST_EPOCHS, OUT_OF_ORDER_TOLERANCE};
pub use key_package::{KeyPackage, KeyPackageIn, KeyPackageRef, NewKeyPackage};
pub use member::{LeafIndex, Member};
pub use message::{MessageIn, MessageKind};
pub use process::{Content, Processed, StagedCommit, StagedLeave};
pub use store::{MlsStore, WriteSet};
pub use suite::Suite;
pub use view::{CommitView, ContextChange, Removed, Updated};
pub use welcome::{IfMember, Joined, WelcomeParts};

#[cfg(test)]
mod tests;
