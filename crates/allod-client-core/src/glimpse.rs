//! What a message shows of its file before the file is fetched: a small picture, or the shape of a recording. Spec: M-20, M-21.
//!
//! Both come from the sender and are believed in nothing: a picture is one of three types, small, and shown as a picture only.

use allod_wire::mimi::{Disposition, NestedPart, Part};
use minicbor::{Decode, Encode};
use serde::Serialize;

/// Longest picture, in bytes (rule M-20).
pub const PICTURE_BYTES_MAX: usize = 24_576;
/// Widest and highest picture of a file, in pixels (rule M-20).
pub const PIXELS_MAX: u32 = 32_768;
/// Longest recording, in milliseconds: a day (rule M-21).
pub const VOICE_MILLIS_MAX: u32 = 86_400_000;
/// Stretches of a waveform at most (rule M-21).
pub const WAVEFORM_BYTES_MAX: usize = 64;

const PICTURE_TYPES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];
const WAVEFORM_TYPE: &str = "application/allod-waveform";

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Glimpse {
    /// Of a picture or a film.
    #[n(0)]
    Picture {
        /// `image/jpeg`, `image/png` or `image/webp`.
        #[n(0)]
        #[serde(skip)]
        media_type: String,
        /// Width of the file's own picture in pixels, 1 to [`PIXELS_MAX`].
        #[n(1)]
        width: u32,
        /// Height of the file's own picture in pixels, 1 to [`PIXELS_MAX`].
        #[n(2)]
        height: u32,
        /// The small picture: 1 to [`PICTURE_BYTES_MAX`] bytes.
        #[cbor(n(3), with = "minicbor::bytes")]
        #[serde(skip)]
        bytes: Vec<u8>,
    },
    /// Of a voice message.
    #[n(1)]
    Voice {
        /// How long it is in milliseconds, 1 to [`VOICE_MILLIS_MAX`].
        #[n(0)]
        millis: u32,
        /// Loudness of equal stretches, 0 to 255: 1 to [`WAVEFORM_BYTES_MAX`] of them.
        #[cbor(n(1), with = "minicbor::bytes")]
        #[serde(skip)]
        waveform: Vec<u8>,
    },
}

impl Glimpse {
    /// Reads a part beside a file of this media type; `None` if it is not understood (rules M-20, M-21).
    pub(crate) fn of(part: &NestedPart, file_type: &str) -> Option<Self> {
        let Part::Single { content_type, content } = &part.part else { return None };
        let mut parameters = content_type.split(';').map(str::trim);
        let media_type = parameters.next()?;
        let number = |name: &str| {
            let mut values = parameters.clone().filter_map(|one| one.strip_prefix(name)?.strip_prefix('='));
            let digits = values.next().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            digits.parse::<u32>().ok()
        };
        let glimpse = if media_type == WAVEFORM_TYPE {
            Self::Voice { millis: number("duration")?, waveform: content.clone() }
        } else {
            let (width, height) = (number("width")?, number("height")?);
            Self::Picture { media_type: media_type.to_owned(), width, height, bytes: content.clone() }
        };
        glimpse.fits(file_type).then_some(glimpse)
    }

    /// As a part beside a file of this media type; `None` if no receiver would understand it.
    pub(crate) fn to_part(&self, file_type: &str) -> Option<NestedPart> {
        let (content_type, content) = match self {
            Self::Picture { media_type, width, height, bytes } => {
                (format!("{media_type};width={width};height={height}"), bytes)
            }
            Self::Voice { millis, waveform } => (format!("{WAVEFORM_TYPE};duration={millis}"), waveform),
        };
        let part = Part::Single { content_type, content: content.clone() };
        let part = NestedPart { disposition: Disposition::PREVIEW, language: String::new(), part };
        self.fits(file_type).then_some(part)
    }

    /// Within the bounds, and of a kind that goes with the file.
    fn fits(&self, file_type: &str) -> bool {
        match self {
            Self::Picture { media_type, width, height, bytes } => {
                let is_seen = file_type.starts_with("image/") || file_type.starts_with("video/");
                let is_known = PICTURE_TYPES.contains(&media_type.as_str());
                let is_sized = [*width, *height].iter().all(|pixels| (1..=PIXELS_MAX).contains(pixels));
                is_seen && is_known && is_sized && (1..=PICTURE_BYTES_MAX).contains(&bytes.len())
            }
            Self::Voice { millis, waveform } => {
                let is_short = (1..=VOICE_MILLIS_MAX).contains(millis);
                file_type.starts_with("audio/") && is_short && (1..=WAVEFORM_BYTES_MAX).contains(&waveform.len())
            }
        }
    }
}
