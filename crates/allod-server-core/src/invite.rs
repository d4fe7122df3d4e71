//! Makes invitations and says what they offer. Spec: `spec/account.md`, rules.

use allod_wire::account::{AccountRole, NewInvite};
use allod_wire::limits::DEVICES_MAX;
use allod_wire::{Day, UserName};

use crate::accounts::Caller;
use crate::failure::refusal;
use crate::policy::{DEVICE_LINK_DAYS, INVITE_DAYS_MAX, INVITE_USES_MAX, RECOVERY_LINK_DAYS};

/// An invitation as the server keeps it, under the digest of its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// What it makes.
    pub grants: Grant,
    /// How often it can still be used.
    pub uses: u32,
    /// The last day on which it can be used.
    pub until: Day,
}

/// What an invitation makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// An account.
    Account {
        /// Only of this name.
        name: Option<UserName>,
        /// Its role.
        role: AccountRole,
    },
    /// One more device of this account.
    Device {
        /// The account.
        name: UserName,
        /// Its role.
        role: AccountRole,
    },
}

/// What an invitation offers, shown before it is spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The name that it is for, if it names one.
    pub name: Option<UserName>,
    /// The role.
    pub role: AccountRole,
    /// Whether it adds a device to an account that exists.
    pub adds_device: bool,
}

/// Why no invitation is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// administrators invite people; anybody adds an own device.
    #[error("only administrators invite people")]
    NotAllowed,
    /// uses and days are bounded.
    #[error("an invitation has 1 to {INVITE_USES_MAX} uses and lasts 1 to {INVITE_DAYS_MAX} days")]
    OutOfBounds,
    /// somebody has that name.
    #[error("somebody has that name")]
    Taken,
    /// W-3: the account has as many devices as it may.
    #[error("an account has at most {DEVICES_MAX} devices")]
    Full,
    /// The account is not there any more.
    #[error("no session, or one that has ended")]
    NoSession,
}
refusal!(InviteError {
    NotAllowed => NotAllowed,
    OutOfBounds => TooLarge,
    Taken => Taken,
    Full => Full,
    NoSession => NoSession,
});

/// Why an invitation offers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LookUpError {
    /// unknown, used up, or expired.
    #[error("this link is spent")]
    Spent,
}
refusal!(LookUpError { Spent => Spent });

/// Who makes an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inviter {
    /// The operator, at the server's own console: invites anybody in any role.
    Operator,
    /// A device, under its session.
    Device(Caller),
}

/// What a store knows that bears on an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InviteView {
    /// Whether somebody has the name that the invitation would name.
    pub name_exists: bool,
    /// How many devices the inviter's account has; `None` if it is not there any more.
    pub devices: Option<usize>,
}

/// Decides on a new invitation.
///
/// # Errors
/// [`InviteError`].
pub fn create_invite(by: &Inviter, request: &NewInvite, view: InviteView, today: Day) -> Result<Invite, InviteError> {
    if matches!(by, Inviter::Device(_)) && view.devices.is_none() {
        return Err(InviteError::NoSession);
    }
    match (request, by) {
        (NewInvite::Person { .. }, Inviter::Device(caller)) if caller.role != AccountRole::Administrator => {
            Err(InviteError::NotAllowed)
        }
        (NewInvite::Person { name, role, uses, days }, _) => {
            if !(1..=INVITE_USES_MAX).contains(uses) || !(1..=INVITE_DAYS_MAX).contains(days) {
                return Err(InviteError::OutOfBounds);
            }
            if view.name_exists {
                return Err(InviteError::Taken);
            }
            let grants = Grant::Account { name: name.clone(), role: *role };
            Ok(Invite { grants, uses: *uses, until: today.plus(*days) })
        }
        (NewInvite::Device | NewInvite::Recovery, Inviter::Operator) => Err(InviteError::NotAllowed),
        (NewInvite::Device, Inviter::Device(caller)) => {
            if view.devices.is_some_and(|devices| devices >= DEVICES_MAX) {
                return Err(InviteError::Full);
            }
            Ok(device_link(caller, today.plus(DEVICE_LINK_DAYS)))
        }
        // By the time it is used, devices were lost, and some of them removed.
        (NewInvite::Recovery, Inviter::Device(caller)) => Ok(device_link(caller, today.plus(RECOVERY_LINK_DAYS))),
    }
}

fn device_link(caller: &Caller, until: Day) -> Invite {
    Invite { grants: Grant::Device { name: caller.name.clone(), role: caller.role }, uses: 1, until }
}

/// Says what an invitation offers.
///
/// # Errors
/// [`LookUpError::Spent`].
pub fn look_up(invite: Option<Invite>, today: Day) -> Result<Offer, LookUpError> {
    let invite = invite.filter(|invite| invite.is_good(today)).ok_or(LookUpError::Spent)?;
    Ok(match invite.grants {
        Grant::Account { name, role } => Offer { name, role, adds_device: false },
        Grant::Device { name, role } => Offer { name: Some(name), role, adds_device: true },
    })
}

impl Invite {
    /// Whether it can be used today.
    pub fn is_good(&self, today: Day) -> bool {
        self.uses > 0 && today <= self.until
    }
}
