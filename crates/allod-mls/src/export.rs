//! Secrets that the members of an epoch share, for uses outside MLS.

use openmls::prelude::{ExportSecretError, SafeExportSecretError};
use openmls_traits::OpenMlsProvider;
use zeroize::Zeroizing;

use crate::error::ExportError;
use crate::group::Group;
use crate::store::MlsStore;

impl Group {
    /// The secret of this epoch for `label` and `context` (RFC 9420, section 8.5), as often as asked.
    ///
    /// # Errors
    /// [`ExportError::Removed`], [`ExportError::Length`] or [`ExportError::Internal`].
    pub fn export(
        &self,
        store: &MlsStore,
        label: &str,
        context: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, ExportError> {
        self.mls.export_secret(store.crypto(), label, context, length).map(Zeroizing::new).map_err(
            |error| match error {
                ExportSecretError::KeyLengthTooLong => ExportError::Length,
                ExportSecretError::GroupStateError(_) => ExportError::Removed,
                other => ExportError::Internal(other.into()),
            },
        )
    }

    /// The secret of this epoch for a component (the safe exporter of draft-ietf-mls-extensions): it can be had once,
    /// and whoever takes the device afterwards cannot have it again.
    ///
    /// # Errors
    /// [`ExportError::Removed`], [`ExportError::Used`] or [`ExportError::Internal`].
    pub fn export_once(&mut self, store: &mut MlsStore, component: u16) -> Result<Zeroizing<Vec<u8>>, ExportError> {
        let store = &*store;
        self.atomically(store, |mls| {
            mls.safe_export_secret(store.crypto(), store.storage(), component).map(Zeroizing::new).map_err(|error| {
                match error {
                    SafeExportSecretError::GroupState(_) => ExportError::Removed,
                    SafeExportSecretError::ApplicationExportTree(_) => ExportError::Used,
                    other => ExportError::Internal(other.into()),
                }
            })
        })
    }
}
