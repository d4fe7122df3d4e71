//! The way back: each step away from the list is an entry of the browser's history, so that the back gesture of a phone and
//! our own button do the same.

use std::cell::Cell;

use leptos::prelude::*;

use crate::state::Ui;

thread_local! {
    /// Entries of the history that are ours and were not gone back over.
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// From now on, steps away from the list go into the history.
pub(super) fn follow(ui: Ui) {
    Effect::new(move |before: Option<usize>| {
        let depth = ui.depth();
        if before.is_some_and(|before| depth > before) && window().history().is_ok_and(|history| remember(&history)) {
            STEPS.set(STEPS.get() + 1);
        }
        depth
    });
    let handle = window_event_listener(leptos::ev::popstate, move |_| {
        STEPS.set(STEPS.get().saturating_sub(1));
        ui.go_back();
    });
    on_cleanup(move || handle.remove());
}

/// Goes one step back.
pub(super) fn back(ui: Ui) {
    let went = STEPS.get() > 0 && window().history().is_ok_and(|history| history.back().is_ok());
    if !went {
        ui.go_back();
    }
}

fn remember(history: &web_sys::History) -> bool {
    history.push_state_with_url(&wasm_bindgen::JsValue::NULL, "", None).is_ok()
}
