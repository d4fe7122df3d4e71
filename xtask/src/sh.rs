//! Runs programs, and says what runs, why, and how long it took.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Work in a known number of steps, each announced before it starts and timed when it ends.
pub(crate) struct Steps {
    total: usize,
    at: usize,
    started: Instant,
}

impl Steps {
    /// Announces nothing yet; `total` is the *m* of "step n of m".
    pub(crate) fn new(total: usize) -> Self {
        Self { total, at: 0, started: Instant::now() }
    }

    /// Runs `work` as the next step. `why` is for somebody who sees this for the first time.
    pub(crate) fn step<T>(&mut self, what: &str, why: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.at += 1;
        heading(&format!("[{} of {}] {what}", self.at, self.total), why);
        let started = Instant::now();
        let done = work().with_context(|| format!("step {} of {} ({what}) failed", self.at, self.total))?;
        note(format!("done in {}", human(started.elapsed())));
        Ok(done)
    }

    /// How long all steps have taken so far.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Prints what starts now, and why.
fn heading(what: &str, why: &str) {
    let (bold, plain) = if std::io::stdout().is_terminal() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    println!("\n{bold}{what}{plain}: {why}");
    // Cargo writes to stderr: keep the two in order where both go to one file.
    let _ = std::io::stdout().flush();
}

/// Prints one line of detail under the current step.
pub(crate) fn note(text: impl Display) {
    println!("    {text}");
    let _ = std::io::stdout().flush();
}

/// A duration as people say it.
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=9 => format!("{:.1} s", duration.as_secs_f64()),
        10..=119 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// A size in the unit that fits.
pub(crate) fn human_bytes(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} B"),
        10_000..=999_999 => format!("{} kB", bytes / 1_000),
        _ => format!("{:.2} MB", bytes as f64 / 1e6),
    }
}

/// A program with its arguments, run in the workspace root.
pub(crate) struct Sh(Command);

/// `program` with `args`.
pub(crate) fn sh<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, args: impl IntoIterator<Item = S>) -> Sh {
    let mut command = Command::new(program);
    command.args(args).current_dir(workspace::root());
    Sh(command)
}

/// Cargo, of the toolchain that runs this.
///
/// Without the variables that the outer `cargo run` set for us: build scripts that look at them would run again.
pub(crate) fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Sh {
    let mut sh = sh(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            sh.0.env_remove(&name);
        }
    }
    sh
}

impl Sh {
    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.0.args(args);
        self
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs in `folder` instead of the workspace root.
    pub(crate) fn cwd(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Shows the command, runs it with our input and output, and fails unless it succeeds.
    pub(crate) fn run(mut self) -> Result<()> {
        note(format!("$ {}", self.line()));
        let status = self.0.status().with_context(|| self.cannot_start())?;
        self.check(status)
    }

    /// Runs silently and returns what it printed; its own words are the error when it fails.
    pub(crate) fn read(mut self) -> Result<String> {
        let Output { status, stdout, stderr } = self.0.output().with_context(|| self.cannot_start())?;
        self.check(status).with_context(|| String::from_utf8_lossy(&stderr).trim().to_owned())?;
        String::from_utf8(stdout).with_context(|| format!("`{}` printed something that is not text", self.line()))
    }

    /// Like [`Self::read`], for programs that report on their error output.
    pub(crate) fn read_errors(mut self) -> Result<String> {
        let Output { status, stderr, .. } = self.0.output().with_context(|| self.cannot_start())?;
        let said = String::from_utf8_lossy(&stderr).into_owned();
        self.check(status).with_context(|| said.trim().to_owned())?;
        Ok(said)
    }

    /// Runs silently for at most `limit`; true if it succeeded within it.
    pub(crate) fn succeeds_within(mut self, limit: Duration) -> bool {
        let Ok(mut child) = self.0.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            return false;
        };
        let started = Instant::now();
        while started.elapsed() < limit {
            match child.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) => thread::sleep(Duration::from_millis(50)),
                Err(_) => break,
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        false
    }

    /// Becomes the program: signals and the exit status are its own. Returns only if it cannot start.
    #[cfg(unix)]
    pub(crate) fn exec(mut self) -> Result<()> {
        use std::os::unix::process::CommandExt;
        note(format!("$ {}", self.line()));
        let error = self.0.exec();
        Err(error).with_context(|| self.cannot_start())
    }

    fn check(&self, status: ExitStatus) -> Result<()> {
        if !status.success() {
            bail!("`{}` failed ({status})", self.line());
        }
        Ok(())
    }

    fn cannot_start(&self) -> String {
        format!("cannot start `{}`; is it installed?", self.0.get_program().to_string_lossy())
    }

    /// The command as one would type it.
    fn line(&self) -> String {
        let program = Path::new(self.0.get_program()).file_name().unwrap_or(self.0.get_program());
        let words: Vec<OsString> = std::iter::once(program).chain(self.0.get_args()).map(OsStr::to_os_string).collect();
        words.join(OsStr::new(" ")).to_string_lossy().into_owned()
    }
}

/// Whether `program` is on the PATH.
pub(crate) fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_readable() {
        assert_eq!(human(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(human(Duration::from_secs(75)), "75 s");
        assert_eq!(human(Duration::from_secs(125)), "2 min 05 s");
        assert_eq!(human_bytes(812), "812 B");
        assert_eq!(human_bytes(53_108), "53 kB");
        assert_eq!(human_bytes(1_401_919), "1.40 MB");
    }

    #[test]
    fn a_program_that_fails_is_named_with_what_it_said() {
        let error = sh("sh", ["-c", "echo no such luck >&2; exit 3"]).read().unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("no such luck") && text.contains("exit status: 3"), "{text}");
    }

    #[test]
    fn a_program_that_hangs_is_stopped_at_the_limit() {
        let started = Instant::now();
        assert!(!sh("sleep", ["20"]).succeeds_within(Duration::from_millis(200)));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
