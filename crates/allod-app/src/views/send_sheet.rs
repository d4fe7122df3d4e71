//! What was chosen, before it is sent: to look at, to take out of, to write something with. Rule M-22.

use std::sync::atomic::{AtomicU64, Ordering};

use allod_client_core::transfer::FileInfo;
use allod_wire::LogId;
use allod_wire::mimi::MessageId;
use leptos::html;
use leptos::prelude::*;
use web_sys::{ClipboardEvent, DataTransfer, File, FileList};

use super::dialog::{Leave, over_window};
use super::file::picture_url;
use super::parts::icon_button;
use crate::format::{size, with_extension};
use crate::icons::{CLOSE, DOCUMENT, SEND, WARNING};
use crate::shell::{Command, ToSend, ask, pictures};
use crate::state::{Chosen, Picture, Ui};
use crate::test_ids;

static LAST_CHOSEN: AtomicU64 = AtomicU64::new(0);

/// Shows these files in the sheet, to go into the conversation or that thread of it, and draws those anew that are pictures.
pub(super) fn choose(ui: Ui, thread: Option<MessageId>, files: Vec<File>) {
    for file in files {
        let number = LAST_CHOSEN.fetch_add(1, Ordering::Relaxed);
        let is_drawn = pictures::is_drawn(&file.type_());
        let picture = if is_drawn { Picture::Drawing } else { Picture::None };
        ui.chosen.update(|chosen| chosen.push(Chosen { number, thread, file: file.clone(), picture }));
        if is_drawn {
            leptos::task::spawn_local(async move {
                let drawn = pictures::draw(&file).await.map_or(Picture::Unreadable, Picture::Drawn);
                ui.chosen.update(|chosen| {
                    if let Some(one) = chosen.iter_mut().find(|one| one.number == number) {
                        one.picture = drawn;
                    }
                });
            });
        }
    }
}

/// Shows what was dropped in the sheet.
pub(super) fn choose_from(ui: Ui, thread: Option<MessageId>, data: Option<DataTransfer>) {
    choose(ui, thread, listed(data.and_then(|data| data.files())));
}

/// Shows pasted files in the sheet. Programs that copy text often add a picture of it: text is text.
pub(super) fn paste(ui: Ui, thread: Option<MessageId>, event: &ClipboardEvent) {
    let Some(data) = event.clipboard_data() else { return };
    let files = listed(data.files());
    if !files.is_empty() && data.get_data("text/plain").is_ok_and(|text| text.is_empty()) {
        event.prevent_default();
        choose(ui, thread, files);
    }
}

/// The files of a list that the browser hands out.
pub(super) fn listed(files: Option<FileList>) -> Vec<File> {
    let files = files.iter().flat_map(|files| (0..files.length()).filter_map(|index| files.get(index)));
    files.collect()
}

/// The sheet, while anything is chosen.
pub(super) fn view(ui: Ui, log: LogId) -> AnyView {
    on_cleanup(move || ui.chosen.set(Vec::new()));
    let any = Memo::new(move |_| !ui.chosen.with(Vec::is_empty));
    (move || any.get().then(|| sheet(ui, log))).into_any()
}

fn sheet(ui: Ui, log: LogId) -> AnyView {
    let caption = RwSignal::new(String::new());
    let originals = RwSignal::new(false);
    // Sent as soon as the pictures are drawn.
    let wanted = RwSignal::new(false);
    let drawing =
        Memo::new(move |_| ui.chosen.with(|all| all.iter().any(|one| matches!(one.picture, Picture::Drawing))));
    Effect::new(move |_| {
        if wanted.get() && (!drawing.get() || originals.get_untracked()) {
            let files = to_send(&ui.chosen.get_untracked(), originals.get_untracked(), caption.get_untracked().trim());
            ask(Command::SendFiles(log, files));
            ui.chosen.set(Vec::new());
        }
    });
    let numbers = Memo::new(move |_| ui.chosen.with(|all| all.iter().map(|one| one.number).collect::<Vec<_>>()));
    let rows = For(ForProps::builder()
        .each(move || numbers.get())
        .key(|number| *number)
        .children(move |number| row(ui, number, originals))
        .build());
    let keys = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            wanted.set(true);
        }
    };
    let caption_label = ui.words.text(|words| words.caption);
    let field = html::textarea()
        .attr("class", "composer-text")
        .attr("data-test", test_ids::CAPTION)
        .attr("rows", "1")
        .attr("autofocus", true)
        .attr("placeholder", caption_label)
        .attr("aria-label", caption_label)
        .on(leptos::ev::input, move |event| caption.set(event_target_value(&event)))
        .on(leptos::ev::keydown, keys);
    let title = move || (ui.words.get().send_files)(numbers.with(Vec::len));
    let send = html::button()
        .attr("type", "submit")
        .attr("class", "icon-button primary")
        .attr("data-test", test_ids::SEND_CHOSEN)
        .attr("aria-label", title)
        .attr("disabled", move || wanted.get())
        .child(SEND.view());
    let close = move || ui.chosen.set(Vec::new());
    let preparing = move || {
        (wanted.get() && drawing.get()).then(|| {
            html::p().attr("class", "hint").attr("role", "status").child(ui.words.text(|words| words.preparing))
        })
    };
    let form = html::form()
        .attr("class", "sheet")
        .on(leptos::ev::submit, move |event| {
            event.prevent_default();
            wanted.set(true);
        })
        .child((
            html::header().attr("class", "sheet-head").child((
                html::h2().child(title),
                icon_button(ui, CLOSE, |words| words.cancel, "", test_ids::DECLINE, close),
            )),
            html::ul().attr("class", "chosen-list").child(rows),
            originals_switch(ui, originals),
            preparing,
            html::div()
                .attr("class", "sheet-foot")
                .child((html::div().attr("class", "composer-box").child(field), send)),
        ));
    over_window(NodeRef::new(), ("sheet-dialog", test_ids::SEND_SHEET), title, (Leave::ByEsc, close), form)
}

