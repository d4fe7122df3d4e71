//! The promises of the crate, in both suites.

pub(crate) mod world;

mod talk;
