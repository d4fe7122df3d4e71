//! From an intent to a commit: what exactly has to change in the group of this moment. Spec: rules C-5 to C-8, C-14, T-4.

use std::collections::{BTreeMap, BTreeSet};

use allod_crypto::token::{LogSecret, token_key};
use allod_mls::{Change, CommitView, KeyPackage};
use allod_wire::inbox::ClaimedDevice;
use allod_wire::log::{TokenChange, TokenRole};
use allod_wire::secrets::{TokenKey, TokenPublic};
use allod_wire::{Address, DeviceId};

use crate::conversation::Membership;
use crate::intent::Intent;
use crate::roster::{Reader, people};
use crate::state::{GroupState, Kind, Role};

/// A device whose key package was claimed, checked and may be added.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) package: KeyPackage,
    pub(crate) address: Address,
    pub(crate) device: DeviceId,
    pub(crate) claimed: ClaimedDevice,
}

/// What a commit is to do.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) change: Change,
    pub(crate) newcomers: Vec<Candidate>,
}

/// Why there is no commit to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlan {
    /// It is so already.
    Done,
    /// The role does not allow it (any more), or who it is about is not there.
    NotAllowed,
    /// To leave, nothing has to be changed first: say so.
    SayLeave,
}

/// Where a plan is made.
pub(crate) struct Situation<'a> {
    pub(crate) membership: &'a Membership,
    pub(crate) me: &'a Address,
    pub(crate) device: DeviceId,
    pub(crate) leaving: &'a [(DeviceId, TokenKey)],
    pub(crate) pending_proposals: bool,
    /// There is something to repair at the hub, and we may.
    pub(crate) repairs: bool,
    /// Devices that come in with one commit at most.
    pub(crate) additions_max: usize,
}

