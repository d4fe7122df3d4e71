//! What a search found: conversations by their names first, then messages, from the best on.

use allod_client_core::Kind;
use allod_client_core::search::{SearchHit, SnippetPart};
use allod_wire::Position;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::panes::SEARCH_ID;
use super::parts::face;
use crate::format::list_time;
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// Frames that a message has to come on the screen after it was jumped to.
const FRAMES_MAX: u32 = 60;

/// The messages found; nothing while nothing is looked for.
pub(super) fn messages(ui: Ui) -> AnyView {
    let hits = Memo::new(move |_| ui.found.with(|found| found.as_ref().map(|found| found.hits.clone())));
    let left_out =
        Memo::new(move |_| ui.found.with(|found| found.as_ref().map_or(0, |found| found.count - found.hits.len())));
    let incomplete = Memo::new(move |_| ui.found.with(|found| found.as_ref().is_some_and(|found| !found.complete)));
    let hint = |text: String| html::p().attr("class", "hint results-hint").child(text);
    let more = move || (left_out.get() > 0).then(|| hint((ui.words.get().more_found)(left_out.get() as u64)));
    let looking = move || incomplete.get().then(|| hint(ui.words.get().still_looking.to_owned()));
    let body = move || {
        let hits = hits.get().filter(|hits| !hits.is_empty())?;
        let rows: Vec<_> = hits.into_iter().map(|hit| row(ui, hit)).collect();
        let heading = html::h2().attr("class", "results-heading").child(ui.words.text(|words| words.messages));
        let list = html::ul().attr("class", "list").attr("data-test", test_ids::HITS).child(rows);
        Some((heading, list))
    };
    html::div().attr("aria-live", "polite").child((body, more, looking)).into_any()
}

/// Whether messages were found, or may be still.
pub(super) fn has_messages(ui: Ui) -> bool {
    ui.found.with(|found| found.as_ref().is_some_and(|found| !found.hits.is_empty() || !found.complete))
}

fn row(ui: Ui, hit: SearchHit) -> AnyView {
    let (log, position) = (hit.log, Position(hit.position));
    let conversation = Memo::new(move |_| ui.conversations.with(|all| all.iter().find(|one| one.log == log).cloned()));
    let title = Memo::new(move |_| conversation.get().map(|one| ui.title_of(&one)).unwrap_or_default());
    let is_group = move || conversation.with(|one| one.as_ref().is_some_and(|one| one.kind == Kind::Group));
    let time = hit.time;
    let first = html::span().attr("class", "row-line").child((
        html::span().attr("class", "row-title clip").child(move || title.get()),
        html::span().attr("class", "row-time").child(move || list_time(time, ui.words.language())),
    ));
    let sender = hit.sender.clone();
    let parts: Vec<_> = hit.snippet.into_iter().map(part).collect();
    let said = html::span().attr("class", "row-preview hit").child((
        html::span().attr("class", "hit-sender").child(move || ui.name_or_you(&sender)),
        html::bdi().attr("dir", "auto").child(parts),
    ));
    let button = html::button()
        .attr("type", "button")
        .attr("class", "row")
        .attr("data-test", test_ids::HIT)
        .attr("data-name", move || title.get())
        .on(leptos::ev::click, move |_| ask(Command::Jump(log, position)))
        .child((move || face(&title.get(), is_group(), false), html::span().child((first, said))));
    html::li().child(button).into_any()
}

fn part(part: SnippetPart) -> AnyView {
    if part.found { html::mark().child(part.text).into_any() } else { html::span().child(part.text).into_any() }
}

/// Up and down go from the field through all rows that are shown, and back; Enter in the field takes the first.
pub(super) fn keys(event: &web_sys::KeyboardEvent) {
    let Some(active) = document().active_element() else { return };
    let from_field = active.id() == SEARCH_ID;
    let target = match event.key().as_str() {
        "Enter" if from_field => {
            if let Some(first) = button_at(".results li:first-child > button") {
                event.prevent_default();
                first.click();
            }
            return;
        }
        "ArrowDown" if from_field => button_at(".results li:first-child > button"),
        "ArrowDown" => beside(&active, true).or_else(|| button_at("[data-test=hits] li:first-child > button")),
        "ArrowUp" if from_field => None,
        "ArrowUp" => beside(&active, false).or_else(|| before_hits(&active)).or_else(|| button_at("#search")),
        _ => return,
    };
    if let Some(target) = target {
        event.prevent_default();
        drop(target.focus());
    }
}

/// The row after `active` in its list, or before it.
fn beside(active: &web_sys::Element, next: bool) -> Option<web_sys::HtmlElement> {
    let item = active.parent_element()?;
    let item = if next { item.next_element_sibling() } else { item.previous_element_sibling() };
    item?.first_element_child()?.dyn_into().ok()
}

/// The last conversation, for whoever goes up from the first message.
fn before_hits(active: &web_sys::Element) -> Option<web_sys::HtmlElement> {
    let is_hit = active.get_attribute("data-test").as_deref() == Some(test_ids::HIT);
    is_hit.then(|| button_at("[data-test=conversations] li:last-child > button")).flatten()
}

fn button_at(selector: &str) -> Option<web_sys::HtmlElement> {
    document().query_selector(selector).ok()??.dyn_into().ok()
}

/// Brings the message that was jumped to into sight, once it is there, and shows which one it is.
pub(super) fn follow_jumps(ui: Ui) {
    Effect::new(move |_| {
        if let Some(position) = ui.jump.get() {
            ui.jump.set(None);
            // The stream first goes where it goes by itself.
            request_animation_frame(move || request_animation_frame(move || show_line(position, FRAMES_MAX)));
        }
    });
}

/// The identifier of the element of a line.
pub(super) fn line_id(position: Option<u64>) -> Option<String> {
    position.map(|position| format!("line-{position}"))
}

fn show_line(position: Position, frames: u32) {
    let element = line_id(Some(position.0)).and_then(|id| document().get_element_by_id(&id));
    match element {
        Some(element) => {
            element.scroll_into_view_with_bool(true);
            if let Some(stream) = element.closest(".scroll").ok().flatten() {
                stream.set_scroll_top(stream.scroll_top() - stream.client_height() / 3);
            }
            drop(element.set_attribute("data-sought", "true"));
            drop(element.set_attribute("tabindex", "-1"));
            if let Ok(element) = element.dyn_into::<web_sys::HtmlElement>() {
                drop(element.focus());
            }
        }
        None if frames > 0 => request_animation_frame(move || show_line(position, frames - 1)),
        None => {}
    }
}
