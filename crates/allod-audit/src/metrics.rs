//! Figures for Prometheus, at an address of this machine alone.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What is known after the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Figures {
    pub(crate) statements: u64,
    pub(crate) epochs: u64,
    pub(crate) witnesses: u64,
    pub(crate) head_seen_seconds: u64,
    pub(crate) looked_seconds: u64,
    pub(crate) alarms: u64,
}

/// The figures that are shown.
pub(crate) type Shown = Arc<Mutex<Figures>>;

fn page(figures: Figures) -> String {
    let mut out = String::new();
    let mut figure = |name: &str, help: &str, value: u64| {
        let _ = writeln!(
            out,
            "# HELP allod_audit_{name} {help}\n# TYPE allod_audit_{name} gauge\nallod_audit_{name} {value}"
        );
    };
    figure("statements", "Statements of the ledger that were read.", figures.statements);
    figure("directory_epochs", "Epochs of the directory that were audited.", figures.epochs);
    figure("witnesses", "Witnesses that cosigned the last head.", figures.witnesses);
    figure(
        "head_seen_timestamp_seconds",
        "Since when a quorum of witnesses vouches for the head.",
        figures.head_seen_seconds,
    );
    figure("looked_timestamp_seconds", "When the ledger was last looked at with success.", figures.looked_seconds);
    figure("alarms", "What must not be, found since the start.", figures.alarms);
    out
}

/// Answers every request with the page.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) async fn serve(address: SocketAddr, shown: Shown) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let page = page(*shown.lock().unwrap_or_else(PoisonError::into_inner));
        let length = page.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(format!("{head}{page}").as_bytes()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_figure_once() {
        let page = page(Figures { statements: 3, alarms: 1, ..Figures::default() });
        assert!(page.contains("\nallod_audit_statements 3\n") && page.contains("\nallod_audit_alarms 1\n"));
        assert_eq!(page.matches("# TYPE").count(), 6);
    }
}
