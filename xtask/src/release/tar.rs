//! An archive that is the same whoever makes it: ustar, sorted by name, one time, no owner.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

const BLOCK: usize = 512;
const NAME_BYTES_MAX: usize = 100;

/// The files as an archive, all of this time (POSIX seconds).
///
/// # Errors
/// A name of more than 100 bytes.
pub(super) fn encode(files: &BTreeMap<String, Vec<u8>>, seconds: u64) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    for (name, bytes) in files {
        ensure!(name.len() <= NAME_BYTES_MAX, "{name} is too long a name for an archive");
        archive.extend_from_slice(&header(name, bytes.len(), seconds));
        archive.extend_from_slice(bytes);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    Ok(archive)
}

fn header(name: &str, size: usize, seconds: u64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, &format!("{seconds:011o}\0"));
    // The sum over the header counts its own field as spaces.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sh::sh;

    fn files() -> BTreeMap<String, Vec<u8>> {
        [("web/index.html", 700), ("web/app.wasm", 512), ("web/icons/a.svg", 0)]
            .map(|(name, size)| (name.to_owned(), vec![b'x'; size]))
            .into()
    }

    #[test]
    fn an_archive_is_what_tar_reads() {
        let path = std::env::temp_dir().join(format!("allod-tar-{}.tar", std::process::id()));
        std::fs::write(&path, encode(&files(), 1_800_000_000).unwrap()).unwrap();
        let listed = sh("tar", ["--utc", "--full-time", "-tvf"]).args([&path]).read().unwrap();
        std::fs::remove_file(&path).unwrap();
        let line = |size: usize, name: &str| format!("-rw-r--r-- 0/0 {size:>15} 2027-01-15 08:00:00 {name}");
        let lines = [line(512, "web/app.wasm"), line(0, "web/icons/a.svg"), line(700, "web/index.html")];
        assert_eq!(listed.lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn the_same_files_are_the_same_archive_and_a_long_name_is_refused() {
        assert_eq!(encode(&files(), 5).unwrap(), encode(&files(), 5).unwrap());
        assert_ne!(encode(&files(), 5).unwrap(), encode(&files(), 6).unwrap());
        let long = BTreeMap::from([("x".repeat(101), Vec::new())]);
        assert!(encode(&long, 5).is_err());
    }
}
