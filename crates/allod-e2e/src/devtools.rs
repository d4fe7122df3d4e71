//! What the browser knows of itself: its DevTools protocol, through ChromeDriver.

use anyhow::{Context, Result, ensure};
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::browser::Browser;

/// A command of the protocol, and its parameters.
#[derive(Debug)]
struct Execute(Value);

impl WebDriverCompatibleCommand for Execute {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/goog/cdp/execute", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.to_string()))
    }
}

impl Browser {
    /// A command of the DevTools protocol.
    ///
    /// # Errors
    /// If the browser does not know it, or is gone.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        let execute = Execute(json!({ "cmd": command, "params": parameters }));
        self.client.issue_cmd(execute).await.with_context(|| command.to_owned())
    }

    /// What the page has used so far, by a name of `Performance.getMetrics`: seconds or bytes.
    ///
    /// # Errors
    /// If there is no such name.
    pub async fn metric(&self, name: &str) -> Result<f64> {
        self.devtools("Performance.enable", json!({})).await?;
        let metrics = self.devtools("Performance.getMetrics", json!({})).await?;
        let all = metrics["metrics"].as_array().context("no metrics")?;
        let one = all.iter().find(|metric| metric["name"] == name).and_then(|metric| metric["value"].as_f64());
        one.with_context(|| format!("no metric {name}"))
    }

    /// Gives the window another size.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn resize(&self, (width, height): (u32, u32)) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        ensure!(self.until(&format!("return innerWidth === {width}")).await?, "the window keeps its size");
        Ok(())
    }

    /// Has the system ask for less motion, or no longer.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn calm(&self, calm: bool) -> Result<()> {
        let value = if calm { "reduce" } else { "no-preference" };
        let media = json!({ "features": [{ "name": "prefers-reduced-motion", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", media).await?;
        Ok(())
    }
}
