//! `release`: builds what is handed out so that anybody who builds the same commit gets the same bytes.
//!
//! Below `target/release-out/VERSION`: the programs, the web app as `web.tar`, `sbom.json` (CycloneDX 1.5), `provenance.json` (SLSA v1 in
//! an in-toto statement), and `SHA256SUMS` over all of them. Nothing in there holds a time or a path of the machine: `--check` builds the
//! same commit in another folder, with another cargo home, and compares.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::reproducible;
use crate::setup::{self, Need};
use crate::sh::{Steps, cargo, human_bytes, note, sh};
use crate::web::{self, Quality};
use crate::workspace::{self, Metadata};

mod provenance;
mod sbom;
mod tar;

/// The programs, by the package that holds them.
const PROGRAMS: &[&str] = &["allod", "allod-audit", "allodd"];
/// The package that the web app is.
const WEB: &str = "allod-app";

/// Build server, command line, auditor and web app so that others can build the same bytes; into target/release-out/VERSION.
///
/// Examples:
///   cargo xtask release                        # all of it, from a commit
///   cargo xtask release --only allod           # one part
///   cargo xtask release --only web --check     # and once more in another folder: are the bytes the same?
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Build only these parts.
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = ["allod", "allod-audit", "allodd", "web"])]
    only: Vec<String>,
    /// Build a second time, in another folder, and compare.
    #[arg(long)]
    check: bool,
}

/// What is released, by name.
type Artifacts = BTreeMap<String, Vec<u8>>;

/// From what it is made.
struct Source {
    /// The commit.
    commit: String,
    /// When it was made, in POSIX seconds: the only time that a build sees.
    seconds: u64,
    /// The version of the workspace.
    version: String,
}

pub(crate) fn run(args: Args) -> Result<()> {
    setup::ensure(&[Need::Build])?;
    let source = Source::read()?;
    let wants = |part: &str| args.only.is_empty() || args.only.iter().any(|only| only == part);
    let programs: Vec<&str> = PROGRAMS.iter().copied().filter(|program| wants(program)).collect();
    let mut steps = Steps::new(programs.len() + usize::from(wants("web")) + 1 + usize::from(args.check));
    let mut artifacts = Artifacts::new();
    for program in &programs {
        let bytes = steps.step(program, "as it is handed out", || build_program(program, &source))?;
        artifacts.insert((*program).to_owned(), bytes);
    }
    if wants("web") {
        let bytes = steps.step("web", "the app for browsers, as it is handed out", || build_web(&source))?;
        artifacts.insert("web.tar".to_owned(), bytes);
    }
    let packages = programs.iter().copied().chain(wants("web").then_some(WEB)).collect();
    let out = out(workspace::root(), &source);
    steps.step("papers", "what is in it, and where it comes from", || {
        add_papers(&mut artifacts, packages, &source)?;
        write(&out, &artifacts)
    })?;
    if args.check {
        steps.step("check", "the same commit in another folder gives the same bytes", || {
            compare(&artifacts, &built_elsewhere(&args.only, &source)?)
        })?;
    }
    for (name, bytes) in &artifacts {
        note(format!("{name:<16} {:>9}  {}", human_bytes(bytes.len() as u64), reproducible::sha256(bytes)));
    }
    note(format!("in {}", workspace::relative(&out)));
    Ok(())
}

impl Source {
    /// The commit that is checked out. What is not committed could not be built by others.
    fn read() -> Result<Self> {
        let changed = sh("git", ["status", "--porcelain"]).read()?;
        ensure!(changed.is_empty(), "a release is built from a commit; not committed:\n{changed}");
        let version = Metadata::load()?.members().first().context("the workspace has a crate")?.version.clone();
        let seconds = sh("git", ["show", "--no-patch", "--format=%ct", "HEAD"]).read()?.trim().parse()?;
        Ok(Self { commit: sh("git", ["rev-parse", "HEAD"]).read()?.trim().to_owned(), seconds, version })
    }
}

/// Where the result lies below a root.
fn out(root: &Path, source: &Source) -> PathBuf {
    let target = if root == workspace::root() { workspace::target() } else { root.join("target") };
    target.join("release-out").join(&source.version)
}

fn build_program(program: &str, source: &Source) -> Result<Vec<u8>> {
    let host = reproducible::host()?;
    let folder = workspace::target().join("release");
    // With `--target` even for this machine, so that the flags reach the program and not what runs while it is built.
    let build = cargo(["build", "--release", "--locked", "--package", program, "--bin", program, "--target", &host]);
    reproducible::env(build, workspace::root(), &workspace::target(), source.seconds)?
        .args(["--target-dir".as_ref(), folder.as_os_str()])
        .run()?;
    let path = folder.join(&host).join("release").join(program);
    fs::read(&path).with_context(|| format!("cargo left no {}", path.display()))
}

