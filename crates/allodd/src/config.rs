//! The one configuration file, `allodd.toml`. Each key is documented in [`keys`], from which the generated file is written.
//!
//! A key that does not exist is an error that names its line and the nearest key that does. Secrets are never in this file.

pub mod keys;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use allod_crypto::ledger::NoteKeyKind;
use allod_ledger::key::NoteKey;
use allod_server_core::Policy;
use allod_wire::Domain;
use serde::Deserialize;
use toml::de::{DeTable, DeValue};

/// The name of the file in the data folder.
pub const FILE_NAME: &str = "allodd.toml";

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key that does not exist.
    #[error("line {line}: there is no key `{key}`; did you mean `{nearest}`?")]
    UnknownKey {
        /// Where it stands.
        line: usize,
        /// What was written, with its section.
        key: String,
        /// The key that looks most like it.
        nearest: String,
    },
    /// Not TOML, or a value of the wrong kind.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// A value that makes no sense.
    #[error("`{key}`: {problem}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// Everything that an operator decides.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The organisation's domain.
    #[serde(deserialize_with = "parsed")]
    pub domain: Domain,
    /// Where to listen.
    #[serde(default = "defaults::listen")]
    pub listen: SocketAddr,
    /// Where people find the server, for links.
    #[serde(default)]
    pub public_url: String,
    /// The data folder; after [`Config::load`] absolute or relative to the working folder.
    #[serde(default = "defaults::data")]
    pub data: PathBuf,
    /// The built web app; empty for none.
    #[serde(default)]
    pub web_root: PathBuf,
    /// Entries, blobs, inbox items and idle logs go after this many days.
    #[serde(default = "defaults::retention_days")]
    pub retention_days: u32,
    /// Whether the process may be dumped.
    #[serde(default)]
    pub core_dumps: bool,
    /// How much is logged.
    #[serde(default)]
    pub log_level: LogLevel,
    /// Certificate files.
    #[serde(default)]
    pub tls: Tls,
    /// How much may be kept.
    #[serde(default)]
    pub quotas: Quotas,
    /// How much may be asked.
    #[serde(default)]
    pub limits: Limits,
    /// Counters for Prometheus.
    #[serde(default)]
    pub metrics: Metrics,
    /// Other organisations' ledgers.
    #[serde(default)]
    pub witness: Witness,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What somebody must look at.
    Error,
    /// Also what may become a problem.
    Warn,
    /// Also starts, stops and sweeps.
    #[default]
    Info,
    /// Also each request: its route, answer and duration.
    Debug,
}

/// Certificate files; both or none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// PEM, the server's certificate first.
    pub certificate: PathBuf,
    /// PEM, its private key.
    pub key: PathBuf,
}

/// How much may be kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// Largest blob, in MiB.
    pub blob_mib: u64,
    /// What all blobs of one log may hold together, in MiB.
    pub log_blobs_mib: u64,
}

/// How much may be asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at one time.
    pub connections: usize,
    /// Connections at one time from one address.
    pub connections_per_address: usize,
    /// Requests a minute of one account.
    pub account_per_minute: u32,
    /// Requests a minute without a session or a log's token, from one address.
    pub address_per_minute: u32,
    /// What is appended to one log in a minute, in KiB; each entry counts as one at least.
    pub log_kib_per_minute: u32,
    /// What is uploaded to one log's blobs in a minute, in MiB.
    pub log_blob_mib_per_minute: u32,
    /// Seconds for the head of a request to arrive, and for a TLS handshake.
    pub header_secs: u32,
    /// Seconds after which a peer that takes or gives nothing is dropped.
    pub idle_secs: u32,
}

/// Counters for Prometheus.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Where to serve them: a loopback address, or empty for nowhere.
    #[serde(deserialize_with = "address_or_empty")]
    pub listen: Option<SocketAddr>,
}

/// Other organisations' ledgers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Witness {
    /// The keys of the logs that this server witnesses.
    #[serde(deserialize_with = "all_parsed")]
    pub logs: Vec<NoteKey>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { blob_mib: 2_048, log_blobs_mib: 10_240 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 1_024,
            account_per_minute: 1_200,
            address_per_minute: 1_200,
            log_kib_per_minute: 120_000,
            log_blob_mib_per_minute: 6_000,
            header_secs: 10,
            idle_secs: 60,
        }
    }
}

mod defaults {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::PathBuf;

    pub(super) fn listen() -> SocketAddr {
        (Ipv4Addr::LOCALHOST, 8480).into()
    }

    pub(super) fn data() -> PathBuf {
        PathBuf::from(".")
    }

    pub(super) fn retention_days() -> u32 {
        90
    }
}

fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn all_parsed<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<NoteKey>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

fn address_or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}

