//! One tab at a time: the conversations of this browser are held under a Web Lock while a tab shows them.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::js::{call, object};

const NAME: &str = "allod";

/// Takes the lock if it is free, and keeps it for as long as the page lives. A browser without locks has one tab.
pub(crate) async fn take() -> bool {
    let Some(locks) = manager() else { return true };
    let Ok(options) = object(&[("ifAvailable", true.into())]) else { return true };
    let mut resolve_answer: Option<Function> = None;
    let answer = Promise::new(&mut |resolve, _| resolve_answer = Some(resolve));
    let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let granted = !lock.is_null() && !lock.is_undefined();
        if let Some(resolve) = resolve_answer {
            drop(resolve.call1(&JsValue::NULL, &JsValue::from_bool(granted)));
        }
        if granted { forever().into() } else { JsValue::UNDEFINED }
    });
    if call(&locks, "request", &[NAME.into(), options.into(), callback]).is_err() {
        return true;
    }
    JsFuture::from(answer).await.is_ok_and(|granted| granted.is_truthy())
}

/// Waits until the tab that has the lock is gone.
pub(crate) async fn wait() {
    let Some(locks) = manager() else { return };
    let callback = Closure::once_into_js(|_: JsValue| JsValue::UNDEFINED);
    if let Ok(granted) = call(&locks, "request", &[NAME.into(), callback]) {
        drop(JsFuture::from(granted.unchecked_into::<Promise>()).await);
    }
}

fn manager() -> Option<JsValue> {
    let navigator = web_sys::window()?.navigator();
    Reflect::get(&navigator, &"locks".into()).ok().filter(|locks| locks.is_object())
}

fn forever() -> Promise {
    Promise::new(&mut |_, _| {})
}
