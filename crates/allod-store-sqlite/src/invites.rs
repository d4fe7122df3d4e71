//! Invitations in the file, and joining.

use allod_crypto::digest::BearerSecret;
use allod_server_core::Caller;
use allod_server_core::invite::{
    Grant, Invite, InviteError, InviteView, Inviter, LookUpError, Offer, create_invite, look_up,
};
use allod_server_core::join::{AccountView, CheckedJoin, DeviceView, JoinError, JoinView, Joining, join};
use allod_server_core::policy::SESSION_DAYS;
use allod_wire::account::{AccountRole, NewInvite};
use allod_wire::log::Digest;
use allod_wire::secrets::{InviteSecret, SessionToken};
use allod_wire::{Day, DeviceId, UserName};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::accounts::{account_role, device_count, devices_changed, end_sessions, name_in};
use crate::writer::{Batch, OpError};

/// The invitation of a digest.
fn find(conn: &Connection, digest: &Digest) -> Result<Option<Invite>, rusqlite::Error> {
    let mut statement = conn
        .prepare_cached("SELECT adds_device, name, is_administrator, uses, until_day FROM invites WHERE digest = ?1")?;
    let invite = |row: &Row<'_>| {
        let role = account_role(row.get(2)?);
        let name = row.get::<_, Option<String>>(1)?.map(|name| name_in(1, &name)).transpose()?;
        let grants = match name {
            Some(name) if row.get(0)? => Grant::Device { name, role },
            name => Grant::Account { name, role },
        };
        Ok(Invite { grants, uses: row.get(3)?, until: Day(row.get(4)?) })
    };
    statement.query_row([&digest[..]], invite).optional()
}

/// Rule A-1.
pub(crate) fn offer(conn: &Connection, secret: &InviteSecret, today: Day) -> Result<Offer, OpError<LookUpError>> {
    look_up(find(conn, &secret.at_rest())?, today).map_err(OpError::Refused)
}

/// Rule A-1.
pub(crate) fn create(
    batch: &Batch<'_>,
    by: &Inviter,
    request: &NewInvite,
    secret: &InviteSecret,
    today: Day,
) -> Result<Day, OpError<InviteError>> {
    let name_exists = match request {
        NewInvite::Person { name: Some(name), .. } => account(batch.conn, name)?.is_some(),
        _ => false,
    };
    let devices = match by {
        Inviter::Operator => None,
        Inviter::Device(caller) => present(batch.conn, caller)?,
    };
    let invite = create_invite(by, request, InviteView { name_exists, devices }, today).map_err(OpError::Refused)?;
    let (adds_device, name, role) = match &invite.grants {
        Grant::Account { name, role } => (false, name.as_ref(), role),
        Grant::Device { name, role } => (true, Some(name), role),
    };
    batch.conn.prepare_cached("INSERT INTO invites VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        &secret.at_rest()[..],
        adds_device,
        name.map(|name| name.as_str()),
        *role == AccountRole::Administrator,
        invite.uses,
        invite.until.0
    ])?;
    Ok(invite.until)
}

/// How many devices the account of a caller has that is still there.
fn present(conn: &Connection, caller: &Caller) -> Result<Option<usize>, rusqlite::Error> {
    let there = crate::accounts::is_present(conn, caller)?;
    if there { device_count(conn, &caller.name).map(Some) } else { Ok(None) }
}

/// Rules.
pub(crate) fn spend(
    batch: &mut Batch<'_>,
    request: &CheckedJoin,
    session: &SessionToken,
    today: Day,
) -> Result<AccountRole, OpError<JoinError>> {
    let device = request.device().device;
    let view = JoinView {
        invite: find(batch.conn, request.invite())?,
        account: account(batch.conn, request.name())?,
        device: device_view(batch.conn, &device)?,
    };
    let joining = join(&view, request, today).map_err(OpError::Refused)?;
    let (session, until) = (session.at_rest(), today.plus(SESSION_DAYS));
    match joining {
        Joining::Again(_) => {
            let mut statement = batch
                .conn
                .prepare_cached("UPDATE devices SET session = ?2, session_until_day = ?3 WHERE device = ?1")?;
            statement.execute(params![device.as_bytes(), &session[..], until.0])?;
            end_sessions(batch, [device]);
        }
        Joining::NewAccount(role) => {
            insert_account(batch.conn, request, role)?;
            insert_device(batch.conn, request, &session, until)?;
            use_up(batch.conn, request.invite())?;
            devices_changed(batch, request.name());
        }
        Joining::NewDevice(_) => {
            insert_device(batch.conn, request, &session, until)?;
            use_up(batch.conn, request.invite())?;
            devices_changed(batch, request.name());
        }
    }
    Ok(joining.role())
}

fn insert_account(conn: &Connection, request: &CheckedJoin, role: AccountRole) -> Result<(), rusqlite::Error> {
    let contact = allod_server_core::contact_policy::DEFAULT_CONTACT_POLICY;
    conn.prepare_cached("INSERT INTO accounts VALUES (?1, ?2, ?3, ?4, NULL, 0)")?.execute(params![
        request.name().as_str(),
        role == AccountRole::Administrator,
        &request.certificate().identity_key[..],
        contact.organisation
    ])?;
    Ok(())
}

fn insert_device(
    conn: &Connection,
    request: &CheckedJoin,
    session: &Digest,
    until: Day,
) -> Result<(), rusqlite::Error> {
    let device = request.device();
    conn.prepare_cached("INSERT INTO devices VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, NULL)")?.execute(params![
        device.device.as_bytes(),
        request.name().as_str(),
        &device.certificate[..],
        &device.inbox_key[..],
        &request.certificate().signature_key[..],
        &request.invite()[..],
        &session[..],
        until.0
    ])?;
    Ok(())
}

/// Takes one use; an invitation without uses goes.
fn use_up(conn: &Connection, invite: &Digest) -> Result<(), rusqlite::Error> {
    conn.prepare_cached("UPDATE invites SET uses = uses - 1 WHERE digest = ?1")?.execute([&invite[..]])?;
    conn.prepare_cached("DELETE FROM invites WHERE digest = ?1 AND uses <= 0")?.execute([&invite[..]])?;
    Ok(())
}

fn account(conn: &Connection, name: &UserName) -> Result<Option<AccountView>, rusqlite::Error> {
    let devices = device_count(conn, name)?;
    let mut statement =
        conn.prepare_cached("SELECT is_administrator, identity_key, disabled FROM accounts WHERE name = ?1")?;
    let view = |row: &Row<'_>| {
        let (role, identity_key) = (account_role(row.get(0)?), row.get(1)?);
        Ok(AccountView { role, identity_key, devices, disabled: row.get(2)? })
    };
    statement.query_row([name.as_str()], view).optional()
}

fn device_view(conn: &Connection, device: &DeviceId) -> Result<Option<DeviceView>, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT name, certificate, joined_with FROM devices WHERE device = ?1")?;
    let view = |row: &Row<'_>| {
        let (name, certificate) = (name_in(0, &row.get::<_, String>(0)?)?, row.get(1)?);
        Ok(DeviceView { name, certificate, joined_with: row.get::<_, [u8; 32]>(2)?.into() })
    };
    statement.query_row([device.as_bytes()], view).optional()
}
