//! One process at a time in one profile: two would encrypt with the same keys and undo each other's writes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Held while a process uses a profile. The operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("this profile is in use by another process ({holder}): end that one, or use another profile with --as")]
    Held {
        /// Who, as it said when it took the lock.
        holder: String,
    },
    /// The lock file cannot be used.
    #[error("cannot use the profile's lock file")]
    File(#[source] std::io::Error),
}

impl Lock {
    /// Takes the lock at `path`, waiting for it as long as `patience`.
    ///
    /// # Errors
    /// [`LockError::Held`] if another process keeps it.
    pub(crate) fn acquire(path: &Path, patience: Duration) -> Result<Self, LockError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(LockError::File)?;
        let give_up = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < give_up => std::thread::sleep(RETRY),
                Err(TryLockError::WouldBlock) => return Err(LockError::Held { holder: holder(&mut file) }),
                Err(TryLockError::Error(error)) => return Err(LockError::File(error)),
            }
        }
        sign(&mut file).map_err(LockError::File)?;
        Ok(Self { _file: file })
    }
}

fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    write!(file, "process {}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(HOLDER_BYTES_MAX).read_to_string(&mut text) {
        Ok(1..) => text,
        _ => "unknown".to_owned(),
    }
}

const RETRY: Duration = Duration::from_millis(25);
const HOLDER_BYTES_MAX: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_waits_and_is_then_told_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::acquire(&path, Duration::ZERO).unwrap();
        let started = Instant::now();
        match Lock::acquire(&path, Duration::from_millis(60)) {
            Err(LockError::Held { holder }) => assert_eq!(holder, format!("process {}", std::process::id())),
            other => panic!("{other:?}"),
        }
        assert!(started.elapsed() >= Duration::from_millis(60));
        drop(first);
        assert!(Lock::acquire(&path, Duration::ZERO).is_ok());
    }
}
