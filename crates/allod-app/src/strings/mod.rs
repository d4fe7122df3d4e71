//! Every word of the interface, in one place for each language.
//!
//! A language is a [`Strings`] with all its fields: one that lacks a sentence does not compile. Sentences that count or name
//! something are functions, so that each language orders and inflects as it wants.

mod chosen;
mod en;
mod fr;
mod keeping;
mod public_record;
mod safety;
mod talk;

use allod_client_core::export::ExportWords;
use allod_client_core::history::HistoryStep;
use leptos::prelude::{Get, RwSignal, Set};

pub use chosen::Chosen;
pub use en::ENGLISH;
pub use fr::FRENCH;
pub use keeping::Keeping;
pub use public_record::PublicRecord;
pub use safety::Safety;
pub use talk::Talk;

/// A language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
}

impl Language {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::English, Self::French];

    /// For `lang` attributes, and where the choice is kept.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// Whose dates are written.
    pub fn locale(self) -> &'static str {
        match self {
            Self::English => "en-GB",
            Self::French => "fr-FR",
        }
    }

    /// The language that goes best with a tag such as `fr-CA`, if any does.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| tag.split('-').next() == Some(language.tag()))
    }

    /// Its words.
    pub fn strings(self) -> &'static Strings {
        match self {
            Self::English => &ENGLISH,
            Self::French => &FRENCH,
        }
    }
}

/// One text of the interface.
pub type Text = fn(&Strings) -> &'static str;

/// Which language is shown: what reads it follows its changes.
#[derive(Debug, Clone, Copy)]
pub struct Words(RwSignal<Language>);

impl Words {
    /// Starts with this language.
    pub fn new(language: Language) -> Self {
        Self(RwSignal::new(language))
    }

    /// The language now.
    pub fn language(self) -> Language {
        self.0.get()
    }

    /// Changes it.
    pub fn choose(self, language: Language) {
        self.0.set(language);
    }

    /// The words now.
    pub fn get(self) -> &'static Strings {
        self.0.get().strings()
    }

    /// One text, as a child or an attribute that follows the language.
    pub fn text(self, of: Text) -> impl Fn() -> &'static str + Copy + Send + Sync {
        move || of(self.get())
    }
}

