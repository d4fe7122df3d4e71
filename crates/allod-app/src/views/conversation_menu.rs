//! What one can do with a conversation, on this device alone: keep it on top, mute it, archive it.

use allod_client_core::local::{FOR_EVER, Local};
use allod_client_core::view::ConversationSummary;
use allod_wire::{LogId, UnixMillis};
use leptos::html;
use leptos::prelude::*;

use super::dialog::close;
use super::message_menu::{below, item};
use crate::dialog::Dialog;
use crate::icons::{ARCHIVE, BELL, MORE, PIN, QUIET};
use crate::shell::{Command, ask, now};
use crate::state::Ui;
use crate::test_ids;

const HOUR_MILLIS: u64 = 3_600_000;

/// The button that opens the menu.
pub(super) fn opener(ui: Ui, log: LogId, title: Memo<String>, class: &'static str) -> AnyView {
    let label = move || (ui.words.get().chosen.menu_of)(&title.get());
    html::button()
        .attr("type", "button")
        .attr("class", format!("icon-button {class}"))
        .attr("data-test", test_ids::CONVERSATION_MENU)
        .attr("data-name", move || title.get())
        .attr("aria-label", label)
        .attr("aria-haspopup", "menu")
        .on(leptos::ev::click, move |event| {
            ui.show(Dialog::Conversation(log), Some(below(event.current_target())));
        })
        .child(MORE.view())
        .into_any()
}

/// The menu.
pub(super) fn view(ui: Ui, log: LogId) -> AnyView {
    let local = Memo::new(move |_| local_of(ui, log));
    html::div()
        .attr("class", "menu-items")
        .attr("role", "menu")
        .attr("aria-label", ui.words.text(|words| words.chosen.menu))
        .child(move || items(ui, log, &local.get()))
        .into_any()
}

fn items(ui: Ui, log: LogId, local: &Local) -> AnyView {
    let now = now();
    let choose = move |command: Command| {
        close(ui);
        ask(command);
    };
    let pin = if local.pinned {
        item(ui, PIN, |words| words.chosen.unpin, "", test_ids::PIN, move || choose(Command::Pin(log, false)))
    } else {
        item(ui, PIN, |words| words.chosen.pin, "", test_ids::PIN, move || choose(Command::Pin(log, true)))
    };
    let mute_until = move |until: UnixMillis| move || choose(Command::Mute(log, Some(until)));
    let mute = if local.is_muted(now) {
        item(ui, BELL, |words| words.chosen.unmute, "", test_ids::UNMUTE, move || choose(Command::Mute(log, None)))
    } else {
        let hours = |hours: u64| mute_until(now.plus(hours * HOUR_MILLIS));
        (
            item(ui, QUIET, |words| words.chosen.mute_8_hours, "", test_ids::MUTE_8_HOURS, hours(8)),
            item(ui, QUIET, |words| words.chosen.mute_week, "", test_ids::MUTE_WEEK, hours(7 * 24)),
            item(ui, QUIET, |words| words.chosen.mute, "", test_ids::MUTE, mute_until(FOR_EVER)),
        )
            .into_any()
    };
    let archived = local.archived;
    let archive = move || choose(Command::Archive(log, !archived));
    let archive = if archived {
        item(ui, ARCHIVE, |words| words.chosen.unarchive, "", test_ids::ARCHIVE, archive)
    } else {
        item(ui, ARCHIVE, |words| words.chosen.archive, "", test_ids::ARCHIVE, archive)
    };
    (pin, mute, archive).into_any()
}

fn local_of(ui: Ui, log: LogId) -> Local {
    let of = |all: &Vec<ConversationSummary>| all.iter().find(|one| one.log == log).map(|one| one.local.clone());
    ui.conversations.with(of).unwrap_or_default()
}
