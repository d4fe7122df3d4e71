//! A compiler for `wasm32-unknown-unknown`.
//!
//! Rustup's own standard library for it is the first choice. Where rustup's server cannot be reached, Debian's
//! `rustc-web` and `rust-web-src` (one version, from the security archive) build it: unpacked below `target/`, never
//! installed, so nothing of the system changes and root is not needed.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::reproducible;
use crate::setup;
use crate::sh::{Sh, cargo, note, sh};
use crate::workspace;

const TARGET: &str = "wasm32-unknown-unknown";
/// Rustup answers at once or not at all.
const RUSTUP_TIME_MAX: Duration = Duration::from_secs(45);
/// Older standard libraries do not build with our cargo.
const DEBIAN_MINOR_MIN: u32 = 95;
/// getrandom asks the browser.
const RANDOMNESS: &str = r#"--cfg=getrandom_backend="wasm_js""#;

/// Where the web app's compiler comes from.
pub(crate) enum Toolchain {
    /// Rustup has the target's standard library.
    Rustup,
    /// Debian's compiler and library sources, unpacked in this folder.
    Debian(PathBuf),
}

impl Toolchain {
    /// Finds one, or makes one. With `debian`, Debian's even where rustup has one.
    pub(crate) fn ensure(debian: bool) -> Result<Self> {
        if !debian && Self::rustup_has_it()? {
            return Ok(Self::Rustup);
        }
        let folder = workspace::target().join("toolchain");
        if folder.join("ready").exists() {
            return Ok(Self::Debian(folder.join("root")));
        }
        if !debian {
            note(format!("asking rustup for {TARGET}"));
            if sh("rustup", ["target", "add", TARGET]).succeeds_within(RUSTUP_TIME_MAX) {
                return Ok(Self::Rustup);
            }
            note("rustup cannot get it; Debian's rustc-web can build it");
        }
        note("about 140 MB from Debian, once");
        fetch_debian(&folder)?;
        Ok(Self::Debian(folder.join("root")))
    }

    /// Whether rustup's standard library for the target is installed.
    pub(crate) fn rustup_has_it() -> Result<bool> {
        Ok(sysroot()?.join("lib/rustlib").join(TARGET).join("lib").is_dir())
    }

    /// What its compiler says of itself.
    pub(crate) fn version(&self) -> Result<String> {
        let version = match self {
            Self::Rustup => sh("rustc", ["--version"]),
            Self::Debian(root) => sh(root.join("usr/bin/rustc"), ["--version"])
                .env("LD_LIBRARY_PATH", root.join("usr/lib").join(format!("{ARCH}-linux-gnu"))),
        };
        Ok(version.read()?.trim().to_owned())
    }

    /// `cargo SUBCOMMAND` for the web target, in a target folder of its own so that native builds are not disturbed.
    pub(crate) fn cargo(&self, subcommand: &str) -> Result<Sh> {
        let mut flags = reproducible::flags(workspace::root(), &workspace::target(), &reproducible::cargo_home()?);
        flags.push(RANDOMNESS.to_owned());
        let base = cargo([subcommand, "--target", TARGET, "--target-dir"]).args([build_folder()]);
        let base = reproducible::with_flags(base, flags);
        let Self::Debian(root) = self else { return Ok(base) };
        let linker = format!("CARGO_TARGET_{}_LINKER", TARGET.to_uppercase().replace('-', "_"));
        Ok(base
            .args(["-Zbuild-std=std,panic_abort"])
            .env("RUSTC", root.join("usr/bin/rustc"))
            .env("RUSTC_BOOTSTRAP", "1")
            .env("LD_LIBRARY_PATH", root.join("usr/lib").join(format!("{ARCH}-linux-gnu")))
            .env(linker, sysroot()?.join(format!("lib/rustlib/{ARCH}-unknown-linux-gnu/bin/rust-lld"))))
    }
}

/// Where cargo puts what it builds for the web, in `profile`.
pub(crate) fn output_folder(profile: &str) -> PathBuf {
    build_folder().join(TARGET).join(if profile == "dev" { "debug" } else { profile })
}

