//! The native client: an encrypted vault, two planes of connections, and one task that drives the client core.
//!
//! [`Client`] is what programs use. It is thin: what is right or wrong is decided in `allod-client-core`, and this crate
//! moves bytes between the core, the disk and the network.

mod backup;
mod client;
mod endpoint;
mod error;
mod history;
mod http;
pub mod key;
mod keyring;
mod lock;
mod profile;
mod runner;
mod search;
mod socket;
mod transfer;
mod vault;

pub use allod_crypto::Random;
pub use allod_crypto::recovery::{PhraseError, RecoveryPhrase};
pub use backup::BackupMade;
pub use client::{Client, Events, Options, Waited, profile_is_wanted};
pub use endpoint::{Endpoint, EndpointError};
pub use error::ClientError;
pub use http::{Http, HttpAnswer, Unreachable};
pub use lock::{LockError, Manners};
pub use profile::{Profile, ProfileError};
pub use runner::Standing;
pub use transfer::{Metadata, Progress};
pub use vault::VaultError;
