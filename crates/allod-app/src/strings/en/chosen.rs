//! What the user chooses for a conversation, and about receipts, in English.

use crate::strings::Chosen;

pub(super) const CHOSEN: Chosen = Chosen {
    menu: "What to do with this conversation",
    menu_of: |title| format!("What to do with {title}"),
    pin: "Keep on top",
    unpin: "No longer on top",
    pinned: "Kept on top",
    mute_8_hours: "Mute for 8 hours",
    mute_week: "Mute for a week",
    mute: "Mute until I change it",
    unmute: "Unmute",
    muted: "Muted",
    archive: "Archive",
    unarchive: "Back to the conversations",
    archived: |count| format!("Archived ({count})"),
    back_to_all: "All conversations",
    mentions_you: "You are mentioned",
    draft: |text| format!("Draft: {text}"),
    privacy: "Privacy",
    receipts: "Show when messages were received and read",
    receipts_hint: "In conversations of up to 32 people, the others see when you have received and read what they wrote, and you see it of them. Switched off, neither.",
    typing: "Show when somebody is typing",
    typing_hint: "In conversations of up to 32 people, the others see that you are writing, and you see it of them. Nothing of it is kept. Switched off, neither.",
};
