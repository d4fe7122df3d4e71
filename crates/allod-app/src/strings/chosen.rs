//! Which words there are for what the user chooses on this device alone: for a conversation, about receipts, and about typing.

/// What the user chooses for a conversation, about receipts, and about typing.
#[allow(missing_docs, reason = "a text is best described by itself; fields are named for where they stand")]
#[derive(Debug)]
pub struct Chosen {
    pub menu: &'static str,
    pub menu_of: fn(&str) -> String,
    pub pin: &'static str,
    pub unpin: &'static str,
    pub pinned: &'static str,
    pub mute_8_hours: &'static str,
    pub mute_week: &'static str,
    pub mute: &'static str,
    pub unmute: &'static str,
    pub muted: &'static str,
    pub archive: &'static str,
    pub unarchive: &'static str,
    pub archived: fn(u64) -> String,
    pub back_to_all: &'static str,
    pub mentions_you: &'static str,
    pub draft: fn(&str) -> String,
    pub privacy: &'static str,
    pub receipts: &'static str,
    pub receipts_hint: &'static str,
    pub typing: &'static str,
    pub typing_hint: &'static str,
}
