//! What a device keeps in stock: a session, tickets, key packages at the server, and knowledge of its own account.
//! Spec: `spec/account.md`, `spec/inbox.md` (I-1).

use allod_crypto::Random;
use allod_crypto::identity::{renew_session, verify_certificate};
use allod_crypto::token::TokenSecret;
use allod_wire::account::{Account, BuyTickets, Session};
use allod_wire::inbox::{KeyPackageCount, UploadKeyPackages};
use allod_wire::limits::DEVICES_MAX;
use allod_wire::log::Cursor;
use allod_wire::secrets::Ticket;
use allod_wire::{UnixMillis, cbor};

use crate::account::Seed;
use crate::core::ClientCore;
use crate::effect::Event;
use crate::pending::{AccountCall, Pending};
use crate::request::{HttpRequest, Method};
use crate::rows;

/// Tickets are bought when fewer are left,
const TICKETS_MIN: usize = 8;
/// so many at a time.
const TICKETS_BOUGHT: u32 = 24;
/// One-time key packages that wait at the server at least.
pub(crate) const KEY_PACKAGES_MIN: u32 = 20;
/// The server's count of key packages is asked for so often.
const COUNT_EVERY_MILLIS: u64 = 3_600_000;
/// The own account is looked at so often: another device may have come.
const ACCOUNT_EVERY_MILLIS: u64 = 300_000;
/// And so often in the ten minutes after a link for a device was made.
const ACCOUNT_SOON_MILLIS: u64 = 5_000;
const DEVICE_EXPECTED_MILLIS: u64 = 600_000;
/// Waiting after the first failure; doubled with each one that follows.
const BACKOFF_MILLIS: u64 = 1_000;
const BACKOFF_MILLIS_MAX: u64 = 300_000;

/// What this run of the program knows of its stock.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    /// Calls that wait for a fresh session.
    pub(crate) waiting: Vec<AccountCall>,
    pub(crate) renewing: bool,
    pub(crate) tickets_wanted: bool,
    /// No background request before.
    pub(crate) retry_at: Option<UnixMillis>,
    failures: u32,
    count_at: UnixMillis,
    account_at: UnixMillis,
    device_expected_until: UnixMillis,
}

/// How long to wait after so many failures in a row, or as the server says.
pub(crate) fn backoff(failures: u32, retry_after_secs: Option<u32>) -> u64 {
    let own = BACKOFF_MILLIS.saturating_mul(1 << failures.min(16)).min(BACKOFF_MILLIS_MAX);
    retry_after_secs.map_or(own, |secs| u64::from(secs).saturating_mul(1_000).clamp(own, BACKOFF_MILLIS_MAX))
}

impl Stock {
    pub(crate) fn fail(&mut self, now: UnixMillis, retry_after_secs: Option<u32>) {
        self.retry_at = Some(now.plus(backoff(self.failures, retry_after_secs)));
        self.failures += 1;
    }

    /// A link for an own device was made: look soon and often whether the device has come.
    pub(crate) fn expect_device(&mut self, now: UnixMillis) {
        self.device_expected_until = now.plus(DEVICE_EXPECTED_MILLIS);
        self.account_at = now.plus(ACCOUNT_SOON_MILLIS);
    }

    /// Key packages may have been used.
    pub(crate) fn count_soon(&mut self) {
        self.count_at = UnixMillis(0);
    }

    pub(crate) fn look_at_account(&mut self) {
        self.account_at = UnixMillis(0);
    }

    pub(crate) fn due(&self) -> UnixMillis {
        let due = self.count_at.min(self.account_at);
        self.retry_at.map_or(due, |retry| retry.max(due))
    }
}

/// The request for a call under the present session; `None` while a session is being renewed.
pub(crate) fn account_request(core: &ClientCore, call: &AccountCall) -> Option<HttpRequest> {
    let session = &core.account.joined.as_ref()?.session;
    if core.stock.renewing {
        return None;
    }
    let (method, path, body) = match call {
        AccountCall::Account => (Method::Get, "/v1/account".to_owned(), Vec::new()),
        AccountCall::Count => (Method::Get, "/v1/key-packages".to_owned(), Vec::new()),
        AccountCall::Upload(packages) => (Method::Post, "/v1/key-packages".to_owned(), cbor::to_vec(packages)),
        AccountCall::Tickets => {
            (Method::Post, "/v1/tickets".to_owned(), cbor::to_vec(&BuyTickets { count: TICKETS_BOUGHT }))
        }
        AccountCall::InboxCursor(position) => {
            (Method::Put, "/v1/inbox/cursor".to_owned(), cbor::to_vec(&Cursor { position: *position }))
        }
        AccountCall::People => (Method::Get, "/v1/people".to_owned(), Vec::new()),
        AccountCall::Invite(invite) => (Method::Post, "/v1/invites".to_owned(), cbor::to_vec(invite)),
        AccountCall::OwnHistory => (Method::Get, "/v1/account/history".to_owned(), Vec::new()),
        AccountCall::Act(act) => (Method::Post, "/v1/ledger/acts".to_owned(), cbor::to_vec(act)),
        AccountCall::RemoveDevice(device) => (Method::Delete, format!("/v1/account/devices/{device}"), Vec::new()),
    };
    Some(HttpRequest::account(session, method, path, body))
}

