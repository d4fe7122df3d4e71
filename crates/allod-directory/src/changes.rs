//! What the directory does not say yet (rule Y-3): compared when the server starts, so that nothing is lost between an account's change and its epoch.

use std::collections::HashMap;

use allod_wire::Address;
use allod_wire::account::DeviceCertificate;
use allod_wire::directory::{DirectoryEntry, EntryError};

/// The entry that a user should have: of these certified devices, or of none.
///
/// `published` is what the directory has for the user. There is nothing to say of somebody who never had a device.
///
/// # Errors
/// [`EntryError`]: the accounts hold what rule Y-2 forbids.
pub fn wanted(
    certificates: &[DeviceCertificate],
    published: Option<&DirectoryEntry>,
) -> Result<Option<DirectoryEntry>, EntryError> {
    match certificates {
        [] => Ok(published.map(DirectoryEntry::without_devices)),
        [first, ..] => {
            let devices = certificates.iter().map(Into::into).collect();
            DirectoryEntry::new(first.identity_key.into(), devices).map(Some)
        }
    }
}

/// The entries that must be published: of `accounts`, which are all that there are, those that differ, and of everybody who is
/// not among them one without devices. In the order of the addresses.
///
/// # Errors
/// [`EntryError`], as [`wanted`].
pub fn differing(
    accounts: &HashMap<Address, Vec<DeviceCertificate>>,
    published: &HashMap<Address, DirectoryEntry>,
) -> Result<Vec<(Address, DirectoryEntry)>, EntryError> {
    let gone = published.keys().filter(|address| !accounts.contains_key(address));
    let mut changes = Vec::new();
    for address in accounts.keys().chain(gone) {
        let (certificates, before) = (accounts.get(address).map_or(&[][..], Vec::as_slice), published.get(address));
        if let Some(entry) = wanted(certificates, before)?.filter(|entry| Some(entry) != before) {
            changes.push((address.clone(), entry));
        }
    }
    changes.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use allod_wire::account::DeviceClass;
    use allod_wire::{Day, DeviceId};

    use super::*;

    fn certificate(name: &str, device: u8) -> DeviceCertificate {
        DeviceCertificate {
            address: address(name),
            device: DeviceId([device; 16]),
            class: DeviceClass::Installed,
            identity_key: [name.len() as u8; 32].into(),
            signature_key: [device; 32].into(),
            inbox_key_digest: [0; 32].into(),
            created: Day(1),
            signature: [0; 64].into(),
        }
    }

    fn address(name: &str) -> Address {
        format!("{name}@a.example").parse().unwrap()
    }

    fn accounts(people: &[(&str, &[u8])]) -> HashMap<Address, Vec<DeviceCertificate>> {
        let person = |(name, devices): &(&str, &[u8])| {
            (address(name), devices.iter().map(|device| certificate(name, *device)).collect())
        };
        people.iter().map(person).collect()
    }

    #[test]
    fn what_the_accounts_say_and_the_directory_does_not_is_published_y_3() {
        let mut published = HashMap::new();
        let mut publish = |people: &[(&str, &[u8])]| {
            let changes = differing(&accounts(people), &published).unwrap();
            published.extend(changes.clone());
            changes.into_iter().map(|(address, entry)| (address.to_string(), entry.devices().len())).collect::<Vec<_>>()
        };
        let said = |name: &str, devices| (format!("{name}@a.example"), devices);
        assert_eq!(publish(&[("bob", &[1]), ("alice", &[2, 3]), ("nobody", &[])]), [said("alice", 2), said("bob", 1)]);
        assert_eq!(publish(&[("bob", &[1]), ("alice", &[3, 2])]), []);
        // Bob is gone or disabled, Alice has another device in the place of one.
        assert_eq!(publish(&[("alice", &[2, 4])]), [said("alice", 2), said("bob", 0)]);
        assert_eq!(publish(&[("alice", &[2, 4])]), []);
        assert_eq!(publish(&[("alice", &[2, 4]), ("bob", &[1])]), [said("bob", 1)]);
    }
}
