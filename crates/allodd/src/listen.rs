//! Connections: from the listening socket to requests.
//!
//! Everything that a peer can hold open is bounded: how many connections there are, in all and from one address; how long a
//! handshake and the head of a request may take; how many requests one connection may have at once.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;

use crate::config;
use crate::limits::{Connection, Connections};
use crate::log;
use crate::metrics::Counters;
use crate::tls::Certificates;

/// Bytes of a request's head at most.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Requests at one time on one connection of HTTP/2.
const STREAMS_MAX: u32 = 32;
/// What a peer is told that may not come in.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Bytes to and from a peer.
#[derive(Debug)]
pub(crate) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection that counts; a request holds it too, so that a socket that grows out of one goes on counting.
#[derive(Debug, Clone)]
pub(crate) struct Held(#[expect(dead_code, reason = "held for its drop")] Arc<Counted>);

#[derive(Debug)]
struct Counted {
    counters: Arc<Counters>,
    _connection: Connection,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.counters.connections.down();
    }
}

/// What all connections share.
#[derive(Debug, Clone)]
pub(crate) struct Listening {
    pub(crate) router: Router,
    pub(crate) limits: config::Limits,
    pub(crate) counters: Arc<Counters>,
    pub(crate) certificates: Option<Arc<Certificates>>,
}

/// Accepts connections until the server stops, then waits for the requests that are under way.
pub(crate) async fn serve(listener: TcpListener, listening: Listening, mut stopping: watch::Receiver<bool>) {
    let connections = Connections::new(&listening.limits);
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: some will come back.
                log::warn("a connection could not be accepted", error.kind());
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(connection) = connections.open(from.ip()) else {
            listening.counters.connections_refused.up();
            let _ = stream.try_write(TOO_MANY);
            continue;
        };
        listening.counters.connections.up();
        let held = Held(Arc::new(Counted { counters: Arc::clone(&listening.counters), _connection: connection }));
        tokio::spawn(handle(stream, from, listening.clone(), held, graceful.watcher()));
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn handle(stream: TcpStream, from: SocketAddr, listening: Listening, held: Held, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    let patience = Duration::from_secs(listening.limits.header_secs.into());
    let transport = match &listening.certificates {
        None => Transport::Plain(stream),
        Some(certificates) => match timeout(patience, certificates.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => Transport::Tls(Box::new(stream)),
            _ => return,
        },
    };
    let has_begun = Arc::new(AtomicBool::new(false));
    let begun = Arc::clone(&has_begun);
    let router = TowerToHyperService::new(listening.router.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        begun.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(from));
        request.extensions_mut().insert(held.clone());
        router.call(request)
    });
    let builder = builder(patience);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(transport), service);
    let mut connection = pin!(watcher.watch(connection));
    // Telling HTTP/1.1 from HTTP/2 takes a few bytes, for which hyper waits without end.
    tokio::select! {
        _ = &mut connection => return,
        () = sleep(patience) => if !has_begun.load(Ordering::Relaxed) { return },
    }
    let _ = connection.await;
}

fn builder(patience: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BYTES_MAX)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(16 << 10)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

macro_rules! of_either {
    ($self:ident, $method:ident $(, $argument:expr)*) => {
        match $self.get_mut() {
            Transport::Plain(stream) => Pin::new(stream).$method($($argument),*),
            Transport::Tls(stream) => Pin::new(stream.as_mut()).$method($($argument),*),
        }
    };
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        of_either!(self, poll_read, cx, buffer)
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        of_either!(self, poll_write, cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        of_either!(self, poll_write_vectored, cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_either!(self, poll_flush, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_either!(self, poll_shutdown, cx)
    }
}
