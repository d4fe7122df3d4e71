//! Marks, links and mentions within a block (S-2, S-3, S-4).
//!
//! Two passes: the text is cut into pieces, and marks find their partners with a stack of at most one opener of each kind; then
//! the pieces become spans. Each search ahead is bounded or remembered, so the whole takes time proportional to the text.

use super::link::{self, Link};
use super::{LABEL_BYTES_MAX, Span, Style, TARGET_BYTES_MAX, Target};

/// The spans of a block's text.
pub(super) fn parse(text: &str) -> Vec<Span> {
    let mut reader = Reader { text, at: 0, pieces: Vec::new(), open: Vec::new(), ticks_end: false };
    while reader.at < text.len() {
        reader.step();
    }
    spans(reader.pieces)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bold,
    Star,
    Underscore,
    Strike,
}

impl Mark {
    fn text(self) -> &'static str {
        match self {
            Self::Bold => "**",
            Self::Star => "*",
            Self::Underscore => "_",
            Self::Strike => "~~",
        }
    }
}

enum Piece<'a> {
    Text(&'a str),
    Code(&'a str),
    Target { text: String, target: Target },
    Mark { mark: Mark, paired: bool },
}

struct Reader<'a> {
    text: &'a str,
    /// Where the next piece starts: a boundary of characters.
    at: usize,
    pieces: Vec<Piece<'a>>,
    /// Marks that wait for their partners, outermost first, with their pieces: at most one of each kind.
    open: Vec<(Mark, usize)>,
    /// No backtick stands ahead.
    ticks_end: bool,
}

