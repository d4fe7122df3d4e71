//! `allod send` and `allod read`

use std::collections::VecDeque;
use std::io::Read;

use allod_client_core::view::{ConversationSummary, MessageView, State, Status};
use allod_client_core::{ClientCore, Event, With};
use allod_wire::{EntryId, LogId, Position};
use serde_json::json;

use crate::cli::Cli;
use crate::commands::follow::Follower;
use crate::failure::Failure;
use crate::session::Session;
use crate::show;
use crate::terminal::interrupted;

/// `allod send`
pub(crate) async fn send(cli: &Cli, name: &str, text: &str, ask: bool) -> Result<(), Failure> {
    let text = if text == "-" { read_stdin()? } else { text.to_owned() };
    if text.trim().is_empty() {
        return Err(Failure::Usage("the message is empty".to_owned()));
    }
    let session = Session::open_and_sync(cli).await?;
    let one = session.find(name).await?;
    let log = one.log;
    let with = With { asks_acknowledgement: ask, ..With::default() };
    let id = session.act(move |core, now, rng| core.send_text(log, &text, with, now, rng)).await?;
    let sent = wait_sent(&session, log, id).await;
    report_sent(&session, log, id, sent)?;
    session.close().await;
    Ok(())
}

/// Says what became of a message.
pub(crate) fn report_sent(
    session: &Session,
    log: LogId,
    id: EntryId,
    sent: Result<(), Failure>,
) -> Result<(), Failure> {
    let status = match &sent {
        Ok(()) => "sent",
        Err(Failure::Queued(_)) => "sending",
        Err(_) => return sent,
    };
    if session.json {
        show::json(&json!({ "message": { "id": id.to_string(), "log": log.to_string(), "status": status } }));
    }
    sent
}

/// Waits until the server has the message on disk.
pub(crate) async fn wait_sent(session: &Session, log: LogId, id: EntryId) -> Result<(), Failure> {
    let status = move |core: &ClientCore| core.status(log, id);
    loop {
        match session.client.look(status).await? {
            None | Some(Status::Sent) => return Ok(()),
            Some(Status::Failed) => {
                return Err(Failure::refused("not-sent", "the server does not take this message"));
            }
            Some(Status::Sending) => {}
        }
        if let allod_client::Waited::Late(_) = session.wait(|standing| standing.quiet).await? {
            return match session.client.look(status).await? {
                Some(Status::Sending) => Err(Failure::Queued(
                    "the server is away: the message waits on this device, and goes with the next command".to_owned(),
                )),
                _ => continue,
            };
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// `allod read`
pub(crate) async fn read(cli: &Cli, name: &str, options: &ReadOptions) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let one = session.find(name).await?;
    let log = one.log;
    let since = options.since.unwrap_or(0);
    let limit = options.limit.unwrap_or(if options.since.is_some() { u32::MAX } else { LINES });
    let lines = session.client.history_after(log, Position(since), limit).await?;
    for line in &lines {
        print(&session, line);
    }
    let last = lines.iter().filter_map(|line| line.position).max().unwrap_or(since);
    for waiting in session.client.look(move |core| core.outbox(log)).await? {
        print(&session, &waiting);
    }
    tell_state(&session, &one);
    mark_read(&session, log, last, options.peek).await?;
    if options.follow {
        return follow(Follower::new(cli, session).await?, &one, last, options.peek).await;
    }
    session.close().await;
    Ok(())
}

/// Prints lines as they come, until interrupted.
async fn follow(mut follower: Follower<'_>, one: &ConversationSummary, last: u64, peek: bool) -> Result<(), Failure> {
    // What came between the lines printed and now.
    let missed = follower.opened().await?.client.history_after(one.log, Position(last), MISSED_MAX).await?;
    let mut ready: VecDeque<Event> = missed.into_iter().map(|line| Event::Message(Box::new(line))).collect();
    loop {
        let event = match ready.pop_front() {
            Some(event) => event,
            None => tokio::select! {
                event = follower.next() => event?,
                () = interrupted() => break,
            },
        };
        let session = follower.opened().await?;
        match event {
            Event::Message(line) if line.log == one.log => {
                print(session, &line);
                mark_read(session, one.log, line.position.unwrap_or(0), peek).await?;
            }
            Event::ReadersChanged { log, wider: true } if log == one.log && !session.json => {
                show::notice(&format!("More can read this conversation than before: allod who {:?}", one.title));
            }
            Event::ForkDetected(log) if log == one.log => {
                let message = "the server showed different people different conversations: allod decide";
                return Err(Failure::refused("forked", message));
            }
            _ => {}
        }
    }
    follower.close().await;
    Ok(())
}

/// How to read.
pub(crate) struct ReadOptions {
    pub(crate) follow: bool,
    pub(crate) since: Option<u64>,
    pub(crate) limit: Option<u32>,
    pub(crate) peek: bool,
}

pub(crate) fn print(session: &Session, line: &MessageView) {
    if session.json {
        show::json(line);
    } else {
        show::line(&show::message(line));
    }
}

fn tell_state(session: &Session, one: &ConversationSummary) {
    if session.json {
        return;
    }
    match one.state {
        State::Removed => show::notice("You were removed from this conversation."),
        State::Left => show::notice("You have left this conversation."),
        State::Rejoining => show::notice("This device was away for too long, and waits to be added again by a member."),
        State::Forked => {
            show::notice("The server showed different people different conversations: allod decide --help")
        }
        State::Creating | State::Active if one.unseen_reader_change => {
            show::notice(&format!("Who can read this conversation has changed: allod who {:?}", one.title));
        }
        State::Creating | State::Active => {}
    }
}

async fn mark_read(session: &Session, log: LogId, last: u64, peek: bool) -> Result<(), Failure> {
    if !peek && last > 0 {
        session.act(move |core, now, rng| Ok(((), core.mark_read(log, Position(last), now, rng)?))).await?;
    }
    Ok(())
}

fn read_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(STDIN_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::Usage(format!("standard input cannot be read: {error}")))?;
    if bytes.len() as u64 > STDIN_BYTES_MAX {
        return Err(Failure::refused("too-large", "that is too long for a message: send it as a file"));
    }
    String::from_utf8(bytes).map_err(|_| Failure::Usage("standard input is not text: send it as a file".to_owned()))
}

/// Lines that are shown if nothing else is said.
const LINES: u32 = 50;
/// Lines that may come in the moment between printing and following.
const MISSED_MAX: u32 = 50;
/// Longest message from standard input; longer ones are files.
const STDIN_BYTES_MAX: u64 = 1 << 20;
