//! What the process asks of the operating system for itself: no core dumps, and room for its connections.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

use crate::log;

/// Forbids core dumps, and with them reading of this process's memory by others than root.
pub(crate) fn forbid_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let done = setrlimit(Resource::Core, none).and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable));
    if let Err(error) = done {
        log::warn("core dumps could not be forbidden", std::io::Error::from(error).kind());
    }
}

/// Whatever this process makes is readable by its own user alone.
pub(crate) fn keep_files_private() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Raises the limit of open files as far as it goes; says how many there may be.
pub(crate) fn raise_open_files() -> u64 {
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: now.maximum, maximum: now.maximum };
    let limit = if setrlimit(Resource::Nofile, raised).is_ok() { now.maximum } else { now.current };
    limit.unwrap_or(u64::MAX)
}
