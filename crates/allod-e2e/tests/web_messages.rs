//! What people do to messages in the web app: by mouse on a desk, by finger on a phone, and by the keyboard alone.

use allod_e2e::browser::{Browser, DESK, DOWN, Driver, ENTER, ESCAPE, PHONE, RIGHT, UP};
use allod_e2e::web::{self, join, say, start_group};
use allod_e2e::{Person, Server};
use anyhow::{Result, ensure};

/// Alice at a desk, in English, and Bob with a phone, in French and dark, in one conversation.
async fn alice_and_bob(driver: &Driver, server: &Server) -> Result<(Browser, Browser)> {
    let alice = join(driver, server, DESK, "en", "alice").await?;
    let bob = join(driver, server, PHONE, "fr", "bob").await?;
    bob.press("settings").await?;
    bob.press_named("theme", "dark").await?;
    bob.press("back").await?;
    start_group(&alice, "", &["bob"]).await?;
    say(&alice, "Shall we meet at nine?").await?;
    bob.press_named("conversation-row", "alice").await?;
    bob.reads("message-text", "at nine").await?;
    Ok((alice, bob))
}

/// Whether what has the keyboard carries this `data-test`.
async fn keyboard_on(browser: &Browser, test: &str) -> Result<()> {
    let there = browser.until(&format!("return document.activeElement.dataset.test === '{test}'")).await?;
    ensure!(there, "the keyboard is not on {test}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_shows_what_it_answers_on_both_sides_and_leads_there() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let (alice, bob) = alice_and_bob(&driver, &server).await?;
    for number in 1..=12 {
        say(&alice, &format!("Point {number} of the agenda, which is long enough for a line of its own.")).await?;
    }
    bob.reads("message-text", "Point 12").await?;

    bob.draw("Point 12", 30).await?;
    ensure!(bob.texts("purpose").await?.is_empty(), "drawn a little, nothing happens");
    bob.draw("Point 12", 90).await?;
    bob.reads("purpose", "Réponse à alice").await?;
    bob.press("leave-purpose").await?;
    bob.gone("purpose").await?;

    bob.script("document.querySelector('.scroll:has(.stream)').scrollTop = 0").await?;
    bob.hold("at nine").await?;
    bob.see("answer").await?;
    bob.screenshot("message-menu-phone").await?;
    bob.press("answer").await?;
    bob.gone("answer").await?;
    keyboard_on(&bob, "composer").await?;
    bob.screenshot("answering-phone").await?;
    say(&bob, "Neuf heures me va.").await?;
    bob.gone("purpose").await?;
    for browser in [&alice, &bob] {
        browser.reads("quote", "Shall we meet at nine?").await?;
    }
    alice.press_beside("Neuf heures", "bar-answer").await?;
    alice.reads("purpose", "Reply to bob").await?;
    alice.screenshot("answering-desk").await?;
    alice.keys(ESCAPE).await?;
    alice.gone("purpose").await?;
    alice.screenshot("answered-desk").await?;
    bob.screenshot("answered-phone").await?;

    alice.press("quote").await?;
    let jumped = "const line = document.querySelector('[data-sought]'); if (!line) return false; \
        const at = line.getBoundingClientRect(); \
        return line.textContent.includes('at nine') && at.top >= 0 && at.bottom <= innerHeight";
    ensure!(alice.until(jumped).await?, "the quote leads to what it quotes");
    alice.close().await?;
    bob.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_given_counted_and_taken_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let (alice, bob) = alice_and_bob(&driver, &server).await?;

    bob.hold("at nine").await?;
    bob.press_named("react", "👍").await?;
    alice.see_named("reaction", "👍").await?;
    alice.press_in("at nine", "reaction").await?;
    for browser in [&alice, &bob] {
        browser.reads("reaction", "2").await?;
    }
    alice.press_beside("at nine", "bar-react").await?;
    alice.screenshot("reactions-desk").await?;
    alice.write("own-reaction", "OK").await?;
    alice.press("react-own").await?;
    bob.see_named("reaction", "OK").await?;
    bob.screenshot("reacted-phone").await?;
    alice.screenshot("reacted-desk").await?;
    let who = "return document.querySelector('[data-test=reaction][data-name=\"👍\"]').title";
    ensure!(alice.script(who).await? == "bob, You", "the chip says who");

    alice.press_named("reaction", "👍").await?;
    alice.press_named("reaction", "OK").await?;
    let one = "const all = [...document.querySelectorAll('[data-test=reaction]')]; \
        return all.map(one => one.dataset.name + one.textContent + one.ariaPressed).join()";
    ensure!(bob.until(&format!("return (() => {{ {one} }})() === '👍👍true'")).await?, "{}", bob.script(one).await?);
    alice.close().await?;
    bob.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_keeps_the_former_text_readable_and_a_deletion_asks_first() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let (alice, bob) = alice_and_bob(&driver, &server).await?;

    alice.script("document.querySelector('[data-test=composer]').focus()").await?;
    alice.keys(UP).await?;
    alice.reads("purpose", "Edit message").await?;
    alice.screenshot("editing-desk").await?;
    alice.script("document.querySelector('[data-test=composer]').select()").await?;
    alice.keys("Shall we meet at ten?").await?;
    alice.keys(ENTER).await?;
    alice.gone("purpose").await?;
    bob.reads("message-text", "at ten").await?;
    bob.reads("edited", "Modifié").await?;
    bob.press("edited").await?;
    bob.reads("former", "Shall we meet at nine?").await?;
    bob.screenshot("details-phone").await?;
    bob.press("close").await?;
    bob.gone("former").await?;

    alice.press_beside("at ten", "bar-more").await?;
    alice.see("delete").await?;
    alice.screenshot("message-menu-desk").await?;
    alice.press("delete").await?;
    alice.screenshot("delete-desk").await?;
    alice.press("decline").await?;
    alice.gone("confirm").await?;
    ensure!(alice.texts("deleted").await?.is_empty(), "not without a yes");
    alice.press_beside("at ten", "bar-more").await?;
    alice.press("delete").await?;
    alice.press("confirm").await?;
    alice.reads("deleted", "Deleted").await?;
    bob.reads("deleted", "Supprimé").await?;
    ensure!(bob.texts("message-text").await?.is_empty(), "the text is gone");
    bob.screenshot("deleted-phone").await?;
    alice.close().await?;
    bob.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_reacts_answers_and_deletes_what_others_wrote_in_ones_group() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let home = folder.path().join("home");
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let bob = Person::join(&home, "bob", &server.invite(false)?, "bob").await?;
    let _carol = Person::join(&home, "carol", &server.invite(false)?, "carol").await?;
    start_group(&alice, "Budget", &["bob", "carol"]).await?;
    let log = bob.conversation("Budget").await?.log;
    bob.say(log, "The first figure.").await?;
    bob.say(log, "The second figure.").await?;
    alice.reads("message-text", "The second figure.").await?;

    alice.tab_to("message", None).await?;
    alice.keys(UP).await?;
    alice.keys(DOWN).await?;
    alice.keys(UP).await?;
    alice.keys(ENTER).await?;
    keyboard_on(&alice, "react").await?;
    alice.keys(RIGHT).await?;
    alice.keys(ENTER).await?;
    alice.gone("answer").await?;
    alice.see_named("reaction", "❤️").await?;
    let back = "return document.activeElement.textContent.includes('The first figure')";
    ensure!(alice.until(back).await?, "the keyboard is back on the message, drawn anew");
    alice.screenshot("keyboard-message-desk").await?;

    alice.keys(ENTER).await?;
    keyboard_on(&alice, "react").await?;
    alice.keys(DOWN).await?;
    keyboard_on(&alice, "answer").await?;
    alice.keys(ESCAPE).await?;
    alice.gone("answer").await?;
    alice.see_named("conversation", "Budget").await?;
    ensure!(alice.until(back).await?, "Esc closes the menu and nothing else");

    alice.keys(ENTER).await?;
    keyboard_on(&alice, "react").await?;
    alice.keys(DOWN).await?;
    alice.keys(ENTER).await?;
    keyboard_on(&alice, "composer").await?;
    alice.keys("Thank you.").await?;
    alice.keys(ENTER).await?;
    alice.reads("quote", "The first figure.").await?;
    alice.message("Thank you.").await?;

    alice.tab_to("message", None).await?;
    alice.keys(UP).await?;
    alice.keys(ENTER).await?;
    keyboard_on(&alice, "react").await?;
    alice.keys(UP).await?;
    keyboard_on(&alice, "delete").await?;
    alice.keys(ENTER).await?;
    alice.see("confirm").await?;
    keyboard_on(&alice, "decline").await?;
    alice.keys(RIGHT).await?;
    alice.keys(ENTER).await?;
    alice.reads("deleted", "Deleted by you").await?;
    alice.close().await
}
