//! `test`: everything that CI runs, in order, cheapest first.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::sh::{Steps, human, note};
use crate::{cargo_commands as commands, deny, fuzz_smoke, setup, spec, tidy};

/// One part of the whole, under the name by which it runs alone.
struct Part {
    name: &'static str,
    why: &'static str,
    work: fn() -> Result<()>,
}

const PARTS: &[Part] = &[
    part("setup", "what the tests need and this machine lacks", || setup::run(setup::Args::default())),
    part("fmt", "one layout for all", || commands::fmt(commands::FmtArgs::default())),
    part("tidy", "layers, map, file sizes, left-over work", tidy::run),
    part("spec", "every rule is named by a test", || spec::run(spec::Args::default())),
    part("deny", "licences and sources of what we build on", deny::run),
    part("lint", "clippy, warnings are errors", commands::lint),
    part("unit", "every branch of every decision", || commands::unit(&commands::UnitArgs::default())),
    part("vectors", "bytes mean what the spec says", commands::vectors),
    part("sim", "500 worlds that lose, reorder, crash and lie", || commands::sim(&commands::SimArgs::default())),
    part("fuzz-smoke", "no decoder can be crashed within seconds", || fuzz_smoke::run(fuzz_smoke::Args::default())),
    part("e2e", "real server, real clients, a real browser", || commands::e2e(&commands::E2eArgs::default())),
    part("drill", "a full dump of the server yields nothing", || commands::drill(&commands::DrillArgs::default())),
];

const fn part(name: &'static str, why: &'static str, work: fn() -> Result<()>) -> Part {
    Part { name, why, work }
}

/// Run everything that CI runs, in order; stop at the first failure.
///
/// Examples:
///   cargo xtask test
///   cargo xtask test --from unit         # go on after a repair
///   cargo xtask test --only fmt,lint     # a few of them
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Skip what comes before this part.
    #[arg(long, value_name = "PART", value_parser = part_names())]
    from: Option<String>,
    /// Run only these parts.
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = part_names(), conflicts_with = "from")]
    only: Vec<String>,
}

fn part_names() -> clap::builder::PossibleValuesParser {
    PARTS.iter().map(|part| part.name).collect::<Vec<_>>().into()
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let parts = chosen(args);
    let mut steps = Steps::new(parts.len());
    let mut rows: Vec<(&str, &str, Duration)> = Vec::new();
    let mut outcome = Ok(());
    for part in &parts {
        let started = Instant::now();
        outcome = steps.step(part.name, part.why, part.work);
        rows.push((part.name, if outcome.is_ok() { "ok" } else { "FAILED" }, started.elapsed()));
        if outcome.is_err() {
            break;
        }
    }

    println!();
    for (name, result, took) in &rows {
        note(format!("{name:<12} {result:<8} {:>12}", human(*took)));
    }
    for part in &parts[rows.len()..] {
        note(format!("{:<12} not run", part.name));
    }
    note(format!("{:<12} {:<8} {:>12}", "in all", "", human(steps.elapsed())));
    let failed = usize::from(outcome.is_err());
    println!("\n{} passed, {failed} failed", rows.len() - failed);
    let last = rows.last().map_or("", |row| row.0);
    outcome.with_context(|| {
        format!("run this part alone with `cargo xtask {last}`, go on with `cargo xtask test --from {last}`")
    })
}

fn chosen(args: &Args) -> Vec<&'static Part> {
    let before = |part: &&Part| args.from.as_ref().is_some_and(|from| part.name != from);
    let wanted = |part: &&Part| args.only.is_empty() || args.only.iter().any(|name| name == part.name);
    PARTS.iter().skip_while(before).filter(wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(from: Option<&str>, only: &[&str]) -> Vec<&'static str> {
        let args = Args { from: from.map(str::to_owned), only: only.iter().map(|s| s.to_string()).collect() };
        chosen(&args).iter().map(|part| part.name).collect()
    }

    #[test]
    fn all_parts_run_unless_told_otherwise() {
        assert_eq!(names(None, &[]).len(), PARTS.len());
    }

    #[test]
    fn a_run_can_go_on_where_it_stopped() {
        assert_eq!(names(Some("e2e"), &[]), ["e2e", "drill"]);
        assert_eq!(names(None, &["lint", "fmt"]), ["fmt", "lint"]);
    }
}
