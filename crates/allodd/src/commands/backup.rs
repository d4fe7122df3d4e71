//! `allodd backup` and `allodd restore`. A backup is a folder: store, keys and configuration.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use allod_directory_store::DATABASE_FILE;
use anyhow::Context;
use clap::Args;

use super::{Opened, load};
use crate::key_file::{self, KeyFile, Keys};
use crate::{config, directory};

/// Copies everything to a new folder.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  allodd backup --data /var/lib/allod --to /backup/allod-monday")]
pub(super) struct Backup {
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The folder to make. It holds the server's keys: keep it as safe as the original.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// Makes a data folder from a backup.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  allodd restore --from /backup/allod-monday --data /var/lib/allod")]
pub(super) struct Restore {
    /// The backup.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The folder to make; no server may run on it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl Backup {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let opened = Opened::new(&self.data)?;
        make_empty(&self.to)?;
        let data = &opened.config.data;
        if data.join(DATABASE_FILE).exists() {
            // Neither may be ahead of the other in the copy (rule Y-5): no epoch is made between the two.
            let directory = directory::open(data, &Keys::read(data)?.directory)?;
            let held = directory.hold()?;
            opened.store.backup_database(&self.to)?;
            held.backup(&self.to.join(DATABASE_FILE))?;
        } else {
            opened.store.backup_database(&self.to)?;
        }
        opened.store.backup_blobs(&self.to)?;
        copy_beside(&self.data, data, &self.to)?;
        if self.to.join(DATABASE_FILE).exists() {
            let hub = Arc::new(key_file::read(&self.to, KeyFile::Hub)?);
            let copy = crate::open(&self.to, hub, opened.config.policy())?;
            opened.runtime.block_on(crate::check_pair(&opened.config, &self.to, copy))?;
        }
        println!("{} holds everything. It is complete: the store was checked as it was copied.", self.to.display());
        Ok(())
    }
}

impl Restore {
    pub(super) fn run(self) -> anyhow::Result<()> {
        load(&self.from)?;
        key_file::read(&self.from, KeyFile::Hub)?;
        make_empty(&self.data)?;
        allod_store_sqlite::restore(&self.from, &self.data)?;
        if self.from.join(DATABASE_FILE).exists() {
            let directory = directory::open(&self.from, &Keys::read(&self.from)?.directory)?;
            directory.backup(&self.data.join(DATABASE_FILE))?;
        }
        copy_beside(&self.from, &self.from, &self.data)?;
        println!("{} is ready: `allodd doctor --data {0}`, then `allodd serve`.", self.data.display());
        Ok(())
    }
}

fn make_empty(folder: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).context("the folder cannot be made")?;
    anyhow::ensure!(std::fs::read_dir(folder)?.next().is_none(), "{} is not empty", folder.display());
    Ok(())
}

/// Configuration and keys. In the copy they stand in one folder, so `data` is what it is by default.
fn copy_beside(config_folder: &Path, data: &Path, to: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(config_folder.join(config::FILE_NAME))?;
    let lines = text.lines().map(|line| match line.split_once('=') {
        Some((key, _)) if key.trim() == "data" => "data = \".\"",
        _ => line,
    });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    text.push('\n');
    std::fs::write(to.join(config::FILE_NAME), text)?;
    Keys::read(data)?;
    for file in KeyFile::ALL {
        let key = to.join(file.name());
        std::fs::copy(data.join(file.name()), &key)?;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600))?;
        std::fs::File::open(&key)?.sync_all()?;
    }
    std::fs::File::open(to)?.sync_all()?;
    Ok(())
}
