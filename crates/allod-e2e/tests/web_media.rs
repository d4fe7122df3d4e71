//! Pictures, voice messages and files in the web app: what is seen before they are sent, what leaves the device, what comes back.

use std::path::Path;
use std::time::Duration;

use allod_client_core::New;
use allod_client_core::glimpse::{Glimpse, PICTURE_BYTES_MAX};
use allod_client_core::view::FileView;
use allod_e2e::browser::{Browser, DESK, Driver, ESCAPE, PHONE};
use allod_e2e::web::{self, join, picture, send_file, start_group};
use allod_e2e::{Person, Server};
use allod_wire::LogId;
use anyhow::{Context, Result, ensure};

/// Says of a picture where it was taken.
const PLACE: &[u8] = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\0\0\0\0\0GPS 48.8566 N 2.3522 E";

/// A photograph of so many pixels, with [`PLACE`] in it.
async fn photograph(browser: &Browser, width: u32, height: u32) -> Result<Vec<u8>> {
    let drawn = picture(browser, width, height).await?;
    let length = u16::try_from(PLACE.len() + 2)?.to_be_bytes();
    let start = drawn.strip_prefix(&[0xff, 0xd8]).context("the browser makes a JPEG")?;
    Ok([&[0xff, 0xd8, 0xff, 0xe1], &length[..], PLACE, start].concat())
}

fn says(file: &[u8], what: &[u8]) -> bool {
    file.windows(what.len()).any(|window| window == what)
}

