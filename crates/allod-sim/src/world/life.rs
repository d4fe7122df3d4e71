//! Devices and the server come, go and come back.

use std::collections::BTreeMap;

use allod_client_core::{ClientCore, Plane, Settings};
use allod_wire::account::DeviceClass;
use allod_wire::cbor;
use allod_wire::socket::ServerFrame;

use crate::check::Promise;
use crate::device::{Conn, Socket, socket_of};
use crate::network::{Connection, Happening, below};
use crate::world::World;

impl World {
    pub(super) fn start(&mut self, device: usize) {
        if self.devices[device].core.is_some() {
            return;
        }
        let held = &self.devices[device];
        let (core, effects) = if held.vault.is_empty() {
            let (link, user) = (held.link.clone(), held.user.clone());
            let settings = Settings { suite: self.suite };
            match ClientCore::join(&link, user, DeviceClass::Installed, settings, self.now, &mut self.rng) {
                Ok(joined) => joined,
                Err(error) => return self.broken(Promise::NoMistakes, format!("a link that is refused: {error}")),
            }
        } else {
            match held.restore() {
                Ok(mut core) => {
                    let effects = core.start(self.now, &mut self.rng);
                    (core, effects)
                }
                Err(error) => return self.broken(Promise::NoMistakes, format!("a vault that is damaged: {error}")),
            }
        };
        self.tell(|world| format!("{} starts", world.devices[device].name));
        let me = core.me_view().map(|me| (me.device, me.address));
        let held = &mut self.devices[device];
        held.identity = me.or(held.identity.take());
        held.core = Some(core);
        held.run += 1;
        self.carry_out(device, effects);
    }

    /// The program ends without warning; it is started again later.
    pub fn crash(&mut self, device: usize) {
        self.tally.crashes += 1;
        self.tell(|world| format!("{} crashes", world.devices[device].name));
        let held = &mut self.devices[device];
        held.core = None;
        held.crash_in = None;
        held.run += 1;
        held.sockets = [Socket::Closed; 2];
        self.connections.retain(|_, connection| connection.device != device);
        let at = self.now.0 + 100 + below(&mut self.rng, 8_000);
        self.queue.push(at, Happening::Start { device });
    }

    /// The device loses its network for a while.
    pub fn go_offline(&mut self, device: usize, millis: u64) {
        self.tell(|world| format!("{} loses its network", world.devices[device].name));
        self.devices[device].is_online = false;
        for socket in self.devices[device].sockets {
            if let Socket::Open(conn) = socket {
                self.drop_connection(conn);
            }
        }
        self.queue.push(self.now.0 + millis, Happening::Online { device });
    }

    /// The server stops and starts again: what was under way with it is gone.
    pub fn restart_server(&mut self, forget_sessions: bool, millis: u64) {
        self.tell(|_| "the server stops".into());
        self.is_up = false;
        self.server.restart(forget_sessions);
        let all: Vec<Conn> = self.connections.keys().copied().collect();
        all.into_iter().for_each(|conn| self.drop_connection(conn));
        self.queue.push(self.now.0 + millis, Happening::ServerUp);
    }

    pub(super) fn connect_all(&mut self) {
        for device in 0..self.devices.len() {
            if self.devices[device].joined().is_none() || !self.devices[device].is_online {
                continue;
            }
            for plane in [Plane::Account, Plane::Log] {
                if self.devices[device].sockets[socket_of(plane)] == Socket::Closed {
                    self.next_conn += 1;
                    let conn = self.next_conn;
                    self.devices[device].sockets[socket_of(plane)] = Socket::Opening(conn);
                    let at = self.now.0 + 50 + below(&mut self.rng, 700);
                    self.queue.push(at, Happening::Opened { device, plane, conn });
                }
            }
        }
    }

    pub(super) fn opened(&mut self, device: usize, plane: Plane, conn: Conn) {
        let held = &mut self.devices[device];
        let socket = &mut held.sockets[socket_of(plane)];
        if *socket != Socket::Opening(conn) {
            return;
        }
        if !self.is_up || !held.is_online {
            *socket = Socket::Closed;
            return;
        }
        *socket = Socket::Open(conn);
        let connection = Connection {
            device,
            plane,
            subscriptions: BTreeMap::new(),
            inbox: None,
            last_up: self.now.0,
            last_down: self.now.0,
        };
        self.connections.insert(conn, connection);
        self.with_core(device, |core, now, rng| core.handle_socket_opened(plane, now, rng));
    }

    /// A connection breaks; both sides know.
    pub(crate) fn drop_connection(&mut self, conn: Conn) {
        let Some(Connection { device, plane, .. }) = self.connections.remove(&conn) else { return };
        self.devices[device].sockets[socket_of(plane)] = Socket::Closed;
        self.with_core(device, |core, now, _| core.handle_socket_closed(plane, now));
    }

    pub(super) fn deliver(&mut self, conn: Conn, frame: &ServerFrame, is_mangled: bool) {
        let Some(Connection { device, plane, .. }) = self.connections.get(&conn) else { return };
        let (device, plane) = (*device, *plane);
        if let ServerFrame::Entries { log, page } = frame
            && let Some(last) = page.entries.last().filter(|_| !is_mangled)
        {
            self.devices[device].read_to.insert(*log, last.position.0);
        }
        self.with_core(device, |core, now, rng| core.handle_frame(plane, &cbor::to_vec(frame), now, rng));
        if matches!(frame, ServerFrame::Failed { .. }) {
            self.drop_connection(conn);
        }
    }
}