impl Config {
    /// All defaults, for a domain and a data folder.
    pub fn new(domain: Domain, data: PathBuf) -> Self {
        let text = format!("domain = \"{}\"", domain.as_str());
        let config = Self::parse(&text).expect("the defaults are valid, as a test shows");
        Self { data, ..config }
    }

    /// Reads the file; paths in it are relative to its folder.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let read_error = |source| ConfigError::Read { path: path.to_owned(), source };
        let mut config = Self::parse(&std::fs::read_to_string(path).map_err(read_error)?)?;
        let base = path.parent().unwrap_or(Path::new("."));
        for relative in [&mut config.data, &mut config.web_root, &mut config.tls.certificate, &mut config.tls.key] {
            if !relative.as_os_str().is_empty() {
                *relative = base.join(&*relative);
            }
        }
        Ok(config)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`ConfigError`], but for [`ConfigError::Read`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        check_keys(text)?;
        let config: Self = toml::from_str(text)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, problem: &str| Err(ConfigError::Value { key, problem: problem.to_owned() });
        if self.tls.certificate.as_os_str().is_empty() != self.tls.key.as_os_str().is_empty() {
            return wrong("tls", "give both `certificate` and `key`, or neither");
        }
        if self.metrics.listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            return wrong("metrics.listen", "must be an address of this machine alone, such as 127.0.0.1:9480");
        }
        if !(1..=36_500).contains(&self.retention_days) {
            return wrong("retention_days", "must be from 1 to 36500");
        }
        if self.quotas.blob_mib == 0 || self.quotas.blob_mib > allod_wire::limits::BLOB_BYTES_MAX >> 20 {
            return wrong("quotas.blob_mib", "must be from 1 to 2048");
        }
        let url = &self.public_url;
        if !(url.is_empty() || url.starts_with("https://") || url.starts_with("http://")) {
            return wrong("public_url", "must begin with https:// (or http:// on this machine)");
        }
        if self.witness.logs.iter().any(|log| log.kind() != NoteKeyKind::Log) {
            return wrong("witness.logs", "a key there is a witness's; take the key of the log");
        }
        let limits = &self.limits;
        if limits.connections == 0 || limits.connections_per_address == 0 {
            return wrong("limits", "at least one connection must be allowed");
        }
        if limits.header_secs == 0 || limits.idle_secs == 0 {
            return wrong("limits", "`header_secs` and `idle_secs` must be at least 1");
        }
        Ok(())
    }

    /// Whether connections are encrypted by this process.
    pub fn has_tls(&self) -> bool {
        !self.tls.certificate.as_os_str().is_empty()
    }

    /// Where people find the server, without a slash at the end.
    pub fn public_url(&self) -> String {
        if !self.public_url.is_empty() {
            return self.public_url.trim_end_matches('/').to_owned();
        }
        let scheme = if self.has_tls() { "https" } else { "http" };
        let is_here = self.listen.ip().is_loopback() || self.listen.ip().is_unspecified();
        match (is_here, self.listen.port()) {
            (_, 443) if self.has_tls() => format!("https://{}", self.domain.as_str()),
            (true, port) if self.domain.as_str() == "localhost" => format!("{scheme}://localhost:{port}"),
            (true, port) => format!("{scheme}://{}:{port}", self.domain.as_str()),
            (false, _) => format!("{scheme}://{}", self.listen),
        }
    }

    /// What decisions depend on.
    pub fn policy(&self) -> Policy {
        Policy {
            retention_days: self.retention_days,
            blob_bytes_max: self.quotas.blob_mib << 20,
            log_blob_bytes_max: self.quotas.log_blobs_mib << 20,
            ..Policy::new(self.domain.clone())
        }
    }
}

/// Finds the first key that does not exist.
fn check_keys(text: &str) -> Result<(), ConfigError> {
    let table = DeTable::parse(text)?;
    for (name, value) in table.get_ref() {
        let (name, at) = (name.get_ref(), name.span().start);
        match value.get_ref() {
            DeValue::Table(section) if keys::is_section(name) => {
                for key in section.keys() {
                    check_key(text, name, key.get_ref(), key.span().start)?;
                }
            }
            _ => check_key(text, "", name, at)?,
        }
    }
    Ok(())
}

fn check_key(text: &str, section: &str, name: &str, at: usize) -> Result<(), ConfigError> {
    if keys::KEYS.iter().any(|key| key.section == section && key.name == name) {
        return Ok(());
    }
    let key = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
    let line = text[..at].matches('\n').count() + 1;
    // The bare name weighs most: a key in the wrong section is the key meant.
    let likeness = |candidate: &keys::Key| {
        let full = strsim::jaro_winkler(&candidate.path(), &key);
        full.max(strsim::jaro_winkler(candidate.name, name))
    };
    let nearest = keys::KEYS.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let nearest = nearest.map(keys::Key::path).unwrap_or_default();
    Err(ConfigError::UnknownKey { line, key, nearest })
}

#[cfg(test)]
mod tests;
