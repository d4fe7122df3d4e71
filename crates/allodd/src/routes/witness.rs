//! `POST /witness/add-checkpoint`: this server as a witness of other logs (C2SP tlog-witness). Spec: `spec/ledger.md`, rule G-11.

use std::sync::Arc;

use allod_ledger::witness::{ADD_CHECKPOINT_BYTES_MAX, AddCheckpointIn, Refusal};
use allod_server_core::ledger_store::MovedError;
use allod_server_core::{Failure, LedgerStore, Store};
use allod_wire::ErrorCode;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::body::{Refused, read};
use crate::credentials::Anybody;
use crate::server::Server;

/// What a 409 says is a size (C2SP tlog-witness).
const SIZE: HeaderValue = HeaderValue::from_static("text/x.tlog.size");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// Requests about one log that come at the same time are decided anew this often.
const TRIES: usize = 3;

pub(super) async fn add_checkpoint<S: Store + LedgerStore>(
    State(server): State<Arc<Server<S>>>,
    _: Anybody,
    body: Body,
) -> Result<Response, Refused> {
    let body = read(body, ADD_CHECKPOINT_BYTES_MAX).await?;
    let request = match AddCheckpointIn::decode(&body) {
        Ok(request) => request,
        Err(refusal) => return Ok(answer_of(refusal)),
    };
    let origin = request.origin().to_owned();
    let log = server.config.witness.logs.iter().find(|log| log.name() == origin);
    for _ in 0..TRIES {
        let kept = server.store.cosigned(origin.clone()).await?;
        let seconds = server.now().0 / 1000;
        let (next, line) = match request.clone().decide(log, kept, &server.witness, seconds) {
            Ok(decided) => decided,
            Err(refusal) => return Ok(answer_of(refusal)),
        };
        match server.store.keep_cosigned(origin.clone(), kept, next).await {
            Ok(()) => {
                server.counters.heads_cosigned.up();
                return Ok(([(header::CONTENT_TYPE, TEXT)], line).into_response());
            }
            Err(Failure::Refused(MovedError::Moved)) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Err(Refused::new(ErrorCode::Unavailable, "too many requests about one log at the same time"))
}

fn answer_of(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).expect("the statuses of tlog-witness are such");
    match refusal.size() {
        Some(size) => (status, [(header::CONTENT_TYPE, SIZE)], format!("{size}\n")).into_response(),
        None => (status, [(header::CONTENT_TYPE, TEXT)], format!("{refusal}\n")).into_response(),
    }
}
