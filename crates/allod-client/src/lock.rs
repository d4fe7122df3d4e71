//! One process at a time in one profile: two would encrypt with the same keys and undo each other's writes.
//!
//! A process that keeps a profile open for long (it follows a conversation) gives way to one that wants it shortly: whoever waits
//! leaves a file `lock.wanted` beside the lock, the long one sees it, closes the profile, and takes it again when the file is gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Held while a process uses a profile. The operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// How a process waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// It wants the profile shortly: one that keeps it for long is asked to give way.
    Ask,
    /// It wants the profile for long, and waits until nobody else does.
    Wait,
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
    pub(crate) fn acquire(path: &Path, patience: Duration, manners: Manners) -> Result<Self, LockError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(LockError::File)?;
        let give_up = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < give_up => {
                    if manners == Manners::Ask {
                        std::fs::write(wanted(path), "").map_err(LockError::File)?;
                    }
                    std::thread::sleep(RETRY);
                }
                Err(TryLockError::WouldBlock) => return Err(LockError::Held { holder: holder(&mut file) }),
                Err(TryLockError::Error(error)) => return Err(LockError::File(error)),
            }
        }
        if manners == Manners::Ask {
            // It is there only if we had to wait; one that stays behind is too old to be heeded soon.
            let _ = std::fs::remove_file(wanted(path));
        }
        sign(&mut file).map_err(LockError::File)?;
        Ok(Self { _file: file })
    }
}

/// Whether another process waits for the lock at `path`.
pub(crate) fn is_wanted(path: &Path) -> bool {
    let since = std::fs::metadata(wanted(path)).and_then(|metadata| metadata.modified());
    since.is_ok_and(|since| since.elapsed().is_ok_and(|age| age < WANTED_FRESH))
}

fn wanted(path: &Path) -> PathBuf {
    path.with_extension("wanted")
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

/// The mark of a process that waits is renewed all the time; one older than this was left by a process that ended.
const WANTED_FRESH: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(25);
const HOLDER_BYTES_MAX: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_waits_and_is_then_told_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::acquire(&path, Duration::ZERO, Manners::Ask).unwrap();
        let started = Instant::now();
        match Lock::acquire(&path, Duration::from_millis(60), Manners::Wait) {
            Err(LockError::Held { holder }) => assert_eq!(holder, format!("process {}", std::process::id())),
            other => panic!("{other:?}"),
        }
        assert!(started.elapsed() >= Duration::from_millis(60));
        drop(first);
        assert!(Lock::acquire(&path, Duration::ZERO, Manners::Wait).is_ok());
    }

    #[test]
    fn whoever_keeps_the_profile_sees_that_another_one_wants_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let long = Lock::acquire(&path, Duration::ZERO, Manners::Wait).unwrap();
        assert!(!is_wanted(&path));
        let short = std::thread::spawn({
            let path = path.clone();
            move || Lock::acquire(&path, Duration::from_secs(10), Manners::Ask).map(drop)
        });
        while !is_wanted(&path) {
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(long);
        short.join().unwrap().unwrap();
        assert!(!is_wanted(&path));
    }
}
