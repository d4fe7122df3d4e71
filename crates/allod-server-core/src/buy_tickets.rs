//! Sells tickets, and takes one. Spec: `spec/account.md`, rule A-5.

use allod_wire::Day;
use allod_wire::limits::TICKETS_MAX;

use crate::failure::refusal;
use crate::policy::TICKET_DAYS;

/// Why no tickets are sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuyTicketsError {
    /// W-3: none, or more than one request may ask for.
    #[error("ask for 1 to {TICKETS_MAX} tickets")]
    BadCount,
    /// The device is not there any more.
    #[error("no session, or one that has ended")]
    NoSession,
}
refusal!(BuyTicketsError { BadCount => TooLarge, NoSession => NoSession });

/// A ticket that gives no right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpendTicketError {
    /// the ticket is unknown, spent or expired.
    #[error("the ticket is spent")]
    Spent,
}
refusal!(SpendTicketError { Spent => Spent });

/// Whether a ticket may be spent. `until` is its last day, if it is unspent.
///
/// # Errors
/// [`SpendTicketError`].
pub fn spend_ticket(until: Option<Day>, today: Day) -> Result<(), SpendTicketError> {
    if until.is_some_and(|until| today <= until) { Ok(()) } else { Err(SpendTicketError::Spent) }
}

/// The last day of `count` tickets that are sold today.
///
/// # Errors
/// [`BuyTicketsError`].
pub fn buy_tickets(device_exists: bool, count: usize, today: Day) -> Result<Day, BuyTicketsError> {
    if count == 0 || count > TICKETS_MAX as usize {
        return Err(BuyTicketsError::BadCount);
    }
    if device_exists { Ok(today.plus(TICKET_DAYS)) } else { Err(BuyTicketsError::NoSession) }
}
