//! From history to what stands on the screen: days, events, and messages grouped by author. Pure, so that it can be tested.

use allod_client_core::view::{MessageBody, MessageView, Status};
use allod_wire::UnixMillis;
use allod_wire::mimi::MessageId;

/// Messages of one author that follow each other this closely stand together.
const GROUP_MILLIS: u64 = 5 * 60_000;

/// A line on the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// A new day begins.
    Day(UnixMillis),
    /// What follows was not read before.
    Unread,
    /// Something happened to the conversation.
    Event(MessageView),
    /// Somebody said something.
    Message {
        /// What.
        view: MessageView,
        /// It starts a group.
        first: bool,
        /// It ends a group.
        last: bool,
    },
}

impl Line {
    /// The same for the same line, and another one when the line looks different.
    pub fn key(&self) -> String {
        match self {
            Self::Day(time) => format!("day {}", time.0),
            Self::Unread => "unread".to_owned(),
            Self::Event(view) => format!("event {}", view.id),
            Self::Message { view, first, last } => {
                // What is shown of a message changes with what is done to it.
                let marks = (&view.marks, &view.quote);
                format!("{} {:?} {first} {last} {marks:?}", view.id, view.status)
            }
        }
    }
}

/// Lays out the log's lines, a mark before position `unread_from`, and behind them what waits for the server:
/// of what stands in the thread of that message, or in none.
pub fn timeline(
    lines: &[MessageView],
    waiting: &[MessageView],
    unread_from: Option<u64>,
    thread: Option<MessageId>,
    day_of: impl Fn(UnixMillis) -> i64,
) -> Vec<Line> {
    let late = waiting.iter().filter(|view| lines.iter().all(|line| line.id != view.id));
    let shown: Vec<&MessageView> = lines.iter().chain(late).filter(|view| view.thread == thread).collect();
    let mut out: Vec<Line> = Vec::with_capacity(shown.len() + 8);
    for (index, &view) in shown.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| shown[before]);
        let new_day = before.is_none_or(|before| day_of(before.time) != day_of(view.time));
        if new_day {
            out.push(Line::Day(view.time));
        }
        let new = unread_from.is_some() && view.position == unread_from;
        if new {
            out.push(Line::Unread);
        }
        if is_event(view) {
            out.push(Line::Event(view.clone()));
            continue;
        }
        let after = shown.get(index + 1).copied();
        let first = new_day || new || before.is_none_or(|before| !together(before, view));
        let last = after.is_none_or(|after| !together(view, after) || day_of(view.time) != day_of(after.time));
        out.push(Line::Message { view: view.clone(), first, last });
    }
    out
}

fn is_event(view: &MessageView) -> bool {
    matches!(view.body, MessageBody::System { .. })
}

fn together(one: &MessageView, next: &MessageView) -> bool {
    let close = next.time.0.saturating_sub(one.time.0) < GROUP_MILLIS;
    one.sender == next.sender && close && !is_event(one) && !is_event(next) && next.status != Status::Failed
}

/// A line for tests: Alice is the user.
#[cfg(test)]
pub(crate) fn said(id: u8, who: &str, minute: u64, text: &str) -> MessageView {
    use allod_wire::{DeviceId, EntryId, LogId};
    MessageView {
        id: EntryId([id; EntryId::LEN]),
        message_id: Some([id; 32].into()),
        log: LogId([1; 32]),
        position: Some(id.into()),
        sender: format!("{who}@a.example").parse().unwrap(),
        sender_device: DeviceId([id; DeviceId::LEN]),
        own: who == "alice",
        time: UnixMillis(minute * 60_000),
        day: Some(0),
        body: MessageBody::Text { text: text.to_owned(), formatted: false },
        in_reply_to: None,
        thread: None,
        asks_acknowledgement: false,
        forwarded: false,
        mentions_me: false,
        quote: None,
        marks: Default::default(),
        status: Status::Sent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use allod_client_core::SystemEvent;
    use allod_client_core::marks::Marks;

    fn days(time: UnixMillis) -> i64 {
        (time.0 / 86_400_000) as i64
    }

    fn shape(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| match line {
                Line::Day(_) => "day".to_owned(),
                Line::Unread => "unread".to_owned(),
                Line::Event(_) => "event".to_owned(),
                Line::Message { view, first, last } => format!(
                    "{}{}{}",
                    view.sender.name,
                    ["", " first"][usize::from(*first)],
                    ["", " last"][usize::from(*last)]
                ),
            })
            .collect()
    }

    #[test]
    fn messages_of_one_author_stand_together_until_somebody_else_speaks_or_time_passes() {
        let lines =
            [said(1, "alice", 0, "a"), said(2, "alice", 1, "b"), said(3, "bob", 2, "c"), said(4, "bob", 30, "d")];
        let laid_out = timeline(&lines, &[], None, None, days);
        assert_eq!(shape(&laid_out), ["day", "alice first", "alice last", "bob first last", "bob first last"]);
    }

    #[test]
    fn what_was_not_read_stands_behind_a_mark_and_starts_a_group() {
        let lines = [said(1, "alice", 0, "a"), said(2, "alice", 1, "b"), said(3, "alice", 2, "c")];
        let laid_out = timeline(&lines, &[], Some(2), None, days);
        assert_eq!(shape(&laid_out), ["day", "alice first", "unread", "alice first", "alice last"]);
        assert!(
            !shape(&timeline(&lines, &[], Some(9), None, days)).contains(&"unread".to_owned()),
            "not loaded, not shown"
        );
    }

    #[test]
    fn an_event_and_a_new_day_part_what_would_stand_together() {
        let mut event = said(2, "alice", 1, "");
        event.body = MessageBody::System { events: vec![SystemEvent::MessagesMissing] };
        let lines = [said(1, "alice", 0, "a"), event, said(3, "alice", 2, "b"), said(4, "alice", 60 * 24 + 1, "c")];
        let laid_out = timeline(&lines, &[], None, None, days);
        assert_eq!(
            shape(&laid_out),
            ["day", "alice first last", "event", "alice first last", "day", "alice first last"]
        );
    }

    #[test]
    fn an_answer_in_a_thread_is_shown_there_and_not_among_the_others_m_8() {
        let within = |id| MessageView { thread: Some([1; 32].into()), ..said(id, "bob", 1, "b") };
        let (lines, waiting) = ([said(1, "alice", 0, "a"), within(2)], [within(3)]);
        assert_eq!(shape(&timeline(&lines, &waiting, None, None, days)), ["day", "alice first last"]);
        let thread = timeline(&lines, &waiting, None, Some([1; 32].into()), days);
        assert_eq!(shape(&thread), ["day", "bob first", "bob last"]);
    }

    #[test]
    fn what_waits_comes_last_and_not_twice() {
        let waiting = [said(1, "alice", 0, "a"), said(9, "alice", 1, "b")];
        let laid_out = timeline(&[said(1, "alice", 0, "a")], &waiting, None, None, days);
        assert_eq!(shape(&laid_out), ["day", "alice first", "alice last"]);
    }

    #[test]
    fn a_message_to_which_something_was_done_is_drawn_anew() {
        let key = |view: &MessageView| Line::Message { view: view.clone(), first: true, last: true }.key();
        let view = said(1, "alice", 0, "a");
        let deleted = Marks { deleted_by: Some(view.sender.clone()), ..Marks::default() };
        assert_ne!(key(&view), key(&MessageView { marks: deleted, ..view.clone() }));
    }
}
