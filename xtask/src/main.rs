//! The workspace's only automation: build, run, test, measure.
//!
//! One file per command. `sh` runs programs and reports progress, `workspace` knows the paths and what cargo knows.

mod cargo_commands;
mod ci;
mod deny;
mod fuzz_smoke;
mod release;
mod reproducible;
mod setup;
mod sh;
mod spec;
mod tidy;
mod toolchain;
mod up;
mod web;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Build, run, test and measure Allod.
///
/// To try it:          cargo xtask up
/// To check a change:  cargo xtask test
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", verbatim_doc_comment)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a server with the web app on this machine, and print two invite links.
    Up(up::Args),
    /// Run everything that CI runs, in order; stop at the first failure.
    Test(ci::Args),
    /// Install what is missing (by apt where root), or print the one line that does.
    Setup(setup::Args),
    /// Build the web app into target/web/dist.
    Web(web::Args),
    /// Build server, command line, auditor and web app so that others can build the same bytes.
    Release(release::Args),
    /// Check the formatting of every crate.
    Fmt(cargo_commands::FmtArgs),
    /// Run clippy over every crate; a warning is an error.
    Lint,
    /// Run the unit and integration tests of every crate but the end-to-end ones.
    Unit(cargo_commands::UnitArgs),
    /// Check the layers, the map in ARCHITECTURE.md, file sizes and left-over work.
    Tidy,
    /// Print rule, code and test for every numbered rule of spec/; fail on a rule that no test names.
    Spec(spec::Args),
    /// Run the test vectors of every crate that has some.
    Vectors,
    /// Run client cores and server core in seeded worlds that lose, reorder, crash and lie.
    Sim(cargo_commands::SimArgs),
    /// Run the end-to-end tests: real server, real clients, headless Chromium.
    E2e(cargo_commands::E2eArgs),
    /// Play an intruder against a running server and report what a full dump yields.
    Drill(cargo_commands::DrillArgs),
    /// Measure speed and size; JSON in target/bench.
    Bench(cargo_commands::BenchArgs),
    /// Check the licences, the sources and the duplicates of every dependency.
    Deny,
    /// Run each fuzz target for a few seconds.
    FuzzSmoke(fuzz_smoke::Args),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Up(args) => up::run(args),
        Command::Test(args) => ci::run(&args),
        Command::Setup(args) => setup::run(args),
        Command::Web(args) => web::run(args),
        Command::Release(args) => release::run(args),
        Command::Fmt(args) => cargo_commands::fmt(args),
        Command::Lint => cargo_commands::lint(),
        Command::Unit(args) => cargo_commands::unit(&args),
        Command::Tidy => tidy::run(),
        Command::Spec(args) => spec::run(args),
        Command::Vectors => cargo_commands::vectors(),
        Command::Sim(args) => cargo_commands::sim(&args),
        Command::E2e(args) => cargo_commands::e2e(&args),
        Command::Drill(args) => cargo_commands::drill(&args),
        Command::Bench(args) => cargo_commands::bench(&args),
        Command::Deny => deny::run(),
        Command::FuzzSmoke(args) => fuzz_smoke::run(args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
