//! The web app in a real browser: what travels, how soon it can be used, and how it bears a long history.

mod crowd;
mod fill;
mod hour;
mod page;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use allod_e2e::Server;
use allod_e2e::browser::{Browser, DESK, Driver};
use allod_e2e::report::Report;
use anyhow::{Context, Result, ensure};

use fill::{CONVERSATIONS, title};
use page::Memory;

use crate::process::cpu_secs;

/// Navigations, of which the median counts.
const NAVIGATIONS: usize = 5;
/// What is said in each conversation but the long one.
const FEW: usize = 125;
/// By then a search has begun to answer.
const FIRST_ANSWER: Duration = Duration::from_secs(5);
/// Each is typed letter by letter.
const QUERIES: [&str; 5] = ["budget", "ministère accord", "plan from:bob", "dejà plan", "zzz"];
/// Everything comes from one address here, and in a hurry.
const LIMITS: &str =
    "\n[limits]\naccount_per_minute = 1000000\naddress_per_minute = 1000000\nlog_kib_per_minute = 1000000000\n";

/// Adds the figures over so many messages; of everything only a part in `part`.
pub(crate) async fn report(
    folder: &Path,
    root: &Path,
    (messages, part): (usize, usize),
    report: &mut Report,
) -> Result<()> {
    eprintln!("bench: web app");
    let root = root.canonicalize().context("the web app is not built: cargo xtask web")?;
    let bytes = wire_bytes(&root)?;
    report.at_most("web_wire", bytes / 1e6, 1.6, "MB", "all files of the web app, compressed as they travel");
    let server = Server::start(folder, Some(&root))?.with_config(LIMITS)?;
    let home = folder.join("home");
    let driver = Driver::start()?;
    empty(&server, &driver, report).await?;

    let started = Instant::now();
    let messages = messages / part;
    let filled = fill::fill(&server, &home, messages, FEW / part).await?;
    eprintln!("bench: {CONVERSATIONS} conversations, {messages} messages, in {:.0} s", started.elapsed().as_secs_f64());
    let browser = driver.browser(DESK, "en").await?;
    page::watch_memory(&browser).await?;
    let started = Instant::now();
    filled.restore(&server, &browser).await?;
    eprintln!("bench: in the browser, in {:.0} s", started.elapsed().as_secs_f64());
    let before = starts(&server, &driver, &browser, report).await?;
    search(&browser, report).await?;
    long(&browser, report).await?;
    crowd::report(&home, &browser, &filled.bob, 1_000 / part, report).await?;
    hour::report(&driver, &browser, &filled, 400 / part, before, report).await?;
    browser.close().await
}

/// The start for somebody who has nothing yet.
async fn empty(server: &Server, driver: &Driver, report: &mut Report) -> Result<()> {
    let browser = driver.browser(DESK, "en").await?;
    browser.open(&server.invite(true)?.to_string()).await?;
    browser.write("join-name", "carol").await?;
    browser.press("join").await?;
    browser.see("app").await?;
    let (secs, note) = navigate(server, driver, &browser, 0).await?;
    report.at_most("web_usable", secs, 1.5, "s", format!("from navigation to an empty list of conversations, {note}"));
    browser.close().await
}

/// The median of several navigations in seconds, and what else is to be known of them.
async fn navigate(server: &Server, driver: &Driver, browser: &Browser, rows: usize) -> Result<(f64, String)> {
    let mut secs = Vec::new();
    let cpu = cpu_secs(page::renderer(driver)?)?;
    for _ in 0..NAVIGATIONS {
        secs.push(page::start(browser, &server.url(), rows).await?);
    }
    let cpu = (cpu_secs(page::renderer(driver)?)? - cpu) / NAVIGATIONS as f64;
    secs.sort_by(f64::total_cmp);
    Ok((
        secs[NAVIGATIONS / 2],
        format!("median of {NAVIGATIONS}, the least {:.2}; CPU of the tab {cpu:.2} s each", secs[0]),
    ))
}

/// The start with all that was said, and what the tab takes then.
async fn starts(server: &Server, driver: &Driver, browser: &Browser, report: &mut Report) -> Result<Memory> {
    let (secs, note) = navigate(server, driver, browser, CONVERSATIONS).await?;
    let note = format!("from navigation to the list of 200 conversations, {note}");
    report.at_most("web_usable_full", secs, 1.5, "s", note);
    let memory = page::memory(driver, browser).await?;
    let note = format!("after the start; of it JavaScript {:.1}, the app's own memory {:.1}", memory.heap, memory.wasm);
    report.at_most("web_memory_start", memory.private, 200.0, "MB", note);
    Ok(memory)
}

async fn search(browser: &Browser, report: &mut Report) -> Result<()> {
    eprintln!("bench: search in the browser");
    // The first search reads what a backup brought, once; that nothing is found is known only when all of it was read.
    let started = Instant::now();
    browser.write("search", "zzz").await?;
    tokio::time::sleep(FIRST_ANSWER).await;
    let done = "return document.querySelector('.results .empty') !== null";
    ensure!(browser.until_within(Duration::from_secs(600), done).await?, "the history is not indexed");
    eprintln!("bench: indexed in {:.1} s", started.elapsed().as_secs_f64());
    let millis = page::search(browser, &QUERIES).await?;
    let p95 = page::p95(&millis)?;
    let worst = millis.last().copied().unwrap_or_default();
    let note = format!(
        "from a letter to the end of the frame with what was found, {} letters, worst {worst:.0}",
        millis.len()
    );
    report.at_most("web_search_p95", p95, 50.0, "ms", note);
    Ok(())
}

/// The long conversation: how soon a key is on the screen, and whether scrolling to its first message stutters.
async fn long(browser: &Browser, report: &mut Report) -> Result<()> {
    eprintln!("bench: the long conversation");
    browser.press_named("conversation-row", &title(0)).await?;
    browser.see("composer").await?;
    let (handled, shown) = page::type_keys(browser).await?;
    let note =
        format!("of a key among 200 conversations, {} keys, median {:.1}", handled.len(), handled[handled.len() / 2]);
    report.at_most("web_key_handled_p95", page::p95(&handled)?, 16.0, "ms", note);
    let note = format!("from a key to the end of the frame that shows it; median {:.1}", shown[shown.len() / 2]);
    report.at_most("web_typing_p95", page::p95(&shown)?, 16.0, "ms", note);
    let scrolled = page::scroll(browser).await?;
    let note = format!(
        "longer than 50 ms of {} from the end to the first message, longest {:.0} ms",
        scrolled.frames, scrolled.longest
    );
    report.at_most("web_scroll_slow_frames", scrolled.slow, 0.0, "frames", note);
    Ok(())
}

/// Bytes of every file, of the compressed form where there is one.
fn wire_bytes(folder: &Path) -> Result<f64> {
    let mut bytes = 0.0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            bytes += wire_bytes(&path)?;
        } else if path.extension().is_none_or(|extension| extension != "br") {
            let compressed = path.with_file_name(format!("{}.br", path.file_name().unwrap_or_default().display()));
            let travels = if compressed.is_file() { compressed } else { path };
            bytes += fs::metadata(travels)?.len() as f64;
        }
    }
    Ok(bytes)
}
