//! "I have a backup": the file and its twelve words, checked as they are typed.

use allod_crypto::recovery::{PhraseError, RecoveryPhrase};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use zeroize::Zeroizing;

use super::parts::text_button;
use crate::icons::{DOCUMENT, SEALED};
use crate::shell::{Command, ask};
use crate::state::{Joining, Ui};
use crate::test_ids;

/// Words of a phrase.
const WORDS: usize = 12;

/// The form; `leave` leads back to the invitation.
pub(super) fn view(ui: Ui, leave: impl Fn() + 'static) -> AnyView {
    let (file, words) = (NodeRef::<html::Input>::new(), RwSignal::new(String::new()));
    let chosen = RwSignal::new(None::<String>);
    let busy = Memo::new(move |_| matches!(ui.joining.get(), Joining::Waiting | Joining::Restoring(_)));
    let ready = Memo::new(move |_| {
        chosen.with(Option::is_some) && words.with(|words| RecoveryPhrase::parse(words).is_ok()) && !busy.get()
    });
    let restore = move || {
        let file = file.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
        if let (Some(file), true) = (file, ready.get_untracked()) {
            ask(Command::Restore(file, Zeroizing::new(words.get_untracked())));
        }
    };
    let picked = move |event: leptos::ev::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        chosen.set(input.and_then(|input| input.files()).and_then(|files| files.get(0)).map(|file| file.name()));
    };
    let label = move || {
        let words = &ui.words.get().keeping;
        chosen.get().unwrap_or_else(|| words.choose_backup.to_owned())
    };
    let choose = html::label().attr("class", "button wide").child((
        html::input()
            .attr("type", "file")
            .attr("class", "sr-only")
            .attr("data-test", test_ids::RESTORE_FILE)
            .node_ref(file)
            .on(leptos::ev::change, picked),
        DOCUMENT.small(),
        html::span().attr("class", "clip").child(label),
    ));
    let submit = html::button()
        .attr("type", "submit")
        .attr("class", "button primary wide")
        .attr("data-test", test_ids::RESTORE)
        .attr("disabled", move || !ready.get())
        .child(move || match ui.joining.get() {
            Joining::Restoring(percent) => (ui.words.get().keeping.restoring)(percent),
            Joining::Waiting => ui.words.get().joining.to_owned(),
            _ => ui.words.get().keeping.restore.to_owned(),
        });
    html::form()
        .attr("class", "card")
        .on(leptos::ev::submit, move |event| {
            event.prevent_default();
            restore();
        })
        .child((
            html::h1().child(ui.words.text(|words| words.keeping.restore_title)),
            html::p().attr("class", "lead").child(ui.words.text(|words| words.keeping.restore_text)),
            choose,
            words_field(ui, words),
            super::welcome::problem(ui),
            submit,
            text_button(ui, SEALED, "", |words| words.keeping.have_invitation, test_ids::BACK, leave),
        ))
        .into_any()
}

/// The words of a phrase as one types them: which is wrong, or how many there are.
fn words_field(ui: Ui, value: RwSignal<String>) -> AnyView {
    let said = move || {
        let (text, words) = (value.get(), &ui.words.get().keeping);
        if let Some(place) = RecoveryPhrase::first_unknown(&text) {
            let word = text.split_whitespace().nth(place).unwrap_or_default().to_owned();
            return (true, (words.word_unknown)(place + 1, &word));
        }
        match RecoveryPhrase::parse(&text) {
            Ok(_) => (false, words.words_right.to_owned()),
            Err(PhraseError::Length(count)) if count <= WORDS => (false, (words.words_so_far)(count)),
            Err(PhraseError::Length(_)) => (true, words.words_too_many.to_owned()),
            Err(PhraseError::Word(_)) => (false, (words.words_so_far)(WORDS)),
            Err(PhraseError::Checksum) => (true, words.words_mixed.to_owned()),
        }
    };
    let hint = html::p()
        .attr("class", move || if said().0 { "problem" } else { "hint" })
        .attr("data-test", test_ids::PHRASE_SAID)
        .attr("aria-live", "polite")
        .child(move || said().1);
    let input = html::textarea()
        .attr("class", "input")
        .attr("id", "phrase")
        .attr("rows", "3")
        .attr("autocomplete", "off")
        .attr("autocapitalize", "off")
        .attr("spellcheck", "false")
        .attr("data-test", test_ids::PHRASE_INPUT)
        .prop("value", move || value.get())
        .on(leptos::ev::input, move |event| value.set(event_target_value(&event)));
    html::div()
        .attr("class", "field")
        .child((
            html::label().attr("for", "phrase").child(ui.words.text(|words| words.keeping.words_label)),
            input,
            hint,
        ))
        .into_any()
}
