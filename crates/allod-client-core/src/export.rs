//! A user's own export: what this device has, readable without Allod. For each conversation JSON lines and one page that stands alone.
//!
//! Everything here makes text; the shell brings rows, places and files. Invariants:
//! - nothing that others wrote becomes markup: all of it is escaped, and a page runs no script and fetches nothing (its own policy says so);
//! - no key of the account or of a conversation is in an export.

use std::fmt::Write as _;

use allod_wire::{Address, UnixMillis, markup};
use serde::Serialize;

use crate::contacts::Pin;
use crate::core::ClientCore;
use crate::message::SystemEvent;
use crate::view::{ConversationSummary, MessageBody, MessageView, as_text, millis, millis_option};

/// How the pages speak: the shell's language and calendar.
pub trait Voice {
    /// The fixed words.
    fn words(&self) -> &ExportWords;
    /// What happened, as a sentence.
    fn event(&self, event: &SystemEvent) -> String;
    /// A moment, with its day.
    fn moment(&self, at: UnixMillis) -> String;
}

/// The fixed words of the pages.
#[derive(Debug, Clone, Copy)]
pub struct ExportWords {
    /// The language's tag, such as `fr`.
    pub language: &'static str,
    /// Title of the list of conversations.
    pub conversations: &'static str,
    /// Whose export it is, and when it was made.
    pub made: fn(&str, &str) -> String,
    /// How many lines.
    pub lines: fn(u64) -> String,
    /// Back to the list.
    pub back: &'static str,
    /// The text was changed later.
    pub edited: &'static str,
    /// Deleted for everyone.
    pub deleted: &'static str,
    /// Passed on from elsewhere.
    pub forwarded: &'static str,
    /// Before a file that is not in the export.
    pub file: &'static str,
    /// Before a file that was wanted, and could not be fetched any more.
    pub file_gone: &'static str,
    /// Content of a newer kind.
    pub newer_kind: &'static str,
}

/// In English.
pub const ENGLISH: ExportWords = ExportWords {
    language: "en",
    conversations: "Conversations",
    made: |who, when| format!("What {who} had on one device, {when}."),
    lines: |count| if count == 1 { "1 line".to_owned() } else { format!("{count} lines") },
    back: "All conversations",
    edited: "edited",
    deleted: "Deleted",
    forwarded: "forwarded",
    file: "File",
    file_gone: "File that could not be fetched any more",
    newer_kind: "A message of a newer kind",
};

/// Where the file of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilePlace<'a> {
    /// In the export: at this path below the page.
    Here(&'a str),
    /// The server has it no more, or did not answer.
    Gone,
    /// Files were not asked for.
    Left,
}

/// A conversation in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name of its files, without the ending.
    pub stem: String,
    /// Its title.
    pub title: String,
    /// How many lines it has.
    pub lines: u64,
}

/// A person, as exported.
#[derive(Debug, Serialize)]
struct Contact<'a> {
    #[serde(serialize_with = "as_text")]
    address: &'a Address,
    identity_key: String,
    #[serde(serialize_with = "millis")]
    known_since: UnixMillis,
    #[serde(serialize_with = "millis_option")]
    verified: Option<UnixMillis>,
}

impl<'a> Contact<'a> {
    fn of(pin: &'a Pin) -> Self {
        let identity_key = allod_wire::link::to_text(&pin.identity_key[..]);
        Self { address: &pin.address, identity_key, known_since: pin.since, verified: pin.verified }
    }
}

impl ClientCore {
    /// `account.json`: who the user is, with which devices; no key.
    pub fn export_account(&self) -> String {
        pretty(&self.me_view())
    }

    /// `contacts.json`: the people known, with their identity keys, which are public.
    pub fn export_contacts(&self) -> String {
        pretty(&self.contacts.pins().map(Contact::of).collect::<Vec<_>>())
    }
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("views are plain structures with text keys") + "\n"
}

/// A message as a line of JSON.
pub fn json_line(line: &MessageView) -> String {
    serde_json::to_string(line).expect("views are plain structures with text keys") + "\n"
}

/// The name of a conversation's files, without an ending: its place in the list, and what of its title any file system takes.
pub fn stem(place: usize, conversation: &ConversationSummary) -> String {
    let word = |part: &str| part.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let words: Vec<_> = conversation.title.split(|c: char| !c.is_alphanumeric()).map(word).collect();
    let slug = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let slug: String = slug.chars().take(SLUG_CHARS_MAX).collect();
    format!("{:03}-{}", place + 1, if slug.is_empty() { "conversation" } else { slug.trim_end_matches('-') })
}

/// The name under which a file of a message is exported: the place of the message, and what of the sender's name any file system takes.
pub fn file_name(position: u64, name: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let mut name: String = name.chars().map(|c| if kept(c) { c } else { '_' }).collect();
    if name.chars().count() > NAME_CHARS_MAX {
        // The ending stays.
        name = name.chars().skip(name.chars().count() - NAME_CHARS_MAX).collect();
    }
    format!("{position}-{name}")
}

/// The list of conversations, `index.html`.
pub fn index(voice: &dyn Voice, me: &Address, now: UnixMillis, listed: &[Listed]) -> String {
    let words = voice.words();
    let made = (words.made)(&me.to_string(), &voice.moment(now));
    let mut page = head(words, words.conversations);
    writeln!(page, "<p>{}</p>\n<ul>", escape(&made)).expect(INTO_STRING);
    for Listed { stem, title, lines } in listed {
        let (title, lines) = (escape(title), (words.lines)(*lines));
        writeln!(page, "<li><a href=\"{stem}.html\"><bdi>{title}</bdi></a> <small>{}</small></li>", escape(&lines))
            .expect(INTO_STRING);
    }
    page + "</ul>\n" + FOOT
}

