//! Choosing people of the organisation: found by name, those chosen as chips on top.

use std::collections::BTreeSet;

use allod_client_core::view::PersonView;
use allod_wire::Address;
use allod_wire::account::AccountRole;
use leptos::html;
use leptos::prelude::*;

use super::parts::{face, search};
use crate::icons::{CHECK, CLOSE};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// Whom the user has chosen.
pub(super) type Chosen = RwSignal<BTreeSet<Address>>;

/// The choice, without those for whom `hide` says so.
pub(super) fn view(ui: Ui, chosen: Chosen, hide: impl Fn(&Address) -> bool + Send + Sync + Copy + 'static) -> AnyView {
    ask(Command::AskPeople);
    let wanted = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        let wanted = wanted.get().to_lowercase();
        let fits = |one: &PersonView| !one.own && !hide(&one.address) && one.address.to_string().contains(&wanted);
        ui.people.with(|people| {
            people.as_ref().map(|people| people.iter().filter(|one| fits(one)).cloned().collect::<Vec<_>>())
        })
    });
    let body = move || match found.get() {
        None => hint(ui, false),
        Some(people) if people.is_empty() => hint(ui, wanted.with(String::is_empty)),
        Some(people) => {
            let rows = people.into_iter().map(|person| row(ui, person, chosen)).collect_view();
            html::ul().attr("class", "list").attr("role", "group").child(rows).into_any()
        }
    };
    let chips = move || {
        let chips = chosen.get().into_iter().map(|person| chip(ui, person, chosen)).collect_view();
        (!chosen.with(BTreeSet::is_empty)).then(|| html::div().attr("class", "chips").child(chips))
    };
    (
        html::div().attr("class", "pad").child((search(ui, "find-people", |words| words.find_people, wanted), chips)),
        html::div().attr("class", "scroll").child(body),
    )
        .into_any()
}

fn hint(ui: Ui, nobody: bool) -> AnyView {
    let text = move || {
        let words = ui.words.get();
        match (ui.people.with(Option::is_none), nobody) {
            (true, _) => words.loading_people,
            (false, true) => words.nobody_else,
            (false, false) => words.nothing_found,
        }
    };
    html::div().attr("class", "empty").child(html::p().child(text)).into_any()
}

fn row(ui: Ui, person: PersonView, chosen: Chosen) -> AnyView {
    let address = person.address.clone();
    let is_chosen = {
        let address = address.clone();
        Memo::new(move |_| chosen.with(|chosen| chosen.contains(&address)))
    };
    let toggle = {
        let address = address.clone();
        move |_| {
            chosen.update(|chosen| {
                if !chosen.remove(&address) {
                    chosen.insert(address.clone());
                }
            });
        }
    };
    let name = ui.name_of(&address);
    let role = (person.role == AccountRole::Administrator)
        .then(|| html::span().attr("class", "row-preview").child(ui.words.text(|words| words.administrator)));
    html::li()
        .child(
            html::button()
                .attr("type", "button")
                .attr("class", "row short pick")
                .attr("role", "checkbox")
                .attr("aria-checked", move || if is_chosen.get() { "true" } else { "false" })
                .attr("data-test", test_ids::PERSON_ROW)
                .attr("data-name", address.to_string())
                .on(leptos::ev::click, toggle)
                .child((
                    face(&name, false, true),
                    html::span().child((html::span().attr("class", "row-title clip").child(name), html::br(), role)),
                    html::span().attr("class", "tick").child(CHECK.small()),
                )),
        )
        .into_any()
}

fn chip(ui: Ui, person: Address, chosen: Chosen) -> AnyView {
    let name = ui.name_of(&person);
    let label = {
        let name = name.clone();
        move || (ui.words.get().remove_from_choice)(&name)
    };
    let remove = move |_| chosen.update(|chosen| drop(chosen.take(&person)));
    html::button()
        .attr("type", "button")
        .attr("class", "chip")
        .attr("aria-label", label)
        .on(leptos::ev::click, remove)
        .child((html::span().child(name), CLOSE.small()))
        .into_any()
}
