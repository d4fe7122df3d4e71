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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use allod_client_core::Method;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    fn request(plane: Plane, bearer: &str) -> HttpRequest {
        let (method, path) = (Method::Get, "/v1/x?after=1".to_owned());
        HttpRequest { plane, method, path, bearer: Some(bearer.to_owned()), body: Vec::new(), range: Some((0, 9)) }
    }

    /// Answers each request on a connection with the number of the connection and what it was asked.
    async fn serve(mut stream: TcpStream, number: usize) {
        let mut head = Vec::new();
        while let Ok(byte) = stream.read_u8().await {
            head.push(byte);
            if head.ends_with(b"\r\n\r\n") {
                let body = format!("{number} {}", String::from_utf8_lossy(&head));
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
                head.clear();
            }
        }
    }

    #[tokio::test]
    async fn the_planes_never_share_a_connection_h_1() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::new(&format!("http://{}", listener.local_addr().unwrap()), None).unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        tokio::spawn({
            let connections = connections.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, connections.fetch_add(1, Ordering::SeqCst)));
                }
            }
        });
        let http = Http::new(&endpoint);
        for (plane, bearer, connection) in [
            (Plane::Account, "session", '0'),
            (Plane::Log, "token", '1'),
            (Plane::Open, "x", '0'),
            (Plane::Log, "y", '1'),
        ] {
            let answer = http.send(request(plane, bearer)).await.unwrap();
            let seen = String::from_utf8(answer.body.to_vec()).unwrap();
            assert!(seen.starts_with(connection), "{seen}");
            assert!(seen.contains(&format!("authorization: Bearer {bearer}\r\n")), "{seen}");
            assert!(seen.contains("GET /v1/x?after=1 ") && seen.contains("range: bytes=0-9\r\n"), "{seen}");
        }
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unreachable() {
        let http = Http::new(&Endpoint::new("http://127.0.0.1:1", None).unwrap());
        let error = http.send(request(Plane::Log, "x")).await.unwrap_err();
        assert!(error.to_string().contains("refused"), "{error}");
    }
}
