//! Key packages: what a device leaves with the server, so that others can add it while it is away.

use allod_wire::secrets::TokenPublic;
use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProtocolVersion, hash_ref::HashReference};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::StorageProvider as _;

use crate::codec::{from_tls, to_tls};
use crate::device::Device;
use crate::error::{CreateGroupError, KeyPackageError};
use crate::leaf;
use crate::store::MlsStore;
use crate::suite::Suite;

/// Names a key package: the hash that a Welcome uses to say for whom it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPackageRef(pub Vec<u8>);

/// A key package of our own, just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKeyPackage {
    /// For the server.
    pub bytes: Vec<u8>,
    /// Under this name the caller keeps the secret that belongs to the token.
    pub reference: KeyPackageRef,
}

/// A key package as received: it decodes, and nothing more is known about it.
#[derive(Debug)]
pub struct KeyPackageIn(openmls::prelude::KeyPackageIn);

/// A key package that verifies and that our conversations accept. Only [`KeyPackageIn::validate`] makes one.
#[derive(Debug, Clone)]
pub struct KeyPackage {
    pub(crate) inner: openmls::prelude::KeyPackage,
    /// Names it in the Welcome.
    pub reference: KeyPackageRef,
    /// The suite it is for.
    pub suite: Suite,
    /// The identity of the device that made it, for the caller to check.
    pub credential: Vec<u8>,
    /// The key that the device signs with, for the caller to compare with the identity.
    pub signature_key: Vec<u8>,
    /// From which the new member's log token is derived.
    pub token_public: TokenPublic,
    /// It may be used more than once.
    pub last_resort: bool,
}

impl Device {
    /// Makes a key package; its secrets go into the store, and from there into the next write-set.
    ///
    /// # Errors
    /// [`CreateGroupError::Internal`].
    pub fn key_package(
        &self,
        store: &mut MlsStore,
        suite: Suite,
        token_public: TokenPublic,
        last_resort: bool,
    ) -> Result<NewKeyPackage, CreateGroupError> {
        let store = &*store;
        store.atomically(|| {
            let mut builder = openmls::prelude::KeyPackage::builder()
                .leaf_node_capabilities(leaf::capabilities())
                .leaf_node_extensions(leaf::leaf_extensions(token_public))
                .key_package_lifetime(leaf::lifetime());
            if last_resort {
                builder = builder.mark_as_last_resort();
            }
            let bundle = builder
                .build(suite.to_mls(), store, self, self.credential_with_key())
                .map_err(|error| CreateGroupError::Internal(error.into()))?;
            let package = bundle.key_package();
            let reference = reference(package, store.crypto())?;
            let bytes = to_tls(&MlsMessageOut::from(package.clone()))
                .map_err(|error| CreateGroupError::Internal(error.into()))?;
            Ok(NewKeyPackage { bytes, reference })
        })
    }
}

impl MlsStore {
    /// Deletes the secrets of a key package that nobody may use any more.
    ///
    /// # Errors
    /// [`CreateGroupError::Internal`].
    pub fn delete_key_package(&mut self, reference: &KeyPackageRef) -> Result<(), CreateGroupError> {
        let reference = hash_reference(reference)?;
        self.storage().delete_key_package(&reference).map_err(|error| CreateGroupError::Internal(error.into()))
    }

    /// We have the secrets of this key package.
    pub fn has_key_package(&self, reference: &KeyPackageRef) -> bool {
        let key = hash_reference(reference).ok().and_then(|reference| MlsStore::key_package_key(&reference).ok());
        key.is_some_and(|key| self.rows.get(&key).is_some())
    }
}

impl KeyPackageIn {
    /// Reads what the server hands out. Nothing is verified yet.
    ///
    /// # Errors
    /// [`KeyPackageError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyPackageError> {
        let message = from_tls::<MlsMessageIn>(bytes).map_err(|_| KeyPackageError::Malformed)?;
        match message.extract() {
            MlsMessageBodyIn::KeyPackage(package) => Ok(Self(package)),
            _ => Err(KeyPackageError::Malformed),
        }
    }

    /// Checks signatures, keys, suite and the rules for our leaves. Whose device it is remains for the caller to check.
    ///
    /// # Errors
    /// [`KeyPackageError`].
    pub fn validate(self, expected: Suite) -> Result<KeyPackage, KeyPackageError> {
        let crypto = RustCrypto::default();
        let inner =
            self.0.validate(&crypto, ProtocolVersion::Mls10).map_err(|error| KeyPackageError::Invalid(error.into()))?;
        if Suite::from_mls(inner.ciphersuite()) != Some(expected) {
            return Err(KeyPackageError::WrongSuite { expected });
        }
        let node = inner.leaf_node();
        if *inner.life_time() != leaf::lifetime() || !leaf::is_capable(node) {
            return Err(KeyPackageError::NotOurs);
        }
        Ok(KeyPackage {
            reference: reference(&inner, &crypto).map_err(|error| KeyPackageError::Invalid(error.into()))?,
            suite: expected,
            credential: leaf::credential_of(node).ok_or(KeyPackageError::NotOurs)?,
            signature_key: node.signature_key().as_slice().to_vec(),
            token_public: leaf::token_of(node).ok_or(KeyPackageError::NotOurs)?,
            last_resort: inner.last_resort(),
            inner,
        })
    }
}

#[cfg(test)]
impl KeyPackageIn {
    /// What a client does that does not check our rules.
    pub(crate) fn into_mls_unchecked(self, store: &MlsStore) -> openmls::prelude::KeyPackage {
        self.0.validate(store.crypto(), ProtocolVersion::Mls10).unwrap()
    }
}

fn reference(package: &openmls::prelude::KeyPackage, crypto: &RustCrypto) -> Result<KeyPackageRef, CreateGroupError> {
    let hash = package.hash_ref(crypto).map_err(|error| CreateGroupError::Internal(error.into()))?;
    Ok(KeyPackageRef(hash.as_slice().to_vec()))
}

/// The library's form of the name, which it makes only from the MLS encoding.
fn hash_reference(reference: &KeyPackageRef) -> Result<HashReference, CreateGroupError> {
    let bytes = to_tls(&openmls::prelude::tls_codec::VLBytes::new(reference.0.clone()))
        .map_err(|error| CreateGroupError::Internal(error.into()))?;
    from_tls(&bytes).map_err(|error| CreateGroupError::Internal(error.into()))
}
