//! Canaries: a text of their own in every field of the world, so that whatever turns up in the loot is traced to its field.

use rand_core::RngCore;

/// The kinds of field, each reported by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Field {
    /// What somebody wrote.
    Message,
    /// Name of a file.
    FileName,
    /// Content of a file.
    FileBytes,
    /// Title of a group.
    GroupTitle,
    /// What was begun and not sent.
    Draft,
    /// Question of a poll.
    Poll,
    /// Reaction to a message.
    Reaction,
}

impl Field {
    /// All of them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Message, Self::FileName, Self::FileBytes, Self::GroupTitle, Self::Draft, Self::Poll, Self::Reaction];

    /// What its figure is called.
    pub(crate) fn figure(self) -> &'static str {
        match self {
            Self::Message => "plaintext_bytes",
            Self::FileName => "file_name_bytes",
            Self::FileBytes => "file_bytes",
            Self::GroupTitle => "group_title_bytes",
            Self::Draft => "draft_bytes",
            Self::Poll => "poll_bytes",
            Self::Reaction => "reaction_bytes",
        }
    }
}

/// One canary.
#[derive(Debug, Clone)]
pub(crate) struct Canary {
    /// Where it was put.
    pub(crate) field: Field,
    /// 26 letters and digits, 128 random bits.
    pub(crate) text: String,
}

/// The canaries of a world.
#[derive(Debug, Default)]
pub(crate) struct Canaries(pub(crate) Vec<Canary>);

impl Canaries {
    /// A fresh one for `field`.
    pub(crate) fn make(&mut self, field: Field, rng: &mut impl RngCore) -> String {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        let text = data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase();
        self.0.push(Canary { field, text: text.clone() });
        text
    }
}
