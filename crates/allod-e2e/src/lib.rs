//! The real programs, started and used as people would: what end-to-end tests, drills and benchmarks stand on.

mod accessibility;
pub mod browser;
mod devtools;
mod hand;
pub mod look;
pub mod person;
pub mod report;
pub mod server;
pub mod terminal;
pub mod web;

pub use browser::{Browser, Driver};
pub use person::Person;
pub use server::Server;
pub use terminal::Terminal;
