//! What counts as a word, and when two words are the same: lower case, without accents.
//!
//! "Déjà" is found by `deja`, "œuvre" by `oeuvre`, "l’accord" by `accord`. Scripts that are written without spaces are taken
//! sign by sign.

use std::ops::Range;

use unicode_normalization::char::{canonical_combining_class, decompose_canonical};

/// Calls `each` with every word of `text`, folded, and with the bytes of `text` in which it stands.
pub(crate) fn words(text: &str, mut each: impl FnMut(&str, Range<usize>)) {
    let mut word = String::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if is_sign(c) {
            end_word(&mut word, start..at, &mut each);
            word.push(c);
            end_word(&mut word, at..at + c.len_utf8(), &mut each);
            continue;
        }
        let before = word.len();
        let goes_on = fold_char(c, &mut word);
        if before == 0 && !word.is_empty() {
            start = at;
        }
        if !goes_on {
            end_word(&mut word, start..at, &mut each);
        }
    }
    end_word(&mut word, start..text.len(), &mut each);
}

/// The words of `text`, folded, each between two spaces: a word is found as ` word `, the beginning of one as ` wo`.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 2);
    folded.push(' ');
    words(text, |word, _| {
        folded.push_str(word);
        folded.push(' ');
    });
    folded
}

fn end_word(word: &mut String, place: Range<usize>, each: &mut impl FnMut(&str, Range<usize>)) {
    if !word.is_empty() {
        each(word, place);
        word.clear();
    }
}

/// Puts what `c` becomes behind `word`; says whether the word goes on with it.
fn fold_char(c: char, word: &mut String) -> bool {
    if c.is_ascii() {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
        return c.is_ascii_alphanumeric();
    }
    // Letters that are two, or another one with a stroke: Unicode does not take them apart.
    let plain = match c {
        'œ' | 'Œ' => "oe",
        'æ' | 'Æ' => "ae",
        'ß' | 'ẞ' => "ss",
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' => "d",
        'ı' => "i",
        'ς' => "σ",
        _ => "",
    };
    if !plain.is_empty() {
        word.push_str(plain);
        return true;
    }
    let mut goes_on = true;
    decompose_canonical(c, |part| {
        if canonical_combining_class(part) != 0 {
            return; // An accent.
        }
        if part.is_alphanumeric() {
            word.extend(part.to_lowercase().filter(|lower| canonical_combining_class(*lower) == 0));
        } else {
            goes_on = false;
        }
    });
    goes_on
}

/// Han, kana and Thai: no spaces stand between words.
fn is_sign(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_punctuation_make_no_difference() {
        assert_eq!(fold("Déjà vu, l’Accord !"), " deja vu l accord ");
        assert_eq!(fold("ŒUVRE Straße Łódź"), " oeuvre strasse lodz ");
        assert_eq!(fold("re\u{301}sume\u{301}"), fold("résumé"), "composed or not");
        assert_eq!(fold("plan_2027.PDF"), " plan 2027 pdf ");
        assert_eq!(fold("İstanbul ΣΊΣΥΦΟΣ"), " istanbul σισυφοσ ");
    }

    #[test]
    fn without_spaces_each_sign_is_a_word() {
        assert_eq!(fold("会議室A"), " 会 議 室 a ");
        assert_eq!(fold("…— 🙂"), " ");
    }

    #[test]
    fn a_word_knows_where_it_stands() {
        let text = "« Déjà-vu »";
        let mut places = Vec::new();
        words(text, |word, place| places.push((word.to_owned(), text[place].to_owned())));
        assert_eq!(places, [("deja".into(), "Déjà".into()), ("vu".into(), "vu".into())]);
    }
}
