//! Searching the history that this browser keeps: reads the index at the first search, and makes it in steps for what is older.

use allod_client_core::rows::SEGMENTS;
use allod_client_core::search::SearchQuery;
use allod_wire::{LogId, Position};
use leptos::prelude::{Set, WithUntracked};

use super::actor::Actor;
use super::{Command, Input, Stop, post};
use crate::state::Pane;

/// Most messages that are shown.
const HITS: usize = 50;
/// Rows of old history that are indexed between two answers.
const STEP_ROWS: u32 = 500;

impl Actor {
    /// Shows what is found, or nothing if nothing is looked for.
    pub(super) async fn search(&mut self, text: String) -> Result<(), Stop> {
        self.sought = text;
        if self.sought.trim().is_empty() {
            self.ui.found.set(None);
            return Ok(());
        }
        if self.core.as_ref().is_some_and(|core| !core.is_search_loaded()) {
            let segments = self.vault.starting_with(SEGMENTS).await?;
            let effects = self.with_core(|core| core.load_search(segments));
            self.carry_out(effects).await?;
        }
        self.show_found();
        Ok(())
    }

    /// Indexes a part of the history that is not indexed yet, then answers anew: what the user does meanwhile comes in between.
    pub(super) async fn index_history(&mut self) -> Result<(), Stop> {
        let Some(unindexed) = self.core.as_ref().and_then(|core| core.unindexed()) else { return Ok(()) };
        let page = self.vault.history(unindexed.log, Some(unindexed.before), STEP_ROWS).await?;
        let effects = self.with_core(|core| core.index_history(unindexed.log, &page.rows));
        self.carry_out(effects).await?;
        self.show_found();
        Ok(())
    }

    fn show_found(&self) {
        let Some(core) = self.core.as_ref().filter(|_| !self.sought.trim().is_empty()) else { return };
        let query = SearchQuery { text: self.sought.clone(), limit: HITS, ..SearchQuery::default() };
        self.ui.found.set(Some(core.search(&query)));
        if core.unindexed().is_some() {
            post(Input::Command(Command::IndexHistory));
        }
    }

    /// Shows a message in its conversation.
    pub(super) async fn jump(&mut self, log: LogId, position: Position) -> Result<(), Stop> {
        self.open(log).await?;
        self.load_around(log, position).await?;
        self.ui.pane.set(Pane::Conversation);
        let root = self.ui.lines.with_untracked(|lines| {
            lines.iter().find(|line| line.position == Some(position.0)).and_then(|line| line.thread)
        });
        if let Some(root) = root {
            self.open_thread(log, root).await?;
        }
        self.ui.jump.set(Some(position));
        Ok(())
    }
}
