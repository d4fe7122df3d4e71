//! A file in a conversation: a picture, a recording, or a name and a size; what fetches it, and how far it is on its way out or in.

use allod_client_core::glimpse::Glimpse;
use allod_client_core::view::{FileView, MessageView};
use allod_wire::EntryId;
use leptos::html;
use leptos::prelude::*;

use super::{viewer, voice};
use crate::draft::Place;
use crate::format::{picture_type, size, sound_type};
use crate::icons::{CLOSE, DOCUMENT, DOWNLOAD, PAUSE, PLAY};
use crate::shell::{Command, ask};
use crate::state::{Transfer, Ui};
use crate::test_ids;

/// Pictures and recordings up to this size are fetched without being asked for.
const FETCHED_BYTES_MAX: u64 = 8 << 20;
/// The box in which a picture stands, in pixels, and the least that it takes of it.
const BOX_PIXELS: (u32, u32) = (352, 64);

pub(super) fn view(ui: Ui, line: &MessageView, file: &FileView, caption: &str) -> AnyView {
    let is_small = file.size <= FETCHED_BYTES_MAX;
    match file.glimpse.as_deref() {
        Some(Glimpse::Voice { millis, waveform }) if is_small && sound_type(&file.media_type).is_some() => {
            voice::player(ui, line, file, *millis, waveform)
        }
        _ if is_picture(file) => {
            if is_small {
                ask(Command::Show(line.log, line.id, file.clone()));
            }
            picture(ui, line.id, file, caption)
        }
        _ => (row(ui, line, file), progress(ui, line.id)).into_any(),
    }
}

/// Whether a file is shown as a picture.
pub(super) fn is_picture(file: &FileView) -> bool {
    let has_preview = matches!(file.glimpse.as_deref(), Some(Glimpse::Picture { .. }));
    picture_type(&file.media_type).is_some() && (has_preview || file.size <= FETCHED_BYTES_MAX)
}

/// The small picture as an address within the page.
pub(super) fn picture_url(glimpse: &Glimpse) -> Option<String> {
    let Glimpse::Picture { media_type, bytes, .. } = glimpse else { return None };
    let binary: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    Some(format!("data:{media_type};base64,{}", window().btoa(&binary).ok()?))
}

/// The picture at its size from the start, small and coarse until it is here; opens on the whole screen.
fn picture(ui: Ui, entry: EntryId, file: &FileView, caption: &str) -> AnyView {
    let small = file.glimpse.as_deref().and_then(picture_url);
    let here = Memo::new(move |_| ui.shown.with(|shown| shown.get(&entry).cloned()));
    let image = html::img()
        .attr("class", "picture")
        .attr("data-test", test_ids::PICTURE)
        .attr("data-whole", move || here.with(Option::is_some).to_string())
        .attr("src", move || here.get().or_else(|| small.clone()))
        .attr("alt", viewer::alt(file, caption));
    let image = match file.glimpse.as_deref() {
        Some(Glimpse::Picture { width, height, .. }) => {
            let (width, height) = shape(*width, *height);
            image
                .style(("width", format!("{width}px")))
                .style(("aspect-ratio", format!("{width} / {height}")))
                .into_any()
        }
        _ => image.into_any(),
    };
    let label = {
        let name = file.name.clone();
        move || (ui.words.get().open_picture)(&name)
    };
    let open = html::button()
        .attr("type", "button")
        .attr("class", "picture-button")
        .attr("data-test", test_ids::OPEN_PICTURE)
        .attr("aria-label", label)
        .on(leptos::ev::click, move |_| ui.viewed.set(Some(entry)))
        .child(image);
    html::span()
        .attr("class", "block")
        .attr("data-test", test_ids::FILE)
        .attr("data-name", file.name.clone())
        .child(open)
        .into_any()
}

/// The same shape within the box; a very long one is cut.
fn shape(width: u32, height: u32) -> (u32, u32) {
    let (most, least) = BOX_PIXELS;
    let scale = (f64::from(most) / f64::from(width.max(height).max(1))).min(1.0);
    let side = |pixels: u32| ((f64::from(pixels) * scale) as u32).clamp(least, most);
    (side(width), side(height))
}

fn row(ui: Ui, line: &MessageView, file: &FileView) -> AnyView {
    let (name, bytes) = (file.name.clone(), file.size);
    let label = {
        let name = name.clone();
        move || (ui.words.get().download)(&name)
    };
    let (log, entry, wanted) = (line.log, line.id, file.clone());
    let fetch = html::button()
        .attr("type", "button")
        .attr("class", "icon-button")
        .attr("data-test", test_ids::DOWNLOAD)
        .attr("aria-label", label)
        .on(leptos::ev::click, move |_| ask(Command::Download(log, entry, wanted.clone())))
        .child(DOWNLOAD.view());
    let about = html::span().child((
        html::span().attr("class", "file-name clip block").child(name.clone()),
        html::span().attr("class", "small soft").child(move || size(bytes, ui.words.get())),
    ));
    html::span()
        .attr("class", "file")
        .attr("data-test", test_ids::FILE)
        .attr("data-name", name)
        .child((html::span().attr("class", "file-mark").child(DOCUMENT.view()), about, fetch))
        .into_any()
}

