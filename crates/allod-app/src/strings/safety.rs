//! Which words there are for comparing safety numbers and for new devices.

/// Comparing safety numbers, and what tells of new devices.
#[allow(missing_docs, reason = "a text is best described by itself; fields are named for where they stand")]
#[derive(Debug)]
pub struct Safety {
    pub compare: &'static str,
    pub compared_on: fn(&str) -> String,
    pub how: fn(&str) -> String,
    pub what_it_shows: &'static str,
    pub number: &'static str,
    pub code: &'static str,
    pub they_match: &'static str,
    pub they_differ: &'static str,
    pub you_compared: fn(&str, &str) -> String,
    pub undo: &'static str,
    pub differ_title: &'static str,
    pub differ: fn(&str) -> String,
    pub given: &'static str,
    pub given_same: &'static str,
    pub given_other: &'static str,
    pub given_none: &'static str,
    pub given_newer: &'static str,
    pub scan: &'static str,
    pub scan_nothing: &'static str,
    pub changed: fn(&str) -> String,
    pub changed_verified: fn(&str) -> String,
    pub link_code: &'static str,
    pub device_came: fn(&str, &str) -> String,
    pub it_was_me: &'static str,
    pub remove_it: &'static str,
    pub remove_it_ask: &'static str,
    pub own_device_back: &'static str,
}
