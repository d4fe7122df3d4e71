//! What goes, and when. Spec: `spec/log.md`, rules L-4, L-10, L-12; `spec/blob.md`, rule B-5; `spec/inbox.md`, rule I-4.

use allod_wire::{Day, Position};

use crate::log_state::LogState;
use crate::policy::{Policy, REMEMBERED_ENTRIES};

/// What a sweep took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Logs that had lain idle.
    pub logs: u64,
    /// Entries whose content went.
    pub entries: u64,
    /// Blobs and incomplete uploads.
    pub blobs: u64,
    /// Inbox items.
    pub inbox_items: u64,
    /// Tickets, invitations and inbox tickets past their last day.
    pub rights: u64,
}

/// What to do with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Stays,
    /// L-12: the log goes, with its tokens and blobs.
    Goes,
    /// L-10: the content of entries before `first` goes. What their receipts say goes up to `forgotten` (rule L-4).
    Trimmed {
        /// The first entry that is still kept whole.
        first: Position,
        /// The last entry of which nothing is remembered.
        forgotten: Position,
    },
}

/// The day that a sweep goes by: today, but at most one day after the one that the last sweep went by. So a clock that jumps
/// ahead takes at most a day's worth with each sweep, and an operator has days to notice; one that jumps back is followed.
pub fn sweep_day(last: Option<Day>, today: Day) -> Day {
    last.map_or(today, |last| today.min(last.plus(1)))
}

/// Decides on a log. `expired` is the last position whose entry is older than the retention limit (0 if none is).
pub fn fate(log: &LogState, expired: Position, policy: &Policy, today: Day) -> Fate {
    if log.day < policy.kept_since(today) {
        return Fate::Goes;
    }
    // A log whose members have all left has nobody who needs anything.
    let passed = log.members.values().map(|member| member.cursor).min().unwrap_or(log.last);
    let first = passed.max(expired).next();
    if first <= log.first {
        return Fate::Stays;
    }
    Fate::Trimmed { first, forgotten: forgotten(first, log.last) }
}

/// The last position that is forgotten altogether: trimmed, and not among the last [`REMEMBERED_ENTRIES`].
pub fn forgotten(first: Position, last: Position) -> Position {
    Position(last.0.saturating_sub(REMEMBERED_ENTRIES).min(first.0.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use allod_wire::LogId;
    use allod_wire::log::TokenRole;
    use allod_wire::secrets::TokenKey;

    use super::*;
    use crate::log_state::Member;

    fn log(last: u64, cursors: &[u64]) -> LogState {
        let mut log = LogState::created(LogId([1; 32]), TokenKey([0; 32]), Day(1_000));
        log.last = Position(last);
        let member = |cursor: &u64| Member { role: TokenRole::Member, cursor: Position(*cursor) };
        log.members = (1..).map(|n| TokenKey([n; 32])).zip(cursors.iter().map(member)).collect();
        log
    }

    fn policy() -> Policy {
        Policy::new("a.example".parse().expect("a domain"))
    }

    #[test]
    fn the_slowest_member_decides_what_goes_l_10() {
        let fate = |cursors: &[u64]| fate(&log(10, cursors), Position(0), &policy(), Day(1_000));
        assert_eq!(fate(&[0, 10]), Fate::Stays);
        assert_eq!(fate(&[4, 10]), Fate::Trimmed { first: Position(5), forgotten: Position(0) });
    }

    #[test]
    fn a_log_that_everybody_has_left_keeps_nothing_l_10() {
        let fate = fate(&log(10, &[]), Position(0), &policy(), Day(1_000));
        assert_eq!(fate, Fate::Trimmed { first: Position(11), forgotten: Position(0) });
    }

    #[test]
    fn what_is_forgotten_is_trimmed_and_not_among_the_last_l_4() {
        assert_eq!(forgotten(Position(2_001), Position(2_000)), Position(976));
        assert_eq!(forgotten(Position(500), Position(2_000)), Position(499), "what is kept is not forgotten");
        assert_eq!(forgotten(Position(1), Position(0)), Position(0));
    }

    #[test]
    fn an_idle_log_goes_the_day_after_its_limit_l_12() {
        let fate = |today| fate(&log(1, &[0]), Position(0), &policy(), Day(today));
        assert_eq!(fate(1_090), Fate::Stays);
        assert_eq!(fate(1_091), Fate::Goes);
    }

    #[test]
    fn a_clock_that_jumps_ahead_takes_at_most_a_days_worth_with_each_sweep_l_10() {
        assert_eq!(sweep_day(None, Day(1_000)), Day(1_000));
        assert_eq!(sweep_day(Some(Day(1_000)), Day(1_000)), Day(1_000));
        assert_eq!(sweep_day(Some(Day(1_000)), Day(9_000)), Day(1_001));
        assert_eq!(sweep_day(Some(Day(1_001)), Day(1_000)), Day(1_000), "and when it is right again, all is as before");
    }

    #[test]
    fn a_clock_that_goes_backwards_takes_nothing_away_l_9() {
        assert_eq!(fate(&log(1, &[0]), Position(0), &policy(), Day(0)), Fate::Stays);
    }
}
