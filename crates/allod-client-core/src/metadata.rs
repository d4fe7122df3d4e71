//! Takes out of a picture's file what it says besides the picture, without encoding it anew. Pure. Spec: M-22.
//!
//! For clients that have no decoder of pictures; one that has draws the picture and encodes that.

/// The same picture without place, time, device, comments and what lies behind its end; `None` for a file that is no JPEG, PNG or
/// WebP, or is damaged (rule M-22). A JPEG keeps its way up. Done twice, it changes nothing more.
pub fn strip(file: &[u8]) -> Option<Vec<u8>> {
    jpeg(file).or_else(|| png(file)).or_else(|| webp(file))
}

/// Whether a file begins as the pictures do that [`strip`] knows.
pub fn is_known_picture(file: &[u8]) -> bool {
    file.starts_with(JPEG_START)
        || file.starts_with(PNG_START)
        || (file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP"))
}

const JPEG_START: &[u8] = &[0xff, 0xd8];
const JPEG_END: u8 = 0xd9;
const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n";
/// PNG chunks that are needed to show the picture, or its frames, in its colours.
const PNG_NEEDED: [&[u8; 4]; 15] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"pHYs",
    b"acTL", b"fcTL", b"fdAT",
];
const WEBP_NEEDED: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP"];
/// The flags of `VP8X` that announce Exif and XMP.
const WEBP_METADATA_FLAGS: u8 = 0x0c;

fn jpeg(file: &[u8]) -> Option<Vec<u8>> {
    let mut rest = file.strip_prefix(JPEG_START)?;
    let mut kept = Vec::with_capacity(file.len());
    let mut way_up = 1;
    loop {
        let start = rest.iter().position(|byte| *byte != 0xff).filter(|fill| *fill >= 1)?;
        let marker = rest[start];
        rest = &rest[start + 1..];
        if is_bare(marker) {
            return None;
        }
        if marker == JPEG_END {
            kept.extend([0xff, JPEG_END]);
            return Some([JPEG_START, &turned(way_up), &kept].concat());
        }
        let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
        let body = rest.get(2..length)?;
        let is_kept = match marker {
            0xe2 => body.starts_with(b"ICC_PROFILE\0"),
            // How its colours are mixed.
            0xee => body.starts_with(b"Adobe"),
            0xe0..=0xef | 0xfe => false,
            _ => true,
        };
        if let Some(exif) = body.strip_prefix(EXIF).filter(|_| marker == 0xe1) {
            way_up = orientation(exif).unwrap_or(way_up);
        }
        // Behind the head of a scan lie its data, up to the next marker.
        let end = if marker == 0xda { length + scan(&rest[length..]) } else { length };
        if is_kept {
            kept.extend([0xff, marker]);
            kept.extend_from_slice(&rest[..end]);
        }
        rest = &rest[end..];
    }
}

/// Markers that belong into a scan's data or to the start, and have no body: between segments they are damage.
fn is_bare(marker: u8) -> bool {
    matches!(marker, 0 | 1 | 0xd0..=0xd8)
}

/// Length of a scan's data.
fn scan(data: &[u8]) -> usize {
    let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
    data.windows(2).position(ends).unwrap_or(data.len())
}

const EXIF: &[u8] = b"Exif\0\0";
const ORIENTATION: u16 = 0x0112;