impl<'a> Reader<'a> {
    /// Takes the next piece; each is at least one byte.
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let mut chars = rest.chars();
        let first = chars.next().expect("called within the text");
        match first {
            '\\' if chars.next().is_some_and(|c| c.is_ascii_punctuation()) => {
                self.take(Piece::Text(&rest[1..2]), 2);
            }
            '`' if self.code(rest) => {}
            '[' if self.labelled(rest) => {}
            'h' | 'H' if self.before().is_none_or(|c| !c.is_alphanumeric() && c != '/') && self.bare(rest) => {}
            '*' | '_' | '~' => self.mark(rest),
            _ => {
                let more = |c: char| matches!(c, '\\' | '`' | '[' | '*' | '_' | '~' | 'h' | 'H');
                let length = first.len_utf8();
                let end = rest[length..].find(more).map_or(rest.len(), |found| length + found);
                self.take(Piece::Text(&rest[..end]), end);
            }
        }
    }

    fn take(&mut self, piece: Piece<'a>, length: usize) {
        self.pieces.push(piece);
        self.at += length;
    }

    fn before(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }

    fn code(&mut self, rest: &'a str) -> bool {
        if self.ticks_end {
            return false;
        }
        let Some(length) = rest[1..].find('`') else {
            self.ticks_end = true;
            return false;
        };
        if length == 0 {
            return false;
        }
        self.take(Piece::Code(&rest[1..=length]), length + 2);
        true
    }

    /// `[label](target)`.
    fn labelled(&mut self, rest: &'a str) -> bool {
        let Some(label) = until(&rest[1..], LABEL_BYTES_MAX, |c| matches!(c, ']' | '[' | '\n')) else { return false };
        let Some(behind) = rest[1 + label.len()..].strip_prefix("](") else { return false };
        let Some(inner) = until(behind, TARGET_BYTES_MAX, |c| matches!(c, ')' | '[') || c.is_whitespace()) else {
            return false;
        };
        if !behind[inner.len()..].starts_with(')') {
            return false;
        }
        let Some(target) = link::target(inner) else { return false };
        let text = match &target {
            Target::Person(address) => format!("@{}", address.name),
            Target::Link(_) if label.trim().is_empty() || link::web_prefix(label.trim()).is_some() => inner.to_owned(),
            Target::Link(_) => label.to_owned(),
        };
        self.take(Piece::Target { text, target }, label.len() + inner.len() + 4);
        true
    }

    /// `https://…` as it stands. What only starts so is taken as text, and not looked at again.
    fn bare(&mut self, rest: &'a str) -> bool {
        if link::web_prefix(rest).is_none() {
            return false;
        }
        // Letters of other scripts belong to it, and a byte too many: so that it is refused and not cut short to another one.
        let within = |c: char| c.is_alphanumeric() || c.is_ascii_graphic() && !"<>\"`*[]".contains(c);
        let end = rest.char_indices().find(|(at, c)| *at > TARGET_BYTES_MAX || !within(*c));
        let address = &rest[..end.map_or(rest.len(), |(at, _)| at)];
        let address = address.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '_', '~']);
        let piece = Link::parse(address).map_or(Piece::Text(address), |link| Piece::Target {
            text: address.to_owned(),
            target: Target::Link(link),
        });
        self.take(piece, address.len());
        true
    }

    fn mark(&mut self, rest: &'a str) {
        let underscores = rest.bytes().take_while(|byte| *byte == b'_').count();
        if underscores > 1 {
            return self.take(Piece::Text(&rest[..underscores]), underscores);
        }
        let inner_star = matches!(self.open.last(), Some((Mark::Star, _)));
        let stars = rest.bytes().take(3).take_while(|byte| *byte == b'*').count();
        let mark = match rest.as_bytes() {
            [b'*', b'*', ..] if !(inner_star && stars == 3) => Mark::Bold,
            [b'*', ..] => Mark::Star,
            [b'~', b'~', ..] => Mark::Strike,
            [b'_', ..] => Mark::Underscore,
            _ => return self.take(Piece::Text(&rest[..1]), 1),
        };
        let length = mark.text().len();
        let behind = rest[length..].chars().next();
        let before = self.before();
        let closes = before.is_some_and(|c| !c.is_whitespace()) && behind.is_none_or(|c| !c.is_alphanumeric());
        let opens = before.is_none_or(|c| !c.is_alphanumeric()) && behind.is_some_and(|c| !c.is_whitespace());
        let partner = self.open.iter().position(|(open, _)| *open == mark);
        let mut paired = false;
        match partner {
            Some(depth) if closes && self.open[depth].1 + 1 < self.pieces.len() => {
                if let Piece::Mark { paired, .. } = &mut self.pieces[self.open[depth].1] {
                    *paired = true;
                }
                self.open.truncate(depth);
                paired = true;
            }
            None if opens => self.open.push((mark, self.pieces.len())),
            _ => {}
        }
        self.take(Piece::Mark { mark, paired }, length);
    }
}

/// The start of `text` up to the first character that `ends` names, if that comes within `bytes_max` bytes.
fn until(text: &str, bytes_max: usize, ends: impl Fn(char) -> bool) -> Option<&str> {
    let found = text.char_indices().take_while(|(at, _)| *at <= bytes_max).find(|(_, c)| ends(*c));
    found.map(|(at, _)| &text[..at])
}

fn spans(pieces: Vec<Piece<'_>>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut within: Vec<Mark> = Vec::new();
    for piece in pieces {
        let style = style(&within);
        let (text, style, target) = match piece {
            Piece::Mark { mark, paired: true } => {
                match within.iter().position(|open| *open == mark) {
                    Some(depth) => within.truncate(depth),
                    None => within.push(mark),
                }
                continue;
            }
            Piece::Mark { mark, paired: false } => (mark.text().to_owned(), style, None),
            Piece::Text(text) => (text.to_owned(), style, None),
            Piece::Code(text) => (text.to_owned(), Style { code: true, ..style }, None),
            Piece::Target { text, target } => (text, style, Some(target)),
        };
        match spans.last_mut() {
            Some(last) if last.style == style && last.target.is_none() && target.is_none() => last.text.push_str(&text),
            _ => spans.push(Span { text, style, target }),
        }
    }
    spans
}

fn style(within: &[Mark]) -> Style {
    let has = |mark| within.contains(&mark);
    let italic = has(Mark::Star) || has(Mark::Underscore);
    Style { bold: has(Mark::Bold), italic, strike: has(Mark::Strike), code: false }
}
