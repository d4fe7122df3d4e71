//! Links that people pass on. What is secret stands behind `#`, which browsers do not send to any server (rule A-8).

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;

use crate::address::UserName;
use crate::cbor::DecodeError;
use crate::secrets::{ContactSecret, InviteSecret};

/// Why a text is no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// not `https://host/#kind…` (or `http://` for a server on this machine).
    #[error("not a link of an Allod server")]
    NotALink,
    /// the part behind `#` is cut or changed.
    #[error("the link is incomplete: ask for it again")]
    Incomplete,
}

impl From<DecodeError> for LinkError {
    fn from(_: DecodeError) -> Self {
        Self::Incomplete
    }
}

/// What a link grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkKind {
    /// An account.
    Join(InviteSecret),
    /// One more device of an account: the server's secret, and the identity key's seed for the new device alone.
    Device {
        /// Spent at the server.
        secret: InviteSecret,
        /// The account's name.
        name: UserName,
        /// Never leaves the two devices.
        identity_seed: InviteSecret,
    },
    /// First contact with a user.
    Contact {
        /// The user.
        name: UserName,
        /// Shown at the claim.
        secret: ContactSecret,
    },
}

/// A link: a server, and what it grants there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where the server is, such as `https://chat.justice.example`, without a slash at the end.
    pub server: String,
    /// What it grants.
    pub kind: LinkKind,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/#", self.server)?;
        match &self.kind {
            LinkKind::Join(secret) => write!(f, "join/{}", secret.reveal()),
            LinkKind::Device { secret, name, identity_seed } => {
                write!(f, "device/{name}/{}/{}", secret.reveal(), identity_seed.reveal())
            }
            LinkKind::Contact { name, secret } => write!(f, "contact/{name}/{}", secret.reveal()),
        }
    }
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let (server, fragment) = text.trim().split_once("/#").ok_or(LinkError::NotALink)?;
        let host = server.strip_prefix("https://").or_else(|| server.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', '@', ' '])) {
            return Err(LinkError::NotALink);
        }
        let parts: Vec<&str> = fragment.split('/').collect();
        let name = |text: &str| text.parse().map_err(|_| LinkError::Incomplete);
        let kind = match parts[..] {
            ["join", secret] => LinkKind::Join(secret.parse()?),
            ["device", user, secret, seed] => {
                LinkKind::Device { secret: secret.parse()?, name: name(user)?, identity_seed: seed.parse()? }
            }
            ["contact", user, secret] => LinkKind::Contact { name: name(user)?, secret: secret.parse()? },
            ["join" | "device" | "contact", ..] => return Err(LinkError::Incomplete),
            _ => return Err(LinkError::NotALink),
        };
        Ok(Self { server: server.to_owned(), kind })
    }
}

/// Bytes as base64url without padding, as in links.
pub fn to_text(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_reads_back() {
        let secret = InviteSecret([3; 32]);
        let name: UserName = "alice".parse().unwrap();
        for kind in [
            LinkKind::Join(secret.clone()),
            LinkKind::Device { secret: secret.clone(), name: name.clone(), identity_seed: secret },
            LinkKind::Contact { name, secret: ContactSecret([4; 32]) },
        ] {
            let link = Link { server: "http://localhost:8440".to_owned(), kind };
            assert_eq!(link.to_string().parse(), Ok(link));
        }
    }

    #[test]
    fn a_cut_link_says_so_and_something_else_is_no_link_a_8() {
        let link =
            Link { server: "https://a.example".to_owned(), kind: LinkKind::Join(InviteSecret([3; 32])) }.to_string();
        assert_eq!(link[..link.len() - 1].parse::<Link>(), Err(LinkError::Incomplete));
        for text in
            ["", "https://a.example", "ftp://a.example/#join/x", "https://a.example/b/#join/x", "https:///#join/x"]
        {
            assert_eq!(text.parse::<Link>(), Err(LinkError::NotALink), "{text}");
        }
    }
}
