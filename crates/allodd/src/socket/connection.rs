//! One peer, one task. Spec: `spec/http.md`, rules H-3 to H-8.
//!
//! Invariants:
//! - the entries of a subscription leave in order and without gaps: a frame leaves only if it begins right after `after`, else
//!   the store is asked for what is missing;
//! - nothing is read for a peer that has not taken what was read before (rule H-5), and nothing is taken from a peer that has
//!   too much in flight;
//! - what several causes have made ready leaves in one write.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::mem;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use allod_crypto::token::key_of_token;
use allod_server_core::{Caller, Store};
use allod_wire::inbox::InboxPage;
use allod_wire::limits::{FRAME_BYTES_MAX, SUBSCRIPTIONS_MAX};
use allod_wire::log::{EntriesPage, NewEntry};
use allod_wire::secrets::{SessionToken, Token, TokenKey};
use allod_wire::socket::{ClientFrame, ServerFrame, Whisper};
use allod_wire::{ErrorBody, ErrorCode, LogId, Position, cbor};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, Sleep, sleep};

use super::fanout::{Mailbox, Note};
use super::frames::{self, CloseCode, frame};
use super::reads::{self, Answer, Done};
use super::transport::{Incoming, Outgoing, Parser};
use crate::credentials::unknown_token;
use crate::listen::Transport;
use crate::server::Server;

/// Writes in flight for one peer at most.
const IN_FLIGHT_MAX: usize = 256;
/// Their bytes at most, before nothing more is taken from the peer.
const IN_FLIGHT_BYTES_MAX: usize = 8 << 20;
/// Bytes that wait to leave, before nothing more is read from the store or the mailbox's frames.
const OUT_BYTES_MAX: usize = 256 << 10;

/// Serves a peer until it goes, breaks the protocol, or the server stops. `early` came with the handshake.
pub(super) async fn run<S: Store>(server: Arc<Server<S>>, io: Transport, early: Vec<u8>, from: IpAddr) {
    server.counters.sockets.up();
    let mut connection = Box::new(Connection::new(server, io, from));
    connection.take_bytes(&early);
    drop(early);
    poll_fn(|cx| connection.poll(cx)).await;
    connection.part();
}

struct Connection<S> {
    server: Arc<Server<S>>,
    io: Transport,
    parser: Parser,
    out: Outgoing,
    mailbox: Arc<Mailbox>,
    from: IpAddr,
    subscriptions: HashMap<LogId, Subscription>,
    next_number: u32,
    inbox: Option<Box<Inbox>>,
    writes: FuturesUnordered<BoxFuture<'static, Done>>,
    write_bytes: usize,
    to_read: VecDeque<ToRead>,
    reading: Option<BoxFuture<'static, Answer>>,
    pulse: Pin<Box<Sleep>>,
    heard: bool,
    wrote: bool,
    silent: u8,
    stalled: u8,
    is_gathering: bool,
    phase: Phase,
}

/// Whether the connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// The server stops: what is in flight is answered first.
    Stopping,
    /// Nothing more is taken; what waits leaves.
    Closing,
}

struct Subscription {
    number: u32,
    key: TokenKey,
    /// The last position that was sent, or that the peer had.
    after: Position,
    /// The last position that is known to exist.
    known: Position,
    /// There may be more than a reading that is under way will show.
    again: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waits for its first page, which is sent even if it is empty.
    New,
    /// Waits for a page from the store.
    Behind,
    /// Has everything.
    Live,
}

struct Inbox {
    session: SessionToken,
    caller: Option<Caller>,
    after: Position,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ToRead {
    Log(LogId),
    Inbox,
    Session,
}

impl<S: Store> Connection<S> {
    fn new(server: Arc<Server<S>>, io: Transport, from: IpAddr) -> Self {
        let mailbox = server.fanout.open();
        let phase = if *server.stopping.borrow() { Phase::Stopping } else { Phase::Open };
        Self {
            pulse: Box::pin(sleep(half_idle(&server))),
            server,
            io,
            parser: Parser::new(),
            out: Outgoing::default(),
            mailbox,
            from,
            subscriptions: HashMap::new(),
            next_number: 0,
            inbox: None,
            writes: FuturesUnordered::new(),
            write_bytes: 0,
            to_read: VecDeque::new(),
            reading: None,
            heard: true,
            wrote: false,
            silent: 0,
            stalled: 0,
            is_gathering: false,
            phase,
        }
    }

