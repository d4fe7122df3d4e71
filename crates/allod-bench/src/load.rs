//! The loads: pairs that talk, a group with many listeners, a reader who was away, connections that wait.

use std::time::{Duration, Instant};

use allod_e2e::Server;
use allod_wire::socket::{ClientFrame, ServerFrame};
use allod_wire::{LogId, Position};
use anyhow::{Result, bail};
use tokio::task::JoinSet;

use crate::process::{cpu_secs, resident_bytes, written_bytes};
use crate::raw::{Account, Log, Socket, entry};

/// Payload of a 1 KiB message: what encryption adds makes it the class above.
pub(crate) const MESSAGE_BYTES: usize = 2_048;
/// Connections at one address, so that the bench is not refused.
pub(crate) const CONNECTIONS_MAX: usize = 20_000;

/// Server CPU seconds for 1,000 messages delivered between pairs, each acknowledged; `in_flight` of each sender, or one every `pause`.
pub(crate) async fn pairs(
    server: &Server,
    logs: &[Log],
    messages: usize,
    in_flight: usize,
    pause: Option<Duration>,
) -> Result<f64> {
    let mut tasks = JoinSet::new();
    let mut sockets = Vec::new();
    for log in logs {
        let mut pair = [Socket::open(&server.url()).await?, Socket::open(&server.url()).await?];
        for (socket, token) in pair.iter_mut().zip(&log.tokens) {
            socket.subscribe(log.id, token, Position(u64::from(u32::MAX))).await?;
        }
        sockets.push((log.id, pair));
    }
    let before = cpu_secs(server.process_id()?)?;
    for (log, [sender, listener]) in sockets {
        tasks.spawn(send(sender, log, messages, in_flight, pause));
        tasks.spawn(listen(listener, messages));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let used = cpu_secs(server.process_id()?)? - before;
    Ok(used * 1_000.0 / (messages * logs.len()) as f64)
}

async fn send(
    mut socket: Socket,
    log: LogId,
    messages: usize,
    in_flight: usize,
    pause: Option<Duration>,
) -> Result<()> {
    let (mut sent, mut acknowledged) = (0, 0);
    while acknowledged < messages {
        while sent < messages && sent - acknowledged < in_flight {
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
            socket.say(&ClientFrame::Append { log, entry: entry(MESSAGE_BYTES) }).await?;
            sent += 1;
        }
        // The sender is a subscriber too: its own entries come back, and count for nothing here.
        match socket.hear().await? {
            ServerFrame::Accepted { .. } => acknowledged += 1,
            ServerFrame::Entries { .. } => {}
            other => bail!("not accepted: {other:?}"),
        }
    }
    Ok(())
}

async fn listen(mut socket: Socket, messages: usize) -> Result<()> {
    let mut heard = 0;
    while heard < messages {
        if let ServerFrame::Entries { page, .. } = socket.hear().await? {
            heard += page.entries.len();
        }
    }
    Ok(())
}

/// What messages cost the server, while nobody listens but their sender.
pub(crate) struct Cost {
    /// CPU seconds.
    pub(crate) cpu_secs: f64,
    /// Bytes written to disk.
    pub(crate) written_bytes: f64,
}

/// `messages` to a group.
pub(crate) async fn append_cost(server: &Server, log: &Log, messages: usize) -> Result<Cost> {
    let mut sender = Socket::open(&server.url()).await?;
    sender.subscribe(log.id, &log.tokens[0], Position(u64::from(u32::MAX))).await?;
    let process = server.process_id()?;
    let (cpu, written) = (cpu_secs(process)?, written_bytes(process)?);
    send(sender, log.id, messages, 8, None).await?;
    Ok(Cost { cpu_secs: cpu_secs(process)? - cpu, written_bytes: written_bytes(process)? - written })
}

/// Deliveries for each CPU second of the server: `messages` to a group of whose members `listeners` are online.
pub(crate) async fn deliveries(server: &Server, log: &Log, listeners: usize, messages: usize) -> Result<f64> {
    let mut tasks = JoinSet::new();
    for token in &log.tokens[1..=listeners] {
        let mut socket = Socket::open(&server.url()).await?;
        socket.subscribe(log.id, token, Position(u64::from(u32::MAX))).await?;
        tasks.spawn(drain(socket, messages));
    }
    let mut sender = Socket::open(&server.url()).await?;
    sender.subscribe(log.id, &log.tokens[0], Position(u64::from(u32::MAX))).await?;
    let before = cpu_secs(server.process_id()?)?;
    send(sender, log.id, messages, 8, None).await?;
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let used = cpu_secs(server.process_id()?)? - before;
    Ok((listeners * messages) as f64 / used)
}

/// Counts entries by the frames' lengths: a listener that decodes a thousand times over would be what is measured.
async fn drain(mut socket: Socket, messages: usize) -> Result<()> {
    let mut heard = 0;
    while heard < messages {
        let frame = socket.hear_raw().await?;
        heard += frame.len() / MESSAGE_BYTES;
    }
    Ok(())
}

/// Seconds until somebody who was away has read `entries` that wait.
pub(crate) async fn away(server: &Server, log: &Log, entries: usize) -> Result<f64> {
    let mut sender = Socket::open(&server.url()).await?;
    sender.subscribe(log.id, &log.tokens[0], Position(u64::from(u32::MAX))).await?;
    send(sender, log.id, entries, 64, None).await?;
    let mut reader = Socket::open(&server.url()).await?;
    let started = Instant::now();
    let read = reader.subscribe(log.id, &log.tokens[1], Position(0)).await?;
    anyhow::ensure!(read as usize >= entries, "read {read} of {entries}");
    Ok(started.elapsed().as_secs_f64())
}

/// Resident bytes for each of `connections` that subscribe to `logs` and wait.
pub(crate) async fn idle(server: &Server, logs: &[Log], connections: usize) -> Result<f64> {
    let before = resident_bytes(server.process_id()?)?;
    let mut sockets = Vec::new();
    for _ in 0..connections {
        let mut socket = Socket::open(&server.url()).await?;
        for log in logs {
            socket.subscribe(log.id, &log.tokens[1], Position(u64::from(u32::MAX))).await?;
        }
        sockets.push(socket);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok((resident_bytes(server.process_id()?)? - before) / connections as f64)
}

/// Makes `count` logs of `members` each.
pub(crate) async fn logs(account: &mut Account, count: usize, members: usize) -> Result<Vec<Log>> {
    let mut logs = Vec::new();
    for _ in 0..count {
        logs.push(account.make_log(members).await?);
    }
    Ok(logs)
}
