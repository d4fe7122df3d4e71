//! A message: text or a file, when, and how far it is.

use allod_client_core::view::{FileView, MessageBody, MessageView, Status};
use allod_wire::{EntryId, LogId};
use leptos::html;
use leptos::prelude::*;

use crate::format::{Stretch, clock_time, picture_type, size, stretches};
use crate::icons::{CHECK, CLOCK, CLOSE, DOCUMENT, DOWNLOAD};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// Pictures up to this size are fetched without being asked for.
const PICTURE_BYTES_MAX: u64 = 8 << 20;

pub(super) fn view(ui: Ui, view: MessageView, first: bool, last: bool, group: bool) -> AnyView {
    let author = (group && first && !view.own)
        .then(|| html::span().attr("class", "message-author").child(ui.name_of(&view.sender)));
    let mut class = String::from("message");
    for (name, on) in [("own", view.own), ("first", first), ("last", last)] {
        if on {
            class.push(' ');
            class.push_str(name);
        }
    }
    let status = match view.status {
        Status::Sending => "sending",
        Status::Sent => "sent",
        Status::Failed => "failed",
    };
    let own = view.own.to_string();
    html::li()
        .attr("class", class)
        .attr("id", super::search::line_id(view.position))
        .attr("data-test", test_ids::MESSAGE)
        .attr("data-status", status)
        .attr("data-own", own)
        .child((author, html::div().attr("class", "bubble").child((body(ui, &view), meta(ui, &view)))))
        .into_any()
}

fn body(ui: Ui, view: &MessageView) -> AnyView {
    match &view.body {
        MessageBody::Text { text } | MessageBody::Reaction { text } => text_view(text),
        MessageBody::File { file, caption } => {
            let caption = (!caption.is_empty()).then(|| text_view(caption));
            (file_view(ui, view.log, view.id, file.clone()), caption).into_any()
        }
        MessageBody::Deleted => soft(ui, |words| words.deleted),
        MessageBody::Unknown { .. } => soft(ui, |words| words.newer_kind),
        MessageBody::System { .. } => ().into_any(),
    }
}

fn soft(ui: Ui, text: crate::strings::Text) -> AnyView {
    html::span().attr("class", "soft").child(ui.words.text(text)).into_any()
}

fn text_view(text: &str) -> AnyView {
    let parts = stretches(text).into_iter().map(|stretch| match stretch {
        Stretch::Text(text) => text.into_any(),
        Stretch::Link(address) => html::a()
            .attr("href", address.clone())
            .attr("target", "_blank")
            .attr("rel", "noopener noreferrer")
            .child(address)
            .into_any(),
    });
    html::span()
        .attr("class", "message-text")
        .attr("data-test", test_ids::MESSAGE_TEXT)
        .child(parts.collect_view())
        .into_any()
}

fn meta(ui: Ui, view: &MessageView) -> AnyView {
    let mark = view.own.then(|| match view.status {
        Status::Sending => marked(ui, CLOCK.small(), |words| words.status_sending),
        Status::Sent => marked(ui, CHECK.small(), |words| words.status_sent),
        Status::Failed => failed(ui, view.log, view.id),
    });
    html::span().attr("class", "meta").child((clock_time(view.time), mark)).into_any()
}

/// The server will not take it: says so, and lets the user take it away.
fn failed(ui: Ui, log: LogId, id: EntryId) -> AnyView {
    let discard = html::button()
        .attr("type", "button")
        .attr("class", "failed")
        .on(leptos::ev::click, move |_| ask(Command::Discard(log, id)))
        .child(ui.words.text(|words| words.discard));
    (html::span().attr("class", "failed").child(ui.words.text(|words| words.status_failed)), discard).into_any()
}

fn marked(ui: Ui, icon: AnyView, text: crate::strings::Text) -> AnyView {
    let text = ui.words.text(text);
    let words = html::span().attr("class", "sr-only").child(text);
    html::span().attr("title", text).child((icon, words)).into_any()
}

