//! What one can do to a message: on a desk a bar beside it while the mouse is on it, and everywhere a menu.

use allod_client_core::view::{MessageBody, MessageView};
use allod_wire::markup::plain;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::composer::field_id;
use super::dialog::close;
use super::panes::focus;
use super::parts::button;
use super::reactions::{QUICK, choice};
use crate::dialog::Dialog;
use crate::draft::{Draft, Place, editable};
use crate::gesture::Point;
use crate::icons::{ANSWER, COPY, DELETE, FORWARD, INFO, Icon, MORE, PENCIL, SMILE, THREAD};
use crate::shell::{Command, ask, copy};
use crate::state::Ui;
use crate::strings::Text;
use crate::test_ids;

/// The bar beside a message.
pub(super) fn bar(ui: Ui, message: &MessageView) -> AnyView {
    let opens = |icon: Icon, label: Text, test: &'static str, dialog: fn(Box<MessageView>) -> Dialog| {
        let message = message.clone();
        on_bar(ui, icon, label, test, move |at| ui.show(dialog(Box::new(message.clone())), Some(at)))
    };
    let message_to_answer = message.clone();
    let can_act = ui.can_write() && !is_deleted(message);
    html::div()
        .attr("class", "message-bar")
        .child((
            can_act.then(|| opens(SMILE, |words| words.react, test_ids::BAR_REACT, Dialog::Reactions)),
            can_act.then(|| {
                let answered = message_to_answer.clone();
                on_bar(ui, ANSWER, |words| words.answer, test_ids::BAR_ANSWER, move |_| answer(ui, answered.clone()))
            }),
            opens(MORE, |words| words.message_menu, test_ids::BAR_MORE, Dialog::Menu),
        ))
        .into_any()
}

fn on_bar(ui: Ui, icon: Icon, label: Text, test: &'static str, act: impl Fn(Point) + 'static) -> AnyView {
    let label = ui.words.text(label);
    html::button()
        .attr("type", "button")
        .attr("class", "bar-button")
        .attr("tabindex", "-1")
        .attr("data-test", test)
        .attr("aria-label", label)
        .attr("title", label)
        .on(leptos::ev::click, move |event| act(below(event.current_target())))
        .child(icon.small())
        .into_any()
}

/// Where a menu goes that belongs to this element.
pub(super) fn below(target: Option<web_sys::EventTarget>) -> Point {
    let element = target.and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let place = element.map(|element| element.get_bounding_client_rect());
    place.map_or(Point { x: 0.0, y: 0.0 }, |place| Point { x: place.left(), y: place.bottom() })
}

