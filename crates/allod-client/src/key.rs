//! Where the key of a profile's vault is kept: in the keyring of the operating system, in its user's head, or in a file.
//!
//! `vault.json` beside the vault says which of the three it is, and holds nothing secret. While a passphrase is being changed,
//! `vault.next.json` says where the new key is: whichever of the two opens the vault is the one that counts, so a crash
//! between any two steps locks nobody out.

use std::fs;
use std::io::Write;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::HEXLOWER;
use rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::keyring;

/// The key of a vault: 256 random bits, or as many derived from a passphrase.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct VaultKey([u8; 32]);

impl VaultKey {
    /// A fresh key.
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        OsRng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// In hexadecimal.
    pub(crate) fn hex(&self) -> Zeroizing<String> {
        Zeroizing::new(HEXLOWER.encode(&self.0))
    }

    fn from_hex(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(HEXLOWER.decode(text.trim().as_bytes()).ok()?);
        Some(Self(bytes.as_slice().try_into().ok()?))
    }
}

/// Where the key of a vault is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "key", rename_all = "kebab-case")]
pub enum KeyPlace {
    /// In the keyring of the operating system, under this name.
    Keyring {
        /// The entry's name.
        entry: String,
    },
    /// Derived from a passphrase by Argon2id.
    Passphrase {
        /// 16 random bytes in hexadecimal.
        salt: String,
        /// Memory, in KiB.
        memory_kib: u32,
        /// Passes.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// In the file `vault.key` beside the vault: whoever can read the folder can read the vault.
    File,
}

/// Whom to ask for a passphrase: a terminal, an environment variable, a test.
pub trait AskPassphrase: Send + Sync {
    /// For a new vault, when there is no keyring. `None`: keep the key in a file instead.
    fn new_passphrase(&self) -> Option<Zeroizing<String>>;
    /// For a vault that has one. `None`: nobody can be asked.
    fn passphrase(&self) -> Option<Zeroizing<String>>;
    /// Whether a passphrase was named beforehand, so that it goes before the keyring.
    fn prefers_passphrase(&self) -> bool;
}

/// Asks nobody: new vaults get a key file.
#[derive(Debug, Clone, Copy, Default)]
pub struct AskNobody;

impl AskPassphrase for AskNobody {
    fn new_passphrase(&self) -> Option<Zeroizing<String>> {
        None
    }

    fn passphrase(&self) -> Option<Zeroizing<String>> {
        None
    }

    fn prefers_passphrase(&self) -> bool {
        false
    }
}

/// A passphrase that is known beforehand.
pub struct KnownPassphrase(pub Zeroizing<String>);

impl AskPassphrase for KnownPassphrase {
    fn new_passphrase(&self) -> Option<Zeroizing<String>> {
        Some(self.0.clone())
    }

    fn passphrase(&self) -> Option<Zeroizing<String>> {
        Some(self.0.clone())
    }

