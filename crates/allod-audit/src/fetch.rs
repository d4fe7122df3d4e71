//! Gets what a log serves to anybody.

use std::sync::Arc;
use std::time::Duration;

use allod_ledger::resource::Resource;
use allod_wire::account::Organisation;
use allod_wire::cbor;
use allod_wire::directory::ProvenEntry;
use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A server that does not answer by then is not reachable.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer, in bytes: a bundle of 256 statements of 32 KiB, and a proof of 4 MiB, are below it.
const ANSWER_BYTES_MAX: usize = 9 << 20;

/// A server.
pub(crate) struct Server {
    url: String,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Server {
    /// The server at `https://HOST`.
    pub(crate) fn new(url: &str) -> anyhow::Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        let parsed: Uri = url.parse().with_context(|| format!("{url} is no address"))?;
        if !matches!(parsed.scheme_str(), Some("https" | "http")) {
            bail!("{url} is no address: it begins with https:// (or http:// on this machine)");
        }
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions().wrap_connector(tcp);
        Ok(Self { url, client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// What the organisation says of itself: where somebody who has no key yet begins.
    pub(crate) async fn organisation(&self) -> anyhow::Result<Organisation> {
        let body = self.get("/v1/organisation").await?.context("there is no such server")?;
        Ok(cbor::from_slice(&body)?)
    }

    /// The published head; `None` if there is no ledger yet.
    pub(crate) async fn checkpoint(&self) -> anyhow::Result<Option<Vec<u8>>> {
        self.get(&format!("/ledger/{}", Resource::Checkpoint.path())).await
    }

    /// A static resource of the ledger that its head promises.
    pub(crate) async fn resource(&self, resource: Resource) -> anyhow::Result<Vec<u8>> {
        let path = resource.path();
        self.get(&format!("/ledger/{path}")).await?.with_context(|| format!("the log withholds {path}"))
    }

    /// An epoch of the directory; `None` if the server does not serve it (yet).
    pub(crate) async fn epoch(&self, epoch: u64) -> anyhow::Result<Option<ProvenEntry>> {
        let body = self.get(&format!("/ledger/directory/{epoch}")).await?;
        body.map(|body| Ok(cbor::from_slice(&body)?)).transpose()
    }

    async fn get(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let url = format!("{}{path}", self.url);
        let request = Request::get(&url).body(Empty::new())?;
        let answer = async {
            let answer = self.client.request(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!("{url}: {error}"))?;
            match status {
                StatusCode::OK => Ok(Some(body.to_bytes().to_vec())),
                StatusCode::NOT_FOUND => Ok(None),
                status => bail!("{url} answers {status}"),
            }
        };
        tokio::time::timeout(PATIENCE, answer).await.with_context(|| format!("{url} does not answer"))?
    }
}
