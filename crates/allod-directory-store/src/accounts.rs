//! What the directory does not say yet of the accounts (rule Y-3).
//!
//! Asked of everybody when the server starts, and of those whose devices have changed from then on
//! ([`Hint::DevicesChanged`](allod_server_core::Hint)): a hint may be lost with the process, and the comparison cannot be.

use std::collections::HashMap;

use allod_directory::changes;
use allod_server_core::accounts::AccountError;
use allod_server_core::{Failure, Store};
use allod_wire::account::{DeviceCertificate, PersonDevices};
use allod_wire::cbor;
use allod_wire::directory::DirectoryEntry;
use allod_wire::{Address, Domain};

/// Users in one page of the accounts.
const PAGE_USERS: u32 = 1_000;

/// Why the accounts cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// The store does not answer now.
    #[error("the accounts cannot be read now")]
    Unavailable,
    /// The store holds what no rule lets in: damage, or a bug of ours.
    #[error("the accounts hold what cannot be in a directory")]
    Broken,
}

impl<E> From<Failure<E>> for AccountsError {
    fn from(failure: Failure<E>) -> Self {
        match failure {
            Failure::Unavailable => Self::Unavailable,
            _ => Self::Broken,
        }
    }
}

/// The entries to publish so that the directory says what the accounts say, in the order of the addresses. `published` is
/// [`Directory::published`](crate::Directory::published).
///
/// # Errors
/// [`AccountsError`].
pub async fn differing<S: Store>(
    store: &S,
    domain: &Domain,
    published: &HashMap<Address, DirectoryEntry>,
) -> Result<Vec<(Address, DirectoryEntry)>, AccountsError> {
    let (mut accounts, mut after) = (HashMap::new(), None);
    loop {
        let page = store.devices_after(after.take(), PAGE_USERS).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (name, devices) in page {
            accounts.insert(Address { name, domain: domain.clone() }, certificates(&devices)?);
        }
    }
    changes::differing(&accounts, published).map_err(|_| AccountsError::Broken)
}

/// The same for some users alone. `published` holds what the directory says of them.
///
/// # Errors
/// [`AccountsError`].
pub async fn differing_of<S: Store>(
    store: &S,
    users: &[Address],
    published: &HashMap<Address, DirectoryEntry>,
) -> Result<Vec<(Address, DirectoryEntry)>, AccountsError> {
    let mut differing = Vec::new();
    for address in users {
        let certificates = match store.person(address.name.clone()).await {
            Ok(devices) => certificates(&devices)?,
            Err(Failure::Refused(AccountError::NotFound)) => Vec::new(), // Disabled, or gone.
            Err(failure) => return Err(failure.into()),
        };
        let before = published.get(address);
        let wanted = changes::wanted(&certificates, before).map_err(|_| AccountsError::Broken)?;
        differing.extend(wanted.filter(|entry| Some(entry) != before).map(|entry| (address.clone(), entry)));
    }
    Ok(differing)
}

/// They were verified when the devices joined.
fn certificates(devices: &PersonDevices) -> Result<Vec<DeviceCertificate>, AccountsError> {
    devices.certificates.iter().map(|bytes| cbor::from_slice(bytes).map_err(|_| AccountsError::Broken)).collect()
}
