//! `allod-sim`: plays worlds until one breaks a promise.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use allod_sim::check::{Promise, Violation};
use allod_sim::weather::Tally;
use allod_sim::{Report, play};
use clap::Parser;

/// Plays seeded worlds of clients and a server that lose, reorder, crash and lie, and checks the promises.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// How many worlds.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    start: u64,
    /// Only the world of this seed, with its story.
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "start"])]
    seed: Option<u64>,
    /// Go on after a world that breaks a promise.
    #[arg(long)]
    keep_going: bool,
    /// How many worlds at the same time.
    #[arg(long, value_name = "N", default_value_t = 2)]
    threads: usize,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let bad = match args.seed {
        Some(seed) => {
            let report = play_caught(seed, true);
            report.story.iter().for_each(|line| println!("{line}"));
            println!("{:?}", report.tally);
            show(&report);
            u64::from(!report.violations.is_empty())
        }
        None => play_many(&args),
    };
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A world in which something panics breaks a promise too.
fn play_caught(seed: u64, tells: bool) -> Report {
    catch_unwind(AssertUnwindSafe(|| play(seed, tells))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default();
        let violations = vec![Violation { promise: Promise::NoMistakes, what: format!("a panic: {text}") }];
        Report { seed, violations, story: Vec::new(), tally: Tally::default() }
    })
}

fn play_many(args: &Args) -> u64 {
    let (next, stop, begun) = (AtomicU64::new(args.start), AtomicBool::new(false), Instant::now());
    let (done, bad, sum) = (AtomicU64::new(0), AtomicU64::new(0), Mutex::new(Tally::default()));
    let end = args.start.saturating_add(args.seeds);
    std::thread::scope(|scope| {
        for _ in 0..args.threads.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let report = play_caught(seed, false);
                    let played = done.fetch_add(1, Ordering::Relaxed) + 1;
                    sum.lock().unwrap_or_else(PoisonError::into_inner).add(&report.tally);
                    if !report.violations.is_empty() {
                        bad.fetch_add(1, Ordering::Relaxed);
                        show(&report);
                        stop.fetch_or(!args.keep_going, Ordering::Relaxed);
                    }
                    if played.is_multiple_of(100) {
                        eprintln!("{played} of {} worlds, {:.0} s", args.seeds, begun.elapsed().as_secs_f64());
                    }
                }
            });
        }
    });
    let (bad, played) = (bad.into_inner(), done.into_inner());
    let secs = begun.elapsed().as_secs_f64();
    println!("{played} worlds in {secs:.1} s, {bad} of them broke a promise");
    println!("{}", sum.into_inner().unwrap_or_else(PoisonError::into_inner));
    bad
}

fn show(report: &Report) {
    for violation in &report.violations {
        println!("seed {}: {violation}", report.seed);
    }
    if !report.violations.is_empty() {
        println!("again, with its story: cargo run -p allod-sim -- --seed {}", report.seed);
    }
}
