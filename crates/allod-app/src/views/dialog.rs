//! What stands over the window. Menus and questions are a sheet at the lower edge of a phone; on a desk they are where one pressed,
//! or in the middle. The browser keeps the keyboard within them, closes them with Esc and the back gesture, and gives the keyboard
//! back to where it was.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};

use super::{conversation_menu, forward, message_details, message_menu, plus_menu, poll, reactions};
use crate::dialog::{Dialog, Opened};
use crate::gesture::Point;
use crate::state::Ui;
use crate::strings::Text;
use crate::test_ids;

/// A dialog keeps so far from the edges of the window.
const MARGIN_PIXELS: f64 = 8.0;

/// How one leaves what stands over the window, besides by what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// By Esc and the back gesture.
    ByEsc,
    /// By pressing beside it, too.
    ByPressingBeside,
}

/// The menu or question that is open, if one is.
pub(super) fn view(ui: Ui) -> AnyView {
    let any = Memo::new(move |_| ui.dialog.with(Option::is_some));
    (move || any.get().then(|| opened(ui))).into_any()
}

fn opened(ui: Ui) -> AnyView {
    let node = NodeRef::<html::Dialog>::new();
    let name = Memo::new(move |_| ui.dialog.with(|opened| opened.as_ref().map(|opened| name(&opened.dialog))));
    let title = move || name.get().map(|name| name(ui.words.get()).to_owned()).unwrap_or_default();
    Effect::new(move |_| {
        if let (Some(Opened { at, .. }), Some(dialog)) = (ui.dialog.get(), node.get()) {
            // What it holds is in the page by then.
            request_animation_frame(move || place(&dialog, at));
        }
    });
    let content = move || ui.dialog.get().map(|opened| body(ui, opened.dialog));
    over_window(node, ("dialog", test_ids::DIALOG), title, (Leave::ByPressingBeside, move || close(ui)), content)
}

