//! While somebody is being named behind an `@`: the people of the conversation who can be meant, above the field.

use allod_wire::Address;
use allod_wire::markup::{mention, to_type};
use leptos::html;
use leptos::prelude::*;

use super::composer::{change, field_id};
use super::panes::focus;
use super::parts::face;
use crate::draft::{Place, naming};
use crate::state::Ui;
use crate::test_ids;

/// So many people are offered.
const SHOWN_MAX: usize = 6;

/// The identifier of the list, and with a number behind it of each person in it.
pub(super) fn list_id(place: Place) -> &'static str {
    if place.thread.is_some() { "thread-mentions" } else { "mentions" }
}

/// Who can be meant, and which of them is chosen with Enter.
#[derive(Clone, Copy)]
pub(super) struct Picker {
    ui: Ui,
    place: Place,
    found: Memo<Vec<Address>>,
    at: RwSignal<usize>,
    /// The text at which the user wanted none of them.
    declined: RwSignal<Option<String>>,
    text: Memo<String>,
}

impl Picker {
    pub(super) fn new(ui: Ui, place: Place, text: Memo<String>) -> Self {
        let declined = RwSignal::new(None);
        let at = RwSignal::new(0);
        let found = Memo::new(move |_| {
            let text = text.get();
            let Some(name) = naming(&text).filter(|_| declined.get().as_ref() != Some(&text)) else {
                return Vec::new();
            };
            let fits = |one: &Address| !ui.is_me(one) && one.to_string().starts_with(&name.to_lowercase());
            ui.people_here().into_iter().filter(fits).take(SHOWN_MAX).collect()
        });
        Effect::new(move |_| {
            found.track();
            at.set(0);
        });
        Self { ui, place, found, at, declined, text }
    }

    /// Up and down choose, Enter and Tab take, Esc declines; says whether the key was for this.
    pub(super) fn keys(self, event: &web_sys::KeyboardEvent) -> bool {
        let count = self.found.with_untracked(Vec::len);
        if count == 0 || event.is_composing() {
            return false;
        }
        match event.key().as_str() {
            "ArrowDown" => self.at.update(|at| *at = (*at + 1) % count),
            "ArrowUp" => self.at.update(|at| *at = (*at + count - 1) % count),
            "Enter" | "Tab" => {
                let chosen = self.found.with_untracked(|found| found.get(self.at.get_untracked()).cloned());
                chosen.into_iter().for_each(|person| self.take(&person));
            }
            "Escape" => self.declined.set(Some(self.text.get_untracked())),
            _ => return false,
        }
        true
    }

    fn take(self, person: &Address) {
        let named = to_type(&mention(person), &self.ui.people_here());
        change(self.ui, self.place, |draft| {
            if let Some(begun) = naming(&draft.text).map(str::len) {
                draft.text.truncate(draft.text.len() - begun - 1);
                draft.text.push_str(&format!("{named} "));
            }
        });
        focus(field_id(self.place));
    }

    /// For the field: which one of the list is chosen.
    pub(super) fn active(self) -> Option<String> {
        (!self.found.with(Vec::is_empty)).then(|| format!("{}-{}", list_id(self.place), self.at.get()))
    }

    /// The list; none while nobody is being named.
    pub(super) fn view(self) -> impl IntoView {
        move || {
            let found = self.found.get();
            if found.is_empty() {
                return None;
            }
            let rows = found.into_iter().enumerate().map(|(number, person)| self.row(number, person)).collect_view();
            let list =
                html::ul().attr("class", "mention-choices").attr("id", list_id(self.place)).attr("role", "listbox");
            Some(list.attr("aria-label", self.ui.words.text(|words| words.talk.mention)).child(rows))
        }
    }

    fn row(self, number: usize, person: Address) -> impl IntoView {
        let address = person.to_string();
        html::li()
            .attr("class", "mention-choice")
            .attr("role", "option")
            .attr("id", format!("{}-{number}", list_id(self.place)))
            .attr("aria-selected", move || (self.at.get() == number).to_string())
            .attr("data-test", test_ids::MENTION_CHOICE)
            .attr("data-name", address)
            .child((face(&person.name.to_string(), false, true), html::span().child(self.ui.name_of(&person))))
            // Before the field loses the keyboard.
            .on(leptos::ev::mousedown, move |event| {
                event.prevent_default();
                self.take(&person);
            })
    }
}
