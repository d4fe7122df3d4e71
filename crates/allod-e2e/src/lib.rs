//! The real programs, started and used as people would: what end-to-end tests, drills and benchmarks stand on.

pub mod person;
pub mod server;

pub use person::Person;
pub use server::Server;
