//! The microphone: a recording with its length and the shape of its loudness (rule M-21).

use std::cell::RefCell;
use std::rc::Rc;

use allod_client_core::glimpse::{Glimpse, WAVEFORM_BYTES_MAX};
use js_sys::{Array, Date, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AnalyserNode, AudioContext, Blob, BlobEvent, BlobPropertyBag, MediaRecorder, MediaRecorderOptions, MediaStream,
    MediaStreamConstraints, MediaStreamTrack,
};

/// The loudness is looked at so often.
pub(crate) const LEVEL_MILLIS: u32 = 100;
/// What browsers record, the most widely played first.
const TYPES: [&str; 4] = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4;codecs=opus", "audio/mp4"];
const BITS_PER_SECOND: u32 = 32_000;
/// Samples that one look at the loudness takes in: what has passed since the last, at 48 kHz.
const SAMPLES: u32 = 4_096;

/// Why nothing is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordError {
    /// The user, or the browser for them, does not allow it.
    Refused,
    /// There is no microphone, or somebody else has it.
    NoMicrophone,
}

/// A recording that goes on.
pub(crate) struct Recording {
    recorder: MediaRecorder,
    microphone: MediaStream,
    sound: AudioContext,
    analyser: AnalyserNode,
    parts: Array,
    media_type: String,
    started: f64,
    levels: Vec<u8>,
    // Called by the browser for as long as this lives.
    _on_data: Closure<dyn FnMut(BlobEvent)>,
}

/// A recording that is over.
pub(crate) struct Recorded {
    pub(crate) blob: Blob,
    pub(crate) media_type: String,
    pub(crate) glimpse: Glimpse,
}

impl Recording {
    /// Asks for the microphone, and records.
    pub(crate) async fn start() -> Result<Self, RecordError> {
        let microphone = microphone().await.map_err(|error| {
            let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
            match name.as_deref() {
                Some("NotAllowedError" | "SecurityError") => RecordError::Refused,
                _ => RecordError::NoMicrophone,
            }
        })?;
        Self::of(microphone).map_err(|_| RecordError::NoMicrophone)
    }

    fn of(microphone: MediaStream) -> Result<Self, JsValue> {
        let options = MediaRecorderOptions::new();
        options.set_audio_bits_per_second(BITS_PER_SECOND);
        if let Some(known) = TYPES.into_iter().find(|one| MediaRecorder::is_type_supported(one)) {
            options.set_mime_type(known);
        }
        let recorder = MediaRecorder::new_with_media_stream_and_media_recorder_options(&microphone, &options)?;
        let sound = AudioContext::new()?;
        let analyser = sound.create_analyser()?;
        analyser.set_fft_size(SAMPLES);
        sound.create_media_stream_source(&microphone)?.connect_with_audio_node(&analyser)?;
        let parts = Array::new();
        let kept = parts.clone();
        let on_data = Closure::<dyn FnMut(BlobEvent)>::new(move |event: BlobEvent| {
            if let Some(data) = event.data() {
                kept.push(&data);
            }
        });
        recorder.set_ondataavailable(Some(on_data.as_ref().unchecked_ref()));
        recorder.start()?;
        let (media_type, started) = (recorder.mime_type(), Date::now());
        Ok(Self {
            recorder,
            microphone,
            sound,
            analyser,
            parts,
            media_type,
            started,
            levels: Vec::new(),
            _on_data: on_data,
        })
    }

    /// How long it is by now, in milliseconds.
    pub(crate) fn millis(&self) -> u32 {
        (Date::now() - self.started).max(1.0) as u32
    }

    /// Looks at the loudness, 0 to 255; to be called every [`LEVEL_MILLIS`].
    pub(crate) fn listen(&mut self) -> u8 {
        let mut samples = [0.0; SAMPLES as usize];
        self.analyser.get_float_time_domain_data(&mut samples);
        let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let level = loudness(peak);
        self.levels.push(level);
        level
    }

    /// Ends it; `None` if nothing came.
    pub(crate) async fn finish(self) -> Option<Recorded> {
        let millis = self.millis();
        let stopped = Promise::new(&mut |resolve, _| self.recorder.set_onstop(Some(&resolve)));
        if self.recorder.stop().is_ok() {
            JsFuture::from(stopped).await.ok()?;
        }
        let properties = BlobPropertyBag::new();
        properties.set_type(&self.media_type);
        let blob = Blob::new_with_blob_sequence_and_options(&self.parts, &properties).ok()?;
        let glimpse = Glimpse::Voice { millis, waveform: waveform(&self.levels) };
        let media_type = self.media_type.clone();
        (blob.size() > 0.0).then_some(Recorded { blob, media_type, glimpse })
    }
}

impl Drop for Recording {
    /// The microphone is let go of, however it ends.
    fn drop(&mut self) {
        drop(self.recorder.stop());
        for track in self.microphone.get_tracks() {
            if let Ok(track) = track.dyn_into::<MediaStreamTrack>() {
                track.stop();
            }
        }
        drop(self.sound.close());
    }
}

/// A recording that an interface keeps while it goes on.
pub(crate) type Kept = Rc<RefCell<Recording>>;

async fn microphone() -> Result<MediaStream, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let constraints = MediaStreamConstraints::new();
    constraints.set_audio_bool(true);
    let asked = window.navigator().media_devices()?.get_user_media_with_constraints(&constraints)?;
    JsFuture::from(asked).await?.dyn_into()
}

/// Speech is quiet most of the time: the root spreads it over the scale.
fn loudness(peak: f32) -> u8 {
    (peak.clamp(0.0, 1.0).sqrt() * f32::from(u8::MAX)) as u8
}

/// The loudest of each of at most [`WAVEFORM_BYTES_MAX`] stretches.
fn waveform(levels: &[u8]) -> Vec<u8> {
    let stretches = levels.len().clamp(1, WAVEFORM_BYTES_MAX);
    let bound = |index: usize| index * levels.len() / stretches;
    (0..stretches).map(|index| levels[bound(index)..bound(index + 1)].iter().copied().max().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waveform_has_at_most_64_stretches_and_no_peak_is_lost_m_21() {
        let mut levels = vec![1; 1_000];
        levels[777] = 200;
        let shape = waveform(&levels);
        assert_eq!((shape.len(), shape.iter().max()), (64, Some(&200)));
        assert_eq!(waveform(&[5, 6]), [5, 6]);
        assert_eq!(waveform(&[]), [0]);
        assert_eq!((loudness(0.0), loudness(1.0), loudness(f32::NAN)), (0, 255, 0));
    }
}
