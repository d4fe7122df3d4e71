//! Reading the log: what an entry says, from whom, and what it would change. Spec: `spec/conversation.md`, rules C-3, C-9
//! and C-10.

use openmls::framing::errors::{MessageDecryptionError, SecretTreeError};
use openmls::prelude::UnresolvedAppDataCommit;
use openmls::prelude::{
    AppDataUpdateOperation, LeafNodeIndex, MlsGroup, MlsGroupStateError, ProcessMessageError, ProcessedMessage,
    ProcessedMessageContent, Proposal, QueuedProposal, Sender, StageCommitError, StagedCommit as MlsStagedCommit,
    ValidationError,
};
use openmls_traits::OpenMlsProvider;

use crate::codec::RowError;
use crate::commit::context_update;
use crate::error::ProcessError;
use crate::group::Group;
use crate::leaf::{self, CONTEXT_COMPONENT};
use crate::member::{LeafIndex, Member};
use crate::message::{MessageIn, MessageKind};
use crate::store::MlsStore;
use crate::view::CommitView;

/// What an entry of the log turned out to be.
#[derive(Debug)]
pub enum Processed {
    /// Somebody said something.
    Content(Content),
    /// A wish to leave. Nothing has changed yet: [`Group::accept_leave`] it if it is for a device of the sender's own
    /// person, or drop it; everybody must decide alike, or they disagree about the commit that grants it.
    Leaving(Box<StagedLeave>),
    /// A valid commit. Nothing has changed yet: [`Group::accept`] it if the committer may do what it does, or drop it.
    Commit(StagedCommit),
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The leaf that the sender had in that epoch.
    pub sender: LeafIndex,
    /// The identity that the sender had in that epoch.
    pub credential: Vec<u8>,
    /// The same identity still has that leaf.
    pub sender_is_still_member: bool,
    /// The epoch that it was said in.
    pub epoch: u64,
    /// What the sender bound to it in the clear.
    pub aad: Vec<u8>,
    /// What was said.
    pub content: Vec<u8>,
}

/// Another member's commit that MLS finds valid, waiting for the caller's decision.
pub struct StagedCommit {
    pub(crate) inner: Box<MlsStagedCommit>,
    pub(crate) view: Box<CommitView>,
}

/// A wish to leave, waiting for the caller's decision.
pub struct StagedLeave {
    inner: Box<QueuedProposal>,
    epoch: u64,
    sender: Member,
    leaving: Member,
}

impl StagedLeave {
    /// Whose wish it is.
    pub fn sender(&self) -> &Member {
        &self.sender
    }

    /// Who is to go: the sender itself, or another leaf.
    pub fn leaving(&self) -> &Member {
        &self.leaving
    }
}

impl std::fmt::Debug for StagedLeave {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StagedLeave").field("sender", &self.sender).field("leaving", &self.leaving).finish()
    }
}

impl StagedCommit {
    /// What it does.
    pub fn view(&self) -> &CommitView {
        &self.view
    }
}

impl std::fmt::Debug for StagedCommit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StagedCommit").field(&self.view).finish()
    }
}

impl Group {
    /// Reads an entry of the log.
    ///
    /// # Errors
    /// [`ProcessError`], and nothing has changed.
    pub fn process(&mut self, store: &mut MlsStore, message: MessageIn) -> Result<Processed, ProcessError> {
        if !message.is_for(&self.log_id()) {
            return Err(ProcessError::WrongGroup);
        }
        if !self.is_active() {
            return Err(ProcessError::Removed);
        }
        let (theirs, ours) = (message.epoch(), self.epoch());
        let is_content = message.kind() == MessageKind::Content;
        if theirs > ours || (theirs < ours && !is_content) {
            return Err(ProcessError::WrongEpoch { theirs, ours });
        }
        let store = &*store;
        self.atomically(store, |mls| {
            let processed =
                mls.process_message(store, message.0).map_err(|error| of_process(error, theirs, theirs < ours))?;
            read(mls, store, processed)
        })
    }

    /// Keeps a wish to leave, which the next commit of anybody grants.
    ///
    /// # Errors
    /// [`ProcessError::WrongEpoch`] or [`ProcessError::Internal`].
    pub fn accept_leave(&mut self, store: &mut MlsStore, leave: StagedLeave) -> Result<(), ProcessError> {
        let (theirs, ours) = (leave.epoch, self.epoch());
        if theirs != ours {
            return Err(ProcessError::WrongEpoch { theirs, ours });
        }
        let store = &*store;
        self.atomically(store, |mls| mls.store_pending_proposal(store.storage(), *leave.inner).map_err(internal))
    }
}

