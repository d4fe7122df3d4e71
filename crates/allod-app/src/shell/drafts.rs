//! What was begun and not sent: kept while it is written, and there again when its conversation is opened.

use allod_client_core::local::Draft as Kept;
use leptos::prelude::{Update, WithUntracked};

use super::Stop;
use super::actor::Actor;
use crate::draft::{Draft, Place, Purpose};

impl Actor {
    /// Keeps all that was changed.
    pub(super) async fn keep_drafts(&mut self) -> Result<(), Stop> {
        let begun: Vec<(Place, Kept)> =
            self.ui.drafts.with_untracked(|drafts| drafts.iter().map(|(place, draft)| (*place, kept(draft))).collect());
        for (Place { log, thread }, draft) in begun {
            // Of a conversation that is gone nothing is kept.
            let effects = self.with_core(|core| core.set_draft(log, thread, draft).unwrap_or_default());
            self.carry_out(effects).await?;
        }
        Ok(())
    }

    /// Takes up what was begun in a place before the page was opened.
    pub(super) async fn take_up_draft(&mut self, place: Place) -> Result<(), Stop> {
        if self.ui.drafts.with_untracked(|drafts| drafts.contains_key(&place)) {
            return Ok(());
        }
        let one = self.core.as_ref().and_then(|core| core.conversation(place.log));
        let kept = one.and_then(|one| one.local.draft_in(place.thread).cloned());
        let Some(Kept { text, in_reply_to }) = kept else { return Ok(()) };
        let answered = match in_reply_to {
            Some(id) => self.line(place.log, &id).await?,
            None => None,
        };
        let purpose = answered.map_or(Purpose::New, |line| Purpose::Answer(Box::new(line)));
        self.ui.drafts.update(|drafts| drop(drafts.insert(place, Draft { text, purpose, ..Draft::default() })));
        Ok(())
    }
}

/// What is kept of a draft: of an edit what stood in the field before.
fn kept(draft: &Draft) -> Kept {
    match &draft.purpose {
        Purpose::New => Kept { text: draft.text.clone(), in_reply_to: None },
        Purpose::Answer(message) => Kept { text: draft.text.clone(), in_reply_to: message.message_id },
        Purpose::Edit { before, .. } => Kept { text: before.clone(), in_reply_to: None },
    }
}
