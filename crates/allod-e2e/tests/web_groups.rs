//! Groups over time, own devices, refused links, files and the keyboard, in a real browser.

use allod_client_core::{New, Role};
use allod_e2e::browser::{Browser, DESK, Driver, ENTER, ESCAPE, PHONE};
use allod_e2e::web::{self, join, say, send_file, start_group};
use allod_e2e::{Person, Server};
use anyhow::{Context, Result, ensure};

async fn reader_button(browser: &Browser, person: &str, test: &str) -> Result<()> {
    browser.see_named("reader", person).await?;
    let css = format!("[data-test=reader][data-name=\"{person}\"] [data-test={test}]");
    ensure!(browser.until(&format!("return !!document.querySelector('{css}')")).await?, "{person} has no {test}");
    browser.script(&format!("document.querySelector('{css}').click()")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_come_later_a_group_is_renamed_roles_change_and_somebody_leaves_and_everybody_sees_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let home = folder.path().join("home");
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let bob = join(&driver, &server, PHONE, "en", "bob").await?;
    let carol = Person::join(&home, "carol", &server.invite(false)?, "carol").await?;
    let _dan = Person::join(&home, "dan", &server.invite(false)?, "dan").await?;
    start_group(&alice, "Budget", &["bob", "carol"]).await?;
    say(&alice, "Before Dan.").await?;
    bob.press_named("conversation-row", "Budget").await?;
    bob.reads("readers-line", "3 people, 3 devices").await?;

    alice.press("readers-line").await?;
    alice.press("add-people").await?;
    alice.press_named("person-row", "dan@localhost").await?;
    alice.press("add-chosen").await?;
    alice.see_named("reader", "dan@localhost").await?;
    bob.reads("event", "alice added dan.").await?;
    bob.reads("readers-line", "4 people, 4 devices").await?;
    let announced = "return !!document.querySelector('[role=log][aria-live=polite] [data-test=event].widens button')";
    ensure!(bob.until(announced).await?, "what widens who reads is announced, and leads to the readers");
    bob.screenshot("widened-phone").await?;

    alice.script("document.querySelector('[data-test=rename-input]').select()").await?;
    alice.write("rename-input", "Budget 2028").await?;
    alice.press("rename").await?;
    bob.reads("event", "alice named the conversation “Budget 2028”.").await?;
    bob.see_named("conversation", "Budget 2028").await?;

    reader_button(&alice, "carol@localhost", "change-role").await?;
    bob.reads("event", "alice gave carol the role “Manages this conversation”.").await?;
    let log = carol.conversation("Budget 2028").await?.log;
    carol
        .until("her role", move |core| {
            core.conversations().into_iter().find(|one| one.log == log && one.my_role == Role::Admin)
        })
        .await?;
    alice.screenshot("roles-desk").await?;

    bob.press("readers-line").await?;
    bob.press("leave").await?;
    bob.screenshot("leave-phone").await?;
    bob.press("confirm").await?;
    alice.reads("event", "bob left.").await?;
    alice.reads("readers-line", "3 people, 3 devices").await?;
    alice.close().await?;
    bob.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_adds_a_second_browser_which_has_all_that_was_said_reads_on_and_is_removed_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    let log = bob.start(New::Pair("alice@localhost".parse()?)).await?;
    bob.say(log, "To one device.").await?;
    alice.press_named("conversation-row", "bob").await?;
    alice.reads("message-text", "To one device.").await?;

    alice.press("settings").await?;
    alice.press("add-device").await?;
    let link = alice.see("link").await?.text().await?;
    let second = driver.browser(PHONE, "en").await?;
    second.open(&link).await?;
    second.see("welcome").await?;
    second.screenshot("second-device-phone").await?;
    second.press("join").await?;
    second.see("app").await?;
    alice.reads("readers-line", "2 people, 3 devices").await?;
    bob.say(log, "To two devices.").await?;
    // The banner moves what is below it: it is there before anything is pressed.
    second.reads("banner", "from before are on this device now").await?;
    second.press_named("conversation-row", "bob").await?;
    second.reads("message-text", "To two devices.").await?;
    second.reads("message-text", "To one device.").await?;
    alice.reads("banner", "were sent to your new device").await?;
    alice.screenshot("history-sent-desk").await?;
    second.screenshot("history-here-phone").await?;
    second.reload().await?;
    second.press_named("conversation-row", "bob").await?;
    second.reads("message-text", "To one device.").await?;

    // The link grants one device, once.
    let third = driver.browser(PHONE, "en").await?;
    third.open(&link).await?;
    third.reads("join-problem", "was used already, or has expired").await?;
    third.screenshot("refused-phone").await?;
    third.close().await?;

    alice.press("remove-person").await?;
    alice.press("confirm").await?;
    alice.reads("readers-line", "2 people, 2 devices").await?;
    bob.say(log, "To one device again.").await?;
    alice.reads("message-text", "To one device again.").await?;
    ensure!(!second.texts("message-text").await?.iter().any(|text| text.contains("one device again")));
    second.reads("banner", "was removed from your devices").await?;
    second.screenshot("device-removed-phone").await?;
    alice.close().await?;
    second.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_grants_nothing_is_refused_in_words() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let good = server.invite(false)?.to_string();
    let (start, secret) = good.rsplit_once('/').context("a link has a secret at its end")?;
    let other: String = secret.chars().rev().skip(1).chain(['A']).collect();
    let browser = driver.browser(PHONE, "fr").await?;
    for (link, words) in [
        (format!("{start}/{other}"), "cette invitation"),
        (format!("{start}/{}", &secret[..8]), "lien"),
        (format!("{}/#contact/bob/{secret}", server.url()), "mène à une personne"),
    ] {
        browser.open("about:blank").await?;
        browser.open(&link).await?;
        browser.see("uninvited").await?;
        let said = browser.see("join-problem").await?.text().await?;
        ensure!(said.to_lowercase().contains(words), "{link}: {said}");
    }
    browser.screenshot("contact-link-phone").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_downloaded_whole_and_a_transfer_can_be_stopped_in_either_direction() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let _bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    start_group(&alice, "", &["bob"]).await?;
    let plan = folder.path().join("plan.txt");
    std::fs::write(&plan, "one line of the plan\n".repeat(20_000))?;
    send_file(&alice, &plan).await?;
    alice.see_named("file", "plan.txt").await?;
    alice.press("download").await?;
    assert_eq!(std::fs::read(alice.downloaded("plan.txt").await?)?, std::fs::read(&plan)?);

    // Without the server a transfer goes on trying, until the user stops it.
    server.kill()?;
    alice.press("download").await?;
    alice.press("cancel-transfer").await?;
    alice.gone("cancel-transfer").await?;
    send_file(&alice, &plan).await?;
    alice.see_named("transfer", "plan.txt").await?;
    alice.screenshot("sending-desk").await?;
    alice.press("cancel-transfer").await?;
    alice.gone("transfer").await?;
    alice.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_leads_from_a_new_conversation_to_its_readers_and_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let _bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    alice.tab_to("new-conversation", None).await?;
    alice.keys(ENTER).await?;
    alice.see_named("person-row", "bob@localhost").await?;
    alice.tab_to("person-row", Some("bob@localhost")).await?;
    alice.keys(ENTER).await?;
    alice.tab_to("start", None).await?;
    alice.keys(ENTER).await?;
    alice.see("composer").await?;
    ensure!(alice.until("return document.activeElement.dataset.test === 'composer'").await?, "one can write at once");
    alice.keys("Written without a mouse.").await?;
    alice.keys(ENTER).await?;
    alice.reads("message-text", "Written without a mouse.").await?;
    alice.tab_to("readers-line", None).await?;
    alice.keys(ENTER).await?;
    alice.see_named("reader", "bob@localhost").await?;
    alice.screenshot("keyboard-desk").await?;
    alice.keys(ESCAPE).await?;
    alice.gone("readers").await?;
    alice.see("conversation").await?;
    alice.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_meanwhile_stands_behind_a_mark_and_a_button_leads_to_the_latest() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    let log = bob.start(New::Pair("alice@localhost".parse()?)).await?;
    for number in 1..=40 {
        bob.say(log, &format!("Message {number} of forty.")).await?;
    }
    alice.reads("unread", "40").await?;
    alice.press_named("conversation-row", "bob").await?;
    alice.reads("unread-line", "New messages").await?;
    let first = "const line = document.querySelector('[data-test=unread-line]'); \
        return line.getBoundingClientRect().top < 300 && line.nextElementSibling.textContent.includes('Message 1 of')";
    ensure!(alice.until(first).await?, "the conversation opens where reading goes on");
    alice.screenshot("unread-desk").await?;
    alice.press("jump").await?;
    alice.gone("jump").await?;
    let last = "const all = document.querySelectorAll('[data-test=message]'); const box = [...all].pop(); \
        return box.textContent.includes('Message 40') && box.getBoundingClientRect().bottom <= innerHeight";
    ensure!(alice.until(last).await?, "the latest message is in sight");
    alice.close().await
}
