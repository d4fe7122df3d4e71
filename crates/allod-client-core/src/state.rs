//! What all members of a conversation agree on: the group state, in the MLS group context. Spec: `spec/conversation.md`, rule C-2.

use std::collections::{BTreeMap, BTreeSet};

use allod_wire::cbor::{self, DecodeError};
use allod_wire::inbox::LogSecretBytes;
use allod_wire::log::TokenRole;
use allod_wire::{Address, Domain};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// The only version of the group state so far.
pub(crate) const STATE_VERSION: u32 = 1;
/// Longest title, in bytes.
pub(crate) const TITLE_BYTES_MAX: usize = 256;
/// Longest group state, in bytes.
const STATE_BYTES_MAX: usize = 256 << 10;

/// What a conversation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Two people, who stay the only ones.
    #[n(0)]
    Pair,
    /// Any number, with a title and roles.
    #[n(1)]
    Group,
}

/// What somebody may change in a conversation (rule C-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Talks.
    #[n(0)]
    Member,
    /// Adds, removes, renames.
    #[n(1)]
    Admin,
    /// Also changes roles.
    #[n(2)]
    Owner,
}

impl Role {
    /// What the role's tokens may do at the hub (rule T-5).
    pub(crate) fn token_role(self) -> TokenRole {
        if self >= Self::Admin { TokenRole::Administrator } else { TokenRole::Member }
    }
}

/// The state that travels in the group context.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct GroupState {
    #[n(0)]
    pub(crate) version: u32,
    #[n(1)]
    pub(crate) kind: Kind,
    #[n(2)]
    pub(crate) title: String,
    #[n(3)]
    pub(crate) hub: Domain,
    #[n(4)]
    pub(crate) log_secret: LogSecretBytes,
    /// Of whoever is not a plain member. In a pair, exactly the two.
    #[n(5)]
    pub(crate) roles: BTreeMap<Address, Role>,
    #[n(6)]
    pub(crate) members_add: bool,
}

impl GroupState {
    pub(crate) fn encode(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let state: Self = cbor::from_slice_bounded(bytes, STATE_BYTES_MAX)?;
        let is_sound = state.version == STATE_VERSION
            && state.title.len() <= TITLE_BYTES_MAX
            && (state.kind == Kind::Group || state.roles.len() == 2);
        if is_sound { Ok(state) } else { Err(DecodeError::Malformed) }
    }

    /// The role of `address` among `people`. If no owner is left, the first of the highest role counts as owner, so that a
    /// conversation never gets stuck; everybody computes the same.
    pub(crate) fn role(&self, address: &Address, people: &BTreeSet<Address>) -> Role {
        let given = |address: &Address| self.roles.get(address).copied().unwrap_or(Role::Member);
        let heir = || {
            let best = people.iter().map(given).max()?;
            people.iter().find(|person| given(person) == best)
        };
        let orphaned = !people.iter().any(|person| given(person) == Role::Owner);
        if orphaned && heir() == Some(address) { Role::Owner } else { given(address) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn address(name: &str) -> Address {
        format!("{name}@a.example").parse().unwrap()
    }

    pub(crate) fn group(roles: &[(&str, Role)]) -> GroupState {
        GroupState {
            version: STATE_VERSION,
            kind: Kind::Group,
            title: "Plan".into(),
            hub: "a.example".parse().unwrap(),
            log_secret: LogSecretBytes([1; 32]),
            roles: roles.iter().map(|(name, role)| (address(name), *role)).collect(),
            members_add: false,
        }
    }

    #[test]
    fn the_state_reads_back_and_an_unknown_version_is_refused_c_2() {
        let state = group(&[("alice", Role::Owner)]);
        assert_eq!(GroupState::decode(&state.encode()), Ok(state.clone()));
        let newer = GroupState { version: 2, ..state };
        assert_eq!(GroupState::decode(&newer.encode()), Err(DecodeError::Malformed));
    }

    #[test]
    fn a_conversation_without_an_owner_gets_one_the_same_for_all_c_5() {
        let people = ["alice", "bob", "carol"].map(address).into();
        let state = group(&[("bob", Role::Admin), ("carol", Role::Admin)]);
        assert_eq!(state.role(&address("bob"), &people), Role::Owner);
        assert_eq!(state.role(&address("carol"), &people), Role::Admin);
        assert_eq!(group(&[]).role(&address("alice"), &people), Role::Owner);
        assert_eq!(group(&[("carol", Role::Owner)]).role(&address("bob"), &people), Role::Member);
    }
}
