//! What is under way, and when it arrives: a queue in the order of time.

use std::collections::BTreeMap;

use allod_client_core::{HttpRequest, Plane, RequestId};
use allod_wire::log::EntriesPage;
use allod_wire::secrets::TokenKey;
use allod_wire::socket::{ClientFrame, ServerFrame};
use allod_wire::{DeviceId, LogId, Position};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::RngCore;

use crate::device::Conn;

/// Something that happens.
pub enum Happening {
    /// A device's program starts.
    Start {
        /// Which device.
        device: usize,
    },
    /// A device has a network again.
    Online {
        /// Which device.
        device: usize,
    },
    /// A request reaches the server.
    Request {
        /// From which device,
        device: usize,
        /// in which run of its program.
        run: u64,
        /// Its name there.
        id: RequestId,
        /// The request.
        request: HttpRequest,
        /// The device hears of what comes of this copy.
        is_heard: bool,
    },
    /// An answer reaches a device; none if there was none.
    Answer {
        /// Which device,
        device: usize,
        /// in which run of its program.
        run: u64,
        /// Which request.
        id: RequestId,
        /// Status and body.
        answer: Option<(u16, Vec<u8>)>,
    },
    /// Rows of its own vault reach a device.
    Rows {
        /// Which device,
        device: usize,
        /// in which run of its program.
        run: u64,
        /// Its name for what it asked.
        id: RequestId,
        /// The first key.
        from: Vec<u8>,
        /// The key behind the last one.
        to: Vec<u8>,
        /// At most so many.
        limit: u32,
    },
    /// A connection is made, if it can be.
    Opened {
        /// By which device.
        device: usize,
        /// Which socket.
        plane: Plane,
        /// The connection.
        conn: Conn,
    },
    /// A connection breaks.
    Dropped {
        /// Which.
        conn: Conn,
    },
    /// A frame reaches the server.
    ToServer {
        /// On which connection.
        conn: Conn,
        /// The frame.
        frame: ClientFrame,
    },
    /// A frame reaches a device.
    ToDevice {
        /// On which connection.
        conn: Conn,
        /// The frame.
        frame: ServerFrame,
        /// The server changed it on the way.
        is_mangled: bool,
    },
    /// The server is there again.
    ServerUp,
    /// Somebody does something.
    Act,
}

/// A connection as the server has it.
pub struct Connection {
    /// Of which device.
    pub device: usize,
    /// Which of its sockets.
    pub plane: Plane,
    /// What it is told of.
    pub subscriptions: BTreeMap<LogId, (TokenKey, Position)>,
    /// Whose inbox it is told of.
    pub inbox: Option<(DeviceId, Position)>,
    /// When the last frame in each direction arrives: none overtakes another.
    pub last_up: u64,
    /// As above.
    pub last_down: u64,
}

/// What is under way.
#[derive(Default)]
pub struct Queue {
    happenings: BTreeMap<(u64, u64), Happening>,
    next: u64,
}

impl Queue {
    /// Puts something in.
    pub fn push(&mut self, at: u64, what: Happening) {
        self.next += 1;
        self.happenings.insert((at, self.next), what);
    }

    /// When the next thing happens.
    pub fn due(&self) -> Option<u64> {
        self.happenings.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next thing out.
    pub fn pop(&mut self) -> Option<Happening> {
        self.happenings.pop_first().map(|(_, what)| what)
    }
}

/// A number below `bound`.
pub fn below(rng: &mut ChaCha20Rng, bound: u64) -> u64 {
    rng.next_u64() % bound.max(1)
}

/// One time in `n`; never for 0.
pub fn one_in(rng: &mut ChaCha20Rng, n: u64) -> bool {
    n > 0 && below(rng, n) == 0
}

/// How a server lies without signing the lie: it changes a page on its way. Says whether there was anything to change.
pub fn mangle(page: &mut EntriesPage, rng: &mut ChaCha20Rng) -> bool {
    let count = page.entries.len();
    if count == 0 {
        return false;
    }
    let which = below(rng, count as u64) as usize;
    match below(rng, 4) {
        0 => {
            let middle = page.entries[which].new.payload.len() / 2;
            page.entries[which].new.payload[middle] ^= 1;
        }
        1 => drop(page.entries.remove(which)),
        2 if count > 1 => {
            let other = (which + 1) % count;
            let one = page.entries[which].new.clone();
            page.entries[which].new = std::mem::replace(&mut page.entries[other].new, one);
        }
        _ => page.entries[which].day = page.entries[which].day.plus(1),
    }
    true
}
