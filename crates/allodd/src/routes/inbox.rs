//! `/v1/inbox` and `/v1/inboxes`: one's own inbox, and one item for somebody else's (rules I-2 to I-4).

use std::sync::Arc;

use allod_server_core::Store;
use allod_wire::inbox::{InboxPage, NewInboxItem};
use allod_wire::log::Cursor;
use allod_wire::{DeviceId, Position};
use axum::extract::{Query, State};
use http::StatusCode;
use serde::Deserialize;

use crate::body::{Cbor, Refused};
use crate::credentials::{Id, Invited, Session, bad_path};
use crate::server::Server;

#[derive(Debug, Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

pub(super) async fn get<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Session(caller): Session,
    query: Result<Query<After>, axum::extract::rejection::QueryRejection>,
) -> Result<Cbor<InboxPage>, Refused> {
    let Query(After { after }) = query.map_err(|_| bad_path())?;
    Ok(Cbor(server.store.read_inbox(&caller, Position(after)).await?))
}

pub(super) async fn put_cursor<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Session(caller): Session,
    Cbor(cursor): Cbor<Cursor>,
) -> Result<StatusCode, Refused> {
    server.store.move_inbox_cursor(&caller, cursor.position).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn post_item<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Id(device): Id<DeviceId>,
    Invited(ticket): Invited,
    Cbor(item): Cbor<NewInboxItem>,
) -> Result<StatusCode, Refused> {
    server.store.put_inbox_item(device, ticket, item, server.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
