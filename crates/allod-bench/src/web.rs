//! The web app in a real browser: what travels, and how soon it can be used.

use std::fs;
use std::path::Path;

use allod_client_core::New;
use allod_e2e::browser::{Browser, DESK, Driver};
use allod_e2e::report::Report;
use allod_e2e::{Person, Server};
use anyhow::{Context, Result, ensure};

/// Navigations, of which the median counts.
const NAVIGATIONS: usize = 5;

/// Messages of the long conversation.
const LONG: usize = 2_000;
/// Notes for every key how long it took until the frame after it was made.
const KEYS: &str = "window.keys = []; addEventListener('input', event => requestAnimationFrame(() => { \
    const { port1, port2 } = new MessageChannel(); \
    port1.onmessage = () => window.keys.push(performance.now() - event.timeStamp); port2.postMessage(0); }), true)";
/// Scrolls up by half a screen each frame, and counts long frames.
const SCROLL: &str = "const scroll = document.querySelector('.messages .scroll'); \
    window.slow = 0; window.reached = false; let last = performance.now(); \
    const step = now => { if (now - last > 50) window.slow += 1; last = now; scroll.scrollTop -= 400; \
    window.reached = scroll.scrollTop < 1 && scroll.textContent.includes('<1>'); \
    if (!window.reached) requestAnimationFrame(step); }; requestAnimationFrame(step)";

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
    long(&folder.join("home"), &server, &browser, report).await?;
    browser.close().await
}

/// A long conversation: how soon a key is on the screen, and whether scrolling to its first message stutters.
async fn long(home: &Path, server: &Server, browser: &Browser, report: &mut Report) -> Result<()> {
    let bob = Person::join(home, "bob", &server.invite(false)?, "bob").await?;
    let log = bob.start(New::Pair("alice@localhost".parse()?)).await?;
    for number in 1..=LONG {
        bob.say(log, &format!("Message <{number}> of a long conversation")).await?;
    }
    browser.reads("conversation-row", &format!("<{LONG}>")).await?;
    browser.press_named("conversation-row", "bob").await?;
    browser.see("composer").await?;
    browser.script(KEYS).await?;
    for _ in 0..10 {
        browser.write("composer", "a word and more ").await?;
    }
    let mut millis: Vec<f64> = serde_json::from_value(browser.script("return window.keys").await?)?;
    millis.sort_by(f64::total_cmp);
    let p95 = *millis.get(millis.len() * 95 / 100).context("no key was seen")?;
    report.at_most("web_typing_p95", p95, 16.0, "ms", "from a key to the end of the frame that shows it, 160 keys");
    browser.script(SCROLL).await?;
    ensure!(browser.until("return window.reached").await?, "the first message is not reached");
    let slow = browser.script("return window.slow").await?.as_f64().context("no count")?;
    report.at_most(
        "web_scroll_slow_frames",
        slow,
        0.0,
        "frames",
        "longer than 50 ms, from the end of 2,000 messages to the first",
    );
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
