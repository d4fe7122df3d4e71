//! Threads: the message that began one, and the answers, read from where they stand.

use allod_client_core::rows;
use allod_wire::LogId;
use allod_wire::mimi::MessageId;
use leptos::prelude::{GetUntracked, Set, WithUntracked};

use super::Stop;
use super::actor::Actor;
use crate::draft::Place;
use crate::state::{Pane, Thread};

impl Actor {
    /// Shows the thread that began with this message beside its conversation.
    pub(super) async fn open_thread(&mut self, log: LogId, root: MessageId) -> Result<(), Stop> {
        let thread = self.read_thread(log, &root).await?;
        if thread.is_some() {
            self.take_up_draft(Place { log, thread: Some(root) }).await?;
            self.ui.thread.set(thread);
            self.ui.details.set(true);
            self.ui.pane.set(Pane::Details);
        }
        Ok(())
    }

    /// What stands in the thread that is shown was looked at.
    pub(super) async fn mark_thread(&mut self) -> Result<(), Stop> {
        let shown = self.ui.thread.with_untracked(|thread| thread.as_ref().map(|thread| thread.root.clone()));
        let Some((log, Some(root))) = shown.map(|root| (root.log, root.message_id)) else { return Ok(()) };
        if self.ui.details.get_untracked() {
            let effects = self.verb(|core| core.mark_thread_read(log, root));
            self.carry_out(effects).await?;
        }
        Ok(())
    }

    /// Reads the thread that is shown anew if this message is of it.
    pub(super) async fn refresh_thread(&mut self, log: LogId, changed: &MessageId) -> Result<(), Stop> {
        let root = self.ui.thread.with_untracked(|thread| {
            let thread = thread.as_ref().filter(|thread| thread.root.log == log)?;
            let mut all = thread.answers.iter().chain([&thread.root]);
            all.any(|line| line.message_id == Some(*changed)).then_some(thread.root.message_id)?
        });
        if let Some(root) = root.filter(|_| self.ui.open.get_untracked() == Some(log)) {
            let thread = self.read_thread(log, &root).await?;
            self.ui.thread.set(thread);
        }
        Ok(())
    }

    async fn read_thread(&self, log: LogId, root: &MessageId) -> Result<Option<Thread>, Stop> {
        let Some(row) = self.row_of(log, root).await? else { return Ok(None) };
        let Some(line) = self.read_line(&row).await? else { return Ok(None) };
        let acts = self.vault.with_prefix(&rows::annotations_prefix(log, root)).await?;
        let mut answers = Vec::new();
        for place in rows::answers(acts.iter().map(|(key, value)| (key.as_slice(), value.as_slice()))) {
            let key = rows::history_key(log, place);
            if let Some(value) = self.vault.get(&key).await? {
                answers.extend(self.read_line(&(key, value)).await?);
            }
        }
        Ok(Some(Thread { root: line, answers }))
    }
}
