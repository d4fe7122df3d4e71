//! Search over a long history, as one types.

use allod_client_core::search::SearchQuery;
use allod_client_core::testing::World;
use allod_client_core::testing::texts::search_segments;
use allod_e2e::report::Report;
use anyhow::{Result, ensure};

use crate::process::thread_cpu;

/// What an answer may take.
const ANSWER_MILLIS_MAX: f64 = 50.0;
/// What reading the index may take before the first answer.
const LOAD_SECS_MAX: f64 = 5.0;
/// Each is typed letter by letter.
const QUERIES: [&str; 5] = ["budget", "ministère accord", "\"ba re\" from:alice", "dejà plan", "zzz"];

/// Adds the figures of a history of `count` messages.
pub(crate) fn report(count: u64, report: &mut Report) -> Result<()> {
    eprintln!("bench: search, {count} messages");
    let mut world = World::seeded(1);
    let [alice, bob] = world.people(["alice", "bob"]);
    let log = world.pair(alice, bob);
    let segments = search_segments(log, &world.address(alice), count);
    let bytes: usize = segments.iter().map(|(_, value)| value.len()).sum();
    let core = world.core(bob);
    let start = thread_cpu();
    core.load_search(segments);
    let load = thread_cpu() - start;

    let (mut worst, mut sum, mut answers, mut hits) = (0.0_f64, 0.0, 0, 0);
    for typed in QUERIES {
        for (end, _) in typed.char_indices().skip(1).chain([(typed.len(), ' ')]) {
            let query = SearchQuery { text: typed[..end].to_owned(), limit: 50, ..SearchQuery::default() };
            let start = thread_cpu();
            let found = core.search(&query);
            let millis = (thread_cpu() - start) * 1e3;
            (worst, sum, answers) = (worst.max(millis), sum + millis, answers + 1);
            hits += found.count;
        }
    }
    ensure!(hits > 0, "nothing was found");
    let note =
        format!("{answers} answers while typing, mean {:.2} ms, {hits} messages found", sum / f64::from(answers));
    report.at_most("search_worst_answer", worst, ANSWER_MILLIS_MAX, "ms", note);
    let note = format!("{:.1} MB of segments opened and folded at the first search", bytes as f64 / 1e6);
    report.at_most("search_load", load, LOAD_SECS_MAX, "CPU s", note);
    Ok(())
}
