//! Safety numbers: whether the identity key that somebody shows is the one that they have. Spec: `spec/conversation.md`, rule C-19.

use allod_crypto::safety::safety_half;
use allod_wire::{Address, UnixMillis};
use serde::Serialize;

use crate::core::ClientCore;
use crate::effect::Effect;
use crate::error::CoreError;
use crate::view::{as_text, millis_option};

/// What a QR code begins with.
const VERSION: char = '1';
const NUMBER_DIGITS: usize = 60;
const GROUP_DIGITS: usize = 5;
/// Longest text that is looked at as a number, in bytes: any number with white space between all digits.
const TEXT_BYTES_MAX: usize = 512;

/// The number of the user and another person, the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SafetyView {
    /// Who the other one is.
    #[serde(serialize_with = "as_text")]
    pub person: Address,
    /// 12 groups of 5 digits, with a space between each two.
    pub number: String,
    /// What a QR code holds: the version and the number, as digits.
    pub code: String,
    /// When the user compared it, unless the person's key has changed since.
    #[serde(serialize_with = "millis_option")]
    pub verified: Option<UnixMillis>,
    /// The key is another one than the one known before.
    pub identity_changed: bool,
}

/// What a number that the other person gave, or whose code was scanned, is to ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// The same: nobody stands in between.
    Same,
    /// Another one: somebody may stand in between, or it is the number of other people.
    Other,
    /// A code of a later release.
    Newer,
    /// No safety number.
    NoNumber,
}

impl ClientCore {
    /// The number of the user and `person`. Takes some ten milliseconds.
    ///
    /// # Errors
    /// [`CoreError::UnknownPerson`] if no key of theirs is known, and for the user; [`CoreError::NotJoined`].
    pub fn safety_number(&self, person: &Address) -> Result<SafetyView, CoreError> {
        let me = self.me().ok_or(CoreError::NotJoined)?;
        let key = self.contacts.shown_key(person).filter(|_| *person != me).ok_or(CoreError::UnknownPerson)?;
        let mut halves = [safety_half(&me, &self.keys.identity.public()), safety_half(person, &key)];
        halves.sort();
        let digits = halves.concat();
        let identity_changed = self.contacts.has_changed(person);
        Ok(SafetyView {
            person: person.clone(),
            number: grouped(&digits),
            code: format!("{VERSION}{digits}"),
            verified: self.contacts.verified(person).filter(|_| !identity_changed),
            identity_changed,
        })
    }

    /// The user has compared `number` with `person`, who has the same: keeps that, and accepts the key if it had changed. It is
    /// [`SafetyView::number`] or what was scanned, so a key that changes meanwhile is not confirmed.
    ///
    /// # Errors
    /// [`CoreError::OtherNumber`]; those of [`Self::safety_number`].
    pub fn confirm_safety(
        &mut self,
        person: &Address,
        number: &str,
        now: UnixMillis,
    ) -> Result<Vec<Effect>, CoreError> {
        if self.safety_number(person)?.compare(number) != Match::Same {
            return Err(CoreError::OtherNumber);
        }
        let mut effects = match self.accept_identity(person, now) {
            Ok(effects) => effects,
            Err(CoreError::NothingToDo) => Vec::new(),
            Err(error) => return Err(error),
        };
        self.contacts.set_verified(person, Some(now));
        effects.extend(self.done());
        Ok(effects)
    }

    /// The user does not count `person` as compared any more.
    ///
    /// # Errors
    /// [`CoreError::NothingToDo`] if they were not.
    pub fn undo_safety(&mut self, person: &Address) -> Result<Vec<Effect>, CoreError> {
        self.contacts.verified(person).ok_or(CoreError::NothingToDo)?;
        self.contacts.set_verified(person, None);
        Ok(self.done())
    }
}

impl SafetyView {
    /// Compares what the other person gave: the number as people type it, or the content of their QR code.
    pub fn compare(&self, given: &str) -> Match {
        let has_others = given.chars().any(|c| !c.is_ascii_digit() && !c.is_whitespace());
        if given.len() > TEXT_BYTES_MAX || has_others {
            return Match::NoNumber;
        }
        let digits: String = given.chars().filter(char::is_ascii_digit).collect();
        let number = match digits.len() {
            NUMBER_DIGITS => digits.as_str(),
            length if length == NUMBER_DIGITS + 1 => match digits.strip_prefix(VERSION) {
                Some(number) => number,
                None => return Match::Newer,
            },
            _ => return Match::NoNumber,
        };
        if number == &self.code[1..] { Match::Same } else { Match::Other }
    }
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / GROUP_DIGITS);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index % GROUP_DIGITS == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_compared_as_typed_or_scanned_and_nothing_else_is_one_c_19() {
        let digits = "12345".repeat(12);
        let view = SafetyView {
            person: "bob@a.example".parse().unwrap(),
            number: grouped(&digits),
            code: format!("1{digits}"),
            verified: None,
            identity_changed: false,
        };
        assert_eq!(view.number.split(' ').collect::<Vec<_>>(), ["12345"; 12]);
        for same in [view.number.clone(), view.code.clone(), view.number.replace(' ', "\n"), format!(" {digits}\t")] {
            assert_eq!(view.compare(&same), Match::Same, "{same:?}");
        }
        let other = format!("54321{}", &digits[5..]);
        assert_eq!(view.compare(&other), Match::Other);
        assert_eq!(view.compare(&format!("1{other}")), Match::Other);
        assert_eq!(view.compare(&format!("2{digits}")), Match::Newer);
        let long = " ".repeat(1_000) + &digits;
        for none in ["", "12345", &digits[1..], &format!("{digits}x"), "https://a.example/", &long] {
            assert_eq!(view.compare(none), Match::NoNumber, "{none:?}");
        }
    }
}