    fn prefers_passphrase(&self) -> bool {
        true
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file of the profile cannot be read or written.
    #[error("cannot use {file}")]
    File {
        /// Which, without its folder.
        file: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// `vault.json` or `vault.key` was damaged.
    #[error("{file} is damaged")]
    Damaged {
        /// Which, without its folder.
        file: &'static str,
    },
    /// The vault has a passphrase, and nobody to ask for it.
    #[error("this profile has a passphrase: run in a terminal, or set ALLOD_PASSPHRASE")]
    NoPassphrase,
    /// The keyring does not have the key.
    #[error("the key of this profile is in the keyring of the operating system, which does not give it: {reason}")]
    Keyring {
        /// What the keyring said.
        reason: String,
    },
}

/// Decides where the key of a new vault is kept, makes it, and keeps it there.
///
/// # Errors
/// If it cannot be kept.
pub fn create(folder: &Path, ask: &dyn AskPassphrase) -> Result<(VaultKey, KeyPlace), KeyError> {
    let (key, place) = choose(folder, ask)?;
    write_place(folder, PLACE_FILE, &place)?;
    Ok((key, place))
}

fn choose(folder: &Path, ask: &dyn AskPassphrase) -> Result<(VaultKey, KeyPlace), KeyError> {
    if !ask.prefers_passphrase() {
        let key = VaultKey::random();
        let entry = format!("vault-{}", HEXLOWER.encode(&random_16()));
        if keyring::put(&entry, &key.hex()).is_ok() {
            return Ok((key, KeyPlace::Keyring { entry }));
        }
    }
    if let Some(passphrase) = ask.new_passphrase() {
        return under(&passphrase);
    }
    let key = VaultKey::random();
    write_private(folder, KEY_FILE, key.hex().as_bytes())?;
    Ok((key, KeyPlace::File))
}

/// The key of a vault that exists.
///
/// # Errors
/// If it cannot be had. Whether a passphrase is right shows when the vault is opened with its key.
pub fn load(folder: &Path, ask: &dyn AskPassphrase) -> Result<(VaultKey, KeyPlace), KeyError> {
    let place = read_place(folder, PLACE_FILE)?;
    Ok((key_in(&place, folder, ask)?, place))
}

/// The new key of a change that was begun, if there is one.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_next(folder: &Path, ask: &dyn AskPassphrase) -> Result<Option<(VaultKey, KeyPlace)>, KeyError> {
    if !folder.join(NEXT_FILE).exists() {
        return Ok(None);
    }
    let place = read_place(folder, NEXT_FILE)?;
    Ok(Some((key_in(&place, folder, ask)?, place)))
}

/// Begins a change to a passphrase: notes where the new key is, before the vault is put under it.
///
/// # Errors
/// If it cannot be noted. Then nothing was changed.
pub(crate) fn begin_change(folder: &Path, passphrase: &str) -> Result<(VaultKey, KeyPlace), KeyError> {
    let (key, place) = under(passphrase)?;
    write_place(folder, NEXT_FILE, &place)?;
    Ok((key, place))
}

/// Ends a change after the vault was put under the new key: the old one is forgotten.
///
/// # Errors
/// If the note cannot be moved. It counts all the same: the vault opens with it.
pub(crate) fn end_change(folder: &Path) -> Result<(), KeyError> {
    let old = read_place(folder, PLACE_FILE)?;
    let error = |source| KeyError::File { file: PLACE_FILE, source };
    fs::rename(folder.join(NEXT_FILE), folder.join(PLACE_FILE)).map_err(error)?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(error)?;
    match old {
        KeyPlace::Keyring { entry } => keyring::remove(&entry),
        // A key that stays behind opens nothing any more.
        KeyPlace::File => drop(fs::remove_file(folder.join(KEY_FILE))),
        KeyPlace::Passphrase { .. } => {}
    }
    Ok(())
}

/// Takes back a change before the vault was put under the new key.
pub(crate) fn abandon_change(folder: &Path) {
    // What stays behind opens nothing, and the next change writes over it.
    let _ = fs::remove_file(folder.join(NEXT_FILE));
}

fn key_in(place: &KeyPlace, folder: &Path, ask: &dyn AskPassphrase) -> Result<VaultKey, KeyError> {
    Ok(match place {
        KeyPlace::Keyring { entry } => {
            let hex = keyring::get(entry).map_err(|reason| KeyError::Keyring { reason })?;
            VaultKey::from_hex(&hex).ok_or(KeyError::Keyring { reason: "the entry is damaged".to_owned() })?
        }
        KeyPlace::Passphrase { .. } => derive(place, &ask.passphrase().ok_or(KeyError::NoPassphrase)?)?,
        KeyPlace::File => {
            let hex = Zeroizing::new(read(folder, KEY_FILE)?);
            let hex = std::str::from_utf8(&hex).map_err(|_| KeyError::Damaged { file: KEY_FILE })?;
            VaultKey::from_hex(hex).ok_or(KeyError::Damaged { file: KEY_FILE })?
        }
    })
}

/// Whether a profile was begun in this folder.
pub fn exists(folder: &Path) -> bool {
    folder.join(PLACE_FILE).exists()
}

/// Takes the key of a vault that is given up out of the keyring.
pub fn forget(folder: &Path) {
    if let Ok((_, KeyPlace::Keyring { entry })) = load(folder, &AskNobody) {
        keyring::remove(&entry);
    }
}

/// A key that is derived from a passphrase, with a salt of its own.
fn under(passphrase: &str) -> Result<(VaultKey, KeyPlace), KeyError> {
    let salt = HEXLOWER.encode(&random_16());
    let place =
        KeyPlace::Passphrase { salt, memory_kib: ARGON2_MEMORY_KIB, passes: ARGON2_PASSES, lanes: ARGON2_LANES };
    Ok((derive(&place, passphrase)?, place))
}

fn derive(place: &KeyPlace, passphrase: &str) -> Result<VaultKey, KeyError> {
    let damaged = || KeyError::Damaged { file: PLACE_FILE };
    let KeyPlace::Passphrase { salt, memory_kib, passes, lanes } = place else { return Err(damaged()) };
    let salt = HEXLOWER.decode(salt.as_bytes()).map_err(|_| damaged())?;
    if *memory_kib > ARGON2_MEMORY_KIB_MAX || *passes > ARGON2_PASSES_MAX {
        return Err(damaged());
    }
    let params = Params::new(*memory_kib, *passes, *lanes, Some(32)).map_err(|_| damaged())?;
    let mut key = VaultKey([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), &salt, &mut key.0)
        .map_err(|_| damaged())?;
    Ok(key)
}

fn random_16() -> [u8; 16] {
    let mut bytes = [0; 16];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

fn read_place(folder: &Path, file: &'static str) -> Result<KeyPlace, KeyError> {
    serde_json::from_slice(&read(folder, file)?).map_err(|_| KeyError::Damaged { file })
}

fn write_place(folder: &Path, file: &'static str, place: &KeyPlace) -> Result<(), KeyError> {
    let json = serde_json::to_vec_pretty(place).expect("a small structure of texts and numbers");
    write_private(folder, file, &json)
}

fn read(folder: &Path, file: &'static str) -> Result<Vec<u8>, KeyError> {
    fs::read(folder.join(file)).map_err(|source| KeyError::File { file, source })
}

/// Writes a file that only its owner reads, and has it on disk before it returns.
fn write_private(folder: &Path, file: &'static str, bytes: &[u8]) -> Result<(), KeyError> {
    let write = || -> std::io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut opened = options.open(folder.join(file))?;
        opened.write_all(bytes)?;
        opened.sync_all()
    };
    write().map_err(|source| KeyError::File { file, source })
}

const PLACE_FILE: &str = "vault.json";
const NEXT_FILE: &str = "vault.next.json";
const KEY_FILE: &str = "vault.key";
/// RFC 9106, the second recommended choice: 64 MiB, three passes, four lanes.
const ARGON2_MEMORY_KIB: u32 = 64 << 10;
const ARGON2_PASSES: u32 = 3;
const ARGON2_LANES: u32 = 4;
/// A damaged `vault.json` does not make us take all memory.
const ARGON2_MEMORY_KIB_MAX: u32 = 4 << 20;
const ARGON2_PASSES_MAX: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> KnownPassphrase {
        KnownPassphrase(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn a_passphrase_gives_the_same_key_again_and_another_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let (key, place) = create(folder.path(), &passphrase("correct horse")).unwrap();
        assert!(matches!(place, KeyPlace::Passphrase { .. }));
        assert_eq!(load(folder.path(), &passphrase("correct horse")).unwrap().0.hex(), key.hex());
        assert_ne!(load(folder.path(), &passphrase("wrong horse")).unwrap().0.hex(), key.hex());
        assert!(matches!(load(folder.path(), &AskNobody), Err(KeyError::NoPassphrase)));
        assert!(!folder.path().join(KEY_FILE).exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        write_private(folder.path(), KEY_FILE, VaultKey::random().hex().as_bytes()).unwrap();
        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn damaged_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(PLACE_FILE), br#"{"key":"file"}"#).unwrap();
        fs::write(folder.path().join(KEY_FILE), b"00ff").unwrap();
        assert!(matches!(load(folder.path(), &AskNobody), Err(KeyError::Damaged { file: KEY_FILE })));
        fs::write(folder.path().join(PLACE_FILE), b"{").unwrap();
        assert!(matches!(load(folder.path(), &AskNobody), Err(KeyError::Damaged { file: PLACE_FILE })));
    }
}
