//! Bodies: deterministic CBOR in, CBOR out, and refusals. Spec: `spec/http.md`; `spec/wire.md`, rules W-1 to W-3 and E-1.

use std::time::Duration;

use allod_server_core::{Failure, Refusal};
use allod_wire::limits::REQUEST_BYTES_MAX;
use allod_wire::{ErrorBody, ErrorCode, cbor};
use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use minicbor::{Decode, Encode};

/// The media type of all bodies but blobs.
const CBOR: HeaderValue = HeaderValue::from_static("application/cbor");
/// A body of which nothing comes for this long is given up.
const BODY_STALL: Duration = Duration::from_secs(15);
/// A body that has not come whole by then is given up.
const BODY_WHOLE: Duration = Duration::from_secs(180);

/// A refusal, on its way out.
#[derive(Debug)]
pub(crate) struct Refused(pub ErrorBody);

impl Refused {
    /// With nothing besides.
    pub(crate) fn new(code: ErrorCode, message: &str) -> Self {
        Self(ErrorBody::new(code, message))
    }
}

impl From<ErrorBody> for Refused {
    fn from(body: ErrorBody) -> Self {
        Self(body)
    }
}

impl<E: Refusal> From<Failure<E>> for Refused {
    fn from(failure: Failure<E>) -> Self {
        Self(failure.body())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Cbor(&self.0)).into_response();
        if let Some(secs) = self.0.retry_after_secs {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

/// A value as the body of a request or an answer.
#[derive(Debug)]
pub(crate) struct Cbor<T>(pub T);

impl<T: Encode<()>> IntoResponse for Cbor<T> {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, CBOR)], cbor::to_vec(&self.0)).into_response()
    }
}

impl<S: Sync, T> FromRequest<S> for Cbor<T>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let bytes = read(request.into_body(), REQUEST_BYTES_MAX).await?;
        cbor::from_slice_bounded(&bytes, REQUEST_BYTES_MAX)
            .map(Self)
            .map_err(|error| Refused(ErrorBody::new(ErrorCode::Malformed, error.to_string())))
    }
}

/// Reads a body of at most `bytes_max`. One that says that it is longer is not read at all.
///
/// # Errors
/// `too-large`; `malformed` if the peer stops half-way or takes too long.
pub(crate) async fn read(mut body: Body, bytes_max: usize) -> Result<Vec<u8>, Refused> {
    let too_large = || Refused(ErrorBody::new(ErrorCode::TooLarge, format!("longer than {bytes_max} bytes")));
    let broken = || Refused::new(ErrorCode::Malformed, "the body did not come whole");
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if expected > bytes_max {
        return Err(too_large());
    }
    let whole = async {
        // Grows as bytes come: a length that is only announced costs no memory.
        let mut bytes = Vec::with_capacity(expected.min(64 << 10));
        while let Some(frame) = tokio::time::timeout(BODY_STALL, body.frame()).await.map_err(|_| broken())? {
            let Ok(data) = frame.map_err(|_| broken())?.into_data() else { continue };
            if bytes.len() + data.len() > bytes_max {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes)
    };
    tokio::time::timeout(BODY_WHOLE, whole).await.map_err(|_| broken())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures_util::stream::{self, StreamExt};

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_given_up_a_9() {
        let stops = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]).chain(stream::pending());
        let begun = tokio::time::Instant::now();
        let refused = read(Body::from_stream(stops), 100).await.unwrap_err();
        assert_eq!((refused.0.code, begun.elapsed().as_secs()), (ErrorCode::Malformed, BODY_STALL.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up_in_the_end_a_9() {
        let drips = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
        });
        let begun = tokio::time::Instant::now();
        assert!(read(Body::from_stream(drips), 1 << 20).await.is_err());
        assert_eq!(begun.elapsed().as_secs(), BODY_WHOLE.as_secs());
    }

    #[tokio::test]
    async fn a_body_without_a_length_is_bounded_too_w_3() {
        let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[0; 1_000])));
        let refused = read(Body::from_stream(endless), 10_000).await.unwrap_err();
        assert_eq!(refused.0.code, ErrorCode::TooLarge);
    }
}
