//! What a device remembers so that its user keeps the account: own devices that came, and when the last backup was made. Spec: rules A-11
//! (new devices) and K-7 (backups).

use allod_wire::account::{DeviceCertificate, DeviceClass};
use allod_wire::{DeviceId, UnixMillis};
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::account::JoinedRow;
use crate::core::ClientCore;
use crate::effect::{Effect, Event};
use crate::view::{as_text, class_text, millis};

const DAY_MILLIS: u64 = 86_400_000;
/// A device is let alone for so long before it asks for a backup,
const FIRST_BACKUP_MILLIS: u64 = 7 * DAY_MILLIS;
/// and with fewer lines than this.
const LINES_MIN: u64 = 50;
/// A recovery link is good for 365 days (rule A-10): a month before that, the backup is to be made again.
const BACKUP_OLD_MILLIS: u64 = 335 * DAY_MILLIS;
/// Once the user has put it off, it does not ask again for so long.
const PUT_OFF_MILLIS: u64 = 30 * DAY_MILLIS;

/// An own device that came, for the user to say whether it is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewDeviceView {
    /// The device.
    #[serde(serialize_with = "as_text")]
    pub device: DeviceId,
    /// What it says it is.
    #[serde(serialize_with = "class_text")]
    pub class: DeviceClass,
    /// When this device learnt of it.
    #[serde(serialize_with = "millis")]
    pub at: UnixMillis,
}

/// An own device that came, and that the user has not said anything about.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Newcomer {
    #[n(0)]
    pub(crate) device: DeviceId,
    /// When this device learnt of it.
    #[n(1)]
    pub(crate) at: UnixMillis,
    /// What the directory says that it is, if the account does not show it.
    #[n(2)]
    #[cbor(default)]
    pub(crate) class: Option<DeviceClass>,
}

/// Backups, in the account's row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Backups {
    /// The last one that this device made.
    #[n(0)]
    pub(crate) made: Option<UnixMillis>,
    /// The user was reminded then, and put it off.
    #[n(1)]
    pub(crate) put_off: Option<UnixMillis>,
}

impl JoinedRow {
    /// Takes the account's devices. Whoever is among them for the first time is a newcomer, except at the first look: those are older
    /// than this device's knowledge.
    pub(crate) fn take_devices(&mut self, devices: Vec<DeviceCertificate>, now: UnixMillis) {
        let came = |certificate: &&DeviceCertificate| self.devices.iter().all(|one| one.device != certificate.device);
        let newcomers: Vec<Newcomer> =
            devices.iter().filter(came).map(|one| Newcomer { device: one.device, at: now, class: None }).collect();
        // Whom the directory told of first was asked about then (rule Y-12).
        let told = self.in_directory.as_deref().unwrap_or_default();
        match &mut self.newcomers {
            Some(known) => {
                let is_new = |one: &Newcomer| {
                    known.iter().all(|other| other.device != one.device) && !told.contains(&one.device)
                };
                let new: Vec<_> = newcomers.into_iter().filter(is_new).collect();
                known.extend(new);
            }
            None => self.newcomers = Some(Vec::new()),
        }
        self.devices = devices;
    }
}

impl ClientCore {
    /// Own devices that came and that the user has not said anything about (rule A-11), the latest last.
    pub fn new_devices(&self) -> Vec<NewDeviceView> {
        let Some(joined) = &self.account.joined else { return Vec::new() };
        let view = |newcomer: &Newcomer| {
            let certificate = joined.devices.iter().find(|one| one.device == newcomer.device);
            let class = certificate.map(|one| one.class).or(newcomer.class)?;
            Some(NewDeviceView { device: newcomer.device, class, at: newcomer.at })
        };
        joined.newcomers.iter().flatten().filter_map(view).collect()
    }

    /// The user knows of this device.
    pub fn device_known(&mut self, device: DeviceId) -> Vec<Effect> {
        if let Some(newcomers) = self.account.joined.as_mut().and_then(|joined| joined.newcomers.as_mut()) {
            newcomers.retain(|one| one.device != device);
        }
        self.event(Event::AccountChanged);
        self.done()
    }

    /// When this device last made a backup.
    pub fn last_backup(&self) -> Option<UnixMillis> {
        self.account.backups.unwrap_or_default().made
    }

    /// A backup was made, and handed over.
    pub fn backup_made(&mut self, now: UnixMillis) -> Vec<Effect> {
        self.account.backups = Some(Backups { made: Some(now), put_off: None });
        self.event(Event::AccountChanged);
        self.done()
    }

    /// The user does not want to be reminded now.
    pub fn put_off_backup(&mut self, now: UnixMillis) -> Vec<Effect> {
        let backups = self.account.backups.unwrap_or_default();
        self.account.backups = Some(Backups { put_off: Some(now), ..backups });
        self.done()
    }

    /// Whether to remind the user of a backup (rule K-7); `lines` is how many lines of history this device has.
    pub fn is_backup_due(&self, lines: u64, now: UnixMillis) -> bool {
        let Backups { made, put_off } = self.account.backups.unwrap_or_default();
        let is_past = |since: UnixMillis, millis| since.plus(millis) <= now;
        let is_wanted = match made {
            Some(made) => is_past(made, BACKUP_OLD_MILLIS),
            None => lines > LINES_MIN && is_past(self.account.created, FIRST_BACKUP_MILLIS),
        };
        self.is_joined() && is_wanted && put_off.is_none_or(|at| is_past(at, PUT_OFF_MILLIS))
    }
}
