//! All requests, one file for each resource. Spec: `spec/http.md`.

mod account;
mod blobs;
mod directory;
mod entries;
mod inbox;
mod invites;
mod join;
mod key_packages;
mod ledger;
mod organisation;
mod people;
mod session;
mod tickets;
mod witness;

use std::sync::Arc;
use std::time::Instant;

use allod_server_core::{LedgerStore, Store};
use allod_wire::ErrorCode;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use crate::body::Refused;
use crate::log;
use crate::server::Server;

/// What the web app may do: load its own files, compile its wasm, talk to this server, show images that it made itself, and
/// register the one worker that keeps its files (the policy `worker` of `boot.js` lets that one address through).
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    connect-src 'self'; worker-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; manifest-src 'self'; \
    require-trusted-types-for 'script'; trusted-types worker; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/// All routes of a server.
pub(crate) fn router<S: Store + LedgerStore>(server: Arc<Server<S>>) -> Router {
    let at = |template: &'static str, routes: MethodRouter<Arc<Server<S>>>| {
        let refuse = || async { Refused::new(ErrorCode::NotFound, "no such request") };
        let observe = from_fn_with_state(Arc::clone(&server), move |state: State<_>, request: Request, next: Next| {
            observe::<S>(template, state, request, next)
        });
        routes.fallback(refuse).layer(observe)
    };
    let mut router = Router::new();
    for (template, routes) in [
        ("/v1/organisation", get(organisation::get::<S>)),
        ("/v1/invites/look-up", post(invites::look_up::<S>)),
        ("/v1/join", post(join::post::<S>)),
        ("/v1/session", post(session::post::<S>)),
        ("/v1/account", get(account::get::<S>)),
        ("/v1/account/contact-policy", put(account::put_contact_policy::<S>)),
        ("/v1/account/devices/{device}", delete(account::delete_device::<S>)),
        ("/v1/key-packages", post(key_packages::post::<S>).get(key_packages::get::<S>)),
        ("/v1/key-packages/claim", post(key_packages::claim::<S>)),
        ("/v1/tickets", post(tickets::post::<S>)),
        ("/v1/people", get(people::list::<S>)),
        ("/v1/people/{name}", get(people::get::<S>)),
        ("/v1/invites", post(invites::post::<S>)),
        ("/v1/inbox", get(inbox::get::<S>)),
        ("/v1/inbox/cursor", put(inbox::put_cursor::<S>)),
        ("/v1/inboxes/{device}", post(inbox::post_item::<S>)),
        ("/v1/logs/{log}", put(entries::put_log::<S>)),
        ("/v1/logs/{log}/entries", post(entries::post::<S>).get(entries::get::<S>)),
        ("/v1/logs/{log}/cursor", put(entries::put_cursor::<S>)),
        ("/v1/logs/{log}/blobs/{blob}", put(blobs::put::<S>).get(blobs::get::<S>)),
        ("/v1/logs/{log}/blobs/{blob}/state", get(blobs::state::<S>)),
        ("/v1/account/history", get(directory::history::<S>)),
        ("/v1/directory/look-up", post(directory::look_up::<S>)),
        ("/v1/ledger/news", get(ledger::news::<S>)),
        ("/v1/ledger/acts", post(ledger::post_act::<S>)),
        ("/ledger/directory/{epoch}", get(directory::epoch::<S>)),
        ("/ledger/{*resource}", get(ledger::get::<S>)),
        ("/witness/add-checkpoint", post(witness::add_checkpoint::<S>)),
        ("/v1/socket", get(crate::socket::upgrade::<S>)),
    ] {
        router = router.route(template, at(template, routes));
    }
    let has_tls = server.config.has_tls();
    let headers = from_fn(move |request: Request, next: Next| async move {
        let mut response = next.run(request).await;
        protect(response.headers_mut(), has_tls);
        response
    });
    router.fallback(fallback::<S>).with_state(server).layer(headers)
}

/// Counts a request, and logs its template: never its path, which names things.
async fn observe<S: Store>(
    template: &'static str,
    State(server): State<Arc<Server<S>>>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let response = next.run(request).await;
    let (status, counters) = (response.status(), &server.counters);
    counters.requests.up();
    match status {
        StatusCode::TOO_MANY_REQUESTS => counters.requests_limited.up(),
        _ if status.is_client_error() => counters.requests_refused.up(),
        _ if status.is_server_error() => counters.requests_failed.up(),
        _ => {}
    }
    log::request(template, status.as_u16(), begun.elapsed());
    response
}

/// What is no request of the protocol is a file of the web app, or nothing (rule H-2).
async fn fallback<S: Store>(
    State(server): State<Arc<Server<S>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let found = match method {
        Method::GET | Method::HEAD => server.web.get(uri.path(), &headers, method == Method::GET).await,
        _ => None,
    };
    found.unwrap_or_else(|| Refused::new(ErrorCode::NotFound, "no such request").into_response())
}

fn protect(headers: &mut HeaderMap, has_tls: bool) {
    let mut set = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(self), geolocation=(), payment=()");
    if has_tls {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
