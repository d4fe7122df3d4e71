//! Spends an invitation. Spec: `spec/account.md`, rules.

use allod_crypto::digest::BearerSecret;
use allod_crypto::identity::{check_inbox_key, verify_certificate};
use allod_wire::account::{AccountRole, DeviceCertificate, DeviceRecord, Join};
use allod_wire::limits::DEVICES_MAX;
use allod_wire::log::Digest;
use allod_wire::{Day, Domain, UserName};

use crate::failure::refusal;
use crate::invite::{Grant, Invite};

/// Why somebody does not join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// the certificate does not decode, or does not fit the request.
    #[error("the device certificate does not fit the request")]
    BadCertificate,
    /// a signature does not verify, or the account's identity key is another.
    #[error("the device is not certified by the account's identity key")]
    BadSignature,
    /// unknown, used up, or expired.
    #[error("this link is spent")]
    Spent,
    /// the invitation names somebody else.
    #[error("this link is for another name")]
    OtherName,
    /// somebody has that name, or a device that id.
    #[error("somebody has that name")]
    Taken,
    /// W-3: the account has as many devices as it may.
    #[error("an account has at most {DEVICES_MAX} devices")]
    Full,
    /// The account is disabled.
    #[error("this account is disabled")]
    Disabled,
}
refusal!(JoinError {
    BadCertificate => Malformed,
    BadSignature => BadSignature,
    Spent => Spent,
    OtherName => NotAllowed,
    Taken => Taken,
    Full => Full,
    Disabled => NotAllowed,
});

/// A join whose certificate verifies and fits its request. Only [`check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedJoin {
    invite: Digest,
    name: UserName,
    device: DeviceRecord,
    certificate: DeviceCertificate,
}

impl CheckedJoin {
    /// The digest of the invitation's secret.
    pub fn invite(&self) -> &Digest {
        &self.invite
    }

    /// The account's name.
    pub fn name(&self) -> &UserName {
        &self.name
    }

    /// The device.
    pub fn device(&self) -> &DeviceRecord {
        &self.device
    }

    /// Its certificate.
    pub fn certificate(&self) -> &DeviceCertificate {
        &self.certificate
    }
}

/// Checks what can be checked without the store: the certificate is genuine, and of this name, domain, device and inbox key (rule A-3).
///
/// # Errors
/// [`JoinError::BadCertificate`] or [`JoinError::BadSignature`].
pub fn check(join: Join, domain: &Domain) -> Result<CheckedJoin, JoinError> {
    use allod_crypto::identity::IdentityError;
    let certificate = verify_certificate(&join.device.certificate).map_err(|error| match error {
        IdentityError::BadSignature => JoinError::BadSignature,
        IdentityError::Malformed | IdentityError::OtherInboxKey => JoinError::BadCertificate,
    })?;
    check_inbox_key(&certificate, &join.device.inbox_key).map_err(|_| JoinError::BadCertificate)?;
    let address = &certificate.address;
    if address.name != join.name || address.domain != *domain || certificate.device != join.device.device {
        return Err(JoinError::BadCertificate);
    }
    Ok(CheckedJoin { invite: join.secret.at_rest(), name: join.name, device: join.device, certificate })
}

/// What the store holds that bears on a join.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JoinView {
    /// The invitation, used up or not.
    pub invite: Option<Invite>,
    /// The account of the name wanted.
    pub account: Option<AccountView>,
    /// The device of the id in the request.
    pub device: Option<DeviceView>,
}

/// An account that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Its role.
    pub role: AccountRole,
    /// Its identity key, for good (rule A-3).
    pub identity_key: [u8; 32],
    /// How many devices it has.
    pub devices: usize,
    /// Whether it is disabled.
    pub disabled: bool,
}

/// A device that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceView {
    /// Its account.
    pub name: UserName,
    /// Its encoded certificate.
    pub certificate: Vec<u8>,
    /// The digest of the invitation that it joined with.
    pub joined_with: Digest,
}

/// What comes of a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// The device joined before with this link: only its session is new.
    Again(AccountRole),
    /// A new account with its first device; one use of the invitation is spent.
    NewAccount(AccountRole),
    /// One more device of the account; the link is spent.
    NewDevice(AccountRole),
}

impl Joining {
    /// The role of the account.
    pub fn role(self) -> AccountRole {
        match self {
            Self::Again(role) | Self::NewAccount(role) | Self::NewDevice(role) => role,
        }
    }
}

