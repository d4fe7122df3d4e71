//! From rows to lines: each as it is now, with what was done to it and the beginning of what it answers.

use allod_client_core::marks::QuoteView;
use allod_client_core::rows;
use allod_client_core::view::MessageView;
use allod_wire::LogId;
use allod_wire::mimi::MessageId;
use futures_util::future::try_join_all;
use leptos::prelude::{GetUntracked, Update, WithUntracked};

use super::Stop;
use super::actor::Actor;
use super::vault::Row;

impl Actor {
    /// History rows as lines.
    pub(super) async fn read_lines(&self, rows: &[Row]) -> Result<Vec<MessageView>, Stop> {
        try_join_all(rows.iter().map(|row| self.read_line(row)))
            .await
            .map(|lines| lines.into_iter().flatten().collect())
    }

    /// Brings what the open conversation shows up to date after messages were changed.
    pub(super) async fn refresh_changed(&mut self) -> Result<(), Stop> {
        let open = self.ui.open.get_untracked();
        for (log, id) in std::mem::take(&mut self.changed) {
            self.refresh_thread(log, &id).await?;
            let is_shown = self.ui.lines.with_untracked(|lines| {
                lines.iter().any(|line| line.message_id == Some(id) || line.in_reply_to == Some(id))
            });
            let Some(row) = self.row_of(log, &id).await?.filter(|_| open == Some(log) && is_shown) else { continue };
            let Some(new) = self.read_line(&row).await? else { continue };
            self.ui.lines.update(|lines| {
                for line in lines.iter_mut().filter(|line| line.in_reply_to == Some(id)) {
                    line.quote = Some(QuoteView::of(&new));
                }
                if let Some(line) = lines.iter_mut().find(|line| line.message_id == Some(id)) {
                    *line = new;
                }
            });
        }
        Ok(())
    }

    /// One message as it is now; none if it is not in this browser's history.
    pub(super) async fn line(&self, log: LogId, id: &MessageId) -> Result<Option<MessageView>, Stop> {
        match self.row_of(log, id).await? {
            Some(row) => self.read_line(&row).await,
            None => Ok(None),
        }
    }

    pub(super) async fn read_line(&self, row: &Row) -> Result<Option<MessageView>, Stop> {
        let Some(mut line) = self.folded(row).await? else { return Ok(None) };
        if let Some(root) = line.thread
            && self.row_of(line.log, &root).await?.is_none()
        {
            // Where its thread began is not held here: it is shown among the others rather than nowhere.
            line.thread = None;
        }
        if let Some(id) = line.in_reply_to
            && let Some(answered) = self.row_of(line.log, &id).await?
        {
            line.quote = self.folded(&answered).await?.as_ref().map(QuoteView::of);
        }
        Ok(Some(line))
    }

    async fn folded(&self, (key, value): &Row) -> Result<Option<MessageView>, Stop> {
        let Some(core) = &self.core else { return Ok(None) };
        // A row that cannot be read is from a later release; the others are shown.
        let Ok(mut line) = core.read_history(key, value) else { return Ok(None) };
        if let Some(id) = line.message_id {
            let acts = self.vault.with_prefix(&rows::annotations_prefix(line.log, &id)).await?;
            core.fold(&mut line, acts.iter().map(|(key, value)| (key.as_slice(), value.as_slice())));
        }
        Ok(Some(line))
    }

    pub(super) async fn row_of(&self, log: LogId, id: &MessageId) -> Result<Option<Row>, Stop> {
        let Some(place) = self.vault.get(&rows::place_key(log, id)).await? else { return Ok(None) };
        let Ok(position) = rows::position(&place) else { return Ok(None) };
        let key = rows::history_key(log, position);
        Ok(self.vault.get(&key).await?.map(|value| (key, value)))
    }
}

/// The same lines with the beginning of what they answer, as far as that is among those shown.
pub(super) fn quoted<T: AsMut<[MessageView]>>(mut lines: T, shown: &[MessageView]) -> T {
    for line in lines.as_mut().iter_mut().filter(|line| line.quote.is_none() && line.in_reply_to.is_some()) {
        let answered = shown.iter().find(|other| other.message_id == line.in_reply_to);
        line.quote = answered.map(QuoteView::of);
    }
    lines
}
