//! A conversation: its bar with the line of readers, the messages, and where one writes.

use allod_client_core::view::State;
use allod_client_core::{ForkChoice, Kind};
use allod_wire::LogId;
use leptos::html;
use leptos::prelude::*;

use super::event_line::show_readers;
use super::follow::{Follow, UNREAD_ID};
use super::parts::{button, face, icon_button};
use super::{
    composer, conversation_menu, event_line, file, line_acts, message, opening, send_sheet, typing, viewer, way_back,
};
use crate::draft::Place;
use crate::format::{day_heading, local_day};
use crate::icons::{BACK, DOWN, EYE, TALK};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::strings::Text;
use crate::test_ids;
use crate::timeline::{Line, timeline};

/// The pane while no conversation is open.
pub(super) fn nothing_open(ui: Ui) -> AnyView {
    html::div()
        .attr("class", "empty")
        .child((TALK.view(), html::p().child(ui.words.text(|words| words.choose_one))))
        .into_any()
}

pub(super) fn view(ui: Ui, log: LogId) -> AnyView {
    // One writes while the conversation is being made as well: the composer stays the same element.
    let state = Memo::new(move |_| match ui.current().map(|current| current.state) {
        Some(State::Creating) => Some(State::Active),
        state => state,
    });
    let dropping = RwSignal::new(false);
    let foot = move || match state.get() {
        None => ().into_any(),
        Some(State::Creating | State::Active) => composer::view(ui, Place::conversation(log)),
        Some(State::Rejoining) => closed(ui, |words| words.state_rejoining, ()),
        Some(State::Removed) => closed(ui, |words| words.state_removed, forget(ui, log)),
        Some(State::Left) => closed(ui, |words| words.state_left, forget(ui, log)),
        Some(State::Forked) => {
            let choose = move |choice| ask(Command::ResolveFork(log, choice));
            let go_on =
                button(ui, "button alarm", |words| words.go_on, test_ids::CONFIRM, move || choose(ForkChoice::GoOn));
            let leave = button(ui, "button", |words| words.leave, test_ids::LEAVE, move || choose(ForkChoice::Leave));
            closed(ui, |words| words.state_forked, (go_on, leave))
        }
    };
    let drop_hint = move || {
        let text = ui.words.text(|words| words.drop_here);
        dropping.get().then(|| html::div().attr("class", "drop").child((TALK.view(), html::p().child(text))))
    };
    let messages = html::div()
        .attr("class", "messages")
        .on(leptos::ev::dragover, move |event| {
            event.prevent_default();
            dropping.set(true);
        })
        .on(leptos::ev::dragleave, move |_| dropping.set(false))
        .on(leptos::ev::drop, move |event| {
            event.prevent_default();
            dropping.set(false);
            send_sheet::choose_from(ui, None, event.data_transfer());
        })
        .child((stream(ui, log), typing::view(ui), drop_hint));
    (head(ui, log), messages, foot, send_sheet::view(ui, log), viewer::view(ui)).into_any()
}

fn closed(ui: Ui, text: Text, actions: impl IntoView + 'static) -> AnyView {
    html::div()
        .attr("class", "composer-closed")
        .attr("data-test", test_ids::CLOSED)
        .child((html::p().child(ui.words.text(text)), html::div().attr("class", "actions").child(actions.into_any())))
        .into_any()
}

fn forget(ui: Ui, log: LogId) -> AnyView {
    button(ui, "button", |words| words.forget, test_ids::CONFIRM, move || ask(Command::Forget(log)))
}

fn head(ui: Ui, log: LogId) -> AnyView {
    let title = Memo::new(move |_| ui.current().map(|current| ui.title_of(&current)).unwrap_or_default());
    let group = Memo::new(move |_| ui.current().is_some_and(|current| current.kind == Kind::Group));
    let counts = Memo::new(move |_| ui.current().map_or((0, 0), |one| (one.people_count, one.device_count)));
    let readers = html::button()
        .attr("type", "button")
        .attr("class", "readers-line")
        .attr("data-test", test_ids::READERS_LINE)
        .attr("title", ui.words.text(|words| words.who_can_read))
        .on(leptos::ev::click, move |_| show_readers(ui))
        .child((
            EYE.view(),
            html::span().attr("class", "clip").child(move || {
                let (people, devices) = counts.get();
                (ui.words.get().readers_line)(people, devices)
            }),
        ));
    html::header()
        .attr("class", "bar lined")
        .attr("data-test", test_ids::CONVERSATION)
        .attr("data-name", move || title.get())
        .child((
            icon_button(ui, BACK, |words| words.back, "only-phone", test_ids::BACK, move || way_back::back(ui)),
            move || face(&title.get(), group.get(), true),
            html::div()
                .attr("class", "bar-title")
                .child((html::h2().attr("class", "clip").child(move || title.get()), readers)),
            conversation_menu::opener(ui, log, title, ""),
        ))
        .into_any()
}

/// The messages, scrolled to the end unless the user looks at earlier ones.
fn stream(ui: Ui, log: LogId) -> AnyView {
    let scroll = NodeRef::<html::Div>::new();
    let group = Memo::new(move |_| ui.current().is_some_and(|current| current.kind == Kind::Group));
    let lines = Memo::new(move |_| {
        let waiting = ui.waiting.get();
        ui.lines.with(|lines| timeline(lines, &waiting, ui.unread_from.get(), None, local_day))
    });
    let uploads = file::uploads(ui, move || Some(Place::conversation(log)));
    let follow = Follow::new(ui, scroll, lines, uploads);
    let jump = move || {
        let to_end = move || follow.to_end();
        follow.far.get().then(|| icon_button(ui, DOWN, |words| words.jump_to_latest, "jump", test_ids::JUMP, to_end))
    };
    let is_made = Memo::new(move |_| ui.current().is_none_or(|current| current.state != State::Creating));
    let nothing = move || {
        let text = move || {
            let words = ui.words.get();
            if is_made.get() { words.empty_conversation } else { words.state_creating }
        };
        (!is_made.get() || lines.with(Vec::is_empty)).then(|| html::li().attr("class", "event").child(text))
    };
    let rows = For(ForProps::builder()
        .each(move || lines.get())
        .key(Line::key)
        .children(move |line| match line {
            Line::Day(time) => {
                let text = move || day_heading(time, ui.words.language());
                html::li().attr("class", "day").child(text).into_any()
            }
            Line::Unread => {
                let text = ui.words.text(|words| words.new_messages);
                let line = html::li().attr("class", "new-messages").attr("id", UNREAD_ID);
                line.attr("data-test", test_ids::UNREAD_LINE).child(html::span().child(text)).into_any()
            }
            Line::Event(view) => event_line::view(ui, view),
            Line::Message { view, first, last } => message::view(ui, view, first, last, group.get_untracked()),
        })
        .build());
    let sending = file::sending(ui, uploads);
    let stream =
        line_acts::list(ui, |words| words.messages, lines, (opening::view(ui), nothing, rows, sending).into_any());
    let scroll = html::div()
        .attr("class", "scroll")
        .attr("tabindex", "-1")
        .on(leptos::ev::scroll, move |_| follow.scrolled())
        .node_ref(scroll)
        .child(stream);
    (scroll, jump).into_any()
}
