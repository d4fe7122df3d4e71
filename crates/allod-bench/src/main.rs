//! Benchmarks of the real server, over plain sockets on this machine. CPU seconds and bytes rather than wall time, since noise is large.

mod load;
mod process;
mod raw;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use allod_client_core::New;
use allod_e2e::report::Report;
use allod_e2e::{Person, Server};
use anyhow::Result;
use clap::Parser;

use crate::raw::Account;

/// Measures the real server under load.
///
/// Examples:
///   allod-bench
///   allod-bench --quick
#[derive(Parser)]
#[command(version, verbatim_doc_comment)]
struct Cli {
    /// A tenth of everything, to see that it runs.
    #[arg(long)]
    quick: bool,
    /// Where the figures go.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    let scale = if cli.quick { 10 } else { 1 };
    let folder = tempfile::tempdir()?;
    let server = Server::start(&folder.path().join("load"), None)?;
    // Everything comes from one address here.
    let limits = format!(
        "\n[limits]\nconnections_per_address = {0}\nconnections = {0}\naccount_per_minute = 1000000\naddress_per_minute = 1000000\nlog_kib_per_minute = 1000000000\n",
        load::CONNECTIONS_MAX
    );
    let server = server.with_config(&limits)?;
    let mut report = Report::default();
    let start_mb = process::resident_bytes(server.process_id()?)? / 1e6;
    report.at_most("start_memory", start_mb, 30.0, "MB", "resident after the start");
    server_load(&server, scale, &mut report).await?;
    send_to_shown(&folder.path().join("clients"), 200 / scale, &mut report).await?;
    report.publish(&cli.out, "server")?;
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn server_load(server: &Server, scale: usize, report: &mut Report) -> Result<()> {
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
    let small = load::group(server, &small, 1, 500 / scale).await?;
    let large = load::group(server, &large, 1_000, 500 / scale).await?;
    let ratio = large.written_bytes / small.written_bytes.max(1.0);
    report.at_most(
        "written_ratio_1000_to_2",
        ratio,
        1.1,
        "ratio",
        "bytes written for a message in a group of 1,000 and of 2",
    );
    let note = "to 1,000 online members of a group, for each CPU second of the server";
    report.at_least("group_deliveries", large.deliveries_per_cpu_sec, 150_000.0, "per CPU s", note);

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
async fn send_to_shown(folder: &std::path::Path, rounds: usize, report: &mut Report) -> Result<()> {
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
