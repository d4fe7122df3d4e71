//! A thread beside its conversation: the message that began it, the answers, and where one writes the next.

use allod_client_core::view::MessageView;
use leptos::html;
use leptos::prelude::*;

use super::parts::bar;
use super::{composer, file, line_acts, message, send_sheet, way_back};
use crate::draft::Place;
use crate::format::{clock_time, local_day};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;
use crate::timeline::{Line, timeline};

pub(super) fn view(ui: Ui) -> AnyView {
    let place = Memo::new(move |_| {
        ui.thread
            .with(|thread| thread.as_ref().map(|thread| Place { log: thread.root.log, thread: thread.root.message_id }))
    });
    let root = Memo::new(move |_| ui.thread.with(|thread| thread.as_ref().map(|thread| thread.root.clone())));
    let lines = Memo::new(move |_| {
        let waiting = ui.waiting.get();
        let shown = |thread: &crate::state::Thread| {
            timeline(&thread.answers, &waiting, None, thread.root.message_id, local_day)
        };
        ui.thread.with(|thread| thread.as_ref().map(shown).unwrap_or_default())
    });
    let rows = For(ForProps::builder()
        .each(move || lines.get())
        .key(Line::key)
        .children(move |line| match line {
            Line::Message { view, first, last } => message::view(ui, view, first, last, true),
            Line::Day(_) | Line::Unread | Line::Event(_) => ().into_any(),
        })
        .build());
    let uploads = file::uploads(ui, move || place.get());
    let nothing = move || {
        let text = ui.words.text(|words| words.talk.thread_empty);
        (lines.with(Vec::is_empty) && uploads.with(Vec::is_empty))
            .then(|| html::li().attr("class", "event").child(text))
    };
    let scroll = NodeRef::<html::Div>::new();
    let sending = file::sending(ui, uploads);
    let answers = line_acts::list(ui, |words| words.talk.thread, lines, (nothing, rows, sending).into_any());
    Effect::new(move |_| {
        lines.track();
        uploads.track();
        let Some(element) = scroll.get() else { return };
        request_animation_frame(move || element.set_scroll_top(element.scroll_height()));
    });
    let began = move || root.get().map(|root| began(ui, &root));
    // The composer stays the same element while the list of conversations changes.
    let writable = Memo::new(move |_| place.get().filter(|_| ui.can_write()));
    let write = move || writable.get().map(|place| composer::view(ui, place));
    html::aside()
        .attr("class", "pane pane-details")
        .attr("data-test", test_ids::THREAD)
        .attr("aria-label", ui.words.text(|words| words.talk.thread))
        .on(leptos::ev::dragover, |event| event.prevent_default())
        .on(leptos::ev::drop, move |event| {
            event.prevent_default();
            if let Some(Place { thread, .. }) = writable.get_untracked() {
                send_sheet::choose_from(ui, thread, event.data_transfer());
            }
        })
        .child((
            bar(ui, "bar-thread", |words| words.talk.thread, move || way_back::back(ui)),
            html::div().attr("class", "scroll").node_ref(scroll).child((began, answers)),
            write,
        ))
        .into_any()
}

/// What it is about.
fn began(ui: Ui, root: &MessageView) -> AnyView {
    let sender = root.sender.clone();
    let head = html::p().attr("class", "thread-head small soft").child((
        html::span().attr("class", "quote-author").child(move || ui.name_or_you(&sender)),
        html::span().child(clock_time(root.time)),
    ));
    html::div().attr("class", "thread-root").child((head, message::body(ui, root))).into_any()
}

/// Under a message in which a thread began: how many answers there are; leads to them.
pub(super) fn open_button(ui: Ui, root: &MessageView) -> Option<AnyView> {
    let (id, log) = (root.message_id?, root.log);
    let (count, new) = root.marks.answers.as_ref().map(|answers| (answers.count, answers.new))?;
    let button = html::button()
        .attr("type", "button")
        .attr("class", if new > 0 { "thread-open new" } else { "thread-open" })
        .attr("tabindex", "-1")
        .attr("data-test", test_ids::THREAD_OPEN)
        .on(leptos::ev::click, move |_| ask(Command::OpenThread(log, id)))
        .child((
            crate::icons::THREAD.small(),
            html::span().child(move || (ui.words.get().talk.thread_answers)(count, new)),
        ));
    Some(button.into_any())
}
