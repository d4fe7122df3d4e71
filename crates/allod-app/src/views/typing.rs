//! Who is typing: a line above the composer that comes and goes. Nothing announces it, and nothing moves for it.

use allod_wire::Address;
use leptos::html;
use leptos::prelude::*;

use crate::state::Ui;
use crate::test_ids;

/// In the open conversation.
pub(super) fn view(ui: Ui) -> AnyView {
    let text = Memo::new(move |_| ui.current().and_then(|current| said(ui, &current.typing)));
    let dots =
        || html::span().attr("class", "typing-dots").attr("aria-hidden", "true").child([(); 3].map(|()| html::i()));
    let line = move |text: String| {
        let words = html::span().attr("class", "clip").child(text);
        html::p().attr("class", "typing").attr("data-test", test_ids::TYPING).child((dots(), words))
    };
    (move || text.get().map(line)).into_any()
}

/// That these people type, if anybody does.
pub(super) fn said(ui: Ui, typing: &[Address]) -> Option<String> {
    let names: Vec<String> = typing.iter().map(|person| ui.name_of(person)).collect();
    (!names.is_empty()).then(|| (ui.words.get().talk.typing)(&names))
}