/// Stands over the window until it is closed. The keyboard stays within it, and goes back to where it was.
pub(super) fn over_window(
    node: NodeRef<html::Dialog>,
    (class, test): (&'static str, &'static str),
    title: impl Fn() -> String + Send + Sync + 'static,
    (leave, close): (Leave, impl Fn() + Clone + 'static),
    content: impl IntoView + 'static,
) -> AnyView {
    let open = StoredValue::new_local(None::<HtmlDialogElement>);
    Effect::new(move |_| {
        if let Some(dialog) = node.get() {
            // Refused only where it is open already.
            drop(dialog.show_modal());
            open.set_value(Some(dialog));
        }
    });
    on_cleanup(move || {
        if let Some(dialog) = open.try_get_value().flatten() {
            dialog.close();
        }
    });
    let closed = close.clone();
    let pressed = move |event: web_sys::MouseEvent| {
        // Outside of what it holds is the element itself.
        let on_itself = event.target().zip(event.current_target()).is_some_and(|(target, own)| target == own);
        if on_itself && leave == Leave::ByPressingBeside {
            close();
        }
    };
    html::dialog()
        .attr("class", class)
        .attr("data-test", test)
        .attr("aria-label", title)
        .on(leptos::ev::click, pressed)
        .on(leptos::ev::close, move |_| closed())
        .on(leptos::ev::keydown, |event| {
            if event.key() == "Escape" {
                event.stop_propagation();
            }
        })
        .node_ref(node)
        .child(content.into_any())
        .into_any()
}

/// Closes what is open.
pub(super) fn close(ui: Ui) {
    ui.dialog.set(None);
}

fn name(dialog: &Dialog) -> Text {
    match dialog {
        Dialog::Conversation(_) => |words| words.chosen.menu,
        Dialog::Menu(_) => |words| words.message_menu,
        Dialog::Reactions(_) => |words| words.react,
        Dialog::Details(_) => |words| words.details,
        Dialog::Forward(_) => |words| words.talk.forward_to,
        Dialog::Plus(_) => |words| words.talk.add,
        Dialog::Poll(_) => |words| words.talk.poll,
        Dialog::Delete(_) => |words| words.delete,
    }
}

fn body(ui: Ui, dialog: Dialog) -> AnyView {
    let (class, inner) = match dialog {
        Dialog::Conversation(log) => ("dialog-body menu", conversation_menu::view(ui, log)),
        Dialog::Menu(message) => ("dialog-body menu", message_menu::view(ui, *message)),
        Dialog::Reactions(message) => ("dialog-body", reactions::all(ui, &message)),
        Dialog::Details(message) => ("dialog-body wide", message_details::view(ui, *message)),
        Dialog::Forward(message) => ("dialog-body", forward::view(ui, *message)),
        Dialog::Plus(place) => ("dialog-body menu", plus_menu::view(ui, place)),
        Dialog::Poll(place) => ("dialog-body", poll::make(ui, place)),
        Dialog::Delete(message) => ("dialog-body", message_menu::ask_delete(ui, message)),
    };
    html::div().attr("class", class).on(leptos::ev::keydown, |event| keys(&event)).child(inner).into_any()
}

/// Puts it where it belongs, and the keyboard on what comes first in it.
fn place(dialog: &HtmlDialogElement, at: Option<Point>) {
    let style = HtmlElement::style(dialog);
    let size = dialog.get_bounding_client_rect();
    let within = |wanted: f64, size: f64, window: Result<wasm_bindgen::JsValue, _>| {
        let window = window.ok().and_then(|pixels| pixels.as_f64()).unwrap_or_default();
        wanted.min(window - size - MARGIN_PIXELS).max(MARGIN_PIXELS)
    };
    match at {
        Some(Point { x, y }) => {
            let left = within(x, size.width(), window().inner_width());
            let top = within(y, size.height(), window().inner_height());
            drop(dialog.set_attribute("data-placed", "true"));
            drop(style.set_property("--left", &format!("{left}px")));
            drop(style.set_property("--top", &format!("{top}px")));
        }
        None => drop(dialog.remove_attribute("data-placed")),
    }
    // Where there is something to write, one writes.
    let field = dialog.query_selector("input[type=text]").ok().flatten().and_then(|field| field.dyn_into().ok());
    let first = field.filter(|_| dialog.query_selector(".poll-answers").is_ok_and(|found| found.is_some()));
    if let Some(first) = first.or_else(|| controls(dialog).into_iter().next()) {
        drop(first.focus());
    }
}

fn controls(dialog: &web_sys::Element) -> Vec<HtmlElement> {
    let Ok(all) = dialog.query_selector_all("button:not(:disabled)") else { return Vec::new() };
    (0..all.length()).filter_map(|index| all.get(index)?.dyn_into().ok()).collect()
}

/// The arrows lead through the buttons; within a row of them, up and down leave it.
fn keys(event: &web_sys::KeyboardEvent) {
    let Some(dialog) = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return;
    };
    let all = controls(&dialog);
    // In a field the arrows are for what is written.
    let Some(active) = document().active_element().filter(|active| active.tag_name() != "INPUT") else { return };
    let Some(at) = all.iter().position(|one| **one == active) else { return };
    let in_row = |one: &HtmlElement| one.closest(".emoji-row").ok().flatten().is_some();
    let (count, row) = (all.len(), in_row(&all[at]));
    let next = match event.key().as_str() {
        "ArrowRight" => (at + 1) % count,
        "ArrowLeft" => (at + count - 1) % count,
        "ArrowDown" if row => all.iter().position(|one| !in_row(one)).unwrap_or(at),
        "ArrowDown" => (at + 1) % count,
        "ArrowUp" if row => count - 1,
        "ArrowUp" => (at + count - 1) % count,
        "Home" => 0,
        "End" => count - 1,
        _ => return,
    };
    event.prevent_default();
    drop(all[next].focus());
}
