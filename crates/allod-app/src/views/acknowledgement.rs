//! A message that asks to be acknowledged: the button that does it, and how many have.

use allod_client_core::view::MessageView;
use leptos::html;
use leptos::prelude::*;

use super::parts::button;
use crate::dialog::Dialog;
use crate::icons::CHECK;
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// Under what the message says; none if it does not ask.
pub(super) fn view(ui: Ui, message: &MessageView) -> Option<AnyView> {
    if !message.asks_acknowledgement {
        return None;
    }
    let given = message.marks.acknowledged.iter().any(|one| ui.is_me(&one.person));
    let wanted = !message.own && !given && message.position.is_some();
    let (count, shown) = (message.marks.acknowledged.len(), Box::new(message.clone()));
    let give = wanted.then(|| {
        let message = shown.clone();
        let give = move || ask(Command::Acknowledge(message.clone()));
        button(ui, "button primary", |words| words.talk.acknowledge, test_ids::ACKNOWLEDGE, give)
    });
    let said = given.then(|| {
        let text = html::span().child(ui.words.text(|words| words.talk.acknowledged));
        html::span().attr("class", "acknowledged small").child((CHECK.small(), text))
    });
    let others = Memo::new(move |_| ui.current().map_or(0, |current| current.people.len()));
    let own = message.own;
    // Whoever wrote it is not asked.
    let all = move || if own { others.get() } else { others.get().max(count) };
    let how_many = html::button()
        .attr("type", "button")
        .attr("class", "text-button small")
        .attr("tabindex", "-1")
        .attr("data-test", test_ids::ACKNOWLEDGED)
        .on(leptos::ev::click, move |_| ui.show(Dialog::Details(shown.clone()), None))
        .child(move || (ui.words.get().talk.acknowledged_by)(count, all()));
    Some(html::div().attr("class", "acknowledgement").child((give, said, how_many)).into_any())
}
