//! `allodd`, the Allod server.

use std::alloc::System;
use std::process::ExitCode;

use allodd::commands::Cli;
use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

/// Memory is wiped when it is freed, so that what was once there is not there any more when somebody looks.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("allodd: {error:#}");
            ExitCode::FAILURE
        }
    }
}
