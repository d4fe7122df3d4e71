//! `/v1/key-packages`: leaving key packages for others, and claiming those of others (rules A-6, I-1, I-2).

use std::sync::Arc;

use allod_server_core::claim_key_packages::ClaimSeed;
use allod_server_core::{LedgerStore, Store};
use allod_wire::inbox::{ClaimKeyPackages, ClaimedKeyPackages, KeyPackageCount, UploadKeyPackages};
use axum::extract::State;

use crate::body::{Cbor, Refused};
use crate::credentials::{Anybody, Session};
use crate::server::{Server, fresh};

pub(super) async fn post<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Session(caller): Session,
    Cbor(request): Cbor<UploadKeyPackages>,
) -> Result<Cbor<KeyPackageCount>, Refused> {
    Ok(Cbor(server.store.upload_key_packages(&caller, request).await?))
}

pub(super) async fn get<S: Store>(
    State(server): State<Arc<Server<S>>>,
    Session(caller): Session,
) -> Result<Cbor<KeyPackageCount>, Refused> {
    Ok(Cbor(server.store.key_package_count(&caller).await?))
}

pub(super) async fn claim<S: Store + LedgerStore>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
    Cbor(request): Cbor<ClaimKeyPackages>,
) -> Result<Cbor<ClaimedKeyPackages>, Refused> {
    let seed = ClaimSeed(fresh()?);
    let user = request.user.clone();
    let claimed = server.store.claim_key_packages(request, seed, server.now()).await?;
    // What a former release's account has no entry for yet is not the claimer's fault.
    let entry = server.directory.look_up(&user).await.ok();
    Ok(Cbor(ClaimedKeyPackages { entry, ..claimed }))
}
