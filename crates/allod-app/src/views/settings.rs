//! Settings: language, appearance, own devices, and inviting people for those who may.

use allod_client_core::view::DeviceView;
use leptos::html;
use leptos::prelude::*;

use super::parts::{ask_first, bring_into_sight, button, field, list_bar};
use super::{backup, code, export, readers, way_back};
use crate::icons::CHECK;
use crate::shell::{self, Command, Theme, ask};
use crate::state::{MadeLink, Pane, Side, Ui};
use crate::strings::{Language, Text};
use crate::test_ids;

/// The identifier of the box with the code of a link.
const LINK_ID: &str = "link-code";

pub(super) fn view(ui: Ui) -> AnyView {
    ui.link.set(None);
    let administrator = Memo::new(move |_| ui.is_administrator());
    let invite = move || administrator.get().then(|| invite(ui));
    let about = move || {
        let organisation = ui.me.with(|me| me.as_ref().map(|me| me.organisation.clone()).unwrap_or_default());
        (ui.words.get().about_text)(&organisation)
    };
    let who = move || ui.me.with(|me| me.as_ref().map(|me| me.address.to_string()).unwrap_or_default());
    let about = section(ui, |words| words.about, (html::p().child(who), html::p().child(about)).into_any());
    let list = html::div().attr("class", "sections").child((
        invite,
        devices(ui),
        backup(ui),
        own_data(ui),
        privacy(ui),
        language(ui),
        appearance(ui),
        about,
    ));
    (
        list_bar(ui, "bar-settings", |words| words.settings, move || way_back::back(ui)),
        html::div().attr("class", "scroll").child(list),
    )
        .into_any()
}

/// Leads there.
pub(super) fn open(ui: Ui) {
    ui.side.set(Side::Settings);
    ui.pane.set(Pane::List);
}

fn own_data(ui: Ui) -> AnyView {
    section(ui, |words| words.keeping.own_data, export::view(ui))
}

fn backup(ui: Ui) -> AnyView {
    section(ui, |words| words.keeping.backup, backup::view(ui))
}

fn section(ui: Ui, title: Text, content: AnyView) -> AnyView {
    html::section().attr("class", "section").child((html::h2().child(ui.words.text(title)), content)).into_any()
}

fn privacy(ui: Ui) -> AnyView {
    let told = Memo::new(move |_| ui.me.with(|me| me.as_ref().is_some_and(|me| me.receipts)));
    let receipts = toggle(
        ui,
        test_ids::RECEIPTS,
        |words| words.chosen.receipts,
        |words| words.chosen.receipts_hint,
        Signal::derive(move || told.get()),
        move || ask(Command::SetReceipts(!told.get_untracked())),
    );
    let types = Memo::new(move |_| ui.me.with(|me| me.as_ref().is_some_and(|me| me.typing)));
    let typing = toggle(
        ui,
        test_ids::TELL_TYPING,
        |words| words.chosen.typing,
        |words| words.chosen.typing_hint,
        Signal::derive(move || types.get()),
        move || ask(Command::SetTyping(!types.get_untracked())),
    );
    section(ui, |words| words.chosen.privacy, (receipts, typing).into_any())
}

/// Something that is so, or not.
fn toggle(
    ui: Ui,
    test: &'static str,
    label: Text,
    hint: Text,
    is_on: Signal<bool>,
    act: impl Fn() + 'static,
) -> AnyView {
    html::button()
        .attr("type", "button")
        .attr("class", "row option")
        .attr("role", "checkbox")
        .attr("data-test", test)
        .attr("aria-checked", move || if is_on.get() { "true" } else { "false" })
        .on(leptos::ev::click, move |_| act())
        .child((
            html::span().child((
                html::span().attr("class", "block").child(ui.words.text(label)),
                html::span().attr("class", "hint block").child(ui.words.text(hint)),
            )),
            html::span().attr("class", "tick").child(CHECK.small()),
        ))
        .into_any()
}

fn language(ui: Ui) -> AnyView {
    let choices = Language::ALL.map(|language| {
        choice(
            test_ids::LANGUAGE,
            language.tag(),
            Signal::derive(move || ui.words.language() == language),
            move || language.strings().language_name,
            move || shell::choose_language(ui.words, language),
        )
    });
    section(
        ui,
        |words| words.language,
        radio_group(ui, |words| words.language, choices.into_iter().collect_view().into_any()),
    )
}

fn appearance(ui: Ui) -> AnyView {
    let chosen = RwSignal::new(shell::chosen_theme());
    let choices = Theme::ALL.map(|theme| {
        let label: Text = match theme {
            Theme::System => |words| words.theme_system,
            Theme::Light => |words| words.theme_light,
            Theme::Dark => |words| words.theme_dark,
            Theme::Contrast => |words| words.theme_contrast,
        };
        let choose = move || {
            chosen.set(theme);
            shell::choose_theme(theme);
        };
        let is_chosen = Signal::derive(move || chosen.get() == theme);
        choice(test_ids::THEME, theme.name(), is_chosen, ui.words.text(label), choose)
    });
    section(
        ui,
        |words| words.appearance,
        radio_group(ui, |words| words.appearance, choices.into_iter().collect_view().into_any()),
    )
}

