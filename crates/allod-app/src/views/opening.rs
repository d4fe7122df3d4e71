//! What stands before the first message of a conversation: who can read it, in one sentence.

use leptos::html;
use leptos::prelude::*;

use super::event_line::show_readers;
use crate::icons::EYE;
use crate::state::Ui;
use crate::test_ids;

/// The card; nothing while there is earlier history that is not loaded.
pub(super) fn view(ui: Ui) -> impl IntoView {
    let counts = Memo::new(move |_| ui.current().map(|one| (one.people_count, one.device_count)));
    let says = move || {
        let (people, devices) = counts.get().unwrap_or_default();
        (ui.words.get().opening)(people, devices)
    };
    let is_shown = Memo::new(move |_| !ui.earlier.get() && counts.with(|counts| counts.is_some_and(|(_, n)| n > 0)));
    move || {
        let more = html::button()
            .attr("type", "button")
            .attr("class", "text-button small")
            .on(leptos::ev::click, move |_| show_readers(ui))
            .child(ui.words.text(|words| words.who_can_read));
        let card = html::li().attr("class", "opening").attr("data-test", test_ids::OPENING);
        is_shown.get().then(|| card.child((EYE.view(), html::p().child(says), more)))
    }
}
