//! What people read. Text of others never reaches the terminal as it came: control characters could rewrite the screen.

mod marks;

use std::io::Write;

use allod_client_core::history::HistoryStep;
use allod_client_core::local::Local;
use allod_client_core::view::{
    ConversationSummary, DeviceView, MessageBody, MessageView, ReaderPerson, Readers, State, Status,
};
use allod_client_core::{AddFailure, InRecord, Role, SystemEvent};
use allod_wire::account::DeviceClass;
use allod_wire::markup;
use allod_wire::{Address, DeviceId, UnixMillis};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Prints a line. When nobody reads any more, the program ends quietly.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Prints a value as one line of JSON.
pub(crate) fn json(value: &impl serde::Serialize) {
    line(&serde_json::to_string(value).expect("views are plain structures with text keys"));
}

/// Says something beside the result.
pub(crate) fn notice(text: &str) {
    eprintln!("{text}");
}

/// `text` without what could act on a terminal or reorder its line.
pub(crate) fn clean(text: &str) -> String {
    let acts = |c: char| {
        (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if acts(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// `text` on one line.
pub(crate) fn clean_line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

/// A moment, in the zone of this machine.
pub(crate) fn time(at: UnixMillis) -> String {
    let moment = i64::try_from(at.0).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    match moment {
        Some(moment) => moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        None => "?".to_owned(),
    }
}

/// The beginning of an id, enough to name it.
pub(crate) fn short_id(id: &str) -> String {
    id.chars().take(8).collect()
}

/// A length in bytes for people.
pub(crate) fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}

/// A line of a conversation.
pub(crate) fn message(message: &MessageView) -> String {
    let place = message.position.map_or_else(|| "…".to_owned(), |position| position.to_string());
    let sender = if message.own { "you".to_owned() } else { message.sender.name.to_string() };
    let mark = match message.status {
        Status::Sent => "",
        Status::Sending => "  (waits for the server)",
        Status::Failed => "  (not sent: refused)",
    };
    let said = match &message.body {
        MessageBody::Text { text, formatted: true } => format!("{sender}: {}", indent(&clean(&markup::plain(text)))),
        MessageBody::Text { text, .. } => format!("{sender}: {}", indent(&clean(text))),
        MessageBody::Poll { poll } => format!("{sender} asks: {}", clean_line(&poll.question)),
        MessageBody::File { file, caption } => {
            let caption = if caption.is_empty() { String::new() } else { format!("  {}", indent(&clean(caption))) };
            format!("{sender}: [file] {} ({}){caption}", clean_line(&file.name), bytes(file.size))
        }
        MessageBody::Reaction { text } => format!("{sender} reacted {}", clean_line(text)),
        MessageBody::Deleted => match &message.marks.deleted_by {
            Some(by) if *by != message.sender => format!("{sender}: [deleted by {}]", by.name),
            _ => format!("{sender}: [deleted]"),
        },
        MessageBody::Unknown { content_type } => {
            format!("{sender}: [a message of a newer kind: {}]", clean_line(content_type))
        }
        MessageBody::System { events } => {
            format!("-- {}", events.iter().map(system_event).collect::<Vec<_>>().join("; "))
        }
    };
    let thread = if message.thread.is_some() { "  (in a thread)" } else { "" };
    let forwarded = if message.forwarded { "  (forwarded)" } else { "" };
    let edited = if message.marks.is_edited() { "  (edited)" } else { "" };
    let below: String = marks::below(message).into_iter().map(|line| format!("\n{:25}{line}", "")).collect();
    format!("{place:>5}  {}  {said}{edited}{forwarded}{thread}{mark}{below}", time(message.time))
}

fn indent(text: &str) -> String {
    text.trim_end().replace('\n', "\n                         ")
}

/// What happened, as a sentence.
pub(crate) fn system_event(event: &SystemEvent) -> String {
    match event {
        SystemEvent::Joined { by } => format!("you are in, by {}", by),
        SystemEvent::Added { person, by } => format!("{by} added {person}"),
        SystemEvent::Removed { person, by } => format!("{by} removed {person}"),
        SystemEvent::Left { person } => format!("{person} left"),
        SystemEvent::DeviceAdded { person, class, by } if person == by => {
            format!("{person} added a device ({})", self::class(*class))
        }
        SystemEvent::DeviceAdded { person, class, by } => {
            format!("{by} added a device of {person} ({})", self::class(*class))
        }
        SystemEvent::DeviceRemoved { person, by } if person == by => format!("{person} removed a device"),
        SystemEvent::DeviceRemoved { person, by } => format!("{by} removed a device of {person}"),
        SystemEvent::DeviceBack { person } => format!("a device of {person} is back after a long absence"),
        SystemEvent::Renamed { title, by } => format!("{by} changed the title to {}", clean_line(title)),
        SystemEvent::RoleChanged { person, role, by } => format!("{by} made {person} {}", self::role(*role)),
        SystemEvent::MembersAdd { allowed: true, by } => format!("{by} lets members add people"),
        SystemEvent::MembersAdd { allowed: false, by } => format!("{by} lets only admins add people"),
        SystemEvent::MessagesMissing => "older messages had left the server before this device read them".to_owned(),
        SystemEvent::IdentityChanged { person, verified: false } => {
            format!("{person} shows another identity than before: check with them (allod verify {})", person.name)
        }
        SystemEvent::IdentityChanged { person, verified: true } => format!(
            "WARNING: {person} shows another identity than the one that you compared: somebody may pose as them. Compare again before you \
             write (allod verify {})",
            person.name
        ),
        SystemEvent::TakenOut => "you were removed".to_owned(),
    }
}

/// A line of the list of conversations.
pub(crate) fn conversation(one: &ConversationSummary) -> String {
    let unread = if one.unread > 0 { format!("  ({} new)", one.unread) } else { String::new() };
    let waiting = if one.waiting > 0 { format!("  ({} waiting)", one.waiting) } else { String::new() };
    let state = match one.state {
        State::Active => "",
        State::Creating => "  [being made]",
        State::Rejoining => "  [waiting to be added again]",
        State::Forked => "  [the server was caught: allod decide]",
        State::Removed => "  [removed]",
        State::Left => "  [left]",
    };
    let readers = if one.unseen_reader_change { "  [readers changed: allod who]" } else { "" };
    let chosen = chosen(&one.local);
    let mentions = if one.mentions > 0 { "  (mentions you)" } else { "" };
    let last = match &one.last {
        Some(last) if last.deleted => format!("\n            {}: [deleted]", last.sender.name),
        Some(last) => format!("\n            {}: {}", last.sender.name, clean_line(&last.text)),
        None => String::new(),
    };
    let id = short_id(&one.log.to_string());
    format!(
        "{id}    {}  {}{unread}{mentions}{waiting}{chosen}{state}{readers}{last}",
        clean_line(&one.title),
        people_count(one)
    )
}

/// What the user chose for a conversation.
fn chosen(local: &Local) -> String {
    let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
    let muted = local.is_muted(UnixMillis(now));
    let words = [(local.pinned, "  [pinned]"), (muted, "  [muted]"), (local.archived, "  [archived]")];
    words.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word).collect()
}

fn people_count(one: &ConversationSummary) -> String {
    format!("{} people, {} devices", one.people_count, one.device_count)
}

/// Who can read a conversation, and what that list cannot know.
pub(crate) fn readers(title: &str, readers: &Readers) -> String {
    let devices: usize = readers.people.iter().map(|person| person.devices.len()).sum();
    let mut lines = vec![
        format!(
            "{}: {} people on {devices} devices can read what is written from now on.",
            clean_line(title),
            readers.people.len()
        ),
        String::new(),
    ];
    lines.extend(readers.people.iter().flat_map(reader));
    if !readers.changes.is_empty() {
        lines.push(String::new());
        lines.push("Lately:".to_owned());
        for change in &readers.changes {
            let what = if change.came { "came in, by" } else { "went, by" };
            let device = short_id(&change.device.to_string());
            lines.push(format!("  {}  a device of {} ({device}) {what} {}", time(change.at), change.person, change.by));
        }
    }
    lines.push(String::new());
    lines.push(
        "This list is the cryptographic group itself: no server and no administrator can add to it unseen.".to_owned(),
    );
    lines.push(
        "It cannot know what somebody does with what they read, or who else holds one of these devices.".to_owned(),
    );
    lines.join("\n")
}

fn reader(person: &ReaderPerson) -> Vec<String> {
    let own = if person.own { "  (you)" } else { "" };
    let warning = if person.identity_changed { "  WARNING: another identity than the one known" } else { "" };
    let verified = match person.verified {
        Some(at) => format!("  (compared {})", time(at)),
        None => String::new(),
    };
    let leaving = if person.leaving { "  (leaving)" } else { "" };
    let mut lines = vec![format!("  {}  {}{own}{verified}{leaving}{warning}", person.address, role(person.role))];
    lines.extend(person.devices.iter().map(|one| format!("      {}", device(one))));
    lines
}

/// A device.
pub(crate) fn device(device: &DeviceView) -> String {
    let since = device.since.map_or_else(String::new, |since| format!(", since {}", time(since)));
    let by = device.added_by.as_ref().map_or_else(String::new, |by| format!(", by {by}"));
    let this = if device.this_device { "  (this one)" } else { "" };
    let record = device.in_record.map_or("", |record| match record {
        InRecord::Named => ", in the public record",
        InRecord::NotNamed => "  WARNING: not in the public record",
        InRecord::NotChecked => ", not checked in the public record yet",
    });
    format!("{}  {}{since}{by}{record}{this}", short_id(&device.device.to_string()), class(device.class))
}

/// How far a history is between this device and another one of the account.
pub(crate) fn history(step: HistoryStep) -> String {
    match step {
        HistoryStep::Sending { percent } => format!("the history is being sent to it: {percent} %"),
        HistoryStep::Sent => "the history was sent to it".to_owned(),
        HistoryStep::Asked => "the history comes once this device or another one of yours is on".to_owned(),
        HistoryStep::Coming { percent } => format!("the history is coming from it: {percent} %"),
        HistoryStep::Here { lines } => format!("the history came from it: {lines} lines"),
        HistoryStep::Failed => "the history did not get through".to_owned(),
        HistoryStep::Refused => "it asked for the history, or sent one, without the right to".to_owned(),
    }
}

/// The same for programs.
pub(crate) fn history_json(device: DeviceId, step: HistoryStep) -> serde_json::Value {
    let mut value = serde_json::to_value(step).expect("a step is a plain structure with text keys");
    value["device"] = serde_json::json!(device.to_string());
    value
}

fn class(class: DeviceClass) -> &'static str {
    match class {
        DeviceClass::Web => "web page",
        DeviceClass::Installed => "installed program",
    }
}

/// A role.
pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}

/// Why somebody could not be added.
pub(crate) fn add_failure(person: &Address, why: &AddFailure) -> String {
    match why {
        AddFailure::Refused(error) => format!("{person} could not be added: {error}"),
        AddFailure::IdentityChanged => {
            format!(
                "{person} presents another identity than the one known: check with them, then allod accept {}",
                person.name
            )
        }
        AddFailure::NoDevice => format!("{person} has no device that could be added yet"),
        AddFailure::NotInRecord => format!(
            "{person} was not added: a device that the server gave for this person is not in the organisation's public record"
        ),
        AddFailure::RecordNotChecked => format!(
            "{person} was not added: the organisation's public record cannot be checked now (allod ledger says why)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_act_on_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\r\u{202e}c\nd\u{9b}1m"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\nd\u{fffd}1m");
        assert_eq!(clean_line("one\ntwo\tthree"), "one two three");
        assert_eq!(clean("grüße 👋🏽"), "grüße 👋🏽");
    }

    #[test]
    fn a_moment_beyond_the_calendar_is_shown_as_unknown() {
        assert_eq!(time(UnixMillis(u64::MAX)), "?");
    }
}
