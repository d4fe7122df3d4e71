//! A message as it is now: what was written, and everything that was done to it since. Pure. Spec: M-3 to M-6, M-8, M-10, M-11.
//!
//! Invariant: the result depends on the line and the set of annotations alone, not on the order in which they came, so all who
//! hold the same log see the same message.

use std::collections::BTreeMap;

use allod_wire::cbor;
use allod_wire::mimi::{Disposition, MessageId, MimiContent};
use allod_wire::{Address, UnixMillis};

use crate::annotation::{StoredAnnotation, is_edit, is_reaction, target};
use crate::content::{Deed, thread};
use crate::core::ClientCore;
use crate::marks::{Acknowledgement, Answers, FormerText, QuoteView, ReactionView, Voter};
use crate::message::message_id;
use crate::outbox::Outgoing;
use crate::rows::{self, Row};
use crate::view::{MessageBody, MessageView};

/// Reactions of one person to one message that are shown (rule M-4).
pub const REACTIONS_EACH_MAX: usize = 8;

/// An annotation, decoded.
struct Act {
    id: MessageId,
    sender: Address,
    time: UnixMillis,
    chief: bool,
    /// `None` for an answer in the thread.
    content: Option<MimiContent>,
}

/// A reaction that stands.
struct Standing<'a> {
    id: MessageId,
    sender: &'a Address,
    text: String,
}

impl ClientCore {
    /// Makes a line what it is now. `rows` are all rows whose keys start with [`rows::annotations_prefix`] of the line's message id,
    /// in any order; what waits in the outbox is added. A line without message id stays as it is.
    ///
    /// The shell folds each line that it shows, after [`Self::read_history`], and again when
    /// [`crate::Event::MessageChanged`] names it. Where the line answers another message (`in_reply_to`), the shell finds
    /// that one by [`rows::place_key`], folds it as well, and sets [`MessageView::quote`] to [`QuoteView::of`] it.
    pub fn fold<'a>(&self, line: &mut MessageView, rows: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) {
        let (Some(message), Some(me)) = (line.message_id, self.me()) else { return };
        let prefix = rows::annotations_prefix(line.log, &message);
        let placed = rows.into_iter().filter(|(key, _)| key.starts_with(&prefix)).filter_map(|(key, value)| {
            // A row that a later release wrote acts again after the upgrade.
            let row: StoredAnnotation = cbor::from_slice(value).ok()?;
            let is_answer = row.content.is_empty();
            let content = if is_answer { None } else { Some(cbor::from_slice(&row.content).ok()?) };
            let id = message_id(line.log, &row.sender, &row.content);
            Some((rows::annotated(key)?.2, Act { id, sender: row.sender, time: row.time, chief: row.chief, content }))
        });
        let mut placed: Vec<_> = placed.collect();
        placed.sort_by_key(|(position, _)| *position);
        let mut acts: Vec<Act> = placed.into_iter().map(|(_, act)| act).collect();
        acts.extend(self.waiting_acts(line, &me, message));
        fold(line, &acts, &me);
        if let (Some(answers), Some(conversation)) = (&mut line.marks.answers, self.conversations.get(&line.log)) {
            let all = conversation.row.new_answers.iter();
            answers.new = all.filter(|answer| answer.thread == message).count();
        }
    }

    fn waiting_acts(&self, line: &MessageView, me: &Address, message: MessageId) -> Vec<Act> {
        let Some(conversation) = self.conversations.get(&line.log) else { return Vec::new() };
        let chief = conversation.peek_membership().is_some_and(|here| here.is_chief(me));
        let waiting = conversation.outbox.values().filter(|outgoing| !outgoing.leaves && !outgoing.failed);
        let act = |outgoing: &Row<Outgoing>| {
            let content: MimiContent = cbor::from_slice(&outgoing.content).ok()?;
            let id = message_id(line.log, me, &outgoing.content);
            let acts = target(&content) == Some(message);
            let answers = !acts && thread(&content) == Some(message) && id != message;
            let content = Some(content).filter(|_| acts);
            (acts || answers).then(|| Act { id, sender: me.clone(), time: outgoing.time, chief, content })
        };
        waiting.filter_map(act).collect()
    }
}

impl QuoteView {
    /// Of a line that was folded.
    pub fn of(line: &MessageView) -> Self {
        Self { sender: line.sender.clone(), position: line.position, text: line.body.preview() }
    }
}

/// `acts` in the order of the log.
fn fold(line: &mut MessageView, acts: &[Act], me: &Address) {
    let Some(message) = line.message_id else { return };
    line.marks = Default::default();
    let mut time = line.time;
    let mut reactions: Vec<Standing<'_>> = Vec::new();
    let mut votes: BTreeMap<&Address, Vec<u8>> = BTreeMap::new();
    for act in acts {
        let Some(content) = &act.content else { continue };
        if content.body.disposition != Disposition::REACTION {
            if content.replaces == Some(message) {
                replace(line, act, content, &mut time);
            }
            if line.marks.deleted_by.is_some() {
                break;
            }
            continue;
        }
        take_back(&mut reactions, act, content);
        match Deed::read(&content.body.part) {
            Some(Deed::React(text)) => react(&mut reactions, act, text),
            Some(Deed::Vote(options)) if !line.marks.poll_ended => drop(votes.insert(&act.sender, options)),
            Some(Deed::EndPoll) => line.marks.poll_ended |= act.chief || act.sender == line.sender,
            Some(Deed::Acknowledge) => acknowledge(line, act),
            Some(Deed::Vote(_)) | None => {}
        }
    }
    if line.marks.deleted_by.is_none() {
        line.marks.reactions = shown(reactions, me);
        count(line, votes);
    }
    line.marks.answers = answers(acts);
}

