//! Writes the library's message secrets so that a message in a large group stays a small write.
//!
//! With the secrets of each past epoch the library keeps everybody who was a leaf then, and gives all of it to the store
//! anew with every message: megabytes in a group of a thousand. Who was a leaf in a past epoch never changes, so
//! [`RowWriter`] takes these lists out of the value, does not even encode those that the store has, and notes where they
//! belong; [`splice`] puts them back. It recognises them by the library's names, which `tests/large.rs` watches.

use std::convert::Infallible;

use minicbor_serde::Serializer as Cbor;
use minicbor_serde::error::EncodeError;
use serde::Serialize;
use serde::ser;
use zeroize::Zeroizing;

type Error = EncodeError<Infallible>;

/// The library's name for what it keeps of a past epoch, and two of its fields: the number first, the leaves last.
const PAST_EPOCH: &str = "EpochTree";
const NUMBER: &str = "epoch";
const LEAVES: &str = "leaves";

/// Encodes a value as `minicbor_serde` does, without the leaves of past epochs.
pub(crate) struct RowWriter<'k> {
    cbor: Cbor<Vec<u8>>,
    has: &'k dyn Fn(u64) -> bool,
    taken_out: Vec<TakenOut>,
}

/// The leaves of a past epoch, and where an empty list stands in their place.
pub(crate) struct TakenOut {
    pub(crate) epoch: u64,
    pub(crate) at: usize,
    /// `None` if the store has them.
    pub(crate) leaves: Option<Zeroizing<Vec<u8>>>,
}

impl<'k> RowWriter<'k> {
    /// The encoding of `value`, and what was taken out of it; `has` says which epochs' leaves the store has.
    pub(crate) fn write<T: Serialize + ?Sized>(
        value: &T,
        has: &'k dyn Fn(u64) -> bool,
    ) -> Result<(Zeroizing<Vec<u8>>, Vec<TakenOut>), Error> {
        let mut writer = Self { cbor: Cbor::new(Vec::new()), has, taken_out: Vec::new() };
        value.serialize(&mut writer)?;
        Ok((Zeroizing::new(writer.cbor.into_encoder().into_writer()), writer.taken_out))
    }

    fn written(&self) -> &[u8] {
        self.cbor.encoder().writer()
    }

    fn items(&mut self, is_past_epoch: bool, ends: bool) -> Items<'_, 'k> {
        Items { writer: self, is_past_epoch, epoch: None, ends }
    }
}

/// Puts the leaves of past epochs back: each of `parts` stands for the empty list at its place, in ascending order.
pub(crate) fn splice<'l>(row: &[u8], parts: impl Iterator<Item = (usize, &'l [u8])>) -> Option<Zeroizing<Vec<u8>>> {
    let mut whole = Zeroizing::new(Vec::new());
    let mut from = 0;
    for (at, leaves) in parts {
        whole.extend_from_slice(row.get(from..at)?);
        whole.extend_from_slice(leaves);
        from = at.checked_add(EMPTY_LIST_BYTES)?;
    }
    whole.extend_from_slice(row.get(from..)?);
    Some(whole)
}

const EMPTY_LIST_BYTES: usize = 1;

macro_rules! scalars {
    ($($method:ident($value:ty)),* $(,)?) => {
        $(fn $method(self, value: $value) -> Result<(), Error> {
            (&mut self.cbor).$method(value)
        })*
    };
}

