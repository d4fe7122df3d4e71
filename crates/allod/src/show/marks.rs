//! What stands below a message: what it answers, and what was done to it.

use allod_client_core::marks::{ReactionView, Voter};
use allod_client_core::view::{MessageBody, MessageView};
use allod_wire::Address;

use super::{clean_line, time};

/// The lines below a message.
pub(super) fn below(message: &MessageView) -> Vec<String> {
    let mut lines: Vec<String> = quote(message).into_iter().collect();
    lines.extend(poll(message));
    lines.extend(acknowledgements(message));
    lines.extend(reactions(message));
    lines.extend(answers(message));
    lines
}

fn quote(message: &MessageView) -> Option<String> {
    let quote = message.quote.as_ref()?;
    let text = quote.text.as_deref().map_or_else(|| "[deleted]".to_owned(), clean_line);
    Some(format!("> {}: {text}", quote.sender.name))
}

/// The answers to choose from, by the numbers that `allod poll vote` takes, with who chose them.
fn poll(message: &MessageView) -> Vec<String> {
    let MessageBody::Poll { poll } = &message.body else { return Vec::new() };
    let voters = |index: usize| message.marks.votes.get(index).map(Vec::as_slice).unwrap_or_default();
    let option = |(index, text): (usize, &String)| {
        let people = voters(index).iter().map(|Voter(person)| person.name.to_string()).collect::<Vec<_>>().join(", ");
        let people = if people.is_empty() { people } else { format!(": {people}") };
        format!("{}  {}  ({}){people}", index + 1, clean_line(text), voters(index).len())
    };
    let mut lines: Vec<String> = poll.options.iter().enumerate().map(option).collect();
    if message.marks.poll_ended {
        lines.push("[this poll has ended]".to_owned());
    } else if poll.several {
        lines.push("[more than one answer may be chosen]".to_owned());
    }
    lines
}

fn acknowledgements(message: &MessageView) -> Option<String> {
    let given = message.marks.acknowledged.iter().map(|one| &one.person);
    let given = names(given);
    match (message.asks_acknowledgement, given.is_empty()) {
        (false, _) => None,
        (true, true) => Some("[asks to be acknowledged]".to_owned()),
        (true, false) => Some(format!("[asks to be acknowledged] {given} did")),
    }
}

fn reactions(message: &MessageView) -> Option<String> {
    let reaction = |one: &ReactionView| format!("{} {}", clean_line(&one.text), names(one.people.iter()));
    let all: Vec<_> = message.marks.reactions.iter().map(reaction).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn answers(message: &MessageView) -> Option<String> {
    let answers = message.marks.answers.as_ref()?;
    let people = names(answers.people.iter());
    Some(format!("[thread: {} by {people}, last {}]", answers.count, time(answers.last)))
}

fn names<'a>(people: impl Iterator<Item = &'a Address>) -> String {
    people.map(|person| person.name.to_string()).collect::<Vec<_>>().join(", ")
}
