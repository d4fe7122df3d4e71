//! Forwarding: the conversations to which a message can go.

use allod_client_core::Kind;
use allod_client_core::view::{ConversationSummary, MessageBody, MessageView, State};
use leptos::html;
use leptos::prelude::*;

use super::dialog::close;
use super::parts::{button, face};
use crate::shell::{Command, ask};
use crate::state::{About, NoticeText, Ui};
use crate::test_ids;

pub(super) fn view(ui: Ui, message: MessageView) -> AnyView {
    let rows = move || {
        let all = ui.conversations.get().into_iter().filter(|one| matches!(one.state, State::Active | State::Creating));
        all.map(|one| row(ui, &message, &one)).collect_view()
    };
    (
        html::h2().child(ui.words.text(|words| words.talk.forward_to)),
        html::ul().attr("class", "list forward-list").child(rows),
        html::div().attr("class", "actions").child(button(
            ui,
            "button",
            |words| words.cancel,
            test_ids::DECLINE,
            move || close(ui),
        )),
    )
        .into_any()
}

fn row(ui: Ui, message: &MessageView, to: &ConversationSummary) -> AnyView {
    let (title, log, message) = (ui.title_of(to), to.log, Box::new(message.clone()));
    let done = title.clone();
    let said: About = match message.body {
        MessageBody::File { .. } => |words| words.talk.forwarding,
        _ => |words| words.talk.forwarded_done,
    };
    let forward = move |_| {
        ask(Command::Forward(message.clone(), log));
        ui.tell(NoticeText::About(said, done.clone()), false);
        close(ui);
    };
    let button = html::button()
        .attr("type", "button")
        .attr("class", "row short")
        .attr("data-test", test_ids::FORWARD_TO)
        .attr("data-name", title.clone())
        .on(leptos::ev::click, forward)
        .child((face(&title, to.kind == Kind::Group, true), html::span().attr("class", "clip").child(title)));
    html::li().child(button).into_any()
}
