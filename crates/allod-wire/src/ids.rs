//! Identifiers: random bytes that say nothing about what they name.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use minicbor::{Decode, Encode};

use crate::cbor::DecodeError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The bytes.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}…)"), BASE64URL_NOPAD.encode(&self.0[..6]))
            }
        }

        /// Base64url without padding (RFC 4648 section 5), as in paths and links.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE64URL_NOPAD.encode(&self.0))
            }
        }

        impl FromStr for $name {
            type Err = DecodeError;

            fn from_str(text: &str) -> Result<Self, DecodeError> {
                let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| DecodeError::Malformed)?;
                bytes.try_into().map(Self).map_err(|_| DecodeError::Malformed)
            }
        }
    };
}
pub(crate) use id;

id!(
    /// A log: 32 random bytes, chosen by whoever creates it.
    LogId,
    32
);
id!(
    /// An entry, chosen by its author, who keeps it for every retry (rule L-4).
    EntryId,
    16
);
id!(
    /// A blob: 32 random bytes.
    BlobId,
    32
);
id!(
    /// A device of a user; also names the device's inbox.
    DeviceId,
    16
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_a_path_reads_back() {
        let id = LogId([7; 32]);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_of_another_length_is_refused() {
        assert_eq!(EntryId([7; 16]).to_string().parse::<LogId>(), Err(DecodeError::Malformed));
    }

    #[test]
    fn an_id_is_a_plain_byte_string_on_the_wire() {
        let bytes = crate::cbor::to_vec(&EntryId([1; 16]));
        assert_eq!((bytes[0], bytes.len()), (0x50, 17));
    }
}
