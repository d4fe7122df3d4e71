//! "Who can read this?": every person and device, since when and by whom, and what cannot be known.

use std::collections::BTreeSet;

use allod_client_core::local::Local;
use allod_client_core::view::{ConversationSummary, DeviceView, ReaderChangeView, ReaderPerson, State};
use allod_client_core::{InRecord, Kind, Role};
use allod_wire::account::DeviceClass;
use allod_wire::{Address, LogId, UnixMillis};
use leptos::html;
use leptos::prelude::*;

use super::event_line::{role_text, whom};
use super::parts::{ask_first, bar, button, face, field, icon_button, text_button};
use super::{people_picker, safety, way_back};
use crate::format::{day, moment};
use crate::icons::{CHECK, CLOSE, GLOBE, LEAVE, PLUS, PROGRAM};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// So many of the latest changes are shown on top.
const CHANGES_MAX: usize = 5;

/// What the pane shows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Page {
    Readers,
    Adding,
    Comparing(Address),
}

pub(super) fn view(ui: Ui) -> AnyView {
    let page = RwSignal::new(Page::Readers);
    let content = move || {
        let current = Memo::new(move |_| ui.current());
        let log = current.with_untracked(|current| current.as_ref().map(|current| current.log));
        match (log, page.get()) {
            (Some(log), Page::Adding) => add_people(ui, log, page),
            (Some(_), Page::Comparing(person)) => safety::view(ui, person, move || page.set(Page::Readers)),
            (Some(_), Page::Readers) => sections(ui, page),
            (None, _) => ().into_any(),
        }
    };
    let open = Memo::new(move |_| ui.open.get());
    Effect::new(move |_| {
        ui.readers.track();
        if let Some(log) = open.get() {
            ask(Command::ReadersSeen(log));
        }
    });
    html::aside()
        .attr("class", "pane pane-details")
        .attr("data-test", test_ids::READERS)
        .attr("aria-label", ui.words.text(|words| words.who_can_read))
        .child(content)
        .into_any()
}

fn sections(ui: Ui, page: RwSignal<Page>) -> AnyView {
    let words = ui.words;
    let complete = html::p().attr("class", "complete").child(words.text(|words| words.complete));
    let record = move || {
        let (words, ledger) = (words.get(), ui.ledger.get());
        match &ledger {
            None => words.public_record.none.to_owned(),
            Some(ledger) if !ledger.is_current => words.public_record.not_current.to_owned(),
            Some(ledger) if ledger.witnesses == 0 => words.public_record.current_without_witnesses.to_owned(),
            Some(ledger) => (words.public_record.current)(ledger.seen_by, ledger.witnesses),
        }
    };
    let record = html::p().attr("class", "small").attr("data-test", test_ids::PUBLIC_RECORD).child(record);
    let lately = move || {
        let changes = ui.readers.with(|readers| readers.as_ref().map(|readers| readers.changes.clone()));
        let changes = changes.unwrap_or_default();
        (!changes.is_empty()).then(|| lately(ui, changes))
    };
    // Without what each message changes: what is being asked here stays while others write.
    let current = Memo::new(move |_| {
        ui.current().map(|current| ConversationSummary {
            unread: 0,
            mentions: 0,
            local: Local::default(),
            last: None,
            waiting: 0,
            typing: Vec::new(),
            updated: UnixMillis(0),
            unseen_reader_change: false,
            ..current
        })
    });
    let people = move || {
        let (Some(readers), Some(current)) = (ui.readers.get(), current.get()) else { return ().into_any() };
        let rows = readers.people.into_iter().map(|one| person(ui, one, &current, page)).collect_view();
        html::ul().attr("class", "people").child(rows).into_any()
    };
    let add = move || {
        let may = current.get().is_some_and(|current| may_add(&current));
        may.then(|| {
            text_button(ui, PLUS, "", |words| words.add_people, test_ids::ADD_PEOPLE, move || page.set(Page::Adding))
        })
    };
    let people_head =
        html::div().attr("class", "section-head").child((html::h2().child(words.text(|words| words.people)), add));
    let archives = html::section().attr("class", "section").child((
        html::h2().child(words.text(|words| words.archives)),
        html::p().child(words.text(|words| words.no_archives)),
    ));
    let unknown = html::section().attr("class", "section").child((
        html::h2().child(words.text(|words| words.cannot_know)),
        html::p().child(words.text(|words| words.cannot_know_text)),
    ));
    let list = html::div().attr("class", "sections").child((
        complete,
        record,
        lately,
        html::section().attr("class", "section").child((people_head, people)),
        archives,
        unknown,
        move || current.get().filter(|current| current.state == State::Active).map(|current| manage(ui, &current)),
    ));
    (
        bar(ui, "bar-readers", |words| words.who_can_read, move || way_back::back(ui)),
        html::div().attr("class", "scroll").child(list),
    )
        .into_any()
}

