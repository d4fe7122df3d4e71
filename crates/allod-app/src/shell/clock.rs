//! Time, and being called later.

use allod_wire::UnixMillis;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// The longest wait that browsers count right.
const WAIT_MILLIS_MAX: u64 = 0x7fff_ffff;

/// This device's clock.
pub(crate) fn now() -> UnixMillis {
    UnixMillis(js_sys::Date::now() as u64)
}

/// Calls `then` once, after so many milliseconds.
pub(crate) fn after(millis: u32, then: impl FnOnce() + 'static) {
    let Some(window) = web_sys::window() else { return };
    let then = Closure::once_into_js(then);
    let millis = i32::try_from(millis).unwrap_or(i32::MAX);
    // Refused only when the page is going away.
    drop(window.set_timeout_with_callback_and_timeout_and_arguments_0(then.unchecked_ref(), millis));
}

/// Calls `then` once, at `time` or as soon as it has passed.
pub(crate) fn at(time: UnixMillis, then: impl FnOnce() + 'static) {
    let wait = time.0.saturating_sub(now().0).min(WAIT_MILLIS_MAX);
    after(wait as u32, then);
}

/// Today in the calendar of this device, as `2027-03-09`.
pub(crate) fn date() -> String {
    let today = js_sys::Date::new_0();
    format!("{:04}-{:02}-{:02}", today.get_full_year(), today.get_month() + 1, today.get_date())
}

/// Waits.
pub(crate) async fn sleep(millis: u32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        after(millis, move || drop(resolve.call0(&wasm_bindgen::JsValue::NULL)));
    });
    // A timer does not fail.
    drop(wasm_bindgen_futures::JsFuture::from(promise).await);
}
