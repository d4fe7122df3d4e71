//! How times, sizes and names are written.

use allod_wire::UnixMillis;
use js_sys::Date;
use wasm_bindgen::JsValue;

use crate::shell::now;
use crate::strings::{Language, Strings};

const DAY_MILLIS: i64 = 86_400_000;
const MINUTE_MILLIS: i64 = 60_000;

/// A time on this device's calendar.
fn local(time: UnixMillis) -> Date {
    Date::new(&JsValue::from_f64(time.0 as f64))
}

/// Days since 1970 on a calendar that is `offset_minutes` behind UTC.
fn day_number(time: UnixMillis, offset_minutes: i64) -> i64 {
    (time.0 as i64 - offset_minutes * MINUTE_MILLIS).div_euclid(DAY_MILLIS)
}

/// Days since 1970 on this device's calendar.
pub fn local_day(time: UnixMillis) -> i64 {
    day_number(time, local(time).get_timezone_offset() as i64)
}

/// `14:02`.
pub fn clock_time(time: UnixMillis) -> String {
    let date = local(time);
    format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
}

fn date_text(time: UnixMillis, language: Language, fields: &[(&str, &str)]) -> String {
    let options = js_sys::Object::new();
    for (name, value) in fields {
        // Setting a field of a fresh object does not fail.
        drop(js_sys::Reflect::set(&options, &JsValue::from_str(name), &JsValue::from_str(value)));
    }
    local(time).to_locale_date_string(language.locale(), &options).into()
}

/// The day of a message, as a heading: "Today", "Yesterday", "Tuesday 3 March".
pub fn day_heading(time: UnixMillis, language: Language) -> String {
    match local_day(now()) - local_day(time) {
        0 => language.strings().today.to_owned(),
        1 => language.strings().yesterday.to_owned(),
        2..300 => date_text(time, language, &[("weekday", "long"), ("day", "numeric"), ("month", "long")]),
        _ => date_text(time, language, &[("day", "numeric"), ("month", "long"), ("year", "numeric")]),
    }
}

/// A time in a list: the hour today, else the day in short.
pub fn list_time(time: UnixMillis, language: Language) -> String {
    match local_day(now()) - local_day(time) {
        ..=0 => clock_time(time),
        1 => language.strings().yesterday.to_owned(),
        2..7 => date_text(time, language, &[("weekday", "long")]),
        _ => date_text(time, language, &[("day", "numeric"), ("month", "short")]),
    }
}

/// A day within a sentence: "today", "Tuesday 3 March".
pub fn day(time: UnixMillis, language: Language) -> String {
    let heading = day_heading(time, language);
    if local_day(now()) - local_day(time) < 2 { heading.to_lowercase() } else { heading }
}

/// A moment within a sentence: "today, 14:02", "Tuesday 3 March".
pub fn moment(time: UnixMillis, language: Language) -> String {
    let recent = local_day(now()) - local_day(time) < 2;
    let day = day(time, language);
    if recent { format!("{day}, {}", clock_time(time)) } else { day }
}

/// A moment with its hour, however long ago: "today, 14:02", "Tuesday 3 March, 14:02".
pub fn moment_of(time: UnixMillis, language: Language) -> String {
    format!("{}, {}", day(time, language), clock_time(time))
}

/// A moment with its whole date: "3 March 2027, 14:02".
pub fn full_moment(time: UnixMillis, language: Language) -> String {
    let date = date_text(time, language, &[("day", "numeric"), ("month", "long"), ("year", "numeric")]);
    format!("{date}, {}", clock_time(time))
}

/// `2.4 MB`.
pub fn size(bytes: u64, words: &Strings) -> String {
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 999.5 && unit + 1 < words.sizes.len() {
        value /= 1_000.0;
        unit += 1;
    }
    let number = if unit == 0 || value >= 9.95 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{}\u{a0}{}", number.replace('.', &words.decimal.to_string()), words.sizes[unit])
}

/// One or two letters for somebody's face.
pub fn initials(name: &str) -> String {
    let mut parts = name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let first = parts.next().and_then(|part| part.chars().next());
    let second = parts.next().and_then(|part| part.chars().next());
    first.into_iter().chain(second).collect()
}

/// The media type, if it is of a picture that is shown within a message: none that can hold script.
pub fn picture_type(media_type: &str) -> Option<&'static str> {
    ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"].into_iter().find(|known| *known == media_type)
}

/// The media type, if it is of a recording that is played within a message.
pub fn sound_type(media_type: &str) -> Option<&'static str> {
    let plain = media_type.split(';').next().unwrap_or_default().trim();
    ["audio/webm", "audio/ogg", "audio/mp4", "audio/mpeg", "audio/aac", "audio/wav"]
        .into_iter()
        .find(|known| *known == plain)
}

