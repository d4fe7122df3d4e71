//! The list of conversations: what is new on top, what it is about, how much of it is unread.

use allod_client_core::Kind;
use allod_client_core::view::ConversationSummary;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::panes::SEARCH_ID;
use super::parts::{button, face, icon_button, search};
use crate::format::list_time;
use crate::icons::{PLUS, SLIDERS, TALK};
use crate::shell::{Command, ask};
use crate::state::{Side, Ui};
use crate::test_ids;

pub(super) fn view(ui: Ui) -> AnyView {
    let wanted = RwSignal::new(String::new());
    let title =
        html::div().attr("class", "bar-title big").child(html::h1().child(ui.words.text(|words| words.conversations)));
    let settings =
        icon_button(ui, SLIDERS, |words| words.settings, "", test_ids::SETTINGS, move || ui.side.set(Side::Settings));
    let new = icon_button(
        ui,
        PLUS,
        |words| words.new_conversation,
        "primary",
        test_ids::NEW_CONVERSATION,
        move || ui.side.set(Side::New),
    );
    let is_empty = Memo::new(move |_| ui.conversations.with(Vec::is_empty));
    let body = move || if is_empty.get() { none_yet(ui) } else { list(ui, wanted) };
    (html::header().attr("class", "bar").child((title, settings, new)), body).into_any()
}

fn none_yet(ui: Ui) -> AnyView {
    let start = move || ui.side.set(Side::New);
    html::div()
        .attr("class", "empty")
        .child((
            TALK.view(),
            html::h2().child(ui.words.text(|words| words.none_yet_title)),
            html::p().child(ui.words.text(|words| words.none_yet)),
            button(ui, "button primary", |words| words.new_conversation, test_ids::NEW_CONVERSATION, start),
        ))
        .into_any()
}

fn list(ui: Ui, wanted: RwSignal<String>) -> AnyView {
    let found = Memo::new(move |_| {
        let wanted = wanted.get().to_lowercase();
        let matches = |one: &ConversationSummary| {
            let people = one.people.iter().any(|person| person.to_string().contains(&wanted));
            people || ui.title_of(one).to_lowercase().contains(&wanted)
        };
        ui.conversations.with(|all| all.iter().filter(|one| matches(one)).cloned().collect::<Vec<_>>())
    });
    let nothing = move || {
        let text = html::p().child(ui.words.text(|words| words.nothing_found));
        found.with(Vec::is_empty).then(|| html::div().attr("class", "empty").child(text))
    };
    let rows = For(ForProps::builder()
        .each(move || found.get())
        .key(|one| format!("{one:?}"))
        .children(move |one| row(ui, one))
        .build());
    let list = html::ul()
        .attr("class", "list")
        .attr("data-test", test_ids::CONVERSATIONS)
        .on(leptos::ev::keydown, |event| arrows(&event))
        .child(rows);
    (
        html::div().attr("class", "pad").child(search(ui, SEARCH_ID, |words| words.search, wanted)),
        html::div().attr("class", "scroll").child((list, nothing)),
    )
        .into_any()
}

fn row(ui: Ui, one: ConversationSummary) -> AnyView {
    let (log, title, is_group) = (one.log, ui.title_of(&one), one.kind == Kind::Group);
    let is_open = Memo::new(move |_| ui.open.get() == Some(log));
    let updated = one.last.as_ref().map_or(one.updated, |last| last.time);
    let first = html::span().attr("class", "row-line").child((
        html::span().attr("class", "row-title clip").child(title.clone()),
        html::span().attr("class", "row-time").child(move || list_time(updated, ui.words.language())),
    ));
    let unread = one.unread;
    let count = (unread > 0).then(|| {
        html::span()
            .attr("class", "count")
            .attr("data-test", test_ids::UNREAD)
            .attr("aria-label", move || (ui.words.get().unread)(unread as u64))
            .child(unread.to_string())
    });
    let preview = move || preview(ui, &one, is_group);
    let second = html::span()
        .attr("class", "row-line")
        .child((html::span().attr("class", "row-preview clip").child(preview), count));
    let button = html::button()
        .attr("type", "button")
        .attr("class", if unread > 0 { "row unread" } else { "row" })
        .attr("data-test", test_ids::CONVERSATION_ROW)
        .attr("data-name", title.clone())
        .attr("aria-current", move || if is_open.get() { "true" } else { "false" })
        .on(leptos::ev::click, move |_| ask(Command::Open(log)))
        .child((face(&title, is_group, false), html::span().child((first, second))));
    html::li().child(button).into_any()
}

fn preview(ui: Ui, one: &ConversationSummary, is_group: bool) -> String {
    let words = ui.words.get();
    let Some(last) = &one.last else { return words.empty_conversation.to_owned() };
    let own = ui.me.with(|me| me.as_ref().is_some_and(|me| me.address == last.sender));
    match (own, is_group) {
        (true, _) => (words.you_said)(&last.text),
        (false, true) => format!("{}: {}", ui.name_of(&last.sender), last.text),
        (false, false) => last.text.clone(),
    }
}

/// Up and down go through the rows.
fn arrows(event: &web_sys::KeyboardEvent) {
    let down = match event.key().as_str() {
        "ArrowDown" => true,
        "ArrowUp" => false,
        _ => return,
    };
    let Some(item) = document().active_element().and_then(|element| element.parent_element()) else { return };
    let next = if down { item.next_element_sibling() } else { item.previous_element_sibling() };
    let button = next.and_then(|item| item.first_element_child());
    if let Some(button) = button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok()) {
        event.prevent_default();
        drop(button.focus());
    }
}
