//! Reading history: rows become lines, each as it is now, with what was done to it and the beginning of what it answers.

use allod_client_core::ClientCore;
use allod_client_core::marks::QuoteView;
use allod_client_core::rows::{
    annotations_prefix, answers, history_key, history_position, history_prefix, place_key, position,
};
use allod_client_core::view::MessageView;
use allod_wire::mimi::MessageId;
use allod_wire::{LogId, Position};

use crate::client::Client;
use crate::error::ClientError;
use crate::vault::{Row, Vault, VaultError, behind_prefix};

impl Client {
    /// Lines of a conversation's history, the last ones before `before` (or of all), at most `limit`, in order.
    ///
    /// # Errors
    /// If the vault fails.
    pub async fn history(
        &self,
        log: LogId,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Vec<MessageView>, ClientError> {
        let prefix = history_prefix(log);
        let end = before.map_or_else(|| behind_prefix(&prefix), |position| history_key(log, position));
        let rows = self.read(move |vault| vault.last_rows(&prefix, &end, limit)).await?;
        self.decode(rows.into_iter().rev().collect()).await
    }

    /// Lines of a conversation's history behind `position`, the last ones if there are more than `limit`, in order.
    ///
    /// # Errors
    /// If the vault fails.
    pub async fn history_after(
        &self,
        log: LogId,
        position: Position,
        limit: u32,
    ) -> Result<Vec<MessageView>, ClientError> {
        let (start, end) = (history_key(log, position.next()), behind_prefix(&history_prefix(log)));
        let rows = self.read(move |vault| vault.last_rows(&start, &end, limit)).await?;
        self.decode(rows.into_iter().rev().collect()).await
    }

    /// Lines of a conversation's history from `from` on, the first ones, at most `limit` rows of it, in order; and where it goes on, if
    /// it does.
    ///
    /// # Errors
    /// If the vault fails.
    pub async fn history_from(
        &self,
        log: LogId,
        from: Position,
        limit: u32,
    ) -> Result<(Vec<MessageView>, Option<Position>), ClientError> {
        let (start, end) = (history_key(log, from), behind_prefix(&history_prefix(log)));
        let rows = self.read(move |vault| vault.first_rows(&start, &end, limit)).await?;
        let last = rows.last().and_then(|(key, _)| history_position(key));
        Ok((self.decode(rows).await?, last.map(Position::next)))
    }

    /// One message as it is now; `None` if it is not in this device's history.
    ///
    /// # Errors
    /// If the vault fails.
    pub async fn message(&self, log: LogId, id: MessageId) -> Result<Option<MessageView>, ClientError> {
        let row = self.read(move |vault| row_of(vault, log, &id)).await?;
        Ok(self.decode(row.into_iter().collect()).await?.pop())
    }

    /// The answers in the thread of a message, in order (rule M-8).
    ///
    /// # Errors
    /// If the vault fails.
    pub async fn thread(&self, log: LogId, root: MessageId) -> Result<Vec<MessageView>, ClientError> {
        let prefix = annotations_prefix(log, &root);
        let rows = self.read(move |vault| {
            let acts = vault.last_rows(&prefix, &behind_prefix(&prefix), ANNOTATIONS_MAX)?;
            let places = answers(acts.iter().map(|(key, value)| (key.as_slice(), value.as_slice())));
            let row =
                |position| Ok(vault.get(&history_key(log, position))?.map(|value| (history_key(log, position), value)));
            places.into_iter().filter_map(|position| row(position).transpose()).collect()
        });
        self.decode(rows.await?).await
    }

    /// History rows as lines, each as it is now.
    async fn decode(&self, rows: Vec<Row>) -> Result<Vec<MessageView>, ClientError> {
        let mut lines = self.read_lines(rows).await?;
        let answered: Vec<_> = lines.iter().filter_map(|line| Some((line.log, line.in_reply_to?))).collect();
        let row = move |vault: &Vault| answered.iter().map(|(log, id)| row_of(vault, *log, id)).collect();
        let answered: Vec<Option<Row>> = self.read(row).await?;
        let answered = self.read_lines(answered.into_iter().flatten().collect()).await?;
        for line in &mut lines {
            let is_it = |other: &&MessageView| other.log == line.log && other.message_id == line.in_reply_to;
            line.quote = line.in_reply_to.and_then(|_| answered.iter().find(is_it)).map(QuoteView::of);
        }
        Ok(lines)
    }

    async fn read_lines(&self, rows: Vec<Row>) -> Result<Vec<MessageView>, ClientError> {
        let read = move |core: &ClientCore| -> Vec<MessageView> {
            // A line that a newer release wrote is left out; it is there again after the upgrade.
            rows.iter().filter_map(|(key, value)| core.read_history(key, value).ok()).collect()
        };
        let lines = self.look(read).await?;
        let annotated = move |vault: &Vault| lines.into_iter().map(|line| annotations(vault, line)).collect();
        let lines: Vec<(MessageView, Vec<Row>)> = self.read(annotated).await?;
        let fold = move |core: &ClientCore| {
            let fold = |(mut line, rows): (MessageView, Vec<Row>)| {
                core.fold(&mut line, rows.iter().map(|(key, value)| (key.as_slice(), value.as_slice())));
                line
            };
            lines.into_iter().map(fold).collect()
        };
        self.look(fold).await
    }
}

/// The history row of a message.
fn row_of(vault: &Vault, log: LogId, id: &MessageId) -> Result<Option<Row>, VaultError> {
    let Some(place) = vault.get(&place_key(log, id))? else { return Ok(None) };
    let Ok(position) = position(&place) else { return Ok(None) };
    let key = history_key(log, position);
    Ok(vault.get(&key)?.map(|value| (key, value)))
}

/// A line with what acts on it.
fn annotations(vault: &Vault, line: MessageView) -> Result<(MessageView, Vec<Row>), VaultError> {
    let Some(id) = line.message_id else { return Ok((line, Vec::new())) };
    let prefix = annotations_prefix(line.log, &id);
    let rows = vault.last_rows(&prefix, &behind_prefix(&prefix), ANNOTATIONS_MAX)?;
    Ok((line, rows))
}

/// Rows beside one message that are read: more than a group's people make in a message's life.
const ANNOTATIONS_MAX: u32 = 50_000;
