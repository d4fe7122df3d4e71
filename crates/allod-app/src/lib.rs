//! The web app: a shell over the client core in the browser, and the interface.
//!
//! Nothing here makes HTML from text: elements are made one by one (the `view!` macro is not used, since it writes fixed
//! parts through `innerHTML`), so the app runs under `require-trusted-types-for 'script'`; the one policy, in `boot.js`, lets two
//! addresses through: those of the worker that keeps the app's files, and of the one that makes keys.

pub mod dialog;
pub mod draft;
pub mod format;
pub mod gesture;
pub mod icons;
pub mod shell;
pub mod state;
pub mod strings;
pub mod test_ids;
pub mod timeline;
pub mod views;
pub mod window;

use crate::state::Ui;
use crate::strings::Words;

/// Puts the interface into the page, and starts the shell behind it.
pub fn start() {
    let language = shell::chosen_language();
    let ui = Ui::new(Words::new(language));
    shell::choose_language(ui.words, language);
    leptos::mount::mount_to_body(move || views::app(ui));
    shell::start(ui);
}
