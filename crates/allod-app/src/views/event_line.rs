//! What happened to a conversation, as a sentence. What widens who reads is marked, and leads to the readers.

use allod_client_core::view::{MessageBody, MessageView};
use allod_client_core::{Role, SystemEvent};
use allod_wire::Address;
use allod_wire::account::DeviceClass;
use leptos::html;
use leptos::prelude::*;

use crate::format::clock_time;
use crate::state::{Pane, Ui};
use crate::strings::Strings;
use crate::test_ids;

pub(super) fn view(ui: Ui, view: MessageView) -> AnyView {
    let MessageBody::System { events } = view.body else { return ().into_any() };
    let time = view.time;
    let widens = events.iter().any(|event| widens(ui, event));
    let alarms = events.iter().any(|event| matches!(event, SystemEvent::IdentityChanged { .. }));
    let text = move || {
        let sentences: Vec<String> = events.iter().map(|event| sentence(ui, event)).collect();
        format!("{} {}", sentences.join(" "), clock_time(time))
    };
    let look = (widens || alarms).then(|| {
        let look = html::button()
            .attr("type", "button")
            .on(leptos::ev::click, move |_| show_readers(ui))
            .child(ui.words.text(|words| words.who_can_read));
        (" ", look)
    });
    let class = match (alarms, widens) {
        (true, _) => "event alarm",
        (false, true) => "event widens",
        (false, false) => "event",
    };
    html::li()
        .attr("class", class)
        .attr("data-test", test_ids::EVENT)
        .child((html::span().child(text), look))
        .into_any()
}

/// Opens "Who can read this?"
pub(super) fn show_readers(ui: Ui) {
    ui.thread.set(None);
    ui.details.set(true);
    ui.pane.set(Pane::Details);
}

/// Somebody or something came in that reads from now on, and it was not the user's own doing.
fn widens(ui: Ui, event: &SystemEvent) -> bool {
    let others = |by: &Address| ui.me.with(|me| me.as_ref().is_some_and(|me| me.address != *by));
    match event {
        SystemEvent::Added { by, .. } | SystemEvent::DeviceAdded { by, .. } => others(by),
        SystemEvent::DeviceBack { person } => others(person),
        _ => false,
    }
}

/// What happened, in the interface's language.
pub(crate) fn sentence(ui: Ui, event: &SystemEvent) -> String {
    let words = ui.words.get();
    let who = |address: &Address| ui.name_or_you(address);
    let is_me = |address: &Address| ui.me.with(|me| me.as_ref().is_some_and(|me| me.address == *address));
    match event {
        SystemEvent::Joined { by } if is_me(by) => words.you_started.to_owned(),
        SystemEvent::Joined { by } => (words.added_you)(&who(by)),
        SystemEvent::Added { person, by } => (words.added)(&who(by), &whom(ui, person)),
        SystemEvent::Removed { person, by } if is_me(person) => (words.removed_you)(&who(by)),
        SystemEvent::Removed { person, by } => (words.removed)(&who(by), &whom(ui, person)),
        SystemEvent::Left { person } => (words.left)(&who(person)),
        SystemEvent::DeviceAdded { person, class, .. } => {
            (words.device_added)(&who(person), class_short(words, *class))
        }
        SystemEvent::DeviceRemoved { person, .. } => (words.device_removed)(&who(person)),
        SystemEvent::DeviceBack { person } if is_me(person) => words.safety.own_device_back.to_owned(),
        SystemEvent::DeviceBack { person } => (words.rejoined)(&who(person)),
        SystemEvent::Renamed { title, by } => (words.renamed)(&who(by), title),
        SystemEvent::RoleChanged { person, role, by } => {
            (words.role_changed)(&who(by), &whom(ui, person), role_text(words, *role))
        }
        SystemEvent::MembersAdd { allowed: true, by } => (words.members_may_add)(&who(by)),
        SystemEvent::MembersAdd { allowed: false, by } => (words.only_admins_add)(&who(by)),
        SystemEvent::MessagesMissing => words.messages_missing.to_owned(),
        SystemEvent::IdentityChanged { person, verified: false } => (words.safety.changed)(&who(person)),
        SystemEvent::IdentityChanged { person, verified: true } => (words.safety.changed_verified)(&who(person)),
        SystemEvent::TakenOut => words.taken_out.to_owned(),
    }
}

/// What to call somebody to whom something is done.
pub(super) fn whom(ui: Ui, person: &Address) -> String {
    let is_me = ui.me.with(|me| me.as_ref().is_some_and(|me| me.address == *person));
    if is_me { ui.words.get().you_object.to_owned() } else { ui.name_of(person) }
}

fn class_short(words: &Strings, class: DeviceClass) -> &'static str {
    match class {
        DeviceClass::Web => words.class_web_short,
        DeviceClass::Installed => words.class_installed_short,
    }
}

/// A role in words.
pub(super) fn role_text(words: &Strings, role: Role) -> &'static str {
    match role {
        Role::Owner => words.role_owner,
        Role::Admin => words.role_admin,
        Role::Member => words.role_member,
    }
}
