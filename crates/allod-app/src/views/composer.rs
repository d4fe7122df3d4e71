//! Where one writes: Enter sends, Shift-Enter starts a line, files by button or by dropping them.

use allod_wire::LogId;
use leptos::html;
use leptos::prelude::*;
use web_sys::FileList;

use super::panes::COMPOSER_ID;
use crate::icons::{CLIP, SEND};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// The field grows up to this many lines.
const ROWS_MAX: usize = 8;

pub(super) fn view(ui: Ui, log: LogId) -> AnyView {
    let text = RwSignal::new(ui.drafts.with_untracked(|drafts| drafts.get(&log).cloned().unwrap_or_default()));
    let write = move |value: String| {
        ui.drafts.update(|drafts| drop(drafts.insert(log, value.clone())));
        text.set(value);
    };
    let send = move || {
        let wanted = text.get_untracked().trim().to_owned();
        if !wanted.is_empty() {
            ask(Command::SendText(log, wanted));
            write(String::new());
        }
    };
    let keys = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send();
        }
    };
    let label = ui.words.text(|words| words.message);
    let area = html::textarea()
        .attr("class", "composer-text")
        .attr("id", COMPOSER_ID)
        .attr("data-test", test_ids::COMPOSER)
        .attr("placeholder", label)
        .attr("aria-label", label)
        .attr("rows", move || text.with(|text| text.lines().count().clamp(1, ROWS_MAX)).to_string())
        .prop("value", move || text.get())
        .on(leptos::ev::input, move |event| write(event_target_value(&event)))
        .on(leptos::ev::keydown, keys);
    let is_empty = Memo::new(move |_| text.with(|text| text.trim().is_empty()));
    let send_label = ui.words.text(|words| words.send);
    let button = html::button()
        .attr("type", "submit")
        .attr("class", "icon-button primary")
        .attr("data-test", test_ids::SEND)
        .attr("aria-label", send_label)
        .attr("title", send_label)
        .attr("disabled", move || is_empty.get())
        .child(SEND.view());
    focus_on_a_desk();
    html::form()
        .attr("class", "composer")
        .on(leptos::ev::submit, move |event| {
            event.prevent_default();
            send();
        })
        .child((attach(ui, log), html::div().attr("class", "composer-box").child(area), button))
        .into_any()
}

fn attach(ui: Ui, log: LogId) -> AnyView {
    let input = NodeRef::<html::Input>::new();
    let label = ui.words.text(|words| words.attach);
    let choose = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let chosen = move |_| {
        if let Some(input) = input.get_untracked() {
            send_files(log, input.files());
            input.set_value("");
        }
    };
    let field = html::input()
        .attr("type", "file")
        .attr("multiple", true)
        .attr("hidden", true)
        .attr("data-test", test_ids::FILE_INPUT)
        .on(leptos::ev::change, chosen)
        .node_ref(input);
    let button = html::button()
        .attr("type", "button")
        .attr("class", "icon-button")
        .attr("aria-label", label)
        .attr("title", label)
        .on(leptos::ev::click, choose)
        .child(CLIP.view());
    (field, button).into_any()
}

/// Sends what was chosen or dropped.
pub(super) fn send_files(log: LogId, files: Option<FileList>) {
    let Some(files) = files else { return };
    let files: Vec<_> = (0..files.length()).filter_map(|index| files.get(index)).collect();
    if !files.is_empty() {
        ask(Command::SendFiles(log, files));
    }
}

/// On a desk one can write at once; on a phone the keyboard would hide what one came to read.
fn focus_on_a_desk() {
    let desk = window().match_media("(min-width: 760px)").ok().flatten().is_some_and(|query| query.matches());
    if desk {
        request_animation_frame(|| super::panes::focus(COMPOSER_ID));
    }
}
