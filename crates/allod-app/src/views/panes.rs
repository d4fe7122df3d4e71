//! The whole window: which page has it, and the three panes.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{
    banners, conversation, conversation_list, dialog, new_conversation, readers, search, settings, thread, way_back,
    welcome,
};
use crate::shell::{Command, ask};
use crate::state::{Phase, Side, Ui};
use crate::test_ids;

/// The identifier of the field that Ctrl-K leads to.
pub(super) const SEARCH_ID: &str = "search";
/// The identifier of the field in which answers of a thread are written.
pub(super) const THREAD_COMPOSER_ID: &str = "thread-composer";
/// The identifier of the field in which messages are written.
pub(super) const COMPOSER_ID: &str = "composer";

/// Drafts are kept so long after the last key.
const KEEP_AFTER: Duration = Duration::from_millis(600);

/// Everything.
pub fn app(ui: Ui) -> AnyView {
    let ready = Memo::new(move |_| ui.phase.get() == Phase::Ready);
    drop(window_event_listener(leptos::ev::keydown, move |event| keys(ui, &event)));
    way_back::follow(ui);
    keep_drafts(ui);
    search::follow_jumps(ui);
    (move || {
        take_away_start_page();
        if ready.get() { panes(ui) } else { welcome::view(ui) }
    })
    .into_any()
}

fn panes(ui: Ui) -> AnyView {
    let side = move || match ui.side.get() {
        Side::Conversations => conversation_list::view(ui),
        Side::New => new_conversation::view(ui),
        Side::Settings => settings::view(ui),
    };
    let in_thread = Memo::new(move |_| ui.thread.with(Option::is_some));
    let details = move || ui.details.get().then(|| if in_thread.get() { thread::view(ui) } else { readers::view(ui) });
    let open = Memo::new(move |_| ui.open.get());
    let conversation = move || match open.get() {
        Some(log) => conversation::view(ui, log),
        None => conversation::nothing_open(ui),
    };
    let skip = html::a()
        .attr("class", "button primary skip")
        .attr("href", "#composer")
        .on(leptos::ev::click, |event| {
            event.prevent_default();
            focus(COMPOSER_ID);
        })
        .child(ui.words.text(|words| words.skip_to_messages));
    html::div()
        .attr("class", "app")
        .attr("data-test", test_ids::APP)
        .attr("data-pane", move || ui.pane.get().name())
        .attr("data-details", move || if ui.details.get() { "open" } else { "closed" })
        .child((
            html::div().attr("class", "banners").attr("aria-live", "polite").child((skip, banners::view(ui))),
            html::nav()
                .attr("class", "pane pane-list")
                .attr("aria-label", ui.words.text(|words| words.conversations))
                .child(side),
            html::main().attr("class", "pane pane-conversation").child(conversation),
            details,
            dialog::view(ui),
        ))
        .into_any()
}

/// What is begun is kept soon after each change.
fn keep_drafts(ui: Ui) {
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |before: Option<()>| {
        ui.drafts.track();
        if before.is_some() {
            let soon = set_timeout_with_handle(|| ask(Command::KeepDrafts), KEEP_AFTER).ok();
            waiting.update_value(|waiting| {
                if let Some(earlier) = std::mem::replace(waiting, soon) {
                    earlier.clear();
                }
            });
        }
    });
}

/// Ctrl-K jumps to the search, Esc goes back.
fn keys(ui: Ui, event: &web_sys::KeyboardEvent) {
    // An open dialog has the keys to itself.
    if ui.phase.get_untracked() != Phase::Ready || ui.dialog.with_untracked(Option::is_some) {
        return;
    }
    if event.key() == "Escape" {
        way_back::back(ui);
    } else if (event.ctrl_key() || event.meta_key()) && event.key() == "k" {
        event.prevent_default();
        ui.side.set(Side::Conversations);
        ui.pane.set(crate::state::Pane::List);
        request_animation_frame(|| focus(SEARCH_ID));
    }
}

/// Puts the keyboard into the element with this identifier.
pub(super) fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        drop(element.focus());
    }
}

/// What `index.html` shows until the app is there.
fn take_away_start_page() {
    if let Some(page) = document().get_element_by_id("starting") {
        page.remove();
    }
}
