//! `/v1/account`: the caller's own account, its contact policy (rule A-6) and its devices.

use std::sync::Arc;

use allod_server_core::Store;
use allod_wire::DeviceId;
use allod_wire::account::{Account, ContactPolicy};
use axum::extract::State;
use http::StatusCode;

use crate::body::{Cbor, Refused};
use crate::credentials::{Id, Session};
use crate::server::Server;

pub(super) async fn get<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Session(caller): Session,
) -> Result<Cbor<Account>, Refused> {
    Ok(Cbor(server.store.account(&caller).await?))
}

pub(super) async fn put_contact_policy<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Session(caller): Session,
    Cbor(policy): Cbor<ContactPolicy>,
) -> Result<StatusCode, Refused> {
    server.store.set_contact_policy(&caller, policy).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn delete_device<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Session(caller): Session,
    Id(device): Id<DeviceId>,
) -> Result<StatusCode, Refused> {
    server.store.remove_device(&caller, device).await?;
    Ok(StatusCode::NO_CONTENT)
}
