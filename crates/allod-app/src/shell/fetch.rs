//! Requests, by the browser's `fetch`: to our own server only, without cookies, cache, redirects or referrer.

use allod_client_core::HttpRequest;
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Headers, ReferrerPolicy, Request, RequestCache, RequestCredentials, RequestInit, RequestRedirect, Response,
};

/// An answer of the server, whatever it says.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Makes the request at `server`; `None` if there was no answer at all.
pub(crate) async fn fetch(server: &str, request: &HttpRequest) -> Option<Answer> {
    try_fetch(server, request).await.ok()
}

async fn try_fetch(server: &str, request: &HttpRequest) -> Result<Answer, JsValue> {
    let headers = Headers::new()?;
    if let Some(bearer) = &request.bearer {
        headers.set("authorization", &format!("Bearer {bearer}"))?;
    }
    if let Some((first, last)) = request.range {
        headers.set("range", &format!("bytes={first}-{last}"))?;
    }
    let init = RequestInit::new();
    init.set_method(request.method.as_str());
    init.set_credentials(RequestCredentials::Omit);
    init.set_cache(RequestCache::NoStore);
    init.set_redirect(RequestRedirect::Error);
    init.set_referrer_policy(ReferrerPolicy::NoReferrer);
    if !request.body.is_empty() {
        headers.set("content-type", request.content_type())?;
        init.set_body(&Uint8Array::from(request.body.as_slice()));
    }
    init.set_headers(&headers);
    let request = Request::new_with_str_and_init(&format!("{server}{}", request.path), &init)?;
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response: Response = JsFuture::from(window.fetch_with_request(&request)).await?.dyn_into()?;
    let body = JsFuture::from(response.array_buffer()?).await?;
    Ok(Answer { status: response.status(), body: Uint8Array::new(&body).to_vec() })
}
