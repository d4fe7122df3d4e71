//! A file in a conversation: a picture or a name and a size, what fetches it, and how far it is on its way out or in.

use allod_client_core::view::FileView;
use allod_wire::{EntryId, LogId};
use leptos::html;
use leptos::prelude::*;

use crate::format::{picture_type, size};
use crate::icons::{CLOSE, DOCUMENT, DOWNLOAD};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// Pictures up to this size are fetched without being asked for.
const PICTURE_BYTES_MAX: u64 = 8 << 20;

pub(super) fn view(ui: Ui, log: LogId, entry: EntryId, file: FileView) -> AnyView {
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