/// What an Exif block says of the way up: 1 to 8.
fn orientation(exif: &[u8]) -> Option<u8> {
    let big = match exif.get(..2)? {
        b"MM" => true,
        b"II" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = exif.get(at..)?.first_chunk()?;
        Some(if big { u16::from_be_bytes(*bytes) } else { u16::from_le_bytes(*bytes) })
    };
    let bytes = exif.get(4..)?.first_chunk()?;
    let table = if big { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
    let table = usize::try_from(table).ok().filter(|table| *table < exif.len())?;
    let mut entries = (0..usize::from(short(table)?)).map(|index| table + 2 + 12 * index);
    let entry = entries.find(|entry| short(*entry) == Some(ORIENTATION))?;
    short(entry + 8).and_then(|value| u8::try_from(value).ok()).filter(|value| (1..=8).contains(value))
}

/// An Exif segment that says the way up and nothing else; none for the usual one.
fn turned(way_up: u8) -> Vec<u8> {
    if way_up == 1 {
        return Vec::new();
    }
    let mut segment = vec![0xff, 0xe1, 0, 34];
    segment.extend_from_slice(EXIF);
    // Big endian; one table, at 8, with one entry: orientation, one short.
    segment.extend_from_slice(b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01");
    segment.extend([0, way_up, 0, 0, 0, 0, 0, 0]);
    segment
}

fn png(file: &[u8]) -> Option<Vec<u8>> {
    let mut rest = file.strip_prefix(PNG_START)?;
    let mut kept = PNG_START.to_vec();
    loop {
        let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
        // Length, type, content, checksum.
        let (chunk, after) = rest.split_at_checked(length.checked_add(12)?)?;
        let kind: &[u8; 4] = chunk[4..].first_chunk()?;
        if PNG_NEEDED.contains(&kind) {
            kept.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            return Some(kept);
        }
        rest = after;
    }
}

fn webp(file: &[u8]) -> Option<Vec<u8>> {
    let size = usize::try_from(u32::from_le_bytes(*file.strip_prefix(b"RIFF")?.first_chunk()?)).ok()?;
    let mut rest = file.get(8..)?.get(..size)?.strip_prefix(b"WEBP")?;
    let mut kept = b"WEBP".to_vec();
    while !rest.is_empty() {
        let kind: &[u8; 4] = rest.first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*rest.get(4..)?.first_chunk()?)).ok()?;
        // Contents stand on even places.
        let (chunk, after) = rest.split_at_checked(length.checked_add(8 + length % 2)?)?;
        if WEBP_NEEDED.contains(&kind) {
            let start = kept.len();
            kept.extend_from_slice(chunk);
            if kind == b"VP8X" {
                *kept.get_mut(start + 8)? &= !WEBP_METADATA_FLAGS;
            }
        }
        rest = after;
    }
    let size = u32::try_from(kept.len()).ok()?;
    Some([b"RIFF".as_slice(), &size.to_le_bytes(), &kept].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &[u8] = &[0xff, 0xdb, 0, 4, 1, 2];
    /// With a stuffed byte, a restart marker and a second scan.
    const SCANS: &[u8] = &[0xff, 0xda, 0, 3, 9, 1, 0xff, 0, 2, 0xff, 0xd0, 3, 0xff, 0xda, 0, 2, 4, 0xff, 0xd9];

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        [&[0xff, marker], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat()
    }

    fn exif(way_up: u8) -> Vec<u8> {
        let tiff = b"II\x2a\0\x08\0\0\0\x02\0\x10\x01\x02\0\x01\0\0\0A\0\0\0\x12\x01\x03\0\x01\0\0\0";
        segment(0xe1, &[EXIF, tiff, &[way_up, 0, 0, 0, 0, 0, 0, 0], b"GPS 48.85 2.35"].concat())
    }

    fn holds(file: &[u8], what: &[u8]) -> bool {
        file.windows(what.len()).any(|window| window == what)
    }

    #[test]
    fn a_jpeg_loses_all_that_it_says_besides_the_picture_m_22() {
        let profile = segment(0xe2, b"ICC_PROFILE\0\x01\x01colours");
        let said = [
            exif(1),
            segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
            segment(0xed, b"Photoshop"),
            segment(0xfe, b"by Bob"),
        ];
        let file =
            [JPEG_START, &segment(0xe0, b"JFIF\0"), &said.concat(), &profile, TABLES, SCANS, b"a film behind the end"]
                .concat();
        assert_eq!(strip(&file).unwrap(), [JPEG_START, &profile, TABLES, SCANS].concat());
    }

    #[test]
    fn a_jpeg_keeps_its_way_up_and_a_second_time_changes_nothing_m_22() {
        let stripped = strip(&[JPEG_START, &exif(6), TABLES, SCANS].concat()).unwrap();
        assert!(!holds(&stripped, b"GPS"));
        assert_eq!(jpeg_way_up(&stripped), Some(6));
        assert_eq!(strip(&stripped).unwrap(), stripped);
    }

    #[test]
    fn what_only_a_scan_may_hold_is_damage_elsewhere_m_22() {
        for marker in [0, 1, 0xd0, 0xd7, 0xd8] {
            // Taken for a segment, it would become part of the scan when the comment before it goes.
            let file = [
                JPEG_START,
                TABLES,
                &SCANS[..17],
                &[0xff],
                &segment(0xfe, b"x"),
                &segment(marker, b""),
                &[0xff, JPEG_END],
            ];
            assert_eq!(strip(&file.concat()), None, "{marker:x}");
        }
    }

    fn jpeg_way_up(file: &[u8]) -> Option<u8> {
        let at = file.windows(EXIF.len()).position(|window| window == EXIF)?;
        orientation(&file[at + EXIF.len()..])
    }

    fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32).to_be_bytes()[..], kind, body, b"csum"].concat()
    }

    #[test]
    fn a_png_keeps_what_is_needed_to_show_it_m_22() {
        let shown = [chunk(b"IHDR", &[0; 13]), chunk(b"tRNS", b"t"), chunk(b"IDAT", b"pixels")].concat();
        let said =
            [chunk(b"tEXt", b"Author\0Bob"), chunk(b"eXIf", b"MM"), chunk(b"tIME", &[0; 7]), chunk(b"prVt", b"x")]
                .concat();
        let file = [PNG_START, &shown, &said, &chunk(b"IEND", b""), b"more"].concat();
        assert_eq!(strip(&file).unwrap(), [PNG_START, &shown, &chunk(b"IEND", b"")].concat());
    }

    #[test]
    fn a_webp_keeps_what_is_needed_to_show_it_m_22() {
        let part = |kind: &[u8; 4], body: &[u8]| {
            let pad = &[0][..body.len() % 2];
            [kind, &(body.len() as u32).to_le_bytes()[..], body, pad].concat()
        };
        let whole = |parts: &[Vec<u8>]| {
            let body = [b"WEBP".to_vec(), parts.concat()].concat();
            [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
        };
        let file =
            whole(&[part(b"VP8X", &[0x1c; 10]), part(b"VP8L", b"odd"), part(b"EXIF", b"GPS"), part(b"XMP ", b"<x/>")]);
        let mut head = part(b"VP8X", &[0x1c; 10]);
        head[8] = 0x10;
        assert_eq!(strip(&file).unwrap(), whole(&[head, part(b"VP8L", b"odd")]));
        assert!(is_known_picture(&file) && !is_known_picture(b"RIFF....WAVE"));
    }

    #[test]
    fn what_is_cut_short_or_something_else_is_not_taken_for_a_picture_m_22() {
        let file = [JPEG_START, &exif(1), TABLES, SCANS].concat();
        for length in 0..file.len() {
            assert_eq!(strip(&file[..length]), None, "{length}");
        }
        let png = [PNG_START, &chunk(b"IHDR", &[0; 13])].concat();
        for other in [&png[..], &png[..20], b"GIF89a", b"RIFF\xff\xff\xff\xffWEBP", b"RIFF\x05\0\0\0WEBPV"] {
            assert_eq!(strip(other), None);
        }
    }
}
