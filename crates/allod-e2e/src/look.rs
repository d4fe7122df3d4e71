//! One window through which every screen is looked at: in each theme, mirrored, small, with wide text, and without motion. The
//! pictures are in `target/screens/screen-SCREEN-DEVICE-WAY-LANGUAGE.png`.

use anyhow::{Result, ensure};

use crate::browser::{Browser, DESK, Driver, ENTER, ESCAPE, PHONE};

/// The themes, as the page is told of them: boot.js and the settings set the same attributes.
const THEMES: [(&str, &str, bool); 4] =
    [("light", "light", false), ("dark", "dark", false), ("contrast", "light", true), ("contrast-dark", "dark", true)];

/// A narrow phone; that, or 1280 pixels at 400 %, is how narrow a page may become (WCAG 1.4.10).
const NARROW: (u32, u32) = (320, 640);
/// The desk at 200 %.
const ZOOMED: (u32, u32) = (720, 450);

/// Somebody's window, and what is wrong in it.
pub struct Look {
    /// The window.
    pub browser: Browser,
    /// `desk` or `phone`.
    pub device: &'static str,
    size: (u32, u32),
    small: (u32, u32),
    language: &'static str,
    faults: Vec<String>,
}

impl Look {
    /// A desk, in English.
    ///
    /// # Errors
    /// If no browser starts.
    pub async fn desk(driver: &Driver) -> Result<Self> {
        let browser = driver.browser(DESK, "en").await?;
        Ok(Self { browser, device: "desk", size: DESK, small: ZOOMED, language: "en", faults: Vec::new() })
    }

    /// A phone, in French.
    ///
    /// # Errors
    /// If no browser starts.
    pub async fn phone(driver: &Driver) -> Result<Self> {
        let browser = driver.browser(PHONE, "fr").await?;
        Ok(Self { browser, device: "phone", size: PHONE, small: NARROW, language: "fr", faults: Vec::new() })
    }

    /// Looks at the screen that is shown now, in each way, and keeps a picture of each.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn at(&mut self, screen: &str) -> Result<()> {
        for (theme, scheme, more) in THEMES {
            self.dress(scheme, more).await?;
            let faults = self.browser.faults().await?;
            self.found(screen, theme, faults).await?;
        }
        self.dress("light", false).await?;
        self.browser.script("document.documentElement.dir = 'rtl'").await?;
        let faults = self.browser.reflow_faults(false).await?;
        self.found(screen, "mirrored", faults).await?;
        self.browser.script("document.documentElement.dir = 'ltr'").await?;
        self.browser.resize(self.small).await?;
        let mut faults = self.browser.reflow_faults(false).await?;
        faults.extend(self.browser.reflow_faults(true).await?.into_iter().map(|fault| format!("spaced, {fault}")));
        self.found(screen, "small", faults).await?;
        self.browser.resize(self.size).await?;
        let faults = self.browser.motion_faults().await?;
        self.note(screen, "calm", faults);
        Ok(())
    }

    /// Goes through the screen with the Tab key.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn by_keyboard(&mut self, screen: &str) -> Result<()> {
        let faults = self.browser.tab_faults().await?;
        self.note(screen, "by keyboard", faults);
        Ok(())
    }

    /// Looks at the dialog that is open, and leaves it with Esc.
    ///
    /// # Errors
    /// If none is open, or Esc does not close it.
    pub async fn at_dialog(&mut self, screen: &str) -> Result<()> {
        ensure!(self.browser.until("return document.querySelector('dialog:modal') !== null").await?, "{screen} opens");
        self.at(screen).await?;
        self.by_keyboard(screen).await?;
        self.browser.keys(ESCAPE).await?;
        ensure!(self.browser.until("return document.querySelector('dialog:modal') === null").await?, "{screen} closes");
        Ok(())
    }

    /// Opens a dialog with Enter on what the script gives, goes on in it by pressing `steps`, looks at what is there then, and
    /// leaves it with Esc: the keyboard is back where it was.
    ///
    /// # Errors
    /// If one of them does not show, or the keyboard is lost.
    pub async fn through(&mut self, screen: &str, opener: &str, steps: &[&str]) -> Result<()> {
        let focus = format!(
            "window.opener_ = (() => {{ {opener} }})(); window.opener_?.focus(); return document.activeElement === window.opener_"
        );
        ensure!(self.browser.until(&focus).await?, "{screen}: nothing to press");
        self.browser.keys(ENTER).await?;
        for step in steps {
            self.browser.see(step).await?;
            self.browser.script(&format!("document.querySelector('dialog [data-test={step}]').click()")).await?;
        }
        self.at_dialog(screen).await?;
        // A message may have been drawn anew.
        let back = "const [now, then] = [document.activeElement, window.opener_]; \
            return now === then || (now.id !== '' && now.id === then.id)";
        ensure!(self.browser.until(back).await?, "{screen}: the keyboard is back where it was");
        Ok(())
    }

    /// Closes the window, and says what was found.
    ///
    /// # Errors
    /// If anything is wrong on any screen.
    pub async fn done(self) -> Result<()> {
        let Self { browser, mut faults, .. } = self;
        browser.close().await?;
        faults.sort();
        faults.dedup();
        ensure!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
        Ok(())
    }

    async fn dress(&self, scheme: &str, more: bool) -> Result<()> {
        let contrast = if more { "root.dataset.contrast = 'more'" } else { "delete root.dataset.contrast" };
        let script = format!("const root = document.documentElement; root.dataset.theme = '{scheme}'; {contrast}");
        self.browser.script(&script).await?;
        Ok(())
    }

    async fn found(&mut self, screen: &str, way: &str, faults: Vec<String>) -> Result<()> {
        self.browser.screenshot(&format!("screen-{screen}-{}-{way}-{}", self.device, self.language)).await?;
        self.note(screen, way, faults);
        Ok(())
    }

    fn note(&mut self, screen: &str, way: &str, faults: Vec<String>) {
        let device = self.device;
        self.faults.extend(faults.into_iter().map(|fault| format!("{screen} ({device}, {way}): {fault}")));
    }
}
