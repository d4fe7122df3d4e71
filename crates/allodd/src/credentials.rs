//! What a request shows: a session, or a token or ticket, in `Authorization: Bearer`. Spec: `spec/http.md`, rule H-1.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use allod_crypto::token::key_of_token;
use allod_server_core::{Caller, Store};
use allod_wire::secrets::{InboxTicket, SessionToken, Token, TokenKey};
use allod_wire::{ErrorBody, ErrorCode};
use axum::extract::{ConnectInfo, FromRequestParts, Path};
use http::header;
use http::request::Parts;

use crate::body::Refused;
use crate::server::Server;

/// The key of the token that the request shows (rule T-3).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member(pub TokenKey);

/// The device whose session the request shows.
#[derive(Debug)]
pub(crate) struct Session(pub Caller);

/// The inbox ticket that the request shows.
#[derive(Debug)]
pub(crate) struct Invited(pub InboxTicket);

/// A request that shows nothing, within the limits of its address (rule A-9).
#[derive(Debug)]
pub(crate) struct Anybody;

/// An id in the path.
#[derive(Debug)]
pub(crate) struct Id<T>(pub T);

fn bearer<T: FromStr>(parts: &Parts) -> Option<T> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim().parse().ok())?
}

/// What there is to say about a token that opens nothing here (rule L-2).
pub(crate) fn unknown_token() -> ErrorBody {
    ErrorBody::new(ErrorCode::UnknownToken, "the token does not open this log")
}

impl<S: Store> FromRequestParts<Arc<Server<S>>> for Member {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server<S>>) -> Result<Self, Refused> {
        // A token is a scalar whose key costs a multiplication: whoever shows nonsense pays with its address's allowance.
        let token: Option<Token> = bearer(parts);
        let key = token.and_then(|token| key_of_token(&token).ok());
        let Some(key) = key else {
            server.limits.address(address(parts), server.now())?;
            return Err(unknown_token().into());
        };
        Ok(Self(key))
    }
}

impl<S: Store> FromRequestParts<Arc<Server<S>>> for Session {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server<S>>) -> Result<Self, Refused> {
        let Some(session) = bearer::<SessionToken>(parts) else {
            server.limits.address(address(parts), server.now())?;
            return Err(Refused::new(ErrorCode::NoSession, "no session, or one that has ended"));
        };
        let now = server.now();
        match server.store.authenticate(session, now).await {
            Ok(caller) => {
                server.limits.account(caller.device, now)?;
                Ok(Self(caller))
            }
            Err(failure) => {
                server.limits.address(address(parts), now)?;
                Err(failure.into())
            }
        }
    }
}

impl<S: Store> FromRequestParts<Arc<Server<S>>> for Invited {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server<S>>) -> Result<Self, Refused> {
        server.limits.address(address(parts), server.now())?;
        bearer(parts).map(Self).ok_or_else(|| Refused::new(ErrorCode::Spent, "no inbox ticket"))
    }
}

impl<S: Store> FromRequestParts<Arc<Server<S>>> for Anybody {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server<S>>) -> Result<Self, Refused> {
        server.limits.address(address(parts), server.now())?;
        Ok(Self)
    }
}

impl<S: Store, T: FromStr + Send> FromRequestParts<Arc<Server<S>>> for Id<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server<S>>) -> Result<Self, Refused> {
        let text = Path::<String>::from_request_parts(parts, server).await.ok();
        text.and_then(|Path(text)| text.parse().ok()).map(Self).ok_or_else(bad_path)
    }
}

/// What there is to say about a path or query that does not parse.
pub(crate) fn bad_path() -> Refused {
    Refused::new(ErrorCode::Malformed, "the path or query is not of the expected form")
}

/// Where the request comes from, for its allowance alone.
pub(crate) fn address(parts: &Parts) -> IpAddr {
    let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip())
}
