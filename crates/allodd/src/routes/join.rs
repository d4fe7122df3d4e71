//! `POST /v1/join`: spends an invitation (rules ).

use std::sync::Arc;

use allod_server_core::{LedgerStore, Store};
use allod_wire::account::{AccountRole, Join, Joined};
use allod_wire::secrets::SessionToken;
use axum::extract::State;

use crate::body::{Cbor, Refused};
use crate::credentials::Anybody;
use crate::log;
use crate::server::{Server, fresh};

pub(super) async fn post<S: Store + LedgerStore>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
    Cbor(request): Cbor<Join>,
) -> Result<Cbor<Joined>, Refused> {
    let session = SessionToken(fresh()?);
    let role = server.store.join(request, session.clone(), server.now()).await?;
    // The first administrator founds the ledger (rule G-3); what fails here is done at the next join or start.
    if role == AccountRole::Administrator
        && let Err(error) = server.ledger.found(server.now()).await
    {
        log::error("the ledger could not be founded", error.code);
    }
    Ok(Cbor(Joined { session, role, organisation: server.organisation.clone() }))
}
