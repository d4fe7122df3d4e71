//! A long conversation in the web app: a part of it is held, all of it can be reached, and what one reads stays where it is.

use std::time::Duration;

use allod_client_core::New;
use allod_e2e::browser::{Browser, DESK, Driver};
use allod_e2e::{Person, Server, web};
use anyhow::{Result, ensure};

/// Messages of the conversation.
const MESSAGES: usize = 700;
/// Lines that the page holds at most.
const LINES_MAX: u64 = 240;
/// Scrolls to one end at most.
const STEPS_MAX: usize = 60;

const LINES: &str = "document.querySelectorAll('.stream li[id^=line-]')";

/// Scrolls again and again by `script` until a message says `text`; the page never holds more lines than it may.
async fn scroll_until(browser: &Browser, script: &str, text: &str) -> Result<()> {
    let step = format!(
        "const scroll = document.querySelector('.messages .scroll'); {script}; const lines = [...{LINES}]; \
         return [lines.length, lines.some(line => line.textContent.includes('{text}'))]"
    );
    for _ in 0..STEPS_MAX {
        let found = browser.script(&step).await?;
        ensure!(found[0].as_u64().is_some_and(|count| (1..=LINES_MAX).contains(&count)), "lines: {found}");
        if found[1] == true {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let held = browser
        .script(&format!("const lines = {LINES}; return [lines[0].textContent, lines[lines.length - 1].textContent]"))
        .await?;
    anyhow::bail!("{text:?} is not reached: {held}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_is_held_in_part_and_what_one_reads_stays_where_it_is() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = web::join(&driver, &server, DESK, "en", "alice").await?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    let log = bob.start(New::Pair("alice@localhost".parse()?)).await?;
    for number in 1..=MESSAGES {
        bob.say(log, &format!("Message <{number}>")).await?;
    }
    alice.reads("conversation-row", "<700>").await?;
    alice.press_named("conversation-row", "bob").await?;
    alice.reads("message-text", "Message <").await?;

    // What is the first line stays where it is while earlier ones come in above.
    let scroll = "const scroll = document.querySelector('.messages .scroll');";
    let first = format!(
        "{scroll} scroll.scrollTop = 100; window.first = {LINES}[0].id; return document.getElementById(window.first).getBoundingClientRect().top"
    );
    let top = alice.script(&first).await?.as_f64().unwrap_or_default();
    ensure!(alice.until(&format!("return {LINES}[0].id !== window.first")).await?, "no earlier lines come in");
    let now = alice.script("return document.getElementById(window.first).getBoundingClientRect().top").await?;
    ensure!((now.as_f64().unwrap_or_default() - top).abs() < 2.0, "the first line has moved from {top} to {now}");

    // To the first, which one reads while another one comes.
    scroll_until(&alice, "scroll.scrollTop = 0", "<1>").await?;
    let place = format!(
        "const line = [...{LINES}].find(line => line.textContent.includes('<9>')); return line.getBoundingClientRect().top"
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = alice.script(&place).await?;
    bob.say(log, "Message <701>").await?;
    alice.reads("conversation-row", "<701>").await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(alice.script(&place).await? == before, "what one reads has moved from {before}");

    // To the last by scrolling; back a while, and to it by the button.
    scroll_until(&alice, "scroll.scrollTop = scroll.scrollHeight", "<701>").await?;
    scroll_until(&alice, "scroll.scrollTop = 0", "<300>").await?;
    bob.say(log, "Message <702>").await?;
    alice.press("jump").await?;
    alice.reads("message-text", "<702>").await?;
    let at_end = "const scroll = document.querySelector('.messages .scroll'); \
                  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 3";
    ensure!(alice.until(at_end).await?, "the end is not in sight");

    // What one writes far from the end is shown, at the end.
    scroll_until(&alice, "scroll.scrollTop = 0", "<300>").await?;
    web::say(&alice, "I have read all of it.").await?;
    ensure!(alice.until(at_end).await?, "the end is not in sight");
    scroll_until(&alice, "", "<702>").await?;
    alice.close().await
}
