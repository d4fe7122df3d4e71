//! The client of Allod without input and output: what it keeps, what it sends, what it believes. One for native and web.
//!
//! A shell hands in what the user asks (verbs), what the world did (`handle_*`), the time and randomness, and gets back a list of
//! [`Effect`]s to carry out in order. Everything that the core knows is in rows that it asks the shell to persist; a
//! crash between any two effects loses nothing and doubles nothing. Spec: `spec/conversation.md`.
//!
//! Invariants:
//! - what leaves the device was persisted before, with all that follows from it, in one write;
//! - log state changes only by entries in the order of the log;
//! - nobody becomes a reader without a line in the history of every member's device.

mod account;
mod acts;
mod administration;
mod advance;
mod annotation;
pub mod backup;
mod contacts;
mod content;
mod conversation;
mod core;
mod create;
mod effect;
mod erasure;
mod error;
pub mod export;
mod files;
mod fold;
pub mod glimpse;
pub mod history;
mod inbox;
mod intent;
mod job;
pub mod join;
pub mod keeping;
pub mod ledger;
pub mod local;
pub mod marks;
mod message;
pub mod metadata;
mod outbox;
mod own_history;
mod pending;
mod plan;
mod proven;
mod pump;
mod queries;
pub mod receipts;
mod receive;
mod records;
mod rejoin;
mod request;
mod responses;
mod roles;
mod roster;
pub mod rows;
pub mod safety;
pub mod search;
mod socket;
mod stage;
mod state;
mod stock;
mod system;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod transfer;
mod typing;
mod verbs;
pub mod view;
mod views;
mod vouched;

#[cfg(test)]
mod tests;

pub use account::Settings;
pub use acts::{Sent, With};
pub use administration::{ActView, AdministrationError, AdministrationView, AdministratorView};
pub use allod_mls::{Suite, WriteSet};
pub use annotation::REACTION_BYTES_MAX;
pub use content::{OPTION_BYTES_MAX, OPTIONS_MAX, Poll, QUESTION_BYTES_MAX};
pub use core::{ClientCore, RestoreError};
pub use create::New;
pub use effect::{Effect, Event, RequestId, Verb};
pub use error::{AddFailure, CoreError};
pub use fold::REACTIONS_EACH_MAX;
pub use message::SystemEvent;
pub use request::{HttpRequest, Method, Plane};
pub use state::{Kind, Role};
pub use verbs::ForkChoice;
pub use vouched::InRecord;
