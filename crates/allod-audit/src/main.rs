//! `allod-audit`: follows an organisation's ledger and directory, and needs nobody's word. Spec: `spec/ledger.md`, `spec/directory.md`.
//!
//! It depends on formats and arithmetic alone: it shares no code with the server's or the client's decisions.
//! Exit status: 0 all is in order, 1 it could not be found out, 2 the command line, 3 there is something that must not be.

mod evidence;
mod fetch;
mod folder;
mod metrics;
mod round;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use allod_crypto::ledger::NoteKeyKind;
use allod_ledger::follow::Follower;
use allod_ledger::key::NoteKey;
use allod_wire::UnixMillis;
use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use serde_json::json;

use crate::evidence::{Evidence, Verdict};
use crate::fetch::Server;
use crate::folder::{Folder, Kept};
use crate::metrics::{Figures, Shown};
use crate::round::{Found, look};

/// There is something that must not be.
const ALARM: u8 = 3;

/// Follows an organisation's ledger and directory, and needs nobody's word.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  allod-audit follow https://chat.example.org
  allod-audit follow https://chat.example.org --once --json
  allod-audit evidence verify heads-0123456789abcdef.json

Exit status: 0 all is in order, 1 it could not be found out, 2 the command line, 3 there is something that must not be.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads every statement, checks every head, every act and every epoch of the directory; keeps what accuses.
    Follow(Follow),
    /// What was kept as evidence.
    #[command(subcommand)]
    Evidence(EvidenceCommand),
}

