//! Targets of links (S-3) and mentions (S-4).

use super::{TARGET_BYTES_MAX, Target};
use crate::Address;

/// An address on the web that leads to the host which it seems to lead to (S-3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    url: String,
    host: (usize, usize),
}

impl Link {
    /// The whole address: `https:` or `http:`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host, without port: what to show beside a label.
    pub fn host(&self) -> &str {
        &self.url[self.host.0..self.host.1]
    }

    /// Reads a target (S-3). `None`: it is no link, and is shown as text.
    pub fn parse(text: &str) -> Option<Self> {
        let prefix = web_prefix(text)?;
        let clean = |byte: u8| byte.is_ascii_graphic() && !b"<>\"\\^`{}|".contains(&byte);
        if text.len() > TARGET_BYTES_MAX || !text.bytes().all(clean) {
            return None;
        }
        let rest = &text[prefix..];
        let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let host_is_good = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
            && host.starts_with(|c: char| c.is_ascii_alphanumeric());
        let port_is_good = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        (host_is_good && port_is_good).then(|| Self { url: text.to_owned(), host: (prefix, prefix + host.len()) })
    }
}

/// Length of `https://` or `http://` if `text` starts so, in capitals or not.
pub(super) fn web_prefix(text: &str) -> Option<usize> {
    let starts = |scheme: &&str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    ["https://", "http://"].iter().find(|scheme| starts(scheme)).map(|scheme| scheme.len())
}

/// Reads what stands in the round brackets of a link or mention.
pub(super) fn target(text: &str) -> Option<Target> {
    if let Some(person) = text.strip_prefix("mimi://") {
        let (domain, name) = person.split_once("/u/")?;
        return Some(Target::Person(Address { name: name.parse().ok()?, domain: domain.parse().ok()? }));
    }
    Link::parse(text).map(Target::Link)
}
