//! Formatted text: a small part of Markdown, read into blocks of spans that every interface shows alike. Spec: `spec/markup.md`.
//!
//! Invariants:
//! - any text is read, in time proportional to its length; what is not understood is shown as it stands (S-5);
//! - a [`Link`] leads to the web and to the host that it names (S-3);
//! - what a mention shows follows from the address, never from what the writer put there (S-4).

mod inline;
mod link;

pub use link::Link;

use std::collections::BTreeSet;

use crate::Address;

/// Media type of a text with marks; one without any is [`crate::mimi::TEXT_PLAIN`].
pub const TEXT_MARKDOWN: &str = "text/markdown;charset=utf-8";
/// Longest target of a link, in bytes (S-3).
pub const TARGET_BYTES_MAX: usize = 2048;
/// Longest label of a link or mention, in bytes (S-3).
pub const LABEL_BYTES_MAX: usize = 200;

/// Lines that look alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// How it looks.
    pub kind: BlockKind,
    /// What it says, in order; no span is empty. Line breaks within a block are `\n`.
    pub spans: Vec<Span>,
}

/// How a block looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// As any text.
    Plain,
    /// Somebody else's words.
    Quote,
    /// An item of a list.
    Item,
    /// An item of a numbered list, with its number as written.
    Numbered(u32),
    /// Code, every space as written.
    Code,
}

/// A run of text of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text, never empty. Of a mention: `@name`.
    pub text: String,
    /// How it looks.
    pub style: Style,
    /// Where it leads.
    pub target: Option<Target>,
}

/// How a run of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Heavy.
    pub bold: bool,
    /// Slanted.
    pub italic: bool,
    /// Struck through.
    pub strike: bool,
    /// Letters of one width.
    pub code: bool,
}

/// Where a span leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To a page on the web. Show [`Link::host`] beside the text wherever the text is not the link itself.
    Link(Link),
    /// To a person.
    Person(Address),
}

/// Reads a formatted text (S-1). Never fails: what is not understood stays as it is (S-5).
pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(BlockKind, String)> = None;
    let close = |open: &mut Option<(BlockKind, String)>, blocks: &mut Vec<Block>| {
        let Some((kind, text)) = open.take() else { return };
        let spans = match kind {
            BlockKind::Code => Span::plain(text).into_iter().collect(),
            _ => inline::parse(&text),
        };
        blocks.extend((!spans.is_empty()).then_some(Block { kind, spans }));
    };
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with(FENCE) {
            close(&mut open, &mut blocks);
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with(FENCE)).collect();
            open = Some((BlockKind::Code, code.join("\n")));
            close(&mut open, &mut blocks);
            continue;
        }
        let (kind, rest) = look(line);
        match &mut open {
            _ if line.trim().is_empty() => close(&mut open, &mut blocks),
            Some((same, text)) if *same == kind && matches!(kind, BlockKind::Plain | BlockKind::Quote) => {
                text.push('\n');
                text.push_str(rest);
            }
            _ => {
                close(&mut open, &mut blocks);
                open = Some((kind, rest.to_owned()));
            }
        }
    }
    close(&mut open, &mut blocks);
    blocks
}

/// What `text` says without its marks: for previews, notifications and search. One line for each line shown.
pub fn plain(text: &str) -> String {
    let blocks = parse(text);
    let says = |block: &Block| block.spans.iter().map(|span| span.text.as_str()).collect::<String>();
    blocks.iter().map(says).collect::<Vec<_>>().join("\n")
}

/// The people whom `text` mentions (S-4), each once, in the order of the text.
pub fn mentions(text: &str) -> Vec<Address> {
    let mut people = BTreeSet::new();
    let targets = parse(text).into_iter().flat_map(|block| block.spans).filter_map(|span| span.target);
    let named = targets.filter_map(|target| if let Target::Person(address) = target { Some(address) } else { None });
    named.filter(|address| people.insert(address.clone())).collect()
}

/// The text that mentions `address` (S-4).
pub fn mention(address: &Address) -> String {
    format!("[@{name}](mimi://{}/u/{name})", address.domain, name = address.name)
}

/// `text`, with each `@name` or `@name@domain` of one of `people` as a mention (S-4): what is typed becomes what is sent. What stands in
/// code, within a word, or is ambiguous stays as it is.
pub fn with_mentions(text: &str, people: &BTreeSet<Address>) -> String {
    let mut sent = String::with_capacity(text.len());
    let mut in_code = false;
    let mut before: Option<char> = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        in_code ^= c == '`';
        let starts = c == '@' && !in_code && before.is_none_or(|c| !c.is_alphanumeric() && c != '[');
        if let Some((address, named)) = starts.then(|| named(&rest[1..], people)).flatten() {
            sent.push_str(&mention(address));
            rest = &rest[1 + named..];
            before = Some('a');
        } else {
            sent.push(c);
            rest = &rest[c.len_utf8()..];
            before = Some(c);
        }
    }
    sent
}

/// Whom the start of `text` names, and with how many bytes.
fn named<'a>(text: &str, people: &'a BTreeSet<Address>) -> Option<(&'a Address, usize)> {
    let within = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    let end = text.find(|c| !within(c)).unwrap_or(text.len());
    let mut name = text[..end].trim_end_matches(['.', '-', '_', '@']);
    if text[name.len()..].chars().next().is_some_and(char::is_alphanumeric) {
        return None;
    }
    if let Some(address) = people.iter().find(|one| one.to_string().eq_ignore_ascii_case(name)) {
        return Some((address, name.len()));
    }
    name = name.split('@').next().unwrap_or_default();
    let mut matching = people.iter().filter(|one| one.name.to_string().eq_ignore_ascii_case(name));
    let address = matching.next().filter(|_| matching.next().is_none() && !text[name.len()..].starts_with('@'))?;
    Some((address, name.len()))
}

/// What to type to say `text`: its mentions as `@name`, or `@name@domain` where the name alone is somebody else's too.
pub fn to_type(text: &str, people: &BTreeSet<Address>) -> String {
    let mut typed = text.to_owned();
    for address in mentions(text) {
        let is_alone = people.iter().filter(|one| one.name == address.name).count() < 2;
        let name = if is_alone { format!("@{}", address.name) } else { format!("@{address}") };
        typed = typed.replace(&mention(&address), &name);
    }
    typed
}

/// `text` so that [`parse`] shows it as it stands: every character that could be a mark is written with a backslash (S-2).
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

impl Span {
    fn plain(text: String) -> Option<Self> {
        (!text.is_empty()).then(|| Self { text, style: Style::default(), target: None })
    }
}

/// How a line looks, and what of it is text.
fn look(line: &str) -> (BlockKind, &str) {
    if let Some(rest) = line.strip_prefix("> ") {
        return (BlockKind::Quote, rest);
    }
    if let Some(rest) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return (BlockKind::Item, rest);
    }
    if let Some((number, rest)) = line.split_once(". ")
        && (1..=9).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = number.parse()
    {
        return (BlockKind::Numbered(number), rest);
    }
    (BlockKind::Plain, line)
}

const FENCE: &str = "```";

#[cfg(test)]
mod tests;
