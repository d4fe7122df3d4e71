//! Changing the conversation. A commit is staged, offered to the log, and then confirmed or, if another one came first,
//! abandoned and made anew on what the other one changed. Spec: `spec/conversation.md`, rules C-3, C-6 and C-8.
//!
//! Invariants:
//! - at most one own commit is pending;
//! - staging changes nothing that members can see: only [`Group::confirm_own_commit`] and [`Group::accept`] do.

use openmls::component::ComponentData;
use openmls::prelude::AppDataUpdates;
use openmls::prelude::{
    AppDataUpdateProposal, CommitMessageBundle, CreateCommitError, LeafNodeParameters, MlsGroup, Proposal,
    ProposalValidationError,
};
use openmls_traits::OpenMlsProvider;

use allod_wire::secrets::TokenPublic;

use crate::codec::to_tls;
use crate::device::Device;
use crate::error::CommitError;
use crate::group::Group;
use crate::key_package::KeyPackage;
use crate::leaf::{self, CONTEXT_COMPONENT};
use crate::member::LeafIndex;
use crate::process::StagedCommit;
use crate::store::MlsStore;
use crate::view::CommitView;
use crate::welcome::WelcomeParts;

/// What a commit is to do. Wishes to leave that are pending are granted besides.
///
/// Name members by their leaves of the current epoch, found anew by identity whenever a commit is made again: after
/// another commit the same leaf may be somebody else's.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Who comes in, all in one commit.
    pub add: Vec<KeyPackage>,
    /// Who goes. Together with an `add` of the same device this puts a device back in that lost its place.
    pub remove: Vec<LeafIndex>,
    /// The conversation's new state.
    pub context: Option<Vec<u8>>,
    /// What becomes of our own leaf.
    pub refresh: Refresh,
    /// Bound to the commit in the clear.
    pub aad: Vec<u8>,
}

/// What a commit does with the committer's own leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    /// New keys only where MLS demands it: when somebody goes, and when the commit does nothing else.
    #[default]
    IfNeeded,
    /// New keys, and the device's present credential: what was stolen before opens nothing after.
    Keys,
    /// That, and a new log token.
    KeysAndToken(TokenPublic),
}

/// An own commit, staged.
#[derive(Debug)]
pub struct OwnCommit {
    /// For the log.
    pub commit: Vec<u8>,
    /// For those who come in, once the log has taken the commit.
    pub welcome: Option<WelcomeParts>,
    /// What it does, as the others will see it.
    pub view: CommitView,
}

impl Group {
    /// Makes a commit and keeps it pending.
    ///
    /// # Errors
    /// [`CommitError`].
    pub fn stage_commit(
        &mut self,
        store: &mut MlsStore,
        device: &Device,
        change: Change,
    ) -> Result<OwnCommit, CommitError> {
        if !self.is_active() {
            return Err(CommitError::Removed);
        }
        if self.has_pending_commit() {
            return Err(CommitError::PendingCommit);
        }
        if change.add.iter().any(|package| package.suite != self.suite) {
            return Err(CommitError::WrongSuite);
        }
        if change.remove.contains(&self.own_leaf()) {
            return Err(CommitError::RemovesSelf);
        }
        let store = &*store;
        self.atomically(store, |mls| {
            let aad = change.aad.clone();
            let bundle = build(mls, store, device, change)?;
            let staged = mls.pending_commit().expect("the commit was just staged");
            let view = CommitView::of(mls, staged, mls.own_leaf_index(), aad)
                .map_err(|error| CommitError::Internal(error.into()))?;
            Ok(OwnCommit {
                commit: to_tls(bundle.commit()).map_err(|error| CommitError::Internal(error.into()))?,
                welcome: bundle.welcome().map(WelcomeParts::split).transpose().map_err(CommitError::Internal)?,
                view,
            })
        })
    }

    /// The log has taken the own commit as the first of its epoch: from now on we are in the next one.
    ///
    /// # Errors
    /// [`CommitError::NoPendingCommit`] or [`CommitError::Internal`].
    pub fn confirm_own_commit(&mut self, store: &mut MlsStore) -> Result<(), CommitError> {
        if !self.has_pending_commit() {
            return Err(CommitError::NoPendingCommit);
        }
        let store = &*store;
        self.atomically(store, |mls| {
            mls.merge_pending_commit(store).map_err(|error| CommitError::Internal(error.into()))
        })
    }