    /// Takes it out of all lists.
    fn part(&mut self) {
        for log in self.subscriptions.keys() {
            self.server.fanout.leave(*log, &self.mailbox);
        }
        if let Some(caller) = self.inbox.take().and_then(|inbox| inbox.caller) {
            self.server.fanout.leave_inbox(caller.device, &self.mailbox);
        }
        self.server.fanout.close(&self.mailbox);
        self.server.counters.sockets.down();
    }

    /// `Ready` when the connection is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.poll_mail(cx);
            self.poll_store(cx);
            if self.poll_pulse(cx).is_ready() {
                return Poll::Ready(());
            }
            match self.poll_incoming(cx) {
                Poll::Ready(true) => continue,
                Poll::Ready(false) => return Poll::Ready(()),
                Poll::Pending => {}
            }
            if self.phase == Phase::Stopping && self.writes.is_empty() {
                self.out.push(frames::close(CloseCode::Restart));
                self.phase = Phase::Closing;
            }
            if self.out.is_empty() {
                if self.phase == Phase::Closing {
                    return Poll::Ready(());
                }
                return Poll::Pending;
            }
            // Other causes of the same commit are about to wake this task: their frames leave in the same write.
            if !mem::replace(&mut self.is_gathering, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let mut written = 0;
            let gone = self.out.poll_write(cx, &mut self.io, &mut written);
            self.wrote |= written > 0;
            match gone {
                Poll::Ready(Ok(())) => self.is_gathering = false,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_mail(&mut self, cx: &mut Context<'_>) {
        loop {
            let notes = self.mailbox.take(cx.waker());
            if notes.is_empty() {
                return;
            }
            notes.into_iter().for_each(|note| self.take_note(note));
        }
    }

    fn take_note(&mut self, note: Note) {
        match note {
            Note::Frame { log, number, first, last, bytes } => {
                let Some(subscription) = self.subscriptions.get_mut(&log).filter(|one| one.number == number) else {
                    return;
                };
                subscription.known = subscription.known.max(last);
                if subscription.state != State::Live || last <= subscription.after {
                    return;
                }
                if first == subscription.after.next() && self.out.bytes() < OUT_BYTES_MAX {
                    subscription.after = last;
                    self.out.push(bytes);
                    self.server.counters.frames_delivered.up();
                } else {
                    subscription.state = State::Behind;
                    self.to_read.push_back(ToRead::Log(log));
                }
            }
            Note::Behind { log, number } => {
                if let Some(subscription) = self.subscriptions.get_mut(&log).filter(|one| one.number == number) {
                    subscription.again = true;
                    if subscription.state == State::Live {
                        subscription.state = State::Behind;
                        self.to_read.push_back(ToRead::Log(log));
                    }
                }
            }
            Note::Ended { log, number } => {
                if self.subscriptions.get(&log).is_some_and(|one| one.number == number) {
                    self.end(log, unknown_token());
                }
            }
            Note::Whisper { log, number, bytes } => {
                let is_granted = |one: &Subscription| one.number == number && one.state != State::New;
                if self.subscriptions.get(&log).is_some_and(is_granted) && self.out.bytes() < OUT_BYTES_MAX {
                    self.out.push(bytes);
                }
            }
            Note::Inbox => self.want_inbox(),
            Note::SessionEnded => self.to_read.push_back(ToRead::Session),
            Note::CompareAll => {
                for (log, subscription) in &mut self.subscriptions {
                    if subscription.state == State::Live {
                        subscription.state = State::Behind;
                        self.to_read.push_back(ToRead::Log(*log));
                    }
                }
                self.want_inbox();
                self.to_read.push_back(ToRead::Session);
            }
            Note::Stop if self.phase == Phase::Open => self.phase = Phase::Stopping,
            Note::Stop => {}
        }
    }

    fn want_inbox(&mut self) {
        match &mut self.inbox {
            Some(inbox) if inbox.state == State::Live => {
                inbox.state = State::Behind;
                self.to_read.push_back(ToRead::Inbox);
            }
            // What is being read now may miss what has just come.
            Some(_) if self.reading.is_some() => self.to_read.push_back(ToRead::Inbox),
            _ => {}
        }
    }

    fn poll_store(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(done)) = self.writes.poll_next_unpin(cx) {
            self.write_bytes -= done.bytes;
            if let Some(frame) = done.frame {
                self.out.push(frame);
            }
        }
        loop {
            if self.reading.is_none() {
                if self.out.bytes() >= OUT_BYTES_MAX || self.phase == Phase::Closing {
                    return;
                }
                let Some(next) = self.to_read.pop_front() else { return };
                self.reading = self.begin(next);
            }
            let Some(reading) = &mut self.reading else { continue };
            let Poll::Ready(answer) = reading.as_mut().poll(cx) else { return };
            self.reading = None;
            match answer {
                Answer::Log(log, number, page) => self.take_page(log, number, *page),
                Answer::Inbox(page) => self.take_inbox(page),
                Answer::Session(caller) => self.take_caller(caller),
            }
        }
    }

    fn begin(&mut self, next: ToRead) -> Option<BoxFuture<'static, Answer>> {
        let server = Arc::clone(&self.server);
        match next {
            ToRead::Log(log) => {
                let one = self.subscriptions.get_mut(&log).filter(|one| one.state != State::Live)?;
                one.again = false;
                Some(reads::log(server, log, one.number, one.key, one.after))
            }
            ToRead::Inbox => {
                let inbox = self.inbox.as_ref()?;
                Some(reads::inbox(server, inbox.caller.clone()?, inbox.after))
            }
            ToRead::Session => Some(reads::session(server, self.inbox.as_ref()?.session.clone())),
        }
    }

