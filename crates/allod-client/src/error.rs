//! What goes wrong for a native client, sorted by what its user can do.

use allod_client_core::backup::BackupError;
use allod_client_core::{CoreError, RestoreError};
use allod_wire::error::ErrorBody;

use crate::endpoint::EndpointError;
use crate::http::Unreachable;
use crate::key::KeyError;
use crate::lock::LockError;
use crate::profile::ProfileError;
use crate::vault::VaultError;

/// Why the client does not do it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Nobody has joined with this profile yet.
    #[error("profile {name} has not joined an organisation yet: allod join LINK")]
    NotJoined {
        /// The profile.
        name: String,
    },
    /// Somebody has joined with this profile already.
    #[error("profile {name} is {address} already: use another profile with --as NAME")]
    JoinedAlready {
        /// The profile.
        name: String,
        /// Who it is.
        address: String,
    },
    /// Another process uses the profile.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The vault's key cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The vault cannot be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The vault opens, but what is in it does not make sense.
    #[error("the vault is damaged")]
    Restore(#[source] RestoreError),
    /// The server's address cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The core refuses.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The server refuses.
    #[error("{0}")]
    Refused(ErrorBody),
    /// The server is away.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// A file of the user's cannot be read or written.
    #[error("{file}")]
    File {
        /// Which.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file that was sent or received is not what it should be.
    #[error("{0}")]
    Transfer(String),
    /// The file is no backup that can be restored from.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The client has ended.
    #[error("the client has stopped")]
    Stopped,
}
