//! What the open conversation holds of its history, and how that moves along it ([`crate::window`] says what is let go).

use allod_wire::{LogId, Position};
use leptos::prelude::{GetUntracked, Set, Update, WithUntracked};

use super::Stop;
use super::actor::{Actor, PAGE_LINES};
use crate::window;

/// Lines that are loaded before the one that is looked for.
const LEAD_LINES: u32 = 30;

impl Actor {
    /// Shows the open conversation with the end of its history.
    pub(super) async fn load_end(&mut self) -> Result<(), Stop> {
        let Some(log) = self.ui.open.get_untracked() else { return Ok(()) };
        let page = self.vault.history(log, None, PAGE_LINES).await?;
        let lines = self.read_lines(&page.rows).await?;
        self.ui.earlier.set(page.more);
        self.ui.later.set(false);
        self.ui.lines.set(lines);
        Ok(())
    }

    /// Puts earlier history before what is held, unless that begins elsewhere by now.
    pub(super) async fn load_earlier(&mut self, asked: Option<u64>) -> Result<(), Stop> {
        let Some(log) = self.ui.open.get_untracked().filter(|_| self.ui.earlier.get_untracked()) else { return Ok(()) };
        let first = self.ui.lines.with_untracked(|lines| lines.first().and_then(|line| line.position));
        if first != asked {
            return Ok(());
        }
        let page = self.vault.history(log, first.map(Position), PAGE_LINES).await?;
        let earlier = self.read_lines(&page.rows).await?;
        self.ui.earlier.set(page.more);
        let mut lines = self.ui.lines.get_untracked();
        if window::put_before(&mut lines, earlier) {
            self.ui.later.set(true);
        }
        self.ui.lines.set(lines);
        Ok(())
    }

    /// Puts later history behind what is held, unless that ends elsewhere by now.
    pub(super) async fn load_later(&mut self, asked: Option<u64>) -> Result<(), Stop> {
        let Some(log) = self.ui.open.get_untracked().filter(|_| self.ui.later.get_untracked()) else { return Ok(()) };
        let last = self.ui.lines.with_untracked(|lines| lines.last().and_then(|line| line.position));
        if last != asked {
            return Ok(());
        }
        let from = Position(last.map_or(0, |last| last + 1));
        let page = self.vault.history_from(log, from, PAGE_LINES).await?;
        let later = self.read_lines(&page.rows).await?;
        self.ui.later.set(page.more);
        let let_go = self.ui.lines.try_update(|lines| window::put_behind(lines, later));
        if let_go == Some(true) {
            self.ui.earlier.set(true);
        }
        Ok(())
    }

    /// Holds what stands around a position, unless that is held already.
    pub(super) async fn load_around(&mut self, log: LogId, position: Position) -> Result<(), Stop> {
        if self.ui.lines.with_untracked(|lines| window::holds(lines, position.0)) {
            return Ok(());
        }
        let before = self.vault.history(log, Some(position), LEAD_LINES).await?;
        let behind = self.vault.history_from(log, position, PAGE_LINES).await?;
        let mut lines = self.read_lines(&before.rows).await?;
        lines.extend(self.read_lines(&behind.rows).await?);
        self.ui.earlier.set(before.more);
        self.ui.later.set(behind.more);
        self.ui.lines.set(lines);
        Ok(())
    }
}
