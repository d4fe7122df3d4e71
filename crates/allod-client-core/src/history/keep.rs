//! Taking a part in: what it holds becomes rows, but for what this device has read itself. Spec: rule D-5.

use allod_wire::{LogId, Position};

use super::get::Coming;
use crate::conversation::{Conversation, ConversationRow};
use crate::core::ClientCore;
use crate::records::{BadRecords, ConversationRecord, Head, Kept, Past, RecordsIn};
use crate::rows::Row;

impl ClientCore {
    /// Reads a part to its end, and then keeps it.
    pub(crate) fn keep_part(&mut self, content: &[u8], coming: &mut Coming) -> Result<(), BadRecords> {
        let mut records = RecordsIn::default();
        let past = records.push(content)?;
        let records = records.finish()?;
        if !matches!(records.head, Head::Part(number) if number == coming.next) {
            return Err(BadRecords);
        }
        // Of what other devices alone have read, all is kept.
        let is_missing = |conversation: &Conversation, position: Position| {
            let row = &conversation.row;
            let is_before = row.lacks_beginning && row.since.is_some_and(|since| position < since);
            let is_found = row.since.is_none() && coming.found.contains(&row.log);
            is_before || is_found || row.missed.contains(&position)
        };
        let held = |one: &&Past| {
            let conversation = self.conversations.get(&one.log());
            conversation.is_none_or(|conversation| is_missing(conversation, one.position()))
        };
        let missing: Vec<&Past> = past.iter().filter(held).collect();
        for pin in records.people {
            self.contacts.learn(pin);
        }
        for record in records.conversations {
            coming.covered.push((record.log, record.read_to));
            self.keep_conversation(record, &mut coming.found);
        }
        for one in missing {
            coming.lines += u64::from(matches!(one.kept(), Kept::Line(..)));
            self.keep_past(one);
        }
        Ok(())
    }

    fn keep_conversation(&mut self, record: ConversationRecord, found: &mut Vec<LogId>) {
        match self.conversations.get_mut(&record.log) {
            Some(conversation) if conversation.row.lacks_beginning && conversation.row.last.is_none() => {
                conversation.row.last = record.last;
            }
            // One that the account is in waits for its welcome; its lines are there then.
            None if !record.is_member => {
                found.push(record.log);
                let row = Row::new(ConversationRow::remembered(&record));
                self.conversations.insert(record.log, Conversation::stored(row, None));
            }
            _ => {}
        }
    }

    fn keep_past(&mut self, one: &Past) {
        match one.kept() {
            Kept::Line(log, message) => {
                self.note_past_for_search(*log, message, false);
                if let Some(id) = message.id(*log) {
                    self.look_at_late(*log, id);
                }
            }
            Kept::Annotation(log, message, position, annotation) => {
                if annotation.deletes(*message) {
                    self.look_at_replaced(*log, *message);
                }
                self.note_past_for_search(*log, &annotation.as_message(*position), annotation.chief);
            }
        }
        for (key, value) in one.rows() {
            self.writes.put_bytes(key, value);
        }
    }
}
