//! Frames on their way out: a WebSocket header and the CBOR of a `ServerFrame`. What a server sends carries no mask, so the same
//! bytes serve every reader.

use allod_wire::log::EntriesPage;
use allod_wire::socket::ServerFrame;
use allod_wire::{LogId, cbor};
use bytes::Bytes;
use minicbor::Encode;

/// `final`, binary.
const BINARY: u8 = 0x82;

/// RFC 6455 section 5.5.2, without a payload.
pub(super) const PING: Bytes = Bytes::from_static(&[0x89, 0]);

/// Why a socket is closed, as RFC 6455 section 7.4.1 numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CloseCode {
    /// The server stops: come again in a moment.
    Restart = 1012,
    /// The peer broke the protocol.
    Policy = 1008,
}

/// `ServerFrame::Entries` of a page that others hold too.
#[derive(Encode)]
enum SharedPage<'a> {
    #[n(0)]
    Entries {
        #[n(0)]
        log: LogId,
        #[n(1)]
        page: &'a EntriesPage,
    },
}

pub(super) fn entries(log: LogId, page: &EntriesPage) -> Bytes {
    binary(&cbor::to_vec(&SharedPage::Entries { log, page }))
}

pub(super) fn frame(frame: &ServerFrame) -> Bytes {
    binary(&cbor::to_vec(frame))
}

pub(super) fn close(code: CloseCode) -> Bytes {
    let [high, low] = (code as u16).to_be_bytes();
    Bytes::copy_from_slice(&[0x88, 2, high, low])
}

/// RFC 6455 section 5.2.
fn binary(payload: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(payload.len() + 10);
    out.push(BINARY);
    match payload.len() {
        short @ 0..=125 => out.push(u8::try_from(short).expect("at most 125")),
        medium @ 126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&u16::try_from(medium).expect("at most 65,535").to_be_bytes());
        }
        long => {
            out.push(127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use allod_wire::{Commits, Position};
    use tungstenite::protocol::{Role, WebSocketContext};

    #[test]
    fn a_shared_page_has_the_bytes_of_the_frame_h_3() {
        let page = EntriesPage {
            entries: vec![],
            receipt: None,
            first: Position(1),
            last: Position(0),
            commits: Commits(0),
            head_before: [3; 32].into(),
        };
        let log = LogId([1; 32]);
        let whole = ServerFrame::Entries { log, page: page.clone() };
        assert_eq!(entries(log, &page), frame(&whole));
    }

    #[test]
    fn frames_of_each_length_are_read_by_a_client_h_3() {
        for length in [0, 125, 126, 65_535, 65_536, 300_000] {
            let mut bytes = std::io::Cursor::new(binary(&vec![7; length]).to_vec());
            let mut client = WebSocketContext::new(Role::Client, None);
            let message = client.read(&mut bytes).unwrap();
            assert_eq!(message.into_data(), vec![7; length]);
        }
    }
}
