//! Every screen, at a desk in English and on a phone in French: whether everybody can use it. `look` says in which ways.

use std::path::Path;

use allod_client_core::New;
use allod_e2e::browser::{Browser, DESK, Driver, ENTER};
use allod_e2e::look::Look;
use allod_e2e::web::{self, picture, say, send_file, start_group};
use allod_e2e::{Person, Server};
use allod_wire::LogId;
use anyhow::{Result, ensure};

/// One page with each kind of fault once.
const BAD: &str = "data:text/html,<!doctype html><title>Bad</title><style>.pale::placeholder{color:%23ccc} .slow{transition:color 1s}</style>\
    <body style='background:white;color:black'><h1>One</h1><h3>Three</h3>\
    <p id=same>a</p><p id=same>b</p><main>c</main><main>d</main><img src='data:,'><p style='color:rgb(0 0 0 / 40%25)'>pale</p>\
    <input aria-label=faint class=pale placeholder=faint><input aria-label=edge class=input style='border:1px solid %23eee;background:white'>\
    <button aria-label=icon style='color:%23ddd;background:white'><svg width=20 height=20></svg></button>\
    <p class=slow>slow</p><p style='width:20px;overflow:hidden;white-space:nowrap'>cut off in the middle</p>\
    <button style='width:40px;height:40px'></button><div role=checkbox tabindex=0>no state</div><p role=nonsense>?</p>\
    <div style='width:2000px'>wide</div><div style='height:10px;font-size:8px;display:flex;line-height:8px'>\
    <button style='width:10px;height:8px;padding:0;border:0;background:white'>x</button><button style='width:10px;height:8px;padding:0;border:0;background:white'>y</button></div>\
    <a href='%23z' style='outline:none'>unmarked</a><input aria-label=trap onkeydown='event.preventDefault()'><button tabindex=0>past it</button>";

/// The Tab key goes through it backwards.
const DISORDERED: &str = "data:text/html,<!doctype html><html lang=en><title>Disordered</title><main><h1>One</h1>\
    <button data-test=second tabindex=2>2</button><button data-test=first tabindex=1>1</button><button data-test=third>3</button></main>";

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_fault_is_found_on_a_page_that_has_it() -> Result<()> {
    let driver = Driver::start()?;
    let browser = driver.browser(DESK, "en").await?;
    browser.open(BAD).await?;
    let mut faults = browser.motion_faults().await?;
    faults.extend(browser.reflow_faults(false).await?.into_iter().map(|fault| format!("laid out, {fault}")));
    faults.extend(browser.faults().await?);
    faults.extend(browser.tab_faults().await?);
    for wanted in [
        "motion: p.slow takes 1 s",
        "laid out, reflow: ",
        "laid out, cut: p",
        "name: button",
        "alt: img",
        "role: div",
        "role: p",
        "heading: h3",
        "landmark: ",
        "id: p",
        "language: html",
        "contrast: p",
        "contrast: input.pale, placeholder",
        "contrast: input.input, edge",
        "contrast: button, icon",
        "target: button",
        "reflow: ",
        "focus: nothing shows that the keyboard is on a",
        "tab: ",
    ] {
        ensure!(faults.iter().any(|fault| fault.starts_with(wanted)), "{wanted} is not among {faults:#?}");
    }
    browser.open(DISORDERED).await?;
    let faults = browser.tab_faults().await?;
    ensure!(faults.iter().any(|fault| fault.starts_with("order: ")), "no order among {faults:#?}");
    let good =
        "data:text/html,<!doctype html><html lang=en><title>Good</title><main><h1>One</h1><button>Go</button></main>";
    browser.open(good).await?;
    ensure!(browser.reflow_faults(true).await?.is_empty() && browser.motion_faults().await?.is_empty());
    let faults = [browser.faults().await?, browser.tab_faults().await?].concat();
    ensure!(faults.is_empty(), "nothing is wrong there: {faults:#?}");
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_can_be_used_by_everybody() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let home = folder.path().join("home");
    let carol = Person::join(&home, "carol", &server.invite(false)?, "carol").await?;
    let mut desk = Look::desk(&driver).await?;
    let mut phone = Look::phone(&driver).await?;
    let image = folder.path().join("site.jpg");
    std::fs::write(&image, picture(&desk.browser, 1_200, 900).await?)?;
    for (look, name) in [(&mut desk, "alice"), (&mut phone, "bob")] {
        first(look, &server, name).await?;
    }
    start_group(&desk.browser, "Budget", &["bob", "carol"]).await?;
    let log = carol.conversation("Budget").await?.log;
    fill(&desk.browser, &carol, log, &image).await?;
    let pair = carol.start(New::Pair("bob@localhost".parse()?)).await?;
    carol.say(pair, "Between us.").await?;
    phone.browser.see_named("conversation-row", "carol").await?;
    phone.at("list").await?;
    phone.by_keyboard("list").await?;
    phone.browser.press_named("conversation-row", "Budget").await?;
    phone.browser.see_named("file", "minutes.txt").await?;
    say(&phone.browser, "C’est noté, merci.").await?;
    let (one, other) = tokio::join!(tour(&mut desk, &image, &home), tour(&mut phone, &image, &home));
    one.and(other)?;
    server.kill()?;
    for look in [&mut desk, &mut phone] {
        look.browser.see("banner").await?;
        look.at("offline").await?;
    }
    let (desk, phone) = (desk.done().await, phone.done().await);
    ensure!(desk.is_ok() && phone.is_ok(), "{:?}\n{:?}", desk.err(), phone.err());
    Ok(())
}

