//! Where one writes: Enter sends, Shift-Enter starts a line, files by button, pasted or dropped. Arrow-up where nothing is
//! written edits the own last message; Esc leaves an edit or an answer.

use allod_client_core::marks::QuoteView;
use allod_client_core::view::MessageView;
use leptos::html;
use leptos::prelude::*;

use super::mentions::{Picker, list_id};
use super::panes::{COMPOSER_ID, THREAD_COMPOSER_ID};
use super::parts::icon_button;
use super::{plus_menu, send_sheet, voice};
use crate::draft::{Draft, Place, Purpose, editable};
use crate::icons::{CHECK, CLOSE, SEND};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::strings::Text;
use crate::test_ids;

/// The field grows up to this many lines.
const ROWS_MAX: usize = 8;

pub(super) fn view(ui: Ui, place: Place) -> AnyView {
    let (log, in_thread) = (place.log, place.thread.is_some());
    let text = Memo::new(move |_| {
        ui.drafts.with(|drafts| drafts.get(&place).map(|draft| draft.text.clone())).unwrap_or_default()
    });
    let send = move || {
        if let Some(taken) = change(ui, place, Draft::take) {
            let asks_acknowledgement = taken.asks;
            let with =
                |in_reply_to| allod_client_core::With { in_reply_to, thread: place.thread, asks_acknowledgement };
            ask(match taken.purpose {
                Purpose::New => Command::SendText(log, taken.text, with(None)),
                Purpose::Answer(message) => Command::SendText(log, taken.text, with(message.message_id)),
                Purpose::Edit { message, .. } => Command::Edit(message, taken.text),
            });
        }
    };
    let picker = Picker::new(ui, place, text);
    let keys = move |event: web_sys::KeyboardEvent| {
        let handled = match event.key().as_str() {
            _ if picker.keys(&event) => true,
            "Enter" if !event.shift_key() && !event.is_composing() => {
                send();
                true
            }
            "Escape" => change(ui, place, Draft::leave),
            "ArrowUp" if text.with_untracked(String::is_empty) => edit_last(ui, place),
            _ => false,
        };
        if handled {
            event.prevent_default();
            event.stop_propagation();
        }
    };
    let label = move || {
        let words = ui.words.get();
        if in_thread { words.talk.answer_in_thread } else { words.message }
    };
    let area = html::textarea()
        .attr("class", "composer-text")
        .attr("id", field_id(place))
        .attr("data-test", if in_thread { test_ids::THREAD_COMPOSER } else { test_ids::COMPOSER })
        .attr("placeholder", label)
        .attr("aria-label", label)
        .attr("aria-controls", list_id(place))
        .attr("aria-activedescendant", move || picker.active())
        .attr("rows", move || text.with(|text| text.lines().count().clamp(1, ROWS_MAX)).to_string())
        .prop("value", move || text.get())
        .on(leptos::ev::input, move |event| {
            let text = event_target_value(&event);
            ask(Command::Typing(log, !text.trim().is_empty()));
            change(ui, place, |draft| draft.text = text);
        })
        .on(leptos::ev::paste, move |event| send_sheet::paste(ui, place.thread, &event))
        .on(leptos::ev::keydown, keys);
    let is_empty = Memo::new(move |_| text.with(|text| text.trim().is_empty()));
    let send_label = ui.words.text(|words| words.send);
    let button = html::button()
        .attr("type", "submit")
        .attr("class", "icon-button primary")
        .attr("data-test", if in_thread { test_ids::THREAD_SEND } else { test_ids::SEND })
        .attr("aria-label", send_label)
        .attr("title", send_label)
        .attr("disabled", move || is_empty.get())
        .child(SEND.view());
    focus_on_a_desk(field_id(place));
    html::form()
        .attr("class", "composer")
        .on(leptos::ev::submit, move |event| {
            event.prevent_default();
            send();
        })
        .child((
            attach(ui, place),
            html::div().attr("class", "composer-box").child((
                picker.view(),
                asking(ui, place),
                purpose(ui, place),
                area,
            )),
            button,
            voice::record(ui, place),
        ))
        .into_any()
}

/// The identifier of the field in which one writes there.
pub(super) fn field_id(place: Place) -> &'static str {
    if place.thread.is_some() { THREAD_COMPOSER_ID } else { COMPOSER_ID }
}

/// The identifier of what takes files there.
pub(super) fn file_input_id(place: Place) -> &'static str {
    if place.thread.is_some() { "thread-file-input" } else { "file-input" }
}

