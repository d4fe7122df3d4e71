//! What the server decides: one pure function for each operation, in a file of its own, and the [`Store`] that carries them out.
//!
//! Nothing here knows a socket, a disk, a clock or a source of randomness: a decision is handed what the store holds about the
//! matter (a view), the request, and the time, and says what to write. A store calls it where its writes are put in order, so
//! that between the decision and the write nothing can change. Spec: `spec/log.md`, `blob.md`, `account.md`, `inbox.md`.

pub mod accept_entry;
pub mod accounts;
pub mod buy_tickets;
pub mod claim_key_packages;
pub mod contact_policy;
#[cfg(feature = "contract")]
pub mod contract;
pub mod create_log;
pub mod failure;
pub mod hints;
pub mod inbox;
pub mod invite;
pub mod join;
pub mod ledger_store;
pub mod log_state;
pub mod move_cursor;
pub mod policy;
pub mod put_inbox_item;
pub mod rate;
pub mod read_blob;
pub mod read_entries;
pub mod remove_device;
pub mod renew_session;
pub mod retention;
pub mod store;
pub mod upload_chunk;
pub mod upload_key_packages;

pub use accounts::{Caller, UserSummary};
pub use failure::{Failure, Refusal};
pub use hints::Hint;
pub use ledger_store::LedgerStore;
pub use log_state::{LogState, Member};
pub use policy::Policy;
pub use store::{Outcome, Store};
