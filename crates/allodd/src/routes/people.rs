//! `/v1/people`: who is in the organisation, for its own people.

use std::sync::Arc;

use allod_server_core::Store;
use allod_wire::UserName;
use allod_wire::account::{People, PersonDevices};
use axum::extract::State;

use crate::body::{Cbor, Refused};
use crate::credentials::{Id, Session};
use crate::server::Server;

pub(super) async fn list<S: Store>(State(server): State<Arc<Server<S>>>, _: Session) -> Result<Cbor<People>, Refused> {
    Ok(Cbor(server.store.people().await?))
}

pub(super) async fn get<S: Store>(
    State(server): State<Arc<Server<S>>>,
    _: Session,
    Id(name): Id<UserName>,
) -> Result<Cbor<PersonDevices>, Refused> {
    Ok(Cbor(server.store.person(name).await?))
}
