//! What is going on, in words, above the panes: no connection, or something that could not be done.

use allod_client_core::history::HistoryStep;
use allod_client_core::keeping::NewDeviceView;
use allod_wire::account::DeviceClass;
use leptos::html;
use leptos::prelude::*;

use super::backup;
use super::parts::ask_first;
use crate::format::moment;
use crate::shell::{Command, ask};
use crate::state::{Connection, Ui};
use crate::test_ids;

pub(super) fn view(ui: Ui) -> AnyView {
    let connection = Memo::new(move |_| ui.connection.get());
    let offline = move || match connection.get() {
        Connection::Offline => offline(ui),
        Connection::Removed => removed(ui),
        Connection::Connecting | Connection::Online => ().into_any(),
    };
    let notice = move || {
        ui.notice.get().map(|notice| {
            let class = if notice.alarm { "banner alarm" } else { "banner notice" };
            let role = if notice.alarm { "alert" } else { "status" };
            let dismiss = html::button()
                .attr("type", "button")
                .on(leptos::ev::click, move |_| ui.notice.set(None))
                .child(ui.words.text(|words| words.dismiss));
            let text = notice.what.clone();
            html::div()
                .attr("class", class)
                .attr("role", role)
                .attr("data-test", test_ids::BANNER)
                .child((html::p().child(move || text.say(ui.words.get())), dismiss))
        })
    };
    let update = move || ui.update.get().then(|| update(ui));
    let history = move || ui.histories.with(|all| all.first().copied()).map(|(_, step)| history(ui, step));
    let newcomers = move || ui.new_devices.get().into_iter().map(|device| newcomer(ui, device)).collect_view();
    let backup = move || ui.backup_is_due.get().then(|| backup::reminder(ui));
    (offline, newcomers, update, backup, history, notice).into_any()
}

fn history(ui: Ui, step: HistoryStep) -> AnyView {
    html::div()
        .attr("class", "banner notice")
        .attr("role", "status")
        .attr("data-test", test_ids::HISTORY)
        .child(html::p().child(move || ui.words.get().history(step)))
        .into_any()
}

/// An own device has come: was it the user?
fn newcomer(ui: Ui, device: NewDeviceView) -> AnyView {
    let (id, asking) = (device.device, RwSignal::new(false));
    let text = move || {
        let words = ui.words.get();
        let class = match device.class {
            DeviceClass::Web => words.class_web_short,
            DeviceClass::Installed => words.class_installed_short,
        };
        (words.safety.device_came)(class, &moment(device.at, ui.words.language()))
    };
    let known = html::button()
        .attr("type", "button")
        .attr("data-test", test_ids::DEVICE_KNOWN)
        .on(leptos::ev::click, move |_| ask(Command::DeviceKnown(id)))
        .child(ui.words.text(|words| words.safety.it_was_me));
    let remove = html::button()
        .attr("type", "button")
        .attr("data-test", test_ids::DEVICE_NOT_MINE)
        .on(leptos::ev::click, move |_| asking.set(true))
        .child(ui.words.text(|words| words.safety.remove_it));
    let question = move || ui.words.get().safety.remove_it_ask.to_owned();
    let remove_asked = ask_first(ui, asking, question, |words| words.remove, move || ask(Command::RemoveDevice(id)));
    html::div()
        .attr("class", "banner notice")
        .attr("role", "alert")
        .attr("data-test", test_ids::DEVICE_CAME)
        .child((html::p().child(text), html::div().attr("class", "actions").child((known, remove)), remove_asked))
        .into_any()
}

fn update(ui: Ui) -> AnyView {
    let reload = html::button()
        .attr("type", "button")
        .attr("data-test", test_ids::UPDATE)
        .on(leptos::ev::click, |_| crate::shell::take_update())
        .child(ui.words.text(|words| words.reload));
    html::div()
        .attr("class", "banner")
        .attr("role", "status")
        .child((html::p().child(ui.words.text(|words| words.update_ready)), reload))
        .into_any()
}

fn removed(ui: Ui) -> AnyView {
    html::div()
        .attr("class", "banner notice")
        .attr("role", "alert")
        .attr("data-test", test_ids::BANNER)
        .child(html::p().child(ui.words.text(|words| words.device_gone)))
        .into_any()
}

fn offline(ui: Ui) -> AnyView {
    let text = move || {
        let waiting: usize = ui.conversations.with(|all| all.iter().map(|one| one.waiting).sum());
        let words = ui.words.get();
        if waiting == 0 { words.offline.to_owned() } else { (words.offline_waiting)(waiting) }
    };
    let again = html::button()
        .attr("type", "button")
        .on(leptos::ev::click, |_| ask(Command::Reconnect))
        .child(ui.words.text(|words| words.try_again));
    html::div()
        .attr("class", "banner")
        .attr("role", "status")
        .attr("data-test", test_ids::BANNER)
        .child((html::p().child(text), again))
        .into_any()
}
