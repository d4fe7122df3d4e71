//! Key packages and inboxes in the file.

use allod_crypto::digest::BearerSecret;
use allod_server_core::Caller;
use allod_server_core::accounts::AccountError;
use allod_server_core::claim_key_packages::{ClaimError, ClaimSeed, ClaimView, claim_key_packages};
use allod_server_core::hints::Hint;
use allod_server_core::inbox::{INBOX_PAGE_BYTES_MAX, INBOX_PAGE_ITEMS_MAX};
use allod_server_core::policy::INBOX_TICKET_DAYS;
use allod_server_core::put_inbox_item::{
    InboxTicketView, InboxView, PutInboxItemError, Putting, item_digest, put_inbox_item,
};
use allod_server_core::upload_key_packages::{UploadKeyPackagesError, check, key_package_digest, upload_key_packages};
use allod_wire::inbox::{
    ClaimKeyPackages, ClaimRight, ClaimedDevice, ClaimedKeyPackages, InboxItem, InboxPage, KeyPackageCount,
    NewInboxItem, UploadKeyPackages,
};
use allod_wire::log::Digest;
use allod_wire::secrets::InboxTicket;
use allod_wire::{Day, DeviceId, Position, UserName};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::accounts::{contact_policy, is_present};
use crate::logs::{spend_ticket, ticket_until};
use crate::writer::{Batch, OpError};

/// Rule I-1.
pub(crate) fn upload(
    batch: &Batch<'_>,
    caller: &Caller,
    request: &UploadKeyPackages,
) -> Result<KeyPackageCount, OpError<UploadKeyPackagesError>> {
    check(request).map_err(OpError::Refused)?;
    let device = caller.device.as_bytes();
    let mut known = batch.conn.prepare_cached(
        "SELECT 1 FROM key_packages WHERE device = ?1 AND digest = ?2
         UNION ALL SELECT 1 FROM given_key_packages WHERE digest = ?2",
    )?;
    let mut fresh: Vec<(Digest, &[u8])> = Vec::with_capacity(request.one_time.len());
    for package in &request.one_time {
        let digest = key_package_digest(package);
        if !known.exists(params![device, &digest[..]])? && !fresh.iter().any(|(other, _)| *other == digest) {
            fresh.push((digest, package));
        }
    }
    let there = is_present(batch.conn, caller)?;
    let waiting = count_of(batch.conn, &caller.device)?;
    let one_time = upload_key_packages(there, waiting, fresh.len()).map_err(OpError::Refused)?;
    let mut insert = batch.conn.prepare_cached("INSERT INTO key_packages VALUES (?1, ?2, ?3)")?;
    for (digest, package) in fresh {
        insert.execute(params![device, &digest[..], package])?;
    }
    if let Some(package) = &request.last_resort {
        let mut update = batch.conn.prepare_cached("UPDATE devices SET last_resort = ?2 WHERE device = ?1")?;
        update.execute(params![device, &package[..]])?;
    }
    Ok(KeyPackageCount { one_time, last_resort: has_last_resort(batch.conn, &caller.device)? })
}

/// How many key packages of a device wait.
pub(crate) fn count(conn: &Connection, caller: &Caller) -> Result<KeyPackageCount, OpError<AccountError>> {
    if !is_present(conn, caller)? {
        return Err(OpError::Refused(AccountError::NotFound));
    }
    let one_time = u32::try_from(count_of(conn, &caller.device)?).unwrap_or(u32::MAX);
    Ok(KeyPackageCount { one_time, last_resort: has_last_resort(conn, &caller.device)? })
}

fn count_of(conn: &Connection, device: &DeviceId) -> Result<usize, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT count(*) FROM key_packages WHERE device = ?1")?;
    statement.query_row([device.as_bytes()], |row| row.get::<_, u32>(0)).map(|count| count as usize)
}