impl ClientCore {
    /// Orders what is missing.
    pub(crate) fn pump_stock(&mut self, now: UnixMillis) {
        if self.stock.retry_at.is_some_and(|at| at > now) {
            return;
        }
        self.stock.retry_at = None;
        let Some(joined) = &self.account.joined else {
            if !self.is_pending(|pending| matches!(pending, Pending::LookUp | Pending::Join)) {
                self.look_up();
            }
            return;
        };
        let tickets_low = joined.tickets.len() < TICKETS_MIN || self.stock.tickets_wanted;
        let asks = |pending: &Pending, call: &AccountCall| matches!(pending, Pending::Account(other) if std::mem::discriminant(other) == std::mem::discriminant(call));
        for (call, wanted) in [
            (AccountCall::Tickets, tickets_low),
            (AccountCall::Count, self.stock.count_at <= now),
            (AccountCall::Account, self.stock.account_at <= now),
        ] {
            let waits =
                self.stock.waiting.iter().any(|other| std::mem::discriminant(other) == std::mem::discriminant(&call));
            if wanted && !waits && !self.is_pending(|pending| asks(pending, &call)) {
                self.account_call(call);
            }
        }
        self.subscribe_inbox();
    }

    pub(crate) fn handle_tickets(&mut self, tickets: Vec<Ticket>) {
        if let Some(joined) = &mut self.account.joined {
            joined.tickets.splice(0..0, tickets);
        }
        self.stock.tickets_wanted = false;
        self.stock.failures = 0;
    }

    /// Leaves as many key packages as are missing.
    pub(crate) fn handle_count(&mut self, count: KeyPackageCount, now: UnixMillis, rng: &mut dyn Random) {
        self.stock.failures = 0;
        self.stock.count_at = now.plus(COUNT_EVERY_MILLIS);
        let missing = KEY_PACKAGES_MIN.saturating_sub(count.one_time);
        // Refilled by batches, so that one used key package is not one request.
        if count.last_resort && missing <= KEY_PACKAGES_MIN / 4 {
            return;
        }
        let one_time = (0..missing).filter_map(|_| self.make_key_package(false, rng)).map(Into::into).collect();
        let last_resort = if count.last_resort { None } else { self.make_key_package(true, rng).map(Into::into) };
        self.account_call(AccountCall::Upload(UploadKeyPackages { one_time, last_resort }));
    }

    /// A key package whose secrets are in the rows; `None` only if the MLS library fails.
    fn make_key_package(&mut self, last_resort: bool, rng: &mut dyn Random) -> Option<Vec<u8>> {
        let secret = TokenSecret::random(rng);
        let (device, suite) = (self.device.as_ref()?, self.account.suite());
        let package = device.key_package(&mut self.store, suite, secret.public(), last_resort).ok()?;
        let seed = Seed(*secret.to_bytes());
        self.writes.put(rows::token(&package.reference), &seed);
        self.tokens.insert(package.reference.0, seed);
        Some(package.bytes)
    }

    /// Learns of own devices; only what our own identity key certifies counts, whatever the server says (rule A-3).
    pub(crate) fn handle_account(&mut self, account: Account, now: UnixMillis) {
        self.stock.failures = 0;
        let is_expected = self.stock.device_expected_until > now;
        self.stock.account_at = now.plus(if is_expected { ACCOUNT_SOON_MILLIS } else { ACCOUNT_EVERY_MILLIS });
        let (Some(me), identity) = (self.me(), self.keys.identity.public()) else { return };
        let Some(joined) = &self.account.joined else { return };
        let mut devices: Vec<_> = account
            .certificates
            .iter()
            .filter_map(|bytes| verify_certificate(bytes).ok())
            .filter(|certificate| certificate.address == me && *certificate.identity_key == identity)
            .filter(|certificate| !joined.removed.contains(&certificate.device))
            .take(DEVICES_MAX)
            .collect();
        devices.sort_by_key(|certificate| (certificate.created, certificate.device));
        if devices == joined.devices && account.role == joined.role && joined.newcomers.is_some() {
            return;
        }
        let has_more = devices.len() > joined.devices.len();
        if let Some(joined) = &mut self.account.joined {
            joined.role = account.role;
            joined.take_devices(devices, now);
        }
        if has_more {
            self.stock.device_expected_until = UnixMillis(0);
        }
        self.event(Event::AccountChanged);
    }

    /// The session has ended: asks for a fresh one; `call` is made again with it.
    pub(crate) fn renew_session(&mut self, call: Option<AccountCall>, now: UnixMillis) {
        self.stock.waiting.extend(call);
        if !std::mem::replace(&mut self.stock.renewing, true) {
            let body = cbor::to_vec(&renew_session(self.my_device(), &self.keys.signer, now));
            self.request(Pending::Renew, HttpRequest::open(Method::Post, "/v1/session", body));
        }
    }

    pub(crate) fn handle_session(&mut self, session: Session) {
        self.stock.renewing = false;
        self.stock.failures = 0;
        if let Some(joined) = &mut self.account.joined {
            joined.session = session.token;
        }
        for call in std::mem::take(&mut self.stock.waiting) {
            self.account_call(call);
        }
        self.inbox_asked = false;
        self.subscribe_inbox();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_to_a_bound_and_follows_the_server() {
        assert_eq!(backoff(0, None), 1_000);
        assert_eq!(backoff(3, None), 8_000);
        assert_eq!(backoff(99, None), BACKOFF_MILLIS_MAX);
        assert_eq!(backoff(0, Some(30)), 30_000);
        assert_eq!(backoff(0, Some(u32::MAX)), BACKOFF_MILLIS_MAX);
    }
}
