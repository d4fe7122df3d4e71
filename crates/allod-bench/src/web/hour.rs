//! An hour of use in a few minutes: conversations opened and read back, things written and looked for.

use std::time::Duration;

use allod_e2e::report::Report;
use allod_e2e::{Browser, Driver};
use anyhow::Result;

use super::fill::{CONVERSATIONS, Filled, title};
use super::page::{self, Memory};
use crate::process::cpu_secs;

/// What a tab may take after it.
const MEGABYTES_MAX: f64 = 200.0;

/// So many times: opens a conversation, reads a part of it, and writes into it or looks for something.
pub(super) async fn report(
    driver: &Driver,
    browser: &Browser,
    filled: &Filled,
    actions: usize,
    before: Memory,
    report: &mut Report,
) -> Result<()> {
    eprintln!("bench: an hour");
    let busy = cpu_secs(page::renderer(driver)?)?;
    for action in 0..actions {
        // Far apart in the list, each of them in its turn.
        let number = action * 37 % CONVERSATIONS;
        // Rows change places while others write: a mouse could be too late.
        let row = format!("[data-test=conversation-row][data-name=\"{}\"]", title(number));
        browser.script(&format!("document.querySelector('{row}').click()")).await?;
        browser.see_named("conversation", &title(number)).await?;
        for _ in 0..3 {
            browser.script("document.querySelector('.messages .scroll').scrollTop -= 2000").await?;
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        let writes = browser.script("return document.querySelector('[data-test=composer]') !== null").await? == true;
        if action % 4 == 0 && writes {
            browser.write("composer", "A line of the hour\u{E007}").await?;
        } else if action % 4 == 2 {
            browser.write("search", "plan").await?;
            browser.see("hit").await?;
            let empty = "const field = document.getElementById('search'); field.value = ''; \
                field.dispatchEvent(new Event('input', { bubbles: true }))";
            browser.script(empty).await?;
            browser.gone("hit").await?;
        } else {
            filled.bob.say(filled.logs[number], "An answer of the hour").await?;
        }
    }
    let busy = cpu_secs(page::renderer(driver)?)? - busy;
    let memory = page::memory(driver, browser).await?;
    let note = format!(
        "after {actions} actions; of it JavaScript {:.1}, the app's own memory {:.1}; grew by {:.1}, {:.1} and {:.1} since the start; {:.0} ms of CPU of the tab for each action",
        memory.heap,
        memory.wasm,
        memory.private - before.private,
        memory.heap - before.heap,
        memory.wasm - before.wasm,
        busy * 1e3 / actions as f64,
    );
    report.at_most("web_memory_hour", memory.private, MEGABYTES_MAX, "MB", note);
    Ok(())
}