/// The beginning of a conversation's page.
pub fn page_head(voice: &dyn Voice, conversation: &ConversationSummary) -> String {
    let people: Vec<_> = conversation.people.iter().map(|person| escape(&person.to_string())).collect();
    let back = escape(voice.words().back);
    let mut page = head(voice.words(), &conversation.title);
    writeln!(page, "<p><a href=\"index.html\">{back}</a></p>\n<p>{}</p>\n<ol>", people.join(", ")).expect(INTO_STRING);
    page
}

/// One line of the page, and where its file is if it has one.
pub fn page_line(voice: &dyn Voice, line: &MessageView, file: FilePlace<'_>) -> String {
    let time = escape(&voice.moment(line.time));
    if let MessageBody::System { events } = &line.body {
        let said: Vec<_> = events.iter().map(|event| escape(&voice.event(event))).collect();
        return format!("<li class=\"event\">{} <time>{time}</time></li>\n", said.join(" "));
    }
    let (class, sender) = (if line.own { "own" } else { "" }, escape(&line.sender.to_string()));
    let words = voice.words();
    let notes = [(line.marks.is_edited(), words.edited), (line.forwarded, words.forwarded)];
    let notes: String = notes.iter().filter(|(is, _)| *is).map(|(_, note)| format!(" · {}", escape(note))).collect();
    let mut text =
        format!("<li class=\"{class}\"><b>{sender}</b> <time>{time}</time><small>{notes}</small>{}", quoted(line));
    write!(text, "<div>{}</div>{}", body(words, &line.body, file), reactions(line)).expect(INTO_STRING);
    text + "</li>\n"
}

/// The end of a conversation's page.
pub fn page_foot() -> String {
    format!("</ol>\n{FOOT}")
}

fn body(words: &ExportWords, body: &MessageBody, file: FilePlace<'_>) -> String {
    match body {
        MessageBody::Text { text, formatted: true } => text_in(&markup::plain(text)),
        MessageBody::Text { text, .. } | MessageBody::Reaction { text } => text_in(text),
        MessageBody::Poll { poll } => {
            let options: String = poll.options.iter().map(|option| format!("<li>{}</li>", text_in(option))).collect();
            format!("{}<ul>{options}</ul>", text_in(&poll.question))
        }
        MessageBody::File { file: about, caption } => {
            let name = text_in(&about.name);
            let link = match file {
                FilePlace::Here(path) => format!("<a href=\"{}\">{name}</a>", url_path(path)),
                FilePlace::Gone => format!("{}: {name}", escape(words.file_gone)),
                FilePlace::Left => format!("{}: {name}", escape(words.file)),
            };
            if caption.is_empty() { link } else { format!("{link}<br>{}", text_in(caption)) }
        }
        MessageBody::Deleted => format!("<i>{}</i>", escape(words.deleted)),
        MessageBody::Unknown { .. } => format!("<i>{}</i>", escape(words.newer_kind)),
        MessageBody::System { .. } => String::new(),
    }
}

fn quoted(line: &MessageView) -> String {
    let Some(quote) = &line.quote else { return String::new() };
    let said = quote.text.as_deref().unwrap_or("…");
    format!("<blockquote><b>{}</b> {}</blockquote>", escape(&quote.sender.to_string()), text_in(said))
}

fn reactions(line: &MessageView) -> String {
    let one = |reaction: &crate::marks::ReactionView| format!("{} {}", text_in(&reaction.text), reaction.people.len());
    let all: Vec<_> = line.marks.reactions.iter().map(one).collect();
    if all.is_empty() { String::new() } else { format!("<small>{}</small>", all.join(" · ")) }
}

/// Text of somebody, which cannot turn the direction of what stands around it.
fn text_in(text: &str) -> String {
    format!("<bdi>{}</bdi>", escape(text))
}

/// `text` as it stands, in an element or in a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push('\n'),
            c if c.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A path as a relative reference: never a scheme, never a query.
fn url_path(path: &str) -> String {
    let mut url = String::from("./");
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'/' => url.push(char::from(byte)),
            byte => write!(url, "%{byte:02X}").expect(INTO_STRING),
        }
    }
    url
}

fn head(words: &ExportWords, title: &str) -> String {
    let (language, title) = (words.language, escape(title));
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1><bdi>{title}</bdi></h1>\n"
    )
}

const STYLE: &str = "body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1rem/1.45 system-ui,sans-serif;color-scheme:light dark}\
ol{list-style:none;padding:0}ol>li{margin:.75rem 0;padding:.5rem .75rem;border-inline-start:3px solid #8b9291;white-space:pre-wrap;\
overflow-wrap:anywhere}.own{border-color:#0b5d64}.event{border:0;font-size:.85rem;opacity:.75}time,small{font-size:.8rem;opacity:.75}\
blockquote{margin:.25rem 0;padding-inline-start:.5rem;border-inline-start:2px solid;opacity:.75}";
const FOOT: &str = "</body>\n</html>\n";
const SLUG_CHARS_MAX: usize = 40;
const NAME_CHARS_MAX: usize = 100;
const INTO_STRING: &str = "writing to a String cannot fail";

#[cfg(test)]
mod tests;