fn shown(standing: Vec<Standing<'_>>, me: &Address) -> Vec<ReactionView> {
    let mut shown: Vec<ReactionView> = Vec::new();
    for reaction in standing {
        let own = (reaction.sender == me).then_some(reaction.id);
        match shown.iter_mut().find(|shown| shown.text == reaction.text) {
            Some(shown) => {
                shown.people.push(reaction.sender.clone());
                shown.own = shown.own.or(own);
            }
            None => {
                shown.push(ReactionView { text: reaction.text, people: vec![reaction.sender.clone()], own });
            }
        }
    }
    shown
}

/// The votes of a poll (rule M-10): one that chooses what there is not is none.
fn count(line: &mut MessageView, votes: BTreeMap<&Address, Vec<u8>>) {
    let MessageBody::Poll { poll } = &line.body else {
        line.marks.poll_ended = false;
        return;
    };
    let is_sound = |vote: &[u8]| {
        let rises = vote.windows(2).all(|two| two[0] < two[1]);
        rises && (poll.several || vote.len() < 2) && vote.iter().all(|n| usize::from(*n) < poll.options.len())
    };
    let mut chosen = vec![Vec::new(); poll.options.len()];
    for (person, vote) in votes.into_iter().filter(|(_, vote)| is_sound(vote)) {
        vote.iter().for_each(|n| chosen[usize::from(*n)].push(Voter(person.clone())));
    }
    line.marks.votes = chosen;
}

/// An acknowledgement that was asked for, by anybody but the author (rule M-11).
fn acknowledge(line: &mut MessageView, act: &Act) {
    let is_new = line.marks.acknowledged.iter().all(|one| one.person != act.sender);
    if line.asks_acknowledgement && act.sender != line.sender && is_new {
        line.marks.acknowledged.push(Acknowledgement { person: act.sender.clone(), time: act.time });
    }
}

/// What stands in the thread (rule M-8).
fn answers(acts: &[Act]) -> Option<Answers> {
    let mut found: Option<Answers> = None;
    for act in acts.iter().filter(|act| act.content.is_none()) {
        let answers = found.get_or_insert_with(|| Answers { count: 0, new: 0, people: Vec::new(), last: act.time });
        answers.count += 1;
        answers.last = act.time;
        if !answers.people.contains(&act.sender) {
            answers.people.push(act.sender.clone());
        }
    }
    found
}

/// An edit by the author, or a deletion by the author or who looks after the group (rules M-5, M-6).
fn replace(line: &mut MessageView, act: &Act, content: &MimiContent, time: &mut UnixMillis) {
    let is_author = act.sender == line.sender;
    let body = MessageBody::of(content);
    if matches!(body, MessageBody::Deleted) {
        if is_author || act.chief {
            line.body = MessageBody::Deleted;
            (line.in_reply_to, line.quote) = (None, None);
            (line.asks_acknowledgement, line.mentions_me) = (false, false);
            line.marks = Default::default();
            line.marks.deleted_by = Some(act.sender.clone());
        }
    } else if is_author && is_edit(&line.body) && is_edit(&body) {
        let text = match std::mem::replace(&mut line.body, body) {
            MessageBody::Text { text, .. } => text,
            MessageBody::File { caption, .. } => caption,
            _ => String::new(),
        };
        line.marks.former.push(FormerText { time: std::mem::replace(time, act.time), text });
        line.marks.acknowledged.clear(); // M-11: what was acknowledged is said no more.
    }
}

/// A reaction may take an earlier one of the same person back (rule M-4).
fn take_back(standing: &mut Vec<Standing<'_>>, act: &Act, content: &MimiContent) {
    let Some(replaced) = content.replaces else { return };
    let taken = standing.iter().find(|one| one.id == replaced && *one.sender == act.sender);
    if let Some(text) = taken.map(|one| one.text.clone()) {
        standing.retain(|one| *one.sender != act.sender || one.text != text);
    }
}

/// One more reaction (rule M-4).
fn react<'a>(standing: &mut Vec<Standing<'a>>, act: &'a Act, text: String) {
    let mut of_author = standing.iter().filter(|one| *one.sender == act.sender);
    let is_new = of_author.clone().all(|one| one.text != text) && of_author.by_ref().count() < REACTIONS_EACH_MAX;
    if is_reaction(&text) && is_new {
        standing.push(Standing { id: act.id, sender: &act.sender, text });
    }
}
