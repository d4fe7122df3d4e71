//! The web app without its server: it opens, shows what was said, takes what is written, and sends it when the server is back.

use allod_e2e::browser::{DESK, Driver};
use allod_e2e::web::{self, join, say, start_group};
use allod_e2e::{Person, Server};
use anyhow::{Result, ensure};

#[tokio::test(flavor = "multi_thread")]
async fn without_the_server_the_app_opens_reads_and_writes_and_sends_when_the_server_is_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(folder.path(), Some(&web::root()?))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    let bob = Person::join(&folder.path().join("home"), "bob", &server.invite(false)?, "bob").await?;
    start_group(&alice, "", &["bob"]).await?;
    say(&alice, "Said while the server was there.").await?;
    let log = bob.conversation("alice@localhost").await?.log;
    bob.hears(log, "Said while the server was there.").await?;
    let kept = "return (async () => !!navigator.serviceWorker.controller && (await caches.keys()).length === 1)()";
    ensure!(alice.until(kept).await?, "the app's files are kept");

    server.kill()?;
    alice.reload().await?;
    alice.press_named("conversation-row", "bob").await?;
    alice.reads("message-text", "Said while the server was there.").await?;
    alice.reads("banner", "cannot be reached").await?;
    say(&alice, "Written without it.").await?;
    alice.reads("banner", "1 message waits").await?;
    alice.screenshot("offline-desk").await?;

    server.restart()?;
    bob.hears(log, "Written without it.").await?;
    alice.gone("banner").await?;
    let kept = "return (async () => (await (await caches.open((await caches.keys())[0])).keys()).map(one => new URL(one.url).pathname))()";
    let kept = alice.script(kept).await?;
    let kept: Vec<&str> = kept.as_array().into_iter().flatten().filter_map(|path| path.as_str()).collect();
    ensure!(
        kept.contains(&"/") && !kept.iter().any(|path| path.starts_with("/v1")),
        "only the app's own files: {kept:?}"
    );
    alice.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_is_said_to_be_ready_and_taken_into_use_when_the_user_reloads() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dist = folder.path().join("dist");
    copy(&web::root()?, &dist)?;
    let server = Server::start(folder.path(), Some(&dist))?;
    let driver = Driver::start()?;
    let alice = join(&driver, &server, DESK, "en", "alice").await?;
    ensure!(alice.until("return !!navigator.serviceWorker.controller").await?, "the first version is kept");
    let before = alice.script("return (async () => (await caches.keys()).join())()").await?;

    let worker = std::fs::read_to_string(dist.join("worker.js"))?;
    let version = before.as_str().unwrap_or_default().trim_start_matches("allod-").to_owned();
    ensure!(worker.contains(&version), "the cache is named after the version: {before}");
    let _ = std::fs::remove_file(dist.join("worker.js.br"));
    std::fs::write(dist.join("worker.js"), worker.replace(&version, "0123456789abcdef"))?;
    ensure!(std::process::Command::new("kill").args(["-HUP", &server.process_id()?.to_string()]).status()?.success());
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    alice.reload().await?;
    alice.see("update").await?;
    alice.screenshot("update-desk").await?;
    alice.press("update").await?;
    ensure!(alice.until("return (async () => (await caches.keys()).join() === 'allod-0123456789abcdef')()").await?);
    alice.see("app").await?;
    alice.gone("update").await?;

    // A file that is another one than the worker's list says: that version is not taken, and this one goes on.
    std::fs::write(dist.join("worker.js"), worker.replace(&version, "fedcba9876543210"))?;
    std::fs::write(dist.join("icon.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>")?;
    let _ = std::fs::remove_file(dist.join("icon.svg.br"));
    ensure!(std::process::Command::new("kill").args(["-HUP", &server.process_id()?.to_string()]).status()?.success());
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let refused = "return (async () => { const one = await navigator.serviceWorker.getRegistration(); await one.update().catch(() => {}); \
        const worker = one.installing; if (worker) await new Promise(done => worker.onstatechange = done); \
        return one.waiting === null && one.active.state === 'activated' && !document.documentElement.dataset.update; })()";
    ensure!(alice.script(refused).await? == true, "what is not of the version is not taken");
    alice.close().await
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
