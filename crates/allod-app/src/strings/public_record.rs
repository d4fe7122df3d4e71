//! Which words there are for the organisation's public record: its ledger and its directory.

/// The public record of who has which devices.
#[allow(missing_docs, reason = "a text is best described by itself; fields are named for where they stand")]
#[derive(Debug)]
pub struct PublicRecord {
    pub not_added: fn(&str) -> String,
    pub not_checked_not_added: fn(&str) -> String,
    pub accused: &'static str,
    pub none: &'static str,
    pub current: fn(usize, usize) -> String,
    pub current_without_witnesses: &'static str,
    pub not_current: &'static str,
    pub named: &'static str,
    pub not_named: &'static str,
    pub not_asked: &'static str,
}
