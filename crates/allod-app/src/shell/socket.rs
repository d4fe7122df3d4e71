//! The two WebSockets, one for the account and one for the logs (rule H-6): opened, and opened again when they close.

use allod_client_core::Plane;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{BinaryType, MessageEvent, WebSocket};

use super::{Input, clock, post};

/// Waits before connecting again: doubled at each failure, up to the maximum.
const RETRY_FIRST_MILLIS: u32 = 500;
const RETRY_MILLIS_MAX: u32 = 30_000;

/// One of the two sockets.
pub(crate) struct Socket {
    plane: Plane,
    url: String,
    retry_millis: u32,
    /// Counts the attempts, so that an event of an earlier one is known as such.
    attempt: u64,
    live: Option<Live>,
}

struct Live {
    socket: WebSocket,
    is_open: bool,
    /// Kept alive as long as the socket.
    _handlers: [Closure<dyn FnMut(MessageEvent)>; 3],
}

impl Socket {
    /// A socket to `server` (`https://host`), not connected yet.
    pub(crate) fn new(plane: Plane, server: &str) -> Self {
        let url = format!("{}/v1/socket", server.replacen("http", "ws", 1));
        Self { plane, url, retry_millis: RETRY_FIRST_MILLIS, attempt: 0, live: None }
    }

    /// Whether it is open.
    pub(crate) fn is_open(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.is_open)
    }

    /// Whether `attempt` is the one that lives.
    pub(crate) fn is_current(&self, attempt: u64) -> bool {
        self.attempt == attempt && self.live.is_some()
    }

    /// Connects, unless it is open or about to be.
    pub(crate) fn connect(&mut self) {
        if self.live.is_some() {
            return;
        }
        self.attempt += 1;
        let (plane, attempt) = (self.plane, self.attempt);
        let Ok(socket) = WebSocket::new(&self.url) else { return self.retry_later() };
        socket.set_binary_type(BinaryType::Arraybuffer);
        let opened = Closure::new(move |_: MessageEvent| post(Input::SocketOpened(plane, attempt)));
        let closed = Closure::new(move |_: MessageEvent| post(Input::SocketClosed(plane, attempt)));
        let frame = Closure::new(move |event: MessageEvent| {
            if let Ok(buffer) = event.data().dyn_into::<ArrayBuffer>() {
                post(Input::Frame(plane, attempt, Uint8Array::new(&buffer).to_vec()));
            }
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(frame.as_ref().unchecked_ref()));
        self.live = Some(Live { socket, is_open: false, _handlers: [opened, closed, frame] });
    }

    /// The browser says that it is open.
    pub(crate) fn opened(&mut self) {
        self.retry_millis = RETRY_FIRST_MILLIS;
        if let Some(live) = &mut self.live {
            live.is_open = true;
        }
    }

    /// The browser says that it is closed: connects again later.
    pub(crate) fn closed(&mut self) {
        self.drop_live();
        self.retry_later();
    }

    /// The network is back, or the user asked: connects now.
    pub(crate) fn hurry(&mut self) {
        self.retry_millis = RETRY_FIRST_MILLIS;
        self.connect();
    }

    /// Says something, if it is open.
    pub(crate) fn send(&self, bytes: &[u8]) {
        if let Some(live) = self.live.as_ref().filter(|live| live.is_open) {
            // Refused only while the socket closes, which is reported by itself.
            drop(live.socket.send_with_u8_array(bytes));
        }
    }

    fn retry_later(&mut self) {
        let plane = self.plane;
        // Spread, so that a server that was restarted is not met by everybody at once.
        let spread = (js_sys::Math::random() * f64::from(self.retry_millis)) as u32;
        clock::after(self.retry_millis + spread, move || post(Input::Reconnect(plane)));
        self.retry_millis = (self.retry_millis * 2).min(RETRY_MILLIS_MAX);
    }

    fn drop_live(&mut self) {
        if let Some(live) = self.live.take() {
            live.socket.set_onopen(None);
            live.socket.set_onclose(None);
            live.socket.set_onmessage(None);
            drop(live.socket.close());
        }
    }
}
