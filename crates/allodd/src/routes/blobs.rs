//! `/v1/logs/{log}/blobs/{blob}`: uploads in chunks, and ranges of what is complete (rules B-1 to B-5).

use std::sync::Arc;

use allod_server_core::Store;
use allod_wire::blob::BlobState;
use allod_wire::limits::BLOB_CHUNK_BYTES_MAX;
use allod_wire::secrets::TokenKey;
use allod_wire::{BlobId, LogId};
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use crate::body::{Cbor, Refused, read};
use crate::credentials::{Member, bad_path};
use crate::server::Server;

/// Bytes that are read for a download at one time.
const PIECE_BYTES: usize = 256 << 10;

#[derive(Debug, Deserialize)]
pub(super) struct Place {
    size: u64,
    #[serde(default)]
    offset: u64,
}

type Ids = Result<Path<(String, String)>, axum::extract::rejection::PathRejection>;

fn ids(path: Ids) -> Result<(LogId, BlobId), Refused> {
    let Path((log, blob)) = path.map_err(|_| bad_path())?;
    Ok((log.parse().map_err(|_| bad_path())?, blob.parse().map_err(|_| bad_path())?))
}

pub(super) async fn put<S: Store>(
    State(server): State<Arc<Server<S>>>,
    path: Ids,
    query: Result<Query<Place>, axum::extract::rejection::QueryRejection>,
    Member(author): Member,
    request: Request,
) -> Result<Cbor<BlobState>, Refused> {
    let (log, blob) = ids(path)?;
    let Query(Place { size, offset }) = query.map_err(|_| bad_path())?;
    // A stranger's chunk is not read: only the log's members upload. The state says so, or that there is none yet.
    let standing = server.store.blob_state(log, author, blob).await.map_err(|failure| failure.body());
    if let Err(body) = standing
        && body.code != allod_wire::ErrorCode::NotFound
    {
        return Err(body.into());
    }
    let bytes = read(request.into_body(), BLOB_CHUNK_BYTES_MAX).await?;
    let now = server.now();
    server.limits.chunk(log, bytes.len(), now)?;
    Ok(Cbor(server.store.upload_chunk(log, author, blob, size, offset, bytes, now).await?))
}

pub(super) async fn state<S: Store>(
    State(server): State<Arc<Server<S>>>,
    path: Ids,
    Member(reader): Member,
) -> Result<Cbor<BlobState>, Refused> {
    let (log, blob) = ids(path)?;
    server.limits.member(reader, server.now())?;
    Ok(Cbor(server.store.blob_state(log, reader, blob).await?))
}

pub(super) async fn get<S: Store>(
    State(server): State<Arc<Server<S>>>,
    path: Ids,
    Member(reader): Member,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let (log, blob) = ids(path)?;
    server.limits.member(reader, server.now())?;
    let size = server.store.read_blob(log, reader, blob, 0, 0).await?.size;
    let range = headers.get(header::RANGE).map(|value| value.to_str().ok().and_then(|text| parse_range(text, size)));
    let (status, start, end) = match range {
        None => (StatusCode::OK, 0, size),
        Some(Some((start, end))) => (StatusCode::PARTIAL_CONTENT, start, end),
        Some(None) => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let mut response = Response::new(Body::from_stream(pieces(server, log, reader, blob, start, end)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - start));
    let content_range = match status {
        StatusCode::PARTIAL_CONTENT => Some(format!("bytes {start}-{}/{size}", end - 1)),
        StatusCode::RANGE_NOT_SATISFIABLE => Some(format!("bytes */{size}")),
        _ => None,
    };
    if let Some(value) = content_range.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

/// A blob's bytes from `start` to before `end`, read as fast as the reader takes them. Each piece is asked for with the reader's
/// token, so a download ends when the token is revoked.
fn pieces<S: Store>(
    server: Arc<Server<S>>,
    log: LogId,
    reader: TokenKey,
    blob: BlobId,
    start: u64,
    end: u64,
) -> impl stream::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    stream::unfold(Some(start), move |offset| {
        let server = Arc::clone(&server);
        async move {
            let offset = offset.filter(|offset| *offset < end)?;
            let len = usize::try_from(end - offset).unwrap_or(usize::MAX).min(PIECE_BYTES);
            match server.store.read_blob(log, reader, blob, offset, len).await {
                Ok(part) if !part.bytes.is_empty() => {
                    let next = offset + part.bytes.len() as u64;
                    Some((Ok(Bytes::from(part.bytes)), Some(next)))
                }
                _ => Some((Err(std::io::ErrorKind::UnexpectedEof.into()), None)),
            }
        }
    })
}

/// One range of RFC 9110 section 14.1.2, as start and end (exclusive). More than one is not served.
fn parse_range(text: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (first.is_empty(), last.is_empty()) {
        (true, _) => (size.saturating_sub(last.parse().ok()?), size),
        (false, true) => (first.parse().ok()?, size),
        (false, false) => (first.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1).min(size)),
    };
    (start < end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says_b_4() {
        assert_eq!(parse_range("bytes=0-9", 100), Some((0, 10)));
        assert_eq!(parse_range("bytes=90-", 100), Some((90, 100)));
        assert_eq!(parse_range("bytes=-10", 100), Some((90, 100)));
        assert_eq!(parse_range("bytes=90-1000", 100), Some((90, 100)));
        for bad in ["bytes=100-", "bytes=9-3", "bytes=-0", "bytes=a-b", "0-9", "bytes=0-1,3-4", "bytes=-"] {
            assert_eq!(parse_range(bad, 100), None, "{bad}");
        }
    }
}
