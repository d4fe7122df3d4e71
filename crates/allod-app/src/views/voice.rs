//! Voice messages: recording one in the place of the composer, and listening to one. Rule M-21.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use allod_client_core::transfer::FileInfo;
use allod_client_core::view::{FileView, MessageView};
use leptos::html;
use leptos::prelude::*;

use super::composer::field_id;
use super::panes::focus;
use super::parts::icon_button;
use crate::draft::Place;
use crate::format::{duration, with_extension};
use crate::icons::{DELETE, MICROPHONE, PAUSE, PLAY, SEND};
use crate::shell::record::{Kept, LEVEL_MILLIS, RecordError, Recording};
use crate::shell::{Command, ToSend, ask};
use crate::state::{NoticeText, Ui};
use crate::test_ids;

/// A recording ends by itself then.
const RECORDING_MILLIS_MAX: u32 = 30 * 60_000;
/// Bars that are shown of a recording that goes on.
const LIVE_BARS: usize = 48;
const SPEEDS: [f64; 3] = [1.0, 1.5, 2.0];
/// A time behind the end of any recording: the browser looks for the end there, and so learns its length.
const BEHIND_THE_END: f64 = 1e101;
const SEND_RECORDING_ID: &str = "send-recording";

/// A recording that goes on, as its view sees it.
#[derive(Clone, Copy)]
struct Recorder {
    ui: Ui,
    place: Place,
    recording: RwSignal<Option<Kept>, LocalStorage>,
    asking: RwSignal<bool>,
    levels: RwSignal<Vec<u8>>,
    millis: RwSignal<u32>,
}

/// The button that starts a recording, and the recording while it goes on.
pub(super) fn record(ui: Ui, place: Place) -> AnyView {
    let recorder = Recorder {
        ui,
        place,
        recording: RwSignal::new_local(None),
        asking: RwSignal::new(false),
        levels: RwSignal::new(Vec::new()),
        millis: RwSignal::new(0),
    };
    let tick = set_interval_with_handle(move || recorder.look(), Duration::from_millis(LEVEL_MILLIS.into()));
    on_cleanup(move || {
        if let Ok(tick) = tick {
            tick.clear();
        }
        recorder.recording.set(None);
    });
    let goes_on = Memo::new(move |_| recorder.recording.with(Option::is_some));
    let start = icon_button(
        ui,
        MICROPHONE,
        |words| words.record,
        "record",
        if place.thread.is_some() { test_ids::THREAD_RECORD } else { test_ids::RECORD },
        move || leptos::task::spawn_local(recorder.start()),
    );
    (start, move || goes_on.get().then(|| recorder.view())).into_any()
}

impl Recorder {
    async fn start(self) {
        if self.asking.get_untracked() || self.recording.with_untracked(Option::is_some) {
            return;
        }
        self.asking.set(true);
        let started = Recording::start().await;
        // The user may have gone elsewhere meanwhile: then it ends here.
        if self.asking.try_set(false).is_some() {
            return;
        }
        match started {
            Ok(recording) => {
                self.levels.set(Vec::new());
                self.millis.set(0);
                self.recording.set(Some(Rc::new(RefCell::new(recording))));
                request_animation_frame(|| focus(SEND_RECORDING_ID));
            }
            Err(RecordError::Refused) => self.ui.tell(NoticeText::Plain(|words| words.microphone_refused), false),
            Err(RecordError::NoMicrophone) => self.ui.tell(NoticeText::Plain(|words| words.microphone_missing), false),
        }
    }

    fn look(self) {
        let Some(kept) = self.recording.get_untracked() else { return };
        let level = kept.borrow_mut().listen();
        self.levels.update(|levels| levels.push(level));
        self.millis.set(kept.borrow().millis());
        drop(kept);
        if self.millis.get_untracked() >= RECORDING_MILLIS_MAX {
            self.send();
        }
    }

    fn discard(self) {
        self.recording.set(None);
        focus(field_id(self.place));
    }

    fn send(self) {
        let kept = self.recording.try_update(Option::take).flatten();
        let Some(recording) = kept.and_then(|kept| Rc::try_unwrap(kept).ok()).map(RefCell::into_inner) else { return };
        focus(field_id(self.place));
        let (Place { log, thread }, name) = (self.place, self.ui.words.get().voice_message);
        leptos::task::spawn_local(async move {
            let Some(recorded) = recording.finish().await else { return };
            let (file, media_type) = (recorded.blob, recorded.media_type);
            let (name, size) = (with_extension(name, &media_type), file.size() as u64);
            let info =
                FileInfo { name, media_type, size, glimpse: Some(recorded.glimpse), thread, ..FileInfo::default() };
            ask(Command::SendFiles(log, vec![ToSend { file, info }]));
        });
    }

