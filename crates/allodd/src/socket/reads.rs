//! What a connection asks of the store, as futures that hold nothing of the connection.

use std::sync::Arc;

use allod_server_core::{Caller, Store};
use allod_wire::inbox::InboxPage;
use allod_wire::log::{EntriesPage, NewEntry};
use allod_wire::secrets::{SessionToken, TokenKey};
use allod_wire::socket::ServerFrame;
use allod_wire::{ErrorBody, LogId, Position};
use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::frames::frame;
use crate::server::Server;

/// Entries in one page for a socket at most: a reader that is behind gets the next page when it has taken this one.
const PAGE_ENTRIES: u32 = 512;

/// What was read.
#[derive(Debug)]
pub(super) enum Answer {
    /// A page of a log, for the subscription of this number.
    Log(LogId, u32, Box<Result<EntriesPage, ErrorBody>>),
    /// A page of the inbox.
    Inbox(Result<InboxPage, ErrorBody>),
    /// Whose session this is.
    Session(Result<Caller, ErrorBody>),
}

/// What came of a write: a frame for the peer, and how many bytes of the peer's it took.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) frame: Option<Bytes>,
    pub(super) bytes: usize,
}

pub(super) fn log<S: Store>(
    server: Arc<Server<S>>,
    log: LogId,
    number: u32,
    key: TokenKey,
    after: Position,
) -> BoxFuture<'static, Answer> {
    Box::pin(async move {
        let page = server.store.read_entries(log, key, after, PAGE_ENTRIES).await;
        Answer::Log(log, number, Box::new(page.map_err(|failure| failure.body())))
    })
}

pub(super) fn inbox<S: Store>(server: Arc<Server<S>>, caller: Caller, after: Position) -> BoxFuture<'static, Answer> {
    Box::pin(async move {
        let page = server.store.read_inbox(&caller, after).await;
        Answer::Inbox(page.map_err(|failure| failure.body()))
    })
}

pub(super) fn session<S: Store>(server: Arc<Server<S>>, session: SessionToken) -> BoxFuture<'static, Answer> {
    Box::pin(async move {
        let caller = server.store.authenticate(session, server.now()).await;
        Answer::Session(caller.map_err(|failure| failure.body()))
    })
}

pub(super) fn append<S: Store>(
    server: Arc<Server<S>>,
    log: LogId,
    key: TokenKey,
    entry: NewEntry,
) -> BoxFuture<'static, Done> {
    Box::pin(async move {
        let (id, bytes, now) = (entry.id, entry.payload.len(), server.now());
        let answer = match server.store.append(log, key, entry, now).await {
            Ok(receipt) => {
                server.counters.entries_accepted.up();
                ServerFrame::Accepted { receipt }
            }
            Err(failure) => ServerFrame::Refused { log, entry: id, error: failure.body() },
        };
        Done { frame: Some(frame(&answer)), bytes }
    })
}

/// A cursor that does not move has no answer: the next one says more.
pub(super) fn passed<S: Store>(
    server: Arc<Server<S>>,
    log: LogId,
    key: TokenKey,
    position: Position,
) -> BoxFuture<'static, Done> {
    Box::pin(async move {
        let _ = server.store.move_cursor(log, key, position).await;
        Done { frame: None, bytes: 0 }
    })
}
