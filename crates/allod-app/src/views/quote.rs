//! The beginning of a message that another one answers, in that one and above the field in which one answers.

use allod_client_core::marks::QuoteView;
use allod_client_core::view::MessageView;
use allod_wire::{LogId, Position};
use leptos::html;
use leptos::prelude::*;

use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// Above an answer; a press leads to what it answers. None for what is no answer.
pub(super) fn view(ui: Ui, answer: &MessageView) -> Option<AnyView> {
    answer.in_reply_to?;
    let Some(quote) = answer.quote.clone() else {
        let text = ui.words.text(|words| words.answered_is_gone);
        return Some(html::span().attr("class", "quote soft").child(text).into_any());
    };
    let Some(position) = quote.position else {
        return Some(html::span().attr("class", "quote").child(inner(ui, quote)).into_any());
    };
    Some(button(ui, answer.log, Position(position), quote))
}

fn button(ui: Ui, log: LogId, position: Position, quote: QuoteView) -> AnyView {
    html::button()
        .attr("type", "button")
        .attr("class", "quote")
        .attr("tabindex", "-1")
        .attr("data-test", test_ids::QUOTE)
        .attr("title", ui.words.text(|words| words.go_to_answered))
        .on(leptos::ev::click, move |_| ask(Command::Jump(log, position)))
        .child(inner(ui, quote))
        .into_any()
}

/// Who, and the beginning of what.
pub(super) fn inner(ui: Ui, quote: QuoteView) -> AnyView {
    let QuoteView { sender, text, .. } = quote;
    let deleted = text.is_none();
    let said = move || match &text {
        None => ui.words.get().deleted.to_owned(),
        Some(text) if text.is_empty() => ui.words.get().message.to_owned(),
        Some(text) => text.clone(),
    };
    let author = html::span().attr("class", "quote-author").child(move || ui.name_or_you(&sender));
    let class = if deleted { "quote-text soft" } else { "quote-text" };
    (author, html::bdi().attr("class", class).attr("dir", "auto").child(said)).into_any()
}