/// Decides on a join.
///
/// # Errors
/// [`JoinError`].
pub fn join(view: &JoinView, join: &CheckedJoin, today: Day) -> Result<Joining, JoinError> {
    if let (Some(device), Some(account)) = (&view.device, &view.account) {
        let same = device.joined_with == join.invite
            && device.name == join.name
            && device.certificate[..] == join.device.certificate[..];
        if same {
            return if account.disabled { Err(JoinError::Disabled) } else { Ok(Joining::Again(account.role)) };
        }
    }
    let invite = view.invite.as_ref().filter(|invite| invite.is_good(today)).ok_or(JoinError::Spent)?;
    if view.device.is_some() {
        return Err(JoinError::Taken);
    }
    match &invite.grants {
        Grant::Account { name: Some(name), .. } | Grant::Device { name, .. } if *name != join.name => {
            Err(JoinError::OtherName)
        }
        Grant::Account { role, .. } => match view.account {
            Some(_) => Err(JoinError::Taken),
            None => Ok(Joining::NewAccount(*role)),
        },
        Grant::Device { .. } => {
            // The account went since the link was made: so did what the link was for.
            let account = view.account.as_ref().ok_or(JoinError::Spent)?;
            if account.disabled {
                return Err(JoinError::Disabled);
            }
            if account.identity_key != *join.certificate.identity_key {
                return Err(JoinError::BadSignature);
            }
            if account.devices >= DEVICES_MAX {
                return Err(JoinError::Full);
            }
            Ok(Joining::NewDevice(account.role))
        }
    }
}

#[cfg(test)]
mod tests {
    use allod_crypto::identity::{SigningSecret, certify};
    use allod_wire::account::DeviceClass;
    use allod_wire::secrets::InviteSecret;
    use allod_wire::{Address, DeviceId, UnixMillis, cbor};

    use super::*;

    fn request() -> CheckedJoin {
        let (key, device) = (SigningSecret::from_seed(&[1; 32]), DeviceId([1; 16]));
        let domain: Domain = "a.example".parse().expect("a domain");
        let name: UserName = "alice".parse().expect("a name");
        let address = Address { name: name.clone(), domain: domain.clone() };
        let certificate = certify(&key, address, device, DeviceClass::Web, &key, b"inbox", UnixMillis(0));
        let certificate = cbor::to_vec(&certificate).into();
        let device = DeviceRecord { device, certificate, inbox_key: b"inbox".to_vec().into() };
        check(Join { secret: InviteSecret([1; 32]), name, device }, &domain).expect("it fits")
    }

    fn link(today: Day) -> Option<Invite> {
        let grants = Grant::Device { name: request().name().clone(), role: AccountRole::Member };
        Some(Invite { grants, uses: 1, until: today })
    }

    fn account() -> AccountView {
        let identity_key = SigningSecret::from_seed(&[1; 32]).public();
        AccountView { role: AccountRole::Administrator, identity_key, devices: 1, disabled: false }
    }

    #[test]
    fn a_device_link_gives_the_role_that_the_account_has_now_a_1() {
        let view = JoinView { invite: link(Day(1)), account: Some(account()), device: None };
        assert_eq!(join(&view, &request(), Day(1)), Ok(Joining::NewDevice(AccountRole::Administrator)));
    }

    #[test]
    fn a_device_link_of_an_account_that_is_gone_disabled_or_full_is_refused_a_1() {
        let refused = |account| join(&JoinView { invite: link(Day(1)), account, device: None }, &request(), Day(1));
        assert_eq!(refused(None), Err(JoinError::Spent));
        assert_eq!(refused(Some(AccountView { disabled: true, ..account() })), Err(JoinError::Disabled));
        assert_eq!(refused(Some(AccountView { devices: DEVICES_MAX, ..account() })), Err(JoinError::Full));
    }

    #[test]
    fn a_disabled_account_gets_no_session_by_joining_again_a_1() {
        let request = request();
        let device = DeviceView {
            name: request.name().clone(),
            certificate: request.device().certificate.to_vec(),
            joined_with: *request.invite(),
        };
        let account = Some(AccountView { disabled: true, ..account() });
        let view = JoinView { invite: None, account, device: Some(device) };
        assert_eq!(join(&view, &request, Day(1)), Err(JoinError::Disabled));
    }
}
