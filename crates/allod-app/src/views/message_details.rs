//! About one message: when it was sent, how far it is, and what it said before it was edited.

use allod_client_core::marks::FormerText;
use allod_client_core::view::{MessageView, Status};
use leptos::html;
use leptos::prelude::*;

use super::dialog::close;
use super::parts::button;
use crate::format::moment_of;
use crate::state::Ui;
use crate::test_ids;

pub(super) fn view(ui: Ui, message: MessageView) -> AnyView {
    let (sender, time) = (message.sender, message.time);
    let when = move || moment_of(time, ui.words.language());
    let status = ui.words.text(match message.status {
        Status::Sending => |words| words.status_sending,
        Status::Sent => |words| words.status_sent,
        Status::Failed => |words| words.status_failed,
    });
    let facts = html::dl().attr("class", "facts-list").child((
        html::dt().child(ui.words.text(|words| words.from)),
        html::dd().child(move || ui.name_or_you(&sender)),
        html::dt().child(ui.words.text(|words| words.sent_at)),
        html::dd().child(when),
        message
            .own
            .then(|| (html::dt().child(ui.words.text(|words| words.state)), html::dd().child(status)).into_any()),
    ));
    let former = (!message.marks.former.is_empty()).then(|| former(ui, message.marks.former));
    let done = button(ui, "button", |words| words.close, test_ids::CLOSE, move || close(ui));
    let heading = html::h2().child(ui.words.text(|words| words.details));
    (heading, facts, former, html::div().attr("class", "actions").child(done)).into_any()
}

fn former(ui: Ui, former: Vec<FormerText>) -> AnyView {
    let rows = former.into_iter().map(|FormerText { time, text }| {
        html::li().attr("data-test", test_ids::FORMER).child((
            html::span().attr("class", "small soft block").child(move || moment_of(time, ui.words.language())),
            html::bdi().attr("class", "former-text").attr("dir", "auto").child(text),
        ))
    });
    let list = html::ol().attr("class", "former").child(rows.collect_view());
    html::section()
        .attr("class", "section")
        .child((html::h2().child(ui.words.text(|words| words.said_before)), list))
        .into_any()
}
