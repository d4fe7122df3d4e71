//! Searching the history of a profile: loads what the core keeps for it once, and indexes in steps what is older than search.

use allod_client_core::ClientCore;
use allod_client_core::rows::{SEGMENTS, history_key, history_prefix};
use allod_client_core::search::{Found, SearchQuery};

use crate::client::Client;
use crate::error::ClientError;
use crate::vault::behind_prefix;

/// Rows of old history that are indexed at a time.
const STEP_ROWS: u32 = 500;

impl Client {
    /// Searches all of the history on this device. The first search of a run reads the index, and the very first of an old profile
    /// makes it: then `progress` hears how many entries are left at most.
    ///
    /// # Errors
    /// If the vault fails.
    pub async fn search(&self, query: SearchQuery, progress: &mut dyn FnMut(u64)) -> Result<Found, ClientError> {
        if !self.look(ClientCore::is_search_loaded).await? {
            let segments = self.read(|vault| vault.last_rows(SEGMENTS, &behind_prefix(SEGMENTS), u32::MAX)).await?;
            self.act(move |core, _, _| ((), core.load_search(segments))).await?;
        }
        while let Some(unindexed) = self.look(ClientCore::unindexed).await? {
            progress(unindexed.left);
            let (start, end) = (history_prefix(unindexed.log), history_key(unindexed.log, unindexed.before));
            let rows = self.read(move |vault| vault.last_rows(&start, &end, STEP_ROWS)).await?;
            self.act(move |core, _, _| ((), core.index_history(unindexed.log, &rows))).await?;
        }
        self.look(move |core| core.search(&query)).await
    }
}
