//! What several components are made of.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::format::initials;
use crate::icons::Icon;
use crate::state::Ui;
use crate::strings::Text;
use crate::test_ids;

/// A button that is an icon, with its name for those who do not see it.
pub(super) fn icon_button(
    ui: Ui,
    icon: Icon,
    label: Text,
    class: &'static str,
    test: &'static str,
    act: impl Fn() + 'static,
) -> AnyView {
    let label = ui.words.text(label);
    html::button()
        .attr("type", "button")
        .attr("class", format!("icon-button {class}"))
        .attr("data-test", test)
        .attr("aria-label", label)
        .attr("title", label)
        .on(leptos::ev::click, move |_| act())
        .child(icon.view())
        .into_any()
}

/// A button with words.
pub(super) fn button(
    ui: Ui,
    class: &'static str,
    label: Text,
    test: &'static str,
    act: impl Fn() + 'static,
) -> AnyView {
    html::button()
        .attr("type", "button")
        .attr("class", class)
        .attr("data-test", test)
        .on(leptos::ev::click, move |_| act())
        .child(ui.words.text(label))
        .into_any()
}

/// A button that looks like a link, with an icon before the words.
pub(super) fn text_button(
    ui: Ui,
    icon: Icon,
    class: &'static str,
    label: Text,
    test: &'static str,
    act: impl Fn() + 'static,
) -> AnyView {
    html::button()
        .attr("type", "button")
        .attr("class", format!("text-button {class}"))
        .attr("data-test", test)
        .on(leptos::ev::click, move |_| act())
        .child((icon.small(), html::span().child(ui.words.text(label))))
        .into_any()
}

/// Somebody's face, or a group's: initials.
pub(super) fn face(name: &str, group: bool, little: bool) -> AnyView {
    let class = match (group, little) {
        (false, false) => "face",
        (true, false) => "face group",
        (false, true) => "face little",
        (true, true) => "face group little",
    };
    html::span().attr("class", class).attr("aria-hidden", "true").child(initials(name)).into_any()
}

/// The bar of a pane that was opened over another one: the way back, where the keyboard goes, and a title.
pub(super) fn bar(ui: Ui, id: &'static str, title: Text, back: impl Fn() + 'static) -> AnyView {
    headed_bar(ui, id, html::h2().child(ui.words.text(title)).into_any(), back)
}

/// The same in the place of the list of conversations, whose title is that of the whole page.
pub(super) fn list_bar(ui: Ui, id: &'static str, title: Text, back: impl Fn() + 'static) -> AnyView {
    headed_bar(ui, id, html::h1().child(ui.words.text(title)).into_any(), back)
}

fn headed_bar(ui: Ui, id: &'static str, heading: AnyView, back: impl Fn() + 'static) -> AnyView {
    request_animation_frame(move || focus_first_button(id));
    html::header()
        .attr("class", "bar lined")
        .attr("id", id)
        .child((
            icon_button(ui, crate::icons::BACK, |words| words.back, "", test_ids::BACK, back),
            html::div().attr("class", "bar-title").child(heading),
        ))
        .into_any()
}

fn focus_first_button(id: &str) {
    let button = document().get_element_by_id(id).and_then(|bar| bar.first_element_child());
    if let Some(button) = button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok()) {
        drop(button.focus());
    }
}

/// Scrolls to the element with this identifier, once it is there.
pub(super) fn bring_into_sight(id: &'static str) {
    request_animation_frame(move || {
        if let Some(element) = document().get_element_by_id(id) {
            element.scroll_into_view();
        }
    });
}

/// A field for one line of text.
pub(super) fn field(
    ui: Ui,
    id: &'static str,
    label: Text,
    hint: Option<Text>,
    test: &'static str,
    value: RwSignal<String>,
) -> AnyView {
    let hint = hint.map(|hint| html::p().attr("class", "hint").child(ui.words.text(hint)));
    html::div()
        .attr("class", "field")
        .child((html::label().attr("for", id).child(ui.words.text(label)), input(id, test, value), hint))
        .into_any()
}

/// The input of a [`field`].
pub(super) fn input(id: &'static str, test: &'static str, value: RwSignal<String>) -> AnyView {
    html::input()
        .attr("class", "input")
        .attr("id", id)
        .attr("type", "text")
        .attr("autocomplete", "off")
        .attr("autocapitalize", "off")
        .attr("spellcheck", "false")
        .attr("data-test", test)
        .prop("value", move || value.get())
        .on(leptos::ev::input, move |event| value.set(event_target_value(&event)))
        .into_any()
}

/// The field to search a list with.
pub(super) fn search(ui: Ui, id: &'static str, label: Text, value: RwSignal<String>) -> AnyView {
    let label = ui.words.text(label);
    let field = html::input()
        .attr("class", "input")
        .attr("id", id)
        .attr("type", "search")
        .attr("data-test", test_ids::SEARCH)
        .attr("autocomplete", "off")
        .attr("placeholder", label)
        .attr("aria-label", label)
        .prop("value", move || value.get())
        .on(leptos::ev::input, move |event| value.set(event_target_value(&event)));
    html::div().attr("class", "search").child((crate::icons::SEARCH.view(), field)).into_any()
}

/// Asks before something that others see: says what happens, and does it only then.
pub(super) fn ask_first(
    ui: Ui,
    asking: RwSignal<bool>,
    question: impl Fn() -> String + Send + Sync + Clone + 'static,
    yes: Text,
    act: impl Fn() + Send + Sync + Clone + 'static,
) -> AnyView {
    (move || {
        let (question, act) = (question.clone(), act.clone());
        asking.get().then(move || {
            let confirm = button(ui, "button alarm", yes, test_ids::CONFIRM, move || {
                asking.set(false);
                act();
            });
            let decline = button(ui, "button", |words| words.cancel, test_ids::DECLINE, move || asking.set(false));
            html::div()
                .attr("class", "ask")
                .attr("role", "alertdialog")
                .child((html::p().child(question), html::div().attr("class", "actions").child((confirm, decline))))
        })
    })
    .into_any()
}
