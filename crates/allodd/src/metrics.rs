//! Counters, and the loopback page that shows them to Prometheus. Counters only: no label names anything.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

macro_rules! counters {
    ($($(#[doc = $doc:literal])* $name:ident: $kind:literal,)*) => {
        /// All counters of a server.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $($(#[doc = $doc])* pub(crate) $name: Count,)*
        }

        impl Counters {
            /// In Prometheus' text format.
            pub(crate) fn page(&self) -> String {
                let mut out = String::new();
                $(
                    let name = concat!("allodd_", stringify!($name));
                    let help = concat!($($doc),*);
                    let _ = writeln!(out, "# HELP {name}{help}\n# TYPE {name} {}\n{name} {}", $kind, self.$name.get());
                )*
                out
            }
        }
    };
}

counters! {
    /// Connections that are open.
    connections: "gauge",
    /// Connections refused because there were too many.
    connections_refused: "counter",
    /// Requests answered.
    requests: "counter",
    /// Requests refused with a 4xx status.
    requests_refused: "counter",
    /// Requests that failed with a 5xx status.
    requests_failed: "counter",
    /// Requests refused because there were too many.
    requests_limited: "counter",
    /// Sockets that are open.
    sockets: "gauge",
    /// Entries accepted over sockets.
    entries_accepted: "counter",
    /// Frames with entries given to sockets.
    frames_delivered: "counter",
    /// Pages read from the store for sockets that were behind.
    pages_caught_up: "counter",
    /// Sockets dropped because the peer took nothing.
    sockets_stalled: "counter",
    /// Heads of other ledgers that were cosigned.
    heads_cosigned: "counter",
}

/// One counter.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// One more.
    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One less.
    pub(crate) fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves the counters until the task is dropped. `listen` is of this machine alone: the configuration saw to that.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) async fn serve(listen: SocketAddr, counters: std::sync::Arc<Counters>) -> std::io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        // One at a time: there is one Prometheus, and nobody else comes here.
        let answer = async {
            let mut request = [0; 1_024];
            let _ = stream.read(&mut request).await;
            let body = counters.page();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n";
            let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
        };
        let _ = tokio::time::timeout(Duration::from_secs(2), answer).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_in_the_text_format() {
        let counters = Counters::default();
        (0..3).for_each(|_| counters.requests.up());
        let page = counters.page();
        assert!(page.contains(
            "# HELP allodd_requests Requests answered.\n# TYPE allodd_requests counter\nallodd_requests 3\n"
        ));
    }
}