/// From the page without an invitation to the empty list.
async fn first(look: &mut Look, server: &Server, name: &str) -> Result<()> {
    look.browser.open(&server.url()).await?;
    look.browser.see("uninvited").await?;
    look.at("uninvited").await?;
    look.browser.press("restore-open").await?;
    look.browser.write("phrase-input", "ahead xyzzy ").await?;
    look.browser.see("phrase-said").await?;
    look.at("restore").await?;
    look.by_keyboard("restore").await?;
    look.browser.open(&server.invite(name == "alice")?.to_string()).await?;
    look.browser.see("join-name").await?;
    look.at("welcome").await?;
    look.by_keyboard("welcome").await?;
    if name == "bob" {
        look.browser.write("join-name", "alice").await?;
        look.browser.press("join").await?;
        look.browser.see("join-problem").await?;
        look.at("name-taken").await?;
        look.browser.script("document.querySelector('[data-test=join-name]').select()").await?;
    }
    look.browser.write("join-name", name).await?;
    look.browser.press("join").await?;
    look.browser.see("app").await?;
    look.at("list-empty").await?;
    look.browser.press("new-conversation").await?;
    look.browser.see("person-row").await?;
    look.at("new-conversation").await?;
    if name == "bob" {
        look.browser.press_named("person-row", "alice@localhost").await?;
        look.browser.press_named("person-row", "carol@localhost").await?;
        look.browser.see("group-title").await?;
        look.at("new-group").await?;
    }
    look.browser.press("back").await
}

/// Everything that a message can be, in the group "Budget"; carol is at a terminal.
async fn fill(alice: &Browser, carol: &Person, log: LogId, image: &Path) -> Result<()> {
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
    send_file(alice, image).await?;
    alice.see("open-picture").await?;
    alice.press("record").await?;
    alice.see("recording").await?;
    ensure!(alice.until("return document.querySelectorAll('.bars.live .bar-of').length > 8").await?, "it is recorded");
    alice.press("send-recording").await?;
    alice.see("voice").await?;
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
    alice.press_named("poll-option", "Monday").await?;
    let file = image.with_file_name("minutes.txt");
    std::fs::write(&file, "What was decided.")?;
    send_file(alice, &file).await?;
    alice.see_named("file", "minutes.txt").await?;
    Ok(())
}

/// All that there is once one has a conversation.
async fn tour(look: &mut Look, image: &Path, home: &Path) -> Result<()> {
    conversation(look).await?;
    writing(look, image).await?;
    beside(look).await?;
    settings(look).await?;
    devices(look, home).await
}

/// Gives the element with this `data-test`.
fn one(test: &str) -> String {
    format!("return document.querySelector('.pane-conversation [data-test={test}]')")
}

