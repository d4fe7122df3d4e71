//! More than text, in the web app: marks and mentions, receipts, who is typing, polls, acknowledgements, forwarding, threads.

use std::path::Path;
use std::time::{Duration, Instant};

use allod_client_core::view::MessageBody;
use allod_client_core::{New, With};
use allod_e2e::browser::{BACKSPACE, Browser, DESK, DOWN, Driver, ENTER, PHONE};
use allod_e2e::web::{self, join, say, start_group};
use allod_e2e::{Person, Server};
use anyhow::{Result, ensure};

/// Alice at a desk, in English, Bob with a phone, in French and dark, and Carol at a terminal, in a group.
async fn three(driver: &Driver, server: &Server, home: &std::path::Path) -> Result<(Browser, Browser, Person)> {
    let alice = join(driver, server, DESK, "en", "alice").await?;
    let bob = join(driver, server, PHONE, "fr", "bob").await?;
    bob.press("settings").await?;
    bob.press_named("theme", "dark").await?;
    bob.press("back").await?;
    let carol = Person::join(home, "carol", &server.invite(false)?, "carol").await?;
    start_group(&alice, "Budget", &["bob", "carol"]).await?;
    say(&alice, "Good morning.").await?;
    bob.press_named("conversation-row", "Budget").await?;
    bob.reads("message-text", "Good morning.").await?;
    Ok((alice, bob, carol))
}

