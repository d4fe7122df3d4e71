//! Accounts, devices and sessions in the file.

use allod_crypto::digest::BearerSecret;
use allod_server_core::accounts::{AccountError, AuthenticateError, SessionView, UserSummary, authenticate};
use allod_server_core::buy_tickets::{BuyTicketsError, buy_tickets};
use allod_server_core::hints::Hint;
use allod_server_core::remove_device::remove_device;
use allod_server_core::renew_session::{RenewError, RenewView, renew_session};
use allod_server_core::{Caller, store::Never};
use allod_wire::account::{Account, AccountRole, ContactPolicy, People, Person, PersonDevices, RenewSession};
use allod_wire::log::Digest;
use allod_wire::secrets::{SessionToken, Ticket};
use allod_wire::{Day, DeviceId, UnixMillis, UserName};
use minicbor::bytes::ByteVec;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::writer::{Batch, OpError};

/// The role that a row says.
pub(crate) fn account_role(is_administrator: bool) -> AccountRole {
    if is_administrator { AccountRole::Administrator } else { AccountRole::Member }
}

/// A name from a row.
pub(crate) fn name_in(column: usize, text: &str) -> Result<UserName, rusqlite::Error> {
    text.parse().map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// How many devices an account has.
pub(crate) fn device_count(conn: &Connection, name: &UserName) -> Result<usize, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT count(*) FROM devices WHERE name = ?1")?;
    statement.query_row([name.as_str()], |row| row.get::<_, u32>(0)).map(|count| count as usize)
}

/// Whether a caller's device is still there.
pub(crate) fn is_present(conn: &Connection, caller: &Caller) -> Result<bool, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM devices WHERE device = ?1 AND name = ?2")?;
    statement.exists(params![caller.device.as_bytes(), caller.name.as_str()])
}

/// Tells that the directory is behind (rule Y-3).
pub(crate) fn devices_changed(batch: &mut Batch<'_>, name: &UserName) {
    batch.hints.push(Hint::DevicesChanged { name: name.clone() });
}

/// Tells gateways that sessions have ended.
pub(crate) fn end_sessions(batch: &mut Batch<'_>, devices: impl IntoIterator<Item = DeviceId>) {
    batch.hints.extend(devices.into_iter().map(|device| Hint::SessionEnded { device }));
}

/// Rule A-2.
pub(crate) fn session(
    conn: &Connection,
    session: &SessionToken,
    today: Day,
) -> Result<Caller, OpError<AuthenticateError>> {
    let mut statement = conn.prepare_cached(
        "SELECT device, devices.name, session_until_day, is_administrator, disabled
         FROM devices JOIN accounts ON accounts.name = devices.name WHERE session = ?1",
    )?;
    let view = |row: &Row<'_>| {
        let name = name_in(1, &row.get::<_, String>(1)?)?;
        let caller = Caller { device: DeviceId(row.get(0)?), name, role: account_role(row.get(3)?) };
        Ok(SessionView { caller, until: Day(row.get(2)?), disabled: row.get(4)? })
    };
    let view = statement.query_row([&session.at_rest()[..]], view).optional()?;
    authenticate(view, today).map_err(OpError::Refused)
}

/// Rule A-4.
pub(crate) fn renew(
    batch: &mut Batch<'_>,
    request: &RenewSession,
    session: &SessionToken,
    now: UnixMillis,
) -> Result<(), OpError<RenewError>> {
    let last = batch.renewals.last(&request.device);
    let mut statement = batch.conn.prepare_cached(
        "SELECT signature_key, disabled FROM devices JOIN accounts ON accounts.name = devices.name WHERE device = ?1",
    )?;
    let view = |row: &Row<'_>| Ok(RenewView { signature_key: row.get(0)?, disabled: row.get(1)?, last });
    let view = statement.query_row([request.device.as_bytes()], view).optional()?;
    let until = renew_session(view.as_ref(), request, now).map_err(OpError::Refused)?;
    let mut statement =
        batch.conn.prepare_cached("UPDATE devices SET session = ?2, session_until_day = ?3 WHERE device = ?1")?;
    statement.execute(params![request.device.as_bytes(), &session.at_rest()[..], until.0])?;
    batch.renewals.note(request.device, request.at, now);
    end_sessions(batch, [request.device]);
    Ok(())
}

