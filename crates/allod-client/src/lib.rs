//! The native client: an encrypted vault, two planes of connections, and one task that drives the client core.

pub mod endpoint;
pub mod http;
pub mod key;
mod keyring;
pub mod lock;
pub mod socket;
pub mod vault;
