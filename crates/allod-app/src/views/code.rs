//! A QR code, drawn here: the modules as one path, with the margin that scanners want.

use std::fmt::Write as _;

use leptos::html;
use leptos::prelude::*;
use leptos::svg;
use qrcode::types::Color;
use qrcode::{EcLevel, QrCode};

use crate::state::Ui;
use crate::strings::Text;
use crate::test_ids;

/// Light modules around the code.
const MARGIN: usize = 4;

/// `content` as a code with `label` for those who do not see it; nothing if it is too long for one.
pub(super) fn view(ui: Ui, content: &str, label: Text) -> AnyView {
    let Some((side, path)) = outline(content) else { return ().into_any() };
    let drawing = svg::svg()
        .attr("viewBox", format!("0 0 {side} {side}"))
        .attr("role", "img")
        .attr("aria-label", ui.words.text(label))
        .attr("shape-rendering", "crispEdges")
        .child(svg::path().attr("d", path));
    html::div()
        .attr("class", "code")
        .attr("data-test", test_ids::CODE)
        .attr("data-name", content.to_owned())
        .child(drawing)
        .into_any()
}

/// The length of a side, margins included, and the dark modules: each run of a row is one rectangle.
fn outline(content: &str) -> Option<(usize, String)> {
    let code = QrCode::with_error_correction_level(content, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                let length = run.len();
                write!(path, "M{} {}h{length}v1h-{length}z", x + MARGIN, y + MARGIN).expect("a String takes all");
            }
            x += run.len();
        }
    }
    Some((width + 2 * MARGIN, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_starts_with_the_upper_left_corner_and_has_a_margin() {
        let (side, path) = outline(&"1".repeat(61)).unwrap();
        assert_eq!(side, 25 + 8);
        assert!(path.starts_with("M4 4h7v1h-7z"), "{path}");
        assert_eq!(outline(&"x".repeat(5_000)), None);
    }
}
