//! The web app in a real browser: from invite link to reading each other's messages, at the sizes of a phone and of a desk.

use allod_e2e::browser::{DESK, Driver, PHONE};
use allod_e2e::web::{self, join, say, send_file};
use allod_e2e::{Person, Server};
use anyhow::{Result, ensure};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_go_from_invite_link_to_reading_each_other() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let bob = join(&driver, &server, PHONE, "fr", "bob").await?;
    alice.screenshot("empty-desk").await?;
    bob.screenshot("empty-phone").await?;

    alice.press("new-conversation").await?;
    alice.press_named("person-row", "bob@localhost").await?;
    alice.screenshot("new-conversation-desk").await?;
    alice.press("start").await?;
    alice.see("composer").await?;
    say(&alice, "Bonjour Bob, can you read this?").await?;

    bob.press_named("conversation-row", "alice").await?;
    bob.reads("message-text", "can you read this?").await?;
    say(&bob, "Oui, très bien.").await?;
    alice.reads("message-text", "très bien").await?;
    alice.screenshot("conversation-desk").await?;
    bob.screenshot("conversation-phone").await?;

    bob.press("readers-line").await?;
    bob.see_named("reader", "alice@localhost").await?;
    bob.see_named("reader", "bob@localhost").await?;
    bob.screenshot("readers-phone").await?;
    alice.press("readers-line").await?;
    alice.see_named("reader", "bob@localhost").await?;
    alice.screenshot("readers-desk").await?;
    alice.close().await?;
    bob.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_with_a_file_and_a_removal_across_browser_and_command_line_client() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let carol = join(&driver, &server, PHONE, "en", "carol").await?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;

    alice.press("new-conversation").await?;
    alice.press_named("person-row", "bob@localhost").await?;
    alice.press_named("person-row", "carol@localhost").await?;
    alice.write("group-title", "Budget 2027").await?;
    alice.press("start").await?;
    alice.see("composer").await?;
    say(&alice, "The plan is attached.").await?;
    let file = folder.path().join("plan.txt");
    std::fs::write(&file, "one line of the plan\n".repeat(5_000))?;
    send_file(&alice, &file).await?;
    alice.see_named("file", "plan.txt").await?;

    carol.press_named("conversation-row", "Budget 2027").await?;
    carol.see_named("file", "plan.txt").await?;
    carol.screenshot("group-phone").await?;
    let log = bob.conversation("Budget 2027").await?.log;
    bob.hears(log, "The plan is attached.").await?;
    let got = folder.path().join("got.txt");
    let found = loop {
        if let Some(found) = bob.files(log).await?.pop() {
            break found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    bob.client.fetch_file(log, &found, &got, &mut |_, _| {}).await?;
    assert_eq!(std::fs::read(&got)?, std::fs::read(&file)?);

    alice.press("readers-line").await?;
    alice.see_named("reader", "carol@localhost").await?;
    alice.screenshot("group-readers-desk").await?;
    alice.script("document.querySelector('[data-test=reader][data-name=\"carol@localhost\"] [data-test=remove-person]').click()").await?;
    alice.press("confirm").await?;
    carol.see("closed").await?;
    carol.screenshot("removed-phone").await?;
    bob.say(log, "Carol has left.").await?;
    alice.reads("message-text", "Carol has left.").await?;
    ensure!(!carol.texts("message-text").await?.iter().any(|text| text.contains("Carol has left.")));
    alice.screenshot("group-desk").await?;
    alice.close().await?;
    carol.close().await
}
