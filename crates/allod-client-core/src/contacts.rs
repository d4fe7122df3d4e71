//! What is known of people: the identity key pinned at first contact. Spec: `spec/conversation.md`, rule C-12.
//!
//! Invariant: a pin changes only by [`Contacts::accept`], which the user asks for.

use std::collections::BTreeMap;

use allod_wire::account::DeviceCertificate;
use allod_wire::cbor::DecodeError;
use allod_wire::{Address, UnixMillis};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::rows::{self, Row, Writes};

/// What is known of a person.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Pin {
    #[n(0)]
    pub(crate) address: Address,
    #[n(1)]
    pub(crate) identity_key: ByteArray<32>,
    #[n(2)]
    pub(crate) since: UnixMillis,
    /// Another key that was seen since, and not accepted.
    #[n(3)]
    pub(crate) other: Option<ByteArray<32>>,
    /// When the user compared the pinned key with the person (rule C-19).
    #[n(4)]
    #[cbor(default)]
    pub(crate) verified: Option<UnixMillis>,
}

/// What a certificate's identity key is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// The pinned one, or pinned just now.
    Same,
    /// Another one, seen for the first time.
    NewlyOther,
    /// Another one, as seen before.
    Other,
}

/// All people known.
#[derive(Debug, Default)]
pub(crate) struct Contacts(BTreeMap<Address, Row<Pin>>);

impl Contacts {
    pub(crate) fn insert_row(&mut self, value: &[u8]) -> Result<(), DecodeError> {
        let pin = Row::<Pin>::decode(value)?;
        self.0.insert(pin.address.clone(), pin);
        Ok(())
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        for (address, pin) in &mut self.0 {
            pin.flush(|| rows::person(address), writes);
        }
    }

    /// Compares with the pin; pins at first contact.
    pub(crate) fn meet(&mut self, certificate: &DeviceCertificate, now: UnixMillis) -> Known {
        let (address, key) = (&certificate.address, certificate.identity_key);
        let Some(pin) = self.0.get_mut(address) else {
            let pin = Pin { address: address.clone(), identity_key: key, since: now, other: None, verified: None };
            self.0.insert(address.clone(), Row::new(pin));
            return Known::Same;
        };
        if pin.identity_key == key {
            Known::Same
        } else if pin.other == Some(key) {
            Known::Other
        } else {
            pin.other = Some(key);
            Known::NewlyOther
        }
    }

    /// The key is not the pinned one.
    pub(crate) fn is_other(&self, certificate: &DeviceCertificate) -> bool {
        self.0.get(&certificate.address).is_some_and(|pin| pin.identity_key != certificate.identity_key)
    }

    /// A changed key waits for the user's word.
    pub(crate) fn has_changed(&self, address: &Address) -> bool {
        self.0.get(address).is_some_and(|pin| pin.other.is_some())
    }

    /// The user accepts the key that was seen last. `false` if there is none to accept.
    pub(crate) fn accept(&mut self, address: &Address, now: UnixMillis) -> bool {
        let Some(pin) = self.0.get_mut(address).filter(|pin| pin.other.is_some()) else { return false };
        if let Some(key) = pin.other.take() {
            (pin.identity_key, pin.since, pin.verified) = (key, now, None);
        }
        true
    }

    /// The key that a person shows now: the pinned one, or the other one that was seen since.
    pub(crate) fn shown_key(&self, address: &Address) -> Option<[u8; 32]> {
        self.0.get(address).map(|pin| pin.other.map_or(*pin.identity_key, |other| *other))
    }

    /// Whose pinned key this is.
    pub(crate) fn of_key(&self, key: &[u8; 32]) -> Option<&Address> {
        self.0.values().find(|pin| *pin.identity_key == *key).map(|pin| &pin.address)
    }

    /// When the pinned key was compared with the person.
    pub(crate) fn verified(&self, address: &Address) -> Option<UnixMillis> {
        self.0.get(address)?.verified
    }

