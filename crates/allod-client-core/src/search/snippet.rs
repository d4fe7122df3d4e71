//! The part of a message that shows why it was found.

use std::ops::Range;

use serde::Serialize;

use crate::search::query::Term;
use crate::search::words::words;

/// Longest snippet, in characters.
const SNIPPET_CHARS_MAX: usize = 160;
/// Characters before the first word found.
const LEAD_CHARS: usize = 40;

/// A part of a snippet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SnippetPart {
    /// As it was written, on one line.
    pub text: String,
    /// It is what was looked for.
    pub found: bool,
}

/// The part of `text` around the first of `terms`, with all that occur in it marked.
pub(crate) fn snippet(text: &str, terms: &[Term]) -> Vec<SnippetPart> {
    let marks = marks(text, terms);
    let first = marks.first().map_or(0, |mark| mark.start);
    let start = text[..first].char_indices().rev().nth(LEAD_CHARS - 1).map_or(0, |(at, _)| at);
    let end = text[start..].char_indices().nth(SNIPPET_CHARS_MAX).map_or(text.len(), |(at, _)| start + at);
    let mut parts = Vec::new();
    let mut push = |range: Range<usize>, found: bool| {
        let mut part: String = text[range.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
        let raw = &text[range.clone()];
        if raw.starts_with(char::is_whitespace) && !parts.is_empty() {
            part.insert(0, ' ');
        }
        if raw.ends_with(char::is_whitespace) && !part.ends_with(' ') {
            part.push(' ');
        }
        if !found && range.start == start && start > 0 {
            part.insert(0, '…');
        }
        if range.end == end && end < text.len() {
            part.push('…');
        }
        if !part.is_empty() {
            parts.push(SnippetPart { text: part, found });
        }
    };
    let mut at = start;
    for mark in marks.into_iter().filter(|mark| mark.start < end) {
        let mark = mark.start..mark.end.min(end);
        push(at..mark.start, false);
        at = mark.end;
        push(mark, true);
    }
    push(at..end, false);
    parts
}

/// Where the terms stand, in order and apart.
fn marks(text: &str, terms: &[Term]) -> Vec<Range<usize>> {
    let mut all: Vec<(String, Range<usize>)> = Vec::new();
    words(text, |word, place| all.push((word.to_owned(), place)));
    let mut marks = Vec::new();
    for term in terms {
        let wanted: Vec<&str> = term.words().collect();
        let Some((last, first)) = wanted.split_last() else { continue };
        for window in all.windows(wanted.len()) {
            let (word, _) = &window[first.len()];
            let ends = if term.begins { word.starts_with(last) } else { word == last };
            if ends && first.iter().zip(window).all(|(wanted, (word, _))| wanted == word) {
                marks.push(window[0].1.start..window[first.len()].1.end);
            }
        }
    }
    marks.sort_by_key(|mark| mark.start);
    marks.dedup_by(|later, mark| {
        let overlaps = later.start < mark.end;
        if overlaps {
            mark.end = mark.end.max(later.end);
        }
        overlaps
    });
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::query::Query;

    fn shown(text: &str, query: &str) -> String {
        let part = |part: SnippetPart| if part.found { format!("[{}]", part.text) } else { part.text };
        snippet(text, &Query::parse(query).terms).into_iter().map(part).collect()
    }

    #[test]
    fn what_was_found_is_marked_as_it_was_written() {
        assert_eq!(shown("Le résumé est déjà là.", "deja res"), "Le [résumé] est [déjà] là.");
        assert_eq!(shown("two\n\nlines  here", "lines"), "two [lines] here");
        assert_eq!(shown("the draft, the plan", "\"the draft\" the"), "[the draft], [the] plan");
        assert_eq!(shown("nothing of it", "x"), "nothing of it");
    }

    #[test]
    fn a_long_text_is_cut_around_what_was_found() {
        let text = format!("{}needle {}", "é ".repeat(500), "z ".repeat(500));
        let shown = shown(&text, "needle");
        assert!(shown.starts_with("…é") && shown.contains("[needle]") && shown.ends_with('…'), "{shown}");
        assert!(shown.chars().count() <= SNIPPET_CHARS_MAX + 6);
    }
}
