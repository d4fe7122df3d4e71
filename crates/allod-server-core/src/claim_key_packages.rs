//! Gives out key packages, and with each the right to write once into an inbox. Spec: `spec/account.md`, rule A-6;
//! `spec/inbox.md`, rules I-1 and I-2.

use allod_crypto::digest::{BearerSecret, labelled};
use allod_wire::account::ContactPolicy;
use allod_wire::inbox::{ClaimKeyPackages, ClaimRight};
use allod_wire::secrets::InboxTicket;
use allod_wire::{Day, DeviceId};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::contact_policy::{takes_link, takes_organisation};
use crate::failure::refusal;

/// Why nothing is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// the ticket is unknown, spent or expired.
    #[error("the ticket is spent")]
    Spent,
    /// the user takes no contact this way, or does not exist.
    #[error("this person takes no first contact this way")]
    ContactRefused,
    /// I-1: none of the devices asked for has left a key package.
    #[error("no device of this person can be reached yet")]
    NoKeyPackages,
}
refusal!(ClaimError { Spent => Spent, ContactRefused => ContactRefused, NoKeyPackages => NotFound });

/// 32 fresh random bytes from which the inbox tickets of one claim follow: how many there are is known only to the store.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct ClaimSeed(pub [u8; 32]);

impl ClaimSeed {
    /// The ticket for the inbox of `device`.
    pub fn inbox_ticket(&self, device: DeviceId) -> InboxTicket {
        InboxTicket(*labelled("allod inbox ticket seed v1", &[&self.0, device.as_bytes()]))
    }
}

impl std::fmt::Debug for ClaimSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimSeed(…)")
    }
}

/// What the store holds that bears on a claim.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimView {
    /// The last day of the ticket, if the claim shows one and it is unspent.
    pub ticket_until: Option<Day>,
    /// The user's contact policy; `None` if there is no such user or it is disabled.
    pub contact: Option<ContactPolicy>,
    /// The user's devices that have a key package to give, one-time or of last resort.
    pub devices: Vec<DeviceId>,
}

/// Of which devices a key package is given, one each.
///
/// # Errors
/// [`ClaimError`]; then no ticket is spent.
pub fn claim_key_packages(
    view: &ClaimView,
    request: &ClaimKeyPackages,
    today: Day,
) -> Result<Vec<DeviceId>, ClaimError> {
    if matches!(request.right, ClaimRight::Ticket(_)) && view.ticket_until.is_none_or(|until| until < today) {
        return Err(ClaimError::Spent);
    }
    let contact = view.contact.as_ref().ok_or(ClaimError::ContactRefused)?;
    let allowed = match &request.right {
        ClaimRight::Ticket(_) => takes_organisation(contact),
        ClaimRight::Contact(secret) => takes_link(contact, &secret.at_rest()),
    };
    if !allowed {
        return Err(ClaimError::ContactRefused);
    }
    let wanted = |device: &&DeviceId| request.devices.is_empty() || request.devices.contains(device);
    let devices: Vec<DeviceId> = view.devices.iter().filter(wanted).copied().collect();
    if devices.is_empty() { Err(ClaimError::NoKeyPackages) } else { Ok(devices) }
}
