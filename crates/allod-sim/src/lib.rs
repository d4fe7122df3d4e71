//! Seeded worlds of client cores and server core that lose, double, delay, reorder, crash, restart and lie.
//!
//! A seed fixes a world: who is there, what they do, what goes wrong. When it has come to rest, [`check`] looks whether the promises
//! hold; it takes who may read what from the server's tokens, not from what clients believe.

pub mod check;
pub mod device;
pub mod network;
pub mod record;
pub mod script;
pub mod server;
pub mod weather;
pub mod world;

pub use script::{Report, play};
