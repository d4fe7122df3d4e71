//! The list of conversations in a real browser: what is kept on top, muted, archived, begun and not sent, and who is mentioned.

use allod_client_core::New;
use allod_e2e::browser::{DESK, Driver, PHONE};
use allod_e2e::web::{self, join, say, start_group};
use allod_e2e::{Person, Server};
use anyhow::{Result, ensure};

/// Carol stands before the group.
const CAROL_FIRST: &str = "const rows = [...document.querySelectorAll('[data-test=conversation-row]')]; \
    return rows.map(row => row.dataset.name).join() === 'carol,Budget'";

/// What was begun is in the field.
const KEPT: &str = "return document.querySelector('[data-test=composer]').value === 'I was going to say'";

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_kept_on_top_muted_and_put_away_and_what_was_begun_is_there_after_a_reload() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let home = folder.path().join("home");
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let bob = Person::join(&home, "bob", &server.invite(false)?, "bob").await?;
    let carol = Person::join(&home, "carol", &server.invite(false)?, "carol").await?;
    start_group(&alice, "", &["carol"]).await?;
    say(&alice, "Have you seen the figures?").await?;
    start_group(&alice, "Budget", &["bob", "carol"]).await?;
    let budget = bob.conversation("Budget").await?.log;
    bob.say(budget, "Before the meeting.").await?;
    alice.reads("message-text", "Before the meeting.").await?;

    alice.press_named("conversation-menu", "carol").await?;
    alice.screenshot("conversation-menu-desk").await?;
    alice.press("pin").await?;
    ensure!(alice.until(CAROL_FIRST).await?, "carol is on top");

    alice.write("composer", "I was going to say").await?;
    ensure!(alice.until(KEPT).await?, "it is written");
    alice.press_named("conversation-row", "carol").await?;
    alice.reads("conversation-row", "Draft: I was going to say").await?;
    alice.screenshot("list-desk").await?;
    alice.reload().await?;
    alice.reads("conversation-row", "Draft: I was going to say").await?;
    alice.press_named("conversation-row", "Budget").await?;
    alice.see("composer").await?;
    ensure!(alice.until(KEPT).await?, "the draft is in the field again");
    alice.press_named("conversation-row", "carol").await?;

    bob.say(budget, "@alice, the last word is yours.").await?;
    alice.see("mentioned").await?;
    alice.press_named("conversation-menu", "Budget").await?;
    alice.press("archive").await?;
    alice.reads("archived", "Archived (1)").await?;
    alice.press("archived").await?;
    alice.see_named("conversation-row", "Budget").await?;
    alice.screenshot("archived-desk").await?;
    // Whoever writes there brings it back; with the archive empty, the list shows all.
    bob.say(budget, "Well?").await?;
    alice.see_named("conversation-row", "carol").await?;
    alice.press_named("conversation-menu", "Budget").await?;
    alice.press("mute-8-hours").await?;
    alice.press_named("conversation-menu", "Budget").await?;
    alice.see("unmute").await?;
    drop(carol);
    alice.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_receipts_sends_none_and_who_tells_nobody_of_typing_is_not_told() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    let alice = join(&driver, &server, PHONE, "fr", "alice").await?;
    let log = bob.start(New::Pair("alice@localhost".parse()?)).await?;
    bob.say(log, "Vu ?").await?;
    alice.reads("conversation-row", "Vu ?").await?;
    let bob_types = || bob.verb(move |core, now, rng| Ok(core.typing(log, true, now, rng)));
    bob_types().await?;
    alice.reads("conversation-row", "bob écrit…").await?;
    alice.press_named("conversation-row", "bob").await?;
    alice.reads("message-text", "Vu ?").await?;
    let alice_types = move |core: &allod_client_core::ClientCore| {
        core.conversation(log).is_some_and(|one| !one.typing.is_empty()).then_some(())
    };
    alice.write("composer", "Oui").await?;
    bob.until("that alice types", alice_types).await?;
    let read = |position: u64| {
        move |core: &allod_client_core::ClientCore| {
            core.receipts(log).first().is_some_and(|one| one.read >= position).then_some(())
        }
    };
    let first = bob.history(log).await?.last().and_then(|line| line.position).unwrap_or_default();
    bob.until("that it was read", read(first)).await?;

    alice.press("back").await?;
    alice.press("settings").await?;
    alice.press("receipts").await?;
    alice.press("tell-typing").await?;
    alice.screenshot("privacy-phone").await?;
    ensure!(alice.until("return document.querySelector('[data-test=receipts]').ariaChecked === 'false'").await?);
    alice.press("back").await?;
    bob.say(log, "Et ceci ?").await?;
    alice.press_named("conversation-row", "bob").await?;
    alice.reads("message-text", "Et ceci ?").await?;
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    bob.settle().await?;
    let told = bob.client.look(move |core| core.receipts(log)).await?;
    ensure!(told.iter().all(|one| one.read == first), "{told:?}");
    bob_types().await?;
    alice.write("composer", " ?").await?;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    ensure!(alice.texts("typing").await?.is_empty(), "who does not tell is not told");
    ensure!(bob.client.look(alice_types).await?.is_none(), "who has switched it off does not tell");
    alice.close().await
}
