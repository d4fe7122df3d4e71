//! Search in the web app: as one types, by keyboard, to the message itself, and again after the page was loaded anew.

use allod_client_core::New;
use allod_e2e::browser::{DESK, Driver};
use allod_e2e::{Person, Server, web};
use anyhow::{Result, ensure};

/// The key "arrow down", as WebDriver types it.
const DOWN: &str = "\u{e015}";

#[tokio::test(flavor = "multi_thread")]
async fn a_message_far_back_is_found_and_shown_in_its_place() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = web::join(&driver, &server, DESK, "en", "alice").await?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    let log = bob.start(New::Pair("alice@localhost".parse()?)).await?;
    bob.say(log, "Le résumé est déjà prêt.").await?;
    for number in 1..=150 {
        bob.say(log, &format!("Point {number} of the agenda, as agreed")).await?;
    }
    alice.see_named("conversation-row", "bob").await?;
    alice.reads("conversation-row", "Point 150").await?;

    for round in ["first", "after loading the page anew"] {
        alice.write("search", "deja res").await?;
        alice.reads("hit", "Le résumé est déjà prêt.").await?;
        ensure!(alice.texts("hit").await?.len() == 1, "{round}: one message");
        let marks =
            alice.script("return [...document.querySelectorAll('mark')].map(mark => mark.textContent).join()").await?;
        ensure!(marks == "résumé,déjà", "{round}: {marks}");
        alice.write("search", DOWN).await?;
        let focused = alice.script("return document.activeElement.dataset.test").await?;
        ensure!(focused == "hit", "{round}: the keyboard goes to {focused}");
        alice.screenshot("search-desk").await?;

        alice.press("hit").await?;
        alice.reads("message-text", "Le résumé est déjà prêt.").await?;
        let shown = "const line = document.querySelector('[data-sought]'); if (!line) return 'nothing'; \
                     const at = line.getBoundingClientRect(); \
                     return at.top >= 0 && at.bottom <= innerHeight && line === document.activeElement ? line.textContent : 'out of sight'";
        let mut seen = alice.script(shown).await?;
        for _ in 0..100 {
            if seen.as_str().is_some_and(|text| text.contains("déjà")) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            seen = alice.script(shown).await?;
        }
        ensure!(seen.as_str().is_some_and(|text| text.contains("déjà")), "{round}: {seen}");
        alice.screenshot("search-found-desk").await?;

        alice.script("document.querySelector('[data-test=search]').select()").await?;
        alice.write("search", "agenda").await?;
        alice.reads("hit", "agenda").await?;
        ensure!(alice.texts("hit").await?.len() == 50, "{round}: the best fifty");
        alice.script("location.reload()").await?;
        alice.see_named("conversation-row", "bob").await?;
    }
    alice.close().await
}
