//! Drills: what an intruder gets from a running server, measured.

mod attack;
mod canary;
mod loot;
mod report;
mod search;

fn main() {}
