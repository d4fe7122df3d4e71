//! Bytes in and out of a socket. Incoming bytes go through one buffer for each thread, so a connection on which nothing comes
//! holds none; outgoing frames leave together, as many as there are, without being copied.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use allod_wire::limits::FRAME_BYTES_MAX;
use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

/// Bytes that one read takes at most.
const READ_BYTES: usize = 64 << 10;
/// What the parser sets aside for each connection.
const PARSER_BYTES: usize = 1 << 10;
/// Frames that leave in one write at most.
const WRITE_FRAMES: usize = 64;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// What came in.
#[derive(Debug)]
pub(super) enum Incoming {
    /// One message of the peer.
    Message(Bytes),
    /// Something that is no business of ours but shows that the peer is there.
    Alive,
    /// The peer closed, or sent what is no WebSocket.
    Over,
    /// The peer sent more in one message than it may.
    TooLarge,
    /// The peer sent text, which is no frame.
    Text,
}

/// The parser of one connection.
#[derive(Debug)]
pub(super) struct Parser(WebSocketContext);

impl Parser {
    pub(super) fn new() -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(PARSER_BYTES)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        Self(WebSocketContext::new(Role::Server, Some(config)))
    }

    /// Reads once from `io` and hands on what came, whole message by whole message. Answers to pings go to `out`.
    /// `Ready(Ok(0))` is the end.
    pub(super) fn poll_read<I: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut I,
        out: &mut Outgoing,
        messages: &mut Vec<Incoming>,
    ) -> Poll<io::Result<usize>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(io).poll_read(cx, &mut buffer))?;
            self.parse(buffer.filled(), out, messages);
            Poll::Ready(Ok(buffer.filled().len()))
        })
    }

    pub(super) fn parse(&mut self, bytes: &[u8], out: &mut Outgoing, messages: &mut Vec<Incoming>) {
        let mut pipe = Pipe { input: bytes, out };
        loop {
            let message = match self.0.read(&mut pipe) {
                Ok(Message::Binary(bytes)) => Incoming::Message(bytes),
                Ok(Message::Text(_)) => Incoming::Text,
                Ok(Message::Close(_)) => {
                    // The answer to a close leaves with the next flush; then there is nothing more to say.
                    let _ = self.0.flush(&mut pipe);
                    Incoming::Over
                }
                Ok(_) => Incoming::Alive,
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(Error::Capacity(_)) => Incoming::TooLarge,
                Err(_) => Incoming::Over,
            };
            let is_last = !matches!(message, Incoming::Message(_) | Incoming::Alive);
            messages.push(message);
            if is_last {
                return;
            }
        }
    }
}

/// What the parser reads from and writes to.
struct Pipe<'a> {
    input: &'a [u8],
    out: &'a mut Outgoing,
}

impl Read for Pipe<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { self.input.read(buffer) }
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.push(Bytes::copy_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Frames that wait to leave.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    frames: VecDeque<Bytes>,
    bytes: usize,
}

impl Outgoing {
    pub(super) fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Writes what the peer takes; `Ready` when all is gone. Adds to `written` what left.
    pub(super) fn poll_write<I: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut I,
        written: &mut usize,
    ) -> Poll<io::Result<()>> {
        while !self.frames.is_empty() {
            let mut slices = [IoSlice::new(&[]); WRITE_FRAMES];
            let count = self.frames.len().min(WRITE_FRAMES);
            for (slice, frame) in slices.iter_mut().zip(&self.frames) {
                *slice = IoSlice::new(frame);
            }
            let taken = ready!(Pin::new(&mut *io).poll_write_vectored(cx, &slices[..count]))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *written += taken;
            self.advance(taken);
        }
        // A connection that was busy once does not keep the room for it.
        if self.frames.capacity() > WRITE_FRAMES {
            self.frames.shrink_to(WRITE_FRAMES / 8);
        }
        Pin::new(io).poll_flush(cx)
    }

    fn advance(&mut self, mut taken: usize) {
        self.bytes -= taken;
        while let Some(front) = self.frames.front_mut().filter(|_| taken > 0) {
            if front.len() > taken {
                front.advance(taken);
                return;
            }
            taken -= front.len();
            self.frames.pop_front();
        }
    }
}
