//! Pages that have the whole window: starting, being invited, not being invited, and having stopped.

use leptos::html;
use leptos::prelude::*;

use super::parts::{button, input, text_button};
use crate::icons::{DOCUMENT, EYE, Icon, SEALED, WARNING};
use crate::shell::{Command, ask};
use crate::state::{Fault, Joining, Offer, Phase, Ui};
use crate::strings::Text;
use crate::test_ids;

pub(super) fn view(ui: Ui) -> AnyView {
    match ui.phase.get() {
        Phase::Starting | Phase::Ready => starting(ui),
        Phase::Elsewhere => {
            card(test_ids::ELSEWHERE, message(ui, |words| words.elsewhere_title, |words| words.elsewhere))
        }
        Phase::Uninvited => uninvited(ui),
        Phase::Invited(offer) => invited(ui, offer),
        Phase::Broken(fault) => broken(ui, fault),
    }
}

fn starting(ui: Ui) -> AnyView {
    html::div()
        .attr("class", "starting")
        .attr("data-test", test_ids::STARTING)
        .child((mark("72"), html::p().attr("class", "starting-text").child(ui.words.text(|words| words.starting))))
        .into_any()
}

fn mark(size: &'static str) -> AnyView {
    html::img()
        .attr("class", "mark")
        .attr("src", "/icon.svg")
        .attr("alt", "Allod")
        .attr("width", size)
        .attr("height", size)
        .into_any()
}

fn card(test: &'static str, content: AnyView) -> AnyView {
    html::main()
        .attr("class", "page")
        .attr("data-test", test)
        .child(html::div().attr("class", "card").child((mark("56"), content)))
        .into_any()
}

fn message(ui: Ui, title: Text, text: Text) -> AnyView {
    let lead = html::p().attr("class", "lead").child(ui.words.text(text));
    (html::h1().child(ui.words.text(title)), lead).into_any()
}

fn broken(ui: Ui, fault: Fault) -> AnyView {
    let text: Text = match fault {
        Fault::Storage => |words| words.broken_storage,
        Fault::Bug => |words| words.broken_bug,
    };
    let again = button(ui, "button primary wide", |words| words.try_again, test_ids::CONFIRM, crate::shell::reload);
    card(test_ids::BROKEN, (message(ui, |words| words.broken_title, text), again).into_any())
}

pub(super) fn problem(ui: Ui) -> AnyView {
    (move || match ui.joining.get() {
        Joining::Problem(text) => Some(
            html::p()
                .attr("class", "problem")
                .attr("role", "alert")
                .attr("data-test", test_ids::JOIN_PROBLEM)
                .child(text(ui.words.get())),
        ),
        _ => None,
    })
    .into_any()
}

fn uninvited(ui: Ui) -> AnyView {
    let restoring = RwSignal::new(false);
    let turn = move |to| {
        ui.joining.set(Joining::Choosing);
        restoring.set(to);
    };
    let content = move || {
        if restoring.get() {
            return super::restore::view(ui, move || turn(false));
        }
        let lead = text_button(
            ui,
            DOCUMENT,
            "",
            |words| words.keeping.have_backup,
            test_ids::RESTORE_OPEN,
            move || turn(true),
        );
        (message(ui, |words| words.uninvited_title, |words| words.uninvited), paste_link(ui), lead).into_any()
    };
    card(test_ids::UNINVITED, content.into_any())
}

fn paste_link(ui: Ui) -> AnyView {
    let link = RwSignal::new(String::new());
    let open = move || ask(Command::UseLink(link.get_untracked()));
    html::form()
        .attr("class", "card")
        .on(leptos::ev::submit, move |event| {
            event.prevent_default();
            open();
        })
        .child((
            html::div().attr("class", "field").child((
                html::label().attr("for", "link").child(ui.words.text(|words| words.link_label)),
                input("link", test_ids::LINK_INPUT, link),
                problem(ui),
            )),
            button(ui, "button primary wide", |words| words.link_open, test_ids::LINK_OPEN, open),
        ))
        .into_any()
}

fn invited(ui: Ui, offer: Offer) -> AnyView {
    let Offer { organisation, name: given, adds_device } = offer;
    let title = {
        let (organisation, name) = (organisation.clone(), given.clone());
        move || match (&name, adds_device) {
            (Some(name), true) => (ui.words.get().adds_device_title)(name.as_str()),
            _ => (ui.words.get().invited_by)(&organisation),
        }
    };
    let facts = {
        let organisation = organisation.clone();
        let first = move || (ui.words.get().cannot_see)(&organisation);
        let rest = [(EYE, (|words| words.can_see) as Text), (WARNING, |words| words.browser_weaker)];
        let rest = rest.map(|(icon, text)| fact(icon, ui.words.text(text)));
        html::ul().attr("class", "facts").child((fact(SEALED, first), rest.into_iter().collect_view()))
    };
    let name = RwSignal::new(given.as_ref().map(ToString::to_string).unwrap_or_default());
    let join = move || ask(Command::Join(name.get_untracked()));
    let field = (given.is_none() && !adds_device).then(|| {
        let field = input("name", test_ids::JOIN_NAME, name);
        let suffix = html::span().attr("class", "suffix clip").child(format!("@{organisation}"));
        html::div().attr("class", "field").child((
            html::label().attr("for", "name").child(ui.words.text(|words| words.your_name)),
            html::div().attr("class", "suffixed").child((field, suffix)),
            html::p().attr("class", "hint").child(ui.words.text(|words| words.name_hint)),
        ))
    });
    let named = given
        .filter(|_| !adds_device)
        .map(|name| html::p().attr("class", "complete").child(format!("{name}@{organisation}")));
    let waiting = Memo::new(move |_| matches!(ui.joining.get(), Joining::Waiting));
    let label = move || {
        let words = ui.words.get();
        match (waiting.get(), adds_device) {
            (true, _) => words.joining,
            (false, true) => words.add_this_device,
            (false, false) => words.join,
        }
    };
    let submit = html::button()
        .attr("type", "submit")
        .attr("class", "button primary wide")
        .attr("data-test", test_ids::JOIN)
        .attr("disabled", move || waiting.get())
        .child(label);
    let form = html::form()
        .attr("class", "card")
        .on(leptos::ev::submit, move |event| {
            event.prevent_default();
            join();
        })
        .child((field, named, problem(ui), submit));
    card(test_ids::WELCOME, (html::h1().child(title), facts, form).into_any())
}

fn fact(icon: Icon, text: impl IntoView + 'static) -> AnyView {
    html::li().child((icon.view(), html::span().child(text))).into_any()
}
