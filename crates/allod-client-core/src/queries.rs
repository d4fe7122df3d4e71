//! What the user asks of the server as an account: people, invitations, own devices. Spec: `spec/account.md`.

use allod_crypto::Random;
use allod_wire::account::{AccountRole, InviteCreated, NewInvite, People};
use allod_wire::link::{Link, LinkKind};
use allod_wire::secrets::InviteSecret;
use allod_wire::{Address, DeviceId, UnixMillis, UserName};

use crate::core::ClientCore;
use crate::effect::{Effect, Event};
use crate::error::CoreError;
use crate::pending::AccountCall;
use crate::view::PersonView;

impl ClientCore {
    /// Asks who is in the organisation; [`Event::People`] follows.
    ///
    /// # Errors
    /// [`CoreError::NotJoined`].
    pub fn ask_people(&mut self) -> Result<Vec<Effect>, CoreError> {
        self.joined()?;
        self.account_call(AccountCall::People);
        Ok(self.done())
    }

    /// Makes an invitation for a new account; [`Event::InviteCreated`] follows.
    ///
    /// # Errors
    /// [`CoreError::NotAllowed`] unless the account is an administrator's.
    pub fn invite_person(
        &mut self,
        name: Option<UserName>,
        role: AccountRole,
        uses: u32,
        days: u32,
    ) -> Result<Vec<Effect>, CoreError> {
        if self.joined()?.role != AccountRole::Administrator {
            return Err(CoreError::NotAllowed);
        }
        self.account_call(AccountCall::Invite(NewInvite::Person { name, role, uses, days }));
        Ok(self.done())
    }

    /// Makes a link for one more own device; [`Event::DeviceLink`] follows. The device comes into all conversations by itself,
    /// with a line in each of them.
    ///
    /// # Errors
    /// [`CoreError::NotJoined`].
    pub fn new_device_link(&mut self) -> Result<Vec<Effect>, CoreError> {
        self.joined()?;
        self.account_call(AccountCall::Invite(NewInvite::Device));
        Ok(self.done())
    }

    /// Makes a recovery link for [`Self::begin_backup`] (rule A-10); [`Event::RecoveryLink`] follows.
    ///
    /// # Errors
    /// [`CoreError::NotJoined`].
    pub fn recovery_link(&mut self) -> Result<Vec<Effect>, CoreError> {
        self.joined()?;
        self.account_call(AccountCall::Invite(NewInvite::Recovery));
        Ok(self.done())
    }

    /// Removes an own device from the account and from all conversations.
    ///
    /// # Errors
    /// [`CoreError::NotAllowed`] for this device itself, [`CoreError::UnknownPerson`] for a foreign one.
    pub fn remove_device(&mut self, device: DeviceId) -> Result<Vec<Effect>, CoreError> {
        let joined = self.joined()?;
        if device == self.my_device() {
            return Err(CoreError::NotAllowed);
        }
        // The account may not show a device that the directory names (rule Y-12).
        let is_asked_about = joined.newcomers.iter().flatten().any(|one| one.device == device);
        if !is_asked_about && joined.devices.iter().all(|certificate| certificate.device != device) {
            return Err(CoreError::UnknownPerson);
        }
        self.account_call(AccountCall::RemoveDevice(device));
        Ok(self.done())
    }

    /// Looks at the own account now.
    pub fn refresh_account(&mut self, now: UnixMillis, _rng: &mut dyn Random) -> Vec<Effect> {
        self.stock.look_at_account();
        self.pump_stock(now);
        self.done()
    }

    pub(crate) fn handle_people(&mut self, people: People) {
        let (Some(me), Ok(joined)) = (self.me(), self.joined()) else { return };
        let domain = joined.organisation.domain.clone();
        let view = |person: allod_wire::account::Person| {
            let address = Address { name: person.name, domain: domain.clone() };
            PersonView { own: address == me, address, role: person.role }
        };
        let people = people.people.into_iter().map(view).collect();
        self.event(Event::People(people));
    }

    pub(crate) fn handle_invite(&mut self, invite: &NewInvite, created: &InviteCreated, now: UnixMillis) {
        let secret = created.secret.clone();
        let server = self.server().to_owned();
        match invite {
            NewInvite::Person { .. } => {
                let link = Link { server, kind: LinkKind::Join(secret) }.to_string();
                self.event(Event::InviteCreated { link });
            }
            NewInvite::Device | NewInvite::Recovery => {
                let identity_seed = InviteSecret(*self.account.identity_seed());
                let kind = LinkKind::Device { secret, name: self.account.name.clone(), identity_seed };
                let link = Link { server, kind }.to_string();
                if *invite == NewInvite::Device {
                    self.stock.expect_device(now);
                    self.event(Event::DeviceLink { link });
                } else {
                    self.event(Event::RecoveryLink { link });
                }
            }
        }
    }

    pub(crate) fn handle_device_removed(&mut self, device: DeviceId) {
        if let Some(joined) = &mut self.account.joined {
            joined.devices.retain(|certificate| certificate.device != device);
            joined.newcomers.iter_mut().for_each(|all| all.retain(|one| one.device != device));
            if !joined.removed.contains(&device) {
                joined.removed.push(device);
            }
        }
        self.event(Event::AccountChanged);
    }
}