/// One's own account.
pub(crate) fn account(conn: &Connection, name: &UserName) -> Result<Account, OpError<AccountError>> {
    let mut statement = conn
        .prepare_cached("SELECT is_administrator, contact_organisation, contact_link FROM accounts WHERE name = ?1")?;
    let found = statement.query_row([name.as_str()], |row| Ok((account_role(row.get(0)?), contact_policy(row, 1)?)));
    let (role, contact_policy) = found.optional()?.ok_or(OpError::Refused(AccountError::NotFound))?;
    Ok(Account { name: name.clone(), role, certificates: certificates(conn, name)?, contact_policy })
}

/// A contact policy from two columns.
pub(crate) fn contact_policy(row: &Row<'_>, column: usize) -> Result<ContactPolicy, rusqlite::Error> {
    let link = row.get::<_, Option<[u8; 32]>>(column + 1)?.map(Digest::from);
    Ok(ContactPolicy { organisation: row.get(column)?, link })
}

/// Somebody's devices. Of whoever is disabled, none.
pub(crate) fn person(conn: &Connection, name: &UserName) -> Result<PersonDevices, OpError<AccountError>> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM accounts WHERE name = ?1 AND disabled = 0")?;
    if !statement.exists([name.as_str()])? {
        return Err(OpError::Refused(AccountError::NotFound));
    }
    Ok(PersonDevices { certificates: certificates(conn, name)? })
}

/// Rule Y-3: a page of everybody who is not disabled.
pub(crate) fn devices_after(
    conn: &Connection,
    after: Option<&UserName>,
    limit: u32,
) -> Result<Vec<(UserName, PersonDevices)>, OpError<Never>> {
    let page = "SELECT name FROM accounts WHERE disabled = 0 AND name > ?1 ORDER BY name LIMIT ?2";
    let mut statement = conn.prepare_cached(page)?;
    // No name is empty, so every one comes after that.
    let names = statement
        .query_map(params![after.map_or("", UserName::as_str), limit], |row| name_in(0, &row.get::<_, String>(0)?))?;
    let devices = |name: UserName| {
        let certificates = certificates(conn, &name)?;
        Ok((name, PersonDevices { certificates }))
    };
    Ok(names.map(|name| devices(name?)).collect::<Result<_, rusqlite::Error>>()?)
}

fn certificates(conn: &Connection, name: &UserName) -> Result<Vec<ByteVec>, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT certificate FROM devices WHERE name = ?1")?;
    let rows = statement.query_map([name.as_str()], |row| row.get::<_, Vec<u8>>(0).map(ByteVec::from))?;
    rows.collect()
}

/// Rule A-6.
pub(crate) fn set_contact_policy(
    batch: &Batch<'_>,
    caller: &Caller,
    policy: &ContactPolicy,
) -> Result<(), OpError<AccountError>> {
    let mut statement = batch
        .conn
        .prepare_cached("UPDATE accounts SET contact_organisation = ?2, contact_link = ?3 WHERE name = ?1")?;
    let link = policy.link.as_ref().map(|link| &link[..]);
    let changed = statement.execute(params![caller.name.as_str(), policy.organisation, link])?;
    if changed == 0 { Err(OpError::Refused(AccountError::NotFound)) } else { Ok(()) }
}

/// Removes a device of the caller's account.
pub(crate) fn remove_own(
    batch: &mut Batch<'_>,
    caller: &Caller,
    device: DeviceId,
) -> Result<(), OpError<AccountError>> {
    let mut statement = batch.conn.prepare_cached("SELECT name FROM devices WHERE device = ?1")?;
    let owner = statement.query_row([device.as_bytes()], |row| name_in(0, &row.get::<_, String>(0)?)).optional()?;
    remove_device(caller, owner.as_ref()).map_err(OpError::Refused)?;
    drop_device(batch, device)?;
    devices_changed(batch, &caller.name);
    // the links may be that device's.
    let links = "DELETE FROM invites WHERE adds_device AND name = ?1";
    batch.conn.prepare_cached(links)?.execute([caller.name.as_str()])?;
    Ok(())
}

