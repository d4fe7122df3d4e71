//! `fuzz-smoke`: runs each target of `fuzz/` for a few seconds.
//!
//! The targets are ordinary programs built on libFuzzer. The coverage that guides it is switched on by stable compiler
//! flags, so this needs neither a nightly compiler nor cargo-fuzz (which works on the same folder, and adds sanitizers).

use std::env::consts::ARCH;
use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::setup::{self, Need};
use crate::sh::{cargo, note, sh};
use crate::workspace;

/// What cargo-fuzz passes too, without the sanitizers.
const RUSTFLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";
/// A decoder that wants more for a small input is at fault.
const MEMORY_MB_MAX: u32 = 1024;
const INPUT_BYTES_MAX: u32 = 16_384;

/// Run each fuzz target for a few seconds.
///
/// Examples:
///   cargo xtask fuzz-smoke
///   cargo xtask fuzz-smoke --seconds 600 --only envelope
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// For how long each.
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Only targets whose name has this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

impl Default for Args {
    fn default() -> Self {
        Self { seconds: 5, only: None }
    }
}

/// As much of `cargo metadata` as names the targets.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    setup::ensure(&[Need::Build])?;
    let folder = workspace::root().join("fuzz");
    let manifest = folder.join("Cargo.toml");
    let all = targets(&manifest.to_string_lossy())?;
    let chosen: Vec<&String> =
        all.iter().filter(|name| args.only.as_ref().is_none_or(|text| name.contains(text))).collect();
    if chosen.is_empty() {
        bail!("fuzz/ has no such target; it has: {}", all.join(", "));
    }

    // A target of its own keeps these flags away from build scripts.
    let triple = format!("{ARCH}-unknown-linux-gnu");
    let build_folder = workspace::target().join("fuzz");
    cargo(["build", "--release", "--bins", "--target", &triple, "--manifest-path"])
        .args([manifest.as_os_str(), "--target-dir".as_ref(), build_folder.as_os_str()])
        .env("RUSTFLAGS", RUSTFLAGS)
        .run()?;

    for (at, name) in chosen.iter().enumerate() {
        note(format!("{} of {}: {name}, {} s", at + 1, chosen.len(), args.seconds));
        let corpus = folder.join("corpus").join(name);
        let artifacts = folder.join("artifacts").join(name);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&artifacts)?;
        let said = sh(build_folder.join(&triple).join("release").join(name), [corpus.as_os_str()])
            .args([
                format!("-max_total_time={}", args.seconds),
                format!("-max_len={INPUT_BYTES_MAX}"),
                format!("-rss_limit_mb={MEMORY_MB_MAX}"),
                format!("-artifact_prefix={}/", artifacts.display()),
                "-timeout=5".to_owned(),
                "-print_final_stats=1".to_owned(),
            ])
            .read_errors()
            .with_context(|| format!("{name} found something: the input is in {}", workspace::relative(&artifacts)))?;
        let runs = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        note(format!("    {} inputs", runs.unwrap_or("?").trim()));
    }
    Ok(())
}

fn targets(manifest: &str) -> Result<Vec<String>> {
    let json = cargo(["metadata", "--no-deps", "--format-version", "1", "--manifest-path", manifest]).read()?;
    let metadata: Metadata = serde_json::from_str(&json).context("cargo metadata printed something unexpected")?;
    let programs = metadata.packages.into_iter().flat_map(|package| package.targets);
    Ok(programs.filter(|target| target.kind.iter().any(|kind| kind == "bin")).map(|target| target.name).collect())
}