fn build_folder() -> PathBuf {
    workspace::target().join("web")
}

fn sysroot() -> Result<PathBuf> {
    Ok(PathBuf::from(sh("rustc", ["--print", "sysroot"]).read()?.trim()))
}

/// Downloads the packages and unpacks them below `folder`; the file `ready` is written last.
fn fetch_debian(folder: &Path) -> Result<()> {
    let debs = folder.join("debs");
    let root = folder.join("root");
    for stale in [&debs, &root] {
        if stale.exists() {
            fs::remove_dir_all(stale)?;
        }
        fs::create_dir_all(stale)?;
    }
    let version = candidate("rustc-web")?;
    let packages = packages()?;
    note(format!("fetching {} ({version})", packages.join(" ")));
    sh("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User="]).args(&packages).cwd(&debs).read()?;
    for deb in workspace::files(&debs, "deb")? {
        note(format!("unpacking {}", deb.file_name().unwrap_or_default().to_string_lossy()));
        sh("dpkg", ["-x".as_ref(), deb.as_os_str(), root.as_os_str()]).read()?;
    }
    drop_unused(&root)?;
    fs::remove_dir_all(&debs)?;
    fs::write(folder.join("ready"), format!("{version}\n"))?;
    Ok(())
}

/// The version of `package` that apt would fetch, if it is new enough.
fn candidate(package: &str) -> Result<String> {
    let look = || -> Result<Option<String>> {
        let policy = sh("apt-cache", ["policy", package]).read()?;
        let line = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "));
        Ok(line.filter(|version| *version != "(none)").map(str::to_owned))
    };
    let mut found = look()?;
    if !found.as_deref().is_some_and(new_enough) && setup::is_root()? {
        sh("apt-get", ["update", "-qq"]).run()?;
        found = look()?;
    }
    let found = found.with_context(|| {
        format!("apt does not know {package}; run `sudo apt-get update`, or `rustup target add {TARGET}` on a network that reaches it")
    })?;
    ensure!(
        new_enough(&found),
        "{package} {found} is too old: 1.{DEBIAN_MINOR_MIN} or newer is in Debian's security archive"
    );
    Ok(found)
}

fn new_enough(version: &str) -> bool {
    let minor = version.strip_prefix("1.").and_then(|rest| rest.split('.').next()).and_then(|minor| minor.parse().ok());
    minor.is_some_and(|minor: u32| minor >= DEBIAN_MINOR_MIN)
}

/// The compiler, its library sources, and the shared libraries that it needs and this system lacks.
fn packages() -> Result<Vec<String>> {
    let hide =
        ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map(|kind| format!("--no-{kind}"));
    let closure = sh("apt-cache", ["depends", "--recurse"]).args(hide).args(["rustc-web"]).read()?;
    let names = closure.lines().filter(|line| !line.starts_with([' ', '<', '|']));
    let mut wanted = vec!["rustc-web".to_owned(), "rust-web-src".to_owned()];
    for name in names {
        let shared = name.starts_with("lib") && !name.ends_with("-dev") && !setup::installed(name);
        if name.starts_with("libstd-rust-web") || shared {
            wanted.push(name.to_owned());
        }
    }
    wanted.dedup();
    Ok(wanted)
}

/// The source package brings the whole compiler; only the library is built.
fn drop_unused(root: &Path) -> Result<()> {
    let sources = root.join("usr/src");
    for release in fs::read_dir(&sources).with_context(|| format!("no sources in {}", sources.display()))? {
        let release = release?.path();
        for unused in ["src", "compiler"].map(|name| release.join(name)).iter().filter(|path| path.is_dir()) {
            fs::remove_dir_all(unused)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_compiler_as_new_as_ours_will_do() {
        assert!(new_enough("1.96.0+dfsg1-1~deb12u2"));
        assert!(new_enough("1.95.0"));
        assert!(!new_enough("1.85.0+dfsg3-1~deb12u3"));
        assert!(!new_enough("nonsense"));
    }
}
