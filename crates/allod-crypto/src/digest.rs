//! SHA-256, always with a label that says what is hashed (rule W-4), and of secrets for what is kept at rest.

use allod_wire::log::Digest;
use allod_wire::secrets::{ContactSecret, InboxTicket, InviteSecret, SessionToken, Ticket};
use sha2::{Digest as _, Sha256};

/// `SHA-256(len(label) || label || len(part) || part …)`, lengths as 8 bytes big-endian (rule W-4).
pub fn labelled(label: &str, parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    <[u8; 32]>::from(hash.finalize()).into()
}

/// Plain SHA-256, for what has its own framing (files, key digests).
pub fn sha256(bytes: &[u8]) -> Digest {
    <[u8; 32]>::from(Sha256::digest(bytes)).into()
}

/// SHA-256 over several chunks.
#[derive(Clone, Default)]
pub struct Sha256Stream(Sha256);

impl Sha256Stream {
    /// More bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all.
    pub fn finish(self) -> Digest {
        <[u8; 32]>::from(self.0.finalize()).into()
    }
}

impl std::fmt::Debug for Sha256Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256Stream")
    }
}

/// A bearer secret, of which a server keeps the digest alone (rule A-2).
pub trait BearerSecret {
    /// What the server keeps.
    fn at_rest(&self) -> Digest;
}

macro_rules! bearer {
    ($($secret:ident = $label:literal),*) => {
        $(impl BearerSecret for $secret {
            fn at_rest(&self) -> Digest {
                labelled($label, &[&self.0])
            }
        })*
    };
}
bearer!(
    SessionToken = "allod session v1",
    InviteSecret = "allod invite v1",
    Ticket = "allod ticket v1",
    InboxTicket = "allod inbox ticket v1",
    ContactSecret = "allod contact v1"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_be_shifted_into_each_other_w_4() {
        assert_ne!(labelled("l", &[b"ab", b"c"]), labelled("l", &[b"a", b"bc"]));
        assert_ne!(labelled("l", &[b"ab"]), labelled("la", &[b"b"]));
    }

    #[test]
    fn the_same_bytes_as_another_secret_have_another_digest() {
        assert_ne!(Ticket([1; 32]).at_rest(), SessionToken([1; 32]).at_rest());
    }
}