impl Situation<'_> {
    /// Plans `intent` with what was claimed for it.
    pub(crate) fn plan(&self, intent: &Intent, candidates: Vec<Candidate>) -> Result<Plan, NoPlan> {
        let (state, role) = (&self.membership.state, self.membership.role(self.me));
        match intent {
            Intent::Add { .. } | Intent::AddOwnDevices(_) => self.add(candidates),
            Intent::RemovePerson(address) => self.remove_person(address),
            Intent::RemoveDevices(devices) => self.remove(|reader| devices.contains(&reader.device())),
            Intent::Rename(title) => self.change_state(|state| state.title.clone_from(title)),
            Intent::SetMembersAdd(allowed) => self.change_state(|state| state.members_add = *allowed),
            Intent::SetRole(address, role) if self.membership.people.contains(address) && state.kind == Kind::Group => {
                self.change_state(|state| set_role(state, address, *role))
            }
            Intent::SetRole(..) => Err(NoPlan::NotAllowed),
            Intent::Leave => self.leave(),
            Intent::Tidy => self.tidy(role),
            Intent::Readd(_) => self.readd(candidates),
        }
    }

    fn add(&self, candidates: Vec<Candidate>) -> Result<Plan, NoPlan> {
        let is_new =
            |candidate: &Candidate| self.membership.readers.iter().all(|reader| reader.device() != candidate.device);
        let newcomers: Vec<_> = candidates.into_iter().filter(is_new).take(self.additions_max).collect();
        if newcomers.is_empty() {
            return Err(NoPlan::Done);
        }
        Ok(Plan { change: Change { add: packages(&newcomers), ..Change::default() }, newcomers })
    }

    /// A person goes with all devices and the role.
    fn remove_person(&self, address: &Address) -> Result<Plan, NoPlan> {
        let mut plan = self.remove(|reader| reader.address() == address)?;
        let state = &self.membership.state;
        if state.kind == Kind::Group && state.roles.contains_key(address) {
            let mut after = state.clone();
            after.roles.remove(address);
            plan.change.context = Some(after.encode());
        }
        Ok(plan)
    }

    /// Our own leaf cannot go by our own commit, so it is never among those removed.
    fn remove(&self, which: impl Fn(&Reader) -> bool) -> Result<Plan, NoPlan> {
        let goes = |reader: &&Reader| which(reader) && reader.device() != self.device;
        let remove: Vec<_> = self.membership.readers.iter().filter(goes).map(|reader| reader.leaf).collect();
        if remove.is_empty() {
            return Err(NoPlan::Done);
        }
        Ok(Plan { change: Change { remove, ..Change::default() }, newcomers: Vec::new() })
    }

    fn change_state(&self, change: impl FnOnce(&mut GroupState)) -> Result<Plan, NoPlan> {
        let mut after = self.membership.state.clone();
        change(&mut after);
        if after == self.membership.state {
            return Err(NoPlan::Done);
        }
        let context = Some(after.encode());
        Ok(Plan { change: Change { context, ..Change::default() }, newcomers: Vec::new() })
    }

    /// Before we go: our other devices go, and somebody else becomes owner if nobody would be.
    fn leave(&self) -> Result<Plan, NoPlan> {
        let others_own = self.remove(|reader| reader.address() == self.me);
        let mut plan = others_own.unwrap_or_default();
        let (state, people) = (&self.membership.state, &self.membership.people);
        let owns = |person: &&Address| state.roles.get(*person) == Some(&Role::Owner);
        // Whoever is on the way out too is no heir: the commit that grants that wish would name somebody who is gone.
        let stays = |reader: &Reader| self.leaving.iter().all(|(device, _)| *device != reader.device());
        let others = || {
            let others = people.iter().filter(|person| *person != self.me);
            others.filter(|person| self.membership.devices_of(person).any(stays))
        };
        let is_last_owner = state.roles.get(self.me) == Some(&Role::Owner) && !others().any(|person| owns(&person));
        let heir = others().max_by_key(|person| (self.membership.role(person), std::cmp::Reverse((*person).clone())));
        if let (Kind::Group, true, Some(heir)) = (state.kind, is_last_owner, heir) {
            let mut after = state.clone();
            after.roles.insert(heir.clone(), Role::Owner);
            plan.change.context = Some(after.encode());
        }
        let is_needed = !plan.change.remove.is_empty() || plan.change.context.is_some() || self.pending_proposals;
        if is_needed { Ok(plan) } else { Err(NoPlan::SayLeave) }
    }

    /// Grants wishes to leave (MLS does that by itself in any commit), takes out whose wish was lost, and repairs tokens.
    fn tidy(&self, role: Role) -> Result<Plan, NoPlan> {
        let is_chief = role >= Role::Admin;
        if self.pending_proposals {
            return Ok(Plan::default());
        }
        let left = |reader: &Reader| self.leaving.iter().any(|(device, _)| *device == reader.device());
        match self.remove(left) {
            Ok(plan) if is_chief => Ok(plan),
            _ if self.repairs => Ok(Plan::default()),
            _ => Err(NoPlan::Done),
        }
    }

    /// The old leaf goes and the new one comes in one commit (rule C-11).
    fn readd(&self, candidates: Vec<Candidate>) -> Result<Plan, NoPlan> {
        let candidate = candidates.into_iter().next().ok_or(NoPlan::NotAllowed)?;
        let is_it = |reader: &&Reader| {
            let known = &reader.certificate;
            known.device == candidate.device
                && known.address == candidate.address
                && known.signature_key.as_slice() == candidate.package.signature_key
        };
        let old = self.membership.readers.iter().find(is_it).ok_or(NoPlan::NotAllowed)?;
        if old.token == candidate.package.token_public {
            return Err(NoPlan::Done);
        }
        let newcomers = vec![candidate];
        let change = Change { remove: vec![old.leaf], add: packages(&newcomers), ..Change::default() };
        Ok(Plan { change, newcomers })
    }
}

fn packages(candidates: &[Candidate]) -> Vec<KeyPackage> {
    candidates.iter().map(|candidate| candidate.package.clone()).collect()
}

fn set_role(state: &mut GroupState, address: &Address, role: Role) {
    match role {
        Role::Member => state.roles.remove(address),
        Role::Admin | Role::Owner => state.roles.insert(address.clone(), role),
    };
}

/// The members after a commit, computed from before and what it does; `None` if something in it is not ours.
pub(crate) fn after(before: &Membership, view: &CommitView) -> Option<Membership> {
    let mut readers: Vec<Reader> = before.readers.clone();
    readers.retain(|reader| view.removed.iter().all(|removed| removed.member.leaf != reader.leaf));
    if let Some(updated) = &view.updated {
        readers.retain(|reader| reader.leaf != updated.after.leaf);
        readers.push(Reader::of(&updated.after)?);
    }
    for member in &view.added {
        readers.push(Reader::of(member)?);
    }
    readers.sort_by_key(|reader| reader.leaf);
    let state = match &view.context {
        Some(change) => GroupState::decode(&change.after).ok()?,
        None => before.state.clone(),
    };
    Some(Membership { people: people(&readers), state, readers })
}