/// Every word. Errors say what happened, what was not lost, and what to do.
#[allow(missing_docs, reason = "a text is best described by itself; fields are named for where they stand")]
#[derive(Debug)]
pub struct Strings {
    pub language_name: &'static str,
    // Starting and joining.
    pub starting: &'static str,
    pub elsewhere_title: &'static str,
    pub elsewhere: &'static str,
    pub uninvited_title: &'static str,
    pub uninvited: &'static str,
    pub link_label: &'static str,
    pub link_open: &'static str,
    pub link_wrong: &'static str,
    pub link_contact: &'static str,
    pub link_contact_joined: fn(&str) -> String,
    pub invited_by: fn(&str) -> String,
    pub adds_device_title: fn(&str) -> String,
    pub cannot_see: fn(&str) -> String,
    pub can_see: &'static str,
    pub browser_weaker: &'static str,
    pub your_name: &'static str,
    pub name_hint: &'static str,
    pub name_wrong: &'static str,
    pub name_taken: &'static str,
    pub join: &'static str,
    pub add_this_device: &'static str,
    pub joining: &'static str,
    pub link_spent: &'static str,
    pub broken_title: &'static str,
    pub broken_storage: &'static str,
    pub broken_bug: &'static str,
    pub try_again: &'static str,
    // The list.
    pub skip_to_messages: &'static str,
    pub conversations: &'static str,
    pub settings: &'static str,
    pub new_conversation: &'static str,
    pub search: &'static str,
    pub nothing_found: &'static str,
    pub more_found: fn(u64) -> String,
    pub still_looking: &'static str,
    pub none_yet_title: &'static str,
    pub none_yet: &'static str,
    pub you: &'static str,
    pub you_said: fn(&str) -> String,
    pub unread: fn(u64) -> String,
    pub choose_one: &'static str,
    // New conversation, adding people.
    pub people: &'static str,
    pub find_people: &'static str,
    pub loading_people: &'static str,
    pub nobody_else: &'static str,
    pub group_title: &'static str,
    pub group_title_hint: &'static str,
    pub start: &'static str,
    pub add_people: &'static str,
    pub add_count: fn(usize) -> String,
    pub remove_from_choice: fn(&str) -> String,
    pub administrator: &'static str,
    // A conversation.
    pub back: &'static str,
    pub close: &'static str,
    pub readers_line: fn(usize, usize) -> String,
    pub message: &'static str,
    pub send: &'static str,
    pub attach: &'static str,
    pub drop_here: &'static str,
    pub today: &'static str,
    pub yesterday: &'static str,
    pub status_sending: &'static str,
    pub status_sent: &'static str,
    pub status_failed: &'static str,
    pub discard: &'static str,
    pub newer_kind: &'static str,
    pub deleted: &'static str,
    pub state_creating: &'static str,
    pub state_rejoining: &'static str,
    pub state_removed: &'static str,
    pub state_left: &'static str,
    pub state_forked: &'static str,
    pub go_on: &'static str,
    pub forget: &'static str,
    pub empty_conversation: &'static str,
    pub messages: &'static str,
    // What one does to a message.
    pub message_menu: &'static str,
    pub react: &'static str,
    pub reactions: &'static str,
    pub more_reactions: &'static str,
    pub other_reaction: &'static str,
    pub answer: &'static str,
    pub answer_to: fn(&str) -> String,
    pub answered_is_gone: &'static str,
    pub go_to_answered: &'static str,
    pub leave_answer: &'static str,
    pub copy_text: &'static str,
    pub edit: &'static str,
    pub editing: &'static str,
    pub leave_edit: &'static str,
    pub edited: &'static str,
    pub said_before: &'static str,
    pub details: &'static str,
    pub from: &'static str,
    pub sent_at: &'static str,
    pub state: &'static str,
    pub delete: &'static str,
    pub delete_title: &'static str,
    pub delete_ask: &'static str,
    pub delete_ask_others: &'static str,
    pub deleted_by: fn(&str) -> String,
    // Files.
    pub download: fn(&str) -> String,
    pub file: &'static str,
    pub send_files: fn(usize) -> String,
    pub caption: &'static str,
    pub do_not_send: fn(&str) -> String,
    pub send_originals: &'static str,
    pub send_originals_hint: &'static str,
    pub picture_unreadable: &'static str,
    pub preparing: &'static str,
    pub open_picture: fn(&str) -> String,
    pub picture_before: &'static str,
    pub picture_after: &'static str,
    pub record: &'static str,
    pub recording: &'static str,
    pub discard_recording: &'static str,
    pub send_recording: &'static str,
    pub voice_message: &'static str,
    pub play: &'static str,
    pub stop_playing: &'static str,
    pub playing_position: &'static str,
    pub playing_speed: fn(&str) -> String,
    pub microphone_refused: &'static str,
    pub microphone_missing: &'static str,
    pub pause_transfer: &'static str,
    pub resume_transfer: &'static str,
    pub paused: &'static str,
    pub uploading: fn(&str) -> String,
    pub downloading: fn(&str) -> String,
    pub cancel: &'static str,
    pub file_too_large: &'static str,
    pub upload_failed: fn(&str) -> String,
    pub upload_lost: fn(&str) -> String,
    pub download_failed: fn(&str) -> String,
    pub sizes: [&'static str; 4],
    pub decimal: char,
    // Events within a conversation; the first argument is who did it.
    pub you_started: &'static str,
    pub added: fn(&str, &str) -> String,
    pub added_you: fn(&str) -> String,
    pub removed: fn(&str, &str) -> String,
    pub removed_you: fn(&str) -> String,
    pub left: fn(&str) -> String,
    pub renamed: fn(&str, &str) -> String,
    pub role_changed: fn(&str, &str, &str) -> String,
    pub device_added: fn(&str, &str) -> String,
    pub device_removed: fn(&str) -> String,
    pub members_may_add: fn(&str) -> String,
    pub only_admins_add: fn(&str) -> String,
    pub rejoined: fn(&str) -> String,
    pub messages_missing: &'static str,
    pub taken_out: &'static str,
    pub you_object: &'static str,
    // Who can read this?
    pub who_can_read: &'static str,
    pub opening: fn(usize, usize) -> String,
    pub complete: &'static str,
    pub archives: &'static str,
    pub no_archives: &'static str,
    pub cannot_know: &'static str,
    pub cannot_know_text: &'static str,
    pub lately: &'static str,
    pub device_came: fn(&str, &str) -> String,
    pub device_came_own: fn(&str) -> String,
    pub device_went: fn(&str, &str) -> String,
    pub device_went_own: fn(&str) -> String,
    pub this_device: &'static str,
    pub class_web: &'static str,
    pub class_installed: &'static str,
    pub class_web_short: &'static str,
    pub class_installed_short: &'static str,
    pub since: fn(&str) -> String,
    pub since_by: fn(&str, &str) -> String,
    pub role_owner: &'static str,
    pub role_admin: &'static str,
    pub role_member: &'static str,
    pub remove_person: fn(&str) -> String,
    pub remove_person_ask: fn(&str) -> String,
    pub remove: &'static str,
    pub make_admin: &'static str,
    pub make_member: &'static str,
    pub rename: &'static str,
    pub save: &'static str,
    pub this_conversation: &'static str,
    pub members_add: &'static str,
    pub leave: &'static str,
    pub leave_ask: &'static str,
    // Settings.
    pub language: &'static str,
    pub appearance: &'static str,
    pub theme_system: &'static str,
    pub theme_light: &'static str,
    pub theme_dark: &'static str,
    pub theme_contrast: &'static str,
    pub your_devices: &'static str,
    pub add_device: &'static str,
    pub add_device_text: &'static str,
    pub history_sending: fn(u8) -> String,
    pub history_asked: &'static str,
    pub history_coming: fn(u8) -> String,
    pub history_sent: &'static str,
    pub history_here: &'static str,
    pub history_failed: &'static str,
    pub history_refused: &'static str,
    pub invite_people: &'static str,
    pub invite_text: &'static str,
    pub invite_name: &'static str,
    pub invite_name_hint: &'static str,
    pub invite_admin: &'static str,
    pub invite_make: &'static str,
    pub invite_ready: &'static str,
    pub device_link_ready: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub remove_device: &'static str,
    pub remove_device_ask: &'static str,
    pub about: &'static str,
    pub about_text: fn(&str) -> String,
    pub storage_may_go: &'static str,
    // What is going on.
    pub device_gone: &'static str,
    pub jump_to_latest: &'static str,
    pub new_messages: &'static str,
    pub offline: &'static str,
    pub offline_waiting: fn(usize) -> String,
    pub connecting: &'static str,
    pub hub_misbehaved: fn(&str) -> String,
    pub could_not_add: fn(&str) -> String,
    pub could_not_add_contact: fn(&str) -> String,
    pub could_not_add_device: fn(&str) -> String,
    pub change_dropped: &'static str,
    pub refused: fn(&str) -> String,
    pub refused_too_many: &'static str,
    pub refused_not_allowed: &'static str,
    pub refused_full: &'static str,
    pub refused_clock: &'static str,
    pub core_forked: &'static str,
    pub core_too_long: &'static str,
    pub core_identity: &'static str,
    pub core_leaving: &'static str,
    pub core_not_allowed: &'static str,
    pub core_not_member: &'static str,
    pub core_bug: &'static str,
    pub already_joined: &'static str,
    pub update_ready: &'static str,
    pub reload: &'static str,
    pub dismiss: &'static str,
    pub chosen: Chosen,
    pub public_record: PublicRecord,
    pub safety: Safety,
    pub keeping: Keeping,
    pub talk: Talk,
    pub export: ExportWords,
}

impl Strings {
    /// How far a history is between this device and another one of the user.
    pub fn history(&self, step: HistoryStep) -> String {
        match step {
            HistoryStep::Sending { percent } => (self.history_sending)(percent),
            HistoryStep::Asked => self.history_asked.to_owned(),
            HistoryStep::Coming { percent } => (self.history_coming)(percent),
            HistoryStep::Sent => self.history_sent.to_owned(),
            HistoryStep::Here { .. } => self.history_here.to_owned(),
            HistoryStep::Failed => self.history_failed.to_owned(),
            HistoryStep::Refused => self.history_refused.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browsers_tag_finds_its_language() {
        assert_eq!(Language::from_tag("fr-CA"), Some(Language::French));
        assert_eq!(Language::from_tag("en"), Some(Language::English));
        assert_eq!(Language::from_tag("frr"), None);
    }

    #[test]
    fn counts_are_inflected() {
        assert_eq!((ENGLISH.readers_line)(1, 1), "1 person, 1 device");
        assert_eq!((ENGLISH.readers_line)(7, 11), "7 people, 11 devices");
        assert_eq!((FRENCH.readers_line)(1, 2), "1 personne, 2 appareils");
        let names = ["Bob", "Chloé", "Dan"].map(str::to_owned);
        assert_eq!((ENGLISH.talk.typing)(&names[..1]), "Bob is typing…");
        assert_eq!((FRENCH.talk.typing)(&names[..2]), "Bob et Chloé écrivent…");
        assert_eq!((ENGLISH.talk.typing)(&names), "3 people are typing…");
    }
}