fn read(mls: &MlsGroup, store: &MlsStore, processed: ProcessedMessage) -> Result<Processed, ProcessError> {
    let Sender::Member(sender) = *processed.sender() else {
        return Err(ProcessError::NotPrivate);
    };
    let epoch = processed.epoch().as_u64();
    let aad = processed.aad().to_vec();
    let credential = processed.credential().clone();
    match processed.into_content() {
        ProcessedMessageContent::ApplicationMessage(message) => {
            let now = mls.public_group().leaf(sender);
            Ok(Processed::Content(Content {
                sender: sender.into(),
                sender_is_still_member: now.is_some_and(|node| *node.credential() == credential),
                credential: leaf::identity_of(&credential).ok_or(ProcessError::NotOurs)?,
                epoch,
                aad,
                content: message.into_bytes(),
            }))
        }
        ProcessedMessageContent::ProposalMessage(proposal) => leaving(mls, sender, *proposal),
        ProcessedMessageContent::StagedCommitMessage(staged) => stage(mls, staged, sender, aad),
        ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) => {
            let staged = resolve(mls, store, *unresolved)?;
            stage(mls, Box::new(staged), sender, aad)
        }
        ProcessedMessageContent::OwnPrivateMessage | ProcessedMessageContent::OwnPendingCommit => {
            Err(ProcessError::Own)
        }
        ProcessedMessageContent::ExternalJoinProposalMessage(_) => Err(ProcessError::NotPrivate),
    }
}

/// The only proposal that stands alone is a wish to leave.
fn leaving(mls: &MlsGroup, sender: LeafNodeIndex, proposal: QueuedProposal) -> Result<Processed, ProcessError> {
    let Proposal::Remove(remove) = proposal.proposal() else {
        return Err(ProcessError::ForbiddenProposal);
    };
    let member = |index: LeafNodeIndex| {
        let node = mls.public_group().leaf(index).ok_or(ProcessError::ForbiddenProposal)?;
        Member::of_leaf(index, node).ok_or(ProcessError::NotOurs)
    };
    let (sender, leaving) = (member(sender)?, member(remove.removed())?);
    let epoch = mls.epoch().as_u64();
    Ok(Processed::Leaving(Box::new(StagedLeave { inner: Box::new(proposal), epoch, sender, leaving })))
}

fn stage(
    mls: &MlsGroup,
    inner: Box<MlsStagedCommit>,
    committer: LeafNodeIndex,
    aad: Vec<u8>,
) -> Result<Processed, ProcessError> {
    let view = Box::new(CommitView::of(mls, &inner, committer, aad)?);
    Ok(Processed::Commit(StagedCommit { inner, view }))
}

/// A commit with a new state: the library asks what the state becomes.
fn resolve(
    mls: &MlsGroup,
    store: &MlsStore,
    unresolved: UnresolvedAppDataCommit,
) -> Result<MlsStagedCommit, ProcessError> {
    let mut proposals = unresolved.app_data_update_proposals();
    let (Some(proposal), None) = (proposals.next(), proposals.next()) else {
        return Err(ProcessError::ForbiddenProposal);
    };
    let AppDataUpdateOperation::Update(context) = proposal.operation() else {
        return Err(ProcessError::ForbiddenProposal);
    };
    if proposal.component_id() != CONTEXT_COMPONENT {
        return Err(ProcessError::ForbiddenProposal);
    }
    let updates = context_update(mls.app_data_dictionary_updater(), context.as_slice().to_vec());
    drop(proposals);
    mls.stage_app_data_commit(store, unresolved, updates).map_err(of_commit)
}

fn of_process(error: ProcessMessageError<RowError>, theirs: u64, is_past: bool) -> ProcessError {
    match error {
        ProcessMessageError::ValidationError(error) => of_validation(error, theirs, is_past),
        ProcessMessageError::InvalidCommit(error) => of_commit(error),
        ProcessMessageError::GroupStateError(MlsGroupStateError::UseAfterEviction) => ProcessError::Removed,
        ProcessMessageError::IncompatibleWireFormat => ProcessError::NotPrivate,
        ProcessMessageError::UnsupportedProposalType => ProcessError::ForbiddenProposal,
        other => internal(other),
    }
}

fn of_validation(error: ValidationError, theirs: u64, is_past: bool) -> ProcessError {
    match error {
        ValidationError::WrongGroupId => ProcessError::WrongGroup,
        ValidationError::NoPastEpochData => ProcessError::TooOld { theirs },
        ValidationError::UnableToDecrypt(MessageDecryptionError::SecretTreeError(
            SecretTreeError::TooDistantInThePast,
        )) if is_past => ProcessError::TooOld { theirs },
        ValidationError::UnableToDecrypt(error) => of_decryption(error),
        other => ProcessError::Invalid(other.into()),
    }
}

fn of_decryption(error: MessageDecryptionError) -> ProcessError {
    match error {
        MessageDecryptionError::AeadError => ProcessError::NotDecryptable,
        MessageDecryptionError::SecretTreeError(SecretTreeError::SecretReuseError) => ProcessError::Duplicate,
        MessageDecryptionError::SecretTreeError(SecretTreeError::TooDistantInThePast) => ProcessError::Duplicate,
        MessageDecryptionError::SecretTreeError(SecretTreeError::TooDistantInTheFuture) => ProcessError::TooFarAhead,
        MessageDecryptionError::LibraryError(error) => internal(error),
        other => ProcessError::Invalid(other.into()),
    }
}

fn of_commit(error: StageCommitError) -> ProcessError {
    match error {
        StageCommitError::LibraryError(error) => internal(error),
        StageCommitError::OwnCommitMismatch => ProcessError::Own,
        other => ProcessError::InvalidCommit(other.into()),
    }
}

fn internal(error: impl Into<crate::error::Source>) -> ProcessError {
    ProcessError::Internal(error.into())
}