fn has_last_resort(conn: &Connection, device: &DeviceId) -> Result<bool, rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM devices WHERE device = ?1 AND last_resort IS NOT NULL")?;
    statement.exists([device.as_bytes()])
}

/// Rules A-6, I-1, I-2.
pub(crate) fn claim(
    batch: &Batch<'_>,
    request: &ClaimKeyPackages,
    seed: &ClaimSeed,
    today: Day,
) -> Result<ClaimedKeyPackages, OpError<ClaimError>> {
    let ticket = match &request.right {
        ClaimRight::Ticket(ticket) => Some(ticket.at_rest()),
        ClaimRight::Contact(_) => None,
    };
    let view = ClaimView {
        ticket_until: ticket.as_ref().map(|ticket| ticket_until(batch.conn, ticket)).transpose()?.flatten(),
        contact: contact(batch.conn, &request.user)?,
        devices: reachable(batch.conn, &request.user)?,
    };
    let devices = claim_key_packages(&view, request, today).map_err(OpError::Refused)?;
    if let Some(ticket) = &ticket {
        spend_ticket(batch.conn, ticket)?;
    }
    let give = |device: DeviceId| give(batch.conn, device, seed, today);
    let devices = devices.into_iter().map(give).collect::<Result<_, _>>()?;
    // The directory is another store's.
    Ok(ClaimedKeyPackages { devices, entry: None })
}

fn contact(conn: &Connection, user: &UserName) -> Result<Option<allod_wire::account::ContactPolicy>, rusqlite::Error> {
    let mut statement = conn
        .prepare_cached("SELECT contact_organisation, contact_link FROM accounts WHERE name = ?1 AND disabled = 0")?;
    statement.query_row([user.as_str()], |row| contact_policy(row, 0)).optional()
}

/// The user's devices that have a key package to give.
fn reachable(conn: &Connection, user: &UserName) -> Result<Vec<DeviceId>, rusqlite::Error> {
    let mut statement = conn.prepare_cached(
        "SELECT device FROM devices WHERE name = ?1 AND (last_resort IS NOT NULL
         OR EXISTS (SELECT 1 FROM key_packages WHERE key_packages.device = devices.device))",
    )?;
    statement.query_map([user.as_str()], |row| row.get(0).map(DeviceId))?.collect()
}

/// Gives a key package of one device, and a ticket for its inbox.
fn give(
    conn: &Connection,
    device: DeviceId,
    seed: &ClaimSeed,
    today: Day,
) -> Result<ClaimedDevice, OpError<ClaimError>> {
    let mut statement =
        conn.prepare_cached("SELECT certificate, inbox_key, last_resort FROM devices WHERE device = ?1")?;
    let (certificate, inbox_key, last_resort) = statement.query_row([device.as_bytes()], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Option<Vec<u8>>>(2)?))
    })?;
    let mut statement = conn.prepare_cached("SELECT digest, package FROM key_packages WHERE device = ?1 LIMIT 1")?;
    let one_time =
        statement.query_row([device.as_bytes()], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Vec<u8>>(1)?)));
    let key_package = match one_time.optional()? {
        Some((digest, package)) => {
            let mut gone = conn.prepare_cached("DELETE FROM key_packages WHERE device = ?1 AND digest = ?2")?;
            gone.execute(params![device.as_bytes(), digest])?;
            conn.prepare_cached("INSERT OR IGNORE INTO given_key_packages VALUES (?1)")?.execute([digest])?;
            package
        }
        None => last_resort.ok_or(OpError::Broken)?,
    };
    let ticket = seed.inbox_ticket(device);
    let until = today.plus(INBOX_TICKET_DAYS);
    let mut insert = conn.prepare_cached("INSERT INTO inbox_tickets VALUES (?1, ?2, ?3, NULL)")?;
    insert.execute(params![&ticket.at_rest()[..], device.as_bytes(), until.0])?;
    Ok(ClaimedDevice {
        device,
        certificate: certificate.into(),
        inbox_key: inbox_key.into(),
        key_package: key_package.into(),
        ticket,
    })
}

