//! Reactions: under a message with how many have each, and the choice of more.

use allod_client_core::marks::ReactionView;
use allod_client_core::view::MessageView;
use allod_wire::LogId;
use allod_wire::mimi::MessageId;
use leptos::html;
use leptos::prelude::*;

use super::dialog::close;
use super::parts::{button, input};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// Those that are at hand.
pub(super) const QUICK: [&str; 6] = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
/// The others, until one types one's own.
const MORE: [&str; 42] = [
    "👎", "👏", "🙌", "👌", "💪", "🤝", "👀", "🤔", "✅", "❌", "❓", "❗", "⭐", "🔥", "🎉", "🚀", "💡", "📌", "📅",
    "⏰", "☕", "🍀", "😀", "😄", "😊", "😉", "😍", "😎", "🤗", "😅", "😇", "🙂", "🙃", "😐", "😕", "😟", "😭", "😡",
    "😱", "🤯", "😴", "💔",
];

/// Under a message; none without reactions.
pub(super) fn view(ui: Ui, message: &MessageView) -> Option<AnyView> {
    let id = message.message_id.filter(|_| !message.marks.reactions.is_empty())?;
    let chips = message.marks.reactions.iter().map(|reaction| chip(ui, message.log, id, reaction.clone()));
    let label = ui.words.text(|words| words.reactions);
    let row = html::div().attr("class", "reactions").attr("role", "group").attr("aria-label", label);
    Some(row.child(chips.collect_view()).into_any())
}

fn chip(ui: Ui, log: LogId, message: MessageId, reaction: ReactionView) -> AnyView {
    let ReactionView { text, people, own } = reaction;
    let count = people.len();
    let who = move || people.iter().map(|person| ui.name_or_you(person)).collect::<Vec<_>>().join(", ");
    let label = {
        let (text, who) = (text.clone(), who.clone());
        move || format!("{text}: {}", who())
    };
    let name = text.clone();
    let number = (count > 1).then(|| html::span().attr("class", "reaction-count").child(count.to_string()));
    html::button()
        .attr("type", "button")
        .attr("class", "reaction")
        .attr("tabindex", "-1")
        .attr("data-test", test_ids::REACTION)
        .attr("data-name", name)
        .attr("aria-pressed", own.is_some().to_string())
        .attr("aria-label", label)
        .attr("title", who)
        .attr("disabled", move || !ui.can_write())
        .on(leptos::ev::click, {
            let text = text.clone();
            move |_| toggle(log, message, &text, own)
        })
        .child((html::span().child(text), number))
        .into_any()
}

fn toggle(log: LogId, message: MessageId, text: &str, own: Option<MessageId>) {
    ask(match own {
        Some(own) => Command::TakeBack { log, message, own },
        None => Command::React(log, message, text.to_owned()),
    });
}

/// A button that reacts, or takes that back if the user has reacted so.
pub(super) fn choice(ui: Ui, message: &MessageView, text: &'static str) -> Option<AnyView> {
    let id = message.message_id?;
    let given = message.marks.reactions.iter().find(|one| one.text == text).and_then(|one| one.own);
    let log = message.log;
    let button = html::button()
        .attr("type", "button")
        .attr("class", "emoji")
        .attr("data-test", test_ids::REACT)
        .attr("data-name", text)
        .attr("aria-pressed", given.is_some().to_string())
        .on(leptos::ev::click, move |_| {
            toggle(log, id, text, given);
            close(ui);
        })
        .child(text);
    Some(button.into_any())
}

/// All that are offered, and a field for any other.
pub(super) fn all(ui: Ui, message: &MessageView) -> AnyView {
    let Some(id) = message.message_id else { return ().into_any() };
    let (log, own) = (message.log, RwSignal::new(String::new()));
    let grid = QUICK.into_iter().chain(MORE).map(|text| choice(ui, message, text)).collect_view();
    let label = ui.words.text(|words| words.other_reaction);
    let react = move || {
        let text = own.get_untracked().trim().to_owned();
        if !text.is_empty() {
            toggle(log, id, &text, None);
            close(ui);
        }
    };
    let form = html::form()
        .attr("class", "own-emoji")
        .on(leptos::ev::submit, move |event| {
            event.prevent_default();
            react();
        })
        .child((
            html::label().attr("class", "sr-only").attr("for", "own-emoji").child(label),
            input("own-emoji", test_ids::OWN_REACTION, own).into_any(),
            button(ui, "button", |words| words.react, test_ids::REACT_OWN, react),
        ));
    let heading = html::h2().child(ui.words.text(|words| words.react));
    (heading, html::div().attr("class", "emoji-grid").child(grid), form).into_any()
}
