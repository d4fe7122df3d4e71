//! Every maximum of the protocol, by name. Both sides enforce them.

/// Largest payload of one entry, in bytes: the last size class ([`crate::size_class`]).
pub const ENTRY_PAYLOAD_BYTES_MAX: usize = 4 << 20;
/// Largest body of a request other than a blob chunk, in bytes.
pub const REQUEST_BYTES_MAX: usize = ENTRY_PAYLOAD_BYTES_MAX + (1 << 20);
/// Token changes in one entry.
pub const TOKEN_CHANGES_MAX: usize = 4_096;
/// Members (token keys) of one log.
pub const LOG_MEMBERS_MAX: usize = 8_192;
/// Entries in one page of a read.
pub const PAGE_ENTRIES_MAX: u32 = 1_024;
/// Payload bytes in one page of a read: a page holds at least one entry, and stops at this size.
pub const PAGE_BYTES_MAX: usize = 4 << 20;
/// Largest sealed inbox item, in bytes.
pub const INBOX_ITEM_BYTES_MAX: usize = 64 << 10;
/// Items that wait in one inbox.
pub const INBOX_ITEMS_MAX: usize = 10_000;
/// Largest key package, in bytes.
pub const KEY_PACKAGE_BYTES_MAX: usize = 16 << 10;
/// One-time key packages that wait for one device.
pub const KEY_PACKAGES_MAX: usize = 200;
/// Devices of one user.
pub const DEVICES_MAX: usize = 16;
/// Tickets in one request.
pub const TICKETS_MAX: u32 = 256;
/// Largest chunk of a blob upload, in bytes; a chunk is a multiple of [`BLOB_BLOCK_BYTES`].
pub const BLOB_CHUNK_BYTES_MAX: usize = 4 << 20;
/// A blob is sealed in blocks of this many bytes, the authentication tag included (rule B-2).
pub const BLOB_BLOCK_BYTES: usize = 64 << 10;
/// Largest blob, in bytes.
pub const BLOB_BYTES_MAX: u64 = 2 << 30;
/// Logs that one socket subscribes to.
pub const SUBSCRIPTIONS_MAX: usize = 4_096;
/// Largest frame on the socket, in bytes.
pub const FRAME_BYTES_MAX: usize = REQUEST_BYTES_MAX;
/// Length of a whisper, in bytes: one for all, so that it says nothing (rules H-8, M-13).
pub const WHISPER_BYTES: usize = 128;
/// Longest user name, in bytes.
pub const USER_NAME_BYTES_MAX: usize = 63;
/// Longest domain, in bytes.
pub const DOMAIN_BYTES_MAX: usize = 253;
/// Largest statement of the ledger, in bytes (rule G-2).
pub const LEDGER_STATEMENT_BYTES_MAX: usize = 32 << 10;
/// Acts in one answer about the ledger (rule G-13).
pub const NEWS_ACTS_MAX: usize = 64;
/// Largest witness policy, in bytes (rule G-9).
pub const WITNESS_POLICY_BYTES_MAX: usize = 16 << 10;
/// Witnesses of a policy, and groups of a policy (rule G-9).
pub const WITNESSES_MAX: usize = 32;
/// Administrators of an organisation (rule G-6).
pub const ADMINISTRATORS_MAX: usize = 64;
/// Files of a release (rule G-21).
pub const RELEASE_ARTIFACTS_MAX: usize = 64;
/// Bytes of each name in a release: product, version, commit, files (rule G-21).
pub const RELEASE_NAME_BYTES_MAX: usize = 100;
/// Users whose entries one epoch of the directory changes (rule Y-5).
pub const EPOCH_CHANGES_MAX: usize = 1_024;
/// Largest proof of a directory's entry, in bytes (rule Y-7).
pub const LOOKUP_PROOF_BYTES_MAX: usize = 64 << 10;
/// Versions in the proof of an entry's history: the newest (rule Y-8).
pub const HISTORY_VERSIONS_MAX: usize = 128;
/// Largest proof of an entry's history, in bytes (rule Y-8).
pub const HISTORY_PROOF_BYTES_MAX: usize = 2 << 20;
/// Largest proof that an epoch of the directory only added, in bytes (rule Y-10).
pub const APPEND_ONLY_PROOF_BYTES_MAX: usize = 4 << 20;
