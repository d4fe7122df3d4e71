//! One file for each group of verbs.

pub(crate) mod account;
pub(crate) mod act;
pub(crate) mod admin;
pub(crate) mod backup;
pub(crate) mod conversation;
pub(crate) mod export;
pub(crate) mod file;
pub(crate) mod follow;
pub(crate) mod join;
pub(crate) mod ledger;
pub(crate) mod local;
pub(crate) mod message;
pub(crate) mod passphrase;
pub(crate) mod poll;
pub(crate) mod search;
pub(crate) mod verify;
pub(crate) mod watch;
