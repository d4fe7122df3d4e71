//! A message: what it says, when, and how far it is.

use allod_client_core::receipts::Reach;
use allod_client_core::view::{MessageBody, MessageView, Status};
use allod_wire::markup::plain;
use allod_wire::{EntryId, LogId};
use leptos::html;
use leptos::prelude::*;

use super::{acknowledgement, message_menu, poll, quote, reactions, rich_text, thread};
use crate::dialog::Dialog;
use crate::format::clock_time;
use crate::icons::{CHECK, CHECKS, CLOCK, FORWARD};
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
    let forwarded = view.forwarded.then(|| forwarded(ui));
    let said = (forwarded, quote::view(ui, &view), body(ui, &view), acknowledgement::view(ui, &view), meta(ui, &view));
    let under = (reactions::view(ui, &view), thread::open_button(ui, &view));
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

/// What it says.
pub(super) fn body(ui: Ui, view: &MessageView) -> AnyView {
    match &view.body {
        MessageBody::Text { text, formatted } => rich_text::view(ui, text, *formatted),
        MessageBody::Reaction { text } => rich_text::view(ui, text, false),
        MessageBody::Poll { poll } => poll::view(ui, view, poll),
        MessageBody::File { file, caption } => {
            let written = (!caption.is_empty()).then(|| rich_text::view(ui, caption, false));
            (super::file::view(ui, view, file, caption), written).into_any()
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

/// That somebody wrote it for another conversation.
fn forwarded(ui: Ui) -> AnyView {
    let text = html::span().child(ui.words.text(|words| words.talk.forwarded));
    let line = html::span().attr("class", "forwarded small soft").attr("data-test", test_ids::FORWARDED);
    line.child((FORWARD.small(), text)).into_any()
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

fn meta(ui: Ui, view: &MessageView) -> AnyView {
    let mark = view.own.then(|| match view.status {
        Status::Sending => marked(ui, CLOCK.small(), |words| words.status_sending),
        Status::Sent => reach(ui, view.position),
        Status::Failed => failed(ui, view.log, view.id),
    });
    let edited = view.marks.is_edited().then(|| edited(ui, view));
    html::span().attr("class", "meta").child((edited, clock_time(view.time), mark)).into_any()
}

/// That the server has it, or how many of the others have it, or have read it.
fn reach(ui: Ui, position: Option<u64>) -> AnyView {
    let reach = Memo::new(move |_| {
        let of = |position| ui.receipts.with(|receipts| Reach::of(receipts, position));
        position.map(of).unwrap_or_default()
    });
    let others = Memo::new(move |_| ui.current().map_or(1, |current| current.people.len()));
    let text = move || {
        let (words, Reach { had, read }) = (ui.words.get(), reach.get());
        match (had, read) {
            (0, 0) => words.status_sent.to_owned(),
            (_, 0) => (words.talk.delivered_to)(had, others.get()),
            (_, _) => (words.talk.read_by)(read, others.get()),
        }
    };
    let name = move || match reach.get() {
        Reach { had: 0, read: 0 } => "sent",
        Reach { read: 0, .. } => "delivered",
        Reach { .. } => "read",
    };
    let icon = move || if reach.get() == Reach::default() { CHECK.small() } else { CHECKS.small() };
    html::span()
        .attr("class", "reach")
        .attr("data-test", test_ids::REACH)
        .attr("data-name", name)
        .attr("title", text)
        .child((icon, html::span().attr("class", "sr-only").child(text)))
        .into_any()
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
