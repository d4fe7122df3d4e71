//! The web app in a real browser: what travels, and how soon it can be used.

use std::fs;
use std::path::Path;

use allod_e2e::Server;
use allod_e2e::browser::{DESK, Driver};
use allod_e2e::report::Report;
use anyhow::{Context, Result};

/// Navigations, of which the median counts.
const NAVIGATIONS: usize = 5;

pub(crate) async fn report(folder: &Path, root: &Path, report: &mut Report) -> Result<()> {
    eprintln!("bench: web app");
    let root = root.canonicalize().context("the web app is not built: cargo xtask web")?;
    let bytes = wire_bytes(&root)?;
    report.at_most("web_wire", bytes / 1e6, 1.6, "MB", "all files of the web app, compressed as they travel");
    let server = Server::start(folder, Some(&root))?;
    let driver = Driver::start()?;
    let browser = driver.browser(DESK, "en").await?;
    browser.open(&server.invite(true)?.to_string()).await?;
    browser.write("join-name", "alice").await?;
    browser.press("join").await?;
    browser.see("app").await?;
    let mut secs = Vec::new();
    for _ in 0..NAVIGATIONS {
        browser.open(&server.url()).await?;
        browser.see("app").await?;
        // From the start of the navigation until the page is there, by the browser's own clock.
        let now = browser.script("return performance.now()").await?;
        secs.push(now.as_f64().context("no time")? / 1e3);
    }
    secs.sort_by(f64::total_cmp);
    report.at_most(
        "web_usable",
        secs[NAVIGATIONS / 2],
        1.5,
        "s",
        "from navigation to the list of conversations, headless Chromium, median of 5",
    );
    browser.close().await
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
