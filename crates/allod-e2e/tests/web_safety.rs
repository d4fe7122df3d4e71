//! Safety numbers in real browsers and on the command line: the same on all sides, kept once compared.

use allod_e2e::browser::{Browser, DESK, Driver, PHONE};
use allod_e2e::web::{self, join, start_group};
use allod_e2e::{Server, Terminal};
use anyhow::{Context, Result, ensure};

async fn open_number(browser: &Browser, person: &str) -> Result<String> {
    browser.press("readers-line").await?;
    browser.see_named("reader", person).await?;
    let css = format!("[data-test=reader][data-name=\"{person}\"] [data-test=safety]");
    browser.script(&format!("document.querySelector('{css}').click()")).await?;
    browser.see("safety-number").await?.attr("data-name").await?.context("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_and_a_command_line_show_one_number_and_a_compared_person_stays_marked_c_19() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let terminal = Terminal::new(&folder.path().join("home"));
    let alice = join(&driver, &server, PHONE, "en", "alice").await?;
    let bob = join(&driver, &server, DESK, "fr", "bob").await?;
    terminal.run("carol", &["join", &server.invite(false)?.to_string(), "--name", "carol"])?;
    start_group(&alice, "Budget", &["bob", "carol"]).await?;
    bob.press_named("conversation-row", "Budget").await?;

    let number = open_number(&alice, "bob@localhost").await?;
    ensure!(number.split(' ').count() == 12 && number.len() == 71, "{number}");
    ensure!(open_number(&bob, "alice@localhost").await? == number, "both sides see the same");
    alice.screenshot("safety-phone").await?;
    bob.screenshot("safety-desk-fr").await?;
    let code = alice.see("code").await?.attr("data-name").await?.context("a code")?;
    ensure!(code == format!("1{}", number.replace(' ', "")), "the code holds the number");

    // What the other side sends is checked at once.
    alice.write("safety-given", "12345").await?;
    alice.reads("safety-result", "60 digits").await?;
    alice.write("safety-given", &"1".repeat(55)).await?;
    alice.reads("safety-result", "another number").await?;
    alice.press("safety-differ").await?;
    alice.screenshot("safety-differ-phone").await?;
    alice.script("document.querySelector('[data-test=safety-given]').select()").await?;
    alice.write("safety-given", &number).await?;
    alice.reads("safety-result", "the same number").await?;
    alice.press("safety-match").await?;
    alice.reads("safety-compared", "You compared this number with bob, today").await?;
    alice.screenshot("safety-compared-phone").await?;
    alice.reload().await?;
    alice.press_named("conversation-row", "Budget").await?;
    alice.press("readers-line").await?;
    alice.reads("safety", "Safety number compared, today").await?;
    alice.screenshot("readers-compared-phone").await?;

    let shown = terminal.run("carol", &["verify", "bob"])?;
    let with_bob = shown[0]["safety"]["number"].as_str().context("a number")?.to_owned();
    ensure!(with_bob != number, "another pair has another number");
    let refused = terminal.fails("carol", &["verify", "bob", "--confirm", &number])?;
    ensure!(refused.code == "other-number", "{}", refused.code);
    bob.script("document.querySelector('[data-test=readers] [data-test=back]').click()").await?;
    bob.see_named("reader", "carol@localhost").await?;
    let css = "[data-test=reader][data-name=\"carol@localhost\"] [data-test=safety]";
    bob.script(&format!("document.querySelector('{css}').click()")).await?;
    ensure!(
        bob.until(&format!("return !!document.querySelector('[data-name=\"{with_bob}\"]')")).await?,
        "as on the web"
    );
    let kept = terminal.run("carol", &["verify", "bob", "--confirm", &with_bob])?;
    ensure!(kept[0]["safety"]["verified"].is_u64());
    let undone = terminal.run("carol", &["verify", "bob", "--undo"])?;
    ensure!(undone[0]["safety"]["verified"].is_null());
    alice.close().await?;
    bob.close().await
}
