//! The key that signs receipts: 32 random bytes in `hub.key`, readable by the server's user alone. The only secret of a server
//! that lasts; it opens nothing.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use allod_crypto::identity::SigningSecret;
use zeroize::Zeroizing;

/// The name of the file in the data folder.
pub const FILE_NAME: &str = "hub.key";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum HubKeyError {
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

/// Makes a key in the folder.
///
/// # Errors
/// [`HubKeyError::Io`], also if there is one already.
pub fn create(folder: &Path) -> Result<SigningSecret, HubKeyError> {
    let path = folder.join(FILE_NAME);
    let seed = Zeroizing::new(allod_crypto::random_bytes::<32>(&mut rand_core::OsRng));
    let written =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).and_then(|mut file| {
            file.write_all(&seed[..])?;
            file.sync_all()
        });
    written.map_err(|source| HubKeyError::Io { path, source })?;
    Ok(SigningSecret::from_seed(&seed))
}

/// Reads the folder's key.
///
/// # Errors
/// [`HubKeyError`].
pub fn read(folder: &Path) -> Result<SigningSecret, HubKeyError> {
    let path = folder.join(FILE_NAME);
    let io = |source| HubKeyError::Io { path: path.clone(), source };
    let mode = std::fs::metadata(&path).map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(HubKeyError::Open(path));
    }
    let bytes = Zeroizing::new(std::fs::read(&path).map_err(io)?);
    let seed = bytes[..].try_into().map_err(|_| HubKeyError::Damaged(path))?;
    Ok(SigningSecret::from_seed(seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_is_not_made_twice() {
        let folder = tempfile::tempdir().unwrap();
        let made = create(folder.path()).unwrap();
        assert_eq!(read(folder.path()).unwrap().public(), made.public());
        assert!(matches!(create(folder.path()), Err(HubKeyError::Io { .. })));
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_cut_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        create(folder.path()).unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(folder.path()), Err(HubKeyError::Open(_))));
        std::fs::write(&path, [0; 31]).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(read(folder.path()), Err(HubKeyError::Damaged(_))));
    }
}
