//! Units: numbers that say what they count.

use minicbor::{Decode, Encode};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub $inner);
    };
}

unit!(
    /// An entry's place in its log: the first entry has position 1, and 0 means "before the first".
    Position(u64)
);
unit!(
    /// How many entries of kind `commit` a log holds (rule L-5).
    Commits(u64)
);
unit!(
    /// Days since 1970-01-01 UTC: the finest time that a server keeps (rule L-9).
    Day(u32)
);
unit!(
    /// Milliseconds since 1970-01-01 UTC.
    UnixMillis(u64)
);

/// Milliseconds in a day.
const DAY_MILLIS: u64 = 86_400_000;

impl Position {
    /// The next position.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Commits {
    /// One commit more.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl UnixMillis {
    /// The day that this moment falls on.
    pub fn day(self) -> Day {
        Day(u32::try_from(self.0 / DAY_MILLIS).unwrap_or(u32::MAX))
    }

    /// This moment and `millis` more.
    pub fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

impl Day {
    /// This day and `days` more.
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(days))
    }
}
