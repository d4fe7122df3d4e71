//! The browser's page around the app: what it remembers, what it says, what it can do for us.

use leptos::prelude::{GetUntracked, Set};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, Event, Storage, Window};

use super::{Input, post};
use crate::state::Ui;
use crate::strings::{Language, Words};

const LANGUAGE: &str = "allod-language";
/// Also read by `boot.js`, before the app is there.
const THEME: &str = "allod-theme";

/// How the interface looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system is set.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// High contrast, light or dark as the system is set.
    Contrast,
}

impl Theme {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::System, Self::Light, Self::Dark, Self::Contrast];

    /// Its name, for storage and tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }
}

fn window() -> Window {
    web_sys::window().expect("the app runs in a window")
}

fn document() -> Document {
    window().document().expect("a window has a document")
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn remembered(name: &str) -> Option<String> {
    storage()?.get_item(name).ok().flatten()
}

fn remember(name: &str, value: &str) {
    if let Some(storage) = storage() {
        // A browser that remembers nothing asks again next time.
        drop(storage.set_item(name, value));
    }
}

/// The language chosen here, or else the browser's, or else English.
pub fn chosen_language() -> Language {
    let chosen = remembered(LANGUAGE).and_then(|tag| Language::from_tag(&tag));
    let browsers = || window().navigator().languages().iter().find_map(|tag| Language::from_tag(&tag.as_string()?));
    chosen.or_else(browsers).unwrap_or(Language::English)
}

/// Changes the language, and remembers it.
pub fn choose_language(words: Words, language: Language) {
    remember(LANGUAGE, language.tag());
    words.choose(language);
    set_page_language(language);
}

/// Tells the browser which language the page is in.
pub(crate) fn set_page_language(language: Language) {
    if let Some(root) = document().document_element() {
        drop(root.set_attribute("lang", language.tag()));
    }
}

/// The theme chosen here.
pub fn chosen_theme() -> Theme {
    let name = remembered(THEME);
    Theme::ALL.into_iter().find(|theme| name.as_deref() == Some(theme.name())).unwrap_or(Theme::System)
}

/// Changes the theme, and remembers it.
pub fn choose_theme(theme: Theme) {
    remember(THEME, theme.name());
    let Some(root) = document().document_element() else { return };
    let asked = window().match_media("(prefers-contrast: more)").ok().flatten().is_some_and(|query| query.matches());
    let set = |name: &str, value: Option<&str>| match value {
        Some(value) => drop(root.set_attribute(name, value)),
        None => drop(root.remove_attribute(name)),
    };
    set("data-theme", matches!(theme, Theme::Light | Theme::Dark).then(|| theme.name()));
    set("data-contrast", (theme == Theme::Contrast || asked).then_some("more"));
}

/// Puts text on the clipboard.
pub fn copy(text: &str) {
    drop(window().navigator().clipboard().write_text(text));
}

/// `https://host`, from which the page came.
pub(crate) fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// The whole address of the page, with what stands behind `#`, if anything does.
pub(crate) fn link_in_address() -> Option<String> {
    let fragment = window().location().hash().ok()?;
    (fragment.len() > 1).then(|| format!("{}/{fragment}", origin()))
}

/// Takes what stands behind `#` out of the address bar and the history.
pub(crate) fn clear_address() {
    if let Ok(history) = window().history() {
        drop(history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some("/")));
    }
}

/// Takes the app's new version into use: `boot.js` tells the worker, and loads the page anew.
pub fn take_update() {
    if let Ok(event) = Event::new("allod-reload") {
        drop(window().dispatch_event(&event));
    }
}

/// Loads the page anew.
pub fn reload() {
    drop(window().location().reload());
}

/// Whether somebody can see the page.
pub(crate) fn is_visible() -> bool {
    !document().hidden()
}

/// Shows how many messages are unread in the tab's title.
pub(crate) fn set_title(unread: usize) {
    document().set_title(&if unread == 0 { "Allod".to_owned() } else { format!("({unread}) Allod") });
}

/// Writes to the browser's console: words of ours only, nothing of what people write.
pub(crate) fn report(what: &str) {
    web_sys::console::error_1(&what.into());
}

/// Asks the browser to keep what we store even when space is short; says whether it will.
pub(crate) async fn keep_storage() -> bool {
    let storage = window().navigator().storage();
    match storage.persist() {
        Ok(promise) => JsFuture::from(promise).await.is_ok_and(|kept| kept.is_truthy()),
        Err(_) => false,
    }
}

/// Tells the actor when the network comes back, and when the page is shown or hidden.
pub(crate) fn listen(ui: Ui) {
    let look =
        move || ui.update.set(document().document_element().is_some_and(|root| root.has_attribute("data-update")));
    look();
    on(&window(), "allod-update", look);
    on(&window(), "online", || post(Input::NetworkBack));
    on(&document(), "visibilitychange", || post(Input::VisibilityChanged));
}

/// Calls `then` when the address changes to hold another link.
pub(crate) fn on_new_link(ui: Ui, then: impl Fn(String) + 'static) {
    on(&window(), "hashchange", move || {
        if let (Some(link), true) = (link_in_address(), ui.phase.try_get_untracked().is_some()) {
            then(link);
        }
    });
}

fn on(target: &web_sys::EventTarget, name: &str, mut then: impl FnMut() + 'static) {
    let then = Closure::<dyn FnMut(Event)>::new(move |_| then());
    drop(target.add_event_listener_with_callback(name, then.as_ref().unchecked_ref()));
    // The page listens for as long as it lives.
    then.forget();
}
