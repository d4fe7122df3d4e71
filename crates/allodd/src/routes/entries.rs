//! `/v1/logs/{log}` and what is in it (rules L-1 to L-11).

use std::sync::Arc;

use allod_server_core::Store;
use allod_wire::limits::PAGE_ENTRIES_MAX;
use allod_wire::log::{CreateLog, Cursor, EntriesPage, NewEntry, Receipt};
use allod_wire::{LogId, Position};
use axum::extract::{Query, State};
use http::StatusCode;
use serde::Deserialize;

use crate::body::{Cbor, Refused};
use crate::credentials::{Anybody, Id, Member, bad_path};
use crate::server::Server;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    after: u64,
    #[serde(default = "everything")]
    limit: u32,
}

fn everything() -> u32 {
    PAGE_ENTRIES_MAX
}

pub(super) async fn put_log<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Id(log): Id<LogId>,
    _: Anybody,
    Cbor(request): Cbor<CreateLog>,
) -> Result<StatusCode, Refused> {
    server.store.create_log(log, request, server.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn post<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Id(log): Id<LogId>,
    Member(author): Member,
    Cbor(entry): Cbor<NewEntry>,
) -> Result<Cbor<Receipt>, Refused> {
    let now = server.now();
    server.limits.entry(log, entry.payload.len(), now)?;
    let receipt = server.store.append(log, author, entry, now).await?;
    server.counters.entries_accepted.up();
    Ok(Cbor(receipt))
}

pub(super) async fn get<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Id(log): Id<LogId>,
    Member(reader): Member,
    query: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Result<Cbor<EntriesPage>, Refused> {
    let Query(Wanted { after, limit }) = query.map_err(|_| bad_path())?;
    server.limits.member(reader, server.now())?;
    Ok(Cbor(server.store.read_entries(log, reader, Position(after), limit).await?))
}

pub(super) async fn put_cursor<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Id(log): Id<LogId>,
    Member(member): Member,
    Cbor(cursor): Cbor<Cursor>,
) -> Result<StatusCode, Refused> {
    server.limits.member(member, server.now())?;
    server.store.move_cursor(log, member, cursor.position).await?;
    Ok(StatusCode::NO_CONTENT)
}