fn may_add(current: &ConversationSummary) -> bool {
    let allowed = current.my_role >= Role::Admin || current.members_add;
    current.kind == Kind::Group && current.state == State::Active && allowed
}

fn lately(ui: Ui, changes: Vec<ReaderChangeView>) -> AnyView {
    let rows = changes.into_iter().take(CHANGES_MAX).map(|change| {
        let text = move || {
            let (words, by) = (ui.words.get(), ui.name_or_you(&change.by));
            let what = match (change.came, change.by == change.person) {
                (true, true) => (words.device_came_own)(&by),
                (true, false) => (words.device_came)(&by, &whom(ui, &change.person)),
                (false, true) => (words.device_went_own)(&by),
                (false, false) => (words.device_went)(&by, &whom(ui, &change.person)),
            };
            format!("{what} ({})", moment(change.at, ui.words.language()))
        };
        html::li().attr("class", "small lately").child(text)
    });
    html::section()
        .attr("class", "section")
        .child((
            html::h2().child(ui.words.text(|words| words.lately)),
            html::ul().attr("class", "devices-list").child(rows.collect_view()),
        ))
        .into_any()
}

fn person(ui: Ui, one: ReaderPerson, current: &ConversationSummary, page: RwSignal<Page>) -> AnyView {
    let (name, role, log) = (ui.name_of(&one.address), one.role, current.log);
    let you = one.own.then(|| {
        let text = move || format!(" ({})", ui.words.get().you.to_lowercase());
        html::span().attr("class", "soft").child(text)
    });
    let domain = one.address.domain.to_string();
    let is_group = current.kind == Kind::Group;
    let about =
        move || if is_group { format!("{domain} · {}", role_text(ui.words.get(), role)) } else { domain.clone() };
    let about = html::span().attr("class", "small soft block").child(about);
    let head = html::span().child((html::span().attr("class", "person-name").child((name.clone(), you)), about));
    let asking = RwSignal::new(false);
    let managed = is_group && current.state == State::Active && !one.own;
    let removable =
        managed && current.my_role >= Role::Admin && (one.role < Role::Owner || current.my_role == Role::Owner);
    let remove = removable
        .then(|| icon_button(ui, CLOSE, |words| words.remove, "", test_ids::REMOVE_PERSON, move || asking.set(true)));
    let question = {
        let name = name.clone();
        move || (ui.words.get().remove_person_ask)(&name)
    };
    let address = one.address.clone();
    let ask_remove = ask_first(ui, asking, question, |words| words.remove, {
        let address = address.clone();
        move || ask(Command::Remove(log, address.clone()))
    });
    let change_role = (managed && current.my_role == Role::Owner && one.role < Role::Owner).then(|| {
        let (label, wanted): (crate::strings::Text, Role) = if one.role == Role::Member {
            (|words| words.make_admin, Role::Admin)
        } else {
            (|words| words.make_member, Role::Member)
        };
        let address = address.clone();
        html::button()
            .attr("type", "button")
            .attr("class", "text-button small")
            .attr("data-test", test_ids::CHANGE_ROLE)
            .on(leptos::ev::click, move |_| ask(Command::SetRole(log, address.clone(), wanted)))
            .child(ui.words.text(label))
    });
    let warning = one.identity_changed.then(|| identity_warning(ui, &one));
    let compare = (!one.own).then(|| {
        let whom = address.clone();
        safety::lead(ui, one.verified.filter(|_| !one.identity_changed), move || {
            page.set(Page::Comparing(whom.clone()))
        })
    });
    let devices = one.devices.into_iter().map(|one| device(ui, one, true)).collect_view();
    html::li()
        .attr("class", "person")
        .attr("data-test", test_ids::READER)
        .attr("data-name", address.to_string())
        .child((
            face(&name, false, true),
            head,
            remove,
            html::div().attr("class", "devices").child((
                warning,
                html::ul().attr("class", "devices-list").child(devices),
                compare,
                change_role,
                ask_remove,
            )),
        ))
        .into_any()
}

fn identity_warning(ui: Ui, one: &ReaderPerson) -> AnyView {
    let (name, verified) = (ui.name_of(&one.address), one.verified.is_some());
    let text = move || {
        let words = &ui.words.get().safety;
        if verified { (words.changed_verified)(&name) } else { (words.changed)(&name) }
    };
    html::div().attr("class", "warning").attr("role", "alert").child(html::p().child(text)).into_any()
}

