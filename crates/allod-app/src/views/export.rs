//! Settings, "Your data": an archive of all that is here, readable without Allod.

use leptos::html;
use leptos::prelude::*;

use super::parts::button;
use crate::icons::CHECK;
use crate::shell::{Command, ask};
use crate::state::{Exporting, Ui};
use crate::test_ids;

/// The section's content.
pub(super) fn view(ui: Ui) -> AnyView {
    if !matches!(ui.exporting.get_untracked(), Exporting::Working(..)) {
        ui.exporting.set(Exporting::No);
    }
    let files = RwSignal::new(true);
    let start = move || {
        let switch = html::input()
            .attr("type", "checkbox")
            .attr("data-test", test_ids::EXPORT_FILES)
            .prop("checked", move || files.get())
            .on(leptos::ev::change, move |event| files.set(event_target_checked(&event)));
        let words = html::span().child(ui.words.text(|words| words.keeping.export_files));
        let begin = move || ask(Command::Export { files: files.get_untracked() });
        (
            html::label().attr("class", "switch").child((switch, words)),
            button(ui, "button", |words| words.keeping.export, test_ids::EXPORT, begin),
        )
            .into_any()
    };
    let step = move || match ui.exporting.get() {
        Exporting::No => start(),
        Exporting::Working(percent, files) => {
            let text = move || (ui.words.get().keeping.export_working)(percent, files);
            let cancel = || ask(Command::CancelExport);
            (
                html::p().attr("class", "hint").attr("role", "status").child(text),
                button(ui, "button", |words| words.cancel, test_ids::CANCEL_EXPORT, cancel),
            )
                .into_any()
        }
        Exporting::Done(missing) => {
            let text = html::span().child(move || (ui.words.get().keeping.export_done)(missing));
            let said =
                html::p().attr("class", "said good").attr("role", "status").attr("data-test", test_ids::EXPORTED);
            said.child((CHECK.small(), text)).into_any()
        }
        Exporting::Failed => {
            let text = ui.words.text(|words| words.keeping.export_failed);
            (html::p().attr("class", "problem").attr("role", "alert").child(text), start()).into_any()
        }
    };
    (html::p().attr("class", "hint").child(ui.words.text(|words| words.keeping.export_text)), step).into_any()
}
