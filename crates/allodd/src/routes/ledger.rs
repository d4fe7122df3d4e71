//! `/ledger/…`: the ledger as static resources for anybody (rule G-1); `/v1/ledger/acts`: administrators' acts (rule G-6).

use std::sync::Arc;

use allod_ledger::resource::{self, Resource};
use allod_server_core::{LedgerStore, Store};
use allod_wire::ErrorCode;
use allod_wire::ledger::{Act, Appended, LedgerNews};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Deserialize;

use crate::body::{Cbor, Refused};
use crate::credentials::{Anybody, Session, bad_path};
use crate::server::Server;

/// A tile never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// The head changes with each statement.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// `GET /ledger/{resource}`
pub(super) async fn get<S: Store + LedgerStore>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
    Path(path): Path<String>,
) -> Result<Response, Refused> {
    let nothing = || Refused::new(ErrorCode::NotFound, "the ledger has no such resource");
    let published = server.ledger.published().ok_or_else(nothing)?;
    let resource = Resource::parse(&path).filter(|resource| resource.is_of(published.size())).ok_or_else(nothing)?;
    let (kind, lasts, bytes) = match resource {
        Resource::Checkpoint => (TEXT, ASK_AGAIN, published.as_bytes().to_vec()),
        Resource::Tile { level, index, width } => {
            let tile = server.store.read_tree(move |stored| resource::tile(level, index, width, stored)).await?;
            (BYTES, FOR_EVER, tile)
        }
        Resource::Entries { index, width } => {
            let entries = server.store.statements(index * u64::from(resource::TILE_WIDTH), width).await?;
            (BYTES, FOR_EVER, resource::encode_bundle(entries.iter().map(Vec::as_slice)))
        }
    };
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, lasts)], bytes).into_response())
}

/// Which news somebody asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    /// The size of the head that they have.
    from: u64,
    /// The position of the last act that they have.
    act: Option<u64>,
}

/// `GET /v1/ledger/news?from=SIZE&act=POSITION`
pub(super) async fn news<S: Store + LedgerStore>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
    since: Result<Query<Since>, QueryRejection>,
) -> Result<Cbor<LedgerNews>, Refused> {
    let Query(since) = since.map_err(|_| bad_path())?;
    let news = server.ledger.news(since.from, since.act).await?;
    news.map(Cbor).ok_or_else(|| Refused::new(ErrorCode::NotFound, "this organisation has no ledger yet"))
}

/// `POST /v1/ledger/acts`
pub(super) async fn post_act<S: Store + LedgerStore>(
    State(server): State<Arc<Server<S>>>,
    _: Session,
    Cbor(act): Cbor<Act>,
) -> Result<Cbor<Appended>, Refused> {
    Ok(Cbor(Appended { position: server.ledger.act(act, server.now()).await? }))
}
