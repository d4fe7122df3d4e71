//! Who may do what to a conversation: decided the same by every member, from the state before the commit. Rule C-5.
//!
//! Invariants:
//! - the decision depends on nothing but the tree, the group state and the commit, so all members agree on it;
//! - an address has one identity key in a conversation.

use std::collections::BTreeSet;

use allod_mls::CommitView;
use allod_wire::Address;

use crate::roster::{Reader, people};
use crate::state::{GroupState, Kind, Role};

/// Why members skip a commit (rule C-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forbidden {
    /// C-12: a leaf is not a certified device.
    #[error("a leaf is not a certified device")]
    NotCertified,
    /// C-12: the address has another identity key here.
    #[error("another identity key for the same address")]
    OtherIdentity,
    /// C-5: the role does not allow to add.
    #[error("may not add")]
    Add,
    /// C-5: the role does not allow to remove.
    #[error("may not remove")]
    Remove,
    /// C-5: the role does not allow to change the state so, or the state is not sound.
    #[error("may not change the state so")]
    State,
    /// C-5: a leaf may renew its keys, not become another device.
    #[error("a leaf became another device")]
    OtherDevice,
}

/// Decides on another member's commit, or on a plan of our own. `before` are the readers before it.
pub(crate) fn authorise(state: &GroupState, before: &[Reader], view: &CommitView) -> Result<(), Forbidden> {
    let committer = Reader::of(&view.committer).ok_or(Forbidden::NotCertified)?;
    let added = view.added.iter().map(|member| Reader::of(member).ok_or(Forbidden::NotCertified));
    let added = added.collect::<Result<Vec<_>, _>>()?;
    let removed: Vec<(Reader, bool)> = view
        .removed
        .iter()
        .map(|removed| {
            let reader = Reader::of(&removed.member).ok_or(Forbidden::NotCertified)?;
            let by =
                removed.proposed_by.as_ref().map(|by| Reader::of(by).ok_or(Forbidden::NotCertified)).transpose()?;
            let left = removed.left || by.is_some_and(|by| by.address() == reader.address());
            Ok((reader, left))
        })
        .collect::<Result<_, _>>()?;
    if let Some(updated) = &view.updated {
        let after = Reader::of(&updated.after).ok_or(Forbidden::NotCertified)?;
        if !committer.is_same_device(&after) || committer.certificate.identity_key != after.certificate.identity_key {
            return Err(Forbidden::OtherDevice);
        }
    }
    let here = people(before);
    let actor = Actor { address: committer.address(), role: state.role(committer.address(), &here) };
    let staying: Vec<&Reader> =
        before.iter().filter(|reader| removed.iter().all(|(gone, _)| gone.leaf != reader.leaf)).collect();
    for reader in &added {
        let is_back = removed.iter().any(|(gone, _)| gone.is_same_device(reader));
        check_identity(reader, staying.iter().copied().chain(&added))?;
        actor.may_add(state, &here, reader, is_back)?;
    }
    for (reader, left) in &removed {
        let is_back = added.iter().any(|back| back.is_same_device(reader));
        if !left && !is_back {
            actor.may_remove(state, &here, reader.address())?;
        }
    }
    if let Some(change) = &view.context {
        let after = GroupState::decode(&change.after).map_err(|_| Forbidden::State)?;
        let remaining: BTreeSet<Address> =
            staying.iter().copied().chain(&added).map(|reader| reader.address().clone()).collect();
        actor.may_change(state, &after, &remaining)?;
    }
    Ok(())
}

/// Within one conversation an address has one identity key and a device one leaf.
fn check_identity<'a>(reader: &Reader, others: impl Iterator<Item = &'a Reader>) -> Result<(), Forbidden> {
    for other in others.filter(|other| other.address() == reader.address()) {
        if other.certificate.identity_key != reader.certificate.identity_key {
            return Err(Forbidden::OtherIdentity);
        }
        if other.leaf != reader.leaf && other.device() == reader.device() {
            return Err(Forbidden::OtherDevice);
        }
    }
    Ok(())
}

/// Who acts, and in which role.
pub(crate) struct Actor<'a> {
    pub(crate) address: &'a Address,
    pub(crate) role: Role,
}

