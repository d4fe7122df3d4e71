//! What a commit changes, read from the commit itself: the caller decides on it, and shows it.

use std::collections::BTreeSet;

use openmls::prelude::AppDataUpdateOperation;
use openmls::prelude::{LeafNodeIndex, MlsGroup, Proposal, Sender, StagedCommit};

use crate::error::ProcessError;
use crate::leaf::{self, CONTEXT_COMPONENT};
use crate::member::{LeafIndex, Member};

/// Everything that a commit does, complete by construction: what is not listed here does not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitView {
    /// The epoch that it leads to.
    pub epoch: u64,
    /// Who made it, as the member was before.
    pub committer: Member,
    /// What the committer bound to it in the clear.
    pub aad: Vec<u8>,
    /// Who comes in, with the leaves that they get.
    pub added: Vec<Member>,
    /// Who goes, with the leaves that they had. A member that is in `added` too was put back in anew.
    pub removed: Vec<Removed>,
    /// What changes about the committer itself, besides its encryption keys.
    pub updated: Option<Updated>,
    /// The change of the conversation's state.
    pub context: Option<ContextChange>,
    /// We are among those who go.
    pub removes_us: bool,
}

/// A member that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// As it was.
    pub member: Member,
    /// It asked to leave itself.
    pub left: bool,
    /// Whose wish it was: its own, or that of another leaf. `None` if it is the committer's.
    pub proposed_by: Option<Member>,
}

/// A member before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// As it was.
    pub before: Member,
    /// As it is to be.
    pub after: Member,
}

/// The conversation's state before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextChange {
    /// As it was.
    pub before: Vec<u8>,
    /// As it is to be.
    pub after: Vec<u8>,
}

impl CommitView {
    /// Reads a commit that the library found valid, and checks our own rules for commits.
    pub(crate) fn of(
        mls: &MlsGroup,
        staged: &StagedCommit,
        committer: LeafNodeIndex,
        aad: Vec<u8>,
    ) -> Result<Self, ProcessError> {
        let member = |index: LeafNodeIndex| {
            mls.public_group().leaf(index).and_then(|node| Member::of_leaf(index, node)).ok_or(ProcessError::NotOurs)
        };
        check_proposals(staged)?;
        let removed = removed_by(staged)
            .map(|(index, proposer)| {
                let proposed_by = (proposer != committer).then(|| member(proposer)).transpose()?;
                Ok(Removed { member: member(index)?, left: proposer == index, proposed_by })
            })
            .collect::<Result<Vec<_>, ProcessError>>()?;
        let added = added_by(mls, staged)?;
        let before = member(committer)?;
        Ok(Self {
            epoch: staged.epoch().as_u64(),
            updated: updated_by(staged, &before)?,
            committer: before,
            aad,
            added,
            removed,
            context: context_change(mls, staged)?,
            removes_us: staged.self_removed(),
        })
    }
}

/// Additions and removals by the committer, leave-takings by those who leave, one new state: nothing else.
fn check_proposals(staged: &StagedCommit) -> Result<(), ProcessError> {
    let mut states = 0;
    for queued in staged.queued_proposals() {
        match (queued.proposal(), queued.sender()) {
            (Proposal::Add(_) | Proposal::Remove(_), Sender::Member(_)) => {}
            (Proposal::AppDataUpdate(update), Sender::Member(_)) if update.component_id() == CONTEXT_COMPONENT => {
                if !matches!(update.operation(), AppDataUpdateOperation::Update(_)) {
                    return Err(ProcessError::ForbiddenProposal);
                }
                states += 1;
            }
            _ => return Err(ProcessError::ForbiddenProposal),
        }
    }
    if states > 1 { Err(ProcessError::ForbiddenProposal) } else { Ok(()) }
}

/// The leaves that go, and the leaf that proposed it.
fn removed_by(staged: &StagedCommit) -> impl Iterator<Item = (LeafNodeIndex, LeafNodeIndex)> + '_ {
    staged.remove_proposals().filter_map(|queued| match queued.sender() {
        Sender::Member(proposer) => Some((queued.remove_proposal().removed(), *proposer)),
        _ => None, // check_proposals has refused it.
    })
}

/// Those who come in. MLS gives each the leftmost free leaf, in the order of the proposals (RFC 9420, section 7.7).
fn added_by(mls: &MlsGroup, staged: &StagedCommit) -> Result<Vec<Member>, ProcessError> {
    let mut taken: BTreeSet<u32> = mls.members().map(|member| member.index.u32()).collect();
    for (removed, _) in removed_by(staged) {
        taken.remove(&removed.u32());
    }
    let mut candidate = 0;
    let mut added = Vec::new();
    for queued in staged.add_proposals() {
        while !taken.insert(candidate) {
            candidate += 1;
        }
        let package = queued.add_proposal().key_package();
        let node = package.leaf_node();
        if *package.life_time() != leaf::lifetime() || !leaf::is_capable(node) {
            return Err(ProcessError::NotOurs);
        }
        added.push(Member::of_leaf(LeafIndex(candidate), node).ok_or(ProcessError::NotOurs)?);
    }
    Ok(added)
}

fn updated_by(staged: &StagedCommit, before: &Member) -> Result<Option<Updated>, ProcessError> {
    let Some(node) = staged.update_path_leaf_node() else {
        return Ok(None);
    };
    if !leaf::is_capable(node) {
        return Err(ProcessError::NotOurs);
    }
    let after = Member::of_leaf(before.leaf, node).ok_or(ProcessError::NotOurs)?;
    Ok((after != *before).then(|| Updated { before: before.clone(), after }))
}

fn context_change(mls: &MlsGroup, staged: &StagedCommit) -> Result<Option<ContextChange>, ProcessError> {
    let before = leaf::context_of(mls.extensions()).ok_or(ProcessError::NotOurs)?;
    let after = leaf::context_of(staged.group_context().extensions()).ok_or(ProcessError::NotOurs)?;
    Ok((before != after).then(|| ContextChange { before: before.to_vec(), after: after.to_vec() }))
}
