//! A profile: one device of one user, as a folder. It holds the vault, its lock, and what says where the vault's key is.

use std::fs;
use std::path::{Path, PathBuf};

/// A profile's folder, which need not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    name: String,
    folder: PathBuf,
}

/// Why there is no such profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The name cannot name a folder.
    #[error(
        "a profile's name has 1 to 63 letters, digits, dashes, dots or underscores, and starts with a letter or digit"
    )]
    Name,
    /// The system does not say where this user's data go.
    #[error("cannot tell where your data go: set ALLOD_HOME to a folder")]
    NoHome,
    /// The folder cannot be made.
    #[error("cannot make the profile's folder {folder}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Profile {
    /// The name of the profile when none is named.
    pub const DEFAULT: &str = "default";

    /// The profile `name` in the folder of all profiles: `home`, or else where the system keeps a user's data.
    ///
    /// # Errors
    /// If the name is no name, or the place is unknown.
    pub fn new(name: &str, home: Option<PathBuf>) -> Result<Self, ProfileError> {
        let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !first || !rest || name.len() > NAME_BYTES_MAX {
            return Err(ProfileError::Name);
        }
        let home = home.or_else(default_home).ok_or(ProfileError::NoHome)?;
        Ok(Self { name: name.to_owned(), folder: home.join(name) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether somebody has begun to use it.
    pub fn exists(&self) -> bool {
        crate::key::exists(&self.folder)
    }

    /// The names of the profiles beside this one.
    pub fn others(&self) -> Vec<String> {
        let entries = self.folder.parent().and_then(|home| fs::read_dir(home).ok());
        let mut names: Vec<String> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| crate::key::exists(&entry.path()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| *name != self.name)
            .collect();
        names.sort_unstable();
        names
    }

    /// Makes the folder, for its owner alone.
    pub(crate) fn create_folder(&self) -> Result<(), ProfileError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let error = |source| ProfileError::Folder { folder: self.folder.display().to_string(), source };
        builder.create(&self.folder).map_err(error)
    }

    pub(crate) fn vault(&self) -> PathBuf {
        self.folder.join("vault.db")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// The certificates to trust for this profile's server, if they are not the system's.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Removes what a join that was refused left behind.
    pub(crate) fn discard(&self) {
        crate::key::forget(&self.folder);
        // Whatever cannot be removed is found by the next join, which begins anew.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn default_home() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = if cfg!(windows) {
        variable("APPDATA")?
    } else if cfg!(target_vendor = "apple") {
        std::env::home_dir()?.join("Library/Application Support")
    } else {
        variable("XDG_DATA_HOME").or_else(|| Some(std::env::home_dir()?.join(".local/share")))?
    };
    Some(data.join("allod"))
}

const NAME_BYTES_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leaves_the_folder_is_refused() {
        for name in ["", ".", "..", "../x", "a/b", "a b", "-as", &"a".repeat(64)] {
            assert!(matches!(Profile::new(name, Some("/p".into())), Err(ProfileError::Name)), "{name}");
        }
        assert_eq!(Profile::new("bob", Some("/p".into())).unwrap().folder(), Path::new("/p/bob"));
    }

    #[test]
    fn the_profiles_beside_are_those_that_were_begun() {
        let home = tempfile::tempdir().unwrap();
        for name in ["carol", "bob", "alice"] {
            let profile = Profile::new(name, Some(home.path().into())).unwrap();
            profile.create_folder().unwrap();
            if name != "carol" {
                crate::key::create(profile.folder(), &crate::key::AskNobody).unwrap();
            }
        }
        assert_eq!(Profile::new("alice", Some(home.path().into())).unwrap().others(), ["bob"]);
    }
}
