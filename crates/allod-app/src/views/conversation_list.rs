//! The list of conversations: what is new on top, what it is about, how much of it is unread.

use std::collections::BTreeMap;

use allod_client_core::Kind;
use allod_client_core::view::ConversationSummary;
use allod_wire::LogId;
use leptos::html;
use leptos::prelude::*;

use super::panes::SEARCH_ID;
use super::parts::{self, button, face, icon_button};
use super::{conversation_menu, search, typing};
use crate::dialog::Dialog;
use crate::draft::{Draft, Place};
use crate::format::list_time;
use crate::gesture::Point;
use crate::icons::{ARCHIVE, BACK, Icon, PIN, PLUS, QUIET, SLIDERS, TALK, THREAD};
use crate::shell::{Command, ask, now};
use crate::state::{Side, Ui};
use crate::strings::Text;
use crate::test_ids;

pub(super) fn view(ui: Ui) -> AnyView {
    let wanted = RwSignal::new(String::new());
    let whose = move || ui.me.with(|me| me.as_ref().map(|me| me.address.to_string()));
    let title = html::div().attr("class", "bar-title big").child((
        html::h1().child(ui.words.text(|words| words.conversations)),
        html::p().attr("class", "small soft clip").attr("data-test", test_ids::WHOSE).child(whose),
    ));
    let settings =
        icon_button(ui, SLIDERS, |words| words.settings, "", test_ids::SETTINGS, move || ui.side.set(Side::Settings));
    let new = icon_button(
        ui,
        PLUS,
        |words| words.new_conversation,
        "primary",
        test_ids::NEW_CONVERSATION,
        move || ui.side.set(Side::New),
    );
    let archive = RwSignal::new(false);
    let is_empty = Memo::new(move |_| ui.conversations.with(Vec::is_empty));
    let body = move || if is_empty.get() { none_yet(ui) } else { list(ui, wanted, archive) };
    (html::header().attr("class", "bar").child((title, settings, new)), body).into_any()
}

fn none_yet(ui: Ui) -> AnyView {
    let start = move || ui.side.set(Side::New);
    html::div()
        .attr("class", "empty")
        .child((
            TALK.view(),
            html::h2().child(ui.words.text(|words| words.none_yet_title)),
            html::p().child(ui.words.text(|words| words.none_yet)),
            button(ui, "button primary", |words| words.new_conversation, test_ids::NEW_CONVERSATION, start),
        ))
        .into_any()
}

fn list(ui: Ui, wanted: RwSignal<String>, archive: RwSignal<bool>) -> AnyView {
    let found = Memo::new(move |_| {
        let wanted = wanted.get().to_lowercase();
        let archive = archive.get();
        let matches = |one: &ConversationSummary| {
            // Whoever looks for something finds it wherever it was put.
            let is_here = one.local.archived == archive || !wanted.is_empty();
            let people = one.people.iter().any(|person| person.to_string().contains(&wanted));
            is_here && (people || ui.title_of(one).to_lowercase().contains(&wanted))
        };
        ui.conversations.with(|all| all.iter().filter(|one| matches(one)).cloned().collect::<Vec<_>>())
    });
    let nothing = move || {
        let text = html::p().child(ui.words.text(|words| words.nothing_found));
        let is_sought = !wanted.with(String::is_empty);
        (is_sought && found.with(Vec::is_empty) && !search::has_messages(ui))
            .then(|| html::div().attr("class", "empty").child(text))
    };
    let ids = Memo::new(move |_| found.with(|found| found.iter().map(|one| one.log).collect::<Vec<_>>()));
    // Without what is being written in the open conversation: a key changes nothing in the rows.
    let begun = Memo::new(move |_| {
        let open = ui.open.get();
        let is_shown = |(place, _): &(&Place, &Draft)| place.thread.is_none() && Some(place.log) != open;
        let text = |(place, draft): (&Place, &Draft)| (place.log, draft.text.clone());
        ui.drafts.with(|drafts| drafts.iter().filter(is_shown).map(text).collect::<BTreeMap<_, _>>())
    });
    let rows = For(ForProps::builder()
        .each(move || ids.get())
        .key(|log| *log)
        .children(move |log| row(ui, log, begun))
        .build());
    let put_away = Memo::new(move |_| ui.conversations.with(|all| all.iter().filter(|one| one.local.archived).count()));
    Effect::new(move |_| {
        if put_away.get() == 0 {
            archive.set(false);
        }
    });
    let switch = move || {
        let is_sought = !wanted.with(String::is_empty);
        (put_away.get() > 0 && !is_sought).then(|| {
            let (icon, text) = if archive.get() { (BACK, None) } else { (ARCHIVE, Some(put_away.get())) };
            let text = move || {
                let words = &ui.words.get().chosen;
                text.map_or_else(|| words.back_to_all.to_owned(), |count| (words.archived)(count as u64))
            };
            html::button()
                .attr("type", "button")
                .attr("class", "row short archive-row")
                .attr("data-test", test_ids::ARCHIVED)
                .on(leptos::ev::click, move |_| archive.update(|on| *on = !*on))
                .child((icon.view(), html::span().child(text)))
        })
    };
    let list = html::ul().attr("class", "list").attr("data-test", test_ids::CONVERSATIONS).child(rows);
    Effect::new(move |_| ask(Command::Search(wanted.get())));
    let field = html::div().attr("class", "pad").child(parts::search(ui, SEARCH_ID, |words| words.search, wanted));
    let results = html::div().attr("class", "scroll results").child((list, switch, search::messages(ui), nothing));
    html::div()
        .attr("class", "search-pane")
        .on(leptos::ev::keydown, |event| search::keys(&event))
        .child((field, results))
        .into_any()
}

