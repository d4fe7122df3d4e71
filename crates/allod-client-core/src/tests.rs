//! Whole conversations, each test a sentence.

mod backup;
mod basics;
mod content;
mod crashes;
mod devices;
mod erasure;
mod files;
mod groups;
mod history;
mod hub_lies;
mod keeping;
mod ledger;
mod races;
mod receipts;
mod rules;
mod safety;
mod talk;
mod typing;
