//! Who somebody is: `name@domain`.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};

use crate::limits::{DOMAIN_BYTES_MAX, USER_NAME_BYTES_MAX};

/// Why a text is no name, domain or address (rule A-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// a name is 1 to 63 of `a-z 0-9 . _ -`, and starts and ends with a letter or digit.
    #[error(
        "a name has 1 to 63 small letters, digits, dots, dashes or underscores, and starts and ends with a letter or digit"
    )]
    Name,
    /// a domain is a host name in small letters (with an optional port, for a server that has no well-known one).
    #[error("not a domain name")]
    Domain,
    /// an address is `name@domain`.
    #[error("an address looks like name@domain")]
    Address,
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:path, $error:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = AddressError;

            fn from_str(text: &str) -> Result<Self, AddressError> {
                if $check(text) { Ok(Self(text.to_owned())) } else { Err($error) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                d.str()?.parse().map_err(|_| minicbor::decode::Error::message(concat!("not a ", stringify!($name))))
            }
        }
    };
}

checked_text!(
    /// The name of a user within its organisation.
    UserName,
    is_user_name,
    AddressError::Name
);
checked_text!(
    /// The domain of an organisation, such as `justice.example`.
    Domain,
    is_domain,
    AddressError::Domain
);

fn is_user_name(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    (1..=USER_NAME_BYTES_MAX).contains(&bytes.len())
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(b))
}

fn is_domain(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let port_is_good = |port: &str| !port.starts_with('0') && port.parse::<u16>().is_ok_and(|port| port > 0);
    text.len() <= DOMAIN_BYTES_MAX && host.split('.').all(label) && port.is_none_or(port_is_good)
}

/// A user of an organisation: `alice@justice.example`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
pub struct Address {
    /// The name within the organisation.
    #[n(0)]
    pub name: UserName,
    /// The organisation.
    #[n(1)]
    pub domain: Domain,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.domain)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (name, domain) = text.split_once('@').ok_or(AddressError::Address)?;
        Ok(Self { name: name.parse()?, domain: domain.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back() {
        let address: Address = "alice.b-c_9@justice.example".parse().unwrap();
        assert_eq!(address.to_string(), "alice.b-c_9@justice.example");
        assert!("alice@localhost:8443".parse::<Address>().is_ok());
    }

    #[test]
    fn what_could_be_mistaken_for_another_name_is_refused_a_7() {
        for text in ["", "Alice", "alice ", ".alice", "alice-", "al/ice", "аlice", &"a".repeat(64)] {
            assert_eq!(text.parse::<UserName>(), Err(AddressError::Name), "{text:?}");
        }
        for text in ["", "a..b", "-a.example", "A.example", "a.example:0", "a.example:x", "a.example:70000"] {
            assert_eq!(text.parse::<Domain>(), Err(AddressError::Domain), "{text:?}");
        }
        assert_eq!("alice".parse::<Address>(), Err(AddressError::Address));
    }
}
