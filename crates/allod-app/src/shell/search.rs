//! Searching the history that this browser keeps: reads the index at the first search, and makes it in steps for what is older.

use allod_client_core::rows::SEGMENTS;
use allod_client_core::search::SearchQuery;
use allod_wire::{LogId, Position};
use leptos::prelude::{GetUntracked, Set, WithUntracked};

use super::actor::Actor;
use super::{Command, Input, Stop, post};
use crate::state::Pane;

/// Most messages that are shown.
const HITS: usize = 50;
/// Rows of old history that are indexed between two answers.
const STEP_ROWS: u32 = 500;
/// Lines that are loaded before the one that was found.
const LEAD_LINES: u32 = 30;

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
        let first = self.ui.lines.with_untracked(|lines| lines.first().and_then(|line| line.position));
        if first.is_none_or(|first| first > position.0) && self.ui.earlier.get_untracked() {
            let before = self.vault.history(log, Some(position), LEAD_LINES).await?;
            let rest = self.vault.history_since(log, position).await?;
            let mut lines = self.read_lines(&before.rows).await?;
            lines.extend(self.read_lines(&rest).await?);
            self.ui.earlier.set(before.earlier);
            self.ui.lines.set(lines);
        }
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