    fn take_page(&mut self, log: LogId, number: u32, page: Result<EntriesPage, ErrorBody>) {
        let Some(subscription) = self.subscriptions.get_mut(&log).filter(|one| one.number == number) else { return };
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                let is_strange = subscription.state == State::New && error.code == ErrorCode::UnknownToken;
                self.end(log, error);
                if is_strange {
                    self.charge_address();
                }
                return;
            }
        };
        if subscription.state == State::New || !page.entries.is_empty() {
            self.out.push(frames::entries(log, &page));
            self.server.counters.pages_caught_up.up();
        }
        // An empty page is at the end, or what it would hold is gone (rule L-10).
        // A peer that asked beyond the end goes on at the end.
        subscription.after = page.entries.last().map_or(page.last, |entry| entry.position);
        let more = subscription.again || page.last.max(subscription.known) > subscription.after;
        subscription.state = if more { State::Behind } else { State::Live };
        if more {
            self.to_read.push_back(ToRead::Log(log));
        }
    }

    fn take_inbox(&mut self, page: Result<InboxPage, ErrorBody>) {
        let Some(inbox) = &mut self.inbox else { return };
        let page = match page {
            Ok(page) => page,
            Err(error) => return self.fail(error),
        };
        let is_first = inbox.state == State::New;
        let Some(last) = page.items.last() else {
            inbox.state = State::Live;
            if is_first {
                self.out.push(frame(&ServerFrame::Inbox { page }));
            }
            return;
        };
        inbox.after = last.position;
        inbox.state = State::Behind;
        self.to_read.push_back(ToRead::Inbox);
        self.out.push(frame(&ServerFrame::Inbox { page }));
    }

    fn take_caller(&mut self, caller: Result<Caller, ErrorBody>) {
        let Some(inbox) = &mut self.inbox else { return };
        match caller {
            Ok(caller) if inbox.caller.is_none() => {
                self.server.fanout.listen_inbox(caller.device, &self.mailbox);
                inbox.caller = Some(caller);
                self.to_read.push_back(ToRead::Inbox);
            }
            Ok(_) => {}
            // A store that cannot answer now says nothing about a session that was good.
            Err(error) if error.code == ErrorCode::Unavailable && inbox.caller.is_some() => {}
            Err(error) => {
                let is_strange = inbox.caller.is_none();
                self.fail(error);
                if is_strange {
                    self.charge_address();
                }
            }
        }
    }

    /// Every half idle time: whoever was silent or took nothing for the whole of it is dropped.
    fn poll_pulse(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.pulse.as_mut().poll(cx).is_ready() {
            let next = Instant::now() + half_idle(&self.server);
            self.pulse.as_mut().reset(next);
            let is_stuck = !self.out.is_empty() && !mem::take(&mut self.wrote);
            self.stalled = if is_stuck { self.stalled + 1 } else { 0 };
            self.silent = if mem::take(&mut self.heard) { 0 } else { self.silent + 1 };
            if self.stalled >= 2 || self.silent >= 2 || self.phase == Phase::Closing {
                self.server.counters.sockets_stalled.up();
                return Poll::Ready(());
            }
            if self.out.is_empty() {
                self.out.push(frames::PING);
            }
            if self.inbox.is_some() {
                self.to_read.push_back(ToRead::Session);
            }
        }
        Poll::Pending
    }

    /// `Ready(true)` if something came, `Ready(false)` at the end.
    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let is_busy = self.writes.len() >= IN_FLIGHT_MAX
            || self.write_bytes >= IN_FLIGHT_BYTES_MAX
            || self.out.bytes() >= OUT_BYTES_MAX;
        if is_busy || self.phase != Phase::Open {
            return Poll::Pending;
        }
        let mut messages = Vec::new();
        match self.parser.poll_read(cx, &mut self.io, &mut self.out, &mut messages) {
            Poll::Ready(Ok(1..)) => {
                self.heard = true;
                messages.into_iter().for_each(|message| self.take_message(message));
                Poll::Ready(true)
            }
            Poll::Ready(_) => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    }

    fn take_bytes(&mut self, bytes: &[u8]) {
        let mut messages = Vec::new();
        self.parser.parse(bytes, &mut self.out, &mut messages);
        messages.into_iter().for_each(|message| self.take_message(message));
    }

    fn take_message(&mut self, message: Incoming) {
        if self.phase == Phase::Closing {
            return;
        }
        match message {
            Incoming::Message(bytes) => match cbor::from_slice_bounded(&bytes, FRAME_BYTES_MAX) {
                Ok(frame) => self.take_frame(frame),
                Err(error) => self.fail(ErrorBody::new(ErrorCode::Malformed, error.to_string())),
            },
            Incoming::Text => self.fail(ErrorBody::new(ErrorCode::Malformed, "frames are binary")),
            Incoming::TooLarge => {
                let message = format!("longer than {FRAME_BYTES_MAX} bytes");
                self.fail(ErrorBody::new(ErrorCode::TooLarge, message));
            }
            Incoming::Over => self.phase = Phase::Closing,
            Incoming::Alive => {}
        }
    }

    fn take_frame(&mut self, frame: ClientFrame) {
        match frame {
            ClientFrame::Subscribe { log, token, after } => self.subscribe(log, &token, after),
            ClientFrame::Unsubscribe { log } => self.forget(log),
            ClientFrame::Append { log, entry } => self.append(log, entry),
            ClientFrame::Passed { log, position } => {
                let Some(one) = self.subscriptions.get(&log) else { return };
                if self.server.limits.entry(log, 1, self.server.now()).is_ok() {
                    self.writes.push(reads::passed(Arc::clone(&self.server), log, one.key, position));
                }
            }
            ClientFrame::SubscribeInbox { session, after } => self.subscribe_inbox(session, after),
            ClientFrame::Whisper { log, whisper } => self.whisper(log, whisper),
        }
    }

    fn subscribe(&mut self, log: LogId, token: &Token, after: Position) {
        if self.inbox.is_some() {
            return self.fail(ErrorBody::new(ErrorCode::NotAllowed, "logs and an inbox need a socket each"));
        }
        self.forget(log);
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            let message = format!("at most {SUBSCRIPTIONS_MAX} logs on one socket");
            return self.refuse(log, ErrorBody::new(ErrorCode::TooLarge, message));
        }
        let Ok(key) = key_of_token(token) else {
            self.charge_address();
            return self.refuse(log, unknown_token());
        };
        let number = self.next_number;
        self.next_number = self.next_number.wrapping_add(1);
        // First in the list, then read: so nothing falls between.
        self.server.fanout.listen(log, &self.mailbox, number, key);
        self.subscriptions
            .insert(log, Subscription { number, key, after, known: Position(0), again: false, state: State::New });
        self.to_read.push_back(ToRead::Log(log));
    }

    fn append(&mut self, log: LogId, entry: NewEntry) {
        let allowed = match self.subscriptions.get(&log) {
            Some(one) => self.server.limits.entry(log, entry.payload.len(), self.server.now()).map(|()| one.key),
            None => Err(unknown_token()),
        };
        match allowed {
            Ok(key) => {
                self.write_bytes += entry.payload.len();
                self.writes.push(reads::append(Arc::clone(&self.server), log, key, entry));
            }
            Err(error) => self.out.push(frame(&ServerFrame::Refused { log, entry: entry.id, error })),
        }
    }

    /// Hands a whisper to those who listen, or drops it (rule H-8).
    fn whisper(&self, log: LogId, whisper: Whisper) {
        let Some(one) = self.subscriptions.get(&log).filter(|one| one.state != State::New) else { return };
        if self.server.limits.whisper(one.key, self.server.now()).is_ok() {
            self.server.fanout.whisper(log, &self.mailbox, whisper);
        }
    }

    fn subscribe_inbox(&mut self, session: SessionToken, after: Position) {
        if !self.subscriptions.is_empty() {
            return self.fail(ErrorBody::new(ErrorCode::NotAllowed, "logs and an inbox need a socket each"));
        }
        if let Some(caller) = self.inbox.take().and_then(|inbox| inbox.caller) {
            self.server.fanout.leave_inbox(caller.device, &self.mailbox);
        }
        self.inbox = Some(Box::new(Inbox { session, caller: None, after, state: State::New }));
        self.to_read.push_back(ToRead::Session);
    }

    /// A subscription ends for a reason that the peer is told.
    fn end(&mut self, log: LogId, error: ErrorBody) {
        self.forget(log);
        self.refuse(log, error);
    }

    fn refuse(&mut self, log: LogId, error: ErrorBody) {
        self.out.push(frame(&ServerFrame::Ended { log, error }));
    }

    fn forget(&mut self, log: LogId) {
        if self.subscriptions.remove(&log).is_some() {
            self.server.fanout.leave(log, &self.mailbox);
        }
    }

    /// Whoever tries secrets pays with the allowance of its address (rule A-9).
    fn charge_address(&mut self) {
        if let Err(error) = self.server.limits.address(self.from, self.server.now()) {
            self.fail(error);
        }
    }

    /// The socket as a whole is at fault (rule H-3).
    fn fail(&mut self, error: ErrorBody) {
        if self.phase != Phase::Closing {
            self.out.push(frame(&ServerFrame::Failed { error }));
            self.out.push(frames::close(CloseCode::Policy));
            self.phase = Phase::Closing;
        }
    }
}

fn half_idle<S>(server: &Server<S>) -> Duration {
    Duration::from_millis(u64::from(server.config.limits.idle_secs) * 500)
}