/// The name with the ending that goes with what the file is.
pub fn with_extension(name: &str, media_type: &str) -> String {
    let ending = match media_type.split(';').next().unwrap_or_default() {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "audio/webm" => "webm",
        "audio/ogg" => "ogg",
        "audio/mp4" => "m4a",
        _ => return name.to_owned(),
    };
    let is_ending = |end: &str| (2..=4).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match name.rsplit_once('.').filter(|(start, end)| !start.is_empty() && is_ending(end)) {
        Some((start, _)) => format!("{start}.{ending}"),
        None => format!("{name}.{ending}"),
    }
}

/// How long: `1:05`.
pub fn duration(millis: u32) -> String {
    let seconds = millis / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A name that is no path and hides nothing, for the browser's downloads.
pub fn safe_file_name(name: &str) -> String {
    // Marks that turn the direction of text around make an `exe` look like a `pdf`.
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept: String = name.chars().filter(|c| !c.is_control() && !turns(*c) && !matches!(c, '/' | '\\')).collect();
    let kept = kept.trim_matches(['.', ' ']);
    if kept.is_empty() { "file".to_owned() } else { kept.to_owned() }
}

/// A stretch of a message's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stretch {
    /// Plain.
    Text(String),
    /// A web address.
    Link(String),
}

/// Finds the web addresses in a text.
pub fn stretches(text: &str) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut plain = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end_matches(|c: char| c.is_whitespace() || ".,;:!?)»”\"'".contains(c));
        let is_link = ["https://", "http://"].iter().any(|start| bare.len() > start.len() && bare.starts_with(start));
        if is_link {
            if !plain.is_empty() {
                found.push(Stretch::Text(std::mem::take(&mut plain)));
            }
            found.push(Stretch::Link(bare.to_owned()));
            plain.push_str(&word[bare.len()..]);
        } else {
            plain.push_str(word);
        }
    }
    if !plain.is_empty() {
        found.push(Stretch::Text(plain));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strings::{ENGLISH, FRENCH};

    #[test]
    fn a_day_ends_at_midnight_of_the_calendar_and_not_of_utc() {
        let late = UnixMillis(20_000 * 86_400_000 + 23 * 3_600_000);
        assert_eq!(day_number(late, 0), 20_000);
        assert_eq!(day_number(late, -120), 20_001);
    }

    #[test]
    fn sizes_have_two_digits_at_least_and_the_languages_comma() {
        assert_eq!(size(12, &ENGLISH), "12\u{a0}bytes");
        assert_eq!(size(2_437_000, &ENGLISH), "2.4\u{a0}MB");
        assert_eq!(size(2_437_000, &FRENCH), "2,4\u{a0}Mo");
        assert_eq!(size(999_600, &ENGLISH), "1.0\u{a0}MB");
    }

    #[test]
    fn what_is_played_is_told_by_its_type_whatever_its_codec() {
        assert_eq!(sound_type("audio/webm;codecs=opus"), Some("audio/webm"));
        assert_eq!((sound_type("audio/x-script"), sound_type("text/html")), (None, None));
        assert_eq!(with_extension("IMG_1.HEIC", "image/jpeg"), "IMG_1.jpg");
        assert_eq!(with_extension("Message vocal", "audio/webm;codecs=opus"), "Message vocal.webm");
        assert_eq!((duration(0), duration(65_999)), ("0:00".to_owned(), "1:05".to_owned()));
    }

    #[test]
    fn initials_are_of_the_first_two_parts() {
        assert_eq!(initials("jean-baptiste.delacroix"), "jb");
        assert_eq!(initials("Budget"), "B");
        assert_eq!(initials("…"), "");
    }

    #[test]
    fn a_file_name_cannot_leave_the_folder_or_disguise_itself() {
        assert_eq!(safe_file_name("../../etc/passwd"), "etcpasswd");
        assert_eq!(safe_file_name("invoice\u{202e}fdp.exe"), "invoicefdp.exe");
        assert_eq!(safe_file_name(" .. "), "file");
    }

    #[test]
    fn addresses_in_a_text_become_links_without_the_sentence_around_them() {
        let text = |text: &str| Stretch::Text(text.to_owned());
        let link = |text: &str| Stretch::Link(text.to_owned());
        assert_eq!(
            stretches("see https://a.example/b, then"),
            [text("see "), link("https://a.example/b"), text(", then")]
        );
        assert_eq!(stretches("javascript:alert(1) https://"), [text("javascript:alert(1) https://")]);
    }
}