/// How far the file's download is.
fn progress(ui: Ui, entry: EntryId) -> AnyView {
    let number = Memo::new(move |_| {
        ui.transfers.with(|all| all.iter().find(|one| one.entry == Some(entry)).map(|one| one.number))
    });
    let bar = move || {
        number.get().map(|number| {
            let bar = bar(ui, number, |words| words.downloading);
            html::span().attr("class", "fetching").child((bar, controls(ui, number)))
        })
    };
    bar.into_any()
}

fn bar(ui: Ui, number: u64, label: crate::state::About) -> AnyView {
    let name = transfer(ui, number).map(|one| one.name).unwrap_or_default();
    let part = move |of: fn(&Transfer) -> u64| transfer(ui, number).map_or(0, |one| of(&one)).to_string();
    html::progress()
        .attr("aria-label", move || label(ui.words.get())(&name))
        .attr("max", move || part(|one| one.all))
        .attr("value", move || part(|one| one.done))
        .into_any()
}

/// Halts a transfer or lets it go on, and takes it away.
fn controls(ui: Ui, number: u64) -> AnyView {
    let paused = Memo::new(move |_| transfer(ui, number).is_some_and(|one| one.paused));
    let label = move || {
        let words = ui.words.get();
        if paused.get() { words.resume_transfer } else { words.pause_transfer }
    };
    let pause = html::button()
        .attr("type", "button")
        .attr("class", "icon-button")
        .attr("data-test", test_ids::PAUSE_TRANSFER)
        .attr("aria-label", label)
        .attr("title", label)
        .on(leptos::ev::click, move |_| ask(Command::PauseTransfer(number)))
        .child(move || if paused.get() { PLAY.small() } else { PAUSE.small() });
    let cancel = html::button()
        .attr("type", "button")
        .attr("class", "icon-button")
        .attr("data-test", test_ids::CANCEL_TRANSFER)
        .attr("aria-label", ui.words.text(|words| words.cancel))
        .on(leptos::ev::click, move |_| ask(Command::CancelTransfer(number)))
        .child(CLOSE.small());
    html::span().attr("class", "transfer-controls").child((pause, cancel)).into_any()
}

fn transfer(ui: Ui, number: u64) -> Option<Transfer> {
    ui.transfers.with(|all| all.iter().find(|one| one.number == number).cloned())
}

/// The numbers of the files that are being sent into a place.
pub(super) fn uploads(ui: Ui, place: impl Fn() -> Option<Place> + Send + Sync + 'static) -> Memo<Vec<u64>> {
    Memo::new(move |_| {
        let Some(Place { log, thread }) = place() else { return Vec::new() };
        let here = |one: &&Transfer| one.upload && one.log == log && one.thread == thread;
        ui.transfers.with(|all| all.iter().filter(here).map(|one| one.number).collect())
    })
}

/// These files, as lines.
pub(super) fn sending(ui: Ui, uploads: Memo<Vec<u64>>) -> AnyView {
    let children = move |number| upload(ui, number);
    For(ForProps::builder().each(move || uploads.get()).key(|number| *number).children(children).build()).into_any()
}

/// A file that is being sent: not a message yet.
fn upload(ui: Ui, number: u64) -> AnyView {
    let name = transfer(ui, number).map(|one| one.name).unwrap_or_default();
    let state = move || {
        let words = ui.words.get();
        transfer(ui, number).map(|one| {
            if one.paused {
                words.paused.to_owned()
            } else {
                format!("{} / {}", size(one.done, words), size(one.all, words))
            }
        })
    };
    let about = html::span().child((
        html::span().attr("class", "file-name clip block").child(name.clone()),
        bar(ui, number, |words| words.uploading),
        html::span().attr("class", "small soft").child(state),
    ));
    let mark = html::span().attr("class", "file-mark").child(DOCUMENT.view());
    html::li()
        .attr("class", "message own first last")
        .attr("data-test", test_ids::TRANSFER)
        .attr("data-name", name)
        .child(html::div().attr("class", "bubble").child(html::span().attr("class", "file").child((
            mark,
            about,
            controls(ui, number),
        ))))
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_takes_the_place_of_its_shape_whatever_its_sender_says_of_it_m_20() {
        assert_eq!(shape(2_560, 1_920), (352, 264));
        assert_eq!(shape(100, 80), (100, 80));
        assert_eq!(shape(32_768, 1), (352, 64));
        assert_eq!(shape(1, 1), (64, 64));
    }
}
