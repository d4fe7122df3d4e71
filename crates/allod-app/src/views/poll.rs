//! A poll: made in a dialog, answered in its message, with who chose what.

use allod_client_core::view::MessageView;
use allod_client_core::{OPTIONS_MAX, Poll};
use leptos::html;
use leptos::prelude::*;

use super::dialog::close;
use super::parts::{button, field};
use crate::draft::Place;
use crate::icons::CHECK;
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::test_ids;

/// In its message.
pub(super) fn view(ui: Ui, message: &MessageView, poll: &Poll) -> AnyView {
    let votes = message.marks.votes.clone();
    let mine: Vec<u8> = (0u8..)
        .zip(&votes)
        .filter(|(_, voters)| voters.iter().any(|voter| ui.is_me(&voter.0)))
        .map(|(number, _)| number)
        .collect();
    let mut people: Vec<_> = votes.iter().flatten().map(|voter| voter.0.to_string()).collect();
    people.sort_unstable();
    people.dedup();
    let count = people.len();
    let ended = message.marks.poll_ended;
    let options = (0u8..).zip(&poll.options).map(|(number, text)| {
        let voters = votes.get(usize::from(number)).cloned().unwrap_or_default();
        let chosen = mine.contains(&number);
        let vote = match (poll.several, chosen) {
            (_, true) => mine.iter().copied().filter(|one| *one != number).collect(),
            (true, false) => mine.iter().copied().chain([number]).collect(),
            (false, false) => vec![number],
        };
        let message = Box::new(message.clone());
        let who = {
            let voters = voters.clone();
            move || voters.iter().map(|voter| ui.name_or_you(&voter.0)).collect::<Vec<_>>().join(", ")
        };
        let bar = html::progress().attr("aria-hidden", "true").attr("max", count.max(1).to_string());
        html::button()
            .attr("type", "button")
            .attr("class", "poll-option")
            .attr("role", if poll.several { "checkbox" } else { "radio" })
            .attr("aria-checked", chosen.to_string())
            .attr("tabindex", "-1")
            .attr("data-test", test_ids::POLL_OPTION)
            .attr("data-name", text.clone())
            .attr("disabled", move || ended || !ui.can_write())
            .on(leptos::ev::click, move |_| ask(Command::Vote(message.clone(), vote.clone())))
            .child((
                html::span().attr("class", "tick").child(CHECK.small()),
                html::span().child(text.clone()),
                html::span().attr("class", "poll-count").child(voters.len().to_string()),
                bar.attr("value", voters.len().to_string()),
                html::span().attr("class", "poll-voters clip").child(who),
            ))
    });
    let several = poll.several;
    let hint = move || {
        let talk = &ui.words.get().talk;
        match (ended, several) {
            (true, _) => talk.poll_ended,
            (false, true) => talk.poll_choose_several,
            (false, false) => talk.poll_choose,
        }
    };
    let may_end = !ended && (message.own || ui.is_chief()) && ui.can_write() && message.position.is_some();
    let end = may_end.then(|| {
        let message = Box::new(message.clone());
        let end = move || ask(Command::EndPoll(message.clone()));
        button(ui, "text-button small", |words| words.talk.poll_end, test_ids::POLL_END, end)
    });
    let question = html::p().attr("class", "poll-question").attr("data-test", test_ids::MESSAGE_TEXT);
    let foot = html::div()
        .attr("class", "poll-foot")
        .child((html::span().attr("class", "small soft").child(move || (ui.words.get().talk.poll_votes)(count)), end));
    let group = html::div().attr("class", "poll-options").attr("role", if several { "group" } else { "radiogroup" });
    html::div()
        .attr("class", "poll")
        .attr("data-test", test_ids::POLL)
        .child((
            question.child(poll.question.clone()),
            html::p().attr("class", "small soft").child(hint),
            group.attr("aria-label", poll.question.clone()).child(options.collect_view()),
            foot,
        ))
        .into_any()
}

/// The dialog in which one is made.
pub(super) fn make(ui: Ui, place: Place) -> AnyView {
    let question = RwSignal::new(String::new());
    let several = RwSignal::new(false);
    // One empty field more than there are answers.
    let options = RwSignal::new(vec![String::new(), String::new()]);
    let count = Memo::new(move |_| options.with(Vec::len));
    let written = move |at: usize, text: String| {
        options.update(|options| {
            if let Some(option) = options.get_mut(at) {
                *option = text;
            }
            if options.len() < OPTIONS_MAX && options.iter().all(|option| !option.trim().is_empty()) {
                options.push(String::new());
            }
        });
    };
    let option = move |at: usize| {
        let label = move || (ui.words.get().talk.poll_option)(at + 1);
        html::input()
            .attr("class", "input")
            .attr("type", "text")
            .attr("autocomplete", "off")
            .attr("data-test", test_ids::POLL_ANSWER)
            .attr("data-name", (at + 1).to_string())
            .attr("placeholder", label)
            .attr("aria-label", label)
            .on(leptos::ev::input, move |event| written(at, event_target_value(&event)))
    };
    let fields = For(ForProps::builder().each(move || 0..count.get()).key(|at| *at).children(option).build());
    let choose_several = html::button()
        .attr("type", "button")
        .attr("class", "row option")
        .attr("role", "checkbox")
        .attr("aria-checked", move || several.get().to_string())
        .attr("data-test", test_ids::POLL_SEVERAL)
        .on(leptos::ev::click, move |_| several.update(|several| *several = !*several))
        .child((
            html::span().child(ui.words.text(|words| words.talk.poll_several)),
            html::span().attr("class", "tick").child(CHECK.small()),
        ));
    let poll = move || Poll {
        question: question.with(|question| question.trim().to_owned()),
        options: options
            .with(|options| options.iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()),
        several: several.get(),
    };
    let send = move || {
        ask(Command::SendPoll(place, poll()));
        close(ui);
    };
    let is_ready = move || {
        let poll = poll();
        !poll.question.is_empty() && poll.options.len() > 1
    };
    let send_button = html::button()
        .attr("type", "submit")
        .attr("class", "button primary")
        .attr("data-test", test_ids::POLL_SEND)
        .attr("disabled", move || !is_ready())
        .child(ui.words.text(|words| words.talk.poll_send));
    let actions = html::div()
        .attr("class", "actions")
        .child((button(ui, "button", |words| words.cancel, test_ids::DECLINE, move || close(ui)), send_button));
    html::form()
        .attr("class", "section")
        .on(leptos::ev::submit, move |event| {
            event.prevent_default();
            send();
        })
        .child((
            html::h2().child(ui.words.text(|words| words.talk.poll)),
            field(ui, "poll-question", |words| words.talk.poll_question, None, test_ids::POLL_QUESTION, question),
            html::div().attr("class", "poll-answers").child(fields),
            choose_several,
            actions,
        ))
        .into_any()
}
