//! The part of a conversation's history that is held: so many lines at most, however long the conversation is.
//!
//! Invariants:
//! - what is held is one piece of the history, oldest first;
//! - what comes in at one end lets go what is too much at the other.

use allod_client_core::view::MessageView;

/// Lines that are held at most.
pub const LINES_MAX: usize = 240;
/// Lines that stay when there are more: the next ones that come in let go nothing.
const LINES_KEPT: usize = 180;

/// Puts earlier lines before what is held; says whether later ones were let go.
pub fn put_before(lines: &mut Vec<MessageView>, mut earlier: Vec<MessageView>) -> bool {
    earlier.append(lines);
    *lines = earlier;
    let is_full = lines.len() > LINES_MAX;
    if is_full {
        lines.truncate(LINES_KEPT);
    }
    is_full
}

/// Puts later lines behind what is held; says whether earlier ones were let go.
pub fn put_behind(lines: &mut Vec<MessageView>, later: Vec<MessageView>) -> bool {
    lines.extend(later);
    let is_full = lines.len() > LINES_MAX;
    if is_full {
        lines.drain(..lines.len() - LINES_KEPT);
    }
    is_full
}

/// Takes in a line that has just come, in its place; `later`: the end of the history is not held. Says whether the line stands behind
/// what is held, and has to be loaded to be seen.
pub fn take_in(lines: &mut Vec<MessageView>, line: MessageView, later: bool) -> bool {
    let at = lines.partition_point(|other| other.position < line.position);
    if let Some(known) = lines.get_mut(at).filter(|other| other.position == line.position) {
        *known = line;
    } else if lines.len() >= LINES_MAX || (later && at == lines.len()) {
        return at == lines.len();
    } else {
        lines.insert(at, line);
    }
    false
}

/// Whether the line at `position` is among those held, or would be.
pub fn holds(lines: &[MessageView], position: u64) -> bool {
    let first = lines.first().and_then(|line| line.position);
    let last = lines.last().and_then(|line| line.position);
    first.is_some_and(|first| first <= position) && last.is_some_and(|last| position <= last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::said;

    fn lines(positions: std::ops::Range<u64>) -> Vec<MessageView> {
        positions.map(|position| MessageView { position: Some(position), ..said(1, "bob", 0, "a") }).collect()
    }

    fn ends(lines: &[MessageView]) -> (usize, Option<u64>, Option<u64>) {
        (lines.len(), lines.first().and_then(|line| line.position), lines.last().and_then(|line| line.position))
    }

    #[test]
    fn what_comes_in_at_one_end_lets_go_at_the_other() {
        let mut held = lines(1_000..1_240);
        assert!(put_before(&mut held, lines(940..1_000)));
        assert_eq!(ends(&held), (180, Some(940), Some(1_119)));
        assert!(!put_before(&mut held, lines(880..940)), "there is room for one more page");
        assert_eq!(ends(&held), (240, Some(880), Some(1_119)));
        assert!(put_behind(&mut held, lines(1_120..1_180)));
        assert_eq!(ends(&held), (180, Some(1_000), Some(1_179)));
        assert!(!put_behind(&mut held, lines(1_180..1_240)));
        assert_eq!(ends(&held), (240, Some(1_000), Some(1_239)));
    }

    #[test]
    fn a_new_line_is_taken_in_only_where_what_is_held_reaches_it_and_has_room() {
        let mut held = lines(10..20);
        assert!(!take_in(&mut held, lines(20..21).remove(0), false));
        assert_eq!(ends(&held), (11, Some(10), Some(20)));
        assert!(take_in(&mut held, lines(30..31).remove(0), true), "what lies between is not held");
        assert!(!take_in(&mut held, lines(15..16).remove(0), true), "known");
        assert_eq!(ends(&held), (11, Some(10), Some(20)));
        let mut full = lines(0..240);
        assert!(take_in(&mut full, lines(240..241).remove(0), false));
        assert_eq!(ends(&full), (240, Some(0), Some(239)));
    }

    #[test]
    fn a_line_between_the_ends_is_held_and_another_is_not() {
        assert!(holds(&lines(10..20), 10) && holds(&lines(10..20), 19));
        assert!(!holds(&lines(10..20), 9) && !holds(&lines(10..20), 20) && !holds(&[], 1));
    }
}
