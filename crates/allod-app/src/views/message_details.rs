//! About one message: when it was sent, how far it is, and what it said before it was edited.

use allod_client_core::marks::FormerText;
use allod_client_core::receipts::ReceiptView;
use allod_client_core::view::{MessageView, Status};
use allod_wire::Address;
use leptos::html;
use leptos::prelude::*;

use super::dialog::close;
use super::parts::button;
use crate::format::moment_of;
use crate::state::Ui;
use crate::strings::Text;
use crate::test_ids;

pub(super) fn view(ui: Ui, message: MessageView) -> AnyView {
    let (sender, time) = (message.sender.clone(), message.time);
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
    let receipts = message.own.then(|| receipts(ui, message.position));
    let acknowledged = message.asks_acknowledgement.then(|| acknowledged(ui, &message));
    let former = (!message.marks.former.is_empty()).then(|| former(ui, message.marks.former));
    let done = button(ui, "button", |words| words.close, test_ids::CLOSE, move || close(ui));
    let heading = html::h2().child(ui.words.text(|words| words.details));
    (heading, facts, receipts, acknowledged, former, html::div().attr("class", "actions").child(done)).into_any()
}

/// Who has read it, and whom it has reached only.
fn receipts(ui: Ui, position: Option<u64>) -> AnyView {
    let at = position.unwrap_or(u64::MAX);
    let who = move |of: fn(&ReceiptView, u64) -> bool| {
        ui.receipts.with(|all| all.iter().filter(|one| of(one, at)).map(|one| one.person.clone()).collect::<Vec<_>>())
    };
    people_of(
        ui,
        [
            (|words| words.talk.read, who(|one, at| one.read >= at)),
            (|words| words.talk.delivered, who(|one, at| one.had >= at && one.read < at)),
        ],
    )
}

/// Who has acknowledged it, and who has not.
fn acknowledged(ui: Ui, message: &MessageView) -> AnyView {
    let given: Vec<_> = message.marks.acknowledged.iter().map(|one| one.person.clone()).collect();
    let asked = ui.people_here().into_iter().filter(|one| *one != message.sender && !given.contains(one)).collect();
    people_of(ui, [(|words| words.talk.acknowledged_who, given), (|words| words.talk.acknowledged_not, asked)])
}

/// Lists of people under headings; an empty one is left out.
fn people_of(ui: Ui, lists: [(Text, Vec<Address>); 2]) -> AnyView {
    let sections = lists.into_iter().filter(|(_, people)| !people.is_empty()).map(|(heading, people)| {
        let rows = people.into_iter().map(|person| {
            let address = person.to_string();
            let row = html::li().attr("data-test", test_ids::DETAIL_PERSON).attr("data-name", address);
            row.child(move || ui.name_or_you(&person))
        });
        let list = html::ul().attr("class", "detail-people").child(rows.collect_view());
        html::section().attr("class", "section").child((html::h2().child(ui.words.text(heading)), list))
    });
    sections.collect_view().into_any()
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
