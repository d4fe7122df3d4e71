//! One WebSocket to the server: connects, comes back with growing pauses when the connection breaks, and notices when it is half open.

use std::time::Duration;

use allod_wire::limits::FRAME_BYTES_MAX;
use futures_util::{SinkExt, StreamExt};
use rand_core::{OsRng, RngCore};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::endpoint::Endpoint;

/// What a socket reports.
#[derive(Debug)]
pub(crate) enum SocketEvent {
    /// Connected: what was said before is to be said again.
    Up,
    /// A frame of the server.
    Frame(Vec<u8>),
    /// The connection is gone, or was not made; it is tried again by itself.
    Down {
        /// What the network said.
        reason: String,
    },
}

/// The sending half of a socket that keeps itself connected. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Socket {
    frames: mpsc::UnboundedSender<Vec<u8>>,
    task: tokio::task::JoinHandle<()>,
}

impl Socket {
    /// Starts connecting. Whatever happens goes to `report`, in order, as `wrap` makes it; when nobody listens the socket ends.
    pub(crate) fn start<T: Send + 'static>(
        endpoint: Endpoint,
        report: &mpsc::Sender<T>,
        wrap: fn(SocketEvent) -> T,
    ) -> Self {
        let report = Report { to: report.downgrade(), wrap };
        let (frames, queue) = mpsc::unbounded_channel();
        let task = tokio::spawn(keep_connected(endpoint, queue, report));
        Self { frames, task }
    }

    /// Sends a frame, if the socket is up. What is sent while it is down is lost, as on a connection that breaks.
    pub(crate) fn send(&self, frame: Vec<u8>) {
        // The task ends only after this half is dropped, or when nobody listens to it any more.
        let _ = self.frames.send(frame);
    }

    /// Sends what waits, and takes leave of the server.
    pub(crate) async fn close(self) {
        drop(self.frames);
        // A server that does not take it in time does not hold us up.
        let _ = timeout(CLOSE_PATIENCE, self.task).await;
    }
}

/// Where a socket reports.
struct Report<T> {
    to: mpsc::WeakSender<T>,
    wrap: fn(SocketEvent) -> T,
}

impl<T> Report<T> {
    /// `false` when nobody listens any more.
    async fn say(&self, event: SocketEvent) -> bool {
        match self.to.upgrade() {
            Some(to) => to.send((self.wrap)(event)).await.is_ok(),
            None => false,
        }
    }
}

/// Why a connection ended.
enum End {
    /// Nobody needs it any more.
    Done,
    /// It broke.
    Broken(String),
}

async fn keep_connected<T: Send + 'static>(
    endpoint: Endpoint,
    mut queue: mpsc::UnboundedReceiver<Vec<u8>>,
    report: Report<T>,
) {
    let mut pause = PAUSE_MIN;
    loop {
        let started = Instant::now();
        let end = match timeout(CONNECT_PATIENCE, connect(&endpoint)).await {
            Ok(Ok(stream)) => {
                while queue.try_recv().is_ok() {} // Said to the connection before this one.
                if !report.say(SocketEvent::Up).await {
                    return;
                }
                match stream {
                    Connected::Plain(stream) => run(*stream, &mut queue, &report).await,
                    Connected::Tls(stream) => run(*stream, &mut queue, &report).await,
                }
            }
            Ok(Err(reason)) => End::Broken(reason),
            Err(_) => End::Broken("no answer in time".to_owned()),
        };
        let End::Broken(reason) = end else { return };
        if !report.say(SocketEvent::Down { reason }).await {
            return;
        }
        if started.elapsed() > STABLE {
            pause = PAUSE_MIN;
        }
        // Up to half of the pause by chance, so that a server that restarts is not met by all its clients at once.
        let chance = pause.mul_f64(f64::from(OsRng.next_u32()) / f64::from(u32::MAX) / 2.0);
        tokio::select! {
            () = sleep(pause / 2 + chance) => {}
            () = closed(&mut queue) => return,
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Resolves when the sending half is dropped; drops what is sent meanwhile.
async fn closed(queue: &mut mpsc::UnboundedReceiver<Vec<u8>>) {
    while queue.recv().await.is_some() {}
}

enum Connected {
    Plain(Box<WebSocketStream<TcpStream>>),
    Tls(Box<WebSocketStream<tokio_rustls::client::TlsStream<TcpStream>>>),
}

async fn connect(endpoint: &Endpoint) -> Result<Connected, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let tcp = TcpStream::connect(endpoint.host_and_port()).await.map_err(|e| text(&e))?;
    tcp.set_nodelay(true).map_err(|e| text(&e))?;
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(FRAME_BYTES_MAX * 2))
        .max_frame_size(Some(FRAME_BYTES_MAX * 2));
    let url = endpoint.socket_url();
    match (endpoint.tls(), endpoint.server_name()) {
        (Some(tls), Some(name)) => {
            let tls = TlsConnector::from(tls.clone()).connect(name, tcp).await.map_err(|e| text(&e))?;
            let (socket, _) = client_async_with_config(url, tls, Some(config)).await.map_err(|e| text(&e))?;
            Ok(Connected::Tls(Box::new(socket)))
        }
        (Some(_), None) => Err("the server's name cannot be in a certificate".to_owned()),
        (None, _) => {
            let (socket, _) = client_async_with_config(url, tcp, Some(config)).await.map_err(|e| text(&e))?;
            Ok(Connected::Plain(Box::new(socket)))
        }
    }
}

async fn run<S, T>(stream: WebSocketStream<S>, queue: &mut mpsc::UnboundedReceiver<Vec<u8>>, report: &Report<T>) -> End
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let (mut out, mut incoming) = stream.split();
    let mut heard = Instant::now();
    let mut pinged = false;
    loop {
        let silence = heard + if pinged { SILENCE_MAX } else { PING_AFTER };
        tokio::select! {
            frame = queue.recv() => {
                let Some(frame) = frame else {
                    let _ = out.close().await; // It ends either way.
                    return End::Done;
                };
                if let Err(error) = send_all(&mut out, frame, queue).await {
                    return End::Broken(error);
                }
            }
            message = incoming.next() => {
                heard = Instant::now();
                pinged = false;
                match message {
                    Some(Ok(Message::Binary(bytes))) => {
                        if !report.say(SocketEvent::Frame(bytes.into())).await {
                            return End::Done;
                        }
                    }
                    Some(Ok(Message::Close(_))) | None => return End::Broken("the server closed the connection".to_owned()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return End::Broken(error.to_string()),
                }
            }
            () = tokio::time::sleep_until(silence) => {
                if pinged {
                    return End::Broken("the server fell silent".to_owned());
                }
                pinged = true;
                if let Err(error) = out.send(Message::Ping(Vec::new().into())).await {
                    return End::Broken(error.to_string());
                }
            }
        }
    }
}

/// Sends `first` and all that waits behind it in one go.
async fn send_all<S>(
    out: &mut futures_util::stream::SplitSink<WebSocketStream<S>, Message>,
    first: Vec<u8>,
    queue: &mut mpsc::UnboundedReceiver<Vec<u8>>,
) -> Result<(), String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let send = async {
        out.feed(Message::Binary(first.into())).await?;
        while let Ok(frame) = queue.try_recv() {
            out.feed(Message::Binary(frame.into())).await?;
        }
        out.flush().await
    };
    match timeout(SILENCE_MAX, send).await {
        Ok(sent) => sent.map_err(|error| error.to_string()),
        Err(_) => Err("the server takes nothing".to_owned()),
    }
}