/// Whether Bob sees Alice type, and stop when she takes back what she wrote, before it would end by itself. On a slow machine that
/// takes more than one look.
async fn is_seen_to_stop(alice: &Browser, bob: &Browser) -> Result<bool> {
    for _ in 0..5 {
        let began = Instant::now();
        alice.write("composer", "W").await?;
        bob.reads("typing", "alice écrit…").await?;
        alice.keys(BACKSPACE).await?;
        bob.gone("typing").await?;
        if began.elapsed() < Duration::from_secs(6) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_are_shown_a_mention_is_picked_and_receipts_tell_how_far_a_message_came() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let (alice, bob, carol) = three(&driver, &server, &folder.path().join("home")).await?;
    let log = carol.conversation("Budget").await?.log;
    carol
        .say(log, "**Agenda** for [the day](https://a.example/day):\n- one\n- _two_ and `three`\n\n> as agreed")
        .await?;
    alice.reads("message-text", "Agenda for the day (a.example)").await?;
    let shape = "const text = [...document.querySelectorAll('[data-test=message-text]')].pop(); \
        return [...text.querySelectorAll('strong, a, li, em, code, blockquote')].map(e => e.tagName + ' ' + e.textContent).join('; ')";
    let shown = alice.script(shape).await?;
    ensure!(
        shown == "STRONG Agenda; A the day; LI one; LI two and three; EM two; CODE three; BLOCKQUOTE as agreed",
        "{shown}"
    );

    ensure!(is_seen_to_stop(&alice, &bob).await?, "it goes with the last letter, and not only after a while");
    carol.verb(move |core, now, rng| Ok(core.typing(log, true, now, rng))).await?;
    tokio::try_join!(bob.reads("typing", "carol écrit…"), alice.reads("conversation-row", "carol is typing…"))?;
    tokio::try_join!(bob.screenshot("typing-phone"), alice.screenshot("typing-desk"))?;

    alice.write("composer", "For @").await?;
    alice.see_named("mention-choice", "bob@localhost").await?;
    alice.see_named("mention-choice", "carol@localhost").await?;
    alice.screenshot("mention-desk").await?;
    alice.keys(DOWN).await?;
    alice.keys(ENTER).await?;
    alice.gone("mention-choice").await?;
    alice.keys("and @bo").await?;
    alice.press_named("mention-choice", "bob@localhost").await?;
    alice.keys(": **please read**").await?;
    alice.keys(ENTER).await?;
    bob.reads("message-text", "For @carol and @bob : please read").await?;
    let own = "return [...document.querySelectorAll('.mention.own')].map(one => one.textContent).join()";
    ensure!(bob.script(own).await? == "@bob", "one's own name stands out");
    bob.screenshot("marks-phone").await?;

    alice.see_named("reach", "read").await?;
    alice.press_beside("please read", "bar-more").await?;
    alice.press("details").await?;
    alice.see_named("detail-person", "bob@localhost").await?;
    alice.screenshot("receipts-desk").await?;
    alice.press("close").await?;
    alice.press("settings").await?;
    alice.press("receipts").await?;
    let unticked = "return document.querySelector('[data-test=receipts]').ariaChecked === 'false'";
    ensure!(alice.until(unticked).await?, "receipts are off");
    alice.screenshot("settings-receipts-desk").await?;
    alice.close().await?;
    bob.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_is_made_answered_and_ended_and_all_see_who_chose_what() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let (alice, bob, _carol) = three(&driver, &server, &folder.path().join("home")).await?;
    alice.press("plus").await?;
    alice.screenshot("plus-desk").await?;
    alice.press("plus-poll").await?;
    alice.write("poll-question", "When do we meet?").await?;
    for (number, answer) in ["Monday", "Tuesday", "Friday"].iter().enumerate() {
        alice.see_named("poll-answer", &(number + 1).to_string()).await?.send_keys(answer).await?;
    }
    alice.screenshot("new-poll-desk").await?;
    alice.press("poll-send").await?;
    bob.see("poll").await?;
    bob.press_named("poll-option", "Tuesday").await?;
    alice.press_named("poll-option", "Tuesday").await?;
    alice.press_named("poll-option", "Monday").await?;
    let counts = "const all = [...document.querySelectorAll('[data-test=poll-option]')]; \
        return all.map(one => one.querySelector('.poll-count').textContent + one.ariaChecked).join() ";
    for (browser, wanted) in [(&alice, "1true,1false,0false"), (&bob, "1false,1true,0false")] {
        let met = browser.until(&format!("return (() => {{ {counts} }})() === '{wanted}'")).await?;
        ensure!(met, "{wanted}: {}", browser.script(counts).await?);
    }
    bob.screenshot("poll-phone").await?;
    alice.screenshot("poll-desk").await?;
    alice.press("poll-end").await?;
    bob.reads("poll", "Le sondage est clos.").await?;
    ensure!(bob.until("return document.querySelector('[data-test=poll-option]').disabled").await?, "no vote any more");
    alice.close().await?;
    bob.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_asks_to_be_acknowledged_and_is_forwarded_elsewhere() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let (alice, bob, carol) = three(&driver, &server, &folder.path().join("home")).await?;
    alice.press("plus").await?;
    alice.press("plus-acknowledgement").await?;
    alice.reads("asking", "Everybody is asked to confirm").await?;
    alice.screenshot("asking-desk").await?;
    say(&alice, "The building is closed tomorrow.").await?;
    alice.gone("asking").await?;
    bob.see("acknowledge").await?;
    bob.screenshot("acknowledge-phone").await?;
    bob.press("acknowledge").await?;
    bob.reads("acknowledged", "1 sur 2 a confirmé").await?;
    alice.reads("acknowledged", "1 of 2 have confirmed").await?;
    alice.press("acknowledged").await?;
    alice.see_named("detail-person", "bob@localhost").await?;
    alice.see_named("detail-person", "carol@localhost").await?;
    alice.screenshot("acknowledged-desk").await?;
    alice.press("close").await?;

    let pair = carol.start(New::Pair("bob@localhost".parse()?)).await?;
    carol.say(pair, "Between us.").await?;
    bob.hold("building is closed").await?;
    bob.press("forward").await?;
    bob.see_named("forward-to", "carol").await?;
    bob.screenshot("forward-phone").await?;
    bob.press_named("forward-to", "carol").await?;
    carol.hears(pair, "The building is closed tomorrow.").await?;
    let lines = carol.history(pair).await?;
    let forwarded = lines.iter().find(|line| line.forwarded);
    ensure!(forwarded.is_some_and(|line| matches!(line.body, MessageBody::Text { .. }) && !line.asks_acknowledgement));
    alice.close().await?;
    bob.close().await
}

/// Pastes a file, makes a poll and records a voice message in the thread that is open.
async fn put_into_thread(browser: &Browser, folder: &Path) -> Result<()> {
    let in_thread = |what: &str| format!("return !!document.querySelector('[data-test=thread] [data-test={what}]')");
    browser
        .script(
            "const data = new DataTransfer(); data.items.add(new File(['pasted'], 'pasted.txt', { type: 'text/plain' })); \
            document.querySelector('[data-test=thread-composer]').dispatchEvent(\
            new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))",
        )
        .await?;
    browser.see_named("chosen", "pasted.txt").await?;
    browser.press("remove-chosen").await?;
    browser.gone("send-sheet").await?;
    let path = folder.join("agenda.txt");
    std::fs::write(&path, "one, two")?;
    browser.write("thread-file-input", &path.display().to_string()).await?;
    browser.press("send-chosen").await?;
    ensure!(browser.until(&in_thread("file")).await?, "a file");
    browser.press("thread-plus").await?;
    browser.press("plus-poll").await?;
    browser.write("poll-question", "Agreed?").await?;
    for (number, answer) in ["Yes", "No"].iter().enumerate() {
        browser.see_named("poll-answer", &(number + 1).to_string()).await?.send_keys(answer).await?;
    }
    browser.press("poll-send").await?;
    ensure!(browser.until(&in_thread("poll")).await?, "a poll");
    browser.press("thread-record").await?;
    browser.see("recording").await?;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    browser.press("send-recording").await?;
    ensure!(browser.until(&in_thread("voice")).await?, "a voice message");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_stands_beside_the_conversation_and_its_answers_not_among_the_others() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let (alice, bob, carol) = three(&driver, &server, &folder.path().join("home")).await?;
    let log = carol.conversation("Budget").await?.log;
    alice.press_beside("Good morning.", "bar-more").await?;
    alice.press("answer-in-thread").await?;
    alice.see("thread").await?;
    alice.write("thread-composer", "About the agenda:").await?;
    alice.keys(ENTER).await?;
    alice.reads("message-text", "About the agenda:").await?;

    bob.reads("thread-open", "1 réponse").await?;
    ensure!(!bob.texts("message-text").await?.iter().any(|text| text.contains("agenda")), "not among the others");
    bob.press("thread-open").await?;
    bob.reads("message-text", "About the agenda:").await?;
    bob.write("thread-composer", "Deux points.").await?;
    bob.press("thread-send").await?;
    alice.reads("thread-open", "2 replies").await?;
    alice.reads("message-text", "Deux points.").await?;
    bob.screenshot("thread-phone").await?;
    alice.screenshot("thread-desk").await?;
    carol.hears(log, "Deux points.").await?;
    let lines = carol.history(log).await?;
    let root =
        lines.iter().find(|line| matches!(&line.body, MessageBody::Text { text, .. } if text == "Good morning."));
    let answers: Vec<_> = lines.iter().filter(|line| line.thread.is_some()).map(|line| line.thread).collect();
    ensure!(answers.len() == 2 && answers.iter().all(|to| *to == root.and_then(|root| root.message_id)), "{answers:?}");

    let root = root.and_then(|root| root.message_id);
    put_into_thread(&alice, folder.path()).await?;
    say(&alice, "All of it.").await?;
    carol.hears(log, "All of it.").await?;
    let lines: Vec<_> = carol.history(log).await?.into_iter().filter(|line| line.thread == root).collect();
    let count = |is: fn(&MessageBody) -> bool| lines.iter().filter(|line| is(&line.body)).count();
    let (files, polls) = (
        count(|body| matches!(body, MessageBody::File { .. })),
        count(|body| matches!(body, MessageBody::Poll { .. })),
    );
    ensure!((lines.len(), files, polls) == (5, 2, 1), "{} lines, {files} files, {polls} polls", lines.len());

    alice.write("search", "Deux points").await?;
    alice.press("hit").await?;
    let found = "const line = document.querySelector('[data-test=thread] [data-sought]'); \
        return !!line && line.textContent.includes('Deux points')";
    ensure!(alice.until(found).await?, "search leads into the thread");
    bob.script("history.back()").await?;
    bob.gone("thread").await?;
    say(&bob, "Back among all.").await?;
    alice.reads("message-text", "Back among all.").await?;

    // What is new in a thread is so until it is looked at, also where the conversation was read.
    let within = With { thread: root, ..With::default() };
    carol.act(move |core, now, rng| core.send_text(log, "Un troisième.", within, now, rng)).await?;
    bob.reads("thread-open", "6 réponses, dont 1 nouvelle").await?;
    bob.press("back").await?;
    bob.see("new-answers").await?;
    bob.screenshot("new-answers-phone").await?;
    bob.press_named("conversation-row", "Budget").await?;
    bob.press("thread-open").await?;
    bob.reads("message-text", "Un troisième.").await?;
    // What is begun in a thread is there again after the page was loaded anew.
    bob.write("thread-composer", "Je voulais dire").await?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    bob.reload().await?;
    bob.press_named("conversation-row", "Budget").await?;
    ensure!(!bob.texts("thread-open").await?.join("").contains("nouvelle"), "it was looked at");
    bob.press("thread-open").await?;
    let begun = "return document.querySelector('[data-test=thread-composer]')?.value === 'Je voulais dire'";
    ensure!(bob.until(begun).await?, "the draft is kept");
    ensure!(bob.texts("new-answers").await?.is_empty());
    alice.close().await?;
    bob.close().await
}
