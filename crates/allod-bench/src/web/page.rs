//! What is measured within the page: scripts that watch, and what they saw.

use std::fs;
use std::time::Duration;

use allod_e2e::{Browser, Driver};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::process::private_bytes;

/// Keeps the memory of the app where it can be asked for its size.
const KEEP_MEMORY: &str = "const start = WebAssembly.instantiateStreaming; \
    WebAssembly.instantiateStreaming = async (...all) => { const made = await start(...all); \
    window.wasm = made.instance.exports.memory; return made; }";
/// Notes for every key how long it was handled, and how long it took until the end of the frame after it.
const KEYS: &str = "window.keys = []; window.handled = []; \
    const soon = act => { const { port1, port2 } = new MessageChannel(); port1.onmessage = act; port2.postMessage(0); }; \
    addEventListener('input', event => { const from = performance.now(); \
    soon(() => window.handled.push(performance.now() - from)); \
    requestAnimationFrame(() => soon(() => window.keys.push(performance.now() - event.timeStamp))); }, true)";
/// Notes for every letter of a search how long it took until the end of the last frame that changed anything.
const ANSWERS: &str = "window.asked = null; window.answered = 0; \
    const shown = () => requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); \
    port1.onmessage = () => { window.answered = performance.now(); }; port2.postMessage(0); }); \
    addEventListener('input', event => { window.asked = event.timeStamp; shown(); }, true); \
    new MutationObserver(shown).observe(document.querySelector('.results'), { childList: true, subtree: true, characterData: true })";
/// Scrolls up by half a screen each frame, and counts frames, long ones, and how long the longest was.
const SCROLL: &str = "const scroll = document.querySelector('.messages .scroll'); \
    window.frames_ = 0; window.slow = 0; window.longest = 0; window.reached = false; let last = performance.now(); \
    const step = now => { const took = now - last; last = now; window.frames_ += 1; if (took > 50) window.slow += 1; \
    window.longest = Math.max(window.longest, took); scroll.scrollTop -= 400; \
    window.reached = scroll.scrollTop < 1 && scroll.textContent.includes('<1> '); \
    if (!window.reached) requestAnimationFrame(step); }; requestAnimationFrame(step)";
/// How long scrolling through a long conversation may take.
const SCROLL_PATIENCE: Duration = Duration::from_secs(900);

/// Megabytes that a tab takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    /// Used by JavaScript, after its garbage was collected.
    pub(super) heap: f64,
    /// The app's own.
    pub(super) wasm: f64,
    /// All that belongs to the tab's process alone.
    pub(super) private: f64,
}

/// Watches from the next page on.
pub(super) async fn watch_memory(browser: &Browser) -> Result<()> {
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": KEEP_MEMORY })).await?;
    Ok(())
}

/// What the page takes now.
pub(super) async fn memory(driver: &Driver, browser: &Browser) -> Result<Memory> {
    browser.devtools("HeapProfiler.collectGarbage", json!({})).await?;
    let heap = browser.metric("JSHeapUsedSize").await? / 1e6;
    let wasm = number(&browser.script("return window.wasm.buffer.byteLength").await?)? / 1e6;
    Ok(Memory { heap, wasm, private: private_bytes(renderer(driver)?)? / 1e6 })
}

/// The browser's process that shows the page: the largest of those that show any.
pub(super) fn renderer(driver: &Driver) -> Result<u32> {
    let mut largest = (0.0_f64, 0);
    for entry in fs::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process that ends meanwhile is none of ours.
        let Ok(command) = fs::read_to_string(format!("/proc/{process}/cmdline")) else { continue };
        if command.contains("--type=renderer") && descends(process, driver.process_id()) {
            let bytes = private_bytes(process)?;
            if bytes > largest.0 {
                largest = (bytes, process);
            }
        }
    }
    ensure!(largest.0 > 0.0, "no process shows a page");
    Ok(largest.1)
}

fn descends(mut process: u32, from: u32) -> bool {
    while process > 1 && process != from {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        process = parent.unwrap_or(0);
    }
    process == from
}

/// Seconds from the start of the navigation until the list of conversations is there, by the browser's own clock.
pub(super) async fn start(browser: &Browser, url: &str, rows: usize) -> Result<f64> {
    let noted = format!(
        "const look = () => document.querySelectorAll('[data-test=conversation-row]').length >= {rows} ? \
        requestAnimationFrame(() => {{ const {{ port1, port2 }} = new MessageChannel(); \
        port1.onmessage = () => {{ window.usable = performance.now(); }}; port2.postMessage(0); }}) \
        : requestAnimationFrame(look); requestAnimationFrame(look)"
    );
    let watch = browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": noted })).await?;
    browser.open(url).await?;
    ensure!(browser.until("return window.usable !== undefined").await?, "the list does not show");
    browser.devtools("Page.removeScriptToEvaluateOnNewDocument", watch).await?;
    Ok(number(&browser.script("return window.usable").await?)? / 1e3)
}

/// Milliseconds for each key typed into the composer: handled, and until the end of the frame that shows it.
pub(super) async fn type_keys(browser: &Browser) -> Result<(Vec<f64>, Vec<f64>)> {
    browser.script(KEYS).await?;
    for _ in 0..10 {
        browser.write("composer", "a word and more ").await?;
    }
    Ok((sorted(browser, "return window.handled").await?, sorted(browser, "return window.keys").await?))
}

/// Milliseconds until a search showed what it found, for each letter of `queries` typed.
pub(super) async fn search(browser: &Browser, queries: &[&str]) -> Result<Vec<f64>> {
    browser.script(ANSWERS).await?;
    let mut millis = Vec::new();
    for query in queries {
        for letter in query.chars() {
            browser.write("search", &letter.to_string()).await?;
            let quiet =
                "return window.asked !== null && performance.now() - Math.max(window.asked, window.answered) > 150";
            ensure!(browser.until(quiet).await?, "the search does not come to rest");
            millis.push(number(&browser.script("return window.answered - window.asked").await?)?);
        }
        let empty = "const field = document.getElementById('search'); field.value = ''; \
            field.dispatchEvent(new Event('input', { bubbles: true }))";
        browser.script(empty).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    millis.sort_by(f64::total_cmp);
    Ok(millis)
}

/// What scrolling to the first message was like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scrolled {
    pub(super) frames: f64,
    /// Longer than 50 ms.
    pub(super) slow: f64,
    /// In milliseconds.
    pub(super) longest: f64,
}

/// Scrolls from the end of the open conversation to its first message.
pub(super) async fn scroll(browser: &Browser) -> Result<Scrolled> {
    browser.script(SCROLL).await?;
    let reached = browser.until_within(SCROLL_PATIENCE, "return window.reached").await?;
    ensure!(reached, "the first message is not reached");
    let [frames, slow, longest]: [f64; 3] =
        serde_json::from_value(browser.script("return [window.frames_, window.slow, window.longest]").await?)?;
    Ok(Scrolled { frames, slow, longest })
}

/// The value that 95 of 100 do not exceed.
pub(super) fn p95(sorted: &[f64]) -> Result<f64> {
    sorted.get(sorted.len() * 95 / 100).copied().context("nothing was measured")
}

pub(super) fn number(value: &Value) -> Result<f64> {
    value.as_f64().with_context(|| format!("no number: {value}"))
}

async fn sorted(browser: &Browser, script: &str) -> Result<Vec<f64>> {
    let mut millis: Vec<f64> = serde_json::from_value(browser.script(script).await?)?;
    millis.sort_by(f64::total_cmp);
    Ok(millis)
}
