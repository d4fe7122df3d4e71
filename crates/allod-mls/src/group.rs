//! One conversation: who is in it, what its state is, and what is said in it.

use allod_wire::ids::LogId;
use allod_wire::secrets::TokenPublic;
use openmls::prelude::{
    CreateMessageError, GroupId, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, MlsGroupStateError, NewGroupError,
    PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProposeRemoveMemberError, Sender, SenderRatchetConfiguration,
};
use openmls_traits::OpenMlsProvider;

use crate::codec::{RowError, to_tls};
use crate::device::Device;
use crate::error::{CommitError, CreateGroupError, EncryptError, LoadGroupError};
use crate::leaf;
use crate::member::{LeafIndex, Member};
use crate::store::MlsStore;
use crate::suite::Suite;

/// Content of this many epochs before the current one still decrypts: enough for what was on its way when members
/// came and went, and no more, because whoever takes the device reads what these secrets open.
pub const MAX_PAST_EPOCHS: usize = 5;
/// This many of a sender's messages may be overtaken by later ones. The log gives every reader one order, so only a
/// sender that retries out of order needs it.
pub const OUT_OF_ORDER_TOLERANCE: u32 = 32;
/// This many of a sender's messages may be missing before one of them decrypts: retention may have removed them. Each
/// costs a hash, which bounds what a hostile member can make us compute.
pub const MAX_FORWARD_DISTANCE: u32 = 4096;

/// A conversation that we are or were in.
///
/// It lives in memory beside its rows in the [`MlsStore`]: every method that changes it takes the store, which must be
/// the one that it was created, joined or loaded with.
pub struct Group {
    pub(crate) mls: MlsGroup,
    pub(crate) suite: Suite,
    log_id: LogId,
}

impl Group {
    /// Starts a conversation with ourselves as the only member.
    ///
    /// # Errors
    /// [`CreateGroupError`].
    pub fn create(
        store: &mut MlsStore,
        device: &Device,
        suite: Suite,
        log_id: LogId,
        token_public: TokenPublic,
        context: Vec<u8>,
    ) -> Result<Self, CreateGroupError> {
        let store = &*store;
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(suite.to_mls())
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .padding_size(0)
            .max_past_epochs(MAX_PAST_EPOCHS)
            .sender_ratchet_configuration(sender_ratchets())
            .use_ratchet_tree_extension(true)
            .capabilities(leaf::capabilities())
            .lifetime(leaf::lifetime())
            .with_leaf_node_extensions(leaf::leaf_extensions(token_public))
            .map_err(|error| CreateGroupError::Internal(error.into()))?
            .with_group_context_extensions(leaf::group_extensions(context))
            .build();
        let mls = store.atomically(|| {
            MlsGroup::new_with_group_id(store, device, &config, mls_id(&log_id), device.credential_with_key()).map_err(
                |error| match error {
                    NewGroupError::GroupAlreadyExists => CreateGroupError::Exists,
                    other => CreateGroupError::Internal(other.into()),
                },
            )
        })?;
        Ok(Self { mls, suite, log_id })
    }

    /// The conversation as its rows have it; `None` if there are none.
    ///
    /// # Errors
    /// [`LoadGroupError`].
    pub fn load(store: &MlsStore, log_id: &LogId) -> Result<Option<Self>, LoadGroupError> {
        let mls = load_mls(store, log_id).map_err(|error| LoadGroupError::Damaged(error.into()))?;
        mls.map(|mls| Self::of_mls(mls, *log_id).ok_or(LoadGroupError::UnknownSuite)).transpose()
    }

    /// `None` if the suite is not ours.
    pub(crate) fn of_mls(mls: MlsGroup, log_id: LogId) -> Option<Self> {
        let suite = Suite::from_mls(mls.ciphersuite())?;
        Some(Self { mls, suite, log_id })
    }

    /// Deletes everything that is kept of the conversation.
    ///
    /// # Errors
    /// [`LoadGroupError::Damaged`].
    pub fn delete(self, store: &mut MlsStore) -> Result<(), LoadGroupError> {
        let store = &*store;
        store
            .atomically(|| store.rows.delete_group(self.mls.group_id()))
            .map_err(|error| LoadGroupError::Damaged(error.into()))
    }

    /// The log of the conversation, which is also its MLS group id.
    pub fn log_id(&self) -> LogId {
        self.log_id
    }

    /// Its cryptography.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// How many commits have shaped it.
    pub fn epoch(&self) -> u64 {
        self.mls.epoch().as_u64()
    }

    /// Our own leaf.
    pub fn own_leaf(&self) -> LeafIndex {
        self.mls.own_leaf_index().into()
    }

    /// We are a member, as far as we have read.
    pub fn is_active(&self) -> bool {
        self.mls.is_active()
    }

    /// An own commit waits for [`Self::confirm_own_commit`] or [`Self::abandon_own_commit`].
    pub fn has_pending_commit(&self) -> bool {
        self.mls.pending_commit().is_some()
    }

    /// Somebody asked to leave; [`Self::encrypt`] waits until a commit has granted it.
    pub fn has_pending_proposals(&self) -> bool {
        self.mls.has_pending_proposals()
    }

    /// Everybody in the conversation, by leaf.
    pub fn members(&self) -> Vec<Member> {
        let public = self.mls.public_group();
        let members =
            self.mls.members().filter_map(|member| public.leaf(member.index).map(|node| (member.index, node)));
        members.filter_map(|(index, node)| Member::of_leaf(index, node)).collect()
    }

