//! How the library's values become rows: CBOR with named fields, because the library needs a self-describing format.

use openmls::prelude::tls_codec;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// A row that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// The library gave a value that has no encoding.
    #[error("a value cannot be encoded")]
    Encode,
    /// A stored row is not what the library once wrote: the store is damaged or from an unknown release.
    #[error("a stored row cannot be decoded")]
    Decode,
}

/// The row for `value`.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Zeroizing<Vec<u8>>, RowError> {
    let mut serializer = minicbor_serde::Serializer::new(Vec::new());
    value.serialize(&mut serializer).map_err(|_| RowError::Encode)?;
    Ok(Zeroizing::new(serializer.into_encoder().into_writer()))
}

/// The value in `row`.
pub(crate) fn decode<T: DeserializeOwned>(row: &[u8]) -> Result<T, RowError> {
    minicbor_serde::from_slice(row).map_err(|_| RowError::Decode)
}

/// The value that `row` begins with, and the rest of the row.
pub(crate) fn decode_front<T: DeserializeOwned>(row: &[u8]) -> Result<(T, &[u8]), RowError> {
    let mut deserializer = minicbor_serde::Deserializer::new(row);
    let value = T::deserialize(&mut deserializer).map_err(|_| RowError::Decode)?;
    let at = deserializer.decoder().position();
    Ok((value, &row[at..]))
}

/// The MLS encoding of a value of the library.
pub(crate) fn to_tls<T: tls_codec::Serialize>(value: &T) -> Result<Vec<u8>, tls_codec::Error> {
    value.tls_serialize_detached()
}

/// The value whose MLS encoding `bytes` is, all of it. It reads from a stream, because the library's other way of
/// reading asserts in debug builds that the input is well-formed.
pub(crate) fn from_tls<T: tls_codec::Deserialize>(mut bytes: &[u8]) -> Result<T, tls_codec::Error> {
    let value = read_tls(&mut bytes)?;
    if bytes.is_empty() { Ok(value) } else { Err(tls_codec::Error::TrailingData) }
}

/// The value at the beginning of `bytes`, which moves behind it.
pub(crate) fn read_tls<T: tls_codec::Deserialize>(bytes: &mut &[u8]) -> Result<T, tls_codec::Error> {
    T::tls_deserialize(bytes)
}
