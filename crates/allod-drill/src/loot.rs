//! What an intruder takes from a server: every file of its data folder, and the memory of the running process.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A part of the loot, read when it is searched: memory and databases can be large.
pub(crate) struct Loot {
    /// Files of the data folder (database, write-ahead log, blobs, configuration, keys) and the server's log.
    pub(crate) files: Vec<PathBuf>,
    /// Readable memory of the process, one piece for each mapping; or what was read at once.
    pub(crate) memory: Vec<Vec<u8>>,
}

/// Takes everything under `folder`, the file `log`, and the memory of `process`.
///
/// # Errors
/// If a file or the memory cannot be read (memory needs the same rights as a debugger).
pub(crate) fn take(folder: &Path, log: &Path, process: u32) -> Result<Loot> {
    let memory =
        read_memory(process).with_context(|| format!("cannot read the memory of process {process}: run as root"))?;
    let mut files = vec![log.to_owned()];
    list(folder, &mut files)?;
    Ok(Loot { files, memory })
}

/// What a thief holds who has a device's folder but not what opens it, and a backup but not its words. The file with the key is left out:
/// it stands for the passphrase, or the system's keyring.
///
/// # Errors
/// If the folder cannot be read, or has no such file.
pub(crate) fn stolen(device: &Path, backup: &Path) -> Result<Loot> {
    let mut files = vec![backup.to_owned()];
    list(device, &mut files)?;
    let is_key = |file: &PathBuf| file.file_name().is_some_and(|name| name == KEY_FILE);
    anyhow::ensure!(files.iter().any(is_key), "{} has no {KEY_FILE}", device.display());
    files.retain(|file| !is_key(file));
    // Read now: the device is in use, and its files come and go.
    let memory = files.iter().map(fs::read).collect::<Result<_, _>>()?;
    Ok(Loot { files: Vec::new(), memory })
}

/// Where a device keeps its key if it has neither passphrase nor keyring.
const KEY_FILE: &str = "vault.key";

impl Loot {
    /// Hands every piece to `f`.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&[u8])) -> Result<()> {
        for file in &self.files {
            f(&fs::read(file).with_context(|| file.display().to_string())?);
        }
        self.memory.iter().for_each(|piece| f(piece));
        Ok(())
    }

    /// Bytes of memory taken, or read at once.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory.iter().map(Vec::len).sum()
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Every private or writable mapping of the process: heap, stacks, data, anonymous memory.
fn read_memory(process: u32) -> Result<Vec<Vec<u8>>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let mut memory = fs::File::open(format!("/proc/{process}/mem"))?;
    let mut pieces = Vec::new();
    for (start, end) in maps.lines().filter_map(writable_range) {
        let mut piece = vec![0; end - start];
        memory.seek(SeekFrom::Start(start as u64))?;
        // A mapping can go away while we read: what was read until then counts.
        let mut read = 0;
        while read < piece.len() {
            match memory.read(&mut piece[read..]) {
                Ok(0) | Err(_) => break,
                Ok(count) => read += count,
            }
        }
        piece.truncate(read);
        pieces.push(piece);
    }
    anyhow::ensure!(pieces.iter().any(|piece| !piece.is_empty()), "no memory could be read");
    Ok(pieces)
}

/// The address range of a line of `/proc/PID/maps`, if the mapping is readable and writable.
fn writable_range(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let rights = words.next()?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    if rights.starts_with("rw") { Some((address(start)?, address(end)?)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_our_own_memory_is_in_the_loot() {
        let secret = format!("canary-{}", std::process::id() * 7);
        let pieces = read_memory(std::process::id()).unwrap();
        assert!(pieces.iter().any(|piece| memchr::memmem::find(piece, secret.as_bytes()).is_some()));
    }

    #[test]
    fn read_only_mappings_are_left_out() {
        assert_eq!(writable_range("00400000-00500000 rw-p 0 0 0 [heap]"), Some((0x40_0000, 0x50_0000)));
        assert_eq!(writable_range("00400000-00500000 r-xp 0 0 0 /bin/x"), None);
        assert_eq!(writable_range("nonsense"), None);
    }
}
