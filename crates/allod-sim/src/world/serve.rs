//! The server's side of the sockets.

use std::collections::BTreeMap;

use allod_client_core::Plane;
use allod_crypto::token::key_of_token;
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::secrets::TokenKey;
use allod_wire::socket::{ClientFrame, ServerFrame};
use allod_wire::{LogId, Position};

use crate::device::{Conn, Socket, socket_of};
use crate::network::{Connection, Happening, below, mangle, one_in};
use crate::world::World;

impl World {
    /// A device says a frame: lost if there is no connection, and sometimes the connection breaks over it.
    pub(crate) fn send_up(&mut self, device: usize, plane: Plane, frame: ClientFrame) {
        let Socket::Open(conn) = self.devices[device].sockets[socket_of(plane)] else { return };
        self.maybe_drop(conn);
        let at = self.later();
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        connection.last_up = connection.last_up.max(at);
        self.queue.push(connection.last_up, Happening::ToServer { conn, frame });
    }

    fn send_down(&mut self, conn: Conn, mut frame: ServerFrame) {
        self.maybe_drop(conn);
        let at = self.later();
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let mut is_mangled = false;
        if let ServerFrame::Entries { page, .. } = &mut frame {
            let often = self.weather.mangle;
            is_mangled = one_in(&mut self.rng, often) && mangle(page, &mut self.rng);
            self.tally.lies += u64::from(is_mangled);
        }
        connection.last_down = connection.last_down.max(at);
        self.queue.push(connection.last_down, Happening::ToDevice { conn, frame, is_mangled });
    }

    fn maybe_drop(&mut self, conn: Conn) {
        let often = self.weather.drop;
        if one_in(&mut self.rng, often) {
            self.tally.losses += 1;
            let at = self.now.0 + below(&mut self.rng, 400);
            self.queue.push(at, Happening::Dropped { conn });
        }
    }

    /// A frame reached the server.
    pub(crate) fn hear(&mut self, conn: Conn, frame: ClientFrame) {
        let Some(Connection { device, .. }) = self.connections.get(&conn) else { return };
        let device = *device;
        match frame {
            ClientFrame::Subscribe { log, token, after } => {
                if let Ok(key) = key_of_token(&token) {
                    self.keys.entry(log).or_default().insert(key, device);
                }
                self.tell(|world| format!("{} subscribes to {log:?} after {}", world.devices[device].name, after.0));
                match self.server.member(log, &token) {
                    Ok(key) => {
                        let page = self.server.logs[&log].seen_by(&key).page(after, self.server.hub());
                        let at = page.entries.last().map_or(after, |entry| entry.position);
                        self.devices[device].read_to.insert(log, after.0);
                        self.subscriptions(conn, |all| all.insert(log, (key, at)));
                        self.send_down(conn, ServerFrame::Entries { log, page });
                    }
                    Err(error) => self.send_down(conn, ServerFrame::Ended { log, error }),
                }
            }
            ClientFrame::Unsubscribe { log } => {
                self.subscriptions(conn, |all| all.remove(&log));
            }
            ClientFrame::Append { log, entry } => {
                let key = self.connections.get(&conn).and_then(|connection| connection.subscriptions.get(&log));
                let id = entry.id;
                let answer = match key.copied() {
                    Some((key, _)) => self.server.append(log, &key, entry, self.now),
                    None => Err(ErrorBody::new(ErrorCode::UnknownToken, "not subscribed")),
                };
                let answer = match answer {
                    Ok(receipt) => {
                        self.tell(|world| {
                            format!("{} appends {id:?} at {}", world.devices[device].name, receipt.body.position.0)
                        });
                        ServerFrame::Accepted { receipt }
                    }
                    Err(error) => {
                        self.tell(|world| format!("{} may not append {id:?}: {error}", world.devices[device].name));
                        ServerFrame::Refused { log, entry: id, error }
                    }
                };
                // Sometimes the others hear of it first.
                if one_in(&mut self.rng, 2) {
                    self.push_news();
                }
                self.send_down(conn, answer);
            }
            ClientFrame::Passed { log, position } => {
                let key = self.connections.get(&conn).and_then(|connection| connection.subscriptions.get(&log));
                if let (Some((key, _)), Some(held)) = (key.copied(), self.server.logs.get_mut(&log)) {
                    held.move_cursor(&key, position);
                }
            }
            // To whoever is subscribed now; what is lost on the way is lost (rule H-8).
            ClientFrame::Whisper { log, whisper } => {
                let is_subscribed = |(_, one): &(&Conn, &Connection)| one.subscriptions.contains_key(&log);
                let here: Vec<Conn> = self.connections.iter().filter(is_subscribed).map(|(conn, _)| *conn).collect();
                if here.contains(&conn) {
                    for other in here.into_iter().filter(|other| *other != conn) {
                        self.send_down(other, ServerFrame::Whisper { log, whisper });
                    }
                }
            }
            ClientFrame::SubscribeInbox { session, after } => match self.server.caller(&session, self.now) {
                Ok(caller) => {
                    let page = self.server.inbox(caller.device, after);
                    let at = page.items.last().map_or(after, |item| item.position);
                    if let Some(connection) = self.connections.get_mut(&conn) {
                        connection.inbox = Some((caller.device, at));
                    }
                    self.send_down(conn, ServerFrame::Inbox { page });
                }
                Err(error) => self.send_down(conn, ServerFrame::Failed { error }),
            },
        }
    }

    fn subscriptions(
        &mut self,
        conn: Conn,
        change: impl FnOnce(&mut BTreeMap<LogId, (TokenKey, Position)>) -> Option<(TokenKey, Position)>,
    ) {
        if let Some(connection) = self.connections.get_mut(&conn) {
            change(&mut connection.subscriptions);
        }
    }

    /// Sends everybody what they lack (rule H-4).
    pub(crate) fn push_news(&mut self) {
        if !self.is_up {
            return;
        }
        let mut frames = Vec::new();
        for (conn, connection) in &mut self.connections {
            let mut ended = Vec::new();
            for (log, (key, at)) in &mut connection.subscriptions {
                let Some(held) = self.server.logs.get(log) else { continue };
                let branch = held.seen_by(key);
                while branch.state.last > *at {
                    let page = branch.page(*at, self.server.hub());
                    let Some(last) = page.entries.last() else { break };
                    *at = last.position;
                    frames.push((*conn, ServerFrame::Entries { log: *log, page }));
                }
                if !branch.state.members.contains_key(key) {
                    ended.push(*log);
                }
            }
            for log in ended {
                connection.subscriptions.remove(&log);
                let error = ErrorBody::new(ErrorCode::UnknownToken, "revoked");
                frames.push((*conn, ServerFrame::Ended { log, error }));
            }
            if let Some((device, at)) = &mut connection.inbox {
                let page = self.server.inbox(*device, *at);
                if let Some(last) = page.items.last() {
                    *at = last.position;
                    frames.push((*conn, ServerFrame::Inbox { page }));
                }
            }
        }
        for (conn, frame) in frames {
            self.send_down(conn, frame);
        }
    }
}
