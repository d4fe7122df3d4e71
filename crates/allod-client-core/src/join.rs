//! Joining an organisation by a link. Spec: `spec/account.md`, rules.
//!
//! The device's keys are made and persisted before the invitation is spent, so an answer that is lost is asked for again
//! with the same device, which the server takes as the same join.

use allod_crypto::Random;
use allod_wire::account::{DeviceClass, InviteOffer, Joined, LookUpInvite};
use allod_wire::error::ErrorBody;
use allod_wire::link::{Link, LinkKind};
use allod_wire::secrets::InviteSecret;
use allod_wire::{Domain, Position, UnixMillis, UserName, cbor};

use crate::account::{AccountRow, JoinedRow, Settings};
use crate::core::ClientCore;
use crate::effect::{Effect, Event};
use crate::error::CoreError;
use crate::ledger::Ledger;
use crate::pending::Pending;
use crate::request::{HttpRequest, Method, is_passing, read};
use crate::rows::Row;

/// What does this invitation offer? For a screen that asks before it joins.
pub fn look_up_invite(secret: &InviteSecret) -> HttpRequest {
    let body = cbor::to_vec(&LookUpInvite { secret: secret.clone() });
    HttpRequest::open(Method::Post, "/v1/invites/look-up", body)
}

/// The answer to [`look_up_invite`].
///
/// # Errors
/// The server's refusal.
pub fn read_offer(status: u16, body: &[u8]) -> Result<InviteOffer, ErrorBody> {
    read(status, body)
}

impl ClientCore {
    /// Makes a device and spends the invitation in `link`. [`Event::Joined`] or [`Event::JoinFailed`] follows.
    ///
    /// `name` is not needed for a link that names the user.
    ///
    /// # Errors
    /// [`CoreError::WrongLink`].
    pub fn join(
        link: &Link,
        name: Option<UserName>,
        class: DeviceClass,
        settings: Settings,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<(Self, Vec<Effect>), CoreError> {
        let (secret, name, identity) = match &link.kind {
            LinkKind::Join(secret) => (secret, name.ok_or(CoreError::NameMissing)?, None),
            LinkKind::Device { secret, name, identity_seed } => (secret, name.clone(), Some(identity_seed.0)),
            LinkKind::Contact { .. } => return Err(CoreError::WrongLink),
        };
        let server = link.server.clone();
        let account = AccountRow::new(server, name, class, secret.clone(), identity, settings, now, rng);
        let mut core = Self::empty(Row::new(account));
        if matches!(link.kind, LinkKind::Device { .. }) {
            core.lacks_history();
        }
        core.look_up();
        let effects = core.done();
        Ok((core, effects))
    }

    /// Tries a join again that was refused because the name is taken.
    pub fn join_as(&mut self, name: UserName) -> Vec<Effect> {
        if self.account.joining.is_some() {
            self.account.name = name;
            self.look_up();
        }
        self.done()
    }

    pub(crate) fn look_up(&mut self) {
        let Some(secret) = self.account.joining.clone() else { return };
        // Once the offer was seen, the invitation may be spent, and by ourselves: only the join itself tells.
        match self.account.offered.clone() {
            Some(domain) => self.ask_to_join(secret, &domain),
            None => self.request(Pending::LookUp, look_up_invite(&secret)),
        }
    }

    fn ask_to_join(&mut self, secret: InviteSecret, domain: &Domain) {
        let join = self.keys.join(&self.account, secret, domain);
        self.request(Pending::Join, HttpRequest::open(Method::Post, "/v1/join", cbor::to_vec(&join)));
    }

    pub(crate) fn handle_offer(&mut self, answer: Result<InviteOffer, ErrorBody>, now: UnixMillis) {
        let (Some(secret), offer) = (self.account.joining.clone(), answer) else { return };
        match offer {
            Ok(offer) => {
                let domain = offer.organisation.domain;
                self.account.offered = Some(domain.clone());
                self.ask_to_join(secret, &domain);
            }
            Err(error) => self.join_failed(error, now),
        }
    }

    pub(crate) fn handle_joined(&mut self, answer: Result<Joined, ErrorBody>, now: UnixMillis) {
        let joined = match answer {
            Ok(joined) => joined,
            Err(error) => return self.join_failed(error, now),
        };
        let domain = joined.organisation.domain.clone();
        let certificate = self.keys.certificate(&self.account, &domain);
        self.contacts.meet(&certificate, now);
        self.device = Some(self.keys.mls_device(&self.account, &domain));
        (self.account.joining, self.account.offered) = (None, None);
        self.ledger = Ledger::of(&joined.organisation);
        self.account.joined = Some(JoinedRow {
            organisation: joined.organisation,
            role: joined.role,
            session: joined.session,
            tickets: Vec::new(),
            inbox: Position(0),
            devices: vec![certificate],
            removed: Vec::new(),
            newcomers: None,
            in_directory: None,
        });
        self.event(Event::Joined);
        self.pump_stock(now);
        self.ask_news(now);
    }

    /// A refusal that may pass is tried again by the clock; another one is the user's to know.
    pub(crate) fn join_failed(&mut self, error: ErrorBody, now: UnixMillis) {
        if is_passing(&error) {
            self.stock.fail(now, error.retry_after_secs);
        }
        self.event(Event::JoinFailed(error));
    }
}