/// Takes a device away, with all that waits for it.
fn drop_device(batch: &mut Batch<'_>, device: DeviceId) -> Result<(), rusqlite::Error> {
    for sql in [
        "DELETE FROM devices WHERE device = ?1",
        "DELETE FROM key_packages WHERE device = ?1",
        "DELETE FROM inbox_items WHERE device = ?1",
        "DELETE FROM inbox_tickets WHERE device = ?1",
    ] {
        batch.conn.prepare_cached(sql)?.execute([device.as_bytes()])?;
    }
    end_sessions(batch, [device]);
    Ok(())
}

fn devices_of(conn: &Connection, name: &UserName) -> Result<Vec<DeviceId>, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT device FROM devices WHERE name = ?1")?;
    statement.query_map([name.as_str()], |row| row.get(0).map(DeviceId))?.collect()
}

/// Rule A-5.
pub(crate) fn sell_tickets(
    batch: &Batch<'_>,
    caller: &Caller,
    tickets: &[Ticket],
    today: Day,
) -> Result<(), OpError<BuyTicketsError>> {
    let there = is_present(batch.conn, caller)?;
    let until = buy_tickets(there, tickets.len(), today).map_err(OpError::Refused)?;
    let mut statement = batch.conn.prepare_cached("INSERT INTO tickets VALUES (?1, ?2)")?;
    for ticket in tickets {
        statement.execute(params![&ticket.at_rest()[..], until.0])?;
    }
    Ok(())
}

/// Everybody who is not disabled.
pub(crate) fn people(conn: &Connection) -> Result<People, OpError<Never>> {
    let mut statement =
        conn.prepare_cached("SELECT name, is_administrator FROM accounts WHERE disabled = 0 ORDER BY name")?;
    let person =
        |row: &Row<'_>| Ok(Person { name: name_in(0, &row.get::<_, String>(0)?)?, role: account_role(row.get(1)?) });
    let people = statement.query_map([], person)?.collect::<Result<_, _>>()?;
    Ok(People { people })
}

/// All accounts, for the operator.
pub(crate) fn users(conn: &Connection) -> Result<Vec<UserSummary>, OpError<Never>> {
    let mut statement = conn.prepare_cached(
        "SELECT name, is_administrator, disabled, (SELECT count(*) FROM devices WHERE devices.name = accounts.name)
         FROM accounts ORDER BY name",
    )?;
    let user = |row: &Row<'_>| {
        let (name, role) = (name_in(0, &row.get::<_, String>(0)?)?, account_role(row.get(1)?));
        Ok(UserSummary { name, role, devices: row.get(3)?, disabled: row.get(2)? })
    };
    Ok(statement.query_map([], user)?.collect::<Result<_, _>>()?)
}

/// Disables or enables an account.
pub(crate) fn set_disabled(
    batch: &mut Batch<'_>,
    name: &UserName,
    disabled: bool,
) -> Result<(), OpError<AccountError>> {
    let mut statement = batch.conn.prepare_cached("UPDATE accounts SET disabled = ?2 WHERE name = ?1")?;
    if statement.execute(params![name.as_str(), disabled])? == 0 {
        return Err(OpError::Refused(AccountError::NotFound));
    }
    if disabled {
        let devices = devices_of(batch.conn, name)?;
        end_sessions(batch, devices);
    }
    devices_changed(batch, name);
    Ok(())
}

/// Removes an account.
pub(crate) fn remove_user(batch: &mut Batch<'_>, name: &UserName) -> Result<(), OpError<AccountError>> {
    for device in devices_of(batch.conn, name)? {
        drop_device(batch, device)?;
    }
    let mut statement = batch.conn.prepare_cached("DELETE FROM accounts WHERE name = ?1")?;
    if statement.execute([name.as_str()])? == 0 {
        return Err(OpError::Refused(AccountError::NotFound));
    }
    batch.conn.prepare_cached("DELETE FROM invites WHERE adds_device = 1 AND name = ?1")?.execute([name.as_str()])?;
    devices_changed(batch, name);
    Ok(())
}
