//! What is going on, in words, above the panes: no connection, or something that could not be done.

use allod_client_core::history::HistoryStep;
use leptos::html;
use leptos::prelude::*;

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
    (offline, update, history, notice).into_any()
}

fn history(ui: Ui, step: HistoryStep) -> AnyView {
    html::div()
        .attr("class", "banner notice")
        .attr("role", "status")
        .attr("data-test", test_ids::HISTORY)
        .child(html::p().child(move || ui.words.get().history(step)))
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
