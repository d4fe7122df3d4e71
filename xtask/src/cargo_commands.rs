//! The commands that are one or two calls of cargo.

use anyhow::Result;
use clap::Args;

use crate::setup::{self, Need};
use crate::sh::{Steps, cargo};
use crate::toolchain::Toolchain;
use crate::web;

/// Check the formatting of every crate.
///
/// Examples:
///   cargo xtask fmt          # what CI checks
///   cargo xtask fmt --fix    # rewrite the files instead
#[derive(Args, Default)]
#[command(verbatim_doc_comment)]
pub(crate) struct FmtArgs {
    /// Rewrite the files instead of only complaining.
    #[arg(long)]
    fix: bool,
}

pub(crate) fn fmt(args: FmtArgs) -> Result<()> {
    cargo(["fmt", "--all"]).args(if args.fix { &[][..] } else { &["--check"] }).run()
}

pub(crate) fn lint() -> Result<()> {
    setup::ensure(&[Need::Build, Need::Client])?;
    cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()?;
    // Debian's compiler for the web comes without clippy.
    if Toolchain::rustup_has_it()? {
        Toolchain::Rustup.cargo("clippy")?.args(["-p", "allod-app", "--", "-D", "warnings"]).run()?;
    }
    Ok(())
}

/// Run the unit and integration tests of every crate but the end-to-end ones.
///
/// Examples:
///   cargo xtask unit
///   cargo xtask unit -- -p allod-mls removed_member    # one crate, tests whose name has this
#[derive(Args, Default)]
#[command(verbatim_doc_comment)]
pub(crate) struct UnitArgs {
    /// Given to `cargo test` instead of `--workspace --exclude allod-e2e`.
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn unit(args: &UnitArgs) -> Result<()> {
    setup::ensure(&[Need::Build, Need::Client])?;
    let all = ["--workspace", "--exclude", "allod-e2e"].map(String::from);
    cargo(["test"]).args(if args.rest.is_empty() { &all[..] } else { &args.rest }).run()
}

pub(crate) fn vectors() -> Result<()> {
    setup::ensure(&[Need::Build, Need::Client])?;
    cargo(["test", "--workspace", "--test", "vectors"]).run()
}

/// Run client cores and server core in seeded worlds that lose, reorder, crash and lie.
///
/// Examples:
///   cargo xtask sim                   # what CI runs
///   cargo xtask sim --seeds 100000    # a long night
///   cargo xtask sim --seed 4711       # one world again, with its story
#[derive(Args, Default)]
#[command(verbatim_doc_comment)]
pub(crate) struct SimArgs {
    /// How many worlds [default: 500].
    #[arg(long, value_name = "N", conflicts_with = "seed")]
    seeds: Option<u64>,
    /// Only the world of this seed.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Given to the simulator as it is.
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn sim(args: &SimArgs) -> Result<()> {
    setup::ensure(&[Need::Build, Need::Client])?;
    let which = match args.seed {
        Some(seed) => ["--seed".to_owned(), seed.to_string()],
        None => ["--seeds".to_owned(), args.seeds.unwrap_or(500).to_string()],
    };
    cargo(["run", "-p", "allod-sim", "--"]).args(which).args(&args.rest).run()
}

/// Run the end-to-end tests: real server, real clients, headless Chromium.
///
/// Examples:
///   cargo xtask e2e
///   cargo xtask e2e -- two_people    # only the tests whose name has this
#[derive(Args, Default)]
#[command(verbatim_doc_comment)]
pub(crate) struct E2eArgs {
    /// Given to `cargo test -p allod-e2e`.
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn e2e(args: &E2eArgs) -> Result<()> {
    setup::ensure(&[Need::Build, Need::Client, Need::Browser])?;
    let mut steps = Steps::new(3);
    steps.step("Web app", "the tests open it in a real browser", || web::build(web::Quality::Release))?;
    steps.step("Programs", "the tests start the real server and the real command line", || {
        cargo(["build", "-p", "allodd", "-p", "allod", "-p", "allod-audit"]).run()
    })?;
    steps.step("End to end", "people, from the invite link to reading each other", || {
        cargo(["test", "-p", "allod-e2e"]).args(&args.rest).run()
    })
}

/// Play an intruder against a running server and report what a full dump yields.
///
/// Examples:
///   cargo xtask drill                   # the drill `breach`
///   cargo xtask drill breach -- --help  # what the drill itself can do
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DrillArgs {
    /// Which drill.
    #[arg(default_value = "breach")]
    name: String,
    /// Given to the drill as it is.
    #[arg(last = true)]
    rest: Vec<String>,
}

impl Default for DrillArgs {
    fn default() -> Self {
        Self { name: "breach".to_owned(), rest: Vec::new() }
    }
}

pub(crate) fn drill(args: &DrillArgs) -> Result<()> {
    setup::ensure(&[Need::Build, Need::Client])?;
    cargo(["build", "-p", "allodd", "-p", "allod-drill"]).run()?;
    cargo(["run", "-p", "allod-drill", "--", &args.name]).args(&args.rest).run()
}

/// Measure speed and size; JSON in target/bench.
///
/// Examples:
///   cargo xtask bench
///   cargo xtask bench -- --quick         # a tenth of everything
///   cargo xtask bench -- server          # only this part
///   cargo xtask bench -- --help          # what can be measured alone
#[derive(Args, Default)]
#[command(verbatim_doc_comment)]
pub(crate) struct BenchArgs {
    /// Given to the benchmark as it is.
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn bench(args: &BenchArgs) -> Result<()> {
    setup::ensure(&[Need::Build, Need::Client, Need::Browser])?;
    let mut steps = Steps::new(5);
    steps.step("Web app", "its size and its start are measured", || web::build(web::Quality::Release))?;
    // By themselves: built together with the clients, the server would get the clients' encrypting SQLite.
    steps.step("Server", "optimised, as it is shipped", || cargo(["build", "--release", "-p", "allodd"]).run())?;
    let store = steps.step("Store", "durable appends beside a bare loop", || {
        cargo(["run", "--release", "-p", "allod-store-sqlite", "--example", "append_rate"]).run()
    });
    let directory = steps.step("Directory", "an epoch among 100,000 users, proofs, memory", || {
        cargo(["run", "--release", "-p", "allod-directory-store", "--example", "directory_cost"]).run()
    });
    let rest = steps.step("Server, client core, web app", "under load", || {
        cargo(["run", "--release", "-p", "allod-bench", "--"]).args(&args.rest).run()
    });
    store.and(directory).and(rest)
}
