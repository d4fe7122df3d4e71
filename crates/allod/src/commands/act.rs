//! `allod reply`, `allod react`, `allod edit` and `allod delete`: what is done to a message that is there.

use allod_client_core::With;
use allod_client_core::view::MessageView;
use allod_wire::mimi::MessageId;
use allod_wire::{LogId, Position};

use crate::cli::Cli;
use crate::commands::message::{report_sent, wait_sent};
use crate::failure::Failure;
use crate::session::Session;

/// `allod reply`
pub(crate) async fn reply(cli: &Cli, name: &str, message: &str, text: &str) -> Result<(), Failure> {
    let text = text.to_owned();
    let (session, line, to) = open(cli, name, message).await?;
    let log = line.log;
    let with = With { in_reply_to: Some(to), ..With::default() };
    let id = session.act(move |core, now, rng| core.send_text(log, &text, with, now, rng)).await?;
    finish(session, log, id).await
}

/// `allod react`
pub(crate) async fn react(cli: &Cli, name: &str, message: &str, text: &str, remove: bool) -> Result<(), Failure> {
    let text = text.to_owned();
    let (session, line, to) = open(cli, name, message).await?;
    let log = line.log;
    let id = if remove {
        let own = line.marks.reactions.iter().find(|reaction| reaction.text == text).and_then(|reaction| reaction.own);
        let own = own.ok_or_else(|| Failure::NotFound("you have not reacted so to this message".to_owned()))?;
        session.act(move |core, now, rng| core.take_back(log, to, own, now, rng)).await?
    } else {
        session.act(move |core, now, rng| core.react(log, to, &text, now, rng)).await?
    };
    finish(session, log, id).await
}

/// `allod edit`
pub(crate) async fn edit(cli: &Cli, name: &str, message: &str, text: &str) -> Result<(), Failure> {
    let text = text.to_owned();
    let (session, line, _) = open(cli, name, message).await?;
    let log = line.log;
    let id = session.act(move |core, now, rng| core.edit(&line, &text, now, rng)).await?;
    finish(session, log, id).await
}

/// `allod delete`
pub(crate) async fn delete(cli: &Cli, name: &str, message: &str) -> Result<(), Failure> {
    let (session, line, _) = open(cli, name, message).await?;
    let log = line.log;
    let id = session.act(move |core, now, rng| core.delete_for_everyone(&line, now, rng)).await?;
    finish(session, log, id).await
}

async fn open(cli: &Cli, name: &str, message: &str) -> Result<(Session, MessageView, MessageId), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let log = session.find(name).await?.log;
    let line = find(&session, log, message).await?;
    let id = line.message_id.ok_or_else(|| Failure::NotFound(format!("{message} is no message of somebody")))?;
    Ok((session, line, id))
}

async fn finish(session: Session, log: LogId, id: allod_wire::EntryId) -> Result<(), Failure> {
    let sent = wait_sent(&session, log, id).await;
    report_sent(&session, log, id, sent)?;
    session.close().await;
    Ok(())
}

/// The message at a position, or whose id begins so, or the last one of all.
async fn find(session: &Session, log: LogId, named: &str) -> Result<MessageView, Failure> {
    let position: Option<u64> = named.parse().ok();
    let is_named = |line: &MessageView| {
        let is_last = named == "last" && line.message_id.is_some();
        let is_id = named.len() >= ID_CHARS_MIN && line.id.to_string().starts_with(named);
        is_last || is_id || (position.is_some() && line.position == position)
    };
    let mut before = None;
    loop {
        let mut page = session.client.history(log, before, PAGE_LINES).await?;
        let first = page.first().and_then(|line| line.position).filter(|_| page.len() == PAGE_LINES as usize);
        if let Some(index) = page.iter().rposition(is_named) {
            return Ok(page.swap_remove(index));
        }
        before =
            Some(Position(first.ok_or_else(|| Failure::NotFound(format!("no message {named} in this conversation")))?));
    }
}

/// Lines that are looked through at a time.
const PAGE_LINES: u32 = 200;
/// Shortest beginning of an id.
const ID_CHARS_MIN: usize = 4;
