//! A picture on the whole screen: Esc closes, arrow keys lead to the conversation's other pictures.

use allod_client_core::view::{FileView, MessageBody, MessageView};
use leptos::html;
use leptos::prelude::*;

use super::dialog::{Leave, over_window};
use super::file::{is_picture, picture_url};
use super::parts::icon_button;
use crate::icons::{BACK, CLOSE, DOWNLOAD, NEXT};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// A picture of the open conversation.
#[derive(Clone, PartialEq)]
struct Seen {
    line: MessageView,
    file: FileView,
    caption: String,
}

/// The picture that is looked at, if one is.
pub(super) fn view(ui: Ui) -> AnyView {
    on_cleanup(move || ui.viewed.set(None));
    let any = Memo::new(move |_| ui.viewed.with(Option::is_some));
    (move || any.get().then(|| viewer(ui))).into_any()
}

fn viewer(ui: Ui) -> AnyView {
    let close = move || ui.viewed.set(None);
    let seen =
        Memo::new(move |_| ui.viewed.get().and_then(|entry| pictures(ui).into_iter().find(|one| one.line.id == entry)));
    let step = move |by: isize| {
        let all = pictures(ui);
        let at = all.iter().position(|one| Some(one.line.id) == ui.viewed.get_untracked());
        if let Some(next) = at.and_then(|at| at.checked_add_signed(by)).and_then(|at| all.get(at)) {
            ui.viewed.set(Some(next.line.id));
        }
    };
    let has = move |by: isize| {
        let all = pictures(ui);
        let at = all.iter().position(|one| Some(one.line.id) == ui.viewed.get());
        at.and_then(|at| at.checked_add_signed(by)).is_some_and(|at| at < all.len())
    };
    let keys = window_event_listener(leptos::ev::keydown, move |event| match event.key().as_str() {
        "ArrowLeft" => step(-1),
        "ArrowRight" => step(1),
        _ => {}
    });
    on_cleanup(move || keys.remove());
    let picture = move || {
        seen.get().map(|one| {
            // Asked for again only if it is not here yet.
            ask(Command::Show(one.line.log, one.line.id, one.file.clone()));
            let (id, small) = (one.line.id, one.file.glimpse.as_deref().and_then(picture_url));
            let source = move || ui.shown.with(|shown| shown.get(&id).cloned()).or_else(|| small.clone());
            html::img().attr("class", "viewer-picture").attr("src", source).attr("alt", alt(&one.file, &one.caption))
        })
    };
    let title = move || seen.get().map(|one| one.file.name).unwrap_or_default();
    let about = move || {
        seen.get().map(|one| {
            let who = ui.name_or_you(&one.line.sender);
            let when = crate::format::moment(one.line.time, ui.words.language());
            format!("{who}, {when}")
        })
    };
    let caption = move || {
        let caption = seen.get().map(|one| one.caption).filter(|caption| !caption.is_empty());
        caption.map(|caption| html::p().attr("class", "viewer-caption").child(caption))
    };
    let fetch = move || {
        if let Some(one) = seen.get_untracked() {
            ask(Command::Download(one.line.log, one.line.id, one.file));
        }
    };
    let before = move || {
        has(-1).then(|| {
            icon_button(ui, BACK, |words| words.picture_before, "viewer-before", test_ids::BACK, move || step(-1))
        })
    };
    let after = move || {
        has(1).then(|| {
            icon_button(ui, NEXT, |words| words.picture_after, "viewer-after", test_ids::JUMP, move || step(1))
        })
    };
    let head = html::header().attr("class", "viewer-head").child((
        html::div()
            .attr("class", "viewer-title")
            .child((html::h2().attr("class", "clip").child(title), html::p().attr("class", "small clip").child(about))),
        icon_button(ui, DOWNLOAD, |words| words.save, "", test_ids::DOWNLOAD, fetch),
        icon_button(ui, CLOSE, |words| words.close, "", test_ids::DECLINE, close),
    ));
    let body = html::div().attr("class", "viewer").attr("data-name", title).child((
        head,
        html::div().attr("class", "viewer-stage").child((before, picture, after)),
        caption,
    ));
    over_window(NodeRef::new(), ("viewer-dialog", test_ids::VIEWER), title, (Leave::ByEsc, close), body)
}

/// The pictures of the open conversation that are loaded, the earliest first.
fn pictures(ui: Ui) -> Vec<Seen> {
    let of = |line: &MessageView| match &line.body {
        MessageBody::File { file, caption } if is_picture(file) => {
            Some(Seen { line: line.clone(), file: file.clone(), caption: caption.clone() })
        }
        _ => None,
    };
    ui.lines.with(|lines| {
        ui.waiting.with(|waiting| {
            let late = waiting.iter().filter(|view| lines.iter().all(|line| line.id != view.id));
            lines.iter().chain(late).filter_map(of).collect()
        })
    })
}

/// What stands for a picture where it cannot be seen.
pub(super) fn alt(file: &FileView, caption: &str) -> String {
    if caption.is_empty() { file.name.clone() } else { caption.to_owned() }
}
