//! Benchmarks of the real programs on this machine. CPU seconds and bytes rather than wall time, since noise is large.

mod bare;
mod core;
mod load;
mod process;
mod raw;
mod search;
mod web;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use allod_client_core::New;
use allod_e2e::report::Report;
use allod_e2e::{Person, Server};
use anyhow::Result;
use clap::{Parser, ValueEnum};

use crate::raw::Account;

/// Measures the server under load, the client core beside the MLS library alone, search, and the web app in a browser.
///
/// Examples:
///   allod-bench
///   allod-bench --quick
///   allod-bench core web     # only these
#[derive(Parser)]
#[command(version, verbatim_doc_comment)]
struct Cli {
    /// A tenth of everything, to see that it runs.
    #[arg(long)]
    quick: bool,
    /// What to measure [default: all].
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// The built web app.
    #[arg(long, default_value = "target/web/dist")]
    web_root: PathBuf,
    /// What is said before the web app is measured: 125 in each of 199 conversations, all others in one.
    #[arg(long, default_value_t = 50_000)]
    messages: usize,
    /// Where the figures go.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// What can be measured alone.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Server,
    Core,
    Search,
    Web,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Core => "core",
            Self::Search => "search",
            Self::Web => "web",
        }
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    let folder = tempfile::tempdir()?;
    let mut holds = true;
    for part in Part::value_variants() {
        if !cli.parts.is_empty() && !cli.parts.contains(part) {
            continue;
        }
        let mut report = Report::default();
        let measured = measure(*part, &cli, folder.path(), &mut report).await;
        // What was measured before something failed is told as well.
        report.publish(&cli.out, part.name())?;
        measured?;
        holds &= report.holds();
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(part: Part, cli: &Cli, folder: &Path, report: &mut Report) -> Result<()> {
    let scale = if cli.quick { 10 } else { 1 };
    match part {
        Part::Server => {
            server_load(&folder.join("load"), scale, report).await?;
            send_to_shown(&folder.join("clients"), 200 / scale, report).await
        }
        Part::Core if cli.quick => core::report(&[10, 100], 20, report),
        Part::Core => core::report(&[10, 100, 1_000], 200, report),
        Part::Search => search::report(50_000 / scale as u64, report),
        Part::Web => web::report(&folder.join("web"), &cli.web_root, (cli.messages, scale), report).await,
    }
}

async fn server_load(folder: &Path, scale: usize, report: &mut Report) -> Result<()> {
    // Everything comes from one address here.
    let limits = format!(
        "\n[limits]\nconnections_per_address = {0}\nconnections = {0}\naccount_per_minute = 1000000\naddress_per_minute = 1000000\nlog_kib_per_minute = 1000000000\n",
        load::CONNECTIONS_MAX
    );
    let server = &Server::start(folder, None)?.with_config(&limits)?;
    let start_mb = process::resident_bytes(server.process_id()?)? / 1e6;
    report.at_most("start_memory", start_mb, 30.0, "MB", "resident after the start");
    let mut account = Account::join(&server.invite(true)?, "bench").await?;
    let pairs = load::logs(&mut account, 50, 2).await?;
    eprintln!("bench: 50 pairs");
    let per_thousand = "server CPU seconds for 1,000 messages of 1 KiB delivered, each acknowledged after fsync";
    let cpu = load::pairs(server, &pairs, 1_000 / scale, 8, None).await?;
    report.at_most("pairs_8_in_flight", cpu, 0.03, "CPU s", per_thousand);
    let cpu = load::pairs(server, &pairs, 500 / scale, 1, None).await?;
    report.at_most("pairs_1_in_flight", cpu, 0.06, "CPU s", per_thousand);
    let pause = Some(Duration::from_millis(100));
    let cpu = load::pairs(server, &pairs, 100 / scale, 1, pause).await?;
    report.at_most("pairs_500_a_second", cpu, 0.25, "CPU s", per_thousand);

    eprintln!("bench: groups");
    let (small, large) = (account.make_log(2).await?, account.make_log(1_001).await?);
    let mut costs = Vec::new();
    for log in [&small, &large, &small, &large] {
        costs.push(load::append_cost(server, log, 20_000 / scale).await?);
    }
    let ratio =
        |cost: fn(&load::Cost) -> f64| (cost(&costs[1]) + cost(&costs[3])) / (cost(&costs[0]) + cost(&costs[2]));
    let note = "a message in a group of 1,000 beside one in a group of 2: bytes written to disk";
    report.at_most("written_ratio_1000_to_2", ratio(|cost| cost.written_bytes), 1.1, "ratio", note);
    let note = "a message in a group of 1,000 beside one in a group of 2: CPU of the server";
    report.at_most("cpu_ratio_1000_to_2", ratio(|cost| cost.cpu_secs), 1.1, "ratio", note);
    let deliveries = load::deliveries(server, &large, 1_000, 500 / scale).await?;
    let note = "to 1,000 online members of a group, for each CPU second of the server";
    report.at_least("group_deliveries", deliveries, 150_000.0, "per CPU s", note);

    eprintln!("bench: a reader who was away");
    let away = account.make_log(2).await?;
    let secs = load::away(server, &away, 10_000 / scale).await?;
    report.at_most("drain_10000", secs, 0.5, "s", "until 10,000 waiting entries are read");

    eprintln!("bench: idle connections");
    let logs = load::logs(&mut account, 20, 2).await?;
    let bytes = load::idle(server, &logs, 5_000 / scale).await?;
    report.at_most(
        "idle_connection",
        bytes / 1024.0,
        16.0,
        "KiB",
        "resident for each connection that subscribes to 20 logs",
    );
    Ok(())
}

/// From the send of one native client to the history of another, cryptography, fsync at both and at the server included.
async fn send_to_shown(folder: &Path, rounds: usize, report: &mut Report) -> Result<()> {
    eprintln!("bench: send to shown");
    let server = Server::start(folder, None)?;
    let home = folder.join("home");
    let alice = Person::join(&home, "alice", &server.invite(true)?, "alice").await?;
    let bob = Person::join(&home, "bob", &server.invite(false)?, "bob").await?;
    let log = alice.start(New::Pair(bob.address.clone())).await?;
    alice.say(log, "first").await?;
    bob.hears(log, "first").await?;
    let mut events = bob.client.events().await?;
    let mut millis = Vec::new();
    for round in 0..rounds {
        let started = std::time::Instant::now();
        alice.say(log, &format!("message {round}")).await?;
        while !matches!(events.recv().await, Some(allod_client_core::Event::Message { .. }) | None) {}
        millis.push(started.elapsed().as_secs_f64() * 1e3);
    }
    millis.sort_by(f64::total_cmp);
    report.at_most(
        "send_to_shown_p50",
        millis[millis.len() / 2],
        15.0,
        "ms",
        "native client to native client on loopback",
    );
    Ok(())
}
