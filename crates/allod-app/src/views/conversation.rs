//! A conversation: its bar with the line of readers, the messages, and where one writes.

use allod_client_core::view::State;
use allod_client_core::{ForkChoice, Kind};
use allod_wire::{EntryId, LogId};
use leptos::html;
use leptos::prelude::*;

use super::event_line::show_readers;
use super::parts::{button, face, icon_button};
use super::{composer, conversation_menu, event_line, file, line_acts, message, opening, send_sheet, viewer, way_back};
use crate::draft::{Draft, Place, Purpose};
use crate::format::{day_heading, local_day};
use crate::icons::{BACK, DOWN, EYE, TALK};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::strings::Text;
use crate::test_ids;
use crate::timeline::{Line, timeline};

/// Nearer to the end than this counts as being there; nearer to the start than this asks for more.
const NEAR_PIXELS: f64 = 120.0;
/// Farther from the end than this, a button leads back to it.
const FAR_PIXELS: f64 = 480.0;
/// The identifier of the line before what was not read.
const UNREAD_ID: &str = "new-messages";

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
        Some(State::Creating | State::Active) => composer::view(ui, Place { log, thread: None }),
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
            send_sheet::choose_from(ui, event.data_transfer());
        })
        .child((stream(ui, log), drop_hint));
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
    let uploads = Memo::new(move |_| {
        let here = |one: &&crate::state::Transfer| one.upload && one.log == log;
        ui.transfers.with(|all| all.iter().filter(here).map(|one| one.number).collect::<Vec<_>>())
    });
    // How far what is seen is from the end of the stream; kept while it grows at either end.
    let from_end = StoredValue::new(0.0_f64);
    let far = RwSignal::new(false);
    follow(ui, scroll, from_end, lines, uploads);
    let to_end = move || {
        if let Some(element) = scroll.get_untracked() {
            element.set_scroll_top(element.scroll_height());
        }
    };
    let jump =
        move || far.get().then(|| icon_button(ui, DOWN, |words| words.jump_to_latest, "jump", test_ids::JUMP, to_end));
    let scrolled = move |_| {
        let Some(element) = scroll.get_untracked() else { return };
        let top = f64::from(element.scroll_top());
        from_end.set_value(f64::from(element.scroll_height()) - top);
        far.set(from_end.get_value() - f64::from(element.client_height()) > FAR_PIXELS);
        if top < NEAR_PIXELS && ui.earlier.get_untracked() {
            ask(Command::LoadEarlier);
        }
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
    let sending = For(ForProps::builder()
        .each(move || uploads.get())
        .key(|number| *number)
        .children(move |number| file::upload(ui, number))
        .build());
    let stream =
        line_acts::list(ui, |words| words.messages, lines, (opening::view(ui), nothing, rows, sending).into_any());
    let scroll = html::div()
        .attr("class", "scroll")
        .attr("tabindex", "-1")
        .on(leptos::ev::scroll, scrolled)
        .node_ref(scroll)
        .child(stream);
    (scroll, jump).into_any()
}

/// Keeps the end in sight while the user is there, and the place when earlier messages come in above.
fn follow(
    ui: Ui,
    scroll: NodeRef<html::Div>,
    from_end: StoredValue<f64>,
    lines: Memo<Vec<Line>>,
    uploads: Memo<Vec<u64>>,
) {
    let first_before = StoredValue::new(None::<Option<u64>>);
    // Who has just written something wants to see it.
    let sent_before = StoredValue::new(None::<EntryId>);
    // How high the foot is: what one writes, and what that answers.
    let foot = Memo::new(move |_| {
        let of = |draft: &Draft| (draft.text.lines().count(), draft.purpose != Purpose::New);
        ui.open.get().and_then(|log| ui.drafts.with(|drafts| drafts.get(&Place { log, thread: None }).map(of)))
    });
    Effect::new(move |_| {
        lines.track();
        foot.track();
        uploads.track();
        ui.shown.track();
        let first = ui.lines.with_untracked(|lines| lines.first().and_then(|line| line.position));
        let Some(element) = scroll.get() else { return };
        let opened = first_before.get_value().is_none();
        let grew_above = first_before.get_value().is_some_and(|before| before != first);
        first_before.set_value(Some(first));
        let sent = ui.waiting.with_untracked(|waiting| waiting.last().map(|view| view.id));
        let has_sent = sent.is_some() && sent != sent_before.get_value();
        sent_before.set_value(sent.or(sent_before.get_value()));
        let distance = from_end.get_value();
        let at_end = has_sent || distance <= f64::from(element.client_height()) + NEAR_PIXELS;
        request_animation_frame(move || {
            if let (true, Some(mark)) = (opened, document().get_element_by_id(UNREAD_ID)) {
                mark.scroll_into_view();
                from_end.set_value(f64::from(element.scroll_height()) - f64::from(element.scroll_top()));
            } else if at_end {
                element.set_scroll_top(element.scroll_height());
            } else if grew_above {
                element.set_scroll_top((f64::from(element.scroll_height()) - distance) as i32);
            }
        });
    });
}
