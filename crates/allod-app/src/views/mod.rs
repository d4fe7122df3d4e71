//! The interface: one component a file, each a function from [`crate::state::Ui`] to elements.

mod banners;
mod code;
mod composer;
mod conversation;
mod conversation_list;
mod event_line;
mod file;
mod message;
mod new_conversation;
mod panes;
mod parts;
mod people_picker;
mod readers;
mod safety;
mod search;
mod settings;
mod way_back;
mod welcome;

pub use panes::app;
