//! `up`: from a fresh clone to a server that runs, with invite links to hand out.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, ensure};

use crate::setup::{self, Need};
use crate::sh::{Steps, cargo, note, sh};
use crate::{web, workspace};

/// Start a server with the web app on this machine, and print two invite links.
///
/// The first start builds everything (minutes) and makes the data folder; the next finds everything as it was.
///
/// Examples:
///   cargo xtask up
///   cargo xtask up --data /srv/allod --domain chat.example.org --listen 0.0.0.0:443
///   cargo xtask up --built    # at once, with the web app and the server that were built last
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Where the server keeps its configuration and its store.
    #[arg(long, value_name = "DIR", default_value = "allod-data")]
    data: PathBuf,
    /// Where it listens [default: as `allodd init`, on loopback]; for a new data folder only, afterwards it is in
    /// allodd.toml.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The organisation's domain; for a new data folder only.
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    domain: String,
    /// Build nothing: start what was built last, optimised or not.
    #[arg(long)]
    built: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let data = absolute(&args.data)?;
    let config = data.join("allodd.toml");
    let mut steps = Steps::new(if args.built { 2 } else { 5 });
    let program = if args.built { built()? } else { build(&mut steps)? };
    steps.step("Data folder", "configuration, keys and store of your organisation", || {
        if config.exists() {
            note(format!("{} is there already and stays as it is", data.display()));
            return Ok(());
        }
        init(&program, &data, &args)
    })?;
    steps.step("Start", "the server runs until you press Ctrl-C", || {
        println!();
        if !invites_were_made(&data) {
            println!("    First invite link, for an administrator:  {}", invite(&program, &data, true)?);
            println!("    Second invite link, for a colleague:      {}", invite(&program, &data, false)?);
            fs::write(invites_marker(&data), "The first two invite links were made; their secrets are not kept.\n")?;
            println!("    Each works once, as soon as the server listens.");
        }
        println!("    More links:  {} invite --data {}\n", program.display(), data.display());
        sh(&program, ["serve".as_ref(), "--config".as_ref(), config.as_os_str()]).exec()
    })
}

/// The server and the web app as they ship.
fn build(steps: &mut Steps) -> Result<PathBuf> {
    steps
        .step("Tools", "a C compiler and its friends, if this machine lacks them", || setup::ensure(&[Need::Build]))?;
    steps.step("Web app", "what people open in their browser (first time: several minutes)", || {
        web::build(web::Quality::Release)
    })?;
    steps.step("Server", "allodd, optimised (first time: several minutes)", || {
        cargo(["build", "--release", "-p", "allodd"]).run()
    })?;
    Ok(workspace::target().join("release/allodd"))
}

/// The server that was built last, if there is a web app for it to hand out.
fn built() -> Result<PathBuf> {
    ensure!(web::dist().is_dir(), "the web app is not built: cargo xtask web");
    let programs = ["release/allodd", "debug/allodd"].map(|name| workspace::target().join(name));
    let age = |program: &PathBuf| fs::metadata(program).and_then(|found| found.modified()).ok();
    let newest = programs.into_iter().filter(|program| program.is_file()).max_by_key(age);
    newest.context("the server is not built: cargo build -p allodd")
}

fn init(program: &Path, data: &Path, args: &Args) -> Result<()> {
    let listen = args.listen.as_ref().map(|address| ["--listen", address]);
    sh(program, ["init", "--domain", &args.domain])
        .args(listen.into_iter().flatten())
        .args(["--data".as_ref(), data.as_os_str(), "--web-root".as_ref(), web::dist().as_os_str()])
        .run()
}

/// A start that was interrupted between `init` and the links makes them the next time.
fn invites_were_made(data: &Path) -> bool {
    invites_marker(data).exists()
}

fn invites_marker(data: &Path) -> PathBuf {
    data.join("first-invites-made")
}

fn invite(program: &Path, data: &Path, admin: bool) -> Result<String> {
    let said = sh(program, ["invite".as_ref(), "--data".as_ref(), data.as_os_str()])
        .args(if admin { &["--admin"][..] } else { &[] })
        .read()?;
    link_in(&said).with_context(|| format!("`allodd invite` printed no link but: {said}"))
}

fn link_in(text: &str) -> Option<String> {
    text.split_whitespace().find(|word| word.starts_with("http") && word.contains("://")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_found_in_whatever_is_said_around_it() {
        let said = "Valid for 7 days, once:\n  http://localhost:8480/#join/abc\n";
        assert_eq!(link_in(said).as_deref(), Some("http://localhost:8480/#join/abc"));
        assert_eq!(link_in("no link"), None);
    }
}
