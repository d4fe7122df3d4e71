//! The directory of an organisation's users: one SQLite file, one publisher, epochs that land whole or not at all. Spec: `spec/directory.md`.
//!
//! Everything here blocks, on the disk or for the arithmetic of proofs, and belongs on a thread that may: not in an async task.
//!
//! Invariants:
//! - an epoch, its root and the proof that it only added are one transaction;
//! - what is served is an epoch whose root was recorded: no proof leads to a root that nobody can know;
//! - at most one epoch is pending, so that the state before it is still whole.

pub mod accounts;
mod directory;
mod publish;
mod resume;
mod row;
mod schema;
mod secret;
mod tables;
#[cfg(test)]
mod tests;

pub use directory::{Directory, Held, OpenError, Proven, ReadError};
pub use publish::PublishError;
pub use resume::{Resume, ResumeError};
pub use secret::VrfSecret;

/// The directory's file in the server's data folder.
pub const DATABASE_FILE: &str = "directory.db";
