//! Settings, "Backup": what it is, the twelve words, two of them typed back, the file.

use leptos::html;
use leptos::prelude::*;

use super::parts::{bring_into_sight, button, input};
use crate::format::day;
use crate::icons::CHECK;
use crate::shell::{Command, ask};
use crate::state::{MakingBackup, Ui};
use crate::test_ids;

/// Words of which two are asked for.
const WORDS: usize = 12;
/// The identifier of the box with the words.
const BOX_ID: &str = "phrase-box";

/// The section's content.
pub(super) fn view(ui: Ui) -> AnyView {
    if !matches!(ui.backup.get_untracked(), MakingBackup::Working(_)) {
        ui.backup.set(MakingBackup::No);
    }
    let last = move || {
        let words = &ui.words.get().keeping;
        match ui.last_backup.get() {
            Some(at) => (words.last_backup)(&day(at, ui.words.language())),
            None => words.no_backup.to_owned(),
        }
    };
    let step = move || match ui.backup.get() {
        MakingBackup::No => start(ui),
        MakingBackup::Words(words) => words_to_keep(ui, words),
        MakingBackup::Working(percent) => working(ui, percent),
        MakingBackup::Done => {
            let text = html::span().child(ui.words.text(|words| words.keeping.backup_done));
            html::p().attr("class", "said good").attr("role", "status").child((CHECK.small(), text)).into_any()
        }
        MakingBackup::Failed(why) => {
            let text = html::p().attr("class", "problem").attr("role", "alert").child(ui.words.text(why));
            (text, start(ui)).into_any()
        }
    };
    (
        html::p().attr("class", "hint").child(ui.words.text(|words| words.keeping.backup_text)),
        html::p().attr("class", "small").attr("data-test", test_ids::LAST_BACKUP).child(last),
        step,
    )
        .into_any()
}

fn start(ui: Ui) -> AnyView {
    button(ui, "button", |words| words.keeping.make_backup, test_ids::BACKUP, || ask(Command::BeginBackup))
}

fn working(ui: Ui, percent: u32) -> AnyView {
    let text = move || (ui.words.get().keeping.backup_working)(percent);
    html::p().attr("class", "hint").attr("role", "status").child(text).into_any()
}

/// The words, once; then two of them, typed back.
fn words_to_keep(ui: Ui, words: Vec<String>) -> AnyView {
    let written = RwSignal::new(false);
    (move || if written.get() { type_back(ui, &words, written) } else { list(ui, &words, written) }).into_any()
}

fn list(ui: Ui, words: &[String], written: RwSignal<bool>) -> AnyView {
    let rows: Vec<_> =
        words.iter().map(|word| html::li().attr("data-test", test_ids::PHRASE_WORD).child(word.clone())).collect();
    bring_into_sight(BOX_ID);
    html::div()
        .attr("class", "link-box")
        .attr("id", BOX_ID)
        .child((
            html::p().child(ui.words.text(|words| words.keeping.write_down)),
            html::ol().attr("class", "phrase").attr("translate", "no").child(rows),
            button(
                ui,
                "button primary",
                |words| words.keeping.written_down,
                test_ids::PHRASE_WRITTEN,
                move || written.set(true),
            ),
        ))
        .into_any()
}

fn type_back(ui: Ui, words: &[String], written: RwSignal<bool>) -> AnyView {
    let (first, second) = two_places();
    let asked = [first, second].map(|place| (place, words.get(place).cloned().unwrap_or_default()));
    let typed = [(); 2].map(|()| RwSignal::new(String::new()));
    let ids = ["phrase-first", "phrase-second"];
    let is_right = {
        let expected = asked.clone().map(|(_, word)| word);
        Memo::new(move |_| typed.iter().zip(&expected).all(|(typed, word)| typed.get().trim().to_lowercase() == *word))
    };
    let fields: Vec<_> = (0..2)
        .map(|which| {
            let place = asked[which].0;
            let typed_in = input(ids[which], test_ids::PHRASE_TYPED, typed[which]);
            html::div()
                .attr("class", "field")
                .attr("data-test", test_ids::PHRASE_ASKED)
                .attr("data-name", place.to_string())
                .child((
                    html::label()
                        .attr("for", ids[which])
                        .child(move || (ui.words.get().keeping.word_number)(place + 1)),
                    typed_in,
                ))
        })
        .collect();
    let make = html::button()
        .attr("type", "button")
        .attr("class", "button primary")
        .attr("data-test", test_ids::BACKUP_MAKE)
        .attr("disabled", move || !is_right.get())
        .on(leptos::ev::click, |_| ask(Command::MakeBackup))
        .child(ui.words.text(|words| words.keeping.save_backup));
    let again = button(ui, "button", |words| words.keeping.show_words, test_ids::BACK, move || written.set(false));
    bring_into_sight(BOX_ID);
    html::div()
        .attr("class", "link-box")
        .attr("id", BOX_ID)
        .child((
            html::p().child(ui.words.text(|words| words.keeping.type_back)),
            fields,
            html::div().attr("class", "actions").child((make, again)),
        ))
        .into_any()
}

/// Two places by chance, in order: nobody can tell beforehand which words will do.
fn two_places() -> (usize, usize) {
    let first = (js_sys::Math::random() * WORDS as f64) as usize;
    let other = (first + 1 + (js_sys::Math::random() * (WORDS - 1) as f64) as usize) % WORDS;
    (first.min(other), first.max(other))
}

/// Above the panes: it is time to make one.
pub(super) fn reminder(ui: Ui) -> AnyView {
    let open = html::button()
        .attr("type", "button")
        .attr("data-test", test_ids::BACKUP_OPEN)
        .on(leptos::ev::click, move |_| super::settings::open(ui))
        .child(ui.words.text(|words| words.keeping.make_backup));
    let later = html::button()
        .attr("type", "button")
        .attr("data-test", test_ids::BACKUP_LATER)
        .on(leptos::ev::click, |_| ask(Command::PutOffBackup))
        .child(ui.words.text(|words| words.keeping.later));
    html::div()
        .attr("class", "banner")
        .attr("role", "status")
        .child((
            html::p().child(ui.words.text(|words| words.keeping.backup_due)),
            html::div().attr("class", "actions").child((open, later)),
        ))
        .into_any()
}
