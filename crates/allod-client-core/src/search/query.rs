//! What was typed into the search field, taken apart.
//!
//! Words must all occur, the last one may be a beginning. `"In quotes"` they stand together. `from:alice` (`de:`) and `in:budget` (`dans:`)
//! narrow it down to a person and a conversation.

use memchr::memmem;

use crate::search::words::fold;

/// Longest query that is looked at, in bytes; what follows is left out.
const QUERY_BYTES_MAX: usize = 1_024;
/// Most words or phrases that are looked for.
const TERMS_MAX: usize = 32;

/// Words that must stand together; usually one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// Folded, with a space before each word, and none behind the last.
    folded: String,
    /// The last word may go on.
    pub(crate) begins: bool,
}

/// How a term occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Occurs {
    /// Not at all.
    Not,
    /// As the beginning of a longer word.
    Begins,
    /// As it is.
    Whole,
}

impl Term {
    fn new(text: &str, begins: bool) -> Option<Self> {
        let folded = fold(text).trim_end().to_owned();
        (!folded.is_empty()).then_some(Self { folded, begins })
    }

    /// What certainly stands where the term occurs.
    pub(crate) fn needle(&self) -> &[u8] {
        self.folded.as_bytes()
    }

    /// The words.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.folded.split_whitespace()
    }

    /// How it occurs in folded text.
    pub(crate) fn occurs(&self, folded: &[u8]) -> Occurs {
        let mut found = Occurs::Not;
        for at in memmem::find_iter(folded, self.needle()) {
            if folded.get(at + self.folded.len()) == Some(&b' ') {
                return Occurs::Whole;
            }
            if self.begins {
                found = Occurs::Begins;
            }
        }
        found
    }
}

/// A query, ready to be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// All of them must occur.
    pub(crate) terms: Vec<Term>,
    /// The sender's address begins so.
    pub(crate) from: Vec<Term>,
    /// The conversation's title has this in it.
    pub(crate) within: Vec<Term>,
}

impl Query {
    /// Takes `text` apart. Whatever is typed means something: there is no wrong query.
    pub(crate) fn parse(text: &str) -> Self {
        let mut end = text.len().min(QUERY_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = &text[..end];
        let mut query = Self::default();
        let pieces = pieces(text);
        for (index, piece) in pieces.iter().enumerate().take(TERMS_MAX) {
            let is_last = index + 1 == pieces.len() && !text.ends_with(char::is_whitespace);
            let narrowed = |names: [&str; 2]| {
                let rest = names.iter().find_map(|name| piece.text.strip_prefix(name)?.strip_prefix(':'));
                rest.and_then(|rest| Term::new(rest, true))
            };
            if let Some(term) = narrowed(["from", "de"]).filter(|_| !piece.quoted) {
                query.from.push(term);
            } else if let Some(term) = narrowed(["in", "dans"]).filter(|_| !piece.quoted) {
                query.within.push(term);
            } else {
                query.terms.extend(Term::new(&piece.text, is_last && !piece.quoted));
            }
        }
        query
    }

    /// Whether nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.from.is_empty() && self.within.is_empty()
    }
}

struct Piece {
    text: String,
    /// All of it stands in quotes.
    quoted: bool,
}

/// Splits at spaces, but not within quotes: `a "b c" in:"d e"` has three pieces. A quote that is not closed goes to the end.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut piece = Piece { text: String::new(), quoted: false };
    let mut within = false;
    for c in text.chars() {
        let is_quote = matches!(c, '"' | '“' | '”' | '„' | '«' | '»');
        if is_quote {
            piece.quoted |= !within && piece.text.is_empty();
            within = !within;
        }
        let ends = (is_quote || c.is_whitespace()) && !within;
        if ends && !piece.text.is_empty() {
            pieces.push(std::mem::replace(&mut piece, Piece { text: String::new(), quoted: false }));
        } else if !is_quote && !ends {
            piece.text.push(c);
        }
    }
    if !piece.text.is_empty() {
        piece.quoted &= !within;
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<(String, bool)> {
        Query::parse(text).terms.into_iter().map(|term| (term.folded, term.begins)).collect()
    }

    #[test]
    fn the_last_word_may_go_on_unless_a_space_ends_it() {
        assert_eq!(terms("Budget dra"), [(" budget".into(), false), (" dra".into(), true)]);
        assert_eq!(terms("Budget dra "), [(" budget".into(), false), (" dra".into(), false)]);
        assert_eq!(terms("  "), []);
    }

    #[test]
    fn quotes_keep_words_together_in_french_too() {
        assert_eq!(terms("\"the draft\" x "), [(" the draft".into(), false), (" x".into(), false)]);
        assert_eq!(terms("« l’accord »"), [(" l accord".into(), false)]);
        assert_eq!(terms("\"the dra"), [(" the dra".into(), true)], "not closed yet: still being typed");
        assert_eq!(terms("plan.pdf"), [(" plan pdf".into(), true)]);
    }

    #[test]
    fn people_and_conversations_narrow_it_down() {
        let query = Query::parse("from:Alice in:\"Budget 2027\" draft");
        assert_eq!(query.from, [Term { folded: " alice".into(), begins: true }]);
        assert_eq!(query.within, [Term { folded: " budget 2027".into(), begins: true }]);
        assert_eq!(query.terms, [Term { folded: " draft".into(), begins: true }]);
        assert_eq!(Query::parse("de:bob dans:plan").from.len(), 1);
        assert_eq!(terms("from: x"), [(" from".into(), false), (" x".into(), true)], "without a name it is a word");
    }

    #[test]
    fn a_term_occurs_whole_or_as_a_beginning() {
        let [draft, begins] = [false, true].map(|begins| Term { folded: " draft".into(), begins });
        assert_eq!(draft.occurs(b" the draft "), Occurs::Whole);
        assert_eq!(draft.occurs(b" the drafts "), Occurs::Not);
        assert_eq!(begins.occurs(b" the drafts "), Occurs::Begins);
        assert_eq!(begins.occurs(b" drafts draft "), Occurs::Whole);
        assert_eq!(begins.occurs(b" overdraft "), Occurs::Not);
    }

    #[test]
    fn a_query_of_any_length_is_bounded() {
        assert_eq!(Query::parse(&"a ".repeat(100_000)).terms.len(), TERMS_MAX);
        assert!(Query::parse(&"é".repeat(100_000)).terms[0].folded.len() <= QUERY_BYTES_MAX);
    }
}
