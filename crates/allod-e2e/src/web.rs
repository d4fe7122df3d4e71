//! What people do first in the web app, for the tests that begin there.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::browser::{Browser, Driver};
use crate::server::Server;

/// The built web app.
///
/// # Errors
/// If it is not built: says how.
pub fn root() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/web/dist").canonicalize();
    let folder = folder.unwrap_or_default();
    ensure!(folder.join("index.html").is_file(), "the web app is not built: cargo xtask web");
    Ok(folder)
}

/// Opens an invite link (an administrator's for `alice`) in a new browser and joins as `name`.
///
/// # Errors
/// If the app does not get so far.
pub async fn join(driver: &Driver, server: &Server, size: (u32, u32), language: &str, name: &str) -> Result<Browser> {
    let browser = driver.browser(size, language).await?;
    browser.open(&server.invite(name == "alice")?.to_string()).await?;
    browser.write("join-name", name).await?;
    browser.screenshot(&format!("welcome-{name}")).await?;
    browser.press("join").await?;
    browser.see("app").await?;
    Ok(browser)
}

/// Starts a group with these people of `localhost`, and opens it.
///
/// # Errors
/// If the app does not get so far.
pub async fn start_group(browser: &Browser, title: &str, people: &[&str]) -> Result<()> {
    browser.press("new-conversation").await?;
    for person in people {
        browser.press_named("person-row", &format!("{person}@localhost")).await?;
    }
    if people.len() > 1 {
        browser.write("group-title", title).await?;
    }
    browser.press("start").await?;
    browser.see("composer").await?;
    Ok(())
}

/// Writes a message in the open conversation, and sees it there.
///
/// # Errors
/// If the app does not get so far.
pub async fn say(browser: &Browser, text: &str) -> Result<()> {
    browser.write("composer", text).await?;
    browser.press("send").await?;
    browser.reads("message-text", text).await
}

/// Chooses a file for the open conversation, and sends what the sheet shows.
///
/// # Errors
/// If the app does not get so far.
pub async fn send_file(browser: &Browser, path: &Path) -> Result<()> {
    browser.write("file-input", &path.display().to_string()).await?;
    browser.press("send-chosen").await?;
    browser.gone("send-sheet").await
}

/// A JPEG of so many pixels, as the browser makes it: an evening over a town.
///
/// # Errors
/// If it does not.
pub async fn picture(browser: &Browser, width: u32, height: u32) -> Result<Vec<u8>> {
    let draw = format!(
        "return (async () => {{ const canvas = new OffscreenCanvas({width}, {height}); const pen = canvas.getContext('2d');
        const sky = pen.createLinearGradient(0, 0, 0, {height}); sky.addColorStop(0, '#1d4f91'); sky.addColorStop(0.6, '#e9b872');
        sky.addColorStop(1, '#3b2f2f'); pen.fillStyle = sky; pen.fillRect(0, 0, {width}, {height});
        for (let i = 0; i < 60; i++) {{ pen.fillStyle = `hsl(${{i * 37 % 360}} 40% ${{20 + i % 50}}%)`;
            pen.fillRect(i * {width} / 60, {height} * (0.55 + (i * 7 % 20) / 100), {width} / 80, {height}); }}
        const blob = await canvas.convertToBlob({{ type: 'image/jpeg', quality: 0.9 }});
        return Array.from(new Uint8Array(await blob.arrayBuffer())); }})()"
    );
    Ok(serde_json::from_value(browser.script(&draw).await?)?)
}