/// Changes the draft of a place.
pub(super) fn change<T>(ui: Ui, place: Place, act: impl FnOnce(&mut Draft) -> T) -> T {
    ui.drafts.try_update(|drafts| act(drafts.entry(place).or_default())).expect("the drafts live as long as the page")
}

/// Takes up the own last message, if it can be changed and nothing is begun.
fn edit_last(ui: Ui, place: Place) -> bool {
    let is_new =
        ui.drafts.with_untracked(|drafts| drafts.get(&place).is_none_or(|draft| draft.purpose == Purpose::New));
    let of = |lines: &Vec<MessageView>| {
        let own = |line: &&MessageView| line.thread == place.thread && editable(line).is_some();
        lines.iter().rev().find(own).cloned()
    };
    let in_thread = || ui.thread.with_untracked(|thread| thread.as_ref().and_then(|thread| of(&thread.answers)));
    let last = ui.lines.with_untracked(of).or_else(in_thread);
    let last = last.filter(|_| is_new);
    let found = last.is_some();
    if let Some(last) = last {
        change(ui, place, |draft| draft.edit(last, &ui.people_here()));
    }
    found
}

/// Above the field: that the message will ask to be acknowledged, and the way out of it.
fn asking(ui: Ui, place: Place) -> impl IntoView {
    let asks = Memo::new(move |_| {
        ui.drafts.with(|drafts| drafts.get(&place).is_some_and(|draft| draft.asks && !draft.edits()))
    });
    move || {
        asks.get().then(|| {
            let leave = move || change(ui, place, |draft| draft.asks = false);
            let text =
                html::span().attr("class", "quote-lines").child(ui.words.text(|words| words.talk.asks_acknowledgement));
            let out = icon_button(ui, CLOSE, |words| words.talk.do_not_ask, "small", test_ids::LEAVE_PURPOSE, leave);
            let strip = html::div().attr("class", "purpose").attr("role", "status").attr("data-test", test_ids::ASKING);
            strip.child((CHECK.small(), text, out))
        })
    }
}

/// Above the field: what is answered or changed, and the way out of it.
fn purpose(ui: Ui, place: Place) -> impl IntoView {
    let purpose = Memo::new(move |_| {
        ui.drafts.with(|drafts| drafts.get(&place).map(|draft| draft.purpose.clone())).unwrap_or_default()
    });
    move || {
        let (edits, message) = match purpose.get() {
            Purpose::New => return None,
            Purpose::Answer(message) => (false, message),
            Purpose::Edit { message, .. } => (true, message),
        };
        let sender = message.sender.clone();
        let title = move || {
            let words = ui.words.get();
            if edits { words.editing.to_owned() } else { (words.answer_to)(&ui.name_or_you(&sender)) }
        };
        let QuoteView { text, .. } = QuoteView::of(&message);
        let leave = move || {
            change(ui, place, Draft::leave);
            super::panes::focus(field_id(place));
        };
        let label: Text = if edits { |words| words.leave_edit } else { |words| words.leave_answer };
        let about = html::span().attr("class", "quote-lines").child((
            html::span().attr("class", "quote-author").child(title),
            html::bdi().attr("class", "clip block").attr("dir", "auto").child(text),
        ));
        let strip = html::div().attr("class", "purpose").attr("role", "status").attr("data-test", test_ids::PURPOSE);
        Some(strip.child((about, icon_button(ui, CLOSE, label, "small", test_ids::LEAVE_PURPOSE, leave))))
    }
}

fn attach(ui: Ui, place: Place) -> AnyView {
    let input = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        if let Some(input) = input.get_untracked() {
            send_sheet::choose(ui, place.thread, send_sheet::listed(input.files()));
            input.set_value("");
        }
    };
    let field = html::input()
        .attr("type", "file")
        .attr("multiple", true)
        .attr("hidden", true)
        .attr("id", file_input_id(place))
        .attr("data-test", if place.thread.is_some() { test_ids::THREAD_FILE_INPUT } else { test_ids::FILE_INPUT })
        .on(leptos::ev::change, chosen)
        .node_ref(input);
    (field, plus_menu::button(ui, place)).into_any()
}

/// On a desk one can write at once; on a phone the keyboard would hide what one came to read.
fn focus_on_a_desk(id: &'static str) {
    let desk = window().match_media("(min-width: 760px)").ok().flatten().is_some_and(|query| query.matches());
    if desk {
        request_animation_frame(move || super::panes::focus(id));
    }
}