    fn view(self) -> AnyView {
        let Self { ui, levels, millis, .. } = self;
        let live = move || {
            levels.with(|levels| {
                bars(levels.iter().skip(levels.len().saturating_sub(LIVE_BARS)).map(|level| (*level, true)))
            })
        };
        let send_label = ui.words.text(|words| words.send_recording);
        let send = html::button()
            .attr("type", "button")
            .attr("id", SEND_RECORDING_ID)
            .attr("class", "icon-button primary")
            .attr("data-test", test_ids::SEND_RECORDING)
            .attr("aria-label", send_label)
            .attr("title", send_label)
            .on(leptos::ev::click, move |_| self.send())
            .child(SEND.view());
        html::div()
            .attr("class", "recording")
            .attr("role", "group")
            .attr("data-test", test_ids::RECORDING)
            .attr("aria-label", ui.words.text(|words| words.recording))
            .on(leptos::ev::keydown, move |event| {
                if event.key() == "Escape" {
                    event.stop_propagation();
                    self.discard();
                }
            })
            .child((
                icon_button(
                    ui,
                    DELETE,
                    |words| words.discard_recording,
                    "",
                    test_ids::DISCARD_RECORDING,
                    move || self.discard(),
                ),
                html::span().attr("class", "recording-mark").attr("aria-hidden", "true"),
                html::span()
                    .attr("class", "recording-time")
                    .attr("role", "timer")
                    .child(move || duration(millis.get())),
                html::span().attr("class", "bars live").attr("aria-hidden", "true").child(live),
                send,
            ))
            .into_any()
    }
}

/// A bar for each level; those that were heard are marked.
fn bars(levels: impl Iterator<Item = (u8, bool)>) -> AnyView {
    let bar = |(level, heard): (u8, bool)| {
        let percent = 8 + u32::from(level) * 92 / 255;
        html::span()
            .attr("class", if heard { "bar-of heard" } else { "bar-of" })
            .style(("height", format!("{percent}%")))
    };
    levels.map(bar).collect_view().into_any()
}

/// How far a recording is played.
#[derive(Clone, Copy)]
struct Player {
    audio: NodeRef<html::Audio>,
    playing: RwSignal<bool>,
    at: RwSignal<u32>,
    speed: RwSignal<usize>,
    /// The browser is looking for the recording's length.
    measuring: RwSignal<bool>,
}

/// A recording to listen to.
pub(super) fn player(ui: Ui, line: &MessageView, file: &FileView, millis: u32, waveform: &[u8]) -> AnyView {
    let entry = line.id;
    ask(Command::Show(line.log, entry, file.clone()));
    let here = Memo::new(move |_| ui.shown.with(|shown| shown.get(&entry).cloned()));
    let one = Player {
        audio: NodeRef::new(),
        playing: RwSignal::new(false),
        at: RwSignal::new(0),
        speed: RwSignal::new(0),
        measuring: RwSignal::new(false),
    };
    // One at a time.
    Effect::new(move |_| {
        if let (true, Some(audio)) = (ui.played.get() != Some(entry), one.audio.get_untracked()) {
            drop(audio.pause());
        }
    });
    let toggle = move |_| {
        let Some(audio) = one.audio.get_untracked() else { return };
        if one.playing.get_untracked() {
            drop(audio.pause());
        } else {
            ui.played.set(Some(entry));
            // Refused only where there is nothing to play yet.
            drop(audio.play());
        }
    };
    let label = move || {
        let words = ui.words.get();
        if one.playing.get() { words.stop_playing } else { words.play }
    };
    let play = html::button()
        .attr("type", "button")
        .attr("class", "icon-button play")
        .attr("data-test", test_ids::PLAY)
        .attr("aria-label", label)
        .attr("title", label)
        .attr("disabled", move || here.with(Option::is_none))
        .on(leptos::ev::click, toggle)
        .child(move || if one.playing.get() { PAUSE.view() } else { PLAY.view() });
    let time = move || duration(if one.at.get() == 0 { millis } else { one.at.get() });
    html::div()
        .attr("class", "voice")
        .attr("role", "group")
        .attr("data-test", test_ids::VOICE)
        .attr("data-playing", move || one.playing.get().to_string())
        .attr("aria-label", ui.words.text(|words| words.voice_message))
        .child((
            sound(one, here),
            play,
            html::span()
                .attr("class", "voice-track")
                .child((shape(one, millis, waveform.to_vec()), slider(ui, one, millis))),
            html::span()
                .attr("class", "voice-foot small")
                .child((html::span().attr("class", "voice-time").child(time), speed(ui, one))),
        ))
        .into_any()
}