    /// Another commit came first, or ours was not wanted: forgets it. Without a pending commit, nothing happens.
    ///
    /// # Errors
    /// [`CommitError::Internal`].
    pub fn abandon_own_commit(&mut self, store: &mut MlsStore) -> Result<(), CommitError> {
        let store = &*store;
        self.atomically(store, |mls| {
            mls.clear_pending_commit(store.storage()).map_err(|error| CommitError::Internal(error.into()))
        })
    }

    /// Takes over another member's commit, which the caller found permitted. An own pending commit has lost its race and
    /// is abandoned. To reject a commit instead, drop it: nothing has changed.
    ///
    /// # Errors
    /// [`CommitError::WrongEpoch`] or [`CommitError::Internal`].
    pub fn accept(&mut self, store: &mut MlsStore, staged: StagedCommit) -> Result<CommitView, CommitError> {
        let follows = staged.inner.group_context().group_id() == self.mls.group_id()
            && staged.inner.epoch().as_u64() == self.epoch() + 1;
        if !follows {
            return Err(CommitError::WrongEpoch);
        }
        let store = &*store;
        self.atomically(store, |mls| {
            mls.merge_staged_commit(store, *staged.inner).map_err(|error| CommitError::Internal(error.into()))
        })?;
        Ok(*staged.view)
    }
}

fn build(
    mls: &mut MlsGroup,
    store: &MlsStore,
    device: &Device,
    change: Change,
) -> Result<CommitMessageBundle, CommitError> {
    mls.set_aad(change.aad);
    let mut builder = mls
        .commit_builder()
        .propose_removals(change.remove.iter().map(|leaf| leaf.to_mls()))
        .propose_adds(change.add.into_iter().map(|package| package.inner));
    if let Some(context) = &change.context {
        let proposal = AppDataUpdateProposal::update(CONTEXT_COMPONENT, context.clone());
        builder = builder.add_proposal(Proposal::AppDataUpdate(Box::new(proposal)));
    }
    if let Some(parameters) = leaf_parameters(device, change.refresh) {
        builder = builder.leaf_node_parameters(parameters);
    }
    let mut builder = builder.load_psks(store.storage()).map_err(of_create)?.create_group_info(false);
    if let Some(context) = change.context {
        let updates = context_update(builder.app_data_dictionary_updater(), context);
        builder.with_app_data_dictionary_updates(updates);
    }
    builder
        .build(store.rand(), store.crypto(), device, |_| true)
        .map_err(of_create)?
        .stage_commit(store)
        .map_err(|error| CommitError::Internal(error.into()))
}

/// The new state replaces the old one whole.
pub(crate) fn context_update(
    mut updater: openmls::prelude::AppDataDictionaryUpdater<'_>,
    context: Vec<u8>,
) -> Option<AppDataUpdates> {
    updater.set(ComponentData::from_parts(CONTEXT_COMPONENT, context.into()));
    updater.changes()
}

fn leaf_parameters(device: &Device, refresh: Refresh) -> Option<LeafNodeParameters> {
    let parameters = LeafNodeParameters::builder().with_credential_with_key(device.credential_with_key());
    match refresh {
        Refresh::IfNeeded => None,
        Refresh::Keys => Some(parameters.build()),
        Refresh::KeysAndToken(token) => Some(parameters.with_extensions(leaf::leaf_extensions(token)).build()),
    }
}

fn of_create(error: CreateCommitError) -> CommitError {
    match error {
        CreateCommitError::ProposalValidationError(
            ProposalValidationError::UnknownMemberRemoval | ProposalValidationError::UnknownMember,
        ) => CommitError::UnknownMember,
        CreateCommitError::ProposalValidationError(
            ProposalValidationError::DuplicateSignatureKey
            | ProposalValidationError::DuplicateEncryptionKey
            | ProposalValidationError::DuplicateInitKey,
        ) => CommitError::AlreadyMember,
        CreateCommitError::CannotRemoveSelf => CommitError::RemovesSelf,
        other => CommitError::Internal(other.into()),
    }
}
