//! Lines as a shell shows them, and what is done to them.

use allod_wire::{LogId, UnixMillis};
use rand_chacha::ChaCha20Rng;

use super::{Peer, Who, World};
use crate::acts::Sent;
use crate::core::ClientCore;
use crate::error::CoreError;
use crate::marks::QuoteView;
use crate::rows;
use crate::view::{MessageBody, MessageView};

impl World {
    /// A line as it is now, with the beginning of what it answers.
    pub(super) fn folded(&self, who: Who, mut line: MessageView) -> MessageView {
        let Peer { core, vault, .. } = &self.peers[who.0];
        let with = |prefix: Vec<u8>| vault.range(prefix.clone()..).take_while(move |(key, _)| key.starts_with(&prefix));
        if let Some(id) = line.message_id {
            let rows = with(rows::annotations_prefix(line.log, &id));
            core.fold(&mut line, rows.map(|(key, value)| (key.as_slice(), value.as_slice())));
        }
        let place = line.in_reply_to.and_then(|id| vault.get(&rows::place_key(line.log, &id)));
        if let Some(position) = place.and_then(|value| rows::position(value).ok()) {
            let key = rows::history_key(line.log, position);
            let answered = vault.get(&key).and_then(|value| core.read_history(&key, value).ok());
            line.quote = answered.map(|answered| QuoteView::of(&self.folded(who, answered)));
        }
        line
    }

    /// The line that says `text`.
    pub fn line(&self, who: Who, log: LogId, text: &str) -> MessageView {
        let is_it = |line: &MessageView| matches!(&line.body, MessageBody::Text { text: said, .. } if said == text);
        self.history(who, log).into_iter().find(is_it).expect("somebody said it")
    }

    /// Sends by a verb.
    pub fn send(
        &mut self,
        who: Who,
        verb: impl FnOnce(&mut ClientCore, UnixMillis, &mut ChaCha20Rng) -> Sent,
    ) -> Result<(), CoreError> {
        self.act(who, |core, now, rng| verb(core, now, rng).map(|(_, effects)| effects))
    }
}
