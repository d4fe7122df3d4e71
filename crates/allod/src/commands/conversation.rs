//! What concerns a conversation as a whole: who is in it, what it is called, who can read it.

use allod_client_core::view::ConversationSummary;
use allod_client_core::{ForkChoice, New};
use serde_json::json;

use crate::cli::{Choice, Cli, Person, Role};
use crate::failure::Failure;
use crate::session::Session;
use crate::show;

/// `allod list`
pub(crate) async fn list(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let conversations = session.conversations().await?;
    if session.json {
        show::json(&json!({ "conversations": conversations }));
    } else if conversations.is_empty() {
        show::notice("No conversations yet: allod new PERSON");
    }
    if !session.json {
        for one in &conversations {
            show::line(&show::conversation(one));
        }
    }
    session.close().await;
    Ok(())
}

/// `allod new`
pub(crate) async fn new(cli: &Cli, title: Option<&str>, people: &[Person]) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let people = session.addresses(people.to_vec()).await?;
    let new = match (title, &people[..]) {
        (None, [person]) => New::Pair(person.clone()),
        (Some(title), _) => New::Group { title: title.to_owned(), people },
        (None, _) => {
            let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
            New::Group { title: names.join(", "), people }
        }
    };
    let log = session.change(move |core, now, rng| core.start_conversation(new, now, rng)).await?;
    let made = session.client.look(move |core| core.conversation(log)).await?;
    let made = made.ok_or_else(|| Failure::refused("not-made", "the conversation was not made"))?;
    print_conversation(
        &session,
        &made,
        &format!("{}  {}", show::short_id(&log.to_string()), show::clean_line(&made.title)),
    );
    session.close().await;
    Ok(())
}

/// `allod who`
pub(crate) async fn who(cli: &Cli, name: &str) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let one = session.find(name).await?;
    let log = one.log;
    let readers = session.client.look(move |core| core.readers(log)).await?;
    let readers =
        readers.ok_or_else(|| Failure::refused("not-a-member", "you are not in this conversation any more"))?;
    if session.json {
        show::json(&readers);
    } else {
        show::line(&show::readers(&one.title, &readers));
    }
    session.client.act(move |core, _, _| ((), core.readers_seen(log))).await?;
    session.close().await;
    Ok(())
}

/// `allod members`
pub(crate) async fn members(cli: &Cli, name: &str) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let log = session.find(name).await?.log;
    let readers = session.client.look(move |core| core.readers(log)).await?;
    let people = readers.map(|readers| readers.people).unwrap_or_default();
    if session.json {
        let members: Vec<_> = people
            .iter()
            .map(|one| json!({ "address": one.address.to_string(), "role": one.role, "own": one.own, "devices": one.devices.len() }))
            .collect();
        show::json(&json!({ "members": members }));
    } else {
        for person in &people {
            let own = if person.own { "  (you)" } else { "" };
            show::line(&format!("{}  {}{own}", person.address, show::role(person.role)));
        }
    }
    session.close().await;
    Ok(())
}

/// `allod add`
pub(crate) async fn add(cli: &Cli, name: &str, people: &[Person]) -> Result<(), Failure> {
    let (session, one) = opened(cli, name).await?;
    let people = session.addresses(people.to_vec()).await?;
    session
        .change(move |core, now, rng| core.add_people(one.log, people, now, rng).map(|effects| ((), effects)))
        .await?;
    done(session, &one).await
}

/// `allod remove`
pub(crate) async fn remove(cli: &Cli, name: &str, person: &Person) -> Result<(), Failure> {
    let (session, one) = opened(cli, name).await?;
    let person = session.address(person.clone()).await?;
    session
        .change(move |core, now, rng| core.remove_person(one.log, &person, now, rng).map(|effects| ((), effects)))
        .await?;
    done(session, &one).await
}

/// `allod leave`
pub(crate) async fn leave(cli: &Cli, name: &str) -> Result<(), Failure> {
    let (session, one) = opened(cli, name).await?;
    session.change(move |core, now, rng| core.leave(one.log, now, rng).map(|effects| ((), effects))).await?;
    done(session, &one).await
}

/// `allod rename`
pub(crate) async fn rename(cli: &Cli, name: &str, title: &str) -> Result<(), Failure> {
    let (session, one) = opened(cli, name).await?;
    let title = title.to_owned();
    session.change(move |core, now, rng| core.rename(one.log, &title, now, rng).map(|effects| ((), effects))).await?;
    done(session, &one).await
}

/// `allod role`
pub(crate) async fn role(cli: &Cli, name: &str, person: &Person, role: Role) -> Result<(), Failure> {
    let (session, one) = opened(cli, name).await?;
    let person = session.address(person.clone()).await?;
    session
        .change(move |core, now, rng| {
            core.set_role(one.log, &person, role.into(), now, rng).map(|effects| ((), effects))
        })
        .await?;
    done(session, &one).await
}

/// `allod decide`
pub(crate) async fn decide(cli: &Cli, name: &str, choice: Choice) -> Result<(), Failure> {
    let (session, one) = opened(cli, name).await?;
    let choice = match choice {
        Choice::GoOn => ForkChoice::GoOn,
        Choice::Leave => ForkChoice::Leave,
    };
    session
        .change(move |core, now, rng| core.resolve_fork(one.log, choice, now, rng).map(|effects| ((), effects)))
        .await?;
    done(session, &one).await
}

async fn opened(cli: &Cli, name: &str) -> Result<(Session, ConversationSummary), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let one = session.find(name).await?;
    Ok((session, one))
}

/// Shows the conversation as it is now.
async fn done(session: Session, before: &ConversationSummary) -> Result<(), Failure> {
    let log = before.log;
    let now = session.client.look(move |core| core.conversation(log)).await?;
    print_conversation(&session, now.as_ref().unwrap_or(before), "Done.");
    session.close().await;
    Ok(())
}

fn print_conversation(session: &Session, one: &ConversationSummary, text: &str) {
    if session.json {
        show::json(&json!({ "conversation": one }));
    } else {
        show::line(text);
    }
}