fn file_view(ui: Ui, log: LogId, entry: EntryId, file: FileView) -> AnyView {
    let is_picture = picture_type(&file.media_type).is_some() && file.size <= PICTURE_BYTES_MAX;
    if is_picture {
        ask(Command::ShowPicture(log, entry, file.clone()));
    }
    let name = file.name.clone();
    let url = Memo::new(move |_| ui.pictures.with(|pictures| pictures.get(&entry).cloned()));
    let picture = is_picture.then(|| {
        let name = name.clone();
        move || {
            url.get().map(|url| {
                html::img()
                    .attr("class", "picture")
                    .attr("data-test", test_ids::PICTURE)
                    .attr("src", url)
                    .attr("alt", name.clone())
            })
        }
    });
    let label = {
        let name = name.clone();
        move || (ui.words.get().download)(&name)
    };
    let bytes = file.size;
    let fetch = html::button()
        .attr("type", "button")
        .attr("class", "icon-button")
        .attr("data-test", test_ids::DOWNLOAD)
        .attr("aria-label", label)
        .on(leptos::ev::click, move |_| ask(Command::Download(log, entry, file.clone())))
        .child(DOWNLOAD.view());
    let about = html::span().child((
        html::span().attr("class", "file-name clip block").child(name.clone()),
        html::span().attr("class", "small soft").child(move || size(bytes, ui.words.get())),
    ));
    let row = html::span().attr("class", "file").attr("data-test", test_ids::FILE).attr("data-name", name).child((
        html::span().attr("class", "file-mark").child(DOCUMENT.view()),
        about,
        fetch,
    ));
    (picture, row, progress(ui, entry)).into_any()
}

/// How far the file's download is.
fn progress(ui: Ui, entry: EntryId) -> impl IntoView {
    move || {
        let transfer = ui.transfers.with(|all| all.iter().find(|one| one.entry == Some(entry)).cloned());
        transfer.map(|transfer| {
            let name = transfer.name;
            let bar = html::progress()
                .attr("aria-label", move || (ui.words.get().downloading)(&name))
                .attr("max", transfer.all.to_string())
                .attr("value", transfer.done.to_string());
            let number = transfer.number;
            let cancel = html::button()
                .attr("type", "button")
                .attr("class", "icon-button")
                .attr("data-test", test_ids::CANCEL_TRANSFER)
                .attr("aria-label", ui.words.text(|words| words.cancel))
                .on(leptos::ev::click, move |_| ask(Command::CancelTransfer(number)))
                .child(CLOSE.small());
            html::span().attr("class", "fetching").child((bar, cancel))
        })
    }
}

/// A file that is being sent: not a message yet.
pub(super) fn upload(ui: Ui, number: u64) -> AnyView {
    let of = move || ui.transfers.with(|all| all.iter().find(|one| one.number == number).cloned());
    let name = of().map(|transfer| transfer.name).unwrap_or_default();
    let label = {
        let name = name.clone();
        move || (ui.words.get().uploading)(&name)
    };
    let part = move |of_it: fn(&crate::state::Transfer) -> u64| of().map_or(0, |transfer| of_it(&transfer)).to_string();
    let bar = html::progress()
        .attr("aria-label", label.clone())
        .attr("max", move || part(|transfer| transfer.all))
        .attr("value", move || part(|transfer| transfer.done));
    let cancel = html::button()
        .attr("type", "button")
        .attr("class", "icon-button")
        .attr("data-test", test_ids::CANCEL_TRANSFER)
        .attr("aria-label", ui.words.text(|words| words.cancel))
        .on(leptos::ev::click, move |_| ask(Command::CancelTransfer(number)))
        .child(CLOSE.view());
    let about = html::span().child((html::span().attr("class", "file-name clip block").child(name.clone()), bar));
    let mark = html::span().attr("class", "file-mark").child(DOCUMENT.view());
    html::li()
        .attr("class", "message own first last")
        .attr("data-test", test_ids::TRANSFER)
        .attr("data-name", name)
        .child(
            html::div().attr("class", "bubble").child(html::span().attr("class", "file").child((mark, about, cancel))),
        )
        .into_any()
}
