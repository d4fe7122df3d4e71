//! Looking somebody up with a ticket (rule Y-11), one's own history with a session (Y-12), epochs for anybody (Y-10).

use std::sync::Arc;

use allod_server_core::{LedgerStore, Store};
use allod_wire::directory::{LookUpEntry, ProvenEntry};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::body::{Cbor, Refused};
use crate::credentials::{Anybody, Id, Session};
use crate::server::Server;

/// `POST /v1/directory/look-up`
pub(super) async fn look_up<S: Store + LedgerStore>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
    Cbor(request): Cbor<LookUpEntry>,
) -> Result<Cbor<ProvenEntry>, Refused> {
    server.store.spend_ticket(request.ticket, server.now()).await?;
    Ok(Cbor(server.directory.look_up(&request.user).await?))
}

/// `GET /v1/account/history`
pub(super) async fn history<S: Store + LedgerStore>(
    State(server): State<Arc<Server<S>>>,
    Session(caller): Session,
) -> Result<Cbor<ProvenEntry>, Refused> {
    Ok(Cbor(server.directory.history(&caller.name).await?))
}

/// `GET /ledger/directory/{epoch}`
pub(super) async fn epoch<S: Store + LedgerStore>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
    Id(epoch): Id<u64>,
) -> Result<Response, Refused> {
    let lasts = HeaderValue::from_static("public, max-age=31536000, immutable");
    Ok(([(header::CACHE_CONTROL, lasts)], Cbor(server.directory.epoch(epoch).await?)).into_response())
}
