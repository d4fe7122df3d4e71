//! The messages of a stream under finger, mouse and keyboard: the stream listens once for all of them.
//!
//! Of all messages one is a stop of the Tab key: the one that has the keyboard, else the last.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use allod_client_core::view::MessageView;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{
    EventTarget, FocusEvent, FocusOptions, HtmlElement, KeyboardEvent, MouseEvent, PointerEvent, TouchEvent,
};

use super::message_menu::{answer, below};
use crate::dialog::Dialog;
use crate::gesture::{ANSWER_PIXELS, Gesture, HOLD_MILLIS, Point};
use crate::state::{Thread, Ui};
use crate::strings::Text;
use crate::timeline::Line;

/// A line that is a message, and can be acted on.
const LINE: &str = "li.message[id]";

/// A touch, with the message under it.
#[derive(Default)]
struct Touch {
    gesture: Gesture,
    line: Option<(HtmlElement, MessageView)>,
    holding: Option<TimeoutHandle>,
}

thread_local! {
    /// There is one window, and one finger that counts.
    static TOUCH: RefCell<Touch> = RefCell::default();
    /// The finger that is down, or was last, asked for the menu.
    static ASKED: Cell<bool> = const { Cell::new(false) };
    /// The message that had the keyboard last, by the identifier of its element.
    static FOCUSED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A list of messages that listens to finger, mouse and keyboard.
pub(super) fn list(ui: Ui, label: Text, lines: Memo<Vec<Line>>, children: AnyView) -> AnyView {
    let list = NodeRef::<html::Ol>::new();
    Effect::new(move |_| {
        lines.track();
        let Some(list) = list.get() else { return };
        request_animation_frame(move || drawn(&list));
    });
    html::ol()
        .attr("class", "stream")
        .attr("role", "log")
        .attr("aria-live", "polite")
        .attr("aria-label", ui.words.text(label))
        .on(leptos::ev::pointerdown, move |event| down(ui, &event))
        .on(leptos::ev::pointermove, move |event| moved(ui, &event))
        .on(leptos::ev::pointerup, move |_| released(ui))
        .on(leptos::ev::pointercancel, |_| up())
        .on(leptos::ev::touchend, |event| ended(&event))
        .on(leptos::ev::contextmenu, move |event| context_menu(ui, &event))
        .on(leptos::ev::keydown, move |event| keys(ui, &event))
        .on(leptos::ev::focusin, |event| came(&event))
        .on(leptos::ev::focusout, |event| went(&event))
        .node_ref(list)
        .child(children)
        .into_any()
}

/// What a finger does.
fn down(ui: Ui, event: &PointerEvent) {
    up();
    ASKED.set(false);
    let line = line_of(ui, event.target()).filter(|_| event.pointer_type() == "touch" && event.is_primary());
    let Some(line) = line else { return };
    let holding = set_timeout_with_handle(move || held(ui), Duration::from_millis(HOLD_MILLIS)).ok();
    TOUCH.with_borrow_mut(|touch| {
        touch.gesture.down(place(event));
        *touch = Touch { gesture: touch.gesture, line: Some(line), holding };
    });
}

fn held(ui: Ui) {
    let wanted = TOUCH.with_borrow_mut(|touch| Some((touch.gesture.held()?, touch.line.take()?)));
    if let Some((at, (_, message))) = wanted {
        ASKED.set(true);
        ui.show(Dialog::Menu(Box::new(message)), Some(at));
    }
}

/// See [`down`].
fn moved(ui: Ui, event: &PointerEvent) {
    TOUCH.with_borrow_mut(|touch| {
        let by = touch.gesture.moved(place(event));
        if let Some((line, _)) = &touch.line
            && ui.can_write()
        {
            draw(line, by);
        }
    });
}

/// See [`down`].
fn released(ui: Ui) {
    let answered = TOUCH.with_borrow_mut(|touch| touch.gesture.up().then(|| touch.line.clone()).flatten());
    up();
    if let Some((_, message)) = answered.filter(|_| ui.can_write()) {
        answer(ui, message);
    }
}

/// The finger that asked for the menu goes up: it presses nothing of what is under it now.
fn ended(event: &TouchEvent) {
    if ASKED.take() {
        event.prevent_default();
    }
}

/// The touch is over, or means something else.
fn up() {
    let Touch { line, holding, .. } = TOUCH.take();
    if let Some(holding) = holding {
        holding.clear();
    }
    if let Some((line, _)) = line {
        draw(&line, 0.0);
    }
}

/// Moves a message along with the finger, and shows when it is far enough.
fn draw(line: &HtmlElement, by: f64) {
    let style = line.style();
    if by > 0.0 {
        drop(style.set_property("--drawn", &format!("{by}px")));
        drop(line.set_attribute("data-drawn", if by >= ANSWER_PIXELS { "enough" } else { "some" }));
    } else {
        drop(style.remove_property("--drawn"));
        drop(line.remove_attribute("data-drawn"));
    }
}

fn place(event: &PointerEvent) -> Point {
    Point { x: event.client_x().into(), y: event.client_y().into() }
}

/// The other button of the mouse opens the menu, unless the browser's own is of more use: over links, pictures, chosen text.
fn context_menu(ui: Ui, event: &MouseEvent) {
    let of_browser = element(event.target()).is_some_and(|target| target.closest("a, img").ok().flatten().is_some());
    let chosen = window().get_selection().ok().flatten().is_some_and(|chosen| !chosen.is_collapsed());
    let Some((_, message)) = line_of(ui, event.target()).filter(|_| !of_browser && !chosen) else { return };
    event.prevent_default();
    let at = Point { x: event.client_x().into(), y: event.client_y().into() };
    ui.show(Dialog::Menu(Box::new(message)), Some(at));
}

/// Up and down lead from message to message, left and right through what is in one; Enter opens the menu.
fn keys(ui: Ui, event: &KeyboardEvent) {
    let Some((line, message)) = line_of(ui, event.target()) else { return };
    let on_line = event.target().is_some_and(|target| target == *line.unchecked_ref::<EventTarget>());
    let beside = |next: fn(&web_sys::Element) -> Option<web_sys::Element>| {
        let mut at = next(&line)?;
        while !at.matches(LINE).unwrap_or(false) {
            at = next(&at)?;
        }
        at.dyn_into::<HtmlElement>().ok()
    };
    let target = match event.key().as_str() {
        "ArrowUp" => beside(web_sys::Element::previous_element_sibling),
        "ArrowDown" => beside(web_sys::Element::next_element_sibling),
        "ArrowRight" => inside(&line, 1),
        "ArrowLeft" => inside(&line, -1),
        key if key == "ContextMenu" || (key == "F10" && event.shift_key()) || (key == "Enter" && on_line) => {
            event.prevent_default();
            let bubble = line.query_selector(".bubble").ok().flatten();
            return ui.show(Dialog::Menu(Box::new(message)), Some(below(bubble.map(Into::into))));
        }
        _ => return,
    };
    event.prevent_default();
    if let Some(target) = target {
        drop(target.focus());
    }
}

/// What is `step` farther in the row of a message and all that can be pressed in it.
fn inside(line: &HtmlElement, step: isize) -> Option<HtmlElement> {
    let found = line.query_selector_all("button:not(:disabled), a[href]").ok()?;
    let mut all = vec![line.clone()];
    all.extend((0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok()));
    let active = document().active_element()?;
    let at = all.iter().position(|one| **one == active)?;
    all.get(at.checked_add_signed(step)?).cloned()
}

/// The keyboard came to a message.
fn came(event: &FocusEvent) {
    let Some(line) = element(event.target()).and_then(|target| target.closest(LINE).ok().flatten()) else { return };
    FOCUSED.set(Some(line.id()));
    if let Some(list) = element(event.current_target()) {
        keep_stop(&list);
    }
}

/// The keyboard went away. Where it went nowhere, the message was drawn anew.
fn went(event: &FocusEvent) {
    let (Some(list), Some(to)) = (element(event.current_target()), element(event.related_target())) else { return };
    if !list.contains(Some(&to)) {
        FOCUSED.take();
        keep_stop(&list);
    }
}

/// The messages were drawn anew: the keyboard goes back to the one that had it, if it has nowhere else to be.
fn drawn(list: &web_sys::Element) {
    let lost = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
    let line = FOCUSED.with_borrow(Clone::clone).filter(|_| lost).and_then(|id| document().get_element_by_id(&id));
    if let Some(line) = line.filter(|line| list.contains(Some(line))) {
        let still = FocusOptions::new();
        still.set_prevent_scroll(true);
        drop(line.unchecked_into::<HtmlElement>().focus_with_options(&still));
    }
    keep_stop(list);
}

fn element(target: Option<EventTarget>) -> Option<web_sys::Element> {
    target?.dyn_into().ok()
}

fn keep_stop(list: &web_sys::Element) {
    let Ok(all) = list.query_selector_all(LINE) else { return };
    let lines: Vec<web_sys::Element> = (0..all.length()).filter_map(|index| all.get(index)?.dyn_into().ok()).collect();
    let active = document().active_element();
    let stop = lines.iter().position(|line| line.contains(active.as_deref())).or(lines.len().checked_sub(1));
    for (index, line) in lines.iter().enumerate() {
        drop(line.set_attribute("tabindex", if Some(index) == stop { "0" } else { "-1" }));
    }
}

fn line_of(ui: Ui, target: Option<EventTarget>) -> Option<(HtmlElement, MessageView)> {
    let line: HtmlElement = element(target)?.closest(LINE).ok()??.dyn_into().ok()?;
    let position: u64 = line.id().strip_prefix("line-")?.parse().ok()?;
    let among = |lines: &Vec<MessageView>| {
        let at = lines.binary_search_by_key(&Some(position), |line| line.position).ok()?;
        lines.get(at).cloned()
    };
    let in_thread = |thread: &Option<Thread>| thread.as_ref().and_then(|thread| among(&thread.answers));
    let message = ui.lines.with_untracked(among).or_else(|| ui.thread.with_untracked(in_thread))?;
    Some((line, message))
}
