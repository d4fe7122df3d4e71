//! A new conversation: with one person, or a group with a name.

use std::collections::BTreeSet;

use allod_client_core::New;
use leptos::html;
use leptos::prelude::*;

use super::parts::{button, field, list_bar};
use super::{people_picker, way_back};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

pub(super) fn view(ui: Ui) -> AnyView {
    let chosen: people_picker::Chosen = RwSignal::new(BTreeSet::new());
    let title = RwSignal::new(String::new());
    let count = Memo::new(move |_| chosen.with(BTreeSet::len));
    let start = move || {
        let people: Vec<_> = chosen.get_untracked().into_iter().collect();
        let new = match <[_; 1]>::try_from(people) {
            Ok([person]) => New::Pair(person),
            Err(people) => {
                let names: Vec<String> = people.iter().map(|person| person.name.to_string()).collect();
                let title = Some(title.get_untracked().trim().to_owned()).filter(|title| !title.is_empty());
                New::Group { title: title.unwrap_or_else(|| names.join(", ")), people }
            }
        };
        ask(Command::Start(new));
    };
    let many = Memo::new(move |_| count.get() > 1);
    let title_field = move || {
        let hint: crate::strings::Text = |words| words.group_title_hint;
        many.get()
            .then(|| field(ui, "group-title", |words| words.group_title, Some(hint), test_ids::GROUP_TITLE, title))
    };
    let some = Memo::new(move |_| count.get() > 0);
    let foot = move || {
        some.get().then(|| {
            let go = button(ui, "button primary wide", |words| words.start, test_ids::START, start);
            html::div().attr("class", "foot").child((title_field, go))
        })
    };
    (
        list_bar(ui, "bar-new", |words| words.new_conversation, move || way_back::back(ui)),
        people_picker::view(ui, chosen, |_| false),
        foot,
    )
        .into_any()
}