    /// Who has this leaf now.
    pub fn member(&self, leaf: LeafIndex) -> Option<Member> {
        self.mls.public_group().leaf(leaf.to_mls()).and_then(|node| Member::of_leaf(leaf, node))
    }

    /// The conversation's state, which all members agree on: opaque here.
    pub fn context(&self) -> &[u8] {
        leaf::context_of(self.mls.extensions()).unwrap_or_default()
    }

    /// A value that two members have in common only if they agree about everything that ever happened here.
    pub fn epoch_authenticator(&self) -> Vec<u8> {
        self.mls.epoch_authenticator().as_slice().to_vec()
    }

    /// Encrypts `content` for the members of this epoch. `aad` travels readable, but nobody can change it.
    ///
    /// # Errors
    /// [`EncryptError`].
    pub fn encrypt(
        &mut self,
        store: &mut MlsStore,
        device: &Device,
        aad: &[u8],
        content: &[u8],
    ) -> Result<Vec<u8>, EncryptError> {
        let store = &*store;
        self.atomically(store, |mls| {
            mls.set_aad(aad.to_vec());
            let message = mls.create_message(store, device, content).map_err(|error| match error {
                CreateMessageError::GroupStateError(MlsGroupStateError::UseAfterEviction) => EncryptError::Removed,
                CreateMessageError::GroupStateError(MlsGroupStateError::PendingProposal) => {
                    EncryptError::PendingProposals
                }
                other => EncryptError::Internal(other.into()),
            })?;
            to_tls(&message).map_err(|error| EncryptError::Internal(error.into()))
        })
    }

    /// Says that we want to leave with the device at `leaf`, our own or another of the same person; returns the message.
    /// Another member's commit grants it, and until it does we are in.
    ///
    /// # Errors
    /// [`CommitError::Removed`], [`CommitError::PendingCommit`], [`CommitError::UnknownMember`] or
    /// [`CommitError::Internal`].
    pub fn leave(
        &mut self,
        store: &mut MlsStore,
        device: &Device,
        leaf: LeafIndex,
        aad: &[u8],
    ) -> Result<Vec<u8>, CommitError> {
        let store = &*store;
        self.atomically(store, |mls| {
            mls.set_aad(aad.to_vec());
            let (message, _) =
                mls.propose_remove_member(store, device, leaf.to_mls()).map_err(|error| match error {
                    ProposeRemoveMemberError::GroupStateError(error) => CommitError::of_state(error),
                    ProposeRemoveMemberError::UnknownMember => CommitError::UnknownMember,
                    other => CommitError::Internal(other.into()),
                })?;
            to_tls(&message).map_err(|error| CommitError::Internal(error.into()))
        })
    }

    /// Forgets our own wish to leave: a commit came before it, so nobody will grant it.
    ///
    /// # Errors
    /// [`CommitError::Internal`].
    pub fn withdraw_leave(&mut self, store: &mut MlsStore) -> Result<(), CommitError> {
        let store = &*store;
        self.atomically(store, |mls| {
            let own = Sender::Member(mls.own_leaf_index());
            let wishes = mls.pending_proposals().filter(|proposal| *proposal.sender() == own);
            let wishes: Vec<_> = wishes.map(|proposal| proposal.proposal_reference_ref().clone()).collect();
            for wish in wishes {
                let removed = mls.remove_pending_proposal(store.storage(), &wish);
                removed.map_err(|error| CommitError::Internal(error.into()))?;
            }
            Ok(())
        })
    }

    /// Runs an operation whole or not at all: if it fails after it wrote, rows and group go back to what they were.
    pub(crate) fn atomically<T, E>(
        &mut self,
        store: &MlsStore,
        operation: impl FnOnce(&mut MlsGroup) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut wrote = false;
        let result = store.atomically(|| {
            let result = operation(&mut self.mls);
            wrote = store.operation_wrote();
            result
        });
        if result.is_err() && wrote {
            let rows = load_mls(store, &self.log_id).expect("rows that the library wrote read back");
            self.mls = rows.expect("a group in memory has rows");
        }
        self.mls.set_aad(Vec::new());
        result
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Group({:?}, epoch {}, leaf {})", self.log_id, self.epoch(), self.own_leaf().0)
    }
}

impl CommitError {
    pub(crate) fn of_state(error: MlsGroupStateError) -> Self {
        match error {
            MlsGroupStateError::UseAfterEviction => Self::Removed,
            MlsGroupStateError::PendingCommit => Self::PendingCommit,
            MlsGroupStateError::NoPendingCommit => Self::NoPendingCommit,
            other => Self::Internal(other.into()),
        }
    }
}

/// How we take part in a group that somebody else made.
pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(0)
        .max_past_epochs(MAX_PAST_EPOCHS)
        .sender_ratchet_configuration(sender_ratchets())
        .use_ratchet_tree_extension(true)
        .build()
}

pub(crate) fn mls_id(log_id: &LogId) -> GroupId {
    GroupId::from_slice(log_id.as_bytes())
}

fn load_mls(store: &MlsStore, log_id: &LogId) -> Result<Option<MlsGroup>, RowError> {
    MlsGroup::load(store.storage(), &mls_id(log_id))
}

fn sender_ratchets() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(OUT_OF_ORDER_TOLERANCE, MAX_FORWARD_DISTANCE)
}
