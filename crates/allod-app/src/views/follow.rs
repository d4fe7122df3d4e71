//! Where one is in a stream of messages: at its end, which is kept in sight, or at a line, which stays where it is while others come in
//! or are let go at either end.

use allod_wire::EntryId;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::draft::{Draft, Place, Purpose};
use crate::shell::{Command, ask};
use crate::state::Ui;
use crate::timeline::Line;

/// Nearer to the end than this counts as being there; nearer to either end of what is held than this asks for more.
const NEAR_PIXELS: i32 = 120;
/// Farther from the end than this, a button leads back to it.
const FAR_PIXELS: i32 = 480;
/// The identifier of the line before what was not read.
pub(super) const UNREAD_ID: &str = "new-messages";

/// What follows the stream of one conversation. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(super) struct Follow {
    ui: Ui,
    scroll: NodeRef<html::Div>,
    seen: StoredValue<Seen>,
    /// It is a long way to the end.
    pub(super) far: RwSignal<bool>,
}

/// What was seen last.
#[derive(Clone)]
struct Seen {
    /// The end of the history is in sight.
    end: bool,
    /// The first line in sight, by its identifier, and how far below the upper edge it begins.
    line: Option<(String, f64)>,
    /// The first and last position that were held; none before anything was shown.
    held: Option<(Option<u64>, Option<u64>)>,
    /// Who has just written something wants to see it.
    sent: Option<EntryId>,
    /// Lines were changed, and are not in their places yet.
    moving: bool,
}

impl Follow {
    /// For the stream in `scroll`.
    pub(super) fn new(ui: Ui, scroll: NodeRef<html::Div>, lines: Memo<Vec<Line>>, uploads: Memo<Vec<u64>>) -> Self {
        let seen = Seen { end: true, line: None, held: None, sent: None, moving: false };
        let this = Self { ui, scroll, seen: StoredValue::new(seen), far: RwSignal::new(false) };
        // How high the foot is: what one writes, and what that answers.
        let foot = Memo::new(move |_| {
            let of = |draft: &Draft| (draft.text.lines().count(), draft.purpose != Purpose::New);
            ui.open.get().and_then(|log| ui.drafts.with(|drafts| drafts.get(&Place { log, thread: None }).map(of)))
        });
        Effect::new(move |_| {
            lines.track();
            ui.lines.track();
            ui.later.track();
            foot.track();
            uploads.track();
            ui.shown.track();
            this.changed();
        });
        this
    }

    /// The user scrolled, or the browser did.
    pub(super) fn scrolled(self) {
        if self.seen.with_value(|seen| seen.moving) {
            return;
        }
        let Some(element) = self.scroll.get_untracked() else { return };
        let end = element.scroll_height() - element.scroll_top() - element.client_height();
        let later = self.ui.later.get_untracked();
        self.seen.update_value(|seen| {
            seen.end = !later && end < NEAR_PIXELS;
            seen.line = first_in_sight(&element);
        });
        self.far.set(end > FAR_PIXELS || later);
        self.ask_for_more(&element);
    }

    /// Goes to the end of the conversation.
    pub(super) fn to_end(self) {
        self.seen.update_value(|seen| seen.end = true);
        if self.ui.later.get_untracked() {
            ask(Command::LoadEnd);
        } else if let Some(element) = self.scroll.get_untracked() {
            element.set_scroll_top(element.scroll_height());
        }
    }

    /// What the stream shows has changed: decides what to keep in sight, and does it once it is drawn.
    fn changed(self) {
        let ui = self.ui;
        let Some(element) = self.scroll.get() else { return };
        let ends = ui.lines.with_untracked(|lines| {
            (lines.first().and_then(|line| line.position), lines.last().and_then(|line| line.position))
        });
        let later = ui.later.get_untracked();
        let sent = ui.waiting.with_untracked(|waiting| waiting.last().map(|view| view.id));
        let mut seen = self.seen.get_value();
        let opened = seen.held.is_none();
        // The end was let go, or other lines are shown altogether.
        seen.end &= seen.held.is_none_or(|(_, last)| last <= ends.1);
        if sent.is_some() && sent != seen.sent {
            seen.sent = sent;
            seen.end = true;
        }
        if seen.end && later {
            ask(if sent.is_some() { Command::LoadEnd } else { Command::LoadLater(ends.1) });
        }
        seen.held = Some(ends);
        seen.moving = true;
        let (end, line) = (seen.end, seen.line.clone());
        self.seen.set_value(seen);
        request_animation_frame(move || {
            if self.seen.try_update_value(|seen| seen.moving = false).is_none() {
                return;
            }
            if let (true, Some(mark)) = (opened, document().get_element_by_id(UNREAD_ID)) {
                mark.scroll_into_view();
            } else if end {
                element.set_scroll_top(element.scroll_height());
            } else if let Some(moved) = line.and_then(|(id, before)| Some(top_of(&element, &id)? - before)) {
                element.set_scroll_top(element.scroll_top() + moved.round() as i32);
            }
            self.scrolled();
        });
    }

    fn ask_for_more(self, element: &web_sys::Element) {
        let ui = self.ui;
        let end = element.scroll_height() - element.scroll_top() - element.client_height();
        ui.lines.with_untracked(|lines| {
            if element.scroll_top() < NEAR_PIXELS && ui.earlier.get_untracked() {
                ask(Command::LoadEarlier(lines.first().and_then(|line| line.position)));
            } else if end < NEAR_PIXELS && ui.later.get_untracked() {
                ask(Command::LoadLater(lines.last().and_then(|line| line.position)));
            }
        });
    }
}

fn first_in_sight(scroll: &web_sys::Element) -> Option<(String, f64)> {
    let upper = scroll.get_bounding_client_rect().top();
    let lines = scroll.query_selector_all("li[id^=line-]").ok()?;
    (0..lines.length()).find_map(|index| {
        let line: web_sys::Element = lines.get(index)?.dyn_into().ok()?;
        let at = line.get_bounding_client_rect();
        (at.bottom() > upper).then(|| (line.id(), at.top() - upper))
    })
}

fn top_of(scroll: &web_sys::Element, id: &str) -> Option<f64> {
    let line = scroll.query_selector(&format!("#{id}")).ok()??;
    Some(line.get_bounding_client_rect().top() - scroll.get_bounding_client_rect().top())
}
