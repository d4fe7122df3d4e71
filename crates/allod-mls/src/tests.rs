//! The promises of the crate, in both suites.

pub(crate) mod world;

mod commits;
mod hostile;
mod joining;
mod large;
mod restart;
mod talk;
