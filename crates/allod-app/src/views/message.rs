//! A message: what it says, when, and how far it is.

use allod_client_core::view::{MessageBody, MessageView, Status};
use allod_wire::{EntryId, LogId};
use leptos::html;
use leptos::prelude::*;

use crate::format::{Stretch, clock_time, stretches};
use crate::icons::{CHECK, CLOCK};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

pub(super) fn view(ui: Ui, view: MessageView, first: bool, last: bool, group: bool) -> AnyView {
    let author = (group && first && !view.own)
        .then(|| html::span().attr("class", "message-author").child(ui.name_of(&view.sender)));
    let mut class = String::from("message");
    for (name, on) in [("own", view.own), ("first", first), ("last", last)] {
        if on {
            class.push(' ');
            class.push_str(name);
        }
    }
    let status = match view.status {
        Status::Sending => "sending",
        Status::Sent => "sent",
        Status::Failed => "failed",
    };
    let own = view.own.to_string();
    html::li()
        .attr("class", class)
        .attr("id", super::search::line_id(view.position))
        .attr("data-test", test_ids::MESSAGE)
        .attr("data-status", status)
        .attr("data-own", own)
        .child((author, html::div().attr("class", "bubble").child((body(ui, &view), meta(ui, &view)))))
        .into_any()
}

fn body(ui: Ui, view: &MessageView) -> AnyView {
    match &view.body {
        MessageBody::Text { text, .. } | MessageBody::Reaction { text } => text_view(text),
        MessageBody::Poll { poll } => text_view(&poll.question),
        MessageBody::File { file, caption } => {
            let caption = (!caption.is_empty()).then(|| text_view(caption));
            (super::file::view(ui, view.log, view.id, file.clone()), caption).into_any()
        }
        MessageBody::Deleted => soft(ui, |words| words.deleted),
        MessageBody::Unknown { .. } => soft(ui, |words| words.newer_kind),
        MessageBody::System { .. } => ().into_any(),
    }
}

fn soft(ui: Ui, text: crate::strings::Text) -> AnyView {
    html::span().attr("class", "soft").child(ui.words.text(text)).into_any()
}

fn text_view(text: &str) -> AnyView {
    let parts = stretches(text).into_iter().map(|stretch| match stretch {
        Stretch::Text(text) => text.into_any(),
        Stretch::Link(address) => html::a()
            .attr("href", address.clone())
            .attr("target", "_blank")
            .attr("rel", "noopener noreferrer")
            .child(address)
            .into_any(),
    });
    html::span()
        .attr("class", "message-text")
        .attr("data-test", test_ids::MESSAGE_TEXT)
        .child(parts.collect_view())
        .into_any()
}

fn meta(ui: Ui, view: &MessageView) -> AnyView {
    let mark = view.own.then(|| match view.status {
        Status::Sending => marked(ui, CLOCK.small(), |words| words.status_sending),
        Status::Sent => marked(ui, CHECK.small(), |words| words.status_sent),
        Status::Failed => failed(ui, view.log, view.id),
    });
    html::span().attr("class", "meta").child((clock_time(view.time), mark)).into_any()
}

/// The server will not take it: says so, and lets the user take it away.
fn failed(ui: Ui, log: LogId, id: EntryId) -> AnyView {
    let discard = html::button()
        .attr("type", "button")
        .attr("class", "failed")
        .on(leptos::ev::click, move |_| ask(Command::Discard(log, id)))
        .child(ui.words.text(|words| words.discard));
    (html::span().attr("class", "failed").child(ui.words.text(|words| words.status_failed)), discard).into_any()
}

fn marked(ui: Ui, icon: AnyView, text: crate::strings::Text) -> AnyView {
    let text = ui.words.text(text);
    let words = html::span().attr("class", "sr-only").child(text);
    html::span().attr("title", text).child((icon, words)).into_any()
}