fn row(ui: Ui, number: u64, originals: RwSignal<bool>) -> AnyView {
    let one = move || ui.chosen.with(|all| all.iter().find(|one| one.number == number).cloned());
    let name = one().map(|one| one.file.name()).unwrap_or_default();
    let thumbnail = move || match one().map(|one| one.picture) {
        Some(Picture::Drawn(drawn)) => {
            let url = drawn.glimpse.as_ref().and_then(picture_url);
            html::img().attr("class", "thumbnail").attr("alt", "").attr("src", url).into_any()
        }
        Some(Picture::Drawing) => html::span().attr("class", "thumbnail drawing").into_any(),
        _ => html::span().attr("class", "file-mark").child(DOCUMENT.view()).into_any(),
    };
    let bytes = move || {
        let bytes = one().map_or(0.0, |one| match &one.picture {
            Picture::Drawn(drawn) if !originals.get() => drawn.blob.size(),
            _ => one.file.size(),
        });
        size(bytes as u64, ui.words.get())
    };
    let unreadable = move || {
        one().is_some_and(|one| matches!(one.picture, Picture::Unreadable)).then(|| {
            let text = ui.words.text(|words| words.picture_unreadable);
            html::span().attr("class", "hint block").child((WARNING.small(), text))
        })
    };
    let label = {
        let name = name.clone();
        move || (ui.words.get().do_not_send)(&name)
    };
    let remove = html::button()
        .attr("type", "button")
        .attr("class", "icon-button")
        .attr("data-test", test_ids::REMOVE_CHOSEN)
        .attr("aria-label", label)
        .on(leptos::ev::click, move |_| ui.chosen.update(|all| all.retain(|one| one.number != number)))
        .child(CLOSE.small());
    let about = html::span().child((
        html::span().attr("class", "file-name clip block").child(name.clone()),
        html::span().attr("class", "small soft").child(bytes),
        unreadable,
    ));
    html::li()
        .attr("class", "file")
        .attr("data-test", test_ids::CHOSEN)
        .attr("data-name", name)
        .child((thumbnail, about, remove))
        .into_any()
}

/// Offered where there is something to lose.
fn originals_switch(ui: Ui, originals: RwSignal<bool>) -> AnyView {
    let any = Memo::new(move |_| {
        ui.chosen.with(|all| all.iter().any(|one| matches!(one.picture, Picture::Drawing | Picture::Drawn(_))))
    });
    let switch = move || {
        let input = html::input()
            .attr("type", "checkbox")
            .attr("data-test", test_ids::ORIGINALS)
            .prop("checked", move || originals.get())
            .on(leptos::ev::change, move |event| originals.set(event_target_checked(&event)));
        let words = html::span().child((
            html::span().attr("class", "block").child(ui.words.text(|words| words.send_originals)),
            html::span().attr("class", "hint block").child(ui.words.text(|words| words.send_originals_hint)),
        ));
        html::label().attr("class", "switch").child((input, words))
    };
    (move || any.get().then(switch)).into_any()
}

/// What leaves the device. What was written goes with the last file, so that it stands below them all.
fn to_send(chosen: &[Chosen], originals: bool, caption: &str) -> Vec<ToSend> {
    let mut files: Vec<ToSend> = chosen
        .iter()
        .map(|one| {
            let (name, thread) = (one.file.name(), one.thread);
            match &one.picture {
                Picture::Drawn(drawn) => {
                    let glimpse = drawn.glimpse.clone();
                    let (file, media_type, name) = if originals {
                        (one.file.clone().into(), one.file.type_(), name)
                    } else {
                        let media_type = drawn.media_type.to_owned();
                        (drawn.blob.clone(), media_type, with_extension(&name, drawn.media_type))
                    };
                    let size = file.size() as u64;
                    ToSend { file, info: FileInfo { name, media_type, size, glimpse, thread, ..FileInfo::default() } }
                }
                _ => {
                    let (media_type, size) = (one.file.type_(), one.file.size() as u64);
                    let info = FileInfo { name, media_type, size, thread, ..FileInfo::default() };
                    ToSend { file: one.file.clone().into(), info }
                }
            }
        })
        .collect();
    if let Some(last) = files.last_mut() {
        last.info.caption = caption.to_owned();
    }
    files
}