impl<'a, 'k> ser::Serializer for &'a mut RowWriter<'k> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Items<'a, 'k>;
    type SerializeTuple = Items<'a, 'k>;
    type SerializeTupleStruct = Items<'a, 'k>;
    type SerializeTupleVariant = Items<'a, 'k>;
    type SerializeMap = Items<'a, 'k>;
    type SerializeStruct = Items<'a, 'k>;
    type SerializeStructVariant = Items<'a, 'k>;

    scalars!(
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
    );

    fn serialize_none(self) -> Result<(), Error> {
        (&mut self.cbor).serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        (&mut self.cbor).serialize_unit()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.cbor.encoder_mut().map(1)?.str(variant)?;
        value.serialize(self)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items<'a, 'k>, Error> {
        match len {
            Some(len) => self.cbor.encoder_mut().array(len as u64)?,
            None => self.cbor.encoder_mut().begin_array()?,
        };
        Ok(self.items(false, len.is_none()))
    }

    fn serialize_tuple(self, len: usize) -> Result<Items<'a, 'k>, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Items<'a, 'k>, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items<'a, 'k>, Error> {
        self.cbor.encoder_mut().map(1)?.str(variant)?;
        self.serialize_seq(Some(len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Items<'a, 'k>, Error> {
        match len {
            Some(len) => self.cbor.encoder_mut().map(len as u64)?,
            None => self.cbor.encoder_mut().begin_map()?,
        };
        Ok(self.items(false, len.is_none()))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Items<'a, 'k>, Error> {
        self.cbor.encoder_mut().map(len as u64)?;
        Ok(self.items(name == PAST_EPOCH, false))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items<'a, 'k>, Error> {
        self.cbor.encoder_mut().map(1)?.str(variant)?;
        self.serialize_map(Some(len))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The items of an array or a map that has begun.
pub(crate) struct Items<'a, 'k> {
    writer: &'a mut RowWriter<'k>,
    is_past_epoch: bool,
    epoch: Option<u64>,
    /// Its length was not known, so its end has to be said.
    ends: bool,
}

impl Items<'_, '_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)
    }

    fn finish(self) -> Result<(), Error> {
        if self.ends {
            self.writer.cbor.encoder_mut().end()?;
        }
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.item(name)?;
        let at = self.writer.written().len();
        match self.epoch {
            Some(epoch) if name == LEAVES => {
                self.writer.cbor.encoder_mut().array(0)?;
                let is_new = !(self.writer.has)(epoch);
                let leaves = is_new.then(|| RowWriter::write(value, &|_| true)).transpose()?.map(|(leaves, _)| leaves);
                self.writer.taken_out.push(TakenOut { epoch, at, leaves });
                Ok(())
            }
            _ => {
                self.item(value)?;
                if self.is_past_epoch && name == NUMBER {
                    self.epoch = minicbor_serde::from_slice(&self.writer.written()[at..]).ok();
                }
                Ok(())
            }
        }
    }
}

macro_rules! lists {
    ($($list:ident: $method:ident),* $(,)?) => {
        $(impl ser::$list for Items<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        })*
    };
}

lists!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
);

impl ser::SerializeMap for Items<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.item(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

macro_rules! structs {
    ($($structure:ident),*) => {
        $(impl ser::$structure for Items<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        })*
    };
}

structs!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Serialize, Deserialize, PartialEq, Clone)]
    struct EpochTree {
        epoch: u64,
        message_secrets: Vec<u8>,
        leaves: Vec<Kind>,
    }

    #[derive(Debug, Serialize, Deserialize, PartialEq, Clone)]
    enum Kind {
        Unit,
        Newtype(Option<i64>),
        Tuple(bool, char),
        Struct { leaves: BTreeMap<String, u8> },
    }

    fn epochs() -> Vec<EpochTree> {
        let kinds = vec![
            Kind::Unit,
            Kind::Newtype(None),
            Kind::Newtype(Some(-7)),
            Kind::Tuple(true, 'x'),
            Kind::Struct { leaves: BTreeMap::from([("a".into(), 1)]) },
        ];
        let epoch =
            |epoch: u64, leaves: &[Kind]| EpochTree { epoch, message_secrets: vec![9; 40], leaves: leaves.to_vec() };
        vec![epoch(1, &kinds), epoch(300, &[]), epoch(301, &kinds[2..])]
    }

    #[test]
    fn what_was_taken_out_is_put_back_bit_for_bit() {
        let epochs = epochs();
        let (row, taken_out) = RowWriter::write(&epochs, &|_| false).unwrap();
        assert_eq!(taken_out.iter().map(|part| part.epoch).collect::<Vec<_>>(), [1, 300, 301]);
        let parts = taken_out.iter().map(|part| (part.at, part.leaves.as_ref().unwrap().as_slice()));
        let whole = splice(&row, parts).unwrap();
        assert_eq!(*whole, minicbor_serde::to_vec(&epochs).unwrap());
        assert_eq!(minicbor_serde::from_slice::<Vec<EpochTree>>(&whole).unwrap(), epochs);
    }

    #[test]
    fn what_the_store_has_is_not_encoded_again() {
        let (_, taken_out) = RowWriter::write(&epochs(), &|epoch| epoch < 301).unwrap();
        assert_eq!(taken_out.iter().map(|part| part.leaves.is_some()).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn places_beyond_the_row_are_an_error() {
        assert_eq!(splice(&[1, 2, 3], [(9, &[][..])].into_iter()), None);
        assert_eq!(splice(&[1, 2, 3], [(2, &[][..]), (1, &[])].into_iter()), None);
        assert_eq!(splice(&[1, 2, 3], [(usize::MAX, &[][..])].into_iter()), None);
    }
}
