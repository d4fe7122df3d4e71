//! `GET /v1/organisation`: what anybody may know.

use std::sync::Arc;

use allod_server_core::Store;
use allod_wire::account::Organisation;
use axum::extract::State;

use crate::body::{Cbor, Refused};
use crate::credentials::Anybody;
use crate::server::Server;

pub(super) async fn get<S: Store>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
) -> Result<Cbor<Organisation>, Refused> {
    Ok(Cbor(server.organisation.clone()))
}