impl Actor<'_> {
    /// Whether it may bring in `reader`; `is_back` if the same device goes in the same commit.
    pub(crate) fn may_add(
        &self,
        state: &GroupState,
        here: &BTreeSet<Address>,
        reader: &Reader,
        is_back: bool,
    ) -> Result<(), Forbidden> {
        let address = reader.address();
        let is_own = address == self.address;
        let allowed = match state.kind {
            Kind::Pair => state.roles.contains_key(address) && (is_own || is_back || self.role == Role::Owner),
            Kind::Group => {
                is_own || is_back || self.role >= Role::Admin || (state.members_add && !here.contains(address))
            }
        };
        if allowed { Ok(()) } else { Err(Forbidden::Add) }
    }

    /// Whether it may remove devices of `address`.
    pub(crate) fn may_remove(
        &self,
        state: &GroupState,
        here: &BTreeSet<Address>,
        address: &Address,
    ) -> Result<(), Forbidden> {
        let theirs = state.role(address, here);
        let allowed = match self.role {
            _ if address == self.address => true,
            Role::Owner => true,
            Role::Admin => theirs != Role::Owner,
            Role::Member => false,
        };
        if allowed { Ok(()) } else { Err(Forbidden::Remove) }
    }

    /// Whether it may change the state from `before` to `after`, if `remaining` are the people then.
    pub(crate) fn may_change(
        &self,
        before: &GroupState,
        after: &GroupState,
        remaining: &BTreeSet<Address>,
    ) -> Result<(), Forbidden> {
        let fixed = |state: &GroupState| (state.version, state.kind, state.hub.clone(), state.log_secret.clone());
        let roles_of_those_who_stay = |state: &GroupState| -> Vec<(Address, Role)> {
            let stays = |(address, _): &(&Address, &Role)| remaining.contains(*address);
            state.roles.iter().filter(stays).map(|(address, role)| (address.clone(), *role)).collect()
        };
        let same_roles = roles_of_those_who_stay(before) == roles_of_those_who_stay(after);
        let owned = |state: &GroupState| remaining.iter().any(|person| state.roles.get(person) == Some(&Role::Owner));
        let no_ghosts =
            after.roles.keys().all(|address| remaining.contains(address) || before.roles.contains_key(address));
        let allowed = fixed(before) == fixed(after)
            && self.role >= Role::Admin
            && no_ghosts
            && (!owned(before) || owned(after))
            && (before.kind == Kind::Group || before.roles == after.roles)
            && ((same_roles && before.members_add == after.members_add) || self.role == Role::Owner);
        if allowed { Ok(()) } else { Err(Forbidden::State) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::{address, group};

    fn everybody() -> BTreeSet<Address> {
        ["alice", "bob", "carol", "dave"].map(address).into()
    }

    fn act(
        state: &GroupState,
        name: &str,
        check: impl Fn(&Actor<'_>) -> Result<(), Forbidden>,
    ) -> Result<(), Forbidden> {
        let address = address(name);
        check(&Actor { address: &address, role: state.role(&address, &everybody()) })
    }

    #[test]
    fn an_admin_removes_members_but_not_owners_and_members_remove_nobody_c_5() {
        let state = group(&[("alice", Role::Owner), ("bob", Role::Admin)]);
        let remove =
            |by: &str, whom: &str| act(&state, by, |actor| actor.may_remove(&state, &everybody(), &address(whom)));
        assert_eq!(remove("bob", "carol"), Ok(()));
        assert_eq!(remove("bob", "alice"), Err(Forbidden::Remove));
        assert_eq!(remove("alice", "bob"), Ok(()));
        assert_eq!(remove("carol", "dave"), Err(Forbidden::Remove));
        assert_eq!(remove("carol", "carol"), Ok(()), "own devices");
    }

    #[test]
    fn only_owners_change_roles_and_admins_the_title_c_5() {
        let state = group(&[("alice", Role::Owner), ("bob", Role::Admin)]);
        let change =
            |by: &str, after: &GroupState| act(&state, by, |actor| actor.may_change(&state, after, &everybody()));
        let renamed = GroupState { title: "Other".into(), ..state.clone() };
        assert_eq!(change("bob", &renamed), Ok(()));
        assert_eq!(change("carol", &renamed), Err(Forbidden::State));
        let promoted = group(&[("alice", Role::Owner), ("bob", Role::Owner)]);
        assert_eq!(change("bob", &promoted), Err(Forbidden::State));
        assert_eq!(change("alice", &promoted), Ok(()));
        let ghost = group(&[("alice", Role::Owner), ("bob", Role::Admin), ("eve", Role::Owner)]);
        assert_eq!(change("alice", &ghost), Err(Forbidden::State), "a role for somebody who is not there");
    }

    #[test]
    fn nobody_changes_the_log_secret_or_the_hub_c_2() {
        let state = group(&[("alice", Role::Owner)]);
        let other = GroupState { log_secret: allod_wire::inbox::LogSecretBytes([9; 32]), ..state.clone() };
        let changed = act(&state, "alice", |actor| actor.may_change(&state, &other, &everybody()));
        assert_eq!(changed, Err(Forbidden::State));
    }

    #[test]
    fn an_owner_who_goes_may_lose_the_role_in_the_same_commit_c_5() {
        let state = group(&[("alice", Role::Owner), ("bob", Role::Admin), ("dave", Role::Owner)]);
        let after = group(&[("alice", Role::Owner), ("bob", Role::Admin)]);
        let remaining = ["alice", "bob", "carol"].map(address).into();
        assert_eq!(act(&state, "bob", |actor| actor.may_change(&state, &after, &remaining)), Ok(()));
    }

    #[test]
    fn the_last_owner_stays_one_c_5() {
        let (before, none) = (group(&[("alice", Role::Owner)]), group(&[("alice", Role::Admin)]));
        let handed_on = group(&[("bob", Role::Owner)]);
        assert!(act(&before, "alice", |actor| actor.may_change(&before, &none, &everybody())).is_err());
        assert!(act(&before, "alice", |actor| actor.may_change(&before, &handed_on, &everybody())).is_ok());
    }
}