fn radio_group(ui: Ui, label: Text, choices: AnyView) -> AnyView {
    html::div()
        .attr("class", "choices")
        .attr("role", "radiogroup")
        .attr("aria-label", ui.words.text(label))
        .child(choices)
        .into_any()
}

fn choice(
    test: &'static str,
    name: &'static str,
    is_chosen: Signal<bool>,
    label: impl Fn() -> &'static str + Send + 'static,
    choose: impl Fn() + 'static,
) -> AnyView {
    html::button()
        .attr("type", "button")
        .attr("class", "choice")
        .attr("role", "radio")
        .attr("aria-checked", move || if is_chosen.get() { "true" } else { "false" })
        .attr("data-test", test)
        .attr("data-name", name)
        .on(leptos::ev::click, move |_| choose())
        .child(label)
        .into_any()
}

fn devices(ui: Ui) -> AnyView {
    let list = move || {
        let devices = ui.me.with(|me| me.as_ref().map(|me| me.devices.clone()).unwrap_or_default());
        devices.into_iter().map(|device| own_device(ui, device)).collect_view()
    };
    let unsafe_storage = move || {
        let text = ui.words.text(|words| words.storage_may_go);
        (!ui.storage_is_safe.get()).then(|| html::p().attr("class", "hint").child(text))
    };
    let made = move || match ui.link.get() {
        Some(MadeLink::Device(link)) => {
            let picture = code::view(ui, &link, |words| words.safety.link_code);
            bring_into_sight(LINK_ID);
            let picture = html::div().attr("class", "code-box").attr("id", LINK_ID).child(picture);
            Some((picture, made_link(ui, |words| words.device_link_ready, link)))
        }
        _ => None,
    };
    let content = (
        html::ul().attr("class", "people").child(list),
        unsafe_storage,
        html::p().attr("class", "hint").child(ui.words.text(|words| words.add_device_text)),
        button(ui, "button", |words| words.add_device, test_ids::ADD_DEVICE, || ask(Command::NewDeviceLink)),
        made,
    );
    section(ui, |words| words.your_devices, content.into_any())
}

fn own_device(ui: Ui, device: DeviceView) -> AnyView {
    let (id, asking) = (device.device, RwSignal::new(false));
    let remove = (!device.this_device).then(|| {
        let question = move || ui.words.get().remove_device_ask.to_owned();
        let start = button(
            ui,
            "text-button alarm small",
            |words| words.remove_device,
            test_ids::REMOVE_PERSON,
            move || {
                asking.set(true);
            },
        );
        (start, ask_first(ui, asking, question, |words| words.remove, move || ask(Command::RemoveDevice(id))))
    });
    let history = move || {
        let step = ui.histories.with(|all| all.iter().find(|(other, _)| *other == id).map(|(_, step)| *step));
        step.map(|step| html::p().attr("class", "hint").child(ui.words.get().history(step)))
    };
    html::li().child((html::ul().child(readers::device(ui, device, false)), history, remove)).into_any()
}

fn invite(ui: Ui) -> AnyView {
    let name = RwSignal::new(String::new());
    let administrator = RwSignal::new(false);
    let make = move || {
        let name = Some(name.get_untracked().trim().to_lowercase()).filter(|name| !name.is_empty());
        ask(Command::Invite { name, administrator: administrator.get_untracked() });
    };
    let toggle = toggle(
        ui,
        test_ids::INVITE_ADMINISTRATOR,
        |words| words.administrator,
        |words| words.invite_admin,
        administrator.into(),
        move || administrator.update(|on| *on = !*on),
    );
    let made = move || match ui.link.get() {
        Some(MadeLink::Invitation(link)) => Some(made_link(ui, |words| words.invite_ready, link)),
        _ => None,
    };
    let hint: Text = |words| words.invite_name_hint;
    let content = (
        html::p().attr("class", "hint").child(ui.words.text(|words| words.invite_text)),
        field(ui, "invite-name", |words| words.invite_name, Some(hint), test_ids::INVITE_NAME, name),
        toggle,
        button(ui, "button primary", |words| words.invite_make, test_ids::INVITE, make),
        made,
    );
    section(ui, |words| words.invite_people, content.into_any())
}

fn made_link(ui: Ui, text: Text, link: String) -> AnyView {
    let copied = RwSignal::new(false);
    let label = move || if copied.get() { ui.words.get().copied } else { ui.words.get().copy };
    let copy = {
        let link = link.clone();
        move |_| {
            shell::copy(&link);
            copied.set(true);
        }
    };
    html::div()
        .attr("class", "link-box")
        .attr("role", "status")
        .child((
            html::p().child(ui.words.text(text)),
            html::p().attr("class", "link-text").attr("data-test", test_ids::LINK).child(link),
            html::button()
                .attr("type", "button")
                .attr("class", "button primary")
                .on(leptos::ev::click, copy)
                .child(label),
        ))
        .into_any()
}
