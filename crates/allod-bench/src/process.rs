//! What the operating system accounts to a process.

use std::fs;

use anyhow::{Context, Result};

/// Clock ticks in a second, as Linux reports CPU times in `/proc`.
const TICKS: f64 = 100.0;

/// CPU seconds that a process has used, its own and the system's for it.
pub(crate) fn cpu_secs(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = stat.rsplit_once(')').context("no name")?.1;
    let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

/// Resident memory of a process, in bytes.
pub(crate) fn resident_bytes(process: u32) -> Result<f64> {
    Ok(status_kib(process, "VmRSS:")? * 1024.0)
}

/// Memory that is a process's alone, in bytes.
pub(crate) fn private_bytes(process: u32) -> Result<f64> {
    Ok(status_kib(process, "RssAnon:")? * 1024.0)
}

fn status_kib(process: u32, name: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

/// Bytes that a process has caused to be written to disk.
pub(crate) fn written_bytes(process: u32) -> Result<f64> {
    let io = fs::read_to_string(format!("/proc/{process}/io"))?;
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).context("no such line")?;
    Ok(line.parse()?)
}

/// CPU seconds that this thread has used so far.
pub(crate) fn thread_cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
