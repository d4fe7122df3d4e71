//! Every screen, in the languages and themes that there are, at a desk and with a phone: whether everybody can use it. The
//! pictures are in `target/screens/screen-SCREEN-DEVICE-THEME-LANGUAGE.png`, to be looked at.

use allod_client_core::New;
use allod_e2e::browser::{Browser, DESK, Driver, ESCAPE, PHONE};
use allod_e2e::web::{self, say, send_file, start_group};
use allod_e2e::{Person, Server};
use allod_wire::LogId;
use anyhow::{Result, ensure};

/// What is looked at, in one window.
struct Look {
    browser: Browser,
    device: &'static str,
    language: &'static str,
    faults: Vec<String>,
}

/// The themes, as the page is told of them: boot.js and the settings set the same attributes.
const THEMES: [(&str, &str, &str); 3] = [("light", "light", ""), ("dark", "dark", ""), ("contrast", "light", "more")];

impl Look {
    fn new(browser: Browser, device: &'static str, language: &'static str) -> Self {
        Self { browser, device, language, faults: Vec::new() }
    }

    /// Looks at the screen that is shown now, in each theme, and keeps a picture of each.
    async fn at(&mut self, screen: &str) -> Result<()> {
        for (theme, scheme, contrast) in THEMES {
            self.browser
                .script(&format!(
                    "const root = document.documentElement; root.dataset.theme = '{scheme}'; \
                if ('{contrast}') root.dataset.contrast = '{contrast}'; else delete root.dataset.contrast;"
                ))
                .await?;
            let name = format!("screen-{screen}-{}-{theme}-{}", self.device, self.language);
            let faults = self.browser.faults().await?;
            self.browser.screenshot(&name).await?;
            self.faults.extend(faults.into_iter().map(|fault| format!("{screen} ({}, {theme}): {fault}", self.device)));
        }
        Ok(())
    }

    /// Goes through the screen with the Tab key.
    async fn by_keyboard(&mut self, screen: &str) -> Result<()> {
        let faults = self.browser.tab_faults().await?;
        self.faults.extend(faults.into_iter().map(|fault| format!("{screen} ({}): {fault}", self.device)));
        Ok(())
    }

    /// Presses something, and looks at what it opens; then closes that.
    async fn at_dialog(&mut self, screen: &str, leave: &str) -> Result<()> {
        self.browser.see("dialog").await?;
        ensure!(self.browser.until("return document.querySelector('dialog:modal') !== null").await?, "{screen} opens");
        self.at(screen).await?;
        self.browser.keys(leave).await?;
        ensure!(self.browser.until("return document.querySelector('dialog:modal') === null").await?, "{screen} closes");
        Ok(())
    }

    async fn done(self) -> Result<()> {
        let Self { browser, mut faults, .. } = self;
        browser.close().await?;
        faults.sort();
        faults.dedup();
        ensure!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
        Ok(())
    }
}

/// One page with each kind of fault once.
const BAD: &str = "data:text/html,<!doctype html><title>Bad</title><body style='background:white;color:black'><h1>One</h1><h3>Three</h3>\
    <p id=same>a</p><p id=same>b</p><main>c</main><main>d</main><img src='data:,'><p style='color:rgb(0 0 0 / 40%25)'>pale</p>\
    <button style='width:40px;height:40px'></button><div role=checkbox tabindex=0>no state</div><p role=nonsense>?</p>\
    <div style='width:2000px'>wide</div><div style='height:10px;font-size:8px;display:flex;line-height:8px'>\
    <button style='width:10px;height:8px;padding:0;border:0;background:white'>x</button><button style='width:10px;height:8px;padding:0;border:0;background:white'>y</button></div>\
    <a href='%23z' style='outline:none'>unmarked</a><input aria-label=trap onkeydown='event.preventDefault()'><button tabindex=0>past it</button>";

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_fault_is_found_on_a_page_that_has_it() -> Result<()> {
    let driver = Driver::start()?;
    let browser = driver.browser(DESK, "en").await?;
    browser.open(BAD).await?;
    let faults = browser.faults().await?;
    let wanted = [
        "name: button",
        "alt: img",
        "role: div",
        "role: p",
        "heading: h3",
        "landmark: ",
        "id: p",
        "language: html",
        "contrast: p",
        "target: button",
        "reflow: ",
    ];
    for wanted in wanted {
        ensure!(faults.iter().any(|fault| fault.starts_with(wanted)), "{wanted} is not among {faults:#?}");
    }
    let faults = browser.tab_faults().await?;
    for wanted in ["focus: nothing shows that the keyboard is on a", "tab: "] {
        ensure!(faults.iter().any(|fault| fault.starts_with(wanted)), "{wanted} is not among {faults:#?}");
    }
    browser.open("data:text/html,<!doctype html><html lang=en><title>Good</title><main><h1>One</h1><button>Go</button></main>").await?;
    let faults = [browser.faults().await?, browser.tab_faults().await?].concat();
    ensure!(faults.is_empty(), "nothing is wrong there: {faults:#?}");
    browser.close().await
}

