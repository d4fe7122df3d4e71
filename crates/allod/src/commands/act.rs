//! What is done to a message that is there: answered, reacted to, edited, deleted, forwarded, acknowledged.

use allod_client_core::view::{MessageBody, MessageView};
use allod_client_core::{ClientCore, Sent, With};
use allod_wire::mimi::MessageId;
use allod_wire::{LogId, Position, UnixMillis};

use crate::cli::{Cli, Target};
use crate::commands::file::{bar, show_progress};
use crate::commands::message::{print, report_sent, wait_sent};
use crate::failure::Failure;
use crate::session::{Randomness, Session};

/// `allod reply`
pub(crate) async fn reply(cli: &Cli, target: &Target, text: &str, thread: bool) -> Result<(), Failure> {
    let text = text.to_owned();
    let (session, line, to) = open(cli, target).await?;
    let log = line.log;
    // An answer in a thread begins none: it goes into the thread that is there.
    let root = line.thread.unwrap_or(to);
    let with = With { in_reply_to: (!thread).then_some(to), thread: thread.then_some(root), ..With::default() };
    let id = session.act(move |core, now, rng| core.send_text(log, &text, with, now, rng)).await?;
    finish(session, log, id).await
}

/// `allod thread`
pub(crate) async fn thread(cli: &Cli, target: &Target) -> Result<(), Failure> {
    let (session, line, id) = open(cli, target).await?;
    print(&session, &line);
    for answer in session.client.thread(line.log, id).await? {
        print(&session, &answer);
    }
    let log = line.log;
    session.act(move |core, _, _| Ok(((), core.mark_thread_read(log, id)?))).await?;
    session.close().await;
    Ok(())
}

/// `allod react`
pub(crate) async fn react(cli: &Cli, target: &Target, text: &str, remove: bool) -> Result<(), Failure> {
    let text = text.to_owned();
    let (session, line, to) = open(cli, target).await?;
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
pub(crate) async fn edit(cli: &Cli, target: &Target, text: &str) -> Result<(), Failure> {
    let text = text.to_owned();
    on_line(cli, target, move |core, line, now, rng| core.edit(line, &text, now, rng)).await
}

/// `allod delete`
pub(crate) async fn delete(cli: &Cli, target: &Target) -> Result<(), Failure> {
    on_line(cli, target, |core, line, now, rng| core.delete_for_everyone(line, now, rng)).await
}

/// `allod acknowledge`
pub(crate) async fn acknowledge(cli: &Cli, target: &Target) -> Result<(), Failure> {
    on_line(cli, target, |core, line, now, rng| core.acknowledge(line, now, rng)).await
}

/// `allod forward`
pub(crate) async fn forward(cli: &Cli, target: &Target, to: &str) -> Result<(), Failure> {
    let (session, line, _) = open(cli, target).await?;
    let log = session.find(to).await?.log;
    let id = match &line.body {
        MessageBody::File { file, caption } => {
            let bar = bar(&session);
            let mut progress = |done, all| show_progress(&bar, done, all);
            let sent = session.client.forward_file(line.log, file, caption, log, &mut progress).await;
            bar.finish_and_clear();
            sent?
        }
        _ => session.act(move |core, now, rng| core.forward(&line, log, now, rng)).await?,
    };
    finish(session, log, id).await
}

/// Does something to a message that is there.
pub(crate) async fn on_line(
    cli: &Cli,
    target: &Target,
    act: impl FnOnce(&mut ClientCore, &MessageView, UnixMillis, Randomness<'_>) -> Sent + Send + 'static,
) -> Result<(), Failure> {
    let (session, line, _) = open(cli, target).await?;
    let log = line.log;
    let id = session.act(move |core, now, rng| act(core, &line, now, rng)).await?;
    finish(session, log, id).await
}

async fn open(cli: &Cli, target: &Target) -> Result<(Session, MessageView, MessageId), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let log = session.find(&target.conversation).await?.log;
    let line = find(&session, log, &target.message).await?;
    let id = line.message_id;
    let id = id.ok_or_else(|| Failure::NotFound(format!("{} is no message of somebody", target.message)))?;
    Ok((session, line, id))
}

pub(crate) async fn finish(session: Session, log: LogId, id: allod_wire::EntryId) -> Result<(), Failure> {
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
