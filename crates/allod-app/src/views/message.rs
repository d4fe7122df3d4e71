//! A message: what it says, when, and how far it is.

use allod_client_core::view::{MessageBody, MessageView, Status};
use allod_wire::markup::plain;
use allod_wire::{EntryId, LogId};
use leptos::html;
use leptos::prelude::*;

use super::{message_menu, quote, reactions};
use crate::dialog::Dialog;
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
    let said = (quote::view(ui, &view), body(ui, &view), meta(ui, &view));
    let under = reactions::view(ui, &view);
    // Only the message under the mouse has a bar.
    let hovered = RwSignal::new(false);
    let label = label(ui, &view);
    let line = html::li()
        .attr("class", class)
        .attr("id", super::search::line_id(view.position))
        .attr("role", "article")
        .attr("tabindex", "-1")
        .attr("aria-label", label)
        .attr("data-test", test_ids::MESSAGE)
        .attr("data-status", status)
        .attr("data-own", own);
    let is_placed = view.position.is_some();
    let bar = move || (is_placed && hovered.get()).then(|| message_menu::bar(ui, &view));
    line.on(leptos::ev::pointerenter, move |event| hovered.set(event.pointer_type() == "mouse"))
        .on(leptos::ev::pointerleave, move |_| hovered.set(false))
        .child((author, html::div().attr("class", "bubble").child((said, bar)), under))
        .into_any()
}

/// For those who hear it: who, when, what.
fn label(ui: Ui, view: &MessageView) -> impl Fn() -> String + Send + Sync + use<> {
    let (sender, time, body) = (view.sender.clone(), view.time, view.body.clone());
    move || {
        let words = ui.words.get();
        let said = match &body {
            MessageBody::Text { text, formatted: true } => &plain(text),
            MessageBody::Text { text, .. } | MessageBody::Reaction { text } => text,
            MessageBody::Poll { poll } => &poll.question,
            MessageBody::File { file, .. } => &file.name,
            MessageBody::Deleted => words.deleted,
            MessageBody::Unknown { .. } | MessageBody::System { .. } => words.newer_kind,
        };
        format!("{}, {}: {said}", ui.name_or_you(&sender), clock_time(time))
    }
}

fn body(ui: Ui, view: &MessageView) -> AnyView {
    match &view.body {
        MessageBody::Text { text, .. } | MessageBody::Reaction { text } => text_view(text),
        MessageBody::Poll { poll } => text_view(&poll.question),
        MessageBody::File { file, caption } => {
            let caption = (!caption.is_empty()).then(|| text_view(caption));
            (super::file::view(ui, view.log, view.id, file.clone()), caption).into_any()
        }
        MessageBody::Deleted => deleted(ui, view),
        MessageBody::Unknown { .. } => soft(ui, |words| words.newer_kind),
        MessageBody::System { .. } => ().into_any(),
    }
}

/// That it was deleted, and by whom if not by its author.
fn deleted(ui: Ui, view: &MessageView) -> AnyView {
    let by = view.marks.deleted_by.clone().filter(|by| *by != view.sender);
    let text = move || match &by {
        Some(by) => (ui.words.get().deleted_by)(&ui.name_or_you(by)),
        None => ui.words.get().deleted.to_owned(),
    };
    html::span().attr("class", "soft").attr("data-test", test_ids::DELETED).child(text).into_any()
}

/// That it was edited; leads to what it said before.
fn edited(ui: Ui, view: &MessageView) -> AnyView {
    let view = view.clone();
    html::button()
        .attr("type", "button")
        .attr("class", "edited")
        .attr("tabindex", "-1")
        .attr("data-test", test_ids::EDITED)
        .attr("title", ui.words.text(|words| words.said_before))
        .on(leptos::ev::click, move |_| ui.show(Dialog::Details(Box::new(view.clone())), None))
        .child(ui.words.text(|words| words.edited))
        .into_any()
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
    let edited = view.marks.is_edited().then(|| edited(ui, view));
    html::span().attr("class", "meta").child((edited, clock_time(view.time), mark)).into_any()
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