/// Everything that a message can be, in the group "Budget"; carol is at a terminal.
async fn fill(alice: &Browser, carol: &Person, log: LogId, folder: &std::path::Path) -> Result<()> {
    carol
        .say(log, "**Agenda** for [the day](https://a.example/day):\n- one\n- _two_ and `three`\n\n> as agreed, @alice")
        .await?;
    say(alice, "I was wrong here.").await?;
    alice.press_beside("I was wrong here.", "bar-more").await?;
    alice.press("delete").await?;
    alice.press("confirm").await?;
    alice.see("deleted").await?;
    alice.press_beside("Agenda", "bar-react").await?;
    alice.press_named("react", "👍").await?;
    alice.see("reaction").await?;
    alice.press_beside("Agenda", "bar-answer").await?;
    say(alice, "Thank you, that suits me.").await?;
    alice.press("plus").await?;
    alice.press("plus-acknowledgement").await?;
    say(alice, "The building is closed tomorrow.").await?;
    alice.press("plus").await?;
    alice.press("plus-poll").await?;
    alice.write("poll-question", "When do we meet?").await?;
    for (number, answer) in ["Monday", "Tuesday"].iter().enumerate() {
        alice.see_named("poll-answer", &(number + 1).to_string()).await?.send_keys(answer).await?;
    }
    alice.press("poll-send").await?;
    alice.see("poll").await?;
    let file = folder.join("minutes.txt");
    std::fs::write(&file, "What was decided.")?;
    send_file(alice, &file).await?;
    alice.see_named("file", "minutes.txt").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_can_be_used_by_everybody() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let home = folder.path().join("home");
    let carol = Person::join(&home, "carol", &server.invite(false)?, "carol").await?;
    let mut desk = Look::new(driver.browser(DESK, "en").await?, "desk", "en");
    let mut phone = Look::new(driver.browser(PHONE, "fr").await?, "phone", "fr");
    for (look, name) in [(&mut desk, "alice"), (&mut phone, "bob")] {
        look.browser.open(&server.url()).await?;
        look.browser.see("uninvited").await?;
        look.at("uninvited").await?;
        look.browser.open(&server.invite(name == "alice")?.to_string()).await?;
        look.browser.see("join-name").await?;
        look.at("welcome").await?;
        look.by_keyboard("welcome").await?;
        look.browser.write("join-name", name).await?;
        look.browser.press("join").await?;
        look.browser.see("app").await?;
        look.at("list-empty").await?;
        look.browser.press("new-conversation").await?;
        look.browser.see("person-row").await?;
        look.at("new-conversation").await?;
        look.browser.press("back").await?;
    }
    start_group(&desk.browser, "Budget", &["bob", "carol"]).await?;
    let log = carol.conversation("Budget").await?.log;
    fill(&desk.browser, &carol, log, folder.path()).await?;
    let pair = carol.start(New::Pair("bob@localhost".parse()?)).await?;
    carol.say(pair, "Between us.").await?;
    phone.browser.see_named("conversation-row", "carol").await?;
    phone.at("list").await?;
    phone.by_keyboard("list").await?;
    phone.browser.press_named("conversation-row", "Budget").await?;
    phone.browser.see_named("file", "minutes.txt").await?;
    for look in [&mut desk, &mut phone] {
        conversation(look).await?;
        settings(look).await?;
    }
    server.kill()?;
    for look in [&mut desk, &mut phone] {
        look.browser.see("banner").await?;
        look.at("offline").await?;
    }
    let (desk, phone) = (desk.done().await, phone.done().await);
    ensure!(desk.is_ok() && phone.is_ok(), "{:?}\n{:?}", desk.err(), phone.err());
    Ok(())
}

/// The open conversation, and what is opened from it.
async fn conversation(look: &mut Look) -> Result<()> {
    look.at("conversation").await?;
    look.by_keyboard("conversation").await?;
    let open = |test: &str| format!("document.querySelector('[data-test={test}]').click()");
    look.browser.press("plus").await?;
    look.at_dialog("plus", ESCAPE).await?;
    look.browser.press("plus").await?;
    look.browser.press("plus-poll").await?;
    look.browser.see("poll-question").await?;
    look.at_dialog("poll-dialog", ESCAPE).await?;
    for (screen, test) in [("forward-dialog", "forward"), ("details", "details"), ("menu", "")] {
        if look.device == "desk" {
            look.browser.press_beside("Agenda", "bar-more").await?;
        } else {
            look.browser.hold("Agenda").await?;
        }
        look.browser.see("answer").await?;
        if !test.is_empty() {
            look.browser.script(&open(test)).await?;
            look.browser.gone("answer").await?;
        }
        look.at_dialog(screen, ESCAPE).await?;
    }
    look.browser.script("document.querySelector('.pane-conversation [data-test=conversation-menu]').click()").await?;
    look.at_dialog("conversation-menu", ESCAPE).await?;
    look.browser.press("readers-line").await?;
    look.browser.see("reader").await?;
    look.at("readers").await?;
    look.by_keyboard("readers").await?;
    look.browser.script(&open("safety")).await?;
    look.browser.see("safety-number").await?;
    look.at("safety").await?;
    look.browser.script("history.back()").await?;
    look.browser.gone("safety-number").await?;
    look.browser.script("history.back()").await?;
    look.browser.gone("readers").await
}

/// The list, its search, and the settings.
async fn settings(look: &mut Look) -> Result<()> {
    if look.device == "phone" {
        look.browser.script("history.back()").await?;
    } else {
        look.by_keyboard("list").await?;
    }
    look.browser.write("search", "agenda").await?;
    look.browser.see("hit").await?;
    look.at("search").await?;
    look.browser.script("document.querySelector('[data-test=search]').select()").await?;
    look.browser.keys("\u{E017}").await?;
    look.browser.press("settings").await?;
    look.browser.see("theme").await?;
    look.at("settings").await?;
    look.by_keyboard("settings").await?;
    look.browser.press("backup").await?;
    look.browser.see("phrase-word").await?;
    look.at("backup").await
}
