//! Comparing safety numbers with one person (rule C-19): by eye, by telephone, by a number that was sent, or with the camera.

use allod_client_core::safety::{Match, SafetyView};
use allod_wire::{Address, UnixMillis};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::code;
use super::parts::{bar, button, field, text_button};
use crate::format::day;
use crate::icons::{CHECK, EYE, WARNING};
use crate::shell::{self, Command, ask};
use crate::state::Ui;
use crate::strings::Text;
use crate::test_ids;

/// Leads to the number of somebody who reads; says so if it was compared.
pub(super) fn lead(ui: Ui, verified: Option<UnixMillis>, open: impl Fn() + 'static) -> AnyView {
    match verified {
        None => text_button(ui, EYE, "small", |words| words.safety.compare, test_ids::SAFETY, open),
        Some(at) => {
            let text = move || (ui.words.get().safety.compared_on)(&day(at, ui.words.language()));
            html::button()
                .attr("type", "button")
                .attr("class", "text-button small")
                .attr("data-test", test_ids::SAFETY)
                .attr("data-name", "compared")
                .on(leptos::ev::click, move |_| open())
                .child((CHECK.small(), html::span().child(text)))
                .into_any()
        }
    }
}

/// The pane.
pub(super) fn view(ui: Ui, person: Address, back: impl Fn() + 'static) -> AnyView {
    ui.safety.set(None);
    ask(Command::ShowSafety(person.clone()));
    on_cleanup(move || ui.safety.set(None));
    let shown = Memo::new(move |_| ui.safety.get());
    let content = move || shown.get().map(|view| number(ui, view));
    (
        bar(ui, "bar-safety", |words| words.safety.compare, back),
        html::div().attr("class", "scroll").child(html::div().attr("class", "sections").child(content)),
    )
        .into_any()
}

fn number(ui: Ui, view: SafetyView) -> AnyView {
    let (name, whom) = (ui.name_of(&view.person), view.person.clone());
    let how = {
        let name = name.clone();
        html::p().child(move || (ui.words.get().safety.how)(&name))
    };
    let groups: Vec<_> = view.number.split(' ').map(|group| html::span().child(group.to_owned())).collect();
    let digits = html::div()
        .attr("class", "digits")
        .attr("role", "img")
        .attr("aria-label", {
            let number = view.number.clone();
            move || format!("{}: {number}", ui.words.get().safety.number)
        })
        .attr("data-test", test_ids::SAFETY_NUMBER)
        .attr("data-name", view.number.clone())
        .child(groups);
    let warning = view.identity_changed.then(|| {
        let name = name.clone();
        let text = move || (ui.words.get().safety.changed)(&name);
        html::div().attr("class", "warning").attr("role", "alert").child(html::p().child(text))
    });
    let differs = RwSignal::new(false);
    let explain = {
        let name = name.clone();
        move || differs.get().then(|| differ(ui, name.clone()))
    };
    let answer = match view.verified {
        Some(at) => compared(ui, &view, at),
        None => {
            let number = view.number.clone();
            let yes = move || ask(Command::ConfirmSafety(whom.clone(), number.clone()));
            let no = move || differs.set(true);
            let actions = (
                button(ui, "button primary", |words| words.safety.they_match, test_ids::SAFETY_MATCH, yes),
                button(ui, "button", |words| words.safety.they_differ, test_ids::SAFETY_DIFFER, no),
            );
            html::div().attr("class", "actions").child(actions).into_any()
        }
    };
    let head = html::section().attr("class", "section").child((warning, how, digits));
    let shows = html::p().attr("class", "hint").child(ui.words.text(|words| words.safety.what_it_shows));
    let answer = html::section().attr("class", "section").child((shows, answer, explain));
    let picture = code::view(ui, &view.code, |words| words.safety.code);
    let other_ways = html::section().attr("class", "section").child((picture, given(ui, view)));
    (head, answer, other_ways).into_any()
}

fn compared(ui: Ui, view: &SafetyView, at: UnixMillis) -> AnyView {
    let (name, whom) = (ui.name_of(&view.person), view.person.clone());
    let text = move || (ui.words.get().safety.you_compared)(&name, &day(at, ui.words.language()));
    let undo = move || ask(Command::UndoSafety(whom.clone()));
    let said = html::p()
        .attr("class", "said good")
        .attr("role", "status")
        .attr("data-test", test_ids::SAFETY_COMPARED)
        .child((CHECK.small(), html::span().child(text)));
    (said, button(ui, "text-button small", |words| words.safety.undo, test_ids::SAFETY_UNDO, undo)).into_any()
}

fn differ(ui: Ui, name: String) -> AnyView {
    html::div()
        .attr("class", "warning")
        .attr("role", "alert")
        .child((
            html::h3().child(ui.words.text(|words| words.safety.differ_title)),
            html::p().child(move || (ui.words.get().safety.differ)(&name)),
        ))
        .into_any()
}

/// A number that was sent or scanned: says at once whether it is the same.
fn given(ui: Ui, view: SafetyView) -> AnyView {
    let value = RwSignal::new(String::new());
    let scanned = RwSignal::new(true);
    let result = move || {
        if !scanned.get() {
            return Some(say(ui, false, |words| words.safety.scan_nothing));
        }
        let text = value.get();
        (!text.trim().is_empty()).then(|| match view.compare(&text) {
            Match::Same => say(ui, true, |words| words.safety.given_same),
            Match::Other => say(ui, false, |words| words.safety.given_other),
            Match::Newer => say(ui, false, |words| words.safety.given_newer),
            Match::NoNumber => say(ui, false, |words| words.safety.given_none),
        })
    };
    let take = move |found: Option<String>| {
        scanned.set(found.is_some());
        value.set(found.unwrap_or_default());
    };
    let scan = shell::can_scan().then(|| {
        let chosen = move |event: leptos::ev::Event| {
            let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
            if let Some(file) = input.and_then(|input| input.files()).and_then(|files| files.get(0)) {
                shell::scan(file, take);
            }
        };
        let picture = html::input()
            .attr("type", "file")
            .attr("accept", "image/*")
            .attr("capture", "environment")
            .attr("class", "sr-only")
            .on(leptos::ev::change, chosen);
        html::label().attr("class", "button").child((picture, ui.words.text(|words| words.safety.scan)))
    });
    let input = field(ui, "safety-given", |words| words.safety.given, None, test_ids::SAFETY_GIVEN, value);
    (scan, input, html::div().attr("data-test", test_ids::SAFETY_RESULT).attr("aria-live", "polite").child(result))
        .into_any()
}

fn say(ui: Ui, good: bool, text: Text) -> AnyView {
    let (class, icon) = if good { ("said good", CHECK) } else { ("said bad", WARNING) };
    html::p().attr("class", class).child((icon.small(), html::span().child(ui.words.text(text)))).into_any()
}