fn build_web(source: &Source) -> Result<Vec<u8>> {
    web::build(Quality::Release)?;
    let mut files = Artifacts::new();
    for path in workspace::files(&web::dist(), "")? {
        let name = path.strip_prefix(web::dist()).context("a file of the folder is below it")?;
        files.insert(format!("web/{}", name.to_string_lossy()), fs::read(&path)?);
    }
    tar::encode(&files, source.seconds)
}

/// Adds what says what the artifacts are made of, and the sums over all.
fn add_papers(artifacts: &mut Artifacts, packages: Vec<&str>, source: &Source) -> Result<()> {
    let lock = fs::read_to_string(workspace::root().join("Cargo.lock"))?;
    let sbom = sbom::document(&Metadata::load()?, &lock, &packages, source);
    artifacts.insert("sbom.json".to_owned(), pretty(&sbom)?);
    let provenance = provenance::statement(artifacts, &packages, source)?;
    artifacts.insert("provenance.json".to_owned(), pretty(&provenance)?);
    let line = |(name, bytes): (&String, &Vec<u8>)| format!("{}  {name}\n", reproducible::sha256(bytes));
    let sums: String = artifacts.iter().map(line).collect();
    artifacts.insert("SHA256SUMS".to_owned(), sums.into_bytes());
    Ok(())
}

fn pretty(value: &serde_json::Value) -> Result<Vec<u8>> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?).into_bytes())
}

fn write(folder: &Path, artifacts: &Artifacts) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for (name, bytes) in artifacts {
        let path = folder.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        #[cfg(unix)]
        if PROGRAMS.contains(&name.as_str()) {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}

/// What `cargo xtask release` makes of the same commit in another folder, with a cargo home at another path.
fn built_elsewhere(only: &[String], source: &Source) -> Result<Artifacts> {
    let elsewhere = std::env::temp_dir().join(format!("allod-release-{}", std::process::id()));
    let (tree, home) = (elsewhere.join("another/folder"), elsewhere.join("cargo"));
    reproducible::mirror_cargo_home(&home)?;
    sh("git", ["worktree", "add", "--detach"]).args([&tree]).args([&source.commit]).run()?;
    let built = (|| {
        let only = (!only.is_empty()).then(|| format!("--only={}", only.join(",")));
        let build = cargo(["xtask", "release"]).args(only).cwd(&tree).env("CARGO_HOME", &home);
        build.env("CARGO_TARGET_DIR", tree.join("target")).run()?;
        read(&out(&tree, source))
    })();
    sh("git", ["worktree", "remove", "--force"]).args([&tree]).run()?;
    fs::remove_dir_all(&elsewhere)?;
    built
}

fn read(folder: &Path) -> Result<Artifacts> {
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    workspace::files(folder, "")?.iter().map(|path| Ok((name(path), fs::read(path)?))).collect()
}

/// Fails with what differs, and where.
fn compare(ours: &Artifacts, theirs: &Artifacts) -> Result<()> {
    let mut faults = Vec::new();
    for name in ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name))) {
        match (ours.get(name), theirs.get(name)) {
            (Some(one), Some(other)) if one == other => note(format!("{name}: the same")),
            (Some(one), Some(other)) => {
                let at = one.iter().zip(other).take_while(|(a, b)| a == b).count();
                faults.push(format!("{name}: {} and {} bytes, differ from byte {at} on", one.len(), other.len()));
            }
            _ => faults.push(format!("{name}: is there once")),
        }
    }
    if faults.is_empty() { Ok(()) } else { bail!("two builds differ:\n{}", faults.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_two_builds_is_named_with_its_place() {
        let build = |allod: &[u8]| Artifacts::from([("allod".to_owned(), allod.to_vec())]);
        assert!(compare(&build(b"same"), &build(b"same")).is_ok());
        let said = |theirs: &Artifacts| compare(&build(b"same"), theirs).unwrap_err().to_string();
        assert!(said(&build(b"some")).contains("allod: 4 and 4 bytes, differ from byte 1 on"));
        assert!(said(&build(b"same and more")).contains("4 and 13 bytes, differ from byte 4 on"));
        assert!(said(&Artifacts::new()).contains("allod: is there once"));
    }
}