/// Waits until `person` has so many files, and gives the last one with its content.
async fn fetched(person: &Person, log: LogId, count: usize, folder: &Path) -> Result<(FileView, Vec<u8>)> {
    for _ in 0..600 {
        let mut files = person.files(log).await?;
        if files.len() == count {
            let file = files.pop().context("there is one")?;
            let path = folder.join(format!("got-{count}"));
            person.client.fetch_file(log, &file, &path, &mut |_, _| {}).await?;
            return Ok((file, std::fs::read(path)?));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("{count} files do not come")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_seen_at_once_and_says_nothing_of_where_it_was_taken_unless_its_sender_wants_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let bob = join(&driver, &server, PHONE, "fr", "bob").await?;
    let carol = Person::join(&folder.path().join("home"), "carol", &server.invite(false)?, "carol").await?;
    start_group(&alice, "Site visit", &["bob", "carol"]).await?;
    let log = carol.conversation("Site visit").await?.log;
    let original = photograph(&alice, 3_200, 2_400).await?;
    ensure!(says(&original, b"GPS"));
    let path = folder.path().join("site.jpg");
    std::fs::write(&path, &original)?;

    alice.write("file-input", &path.display().to_string()).await?;
    alice.see_named("chosen", "site.jpg").await?;
    ensure!(
        alice.until("return !!document.querySelector('[data-test=chosen] img')").await?,
        "it is seen before it is sent"
    );
    alice.write("caption", "The site this morning").await?;
    alice.screenshot("send-sheet-desk").await?;
    alice.keys(allod_e2e::browser::ENTER).await?;
    alice.gone("send-sheet").await?;
    alice.see_named("file", "site.jpg").await?;
    let (file, cleaned) = fetched(&carol, log, 1, folder.path()).await?;
    ensure!(cleaned.starts_with(&[0xff, 0xd8]) && !says(&cleaned, b"Exif") && !says(&cleaned, b"GPS"));
    let Some(Glimpse::Picture { width, height, bytes, .. }) = file.glimpse.as_deref() else {
        anyhow::bail!("there is a preview")
    };
    assert_eq!((*width, *height), (2_560, 1_920));
    ensure!(bytes.len() <= PICTURE_BYTES_MAX && !says(bytes, b"Exif"));

    bob.press_named("conversation-row", "Site visit").await?;
    bob.reads("message-text", "The site this morning").await?;
    let whole = "return document.querySelector('[data-test=picture]')?.dataset.whole === 'true'";
    ensure!(bob.until(whole).await?, "the whole picture takes the place of the small one");
    bob.screenshot("picture-phone").await?;
    alice.screenshot("picture-desk").await?;

    send_original(&alice, &path).await?;
    let (_, content) = fetched(&carol, log, 2, folder.path()).await?;
    ensure!(content == original, "the original, as its sender wanted");

    let pair = carol.start(New::Pair("bob@localhost".parse()?)).await?;
    carol.say(pair, "Between us.").await?;
    bob.hold("The site this morning").await?;
    bob.press("forward").await?;
    bob.press_named("forward-to", "carol").await?;
    let (copy, forwarded) = fetched(&carol, pair, 1, folder.path()).await?;
    ensure!(forwarded == cleaned && copy.glimpse == file.glimpse && copy.blob.blob != file.blob.blob, "as it came");
    ensure!(carol.history(pair).await?.iter().any(|line| line.forwarded));

    bob.press("open-picture").await?;
    bob.see("viewer").await?;
    ensure!(bob.until("return document.querySelector('.viewer-picture')?.naturalWidth === 2560").await?);
    bob.screenshot("viewer-phone").await?;
    bob.keys(ESCAPE).await?;
    bob.gone("viewer").await?;
    bob.see("composer").await?;
    alice.press("open-picture").await?;
    alice.see("viewer").await?;
    alice.keys("\u{E014}").await?;
    ensure!(
        alice.until("return document.querySelector('.viewer-picture')?.naturalWidth === 3200").await?,
        "to the next one"
    );
    alice.screenshot("viewer-desk").await?;
    alice.close().await?;
    bob.close().await
}

async fn send_original(browser: &Browser, path: &Path) -> Result<()> {
    browser.write("file-input", &path.display().to_string()).await?;
    browser.press("originals").await?;
    browser.press("send-chosen").await?;
    browser.gone("send-sheet").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_message_is_recorded_sent_and_listened_to() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, PHONE, "en", "alice").await?;
    let bob = join(&driver, &server, DESK, "fr", "bob").await?;
    let carol = Person::join(&folder.path().join("home"), "carol", &server.invite(false)?, "carol").await?;
    start_group(&alice, "Site visit", &["bob", "carol"]).await?;
    let log = carol.conversation("Site visit").await?.log;

    alice.press("record").await?;
    alice.see("recording").await?;
    alice.press("discard-recording").await?;
    alice.gone("recording").await?;
    alice.press("record").await?;
    alice.see("recording").await?;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    alice.screenshot("recording-phone").await?;
    alice.press("send-recording").await?;
    alice.gone("recording").await?;
    alice.see("voice").await?;
    let (file, content) = fetched(&carol, log, 1, folder.path()).await?;
    ensure!(file.media_type.starts_with("audio/") && !content.is_empty(), "{}", file.media_type);
    let Some(Glimpse::Voice { millis, waveform }) = file.glimpse.as_deref() else {
        anyhow::bail!("it is marked as voice")
    };
    ensure!((2_000..30_000).contains(millis) && waveform.iter().any(|level| *level > 0), "{millis} ms {waveform:?}");

    bob.press_named("conversation-row", "Site visit").await?;
    bob.see("voice").await?;
    ensure!(bob.until("return !document.querySelector('[data-test=play]').disabled").await?);
    bob.press("playing-speed").await?;
    bob.press("play").await?;
    let plays = "const voice = document.querySelector('[data-test=voice]'); \
        return voice.dataset.playing === 'true' && voice.querySelector('audio').currentTime > 0.2";
    ensure!(bob.until(plays).await?, "it is heard");
    bob.screenshot("voice-desk").await?;
    ensure!(
        bob.until("return document.querySelector('[data-test=voice]').dataset.playing === 'false'").await?,
        "to its end"
    );
    bob.script(
        "const slider = document.querySelector('[data-test=playing-position]'); slider.value = 1000; \
        slider.dispatchEvent(new Event('input', { bubbles: true }))",
    )
    .await?;
    let moved = "return Math.abs(document.querySelector('[data-test=voice] audio').currentTime - 1) < 0.2";
    ensure!(bob.until(moved).await?, "one listens from where one wants");
    alice.screenshot("voice-phone").await?;

    bob.script("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))")
        .await?;
    bob.press("record").await?;
    bob.reads("banner", "micro").await?;
    alice.close().await?;
    bob.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pasted_is_shown_before_it_is_sent_and_text_stays_text() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    start_group(&alice, "", &["bob"]).await?;
    let log = bob.conversation("alice@localhost").await?.log;
    let paste = |extra: &str| {
        format!(
            "const data = new DataTransfer(); data.items.add(new File(['plain words'], 'notes.txt', {{ type: 'text/plain' }})); {extra} \
            return document.querySelector('[data-test=composer]').dispatchEvent(\
            new ClipboardEvent('paste', {{ clipboardData: data, bubbles: true, cancelable: true }}))"
        )
    };
    ensure!(alice.script(&paste("data.setData('text/plain', 'copied');")).await? == true, "the field takes the text");
    alice.gone("send-sheet").await?;
    alice.script(&paste("")).await?;
    alice.see_named("chosen", "notes.txt").await?;
    alice.press("remove-chosen").await?;
    alice.gone("send-sheet").await?;
    alice.script(&paste("")).await?;
    alice.press("send-chosen").await?;
    alice.see_named("file", "notes.txt").await?;
    let (_, content) = fetched(&bob, log, 1, folder.path()).await?;
    assert_eq!(content, b"plain words");
    alice.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_on_its_way_waits_when_it_is_told_to_and_goes_on_after_the_page_was_loaded_anew() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, PHONE, "en", "alice").await?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    start_group(&alice, "", &["bob"]).await?;
    let log = bob.conversation("alice@localhost").await?.log;
    let kept = "return (async () => !!navigator.serviceWorker.controller && (await caches.keys()).length === 1)()";
    ensure!(alice.until(kept).await?, "the app's files are kept");
    let film: Vec<u8> = (0..5_000_000u32).map(|i| (i / 11) as u8).collect();
    let path = folder.path().join("film.bin");
    std::fs::write(&path, &film)?;

    server.kill()?;
    send_file(&alice, &path).await?;
    alice.see_named("transfer", "film.bin").await?;
    alice.press("pause-transfer").await?;
    alice.reads("transfer", "Paused").await?;
    alice.screenshot("paused-phone").await?;
    let parts = "return new Promise(done => { const opening = indexedDB.open('allod'); opening.onsuccess = () => { \
        const counting = opening.result.transaction('files').objectStore('files').count(); \
        counting.onsuccess = () => { opening.result.close(); done(counting.result); } } })";
    let five = format!("return (async () => (await (async () => {{ {parts} }})()) === 5)()");
    ensure!(alice.until(&five).await?, "all of it is kept, in five parts");
    alice.reload().await?;
    alice.press_named("conversation-row", "bob").await?;
    alice.see_named("transfer", "film.bin").await?;
    server.restart()?;
    let (file, content) = fetched(&bob, log, 1, folder.path()).await?;
    ensure!(file.name == "film.bin" && content == film);
    alice.see_named("file", "film.bin").await?;
    alice.gone("transfer").await?;
    ensure!(alice.script(parts).await? == 0, "what was kept is gone once it is sent");
    alice.close().await
}
