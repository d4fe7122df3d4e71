//! The command line: one file for each command. Everything but `serve` works while a server runs on the same data folder.

mod backup;
mod doctor;
mod init;
mod invite;
mod ledger;
mod user;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use allod_store_sqlite::SqliteStore;
use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::Clock;
use crate::config::{self, Config};
use crate::key_file::{self, KeyFile};

/// The Allod server: an organisation's own messenger, which cannot read what it carries.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  allodd init --data /var/lib/allod --domain example.org --listen 127.0.0.1:8480 --public-url https://chat.example.org
  allodd invite --data /var/lib/allod --admin
  allodd serve --config /var/lib/allod/allodd.toml
  allodd doctor --data /var/lib/allod";

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a data folder: configuration, keys, empty store.
    Init(init::Init),
    /// Serves until it is told to stop (SIGTERM); SIGHUP reads certificate and web app again.
    #[command(after_help = "Example:\n  allodd serve --config /var/lib/allod/allodd.toml")]
    Serve {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Makes an invite link. Whoever opens it has an account; the server keeps only a digest of it.
    Invite(invite::Invite),
    /// Shows and manages accounts.
    User(user::User),
    /// Shows the ledger's keys and how far it is.
    Ledger(ledger::Ledger),
    /// Copies everything to a new folder, while the server runs.
    Backup(backup::Backup),
    /// Makes a data folder from a backup.
    Restore(backup::Restore),
    /// Looks for what is wrong, and says what to do.
    Doctor(doctor::Doctor),
    /// Prints the configuration file with all defaults.
    Config,
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// Whatever stands in the way.
    pub fn run(self) -> anyhow::Result<()> {
        crate::process::keep_files_private();
        match self.command {
            Command::Init(init) => init.run(),
            Command::Serve { config } => serve(&config),
            Command::Invite(invite) => invite.run(),
            Command::User(user) => user.run(),
            Command::Ledger(ledger) => ledger.run(),
            Command::Backup(backup) => backup.run(),
            Command::Restore(restore) => restore.run(),
            Command::Doctor(doctor) => doctor.run(),
            Command::Config => {
                print!("{}", config::keys::document(&[("domain", "\"localhost\"".to_owned())]));
                Ok(())
            }
        }
    }
}

fn serve(path: &Path) -> anyhow::Result<()> {
    let config = Config::load(path).with_context(|| format!("in {}", path.display()))?;
    let web = match config.web_root.as_os_str().is_empty() {
        true => "no web app",
        false => "with web app",
    };
    println!("{}: {} on {}, {web}", config.domain.as_str(), config.public_url(), config.listen);
    runtime()?.block_on(crate::run(config))?;
    Ok(())
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("allodd").build();
    runtime.context("the runtime cannot be started")
}

/// An existing data folder, opened beside the server that may run on it.
struct Opened {
    config: Config,
    store: SqliteStore,
    runtime: tokio::runtime::Runtime,
    clock: Clock,
}

impl Opened {
    fn new(data: &Path) -> anyhow::Result<Self> {
        let config = load(data)?;
        let hub = Arc::new(key_file::read(&config.data, KeyFile::Hub)?);
        let store = crate::open(&config.data, hub, config.policy())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self { config, store, runtime: runtime.context("the runtime cannot be started")?, clock: Clock::system() })
    }
}

fn load(data: &Path) -> anyhow::Result<Config> {
    let path = data.join(config::FILE_NAME);
    if !path.exists() {
        anyhow::bail!(
            "{} is no data folder: it has no {}. `allodd init` makes one.",
            data.display(),
            config::FILE_NAME
        );
    }
    Config::load(&path).with_context(|| format!("in {}", path.display()))
}

/// Prints a value as JSON, on one line.
fn print_json(value: &serde_json::Value) {
    println!("{value}");
}
