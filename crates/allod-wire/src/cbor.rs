//! Strict, deterministic CBOR: one value has one encoding, so hashes and signatures over it mean one thing.

use minicbor::{Decode, Encode};

/// Why bytes are not the encoding of a value (rule W-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// W-1: the bytes are not CBOR of the expected shape.
    #[error("not the expected CBOR")]
    Malformed,
    /// W-2: the value decodes, but these bytes are not its one deterministic encoding (or something follows it).
    #[error("not the deterministic encoding")]
    NotDeterministic,
    /// W-3: longer than the named maximum for this kind of value.
    #[error("longer than {max_bytes} bytes")]
    TooLong {
        /// The maximum that applies here, in bytes.
        max_bytes: usize,
    },
}

/// The one encoding of `value`.
pub fn to_vec<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("encoding into a Vec cannot fail")
}

/// Decodes `bytes`, which must be the one encoding of the value (rules W-1, W-2).
///
/// # Errors
/// [`DecodeError::Malformed`] or [`DecodeError::NotDeterministic`].
pub fn from_slice<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    let value: T = minicbor::decode(bytes).map_err(|_| DecodeError::Malformed)?;
    if to_vec(&value) == bytes { Ok(value) } else { Err(DecodeError::NotDeterministic) }
}

/// As [`from_slice`], for input of at most `max_bytes` (rule W-3).
///
/// # Errors
/// As [`from_slice`], and [`DecodeError::TooLong`].
pub fn from_slice_bounded<'b, T: Decode<'b, ()> + Encode<()>>(
    bytes: &'b [u8],
    max_bytes: usize,
) -> Result<T, DecodeError> {
    if bytes.len() > max_bytes { Err(DecodeError::TooLong { max_bytes }) } else { from_slice(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_encoding_of_the_same_number_is_refused_w_2() {
        assert_eq!(from_slice::<u64>(&[0x05]), Ok(5));
        assert_eq!(from_slice::<u64>(&[0x18, 0x05]), Err(DecodeError::NotDeterministic));
    }

    #[test]
    fn trailing_bytes_are_refused_w_2() {
        assert_eq!(from_slice::<u64>(&[0x05, 0x00]), Err(DecodeError::NotDeterministic));
    }

    #[test]
    fn another_type_is_refused_w_1() {
        assert_eq!(from_slice::<u64>(&[0x60]), Err(DecodeError::Malformed));
    }

    #[test]
    fn more_than_the_maximum_is_refused_before_decoding_w_3() {
        assert_eq!(from_slice_bounded::<u64>(&[0x18, 0x20], 1), Err(DecodeError::TooLong { max_bytes: 1 }));
    }
}
