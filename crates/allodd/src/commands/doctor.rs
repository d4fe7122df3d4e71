//! `allodd doctor`: looks at everything that can be wrong, one line each, and says what to do.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use allod_directory_store::DATABASE_FILE;
use allod_store_sqlite::SqliteStore;
use clap::Args;
use serde_json::json;

use super::{load, print_json};
use crate::Clock;
use crate::config::Config;
use crate::key_file::{self, KeyFile};
use crate::tls::Certificates;
use crate::web::Web;

/// Less room than this on the disk is a problem, in MiB.
const ROOM_MIB_MIN: u64 = 1_024;
/// A clock that shows less than this (2026-01-01, in milliseconds) is wrong.
const CLOCK_MIN: u64 = 1_767_225_600_000;

/// Looks for what is wrong, and says what to do.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  allodd doctor --data /var/lib/allod\n\nExit status 1 if anything is wrong.")]
pub(super) struct Doctor {
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// One line of JSON: `checks`, each with `what`, `ok`, `said`.
    #[arg(long)]
    json: bool,
}

/// What a look at one thing says, or what is wrong with it and what to do.
type Finding = Result<String, String>;

impl Doctor {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let config = load(&self.data);
        let mut findings = vec![("configuration", config.as_ref().map(describe).map_err(chain))];
        if let Ok(config) = &config {
            findings.push(("data folder", folder(&config.data)));
            findings.push(("receipt key", key(&config.data)));
            findings.push(("other keys", other_keys(&config.data)));
            findings.push(("store", store(config)));
            findings.push(("public record", pair(config)));
            findings.push(("disk", disk(&config.data)));
            findings.push(("clock", clock()));
            findings.push(("web app", web(&config.web_root)));
            findings.push(("certificate", certificate(config)));
            findings.push(("port", port(config)));
        }
        if self.json {
            let checks = findings.iter().map(|(what, finding)| {
                let (Ok(said) | Err(said)) = finding;
                json!({ "what": what, "ok": finding.is_ok(), "said": said })
            });
            print_json(&json!({ "checks": checks.collect::<Vec<_>>() }));
        } else {
            for (what, finding) in &findings {
                let (mark, said) = match finding {
                    Ok(said) => ("✓", said),
                    Err(said) => ("✗", said),
                };
                println!("{mark} {what:<14} {said}");
            }
        }
        let wrong = findings.iter().filter(|(_, finding)| finding.is_err()).count();
        anyhow::ensure!(wrong == 0, "{wrong} of {} checks found something", findings.len());
        Ok(())
    }
}

fn chain(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

fn describe(config: &Config) -> String {
    format!("{}, {}, kept for {} days", config.domain.as_str(), config.public_url(), config.retention_days)
}

fn folder(data: &Path) -> Finding {
    let mode = std::fs::metadata(data).map_err(|error| format!("{}: {error}", data.display()))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(format!("others can look into it: run `chmod 700 {}`", data.display()));
    }
    Ok("readable by its owner alone".to_owned())
}

fn key(data: &Path) -> Finding {
    let key = key_file::read(data, KeyFile::Hub).map_err(|error| chain(&error.into()))?;
    Ok(format!("public half {}", data_encoding::BASE64URL_NOPAD.encode(&key.public())))
}

/// Those that are there: a folder of a former release gets the others when it is served.
fn other_keys(data: &Path) -> Finding {
    let there = KeyFile::ALL.into_iter().filter(|file| *file != KeyFile::Hub && data.join(file.name()).exists());
    let names = there.map(|file| key_file::read(data, file).map(|_| file.name()));
    let names = names.collect::<Result<Vec<_>, _>>().map_err(|error| chain(&error.into()))?;
    Ok(format!("{} readable by their owner alone", names.len()))
}

fn open_store(config: &Config) -> Result<SqliteStore, String> {
    let hub = key_file::read(&config.data, KeyFile::Hub).map_err(|_| "needs the receipt key".to_owned())?;
    crate::open(&config.data, Arc::new(hub), config.policy()).map_err(|error| chain(&error.into()))
}

/// Whether ledger and directory go together (rule Y-5).
fn pair(config: &Config) -> Finding {
    if !config.data.join(DATABASE_FILE).exists() {
        return Ok("none yet".to_owned());
    }
    let runtime = super::runtime().map_err(|error| chain(&error))?;
    let checked = runtime.block_on(crate::check_pair(config, &config.data, open_store(config)?));
    let epoch = checked.map_err(|error| chain(&error.into()))?;
    Ok(format!("ledger and directory go together, at epoch {epoch}"))
}

fn store(config: &Config) -> Finding {
    let store = open_store(config)?;
    let report = store.check().map_err(|error| chain(&error.into()))?;
    match report.problems.first() {
        None => Ok(format!(
            "whole: {} logs, {} entries (each chain computed again), {} blobs",
            report.logs, report.entries, report.blobs
        )),
        Some(first) => Err(format!("{} problems, the first: {first}. Restore a backup.", report.problems.len())),
    }
}

fn disk(data: &Path) -> Finding {
    let stat = rustix::fs::statvfs(data).map_err(|error| error.to_string())?;
    let mib = stat.f_bavail.saturating_mul(stat.f_frsize) >> 20;
    if mib < ROOM_MIB_MIN {
        return Err(format!("{mib} MiB free: make room, or shorten `retention_days`"));
    }
    Ok(format!("{mib} MiB free"))
}

fn clock() -> Finding {
    let now = Clock::system().now();
    if now.0 < CLOCK_MIN {
        return Err("shows a day before this program was written: set it, for example with `timedatectl set-ntp true`"
            .to_owned());
    }
    Ok(format!("day {} since 1970-01-01", now.day().0))
}

fn web(root: &Path) -> Finding {
    if root.as_os_str().is_empty() {
        return Ok("none: `web_root` is empty".to_owned());
    }
    let web = Web::load(root).map_err(|error| format!("{}: {error}", root.display()))?;
    if !root.join("index.html").is_file() {
        return Err(format!("{} has no index.html: `cargo xtask web` builds it", root.display()));
    }
    Ok(format!("{} files in {}", web.count(), root.display()))
}

fn certificate(config: &Config) -> Finding {
    if !config.has_tls() {
        return match config.listen.ip().is_loopback() {
            true => Ok("none: this server is reached through this machine alone".to_owned()),
            false => Err("none, and `listen` is open to the network: tokens would travel in the clear. \
                          Give `tls.certificate`, or listen on 127.0.0.1 behind something that does TLS."
                .to_owned()),
        };
    }
    Certificates::load(&config.tls).map(|_| "readable, and fits its key".to_owned()).map_err(|error| error.to_string())
}

fn port(config: &Config) -> Finding {
    match TcpListener::bind(config.listen) {
        Ok(_) => Ok(format!("{} is free: no server runs", config.listen)),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let answers = std::net::TcpStream::connect_timeout(&config.listen, Duration::from_secs(2));
            match answers {
                Ok(_) => Ok(format!("{} answers: a server runs", config.listen)),
                Err(_) => {
                    Err(format!("{} is taken, and nothing answers there: `ss -ltnp` says by whom", config.listen))
                }
            }
        }
        Err(error) => Err(format!("{}: {error}. Choose another `listen`.", config.listen)),
    }
}
