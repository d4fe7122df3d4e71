//! What is logged: counts, codes, durations and fixed texts. The type system keeps everything else out ([`LogSafe`]).
//!
//! All lines come from the functions of this module; a test sees to it that no other file names `tracing`. Messages of
//! libraries are dropped, since they may hold addresses and paths.

use std::fmt::Display;
use std::io::IsTerminal;
use std::time::Duration;

use allod_wire::ErrorCode;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogLevel;

/// What may stand in a log line: nothing that names a person, a device, a log, an address or a secret.
pub(crate) trait LogSafe: sealed::Sealed {
    /// As it stands in the line.
    fn text(&self) -> impl Display;
}

mod sealed {
    /// Keeps [`super::LogSafe`] to the types below.
    pub(crate) trait Sealed {}
}

macro_rules! safe {
    ($($type:ty),*) => {
        $(
            impl sealed::Sealed for $type {}
            impl LogSafe for $type {
                fn text(&self) -> impl Display {
                    self
                }
            }
        )*
    };
}
safe!(u16, u32, u64, usize, bool, &'static str, ErrorCode);

impl sealed::Sealed for Duration {}
impl LogSafe for Duration {
    fn text(&self) -> impl Display {
        format!("{:.1} ms", self.as_secs_f64() * 1e3)
    }
}

impl sealed::Sealed for std::io::ErrorKind {}
impl LogSafe for std::io::ErrorKind {
    fn text(&self) -> impl Display {
        self
    }
}

/// Begins to log to standard error.
pub(crate) fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let ours = tracing_subscriber::filter::filter_fn(|metadata| metadata.target().starts_with("allodd"));
    // No times: who collects the lines adds them if it wants to; here they would be finer than a day (rule L-9).
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .without_time();
    // A second start in the same process (tests) keeps the first one's lines.
    let _ = tracing_subscriber::registry().with(level).with(ours).with(lines).try_init();
}

/// Something that an operator wants to know happened.
pub(crate) fn info(what: &'static str, about: impl LogSafe) {
    tracing::info!("{what}: {}", about.text());
}

/// Something that may become a problem.
pub(crate) fn warn(what: &'static str, about: impl LogSafe) {
    tracing::warn!("{what}: {}", about.text());
}

/// Something that somebody must look at.
pub(crate) fn error(what: &'static str, about: impl LogSafe) {
    tracing::error!("{what}: {}", about.text());
}

/// A request: its route's template, its answer, how long it took.
pub(crate) fn request(route: &'static str, status: u16, took: Duration) {
    tracing::debug!("{route} {status} in {}", took.text());
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }

    #[test]
    fn nothing_is_logged_but_through_the_types_that_are_safe_h_2() {
        let mut found = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let (name, macros) = (concat!("trac", "ing"), [concat!("eprint", "ln!"), concat!("db", "g!(")]);
        for (path, text) in found {
            if path.ends_with("src/log.rs") {
                continue;
            }
            assert!(!text.contains(name), "{path} names {name}");
            let is_console = path.contains("/commands/") || path.ends_with("main.rs");
            assert!(is_console || !macros.iter().any(|word| text.contains(word)), "{path} writes past the log");
        }
    }
}