/// The menu.
pub(super) fn view(ui: Ui, message: MessageView) -> AnyView {
    let can_act = ui.can_write() && !is_deleted(&message);
    let reactions = can_act.then(|| {
        let more = {
            let message = message.clone();
            move |_| {
                ui.dialog.update(|opened| {
                    if let Some(opened) = opened {
                        opened.dialog = Dialog::Reactions(Box::new(message.clone()));
                    }
                })
            }
        };
        let label = ui.words.text(|words| words.more_reactions);
        let more = html::button()
            .attr("type", "button")
            .attr("class", "emoji more")
            .attr("data-test", test_ids::MORE_REACTIONS)
            .attr("aria-label", label)
            .attr("title", label)
            .on(leptos::ev::click, more)
            .child(MORE.small());
        let all = QUICK.into_iter().map(|text| choice(ui, &message, text)).collect_view();
        let row = html::div().attr("class", "emoji-row").attr("role", "group");
        row.attr("aria-label", ui.words.text(|words| words.react)).child((all, more))
    });
    let text = match &message.body {
        MessageBody::Text { text, formatted: true } => Some(plain(text)),
        MessageBody::Text { text, .. } | MessageBody::File { caption: text, .. } if !text.is_empty() => {
            Some(text.clone())
        }
        _ => None,
    };
    let own_text = editable(&message).is_some();
    let may_delete = can_act && (message.own || ui.is_chief());
    // An answer in a thread begins none.
    let thread = message.message_id.filter(|_| can_act && message.thread.is_none());
    let log = message.log;
    let may_forward =
        matches!(message.body, MessageBody::Text { .. } | MessageBody::Poll { .. } | MessageBody::File { .. });
    let (answered, edited, forwarded, details, deleted) =
        (message.clone(), message.clone(), message.clone(), message.clone(), message);
    let items = (
        can_act.then(|| {
            item(ui, ANSWER, |words| words.answer, "", test_ids::ANSWER, move || answer(ui, answered.clone()))
        }),
        thread.map(|root| {
            let open = move || {
                close(ui);
                ask(Command::OpenThread(log, root));
            };
            item(ui, THREAD, |words| words.talk.answer_in_thread, "", test_ids::ANSWER_IN_THREAD, open)
        }),
        text.map(|text| {
            let copy_text = move || {
                copy(&text);
                close(ui);
            };
            item(ui, COPY, |words| words.copy_text, "", test_ids::COPY_TEXT, copy_text)
        }),
        (can_act && own_text)
            .then(|| item(ui, PENCIL, |words| words.edit, "", test_ids::EDIT, move || edit(ui, edited.clone()))),
        may_forward.then(|| {
            let choose = move || ui.show(Dialog::Forward(Box::new(forwarded.clone())), None);
            item(ui, FORWARD, |words| words.talk.forward, "", test_ids::FORWARD, choose)
        }),
        item(
            ui,
            INFO,
            |words| words.details,
            "",
            test_ids::DETAILS,
            move || {
                ui.show(Dialog::Details(Box::new(details.clone())), None);
            },
        ),
        may_delete.then(|| {
            let ask_first = move || ui.show(Dialog::Delete(Box::new(deleted.clone())), None);
            item(ui, DELETE, |words| words.delete, "alarm", test_ids::DELETE, ask_first)
        }),
    );
    let items = html::div()
        .attr("class", "menu-items")
        .attr("role", "menu")
        .attr("aria-label", ui.words.text(|words| words.message_menu))
        .child(items);
    (reactions, items).into_any()
}

/// An item of a menu.
pub(super) fn item(
    ui: Ui,
    icon: Icon,
    label: Text,
    class: &str,
    test: &'static str,
    act: impl Fn() + 'static,
) -> AnyView {
    html::button()
        .attr("type", "button")
        .attr("class", format!("menu-item {class}"))
        .attr("role", "menuitem")
        .attr("data-test", test)
        .on(leptos::ev::click, move |_| act())
        .child((icon.view(), html::span().child(ui.words.text(label))))
        .into_any()
}

/// Whether it is really to be deleted for everyone.
pub(super) fn ask_delete(ui: Ui, message: Box<MessageView>) -> AnyView {
    let question = if message.own {
        ui.words.text(|words| words.delete_ask)
    } else {
        ui.words.text(|words| words.delete_ask_others)
    };
    let delete = move || {
        ask(Command::Delete(message.clone()));
        close(ui);
    };
    let actions = html::div().attr("class", "actions").child((
        button(ui, "button", |words| words.cancel, test_ids::DECLINE, move || close(ui)),
        button(ui, "button alarm", |words| words.delete, test_ids::CONFIRM, delete),
    ));
    (html::h2().child(ui.words.text(|words| words.delete_title)), html::p().child(question), actions).into_any()
}

/// What is written next answers this message.
pub(super) fn answer(ui: Ui, message: MessageView) {
    draft(ui, message, Draft::answer);
}

/// What is written next stands in this message's place.
pub(super) fn edit(ui: Ui, message: MessageView) {
    let people = ui.people_here();
    draft(ui, message, |draft, message| draft.edit(message, &people));
}

fn draft(ui: Ui, message: MessageView, begin: impl FnOnce(&mut Draft, MessageView)) {
    close(ui);
    let place = Place { log: message.log, thread: message.thread };
    ui.drafts.update(|drafts| begin(drafts.entry(place).or_default(), message));
    // The dialog gives the keyboard back first.
    request_animation_frame(move || focus(field_id(place)));
}

fn is_deleted(message: &MessageView) -> bool {
    matches!(message.body, MessageBody::Deleted)
}