/// Rules I-2 to I-4.
pub(crate) fn put(
    batch: &mut Batch<'_>,
    device: DeviceId,
    ticket: &InboxTicket,
    item: &NewInboxItem,
    today: Day,
) -> Result<(), OpError<PutInboxItemError>> {
    let (ticket, digest) = (ticket.at_rest(), item_digest(item));
    let view = inbox_view(batch.conn, &device, &ticket)?;
    let putting = put_inbox_item(&view, device, item, &digest, today).map_err(OpError::Refused)?;
    let Putting::Now(position) = putting else { return Ok(()) };
    let conn = batch.conn;
    let mut insert = conn.prepare_cached("INSERT INTO inbox_items VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute(params![device.as_bytes(), position.0, today.0, &item.sealed[..]])?;
    let mut update = conn.prepare_cached("UPDATE devices SET inbox_last = ?2 WHERE device = ?1")?;
    update.execute(params![device.as_bytes(), position.0])?;
    let mut update = conn.prepare_cached("UPDATE inbox_tickets SET used_for = ?2 WHERE digest = ?1")?;
    update.execute(params![&ticket[..], &digest[..]])?;
    batch.hints.push(Hint::Inbox { device });
    Ok(())
}

fn inbox_view(conn: &Connection, device: &DeviceId, ticket: &Digest) -> Result<InboxView, rusqlite::Error> {
    let mut statement =
        conn.prepare_cached("SELECT device, until_day, used_for FROM inbox_tickets WHERE digest = ?1")?;
    let view = |row: &Row<'_>| {
        let used_for = row.get::<_, Option<[u8; 32]>>(2)?.map(Digest::from);
        Ok(InboxTicketView { device: DeviceId(row.get(0)?), until: Day(row.get(1)?), used_for })
    };
    let ticket = statement.query_row([&ticket[..]], view).optional()?;
    let mut statement = conn.prepare_cached("SELECT inbox_last FROM devices WHERE device = ?1")?;
    let last = statement.query_row([device.as_bytes()], |row| row.get(0).map(Position)).optional()?.unwrap_or_default();
    let mut statement = conn.prepare_cached("SELECT count(*) FROM inbox_items WHERE device = ?1")?;
    let waiting = statement.query_row([device.as_bytes()], |row| row.get::<_, u32>(0))? as usize;
    Ok(InboxView { ticket, waiting, last })
}

/// Rule I-4.
pub(crate) fn page(conn: &Connection, caller: &Caller, after: Position) -> Result<InboxPage, OpError<AccountError>> {
    if !is_present(conn, caller)? {
        return Err(OpError::Refused(AccountError::NotFound));
    }
    let mut statement = conn.prepare_cached(
        "SELECT position, day, sealed FROM inbox_items WHERE device = ?1 AND position > ?2 ORDER BY position LIMIT ?3",
    )?;
    let mut rows = statement.query(params![caller.device.as_bytes(), after.0, INBOX_PAGE_ITEMS_MAX])?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let sealed: Vec<u8> = row.get(2)?;
        bytes += sealed.len();
        if bytes > INBOX_PAGE_BYTES_MAX && !items.is_empty() {
            break;
        }
        items.push(InboxItem { position: Position(row.get(0)?), day: Day(row.get(1)?), sealed: sealed.into() });
    }
    Ok(InboxPage { items })
}

/// Rule I-4.
pub(crate) fn pass(batch: &Batch<'_>, caller: &Caller, position: Position) -> Result<(), OpError<AccountError>> {
    if !is_present(batch.conn, caller)? {
        return Err(OpError::Refused(AccountError::NotFound));
    }
    let mut statement = batch.conn.prepare_cached("DELETE FROM inbox_items WHERE device = ?1 AND position <= ?2")?;
    statement.execute(params![caller.device.as_bytes(), position.0.min(i64::MAX.unsigned_abs())])?;
    Ok(())
}
