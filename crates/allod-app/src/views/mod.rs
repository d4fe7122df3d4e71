//! The interface: one component a file, each a function from [`crate::state::Ui`] to elements.

mod acknowledgement;
mod backup;
mod banners;
mod code;
mod composer;
mod conversation;
mod conversation_list;
mod dialog;
mod event_line;
mod export;
mod file;
mod forward;
mod line_acts;
mod mentions;
mod message;
mod message_details;
mod message_menu;
mod new_conversation;
mod panes;
mod parts;
mod people_picker;
mod plus_menu;
mod poll;
mod quote;
mod reactions;
mod readers;
mod restore;
mod rich_text;
mod safety;
mod search;
mod settings;
mod thread;
mod way_back;
mod welcome;

pub(crate) use event_line::sentence;
pub use panes::app;
