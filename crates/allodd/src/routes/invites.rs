//! `/v1/invites`: making invitations, and seeing what one offers (rule A-1).

use std::sync::Arc;

use allod_server_core::Store;
use allod_server_core::invite::Inviter;
use allod_wire::account::{InviteCreated, InviteOffer, LookUpInvite, NewInvite};
use allod_wire::secrets::InviteSecret;
use axum::extract::State;

use crate::body::{Cbor, Refused};
use crate::credentials::{Anybody, Session};
use crate::server::{Server, fresh};

pub(super) async fn look_up<S: Store>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
    Cbor(request): Cbor<LookUpInvite>,
) -> Result<Cbor<InviteOffer>, Refused> {
    let offer = server.store.look_up_invite(request.secret, server.now()).await?;
    let organisation = server.organisation.clone();
    Ok(Cbor(InviteOffer { organisation, name: offer.name, role: offer.role, adds_device: offer.adds_device }))
}

pub(super) async fn post<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Session(caller): Session,
    Cbor(request): Cbor<NewInvite>,
) -> Result<Cbor<InviteCreated>, Refused> {
    let secret = InviteSecret(fresh()?);
    let expires = server.store.create_invite(Inviter::Device(caller), request, secret.clone(), server.now()).await?;
    Ok(Cbor(InviteCreated { secret, expires }))
}
