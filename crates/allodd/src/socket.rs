//! The socket: subscriptions to many logs, and appends without a request each. Spec: `spec/http.md`, rules H-3 to H-8.
//!
//! - [`fanout`] carries new entries from the store to connections: each is encoded once, and all share the bytes;
//! - [`connection`] is one peer, one task: what to send next, and when to stop;
//! - [`transport`] moves frames over the wire, and holds no buffer while nothing moves.

mod connection;
mod fanout;
mod frames;
mod reads;
mod transport;

use std::sync::Arc;

use allod_server_core::Store;
use allod_wire::ErrorCode;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tungstenite::handshake::derive_accept_key;

use crate::body::Refused;
use crate::credentials::address;
use crate::listen::{Held, Transport};
use crate::server::Server;

pub(crate) use fanout::Fanout;

/// `GET /v1/socket`
pub(crate) async fn upgrade<S: Store>(State(server): State<Arc<Server<S>>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let Some(accept) = handshake(&parts.headers) else {
        return Refused::new(ErrorCode::Malformed, "not a WebSocket handshake of version 13").into_response();
    };
    let from = address(&parts);
    if let Err(body) = server.limits.address(from, server.now()) {
        return Refused(body).into_response();
    }
    let (Some(upgrade), Some(held)) = (parts.extensions.remove::<OnUpgrade>(), parts.extensions.remove::<Held>())
    else {
        // HTTP/2: browsers and libraries open a connection of HTTP/1.1 for a socket by themselves.
        return Refused::new(ErrorCode::Malformed, "a socket needs HTTP/1.1").into_response();
    };
    tokio::spawn(async move {
        if let Some((io, early)) = upgrade.await.ok().and_then(taken_over) {
            connection::run(server, io, early.to_vec(), from).await;
        }
        drop(held);
    });
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

fn taken_over(upgraded: Upgraded) -> Option<(Transport, bytes::Bytes)> {
    let parts = downcast::<TokioIo<Transport>>(upgraded).ok()?;
    Some((parts.io.into_inner(), parts.read_buf))
}

/// RFC 6455 section 4.2.1: what to answer to the key, if this is a handshake.
fn handshake(headers: &HeaderMap) -> Option<HeaderValue> {
    let says = |name: HeaderName, word: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok())?;
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)).then_some(())
    };
    says(header::CONNECTION, "upgrade")?;
    says(header::UPGRADE, "websocket")?;
    says(header::SEC_WEBSOCKET_VERSION, "13")?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}
