//! Reading a QR code in a picture, where the browser can (`BarcodeDetector`): none of the picture is kept.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::js::{call, object};

fn detector() -> Option<Function> {
    let window = web_sys::window()?;
    Reflect::get(&window, &JsValue::from_str("BarcodeDetector")).ok()?.dyn_into().ok()
}

/// Whether this browser reads codes.
pub fn can_scan() -> bool {
    detector().is_some()
}

/// Reads the code in `picture`, and hands on what it holds, or none.
pub fn scan(picture: File, found: impl FnOnce(Option<String>) + 'static) {
    wasm_bindgen_futures::spawn_local(async move { found(read(&picture).await.unwrap_or(None)) });
}

async fn read(picture: &File) -> Result<Option<String>, JsValue> {
    let (Some(class), Some(window)) = (detector(), web_sys::window()) else { return Ok(None) };
    let formats = Array::of1(&JsValue::from_str("qr_code"));
    let options = object(&[("formats", formats.into())])?;
    let detector = Reflect::construct(&class, &Array::of1(&options))?;
    let image = waited(call(&window, "createImageBitmap", &[picture.into()])?).await?;
    let codes: Array = waited(call(&detector, "detect", &[image])?).await?.dyn_into()?;
    Ok(Reflect::get(&codes.get(0), &JsValue::from_str("rawValue")).ok().and_then(|value| value.as_string()))
}

async fn waited(promise: JsValue) -> Result<JsValue, JsValue> {
    JsFuture::from(promise.dyn_into::<Promise>()?).await
}
