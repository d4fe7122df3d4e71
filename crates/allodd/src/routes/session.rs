//! `POST /v1/session`: a fresh session for a device (rule A-4).

use std::sync::Arc;

use allod_server_core::Store;
use allod_wire::account::{RenewSession, Session};
use allod_wire::secrets::SessionToken;
use axum::extract::State;

use crate::body::{Cbor, Refused};
use crate::credentials::Anybody;
use crate::server::{Server, fresh};

pub(super) async fn post<S: Store>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
    Cbor(request): Cbor<RenewSession>,
) -> Result<Cbor<Session>, Refused> {
    let token = SessionToken(fresh()?);
    server.store.renew_session(request, token.clone(), server.now()).await?;
    Ok(Cbor(Session { token }))
}
