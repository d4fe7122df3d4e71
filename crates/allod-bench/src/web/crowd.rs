//! A group of a thousand, one of whom looks at it in a browser.

use std::path::Path;
use std::time::{Duration, Instant};

use allod_client_core::New;
use allod_e2e::report::Report;
use allod_e2e::{Browser, Person};
use allod_wire::Address;
use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::page;

/// So many join at the same time.
const AT_ONCE: usize = 4;
/// How long a thousand may take to come into a group.
const PATIENCE: Duration = Duration::from_secs(600);
const TITLE: &str = "Everybody";
/// Clicks, and notes how long it takes until the end of the frame in which something is there.
const CLICK: &str = "window.took = undefined; const from = performance.now(); \
    const look = () => document.querySelector(arguments_[1]) ? requestAnimationFrame(() => { \
    const { port1, port2 } = new MessageChannel(); port1.onmessage = () => { window.took = performance.now() - from; }; \
    port2.postMessage(0); }) : requestAnimationFrame(look); document.querySelector(arguments_[0]).click(); look()";

/// Bob starts a group with so many members, Alice among them.
pub(super) async fn report(
    home: &Path,
    browser: &Browser,
    bob: &Person,
    members: usize,
    report: &mut Report,
) -> Result<()> {
    eprintln!("bench: a group of {members}");
    let started = Instant::now();
    let mut people = crowd(home, bob, members - 2).await?;
    people.push("alice@localhost".parse()?);
    eprintln!("bench: they have joined, after {:.0} s", started.elapsed().as_secs_f64());
    let log = bob.start(New::Group { title: TITLE.to_owned(), people }).await?;
    let deadline = Instant::now() + PATIENCE;
    while bob.client.look(move |core| core.conversation(log).map(|one| one.people_count)).await? != Some(members) {
        ensure!(Instant::now() < deadline, "not everybody came into the group");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    eprintln!("bench: they are in the group, after {:.0} s", started.elapsed().as_secs_f64());
    bob.say(log, "Welcome, all of you").await?;
    browser.see_named("conversation-row", TITLE).await?;
    browser.reads("conversation-row", "Welcome, all of you").await?;
    eprintln!("bench: it is in the browser, after {:.0} s", started.elapsed().as_secs_f64());
    let row = format!("[data-test=conversation-row][data-name=\"{TITLE}\"]");
    let shown = format!("[data-test=conversation][data-name=\"{TITLE}\"]");
    let millis = click(browser, &row, &shown).await?;
    report.at_most("web_crowd_open", millis, 200.0, "ms", "from the click until a group of 1,000 is shown");
    let millis = click(browser, "[data-test=readers-line]", "[data-test=reader]:last-child").await?;
    report.at_most("web_crowd_readers", millis, 1_000.0, "ms", "from the click until all who can read it are listed");
    Ok(())
}

async fn click(browser: &Browser, what: &str, until: &str) -> Result<f64> {
    let arguments = serde_json::to_string(&[what, until])?;
    browser.script(&format!("const arguments_ = {arguments}; {CLICK}")).await?;
    ensure!(browser.until("return window.took !== undefined").await?, "{until} does not show");
    page::number(&browser.script("return window.took").await?)
}

/// So many people with a device each, which left keys for first contact and went.
async fn crowd(home: &Path, bob: &Person, count: usize) -> Result<Vec<Address>> {
    let link = bob.invite(count as u32).await?;
    let mut joining = JoinSet::new();
    let mut people = Vec::new();
    for number in 0..count {
        let (home, link) = (home.to_owned(), link.clone());
        joining.spawn(async move {
            let name = format!("person{number}");
            let person = Person::join(&home, &name, &link, &name).await?;
            person.client.close().await;
            anyhow::Ok(person.address)
        });
        if joining.len() >= AT_ONCE {
            people.extend(joining.join_next().await.transpose()?.transpose()?);
        }
    }
    while let Some(joined) = joining.join_next().await {
        people.push(joined??);
    }
    Ok(people)
}
