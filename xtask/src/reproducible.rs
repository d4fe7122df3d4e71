//! What makes a build the same in every folder and at every time: no path of this machine and no clock reaches the compiler's output.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::sh::{Sh, sh};

/// Between flags in cargo's variable: paths may hold spaces.
const FLAG_END: &str = "\x1f";

/// Flags for rustc that name the folders of this machine as they are named everywhere: the workspace, its target folder and cargo's home.
pub(crate) fn flags(root: &Path, target: &Path, cargo_home: &Path) -> Vec<String> {
    places(root, target, cargo_home)
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect()
}

/// `build` for release: with [`flags`], the same for C code, and with the commit's time in place of the clock.
pub(crate) fn env(build: Sh, root: &Path, target: &Path, seconds: u64) -> Result<Sh> {
    let home = cargo_home()?;
    let c_flag = |(from, to): &(PathBuf, &str)| format!("-ffile-prefix-map={}={to}", from.display());
    let c_flags: Vec<String> = places(root, target, &home).iter().map(c_flag).collect();
    Ok(with_flags(build, flags(root, target, &home))
        .env("CFLAGS", c_flags.join(" "))
        .env("SOURCE_DATE_EPOCH", seconds.to_string())
        .env("CARGO_INCREMENTAL", "0"))
}

/// `build` with these flags for rustc.
pub(crate) fn with_flags(build: Sh, flags: Vec<String>) -> Sh {
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join(FLAG_END))
}

/// Later ones win, so the target folder and cargo's home may lie in the workspace, or elsewhere.
fn places(root: &Path, target: &Path, cargo_home: &Path) -> [(PathBuf, &'static str); 3] {
    [(root.to_owned(), "/allod"), (target.to_owned(), "/allod/target"), (cargo_home.to_owned(), "/cargo")]
}

/// Cargo's home.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = || std::env::home_dir().map(|home| home.join(".cargo"));
    set.or_else(home).context("neither CARGO_HOME nor a home folder is known")
}

/// Makes `home` a second path to cargo's home: what it holds is the same.
pub(crate) fn mirror_cargo_home(home: &Path) -> Result<()> {
    fs::create_dir_all(home)?;
    for entry in fs::read_dir(cargo_home()?)? {
        let entry = entry?;
        #[cfg(unix)]
        std::os::unix::fs::symlink(entry.path(), home.join(entry.file_name()))?;
    }
    Ok(())
}

/// The target that this machine is.
pub(crate) fn host() -> Result<String> {
    let version = sh("rustc", ["-vV"]).read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// SHA-256 in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says where it was built, as a panic does.
    const PROGRAM: &str = "fn main() { std::process::exit(file!().len() as i32 + std::env::args().count() as i32); }\n\
        #[inline(never)] pub fn other(n: usize) -> u8 { [1u8, 2][n] }\n";

    fn built(folder: &Path, flags: &[String]) -> Vec<u8> {
        fs::create_dir_all(folder).unwrap();
        let (source, program) = (folder.join("main.rs"), folder.join("program"));
        fs::write(&source, PROGRAM).unwrap();
        let rustc = sh("rustc", ["--edition=2024", "-Copt-level=1", "-Cdebuginfo=line-tables-only", "--out-dir"]);
        rustc.args([folder]).args(["--crate-name=program"]).args(flags).args([&source]).read().unwrap();
        fs::read(program).unwrap()
    }

    #[test]
    fn a_program_is_the_same_in_two_folders_by_the_flags_and_not_without_them() {
        let base = std::env::temp_dir().join(format!("allod-reproducible-{}", std::process::id()));
        let (one, other) = (base.join("one"), base.join("quite/another"));
        let home = base.join("cargo");
        assert_ne!(built(&one, &[]), built(&other, &[]), "the path is in there");
        let mapped = |root: &Path, target: &Path| built(target, &flags(root, target, &home));
        let within = mapped(&one, &one.join("target"));
        assert!(within == mapped(&other, &other.join("target")), "the bytes differ");
        assert!(within == mapped(&one, &base.join("elsewhere")), "the bytes differ by the target folder");
        fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn target_and_cargo_home_in_the_workspace_are_named_as_such() {
        let [root, target, home] = ["/home/me/source", "/home/me/source/built", "/home/me/source/cargo-home"];
        assert_eq!(
            flags(root.as_ref(), target.as_ref(), home.as_ref()),
            [
                "--remap-path-prefix=/home/me/source=/allod",
                "--remap-path-prefix=/home/me/source/built=/allod/target",
                "--remap-path-prefix=/home/me/source/cargo-home=/cargo",
            ]
        );
    }
}