const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
const CLOSE_PATIENCE: Duration = Duration::from_millis(500);
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A connection that held this long was a good one: the next pause is short again.
const STABLE: Duration = Duration::from_secs(30);
const PING_AFTER: Duration = Duration::from_secs(25);
const SILENCE_MAX: Duration = Duration::from_secs(50);
const BUFFER_BYTES: usize = 32 << 10;

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;

    use super::*;

    async fn listener() -> (TcpListener, Endpoint) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::new(&format!("http://{}", listener.local_addr().unwrap()), None).unwrap();
        (listener, endpoint)
    }

    #[tokio::test]
    async fn a_socket_that_breaks_comes_back() {
        let (listener, endpoint) = listener().await;
        let (report, mut events) = mpsc::channel(16);
        let socket = Socket::start(endpoint, &report, |event| event);
        for _ in 0..2 {
            let mut server = accept_async(listener.accept().await.unwrap().0).await.unwrap();
            assert!(matches!(events.recv().await, Some(SocketEvent::Up)));
            socket.send(b"ask".to_vec());
            assert_eq!(server.next().await.unwrap().unwrap(), Message::Binary(b"ask".to_vec().into()));
            server.send(Message::Binary(b"answer".to_vec().into())).await.unwrap();
            assert!(matches!(events.recv().await, Some(SocketEvent::Frame(frame)) if frame == b"answer"));
            drop(server);
            assert!(matches!(events.recv().await, Some(SocketEvent::Down { .. })));
        }
    }

    #[tokio::test]
    async fn closing_sends_what_waits_and_takes_leave() {
        let (listener, endpoint) = listener().await;
        let (report, mut events) = mpsc::channel(16);
        let socket = Socket::start(endpoint, &report, |event| event);
        let mut server = accept_async(listener.accept().await.unwrap().0).await.unwrap();
        assert!(matches!(events.recv().await, Some(SocketEvent::Up)));
        socket.send(b"last".to_vec());
        let leaving = tokio::spawn(socket.close());
        assert_eq!(server.next().await.unwrap().unwrap(), Message::Binary(b"last".to_vec().into()));
        assert!(matches!(server.next().await, Some(Ok(Message::Close(_)))));
        leaving.await.unwrap();
    }

    #[tokio::test]
    async fn a_socket_ends_when_nobody_listens() {
        let (listener, endpoint) = listener().await;
        let (report, events) = mpsc::channel::<SocketEvent>(16);
        let socket = Socket::start(endpoint, &report, |event| event);
        drop((report, events));
        let _server = accept_async(listener.accept().await.unwrap().0).await;
        timeout(Duration::from_secs(5), socket.task).await.unwrap().unwrap();
    }
}