#[derive(Debug, Args)]
#[command(
    after_help = "The first look takes the key that the server says, and prints it: compare it with what the organisation \
publishes elsewhere, or give it with --key. From then on it is the one key."
)]
struct Follow {
    /// The server, such as https://chat.example.org.
    url: String,
    /// The key of the log, as `allodd ledger` prints it.
    #[arg(long, value_name = "KEY")]
    key: Option<NoteKey>,
    /// Where to keep what was read.
    #[arg(long, value_name = "DIR", default_value = "allod-audit")]
    data: PathBuf,
    /// Look once, and end.
    #[arg(long)]
    once: bool,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// One line of JSON for each look: `statements`, `epochs`, `witnesses`, `seen`, `administrators`, `signatures_needed`, `news`, `alarms`.
    #[arg(long)]
    json: bool,
    /// Figures for Prometheus at http://ADDRESS/metrics: an address of this machine.
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum EvidenceCommand {
    /// Checks evidence offline, from nothing but the file.
    Verify {
        /// The file.
        file: PathBuf,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Follow(follow) => follow.run().await,
        Command::Evidence(EvidenceCommand::Verify { file }) => verify(&file),
    };
    done.unwrap_or_else(|error| {
        eprintln!("allod-audit: {error:#}");
        ExitCode::FAILURE
    })
}

impl Follow {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (server, folder, shown) = (Server::new(&self.url)?, Folder::open(&self.data)?, Shown::default());
        if let Some(address) = self.metrics {
            if !address.ip().is_loopback() {
                bail!("--metrics takes an address of this machine, such as 127.0.0.1:9482");
            }
            let shown = Shown::clone(&shown);
            tokio::spawn(async move {
                if let Err(error) = metrics::serve(address, shown).await {
                    eprintln!("allod-audit: {address} cannot be listened on: {error}");
                }
            });
        }
        let mut kept = self.begin(&server, &folder).await?;
        let mut has_alarm = false;
        loop {
            let now = now();
            match look(&server, &folder, &mut kept, now).await {
                Ok(found) => {
                    has_alarm |= !found.alarms.is_empty();
                    let figures = figures(&kept, now, &found, &shown);
                    *shown.lock().unwrap_or_else(PoisonError::into_inner) = figures;
                    self.tell(&kept, &figures, &found);
                }
                Err(error) if self.once => return Err(error),
                Err(error) => eprintln!("allod-audit: {error:#}"),
            }
            if self.once {
                return Ok(if has_alarm { ExitCode::from(ALARM) } else { ExitCode::SUCCESS });
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(self.every)) => {}
                _ = tokio::signal::ctrl_c() => return Ok(if has_alarm { ExitCode::from(ALARM) } else { ExitCode::SUCCESS }),
            }
        }
    }

    /// What was kept, or a beginning under the key that was given or that the server says.
    async fn begin(&self, server: &Server, folder: &Folder) -> anyhow::Result<Kept> {
        if let Some(kept) = folder.load()? {
            let known = kept.follower.log();
            if self.key.as_ref().is_some_and(|key| key != known) {
                bail!("{} follows {known}; give another folder with --data for another log", self.data.display());
            }
            return Ok(kept);
        }
        let key = match &self.key {
            Some(key) if key.kind() != NoteKeyKind::Log => bail!("--key takes the key of a log, not of a witness"),
            Some(key) => key.clone(),
            None => {
                let organisation = server.organisation().await?;
                let public = organisation.ledger_key.context("this server has no ledger")?;
                let origin = allod_ledger::origin(&organisation.domain);
                let key = NoteKey::new(&origin, NoteKeyKind::Log, *public).context("the domain is no name of a log")?;
                eprintln!(
                    "The first look: the server says that its ledger's key is\n  {key}\nCompare it with what the organisation publishes elsewhere."
                );
                key
            }
        };
        Ok(Kept { follower: Follower::new(key), entries: Vec::new(), audited: allod_directory::empty() })
    }

    fn tell(&self, kept: &Kept, figures: &Figures, found: &Found) {
        let trust = kept.follower.trust();
        let (administrators, needed) = trust.map_or((0, 0), |t| (t.administrators().len(), t.signatures_needed()));
        if self.json {
            let seen = kept.follower.head().and_then(allod_ledger::head::Head::seen);
            println!(
                "{}",
                json!({
                    "statements": figures.statements, "epochs": figures.epochs, "witnesses": figures.witnesses, "seen": seen,
                    "administrators": administrators, "signatures_needed": needed, "news": found.news, "alarms": found.alarms,
                })
            );
            return;
        }
        for news in &found.news {
            println!("  {news}");
        }
        for alarm in &found.alarms {
            println!("ALARM {alarm}");
        }
        let witnesses = match figures.witnesses {
            0 => "seen by no witness: nobody but the organisation vouches for it".to_owned(),
            1 => "seen by 1 witness".to_owned(),
            many => format!("seen by {many} witnesses"),
        };
        let (log, statements, epochs) = (kept.follower.log().name(), figures.statements, figures.epochs);
        println!(
            "{log}: {statements} statements, {witnesses}; {epochs} epochs of the directory; {administrators} administrators, {needed} must sign"
        );
    }
}

fn figures(kept: &Kept, now: UnixMillis, found: &Found, shown: &Shown) -> Figures {
    let before = shown.lock().unwrap_or_else(PoisonError::into_inner).alarms;
    let head = kept.follower.head();
    let count =
        kept.follower.trust().zip(head).and_then(|(trust, head)| trust.witnesses().count(head.checkpoint()).ok());
    Figures {
        statements: kept.follower.size(),
        epochs: kept.audited.epoch,
        witnesses: count.unwrap_or(0) as u64,
        head_seen_seconds: head.and_then(allod_ledger::head::Head::seen).unwrap_or(0),
        looked_seconds: now.0 / 1000,
        alarms: before + found.alarms.len() as u64,
    }
}

fn verify(file: &Path) -> anyhow::Result<ExitCode> {
    let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let evidence: Evidence = serde_json::from_slice(&text).context("this is no evidence")?;
    match evidence.verify()? {
        Verdict::Proven(why) => {
            println!("Proven: {why}.");
            Ok(ExitCode::from(ALARM))
        }
        Verdict::Open(what) => {
            println!("Both are signed by the log. Open: {what}.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
