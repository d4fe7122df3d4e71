//! The keyring of the operating system: the Secret Service (GNOME Keyring, KWallet, KeePassXC) over D-Bus on Linux and the BSDs.
//!
//! Elsewhere, and without the feature `keyring`, there is none, and the vault's key is kept in another place.

#[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
mod secret_service {
    use std::collections::HashMap;
    use std::sync::Arc;

    use keyring_core::api::CredentialStoreApi;
    use keyring_core::{Entry, Error};
    use zbus_secret_service_keyring_store::Store;
    use zeroize::Zeroizing;

    /// The keyring's entries are found by this name.
    const SERVICE: &str = "allod";

    fn entry(name: &str) -> Result<Entry, Error> {
        let store: Arc<Store> = Store::new()?;
        store.build(SERVICE, name, Some(&HashMap::from([("label", "Allod vault")])))
    }

    pub(crate) fn put(name: &str, secret: &str) -> Result<(), String> {
        entry(name).and_then(|entry| entry.set_password(secret)).map_err(|error| error.to_string())
    }

    pub(crate) fn get(name: &str) -> Result<Zeroizing<String>, String> {
        entry(name).and_then(|entry| entry.get_password()).map(Zeroizing::new).map_err(|error| error.to_string())
    }

    pub(crate) fn remove(name: &str) {
        // A key that stays behind opens a vault that is gone: nothing to tell anybody.
        let _ = entry(name).and_then(|entry| entry.delete_credential());
    }
}

#[cfg(not(all(feature = "keyring", unix, not(target_vendor = "apple"))))]
mod none {
    use zeroize::Zeroizing;

    fn no_keyring<T>() -> Result<T, String> {
        Err("this build knows no keyring".to_owned())
    }

    pub(crate) fn put(_: &str, _: &str) -> Result<(), String> {
        no_keyring()
    }

    pub(crate) fn get(_: &str) -> Result<Zeroizing<String>, String> {
        no_keyring()
    }

    pub(crate) fn remove(_: &str) {}
}

#[cfg(not(all(feature = "keyring", unix, not(target_vendor = "apple"))))]
pub(crate) use none::{get, put, remove};
#[cfg(all(feature = "keyring", unix, not(target_vendor = "apple")))]
pub(crate) use secret_service::{get, put, remove};
