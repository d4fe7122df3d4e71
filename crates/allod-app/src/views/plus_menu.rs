//! What can be added to a message, or sent instead of one.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::composer::{change, field_id, file_input_id};
use super::dialog::close;
use super::message_menu::{below, item};
use super::panes::focus;
use crate::dialog::Dialog;
use crate::draft::Place;
use crate::icons::{CHECK, CLIP, PLUS, POLL};
use crate::state::Ui;
use crate::test_ids;

/// The button beside the field.
pub(super) fn button(ui: Ui, place: Place) -> AnyView {
    let label = ui.words.text(|words| words.talk.add);
    html::button()
        .attr("type", "button")
        .attr("class", "icon-button")
        .attr("data-test", if place.thread.is_some() { test_ids::THREAD_PLUS } else { test_ids::PLUS })
        .attr("aria-haspopup", "menu")
        .attr("aria-label", label)
        .attr("title", label)
        .on(leptos::ev::click, move |event| ui.show(Dialog::Plus(place), Some(below(event.current_target()))))
        .child(PLUS.view())
        .into_any()
}

/// The menu.
pub(super) fn view(ui: Ui, place: Place) -> AnyView {
    let file = move || {
        close(ui);
        let input = document().get_element_by_id(file_input_id(place));
        if let Some(input) = input.and_then(|input| input.dyn_into::<web_sys::HtmlElement>().ok()) {
            input.click();
        }
    };
    let ask_for_it = move || {
        close(ui);
        change(ui, place, |draft| draft.asks = true);
        request_animation_frame(move || focus(field_id(place)));
    };
    let items = (
        item(ui, CLIP, |words| words.attach, "", test_ids::PLUS_FILE, file),
        item(ui, POLL, |words| words.talk.poll, "", test_ids::PLUS_POLL, move || ui.show(Dialog::Poll(place), None)),
        item(ui, CHECK, |words| words.talk.ask_acknowledgement, "", test_ids::PLUS_ACKNOWLEDGEMENT, ask_for_it),
    );
    html::div()
        .attr("class", "menu-items")
        .attr("role", "menu")
        .attr("aria-label", ui.words.text(|words| words.talk.add))
        .child(items)
        .into_any()
}
