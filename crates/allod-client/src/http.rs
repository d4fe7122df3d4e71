//! Requests. The two planes never share a connection, so that no connection ties a log to an account (rule H-1).

use std::time::Duration;

use allod_client_core::{HttpRequest, Plane};
use allod_wire::limits::PAGE_BYTES_MAX;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, RANGE};
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::endpoint::Endpoint;

/// What came back.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// No answer: the server is away, or something on the way is broken. Whether it acted is unknown.
#[derive(Debug, thiserror::Error)]
#[error("the server does not answer: {reason}")]
pub struct Unreachable {
    /// What the network said.
    pub reason: String,
}

/// The two sets of connections.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    account: Connections,
    log: Connections,
}

type Connections = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

impl Http {
    /// Connects when first used.
    pub fn new(endpoint: &Endpoint) -> Self {
        Self { base: endpoint.base(), account: connections(endpoint), log: connections(endpoint) }
    }

    /// Sends `request` and waits for the whole answer.
    ///
    /// # Errors
    /// [`Unreachable`] if there is none in time.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpAnswer, Unreachable> {
        let connections = match request.plane {
            Plane::Open | Plane::Account => &self.account,
            Plane::Log => &self.log,
        };
        let uri: Uri = format!("{}{}", self.base, request.path).parse().map_err(unreachable)?;
        let mut builder = Request::builder().method(request.method.as_str()).uri(uri);
        if let Some(bearer) = &request.bearer {
            builder = builder.header(AUTHORIZATION, format!("Bearer {bearer}"));
        }
        if let Some((first, last)) = request.range {
            builder = builder.header(RANGE, format!("bytes={first}-{last}"));
        }
        if !request.body.is_empty() {
            builder = builder.header(CONTENT_TYPE, request.content_type());
        }
        let request = builder.body(Full::new(Bytes::from(request.body))).map_err(unreachable)?;
        let answer = async {
            let response = connections.request(request).await.map_err(unreachable)?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            Ok(HttpAnswer { status, body: body.map_err(|error| Unreachable { reason: error.to_string() })?.to_bytes() })
        };
        tokio::time::timeout(PATIENCE, answer).await.map_err(unreachable)?
    }
}

fn connections(endpoint: &Endpoint) -> Connections {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT_PATIENCE));
    let builder = HttpsConnectorBuilder::new();
    let connector = match endpoint.tls() {
        Some(tls) => builder.with_tls_config((**tls).clone()).https_only().enable_all_versions().wrap_connector(tcp),
        None => {
            let unused =
                rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
                    .with_protocol_versions(&[&rustls::version::TLS13])
                    .expect("the provider knows TLS 1.3")
                    .with_root_certificates(rustls::RootCertStore::empty())
                    .with_no_client_auth();
            builder.with_tls_config(unused).https_or_http().enable_http1().wrap_connector(tcp)
        }
    };
    Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).build(connector)
}

/// The error with its causes: hyper's own text says little.
fn unreachable(error: impl std::error::Error) -> Unreachable {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    Unreachable { reason }
}

const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(60);
const IDLE: Duration = Duration::from_secs(60);
/// A page of entries with its frame, or a chunk of a blob.
const ANSWER_BYTES_MAX: usize = PAGE_BYTES_MAX * 2;
