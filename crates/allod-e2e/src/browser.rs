//! Headless Chromium, driven over WebDriver, with the verbs that a person has: open, see, type, press, look.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use fantoccini::elements::Element;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

/// How long anything may take to show: a slow machine under load.
const PATIENCE: Duration = Duration::from_secs(60);

/// Steps with the Tab key at most, over the whole window.
const TABS_MAX: usize = 60;
/// Keys, as WebDriver writes them.
pub const BACKSPACE: &str = "\u{E003}";
/// The key.
pub const TAB: &str = "\u{E004}";
/// Sends, presses, chooses.
pub const ENTER: &str = "\u{E007}";
/// Goes back.
pub const ESCAPE: &str = "\u{E00C}";
/// Arrow up.
pub const UP: &str = "\u{E013}";
/// Arrow right.
pub const RIGHT: &str = "\u{E014}";
/// Arrow down.
pub const DOWN: &str = "\u{E015}";

/// The sizes of screen at which the interface is looked at.
pub const PHONE: (u32, u32) = (390, 844);
/// A desk.
pub const DESK: (u32, u32) = (1440, 900);

/// A ChromeDriver that runs, until it is dropped.
pub struct Driver {
    port: u16,
    process: Child,
}

impl Driver {
    /// Starts Debian's ChromeDriver.
    ///
    /// # Errors
    /// If it is not installed (`cargo xtask setup` installs it).
    pub fn start() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().context("chromedriver is not installed: cargo xtask setup")?;
        Ok(Self { port, process })
    }

    /// Opens a browser of its own, with a profile of its own.
    ///
    /// # Errors
    /// If Chromium does not start.
    pub async fn browser(&self, (width, height): (u32, u32), language: &str) -> Result<Browser> {
        let profile = tempfile::tempdir()?;
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            // A microphone that beeps, and a user who lets it be used.
            "--use-fake-device-for-media-stream".to_owned(),
            "--use-fake-ui-for-media-stream".to_owned(),
            format!("--lang={language}"),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        // A phone has fingers, a desk a mouse.
        let touch = (width, height) == PHONE;
        let metrics = json!({ "width": width, "height": height, "pixelRatio": 1.0, "mobile": false, "touch": touch });
        let options = json!({
            "args": arguments,
            "prefs": {
                "intl.accept_languages": language,
                "download.default_directory": profile.path().join("downloads"),
                "download.prompt_for_download": false,
            },
            "mobileEmulation": { "deviceMetrics": metrics },
        });
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let url = format!("http://127.0.0.1:{}", self.port);
        let mut last = None;
        for _ in 0..50 {
            match ClientBuilder::new(HttpConnector::new()).capabilities(capabilities.clone()).connect(&url).await {
                Ok(client) => return Ok(Browser { client, profile }),
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(last.context("chromedriver gave no answer")?.into())
    }
}

impl Driver {
    /// The process that all browsers come from.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Nothing can be done about a process that does not end; the test is over anyway.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Somebody's browser.
pub struct Browser {
    pub(crate) client: Client,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Goes to a page.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn open(&self, url: &str) -> Result<()> {
        Ok(self.client.goto(url).await?)
    }

    /// Waits for the element with this `data-test`.
    ///
    /// # Errors
    /// If it does not show in a minute.
    pub async fn see(&self, test: &str) -> Result<Element> {
        self.find(&format!("[data-test={test}]")).await
    }

    /// Waits for the element with this `data-test` and this `data-name`.
    ///
    /// # Errors
    /// If it does not show in a minute.
    pub async fn see_named(&self, test: &str, name: &str) -> Result<Element> {
        self.find(&format!("[data-test={test}][data-name=\"{name}\"]")).await
    }

    async fn find(&self, css: &str) -> Result<Element> {
        self.find_by(Locator::Css(css)).await
    }

    pub(crate) async fn find_by(&self, wanted: Locator<'_>) -> Result<Element> {
        let wait = self.client.wait().at_most(PATIENCE).for_element(wanted);
        let found = wait.await;
        match found {
            Ok(element) => Ok(element),
            Err(error) => {
                let _ = self.screenshot("missing").await;
                let text = self.client.find(Locator::Css("body")).await?.text().await?;
                Err(error).with_context(|| format!("{wanted:?} does not show; the page says: {text}"))
            }
        }
    }

    /// Presses the element with this `data-test`.
    ///
    /// # Errors
    /// If it does not show.
    pub async fn press(&self, test: &str) -> Result<()> {
        self.click(&format!("[data-test={test}]")).await
    }

    /// Presses the named element.
    ///
    /// # Errors
    /// If it does not show.
    pub async fn press_named(&self, test: &str, name: &str) -> Result<()> {
        self.click(&format!("[data-test={test}][data-name=\"{name}\"]")).await
    }

    async fn click(&self, css: &str) -> Result<()> {
        loop {
            match self.find(css).await?.click().await {
                // Drawn anew while we reached for it: it is there again, or `find` says that it is not.
                Err(error) if error.is_stale_element_reference() => {}
                done => return Ok(done?),
            }
        }
    }

    /// Types into the element with this `data-test`.
    ///
    /// # Errors
    /// If it does not show.
    pub async fn write(&self, test: &str, text: &str) -> Result<()> {
        let field = self.see(test).await?;
        field.send_keys(text).await.with_context(|| format!("{test} cannot be written into"))
    }

    /// Waits until an element with this `data-test` says `text`.
    ///
    /// # Errors
    /// If none does in a minute.
    pub async fn reads(&self, test: &str, text: &str) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if self.texts(test).await?.iter().any(|said| said.contains(text)) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let _ = self.screenshot("missing").await;
        anyhow::bail!("no {test} says {text:?}, but {:?}", self.texts(test).await?)
    }

    /// What the elements with this `data-test` say.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn texts(&self, test: &str) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for element in self.client.find_all(Locator::Css(&format!("[data-test={test}]"))).await? {
            // An element that is redrawn while we look counts as not there yet.
            texts.extend(element.text().await);
        }
        Ok(texts)
    }

    /// Presses keys where the keyboard is.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn keys(&self, keys: &str) -> Result<()> {
        let focused = self.client.active_element().await?;
        if let Err(error) = focused.send_keys(keys).await {
            let what = focused.html(false).await.unwrap_or_default();
            return Err(error).with_context(|| format!("the keyboard is on {what}"));
        }
        Ok(())
    }

    /// Goes on with the Tab key until the keyboard is on the element with this `data-test`, and this `data-name` if one is given.
    ///
    /// # Errors
    /// If it is not reached after [`TABS_MAX`] steps: it cannot be reached, or the keyboard is trapped.
    pub async fn tab_to(&self, test: &str, name: Option<&str>) -> Result<()> {
        for _ in 0..TABS_MAX {
            self.keys(TAB).await?;
            let focused = self.client.active_element().await?;
            let named = name.is_none() || focused.attr("data-name").await?.as_deref() == name;
            if named && focused.attr("data-test").await?.as_deref() == Some(test) {
                return Ok(());
            }
        }
        anyhow::bail!("the Tab key does not lead to {test}")
    }

    /// Waits until no element with this `data-test` is left.
    ///
    /// # Errors
    /// If one is still there after a minute.
    pub async fn gone(&self, test: &str) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if self.client.find_all(Locator::Css(&format!("[data-test={test}]"))).await?.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let _ = self.screenshot("still-there").await;
        anyhow::bail!("{test} does not go away")
    }

    /// Waits for a download to be complete, and gives its path.
    ///
    /// # Errors
    /// If it does not come in a minute.
    pub async fn downloaded(&self, name: &str) -> Result<PathBuf> {
        let path = self.profile.path().join("downloads").join(name);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if path.is_file() {
                return Ok(path);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("{name} was not downloaded")
    }

    /// Loads the page anew.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.client.refresh().await?)
    }

    /// Runs a script, for what a person does with the system's own dialogs.
    ///
    /// # Errors
    /// If the script fails.
    pub async fn script(&self, script: &str) -> Result<serde_json::Value> {
        Ok(self.client.execute(script, Vec::new()).await?)
    }

    /// Asks the page until it says yes; `false` if it does not in a minute.
    ///
    /// # Errors
    /// If the script fails.
    pub async fn until(&self, script: &str) -> Result<bool> {
        self.until_within(PATIENCE, script).await
    }

    /// Asks the page until it says yes; `false` if it does not within that time.
    ///
    /// # Errors
    /// If the script fails.
    pub async fn until_within(&self, patience: Duration, script: &str) -> Result<bool> {
        let deadline = tokio::time::Instant::now() + patience;
        while tokio::time::Instant::now() < deadline {
            if self.script(script).await? == true {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(false)
    }

    /// Keeps a picture of the page in `target/screens/NAME.png`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/screens");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, self.client.screenshot().await?)?;
        Ok(path)
    }

    /// Closes it.
    ///
    /// # Errors
    /// If it is gone already.
    pub async fn close(self) -> Result<()> {
        Ok(self.client.close().await?)
    }
}
