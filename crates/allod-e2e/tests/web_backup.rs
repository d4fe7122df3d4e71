//! Own devices and backups in real browsers: a new device is asked about; who lost every device comes back with a file and twelve words.

use allod_client_core::New;
use allod_e2e::browser::{Browser, DESK, Driver, PHONE};
use allod_e2e::web::{self, join, say, send_file, start_group};
use allod_e2e::{Person, Server};
use anyhow::{Context, Result, ensure};

/// Makes a backup in the settings; gives its words.
async fn back_up(browser: &Browser) -> Result<Vec<String>> {
    browser.press("settings").await?;
    browser.press("backup").await?;
    browser.see("phrase-word").await?;
    let words = browser.texts("phrase-word").await?;
    ensure!(words.len() == 12, "{words:?}");
    browser.screenshot("backup-words").await?;
    browser.press("phrase-written").await?;
    browser.see("phrase-typed").await?;
    let asked =
        "return [...document.querySelectorAll('[data-test=phrase-asked]')].map(one => Number(one.dataset.name))";
    let asked: Vec<usize> = serde_json::from_value(browser.script(asked).await?)?;
    ensure!(asked.len() == 2 && asked[0] < asked[1], "{asked:?}");
    let disabled = "return document.querySelector('[data-test=backup-make]').disabled";
    ensure!(browser.script(disabled).await? == true, "not before the words were typed back");
    for place in asked {
        let css = format!("[data-test=phrase-asked][data-name=\"{place}\"] input");
        browser.script(&format!("document.querySelector('{css}').focus()")).await?;
        browser.keys(&words[place]).await?;
    }
    browser.screenshot("backup-typed-back").await?;
    browser.script("window.ticks = [performance.now()]; setInterval(() => ticks.push(performance.now()), 20)").await?;
    browser.press("backup-make").await?;
    browser.reads("last-backup", "today").await?;
    // The key is made elsewhere: no single wait takes most of the time.
    let lives = "const gaps = ticks.slice(1).map((at, before) => at - ticks[before]); \
        return [Math.max(...gaps), ticks.at(-1) - ticks[0]]";
    let [longest, whole]: [f64; 2] = serde_json::from_value(browser.script(lives).await?)?;
    ensure!(longest < whole / 2.0, "the page stood still for {longest} of {whole} ms");
    browser.screenshot("backup-done").await?;
    Ok(words)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_every_device_comes_back_in_a_browser_with_a_file_and_twelve_words_k_6() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, PHONE, "en", "alice").await?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    start_group(&alice, "", &["bob"]).await?;
    say(&alice, "Before the loss.").await?;
    let log = bob.conversation("alice@localhost").await?.log;
    bob.hears(log, "Before the loss.").await?;
    bob.say(log, "Heard.").await?;
    alice.reads("message-text", "Heard.").await?;
    alice.press("back").await?;
    let words = back_up(&alice).await?;
    let name = "const now = new Date(); const two = n => String(n).padStart(2, '0'); \
        return `allod-alice-${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}.backup`";
    let name = alice.script(name).await?.as_str().context("a name")?.to_owned();
    let file = folder.path().join(&name);
    std::fs::copy(alice.downloaded(&name).await?, &file)?;
    ensure!(!String::from_utf8_lossy(&std::fs::read(&file)?).contains("Before the loss."), "the file is sealed");
    alice.close().await?;

    let back = driver.browser(DESK, "en").await?;
    back.open(&server.url()).await?;
    back.press("restore-open").await?;
    back.write("restore-file", &file.display().to_string()).await?;
    back.write("phrase-input", &format!("{} xyzzy ", words[0])).await?;
    back.reads("phrase-said", "Word 2, “xyzzy”").await?;
    back.screenshot("restore-wrong-word-desk").await?;
    let empty = "document.querySelector('[data-test=phrase-input]').select()";
    back.script(empty).await?;
    let swapped: Vec<_> = words[1..].iter().chain(&words[..1]).cloned().collect();
    if allod_client::RecoveryPhrase::parse(&swapped.join(" ")).is_err() {
        back.write("phrase-input", &swapped.join(" ")).await?;
        back.reads("phrase-said", "do not belong together").await?;
        back.script(empty).await?;
    }
    // Right in themselves, but not those of this file.
    back.write("phrase-input", "legal winner thank year wave sausage worth useful legal winner thank yellow").await?;
    back.reads("phrase-said", "belong together").await?;
    back.press("restore").await?;
    back.reads("join-problem", "does not open with these words").await?;
    back.script(empty).await?;
    back.write("phrase-input", &words.join(" ")).await?;
    back.press("restore").await?;
    back.see("app").await?;
    back.reads("banner", "You are alice@localhost again").await?;
    back.press_named("conversation-row", "bob").await?;
    back.reads("message-text", "Before the loss.").await?;
    back.reads("message-text", "Heard.").await?;
    // Bob's device lets the new one in, and both talk on.
    say(&back, "I am back.").await?;
    bob.hears(log, "I am back.").await?;
    let lines = serde_json::to_string(&bob.history(log).await?)?;
    ensure!(lines.contains("device_added") || lines.contains("device_back"), "in view of all: {lines}");
    bob.say(log, "Welcome back.").await?;
    back.reads("message-text", "Welcome back.").await?;
    back.screenshot("restored-desk").await?;
    back.close().await?;

    // The backup is used up, and says so.
    let third = driver.browser(PHONE, "fr").await?;
    third.open(&server.url()).await?;
    third.press("restore-open").await?;
    third.write("restore-file", &file.display().to_string()).await?;
    third.write("phrase-input", &words.join(" ")).await?;
    third.press("restore").await?;
    third.reads("join-problem", "a déjà servi").await?;
    third.screenshot("restore-spent-phone-fr").await?;
    third.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_own_device_is_asked_about_and_knows_whose_it_is_a_11() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "fr", "alice").await?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    bob.start(New::Pair("alice@localhost".parse()?)).await?;
    alice.press("settings").await?;
    alice.press("add-device").await?;
    let link = alice.see("link").await?.text().await?;
    ensure!(alice.see("code").await?.attr("data-name").await?.as_deref() == Some(&link), "the code holds the link");
    alice.script("document.querySelector('[data-test=code]').scrollIntoView()").await?;
    alice.screenshot("device-link-desk-fr").await?;

    let second = driver.browser(PHONE, "en").await?;
    second.open(&link).await?;
    second.press("join").await?;
    second.see("app").await?;
    second.reads("whose", "alice@localhost").await?;
    second.screenshot("device-of-phone").await?;
    alice.reads("device-came", "navigateur, aujourd’hui").await?;
    alice.screenshot("device-came-desk-fr").await?;
    alice.press("device-known").await?;
    alice.gone("device-came").await?;
    alice.reload().await?;
    alice.see("app").await?;
    ensure!(alice.texts("device-came").await?.is_empty(), "it is not asked again");

    // Another one is not the user's. What was said before has come by then, so that nothing moves under the mouse any more.
    second.reads("banner", "from before are on this device").await?;
    second.press("settings").await?;
    second.press("add-device").await?;
    let link = second.see("link").await?.text().await?;
    let third = driver.browser(PHONE, "en").await?;
    third.open(&link).await?;
    third.press("join").await?;
    third.see("app").await?;
    second.reads("device-came", "Was it you?").await?;
    second.screenshot("device-came-phone").await?;
    second.press("device-not-mine").await?;
    second.press("confirm").await?;
    second.gone("device-came").await?;
    third.reads("banner", "was removed from your devices").await?;
    alice.close().await?;
    second.close().await?;
    third.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_has_is_downloaded_as_an_archive_of_pages_and_json() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, PHONE, "fr", "alice").await?;
    let _bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    start_group(&alice, "", &["bob"]).await?;
    say(&alice, "À exporter <b>telle quelle</b>").await?;
    let plan = folder.path().join("plan.txt");
    std::fs::write(&plan, "en trois points")?;
    send_file(&alice, &plan).await?;
    alice.see_named("file", "plan.txt").await?;
    alice.press("back").await?;
    alice.press("settings").await?;
    alice.press("export").await?;
    let day = "const now = new Date(); const two = n => String(n).padStart(2, '0'); \
        return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`";
    let day = alice.script(day).await?.as_str().context("a day")?.to_owned();
    let archive = std::fs::read(alice.downloaded(&format!("allod-alice-{day}.zip")).await?)?;
    alice.reads("exported", "index.html").await?;
    alice.screenshot("exported-phone-fr").await?;
    // Nothing in it is compressed, so it can be looked through as it is.
    let text = String::from_utf8_lossy(&archive);
    for part in [
        "index.html",
        "001-bob-localhost.html",
        "001-bob-localhost.jsonl",
        "contacts.json",
        "-plan.txt",
        "en trois points",
        "href=\"./files/001-bob-localhost/",
        "<bdi>À exporter &lt;b&gt;telle quelle&lt;/b&gt;</bdi>",
        "\"text\":\"À exporter <b>telle quelle</b>\"",
        "Toutes les conversations",
    ] {
        ensure!(text.contains(part), "no {part}");
    }
    ensure!(archive.starts_with(b"PK\x03\x04") && text.contains("PK\u{5}\u{6}"), "from its beginning to its end");
    // One that does not get on can be left.
    server.kill()?;
    alice.press("back").await?;
    alice.press("settings").await?;
    alice.press("export").await?;
    alice.press("cancel-export").await?;
    alice.see("export").await?;
    alice.close().await
}
