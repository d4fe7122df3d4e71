//! Every request that a client makes, built in one place. Spec: `spec/http.md`.

use allod_wire::cbor;
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::secrets::{InboxTicket, SessionToken, Token};
use allod_wire::{BlobId, DeviceId, LogId};
use minicbor::{Decode, Encode};

/// Which connections a request may use: the account's and the logs' are never the same (rules H-1, H-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Plane {
    /// Names nobody: any connection but the logs'.
    Open,
    /// Names the account.
    Account,
    /// Names a log and no account.
    Log,
}

/// HTTP methods that the protocol uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Adds.
    Post,
    /// Sets.
    Put,
    /// Removes.
    Delete,
}

impl Method {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A request as the shell sends it.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// On which connections.
    pub plane: Plane,
    /// How.
    pub method: Method,
    /// Path and query, from `/v1`.
    pub path: String,
    /// For `Authorization: Bearer`.
    pub bearer: Option<String>,
    /// Body; empty for none.
    pub body: Vec<u8>,
    /// For `Range: bytes=first-last`, both included.
    pub range: Option<(u64, u64)>,
}

impl HttpRequest {
    /// Content type of every body.
    pub fn content_type(&self) -> &'static str {
        if self.path.contains("/blobs/") { "application/octet-stream" } else { "application/cbor" }
    }

    pub(crate) fn open(method: Method, path: &str, body: Vec<u8>) -> Self {
        Self { plane: Plane::Open, method, path: path.to_owned(), bearer: None, body, range: None }
    }

    pub(crate) fn account(session: &SessionToken, method: Method, path: impl Into<String>, body: Vec<u8>) -> Self {
        Self { plane: Plane::Account, method, path: path.into(), bearer: Some(session.reveal()), body, range: None }
    }

    pub(crate) fn log(bearer: Option<String>, method: Method, path: impl Into<String>, body: Vec<u8>) -> Self {
        Self { plane: Plane::Log, method, path: path.into(), bearer, body, range: None }
    }

    pub(crate) fn upload_chunk(log: LogId, token: &Token, blob: BlobId, size: u64, offset: u64, body: Vec<u8>) -> Self {
        let path = format!("/v1/logs/{log}/blobs/{blob}?size={size}&offset={offset}");
        Self::log(Some(token.reveal()), Method::Put, path, body)
    }

    pub(crate) fn blob_state(log: LogId, token: &Token, blob: BlobId) -> Self {
        Self::log(Some(token.reveal()), Method::Get, format!("/v1/logs/{log}/blobs/{blob}/state"), Vec::new())
    }

    pub(crate) fn blob_range(log: LogId, token: &Token, blob: BlobId, first: u64, last: u64) -> Self {
        let request = Self::log(Some(token.reveal()), Method::Get, format!("/v1/logs/{log}/blobs/{blob}"), Vec::new());
        Self { range: Some((first, last)), ..request }
    }

    pub(crate) fn inbox_item(device: DeviceId, ticket: &InboxTicket, body: Vec<u8>) -> Self {
        Self::log(Some(ticket.reveal()), Method::Post, format!("/v1/inboxes/{device}"), body)
    }
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method.as_str(), self.path, self.body.len())
    }
}

/// The value in a good answer, or the refusal in another one.
pub(crate) fn read<T: for<'b> Decode<'b, ()> + Encode<()>>(status: u16, body: &[u8]) -> Result<T, ErrorBody> {
    cbor::from_slice(accepted(status, body)?).map_err(|_| not_understood())
}

/// The body of a good answer, or the refusal in another one.
pub(crate) fn accepted(status: u16, body: &[u8]) -> Result<&[u8], ErrorBody> {
    if (200..300).contains(&status) {
        return Ok(body);
    }
    Err(cbor::from_slice(body).unwrap_or_else(|_| not_understood()))
}

fn not_understood() -> ErrorBody {
    ErrorBody::new(ErrorCode::Unavailable, "the answer is not from an Allod server")
}

/// Trying again later may help; nothing was changed.
pub(crate) fn is_passing(error: &ErrorBody) -> bool {
    matches!(error.code, ErrorCode::TooMany | ErrorCode::Unavailable | ErrorCode::Internal | ErrorCode::NoSession)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_not_the_servers_is_tried_again_later() {
        let error = read::<u64>(502, b"<html>").unwrap_err();
        assert!(is_passing(&error));
        assert_eq!(read::<u64>(200, &[5]), Ok(5));
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let request = HttpRequest::blob_state(LogId([1; 32]), &Token([2; 32]), BlobId([3; 32]));
        assert!(!format!("{request:?}").contains(&Token([2; 32]).reveal()));
    }
}