fn sound(one: Player, here: Memo<Option<String>>) -> AnyView {
    let with = move |act: fn(Player, &web_sys::HtmlAudioElement)| {
        move |_: web_sys::Event| {
            if let Some(audio) = one.audio.get_untracked() {
                act(one, &audio);
            }
        }
    };
    html::audio()
        .attr("preload", "auto")
        .attr("src", move || here.get())
        .on(
            leptos::ev::loadedmetadata,
            with(|one, audio| {
                if audio.duration().is_infinite() {
                    one.measuring.set(true);
                    audio.set_current_time(BEHIND_THE_END);
                }
            }),
        )
        .on(
            leptos::ev::durationchange,
            with(|one, audio| {
                if one.measuring.get_untracked() && audio.duration().is_finite() {
                    one.measuring.set(false);
                    audio.set_current_time(0.0);
                }
            }),
        )
        .on(
            leptos::ev::timeupdate,
            with(|one, audio| {
                if !one.measuring.get_untracked() {
                    one.at.set((audio.current_time() * 1_000.0) as u32);
                }
            }),
        )
        .on(leptos::ev::play, with(|one, _| one.playing.set(true)))
        .on(leptos::ev::pause, with(|one, _| one.playing.set(false)))
        .on(
            leptos::ev::ended,
            with(|one, audio| {
                if !one.measuring.get_untracked() {
                    audio.set_current_time(0.0);
                    one.at.set(0);
                }
            }),
        )
        .node_ref(one.audio)
        .into_any()
}

/// The recording's loudness over its length.
fn shape(one: Player, millis: u32, waveform: Vec<u8>) -> AnyView {
    let count = waveform.len() as u32;
    let heard = Memo::new(move |_| (u64::from(one.at.get()) * u64::from(count) / u64::from(millis.max(1))) as usize);
    let bars = move || bars(waveform.iter().copied().enumerate().map(|(index, level)| (level, index < heard.get())));
    html::span().attr("class", "bars").attr("aria-hidden", "true").child(bars).into_any()
}

/// Where one listens: lies over the bars.
fn slider(ui: Ui, one: Player, millis: u32) -> AnyView {
    html::input()
        .attr("type", "range")
        .attr("class", "voice-slider")
        .attr("data-test", test_ids::PLAYING_POSITION)
        .attr("min", "0")
        .attr("max", millis.to_string())
        .attr("step", "100")
        .attr("aria-label", ui.words.text(|words| words.playing_position))
        .attr("aria-valuetext", move || format!("{} / {}", duration(one.at.get()), duration(millis)))
        .prop("value", move || one.at.get().to_string())
        .on(leptos::ev::input, move |event| {
            let wanted = event_target_value(&event).parse::<u32>().unwrap_or(0);
            if let Some(audio) = one.audio.get_untracked() {
                audio.set_current_time(f64::from(wanted) / 1_000.0);
                one.at.set(wanted);
            }
        })
        .into_any()
}

/// How fast: each press is the next speed.
fn speed(ui: Ui, one: Player) -> AnyView {
    let text = move || {
        let decimal = ui.words.get().decimal.to_string();
        format!("{}×", SPEEDS[one.speed.get()].to_string().replace('.', &decimal))
    };
    html::button()
        .attr("type", "button")
        .attr("class", "speed")
        .attr("data-test", test_ids::PLAYING_SPEED)
        .attr("aria-label", move || (ui.words.get().playing_speed)(&text()))
        .on(leptos::ev::click, move |_| {
            one.speed.update(|speed| *speed = (*speed + 1) % SPEEDS.len());
            if let Some(audio) = one.audio.get_untracked() {
                audio.set_playback_rate(SPEEDS[one.speed.get_untracked()]);
            }
        })
        .child(text)
        .into_any()
}
