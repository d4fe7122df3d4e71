//! `POST /v1/tickets`: rights bought under a session and spent without one (rule A-5).

use std::sync::Arc;

use allod_server_core::Store;
use allod_wire::account::{BuyTickets, Tickets};
use allod_wire::limits::TICKETS_MAX;
use allod_wire::secrets::Ticket;
use axum::extract::State;

use crate::body::{Cbor, Refused};
use crate::credentials::Session;
use crate::server::{Server, fresh};

pub(super) async fn post<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Session(caller): Session,
    Cbor(request): Cbor<BuyTickets>,
) -> Result<Cbor<Tickets>, Refused> {
    // One more than may be asked for is enough for the refusal.
    let count = request.count.min(TICKETS_MAX + 1);
    let tickets = (0..count).map(|_| fresh().map(Ticket)).collect::<Result<Vec<_>, _>>()?;
    server.store.buy_tickets(&caller, tickets.clone(), server.now()).await?;
    Ok(Cbor(Tickets { tickets }))
}
