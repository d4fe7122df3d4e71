//! The server's address, and how to reach it: TLS always, but for a server on this machine.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

/// Where the server is.
#[derive(Clone)]
pub struct Endpoint {
    /// `host` or `host:port`, as in a link.
    authority: String,
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("server", &self.base()).finish_non_exhaustive()
    }
}

/// Why a server's address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// Not `https://host` or `https://host:port`.
    #[error("{url} is not the address of a server: it looks like https://chat.example.org")]
    NotAUrl {
        /// What was given.
        url: String,
    },
    /// `http://` to another machine would show tokens to the network.
    #[error("{host} is not this machine: its address must start with https://")]
    PlainHttp {
        /// The host.
        host: String,
    },
    /// The file of certificates cannot be read.
    #[error("cannot read certificates from {file}: {reason}")]
    Certificates {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// No root certificates at all: nothing could be verified.
    #[error("this machine has no root certificates: install ca-certificates, or name a file with --ca")]
    NoRoots,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

impl Endpoint {
    /// Reads a server's address. `ca` names a PEM file with the only certificates to trust, instead of the system's.
    ///
    /// # Errors
    /// If it is no address, or plain HTTP to another machine.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, EndpointError> {
        let bad = || EndpointError::NotAUrl { url: url.to_owned() };
        let (secure, authority) = match url.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err(bad()),
        };
        let authority = authority.trim_end_matches('/');
        let (host, port) = split_authority(authority, if secure { 443 } else { 80 }).ok_or_else(bad)?;
        if !secure && !is_loopback(&host) {
            return Err(EndpointError::PlainHttp { host });
        }
        let tls = if secure { Some(Arc::new(tls_config(ca)?)) } else { None };
        Ok(Self { authority: authority.to_owned(), host, port, tls })
    }

    /// `https://host:port`, without a slash at the end.
    pub fn base(&self) -> String {
        format!("{}://{}", if self.tls.is_some() { "https" } else { "http" }, self.authority)
    }

    /// The address of the WebSocket.
    pub(crate) fn socket_url(&self) -> String {
        format!("{}://{}/v1/socket", if self.tls.is_some() { "wss" } else { "ws" }, self.authority)
    }

    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    pub(crate) fn tls(&self) -> Option<&Arc<ClientConfig>> {
        self.tls.as_ref()
    }

    pub(crate) fn server_name(&self) -> Option<ServerName<'static>> {
        ServerName::try_from(self.host.clone()).ok()
    }
}

/// Host and port; an IPv6 host loses its brackets.
fn split_authority(authority: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, rest)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port =
        if port.is_empty() { default_port } else { port.strip_prefix(':')?.parse().ok().filter(|port| *port > 0)? };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:_".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_host)).then(|| (host.to_owned(), port))
}

fn is_loopback(host: &str) -> bool {
    let name = host == "localhost" || host.ends_with(".localhost");
    name || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// TLS 1.3 alone, with the hybrid post-quantum key exchange first.
fn tls_config(ca: Option<&Path>) -> Result<ClientConfig, EndpointError> {
    let mut roots = rustls::RootCertStore::empty();
    match ca {
        Some(file) => {
            let error = |reason: String| EndpointError::Certificates { file: file.display().to_string(), reason };
            for certificate in CertificateDer::pem_file_iter(file).map_err(|e| error(e.to_string()))? {
                let certificate = certificate.map_err(|e| error(e.to_string()))?;
                roots.add(certificate).map_err(|e| error(e.to_string()))?;
            }
            if roots.is_empty() {
                return Err(error("there is none in it".to_owned()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(EndpointError::NoRoots);
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).map_err(EndpointError::Tls)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for url in ["http://localhost:8440", "http://127.0.0.1:1", "http://[::1]:8440", "http://a.localhost"] {
            assert_eq!(Endpoint::new(url, None).unwrap().base(), url);
        }
        for url in ["http://chat.example.org", "http://10.0.0.1:8440", "http://localhost.example.org"] {
            assert!(matches!(Endpoint::new(url, None), Err(EndpointError::PlainHttp { .. })), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in
            ["", "localhost", "ftp://a", "http://", "http://localhost:0", "http://localhost/x", "http://a@localhost"]
        {
            assert!(matches!(Endpoint::new(url, None), Err(EndpointError::NotAUrl { .. })), "{url}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Endpoint::new("https://a.example", Some(file.path())).unwrap_err();
        assert!(error.to_string().contains("there is none in it"), "{error}");
    }
}
