//! Ce que l'on choisit pour une conversation, et pour les accusés de lecture, en français.

use crate::strings::Chosen;

pub(super) const CHOSEN: Chosen = Chosen {
    menu: "Que faire de cette conversation",
    menu_of: |title| format!("Que faire de {title}"),
    pin: "Garder en haut",
    unpin: "Ne plus garder en haut",
    pinned: "Gardée en haut",
    mute_8_hours: "Silence pendant 8 heures",
    mute_week: "Silence pendant une semaine",
    mute: "Silence jusqu’à nouvel ordre",
    unmute: "Rétablir les notifications",
    muted: "En silence",
    archive: "Archiver",
    unarchive: "Remettre avec les conversations",
    archived: |count| format!("Archivées ({count})"),
    back_to_all: "Toutes les conversations",
    mentions_you: "On vous mentionne",
    draft: |text| format!("Brouillon : {text}"),
    privacy: "Confidentialité",
    receipts: "Montrer ce qui est reçu et lu",
    receipts_hint: "Dans les conversations de 32 personnes au plus, les autres voient quand vous avez reçu et lu leurs messages, et vous le voyez d’eux. Sinon, ni l’un ni l’autre.",
    typing: "Montrer qui est en train d’écrire",
    typing_hint: "Dans les conversations de 32 personnes au plus, les autres voient que vous écrivez, et vous le voyez d’eux. Rien n’en est conservé. Sinon, ni l’un ni l’autre.",
};
