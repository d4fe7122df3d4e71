//! The server's own keys: files of 32 random bytes in the data folder, readable by the server's user alone. They are the only
//! secrets of a server that last; none of them opens a message.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use allod_crypto::identity::SigningSecret;
use zeroize::Zeroizing;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFile {
    /// Signs receipts.
    Hub,
    /// Signs the heads of the ledger (rule G-1).
    Ledger,
    /// Cosigns the heads of other ledgers (rule G-11).
    Witness,
    /// Hides the labels of the directory (rule G-3).
    Directory,
}

impl KeyFile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Hub, Self::Ledger, Self::Witness, Self::Directory];

    /// The name of the file in the data folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hub => "hub.key",
            Self::Ledger => "ledger.key",
            Self::Witness => "witness.key",
            Self::Directory => "directory.key",
        }
    }
}

/// All keys of a server.
#[derive(Debug, Clone)]
pub struct Keys {
    /// [`KeyFile::Hub`].
    pub hub: SigningSecret,
    /// [`KeyFile::Ledger`].
    pub ledger: SigningSecret,
    /// [`KeyFile::Witness`].
    pub witness: SigningSecret,
    /// [`KeyFile::Directory`].
    pub directory: SigningSecret,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("cannot use {}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not 32 bytes long.
    #[error("{} is damaged: it must be 32 bytes long. Take it from a backup.", .0.display())]
    Damaged(PathBuf),
    /// Others can read the file.
    #[error("others can read {path}: run `chmod 600 {path}`, and think about who could have read it", path = .0.display())]
    Open(PathBuf),
}

impl Keys {
    /// Makes all keys in a new folder.
    ///
    /// # Errors
    /// [`KeyFileError::Io`], also if there is one already.
    pub fn create(folder: &Path) -> Result<Self, KeyFileError> {
        let make = |file| create(folder, file);
        Ok(Self {
            hub: make(KeyFile::Hub)?,
            ledger: make(KeyFile::Ledger)?,
            witness: make(KeyFile::Witness)?,
            directory: make(KeyFile::Directory)?,
        })
    }

    /// Reads the folder's keys. A folder that a former release made has no keys but the hub's: then they are made.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn read(folder: &Path) -> Result<Self, KeyFileError> {
        let read_or_make = |file| match read(folder, file) {
            Err(KeyFileError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => create(folder, file),
            read => read,
        };
        let hub = read(folder, KeyFile::Hub)?;
        Ok(Self {
            hub,
            ledger: read_or_make(KeyFile::Ledger)?,
            witness: read_or_make(KeyFile::Witness)?,
            directory: read_or_make(KeyFile::Directory)?,
        })
    }
}

fn create(folder: &Path, file: KeyFile) -> Result<SigningSecret, KeyFileError> {
    let path = folder.join(file.name());
    let seed = Zeroizing::new(allod_crypto::random_bytes::<32>(&mut rand_core::OsRng));
    let written =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).and_then(|mut file| {
            file.write_all(&seed[..])?;
            file.sync_all()
        });
    written.map_err(|source| KeyFileError::Io { path, source })?;
    Ok(SigningSecret::from_seed(&seed))
}

/// Reads one of the folder's keys.
///
/// # Errors
/// [`KeyFileError`].
pub fn read(folder: &Path, file: KeyFile) -> Result<SigningSecret, KeyFileError> {
    let path = folder.join(file.name());
    let io = |source| KeyFileError::Io { path: path.clone(), source };
    let mode = std::fs::metadata(&path).map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Open(path));
    }
    let bytes = Zeroizing::new(std::fs::read(&path).map_err(io)?);
    let seed = bytes[..].try_into().map_err(|_| KeyFileError::Damaged(path))?;
    Ok(SigningSecret::from_seed(seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_are_not_made_twice() {
        let folder = tempfile::tempdir().unwrap();
        let made = Keys::create(folder.path()).unwrap();
        let read = Keys::read(folder.path()).unwrap();
        assert_eq!(read.hub.public(), made.hub.public());
        assert_eq!(read.ledger.public(), made.ledger.public());
        assert_ne!(read.ledger.public(), read.witness.public());
        assert!(matches!(Keys::create(folder.path()), Err(KeyFileError::Io { .. })));
    }

    #[test]
    fn a_folder_of_a_former_release_gets_the_keys_that_it_lacks_but_never_a_new_hub_key() {
        let folder = tempfile::tempdir().unwrap();
        let made = Keys::create(folder.path()).unwrap();
        std::fs::remove_file(folder.path().join("ledger.key")).unwrap();
        let read = Keys::read(folder.path()).unwrap();
        assert_ne!(read.ledger.public(), made.ledger.public());
        assert_eq!(Keys::read(folder.path()).unwrap().ledger.public(), read.ledger.public());
        std::fs::remove_file(folder.path().join("hub.key")).unwrap();
        assert!(matches!(Keys::read(folder.path()), Err(KeyFileError::Io { .. })));
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_cut_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        Keys::create(folder.path()).unwrap();
        let path = folder.path().join(KeyFile::Hub.name());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(folder.path(), KeyFile::Hub), Err(KeyFileError::Open(_))));
        std::fs::write(&path, [0; 31]).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(read(folder.path(), KeyFile::Hub), Err(KeyFileError::Damaged(_))));
    }
}
