//! Joining. A Welcome holds one part that is the same for all who join (the group with its whole tree, encrypted), and a
//! small part for each. The large part travels once, as a blob; each newcomer gets its own small part in its inbox.
//! Spec: `spec/conversation.md`, rules C-6 and C-11.

use allod_wire::ids::LogId;
use openmls::prelude::tls_codec::VLBytes;
use openmls::prelude::{MlsGroup, StagedWelcome, Welcome, WelcomeError};
use openmls_traits::OpenMlsProvider;

use crate::codec::{RowError, from_tls, read_tls, to_tls};
use crate::error::{JoinError, Source};
use crate::group::{Group, join_config, mls_id};
use crate::key_package::KeyPackageRef;
use crate::leaf;
use crate::member::{LeafIndex, Member};
use crate::store::MlsStore;

/// What newcomers need, in the two parts in which it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WelcomeParts {
    /// The same for all: the encrypted group. It opens only with a part from `own`.
    pub shared: Vec<u8>,
    /// For each newcomer, by the key package that was used.
    pub own: Vec<(KeyPackageRef, Vec<u8>)>,
}

/// What to do with a Welcome to a conversation that we are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMember {
    /// Refuse it: whoever has one of our key packages could otherwise replace a conversation by a forged one.
    Refuse,
    /// Replace what we have: we know that we cannot follow it any more and asked to be put back in.
    Replace,
}

/// A conversation that we just joined.
#[derive(Debug)]
pub struct Joined {
    /// The conversation.
    pub group: Group,
    /// Who brought us in.
    pub added_by: LeafIndex,
    /// The key package that was used: it names the secret of the token that is ours here.
    pub reference: KeyPackageRef,
}

impl WelcomeParts {
    /// Splits the MLS encoding, `suite ‖ secrets<V> ‖ encrypted group<V>`.
    pub(crate) fn split(welcome: &Welcome) -> Result<Self, Source> {
        let bytes = to_tls(welcome)?;
        let (suite, mut encrypted_group) = bytes.split_at(SUITE_BYTES);
        let _secrets: VLBytes = read_tls(&mut encrypted_group)?;
        let own = welcome
            .secrets()
            .iter()
            .map(|secrets| Ok((KeyPackageRef(secrets.new_member().as_slice().to_vec()), to_tls(secrets)?)))
            .collect::<Result<_, Source>>()?;
        Ok(Self { shared: [suite, encrypted_group].concat(), own })
    }

    /// For which key package a newcomer's own part is: read before it is used, to find the token that goes with it.
    ///
    /// # Errors
    /// [`JoinError::Malformed`].
    pub fn reference_of(own: &[u8]) -> Result<KeyPackageRef, JoinError> {
        let reference: VLBytes = read_tls(&mut &*own).map_err(|_| JoinError::Malformed)?;
        Ok(KeyPackageRef(reference.into()))
    }
}

/// Puts a Welcome for one newcomer back together.
fn assemble(shared: &[u8], own: &[u8]) -> Result<Welcome, JoinError> {
    let (suite, encrypted_group) = shared.split_at_checked(SUITE_BYTES).ok_or(JoinError::Malformed)?;
    let secrets = to_tls(&VLBytes::new(own.to_vec())).map_err(|_| JoinError::Malformed)?;
    let bytes = [suite, &secrets, encrypted_group].concat();
    let welcome = from_tls::<Welcome>(&bytes).map_err(|_| JoinError::Malformed)?;
    if welcome.secrets().len() == 1 { Ok(welcome) } else { Err(JoinError::Malformed) }
}

impl Group {
    /// Joins the conversation `log_id` with the two parts of its Welcome, and so uses up the key package (unless it is a
    /// last resort).
    ///
    /// Whether its members are who they should be is for the caller to check; if not, [`Group::delete`] it.
    ///
    /// # Errors
    /// [`JoinError`].
    pub fn join(
        store: &mut MlsStore,
        log_id: LogId,
        shared: &[u8],
        own: &[u8],
        if_member: IfMember,
    ) -> Result<Joined, JoinError> {
        let welcome = assemble(shared, own)?;
        let store = &*store;
        store.atomically(|| join(store, log_id, welcome, if_member))
    }
}

fn join(store: &MlsStore, log_id: LogId, welcome: Welcome, if_member: IfMember) -> Result<Joined, JoinError> {
    let reference = KeyPackageRef(welcome.secrets()[0].new_member().as_slice().to_vec());
    // Members are in the tree for years without a new leaf, so the age of a leaf says nothing; see `leaf::lifetime`.
    let mut builder = StagedWelcome::build_from_welcome(store, &join_config(), welcome)
        .map_err(of_welcome)?
        .skip_lifetime_validation();
    let group_id = mls_id(&log_id);
    if builder.processed_welcome().unverified_group_info().group_id() != &group_id {
        return Err(JoinError::WrongLog);
    }
    let existing = MlsGroup::load(store.storage(), &group_id).map_err(|error| JoinError::Invalid(error.into()))?;
    if let Some(existing) = existing {
        if existing.is_active() && if_member == IfMember::Refuse {
            return Err(JoinError::AlreadyMember);
        }
        store.rows.delete_group(&group_id).map_err(|error| JoinError::Invalid(error.into()))?;
        builder = builder.replace_old_group();
    }
    let staged = builder.build().map_err(of_welcome)?;
    let added_by = staged.welcome_sender_index().into();
    let mls = staged.into_group(store).map_err(of_welcome)?;
    check_group(&mls)?;
    let group = Group::of_mls(mls, log_id).ok_or(JoinError::NotOurs)?;
    Ok(Joined { group, added_by, reference })
}

/// The rules for our conversations: a state, and leaves that are ours.
fn check_group(mls: &MlsGroup) -> Result<(), JoinError> {
    let is_ours = leaf::context_of(mls.extensions()).is_some()
        && leaf::requires_ours(mls.extensions())
        && mls.members().all(|member| {
            let node = mls.public_group().leaf(member.index);
            node.is_some_and(|node| leaf::is_capable(node) && Member::of_leaf(member.index, node).is_some())
        });
    if is_ours { Ok(()) } else { Err(JoinError::NotOurs) }
}

fn of_welcome(error: WelcomeError<RowError>) -> JoinError {
    match error {
        WelcomeError::NoMatchingKeyPackage => JoinError::UnknownKeyPackage,
        other => JoinError::Invalid(other.into()),
    }
}

const SUITE_BYTES: usize = 2;
