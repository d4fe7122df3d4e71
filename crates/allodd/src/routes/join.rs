//! `POST /v1/join`: spends an invitation (rules ).

use std::sync::Arc;

use allod_server_core::Store;
use allod_wire::account::{Join, Joined};
use allod_wire::secrets::SessionToken;
use axum::extract::State;

use crate::body::{Cbor, Refused};
use crate::credentials::Anybody;
use crate::server::{Server, fresh};

pub(super) async fn post<S: Store>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
    Cbor(request): Cbor<Join>,
) -> Result<Cbor<Joined>, Refused> {
    let session = SessionToken(fresh()?);
    let role = server.store.join(request, session.clone(), server.now()).await?;
    Ok(Cbor(Joined { session, role, organisation: server.organisation.clone() }))
}
