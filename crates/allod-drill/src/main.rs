//! Drills: what an intruder gets from a running server, measured rather than promised.

mod attack;
mod breach;
mod canary;
mod control;
mod loot;
mod play;
mod search;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::world::{Size, World};

/// Takes what an intruder would take from a running server, and measures what it yields.
///
/// Examples:
///   allod-drill breach
///   allod-drill breach --full --seed 7
#[derive(Parser)]
#[command(version, verbatim_doc_comment)]
struct Cli {
    #[command(subcommand)]
    drill: Drill,
}

#[derive(Subcommand)]
enum Drill {
    /// Plays a seeded world on a real server, dumps disk, logs and memory, and searches for anything that it should not yield.
    Breach {
        /// Fixes the world.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// 12 people, 20 devices, 40 conversations, 1,000 messages and 50 files, instead of the small world of every change.
        #[arg(long)]
        full: bool,
        /// Where the figures go.
        #[arg(long, default_value = "target/drill")]
        out: PathBuf,
    },
    /// The positive control's process.
    #[command(hide = true)]
    Archiver,
}

fn main() -> Result<ExitCode> {
    match Cli::parse().drill {
        Drill::Archiver => {
            control::archiver()?;
            Ok(ExitCode::SUCCESS)
        }
        Drill::Breach { seed, full, out } => {
            let world = World::seeded(seed, if full { Size::FULL } else { Size::SMALL });
            let folder = tempfile::tempdir()?;
            let now_secs = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
            let runtime = tokio::runtime::Runtime::new()?;
            let report = runtime.block_on(breach::run(&world, folder.path(), now_secs))?;
            report.publish(&out, "breach")?;
            Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
