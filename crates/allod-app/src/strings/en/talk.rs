//! Polls, acknowledgements, forwarding and threads, in English.

use crate::strings::Talk;

pub(super) const TALK: Talk = Talk {
    add: "Add to the message",
    poll: "Poll",
    poll_question: "Question",
    poll_option: |number| format!("Answer {number}"),
    poll_several: "Several answers may be chosen",
    poll_send: "Ask",
    poll_choose: "Choose one. Everybody here sees who chose what.",
    poll_choose_several: "Choose one or more. Everybody here sees who chose what.",
    poll_votes: |count| if count == 1 { "1 has voted".into() } else { format!("{count} have voted") },
    poll_end: "End poll",
    poll_ended: "The poll has ended.",
    poll_wrong: "A poll needs a question and at least two different answers. Nothing was sent.",
    reaction_wrong: "A reaction is an emoji or a short word. Nothing was sent.",
    votes: "Votes",
    ask_acknowledgement: "Ask for confirmation of reading",
    asks_acknowledgement: "Everybody is asked to confirm that they have read it",
    do_not_ask: "Do not ask for confirmation",
    acknowledge: "I have read and understood",
    acknowledged: "You have confirmed this.",
    acknowledged_by: |count, all| format!("{count} of {all} have confirmed"),
    acknowledged_who: "Confirmed",
    acknowledged_not: "Not yet confirmed",
    forward: "Forward",
    forward_to: "Forward to",
    forwarded: "Forwarded",
    forwarded_done: |title| format!("Forwarded to {title}."),
    forwarding: |title| format!("The file goes to {title} as a copy."),
    delivered_to: |count, all| {
        if all == 1 { "Delivered".into() } else { format!("Delivered to {count} of {all}") }
    },
    read_by: |count, all| if all == 1 { "Read".into() } else { format!("Read by {count} of {all}") },
    read: "Read",
    delivered: "Delivered, not yet read",
    typing: |names| match names {
        [one] => format!("{one} is typing…"),
        [one, other] => format!("{one} and {other} are typing…"),
        _ => format!("{} people are typing…", names.len()),
    },
    mention: "People to mention",
    answer_in_thread: "Reply in thread",
    thread: "Thread",
    thread_answers: |count, new| {
        let all = if count == 1 { "1 reply".into() } else { format!("{count} replies") };
        if new > 0 { format!("{all}, {new} new") } else { all }
    },
    thread_new: |count| {
        if count == 1 { "1 new reply in a thread".into() } else { format!("{count} new replies in threads") }
    },
    thread_empty: "No reply yet.",
};
