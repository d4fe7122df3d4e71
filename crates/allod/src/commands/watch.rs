//! `allod watch`: what happens, as lines of JSON; and, for bots, commands from standard input in the same process.

use allod_client_core::{Event, With};
use allod_wire::{LogId, Position};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::cli::Cli;
use crate::commands::follow::Follower;
use crate::commands::message::wait_sent;
use crate::failure::Failure;
use crate::session::{Session, refusal};
use crate::show;
use crate::terminal::interrupted;

/// `allod watch`
pub(crate) async fn watch(cli: &Cli, commands: bool) -> Result<(), Failure> {
    let mut follower = Follower::new(cli, Session::open(cli).await?).await?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut was_connected = None;
    loop {
        let mut standing = follower.opened().await?.client.standing();
        let is_connected = standing.borrow_and_update().connected;
        if was_connected != Some(is_connected) {
            was_connected = Some(is_connected);
            show::json(&json!({ "event": "connection", "connected": is_connected }));
        }
        tokio::select! {
            event = follower.next() => show::json(&to_json(&event?)),
            line = lines.next_line(), if commands => match line {
                Ok(Some(line)) if line.trim().is_empty() => {}
                Ok(Some(line)) => show::json(&obey(follower.opened().await?, &line).await),
                Ok(None) => break,
                Err(error) => return Err(Failure::Usage(format!("standard input cannot be read: {error}"))),
            },
            _ = standing.changed() => {}
            () = interrupted() => break,
        }
    }
    follower.close().await;
    Ok(())
}

/// A line of standard input.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// Comes back in the reply.
    #[serde(default)]
    id: Value,
    #[serde(default)]
    send: Option<SendOrder>,
    #[serde(default)]
    read: Option<ReadOrder>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SendOrder {
    conversation: String,
    text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadOrder {
    conversation: String,
    position: u64,
}

/// Does what a line says, and gives the reply.
async fn obey(session: &Session, line: &str) -> Value {
    let order: Order = match serde_json::from_str(line) {
        Ok(order) => order,
        Err(error) => {
            return reply(Value::Null, Err(Failure::Usage(format!("not a command: {error}"))));
        }
    };
    let done = match (order.send, order.read) {
        (Some(order), None) => send(session, order).await,
        (None, Some(order)) => read(session, order).await,
        _ => Err(Failure::Usage("a command has one of send and read".to_owned())),
    };
    reply(order.id, done)
}

fn reply(id: Value, done: Result<Value, Failure>) -> Value {
    match done {
        Ok(done) => json!({ "event": "reply", "id": id, "done": done }),
        Err(failure) => json!({ "event": "reply", "id": id, "error": failure.to_json()["error"] }),
    }
}

async fn send(session: &Session, order: SendOrder) -> Result<Value, Failure> {
    let log = session.find(&order.conversation).await?.log;
    let id = session.act(move |core, now, rng| core.send_text(log, &order.text, With::default(), now, rng)).await?;
    wait_sent(session, log, id).await?;
    Ok(json!({ "message": { "id": id.to_string(), "log": log.to_string(), "status": "sent" } }))
}

async fn read(session: &Session, order: ReadOrder) -> Result<Value, Failure> {
    let log = session.find(&order.conversation).await?.log;
    session.act(move |core, now, rng| Ok(((), core.mark_read(log, Position(order.position), now, rng)?))).await?;
    Ok(json!({ "log": log.to_string(), "position": order.position }))
}

/// An event for programs.
fn to_json(event: &Event) -> Value {
    let about = |name: &str, log: &LogId| json!({ "event": name, "log": log.to_string() });
    match event {
        Event::Joined => json!({ "event": "joined" }),
        Event::JoinFailed(error) => json!({ "event": "join-failed", "error": error.code.as_str() }),
        Event::ConversationChanged(log) => about("conversation", log),
        Event::ReceiptsChanged(log) => about("receipts", log),
        Event::ConversationGone(log) => about("conversation-gone", log),
        Event::Message(message) => json!({ "event": "message", "message": message }),
        Event::MessageChanged { log, message_id } => {
            let message_id = allod_wire::link::to_text(&message_id[..]);
            json!({ "event": "message-changed", "log": log.to_string(), "message_id": message_id })
        }
        Event::Outbox { log, id, status } => {
            json!({ "event": "outbox", "log": log.to_string(), "id": id.to_string(), "status": status })
        }
        Event::ReadersChanged { log, wider } => json!({ "event": "readers", "log": log.to_string(), "wider": wider }),
        Event::IdentityChanged { person, verified } => {
            json!({ "event": "identity-changed", "person": person.to_string(), "verified": verified })
        }
        Event::ForkDetected(log) => about("fork", log),
        Event::HubMisbehaved { log, what } => {
            json!({ "event": "server-misbehaved", "log": log.to_string(), "what": what })
        }
        Event::ActAppended { position } => json!({ "event": "act", "position": position }),
        Event::LedgerChanged { fault } => json!({ "event": "ledger", "fault": fault }),
        Event::People(people) => json!({ "event": "people", "people": people }),
        Event::InviteCreated { link } => json!({ "event": "invite", "link": link }),
        Event::RecoveryLink { link } => json!({ "event": "recovery-link", "link": link }),
        Event::DeviceLink { link } => json!({ "event": "device-link", "link": link }),
        Event::History { device, step } => {
            let mut event = show::history_json(*device, *step);
            event["event"] = json!("history");
            event
        }
        Event::AccountChanged => json!({ "event": "account" }),
        Event::CouldNotAdd { .. } | Event::ChangeDropped { .. } | Event::Refused { .. } => {
            let failure = refusal(event).map(|failure| failure.to_json()["error"].clone());
            json!({ "event": "refused", "error": failure })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_of_an_unknown_kind_is_named() {
        for line in ["{", "7", r#"{"id":1,"shout":{}}"#, r#"{"send":{"conversation":"x"}}"#] {
            assert!(serde_json::from_str::<Order>(line).is_err(), "{line}");
        }
        let order: Order = serde_json::from_str(r#"{"id":"7","send":{"conversation":"bob","text":"hi"}}"#).unwrap();
        assert_eq!((order.id, order.send.unwrap().text), (json!("7"), "hi".to_owned()));
    }

    #[test]
    fn a_reply_carries_the_commands_id() {
        let reply = reply(json!(3), Err(Failure::NotFound("no".into())));
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(3), &json!("not-found")));
    }
}