    /// The user compared the pinned key, or takes that back.
    pub(crate) fn set_verified(&mut self, address: &Address, at: Option<UnixMillis>) {
        if let Some(pin) = self.0.get_mut(address) {
            pin.verified = at;
        }
    }

    /// A pin from a backup.
    pub(crate) fn restore(&mut self, pin: Pin) {
        self.0.insert(pin.address.clone(), Row::new(pin));
    }

    /// A pin of another own device. What was pinned here meanwhile at first sight, and is another key, is shown as a changed one.
    pub(crate) fn learn(&mut self, pin: Pin) {
        match self.0.get_mut(&pin.address) {
            None => drop(self.0.insert(pin.address.clone(), Row::new(pin))),
            Some(known) if known.identity_key != pin.identity_key && known.other.is_none() => {
                let here = std::mem::replace(&mut known.identity_key, pin.identity_key);
                (known.other, known.since, known.verified) = (Some(here), pin.since, pin.verified);
            }
            Some(known) if known.identity_key == pin.identity_key && known.verified.is_none() => {
                known.verified = pin.verified;
            }
            Some(_) => {}
        }
    }

    /// What is pinned.
    pub(crate) fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.0.values().map(|pin| &**pin)
    }

    /// The key is the pinned one.
    pub(crate) fn is_pinned(&self, certificate: &DeviceCertificate) -> bool {
        self.0.get(&certificate.address).is_some_and(|pin| pin.identity_key == certificate.identity_key)
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use allod_crypto::identity::{SigningSecret, certify};
    use allod_wire::DeviceId;
    use allod_wire::account::DeviceClass;

    fn certificate(identity: u8) -> DeviceCertificate {
        let keys = [identity, 9].map(|seed| SigningSecret::from_seed(&[seed; 32]));
        let address = "alice@a.example".parse().unwrap();
        certify(&keys[0], address, DeviceId([1; 16]), DeviceClass::Web, &keys[1], b"", UnixMillis(0))
    }

    #[test]
    fn another_identity_key_is_never_taken_silently_c_12() {
        let mut contacts = Contacts::default();
        assert_eq!(contacts.meet(&certificate(1), UnixMillis(1)), Known::Same);
        assert_eq!(contacts.meet(&certificate(2), UnixMillis(2)), Known::NewlyOther);
        assert_eq!(contacts.meet(&certificate(2), UnixMillis(3)), Known::Other);
        assert_eq!(contacts.meet(&certificate(1), UnixMillis(4)), Known::Same, "the pin stands");
        let address = certificate(1).address;
        assert!(contacts.accept(&address, UnixMillis(5)) && !contacts.has_changed(&address));
        assert_eq!(contacts.meet(&certificate(2), UnixMillis(6)), Known::Same);
    }

    #[test]
    fn that_a_key_was_compared_goes_with_the_key_c_19() {
        let mut contacts = Contacts::default();
        let address = certificate(1).address;
        contacts.meet(&certificate(1), UnixMillis(1));
        contacts.set_verified(&address, Some(UnixMillis(2)));
        contacts.meet(&certificate(2), UnixMillis(3));
        assert_eq!(contacts.verified(&address), Some(UnixMillis(2)), "said of the pinned key still");
        assert_eq!(contacts.shown_key(&address), Some(*certificate(2).identity_key), "the new one is compared next");
        contacts.accept(&address, UnixMillis(4));
        assert_eq!(contacts.verified(&address), None);
    }

    #[test]
    fn a_pin_that_an_earlier_release_wrote_is_read_as_not_compared() {
        #[derive(Encode)]
        struct Earlier(#[n(0)] Address, #[n(1)] ByteArray<32>, #[n(2)] UnixMillis, #[n(3)] Option<ByteArray<32>>);
        let address = certificate(1).address;
        let row = allod_wire::cbor::to_vec(&Earlier(address.clone(), [1; 32].into(), UnixMillis(1), None));
        let mut contacts = Contacts::default();
        contacts.insert_row(&row).unwrap();
        assert_eq!((contacts.verified(&address), contacts.shown_key(&address)), (None, Some([1; 32])));
    }
}