/// A row: it stays the same element while what it shows changes, so that the keyboard stays on it.
fn row(ui: Ui, log: LogId, begun: Memo<BTreeMap<LogId, String>>) -> AnyView {
    let one = Memo::new(move |_| ui.conversations.with(|all| all.iter().find(|one| one.log == log).cloned()));
    let is_open = Memo::new(move |_| ui.open.get() == Some(log));
    let is_group = Memo::new(move |_| one.with(|one| one.as_ref().is_some_and(|one| one.kind == Kind::Group)));
    let title = Memo::new(move |_| one.get().map(|one| ui.title_of(&one)).unwrap_or_default());
    let unread = Memo::new(move |_| one.with(|one| one.as_ref().map_or(0, |one| one.unread)));
    let time = move || {
        let time = one.with(|one| one.as_ref().map(|one| one.last.as_ref().map_or(one.updated, |last| last.time)));
        time.map(|time| list_time(time, ui.words.language())).unwrap_or_default()
    };
    let local = Memo::new(move |_| one.with(|one| one.as_ref().map(|one| one.local.clone())).unwrap_or_default());
    let mark =
        move |icon: Icon, text: Text| html::span().attr("class", "row-mark").child((icon.small(), hidden(ui, text)));
    let pinned = move || local.with(|local| local.pinned).then(|| mark(PIN, |words| words.chosen.pinned));
    let muted = move || local.with(|local| local.is_muted(now())).then(|| mark(QUIET, |words| words.chosen.muted));
    let mentioned = move || {
        let mentions = one.with(|one| one.as_ref().map_or(0, |one| one.mentions));
        let text = ui.words.text(|words| words.chosen.mentions_you);
        (mentions > 0).then(|| {
            let at = html::span().attr("class", "count").attr("role", "img").attr("aria-label", text);
            at.attr("data-test", test_ids::MENTIONED).child("@")
        })
    };
    let first = html::span().attr("class", "row-line").child((
        html::span().attr("class", "row-title clip").child(move || title.get()),
        muted,
        pinned,
        html::span().attr("class", "row-time").child(time),
    ));
    let count = move || {
        (unread.get() > 0).then(|| {
            html::span()
                .attr("class", "count")
                .attr("data-test", test_ids::UNREAD)
                .attr("aria-label", move || (ui.words.get().unread)(unread.get() as u64))
                .child(unread.get().to_string())
        })
    };
    let answers = Memo::new(move |_| one.with(|one| one.as_ref().map_or(0, |one| one.new_answers)));
    let in_threads = move || {
        // What is unread says more.
        (answers.get() > 0 && unread.get() == 0).then(|| {
            html::span()
                .attr("class", "count threads")
                .attr("role", "img")
                .attr("data-test", test_ids::NEW_ANSWERS)
                .attr("aria-label", move || (ui.words.get().talk.thread_new)(answers.get()))
                .child((THREAD.small(), html::span().child(move || answers.get().to_string())))
        })
    };
    let preview = move || {
        let begun = begun.with(|begun| begun.get(&log).cloned());
        one.with(|one| {
            let one = one.as_ref()?;
            let kept = || one.local.draft.as_ref().map(|draft| draft.text.clone());
            let begun = begun.or_else(kept).filter(|begun| !begun.is_empty() && !is_open.get());
            Some(preview(ui, one, begun, is_group.get()))
        })
        .unwrap_or_default()
    };
    let types = Memo::new(move |_| one.with(|one| one.as_ref().is_some_and(|one| !one.typing.is_empty())));
    let second = html::span().attr("class", "row-line").child((
        html::span()
            .attr("class", move || if types.get() { "row-preview typing-now clip" } else { "row-preview clip" })
            .child(preview),
        mentioned,
        in_threads,
        count,
    ));
    let button = html::button()
        .attr("type", "button")
        .attr("class", move || if unread.get() > 0 { "row unread" } else { "row" })
        .attr("data-test", test_ids::CONVERSATION_ROW)
        .attr("data-name", move || title.get())
        .attr("aria-current", move || if is_open.get() { "true" } else { "false" })
        .on(leptos::ev::click, move |_| ask(Command::Open(log)))
        .child((move || face(&title.get(), is_group.get(), false), html::span().child((first, second))));
    html::li()
        .attr("class", "row-holder")
        .on(leptos::ev::contextmenu, move |event| {
            event.prevent_default();
            let at = Point { x: f64::from(event.client_x()), y: f64::from(event.client_y()) };
            ui.show(Dialog::Conversation(log), Some(at));
        })
        .child((button, conversation_menu::opener(ui, log, title, "small row-more")))
        .into_any()
}

/// A text for those who do not see the icon.
fn hidden(ui: Ui, text: Text) -> AnyView {
    html::span().attr("class", "sr-only").child(ui.words.text(text)).into_any()
}

fn preview(ui: Ui, one: &ConversationSummary, begun: Option<String>, is_group: bool) -> String {
    if let Some(said) = typing::said(ui, &one.typing) {
        return said;
    }
    let words = ui.words.get();
    if let Some(begun) = begun {
        return (words.chosen.draft)(&begun);
    }
    let Some(last) = &one.last else { return words.empty_conversation.to_owned() };
    let own = ui.me.with(|me| me.as_ref().is_some_and(|me| me.address == last.sender));
    match (own, is_group) {
        (true, _) => (words.you_said)(&last.text),
        (false, true) => format!("{}: {}", ui.name_of(&last.sender), last.text),
        (false, false) => last.text.clone(),
    }
}