/// A device in words; also in the settings, where only the day is known.
pub(super) fn device(ui: Ui, one: DeviceView, with_hour: bool) -> AnyView {
    let icon = if one.class == DeviceClass::Web { GLOBE } else { PROGRAM };
    let text = move || {
        let words = ui.words.get();
        let mut text = match one.class {
            DeviceClass::Web => words.class_web,
            DeviceClass::Installed => words.class_installed,
        }
        .to_owned();
        if one.this_device {
            text.push_str(&format!(" ({})", words.this_device));
        }
        if let Some(since) = one.since {
            let language = ui.words.language();
            let since = if with_hour { moment(since, language) } else { day(since, language) };
            let since = match &one.added_by {
                Some(by) => (words.since_by)(&since, &whom(ui, by)),
                None => (words.since)(&since),
            };
            text.push_str(", ");
            text.push_str(&since);
        }
        if let Some(record) = one.in_record {
            text.push_str(", ");
            text.push_str(match record {
                InRecord::Named => words.public_record.named,
                InRecord::NotNamed => words.public_record.not_named,
                InRecord::NotChecked => words.public_record.not_asked,
            });
        }
        text
    };
    html::li()
        .attr("class", "device")
        .attr("data-test", test_ids::READER_DEVICE)
        .child((icon.small(), html::span().child(text)))
        .into_any()
}

fn manage(ui: Ui, current: &ConversationSummary) -> AnyView {
    let (log, asking) = (current.log, RwSignal::new(false));
    let title = RwSignal::new(current.title.clone());
    let is_group = current.kind == Kind::Group;
    let rename = (is_group && current.my_role >= Role::Admin).then(|| {
        let save = move || ask(Command::Rename(log, title.get_untracked().trim().to_owned()));
        html::form()
            .attr("class", "section")
            .on(leptos::ev::submit, move |event| {
                event.prevent_default();
                save();
            })
            .child((
                field(ui, "rename", |words| words.group_title, None, test_ids::RENAME_INPUT, title),
                button(ui, "button", |words| words.rename, test_ids::RENAME, save),
            ))
    });
    let members_add = (is_group && current.my_role >= Role::Admin).then(|| {
        let allowed = current.members_add;
        html::button()
            .attr("type", "button")
            .attr("class", "row option")
            .attr("role", "checkbox")
            .attr("aria-checked", allowed.to_string())
            .on(leptos::ev::click, move |_| ask(Command::SetMembersAdd(log, !allowed)))
            .child((
                html::span().child(ui.words.text(|words| words.members_add)),
                html::span().attr("class", "tick").child(CHECK.small()),
            ))
    });
    let leave = is_group.then(|| {
        let ask_leave = ask_first(
            ui,
            asking,
            move || ui.words.get().leave_ask.to_owned(),
            |words| words.leave,
            move || ask(Command::Leave(log)),
        );
        (text_button(ui, LEAVE, "alarm", |words| words.leave, test_ids::LEAVE, move || asking.set(true)), ask_leave)
    });
    html::section()
        .attr("class", "section")
        .child((
            is_group.then(|| html::h2().child(ui.words.text(|words| words.this_conversation))),
            rename,
            members_add,
            leave,
        ))
        .into_any()
}

fn add_people(ui: Ui, log: LogId, page: RwSignal<Page>) -> AnyView {
    let chosen: people_picker::Chosen = RwSignal::new(BTreeSet::new());
    let count = Memo::new(move |_| chosen.with(BTreeSet::len));
    let present = move |address: &Address| {
        ui.readers.with(|readers| {
            readers.as_ref().is_some_and(|readers| readers.people.iter().any(|person| person.address == *address))
        })
    };
    let add = move |_| {
        ask(Command::Add(log, chosen.get_untracked().into_iter().collect()));
        page.set(Page::Readers);
    };
    let foot = move || {
        (count.get() > 0).then(|| {
            let go = html::button()
                .attr("type", "button")
                .attr("class", "button primary wide")
                .attr("data-test", test_ids::ADD_CHOSEN)
                .on(leptos::ev::click, add)
                .child(move || (ui.words.get().add_count)(count.get()));
            html::div().attr("class", "foot").child(go)
        })
    };
    (
        bar(ui, "bar-add", |words| words.add_people, move || page.set(Page::Readers)),
        people_picker::view(ui, chosen, present),
        foot,
    )
        .into_any()
}