/// Gives the message that says this.
fn line(text: &str) -> String {
    format!(
        "return [...document.querySelectorAll('[data-test=message]')].find(one => one.textContent.includes('{text}'))"
    )
}

/// The open conversation, and what is opened from it.
async fn conversation(look: &mut Look) -> Result<()> {
    look.at("conversation").await?;
    look.by_keyboard("conversation").await?;
    look.browser.script("document.querySelector('.pane-conversation .scroll').scrollTop = 0").await?;
    look.at("conversation-start").await?;
    look.through("plus", &one("plus"), &[]).await?;
    look.through("poll-dialog", &one("plus"), &["plus-poll"]).await?;
    look.through("conversation-menu", &one("conversation-menu"), &[]).await?;
    look.through("menu", &line("Agenda"), &[]).await?;
    look.through("forward", &line("Agenda"), &["forward"]).await?;
    look.through("details", &line("Agenda"), &["details"]).await?;
    look.through("reactions", &line("Agenda"), &["more-reactions"]).await?;
    let own = if look.device == "desk" { "that suits me" } else { "noté" };
    look.through("delete", &line(own), &["delete"]).await?;
    look.through("acknowledgements", &one("acknowledged"), &[]).await?;
    look.through("viewer", &one("open-picture"), &[]).await
}

/// What stands in the place of the field, or above it.
async fn writing(look: &mut Look, image: &Path) -> Result<()> {
    look.browser.write("composer", "@").await?;
    look.browser.see("mention-choice").await?;
    look.at("mention").await?;
    look.browser.script("document.querySelector('[data-test=composer]').select()").await?;
    look.browser.keys("\u{E017}").await?;
    look.browser.press("record").await?;
    look.browser.see("recording").await?;
    look.at("recording").await?;
    look.by_keyboard("recording").await?;
    look.browser.press("discard-recording").await?;
    look.browser.gone("recording").await?;
    look.browser.write("file-input", &image.display().to_string()).await?;
    ensure!(look.browser.until("return !!document.querySelector('[data-test=chosen] img')").await?, "it is seen");
    look.at_dialog("send-sheet").await
}

/// What opens beside the conversation: a thread, who reads, the safety number.
async fn beside(look: &mut Look) -> Result<()> {
    let open = |test: &str| format!("document.querySelector('[data-test={test}]').click()");
    look.browser.script(&format!("(() => {{ {} }})().focus()", line("Agenda"))).await?;
    look.browser.keys(ENTER).await?;
    look.browser.see("answer-in-thread").await?;
    look.browser.script(&open("answer-in-thread")).await?;
    look.browser.see("thread").await?;
    look.at("thread-empty").await?;
    look.browser.write("thread-composer", "One more point.").await?;
    look.browser.keys(ENTER).await?;
    look.browser.reads("message-text", "One more point.").await?;
    look.at("thread").await?;
    look.by_keyboard("thread").await?;
    look.browser.script("history.back()").await?;
    look.browser.gone("thread").await?;
    look.browser.script(&open("readers-line")).await?;
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
    look.browser.keys("xyz").await?;
    look.browser.gone("hit").await?;
    look.at("search-nothing").await?;
    look.browser.script("document.querySelector('[data-test=search]').select()").await?;
    look.browser.keys("\u{E017}").await?;
    look.browser.press("settings").await?;
    look.browser.see("theme").await?;
    look.at("settings").await?;
    look.by_keyboard("settings").await?;
    look.browser.press("backup").await?;
    look.browser.see("phrase-word").await?;
    look.at("backup").await?;
    look.browser.press("phrase-written").await?;
    look.browser.see("phrase-typed").await?;
    look.at("backup-typed").await
}

/// A link for one more device, and that it came.
async fn devices(look: &mut Look, home: &Path) -> Result<()> {
    look.browser.press("add-device").await?;
    look.browser.see("code").await?;
    look.browser.script("document.querySelector('[data-test=code]').scrollIntoView()").await?;
    look.at("device-link").await?;
    let link = look.browser.see("link").await?.text().await?.parse()?;
    Person::join_as_device(home, &format!("more-{}", look.device), &link).await?;
    look.browser.see("device-came").await?;
    look.at("device-came").await
}
