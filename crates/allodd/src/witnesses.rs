//! Asks the witnesses of a policy to cosign a head (C2SP tlog-witness). Spec: `spec/ledger.md`, rule G-12. These are the
//! only addresses that a server calls, and its administrators named them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use allod_ledger::checkpoint::Checkpoint;
use allod_ledger::policy::{Witness, WitnessPolicy};
use allod_ledger::tree;
use allod_ledger::witness;
use allod_server_core::LedgerStore;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A witness that has not answered by then is passed over for now.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 32 << 10;

/// Connections to witnesses, and how far each has come by its last answer.
pub(crate) struct Witnesses {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    sizes: Mutex<HashMap<[u8; 32], u64>>,
}

impl std::fmt::Debug for Witnesses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Witnesses")
    }
}

impl Witnesses {
    /// With the certificates that the system trusts.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn new() -> Result<Self, rustls::Error> {
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
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), sizes: Mutex::default() })
    }

    /// The head with the cosignatures of those of the policy's witnesses that gave one, asked at the same time. Who did not
    /// answer, or not with a valid cosignature, is left out.
    pub(crate) async fn ask<S: LedgerStore>(&self, store: &S, head: &Checkpoint, policy: &WitnessPolicy) -> Checkpoint {
        let answers = join_all(policy.witnesses().iter().map(async |witness| {
            let lines = tokio::time::timeout(PATIENCE, self.ask_one(store, head, witness)).await.ok().flatten();
            (witness, lines)
        }));
        answers.await.into_iter().fold(head.clone(), |head, (witness, lines)| {
            lines.and_then(|lines| head.with_cosignature(&witness.key, &lines).ok()).unwrap_or(head)
        })
    }

    /// The lines that a witness answers with. It may be at another size than it was last time: then it says so, once.
    async fn ask_one<S: LedgerStore>(&self, store: &S, head: &Checkpoint, witness: &Witness) -> Option<String> {
        let url = format!("{}/add-checkpoint", witness.url.as_ref()?.trim_end_matches('/'));
        let id = *witness.key.public();
        let mut old = self.sizes.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied().unwrap_or(0);
        for _ in 0..2 {
            let size = head.size();
            if old > size {
                return None;
            }
            let proof = store.read_tree(move |stored| tree::prove_consistency(old, size, stored)).await.ok()?;
            let (status, body) = self.post(&url, witness::encode(old, &proof, head)).await?;
            match status {
                StatusCode::OK => {
                    self.sizes.lock().unwrap_or_else(PoisonError::into_inner).insert(id, size);
                    return String::from_utf8(body.to_vec()).ok();
                }
                StatusCode::CONFLICT => old = witness::decode_size(&body)?,
                _ => return None,
            }
        }
        None
    }

    async fn post(&self, url: &str, body: Vec<u8>) -> Option<(StatusCode, Bytes)> {
        let request = Request::builder().method(Method::POST).uri(url).body(Full::from(body)).ok()?;
        let answer = self.client.request(request).await.ok()?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await.ok()?;
        Some((status, body.to_bytes()))
    }
}
