//! Pictures before they are sent: drawn and encoded anew, so that nothing of their file but the picture leaves the device
//! (rule M-22), with a small one that is shown until the large one is fetched (rule M-20).

use allod_client_core::glimpse::{Glimpse, PICTURE_BYTES_MAX};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, ImageBitmap, ImageEncodeOptions, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

/// Longest side of a picture that is sent, in pixels.
const SENT_PIXELS_MAX: u32 = 2_560;
const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";
const JPEG_QUALITY: f64 = 0.85;
/// A drawing or a screenshot up to this size stays a PNG; a larger one is taken for a photograph.
const PNG_BYTES_MAX: f64 = (1 << 20) as f64;
/// Longest side in pixels and quality of the small picture: the first that fits is taken.
const SMALL: [(u32, f64); 5] = [(320, 0.7), (320, 0.5), (240, 0.5), (160, 0.4), (64, 0.3)];

/// A picture that was drawn anew.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The file to send.
    pub blob: Blob,
    /// Its media type.
    pub media_type: &'static str,
    /// What is shown until it is fetched.
    pub glimpse: Option<Glimpse>,
}

/// Whether a file is a picture that is drawn anew: not one that moves, nor one that is a program of lines.
pub(crate) fn is_drawn(media_type: &str) -> bool {
    media_type.starts_with("image/") && !matches!(media_type, "image/gif" | "image/svg+xml")
}

/// Draws the picture in a file; `None` if the browser cannot read it.
pub(crate) async fn draw(file: &File) -> Option<Drawn> {
    try_draw(file).await.ok()
}

async fn try_draw(file: &File) -> Result<Drawn, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    // The browser turns it the way up that its file says.
    let bitmap: ImageBitmap = JsFuture::from(window.create_image_bitmap_with_blob(file)?).await?.dyn_into()?;
    let canvas = drawn(&bitmap, SENT_PIXELS_MAX, false)?;
    let is_clear = file.type_() != JPEG && is_clear(&bitmap)?;
    let png = if file.type_() == PNG || is_clear { Some(encoded(&canvas, PNG, 1.0).await?) } else { None };
    let (blob, media_type) = match png.filter(|png| is_clear || png.size() <= PNG_BYTES_MAX) {
        Some(png) => (png, PNG),
        None => (encoded(&canvas, JPEG, JPEG_QUALITY).await?, JPEG),
    };
    let glimpse = small(&bitmap, canvas.width(), canvas.height()).await?;
    bitmap.close();
    Ok(Drawn { blob, media_type, glimpse })
}

async fn small(bitmap: &ImageBitmap, width: u32, height: u32) -> Result<Option<Glimpse>, JsValue> {
    for (pixels, quality) in SMALL {
        let blob = encoded(&drawn(bitmap, pixels, true)?, JPEG, quality).await?;
        if blob.size() <= PICTURE_BYTES_MAX as f64 {
            let bytes = Uint8Array::new(&JsFuture::from(blob.array_buffer()).await?).to_vec();
            return Ok(Some(Glimpse::Picture { media_type: JPEG.to_owned(), width, height, bytes }));
        }
    }
    Ok(None)
}

/// The picture with no side longer than `pixels_max`; on white, where one wants no holes in it.
fn drawn(bitmap: &ImageBitmap, pixels_max: u32, on_white: bool) -> Result<OffscreenCanvas, JsValue> {
    let (width, height) = fitted(bitmap.width(), bitmap.height(), pixels_max);
    let canvas = OffscreenCanvas::new(width, height)?;
    let pen = pen(&canvas)?;
    let (width, height) = (f64::from(width), f64::from(height));
    if on_white {
        pen.set_fill_style_str("#fff");
        pen.fill_rect(0.0, 0.0, width, height);
    }
    pen.draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, width, height)?;
    Ok(canvas)
}

/// Whether one can see through it somewhere, judged by its small picture.
fn is_clear(bitmap: &ImageBitmap) -> Result<bool, JsValue> {
    let canvas = drawn(bitmap, SMALL[0].0, false)?;
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    let pixels = pen(&canvas)?.get_image_data(0.0, 0.0, width, height)?.data();
    Ok(pixels.chunks_exact(4).any(|pixel| pixel[3] < u8::MAX))
}

fn pen(canvas: &OffscreenCanvas) -> Result<OffscreenCanvasRenderingContext2d, JsValue> {
    Ok(canvas.get_context("2d")?.ok_or(JsValue::NULL)?.dyn_into()?)
}

async fn encoded(canvas: &OffscreenCanvas, media_type: &str, quality: f64) -> Result<Blob, JsValue> {
    let options = ImageEncodeOptions::new();
    options.set_type(media_type);
    options.set_quality(quality);
    JsFuture::from(canvas.convert_to_blob_with_options(&options)?).await?.dyn_into()
}

/// The same shape with no side longer than `max`, and none of nothing.
fn fitted(width: u32, height: u32, max: u32) -> (u32, u32) {
    let longest = width.max(height).max(1);
    if longest <= max {
        return (width.max(1), height.max(1));
    }
    let scaled = |side: u32| (u64::from(side) * u64::from(max)).div_ceil(u64::from(longest)) as u32;
    (scaled(width).max(1), scaled(height).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_shape_within_the_bounds() {
        assert_eq!(fitted(4_000, 3_000, 2_560), (2_560, 1_920));
        assert_eq!(fitted(300, 200, 320), (300, 200), "none is made larger");
        assert_eq!(fitted(10_000, 1, 320), (320, 1));
        assert_eq!(fitted(0, 0, 320), (1, 1));
    }

    #[test]
    fn what_moves_or_is_no_picture_is_not_drawn_anew_m_22() {
        assert!(is_drawn("image/jpeg") && is_drawn("image/heic"));
        assert!(!is_drawn("image/gif") && !is_drawn("image/svg+xml") && !is_drawn("video/mp4"));
    }
}