/// What the hub should hold for each leaf.
fn tokens(membership: &Membership) -> BTreeMap<TokenPublic, TokenRole> {
    let role = |reader: &Reader| membership.state.roles.get(reader.address()).copied().unwrap_or(Role::Member);
    membership.readers.iter().map(|reader| (reader.token, role(reader).token_role())).collect()
}

/// The token keys that a change from `before` to `after` concerns, with what the hub should hold then (rule T-4).
pub(crate) fn token_diff(before: &Membership, after: &Membership) -> BTreeMap<TokenKey, Option<TokenRole>> {
    let (old, new) = (tokens(before), tokens(after));
    let concerned: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let secret = after.secret();
    concerned
        .into_iter()
        .filter(|public| old.get(*public) != new.get(*public))
        .filter_map(|public| Some((token_key(public, &secret).ok()?, new.get(public).copied())))
        .collect()
}

/// The changes that reach what is wanted, as far as a token with role `ours` may make them (rule T-5).
pub(crate) fn allowed_changes(wanted: &BTreeMap<TokenKey, Option<TokenRole>>, ours: TokenRole) -> Vec<TokenChange> {
    let change = |(key, role): (&TokenKey, &Option<TokenRole>)| match (*role, ours) {
        (None, TokenRole::Administrator) => Some(TokenChange::Revoke { key: *key }),
        (Some(role), TokenRole::Administrator) => Some(TokenChange::Register { key: *key, role }),
        // Less than wanted is better than nothing: the newcomer can read, and an administrator repairs the role.
        (Some(_), TokenRole::Member) => Some(TokenChange::Register { key: *key, role: TokenRole::Member }),
        (None, TokenRole::Member) => None,
    };
    wanted.iter().filter_map(change).collect()
}

/// Which keys the hub holds otherwise than wanted, after an entry with these changes (rule C-14).
///
/// `concerned` are the keys that the entry's commit concerns; `wanted` says what any other key should be.
pub(crate) fn missing(
    concerned: &BTreeMap<TokenKey, Option<TokenRole>>,
    changes: &[TokenChange],
    wanted: impl Fn(&TokenKey) -> Option<TokenRole>,
) -> BTreeMap<TokenKey, Result<(), Option<TokenRole>>> {
    let mut held: BTreeMap<TokenKey, Option<TokenRole>> = BTreeMap::new();
    for change in changes {
        match change {
            TokenChange::Register { key, role } => held.insert(*key, Some(*role)),
            TokenChange::Revoke { key } => held.insert(*key, None),
        };
    }
    let keys: BTreeSet<TokenKey> = concerned.keys().chain(held.keys()).copied().collect();
    let judge = |key: TokenKey| {
        let wanted = concerned.get(&key).copied().unwrap_or_else(|| wanted(&key));
        let verdict = if held.get(&key) == Some(&wanted) { Ok(()) } else { Err(wanted) };
        (key, verdict)
    };
    keys.into_iter().map(judge).collect()
}

/// What the hub should hold under `key`.
pub(crate) fn wanted_now(membership: &Membership, secret: &LogSecret, key: &TokenKey) -> Option<TokenRole> {
    let tokens = tokens(membership);
    tokens.into_iter().find(|(public, _)| token_key(public, secret).as_ref() == Ok(key)).map(|(_, role)| role)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: TokenKey = TokenKey([1; 32]);

    #[test]
    fn a_members_token_registers_but_revokes_nobody_t_5() {
        let wanted = BTreeMap::from([(KEY, Some(TokenRole::Administrator)), (TokenKey([2; 32]), None)]);
        let by_member = allowed_changes(&wanted, TokenRole::Member);
        assert_eq!(by_member, [TokenChange::Register { key: KEY, role: TokenRole::Member }]);
        assert_eq!(allowed_changes(&wanted, TokenRole::Administrator).len(), 2);
    }

    #[test]
    fn what_a_commit_leaves_undone_or_does_besides_is_to_be_repaired_c_14() {
        let concerned = BTreeMap::from([(KEY, None)]);
        let stranger = TokenKey([7; 32]);
        let changes = [TokenChange::Register { key: stranger, role: TokenRole::Member }];
        let verdicts = missing(&concerned, &changes, |_| None);
        assert_eq!(verdicts, BTreeMap::from([(KEY, Err(None)), (stranger, Err(None))]));
        let right = [TokenChange::Revoke { key: KEY }];
        assert_eq!(missing(&concerned, &right, |_| None), BTreeMap::from([(KEY, Ok(()))]));
    }
}
