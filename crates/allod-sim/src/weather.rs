//! How rough a world is, and what happened in it, in numbers.

use std::fmt;

/// What happened, in numbers: a run in which nothing happens proves nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Messages said.
    pub said: u64,
    /// Lines on all devices.
    pub lines: u64,
    /// Crashes.
    pub crashes: u64,
    /// Requests, answers and connections lost.
    pub losses: u64,
    /// Pages that the server changed, or lies that it signed.
    pub lies: u64,
    /// Times that a user was told of a lie.
    pub caught: u64,
    /// Commits in all logs.
    pub commits: u64,
    /// Times that a device asked to be added again, and was.
    pub rejoins: u64,
    /// Histories that reached a device.
    pub histories: u64,
    /// Steps of the world.
    pub steps: u64,
}

impl Tally {
    /// Adds another world's numbers.
    pub fn add(&mut self, other: &Self) {
        self.said += other.said;
        self.lines += other.lines;
        self.crashes += other.crashes;
        self.losses += other.losses;
        self.lies += other.lies;
        self.caught += other.caught;
        self.commits += other.commits;
        self.rejoins += other.rejoins;
        self.histories += other.histories;
        self.steps += other.steps;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { said, lines, crashes, losses, lies, caught, commits, rejoins, histories, steps } = self;
        write!(f, "{said} messages said, {lines} lines read, {commits} commits, {rejoins} rejoins, ")?;
        write!(f, "{histories} histories, ")?;
        write!(f, "{crashes} crashes, {losses} losses, ")?;
        write!(f, "{lies} lies, {caught} times noticed, {steps} steps")
    }
}

/// How rough the world is; 0 is never, `n` is one time in `n`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// Requests or answers lost.
    pub loss: u64,
    /// Requests doubled.
    pub double: u64,
    /// Connections that break, for each frame.
    pub drop: u64,
    /// Pages that the server changes on their way.
    pub mangle: u64,
    /// The longest usual delay in milliseconds.
    pub delay: u64,
}

/// The weather in which everything gets through.
pub const CALM: Weather = Weather { loss: 0, double: 0, drop: 0, mangle: 0, delay: 40 };
