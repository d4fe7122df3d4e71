//! `allodd init`

use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use allod_wire::Domain;
use anyhow::Context;
use clap::Args;

use crate::config::{self, Config, keys};
use crate::key_file::Keys;

/// Makes a data folder.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  allodd init --data ./allod-data --domain localhost --web-root target/web/dist")]
pub(super) struct Init {
    /// The folder to make; it may exist, if it is empty.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The organisation's domain: people are called NAME@DOMAIN. For good.
    #[arg(long)]
    domain: Domain,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// The folder of the built web app.
    #[arg(long, value_name = "DIR")]
    web_root: Option<PathBuf>,
    /// Where people find the server.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

impl Init {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let folder = &self.data;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).context("the folder cannot be made")?;
        if std::fs::read_dir(folder)?.next().is_some() {
            anyhow::bail!(
                "{} is not empty: give another folder, or use it as it is with `allodd serve`",
                folder.display()
            );
        }
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let mut values = vec![("domain", quoted(self.domain.as_str())), ("listen", quoted(&self.listen.to_string()))];
        if let Some(url) = &self.public_url {
            values.push(("public_url", quoted(url.trim_end_matches('/'))));
        }
        if let Some(root) = &self.web_root {
            let root = std::path::absolute(root)?;
            values.push(("web_root", quoted(root.to_str().context("the web app's path is not UTF-8")?)));
        }
        let text = keys::document(&values);
        Config::parse(&text)?;
        let hub = Arc::new(Keys::create(folder)?.hub);
        let path = folder.join(config::FILE_NAME);
        std::fs::write(&path, text)?;
        let config = Config::load(&path)?;
        drop(crate::open(&config.data, hub, config.policy())?);
        println!("{} is ready for {}.", folder.display(), config.domain.as_str());
        println!("  allodd invite --data {} --admin      makes the first link", folder.display());
        println!("  allodd serve --config {}", path.display());
        Ok(())
    }
}
