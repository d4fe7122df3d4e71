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
    if !matches!(ui.exporting.get_untracked(), Exporting::Working(_)) {
        ui.exporting.set(Exporting::No);
    }
    let start = move || button(ui, "button", |words| words.keeping.export, test_ids::EXPORT, || ask(Command::Export));
    let step = move || match ui.exporting.get() {
        Exporting::No => start(),
        Exporting::Working(percent) => {
            let text = move || (ui.words.get().keeping.export_working)(percent);
            html::p().attr("class", "hint").attr("role", "status").child(text).into_any()
        }
        Exporting::Done => {
            let text = html::span().child(ui.words.text(|words| words.keeping.export_done));
            html::p().attr("class", "said good").attr("role", "status").child((CHECK.small(), text)).into_any()
        }
        Exporting::Failed => {
            let text = ui.words.text(|words| words.keeping.export_failed);
            (html::p().attr("class", "problem").attr("role", "alert").child(text), start()).into_any()
        }
    };
    (html::p().attr("class", "hint").child(ui.words.text(|words| words.keeping.export_text)), step).into_any()
}
