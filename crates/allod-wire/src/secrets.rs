//! Bearer secrets: 32 random bytes that grant something to whoever shows them. Never printed, zeroed when dropped.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::cbor::DecodeError;
use crate::ids::id;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Encode, Decode, Zeroize, ZeroizeOnDrop)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

        impl $name {
            /// The secret itself, for a header or a link.
            pub fn reveal(&self) -> String {
                BASE64URL_NOPAD.encode(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
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

secret!(
    /// What a device shows on the account plane; the server keeps its SHA-256 (rule A-2).
    SessionToken
);
secret!(
    /// The secret part of an invite link; the server keeps its SHA-256 (rule A-1).
    InviteSecret
);
secret!(
    /// A one-time right, bought under a session and spent without one (rule A-5).
    Ticket
);
secret!(
    /// The right to put one item into one inbox, given with a claimed key package (rule I-2).
    InboxTicket
);
secret!(
    /// The right to claim a key package of one user, published by that user as a contact link (rule A-6).
    ContactSecret
);
secret!(
    /// A member's bearer token for one log: a ristretto255 scalar (rule T-3).
    Token
);

id!(
    /// The public half of a member's [`Token`] for one log: a compressed ristretto255 point, all that the hub keeps (rule T-3).
    TokenKey,
    32
);
id!(
    /// The point in a member's leaf node from which members derive its [`TokenKey`] for their log (rule T-1).
    TokenPublic,
    32
);
