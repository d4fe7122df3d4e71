//! `allod admin`: who administers the organisation, and acts that change what it trusts (two administrators sign).

use std::path::{Path, PathBuf};
use std::time::Duration;

use allod_client_core::{ActView, AdministrationError, AdministratorView, ClientCore, Event, Verb};
use allod_wire::cbor;
use allod_wire::ledger::Act;
use serde_json::json;

use crate::cli::{AdminCommand, Cli, Person};
use crate::failure::Failure;
use crate::session::Session;
use crate::show;
use crate::terminal;

/// News is looked for this often, and this often in each try.
const NEWS_TRIES: usize = 40;
const NEWS_WAIT: Duration = Duration::from_millis(50);
/// Largest file of an act that is read, in bytes.
const ACT_BYTES_MAX: usize = 64 << 10;

/// `allod admin …`
pub(crate) async fn admin(cli: &Cli, command: &AdminCommand) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    news(&session, 0).await?;
    let done = match command {
        AdminCommand::Status => status(&session).await,
        AdminCommand::Add { people, file } => administrators(&session, people, &[], file.as_deref()).await,
        AdminCommand::Remove { people, file } => administrators(&session, &[], people, file.as_deref()).await,
        AdminCommand::Witnesses { policy, file } => witnesses(&session, policy, file.as_deref()).await,
        AdminCommand::ReleaseKey { key, file } => release_key(&session, key, file.as_deref()).await,
        AdminCommand::Sign { file, yes } => sign(&session, file, *yes).await,
    };
    session.close().await;
    done
}

/// Waits for news of the record, under a head of so many statements at least.
async fn news(session: &Session, statements: u64) -> Result<(), Failure> {
    for _ in 0..NEWS_TRIES {
        let asked = session.act(|core, now, _| core.refresh_ledger(now).map(|effects| (now, effects))).await?;
        for _ in 0..NEWS_TRIES {
            let known =
                move |core: &ClientCore| (core.news_taken(), core.ledger(asked).map(|ledger| ledger.statements));
            match session.client.look(known).await? {
                (Some(taken), Some(known)) if taken >= asked && known >= statements => return Ok(()),
                (Some(taken), _) if taken >= asked => break,
                _ => tokio::time::sleep(NEWS_WAIT).await,
            }
        }
        tokio::time::sleep(NEWS_WAIT).await;
    }
    Err(Failure::Away("no news of the public record comes: see `allod ledger`".to_owned()))
}

async fn status(session: &Session) -> Result<(), Failure> {
    let view = session
        .client
        .look(ClientCore::administration)
        .await?
        .ok_or_else(|| refused(&AdministrationError::NoLedger))?;
    if session.json {
        show::json(&json!({ "administration": view }));
        return Ok(());
    }
    for administrator in &view.administrators {
        show::line(&format!("administers  {}", name(administrator)));
    }
    match view.signatures_needed {
        1 => show::line(
            "One person decides alone what this organisation trusts. Make a second one: allod admin add NAME",
        ),
        needed => show::line(&format!("{needed} of them sign whatever changes what the organisation trusts.")),
    }
    show::line("\nwitness policy");
    for line in view.witnesses.lines() {
        show::line(&format!("  {line}"));
    }
    Ok(())
}

async fn administrators(
    session: &Session,
    added: &[Person],
    removed: &[Person],
    file: Option<&Path>,
) -> Result<(), Failure> {
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for person in added {
        add.push(session.address(person.clone()).await?);
    }
    for person in removed {
        remove.push(session.address(person.clone()).await?);
    }
    let act =
        session.act(move |core, now, _| Ok((core.draw_up_administrators(&add, &remove, now), Vec::new()))).await?;
    go_on(session, act.map_err(|error| refused(&error))?, file).await
}

async fn witnesses(session: &Session, policy: &Path, file: Option<&Path>) -> Result<(), Failure> {
    let text = std::fs::read_to_string(policy);
    let text = text.map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", policy.display())))?;
    let act = session.act(move |core, now, _| Ok((core.draw_up_witnesses(&text, now), Vec::new()))).await?;
    go_on(session, act.map_err(|error| refused(&error))?, file).await
}

async fn release_key(session: &Session, key: &str, file: Option<&Path>) -> Result<(), Failure> {
    let key = key.to_owned();
    let act = session.act(move |core, now, _| Ok((core.draw_up_release_key(&key, now), Vec::new()))).await?;
    go_on(session, act.map_err(|error| refused(&error))?, file).await
}

async fn sign(session: &Session, file: &Path, yes: bool) -> Result<(), Failure> {
    let bytes = std::fs::read(file);
    let bytes = bytes.map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    let act: Act = cbor::from_slice_bounded(&bytes, ACT_BYTES_MAX)
        .map_err(|_| Failure::Usage(format!("{} is not an act", file.display())))?;
    let view = view(session, &act).await?;
    if !session.json {
        tell(&view);
    }
    let agrees = || terminal::ask_line("Sign this? [y/N] ").is_some_and(|answer| answer.eq_ignore_ascii_case("y"));
    if !yes && !agrees() {
        return Err(Failure::refused("not-confirmed", "Nothing was signed. Without a terminal: --yes"));
    }
    let signed = session.client.look(move |core| {
        let mut act = act.clone();
        core.sign_act(&mut act).map(|()| act)
    });
    go_on(session, signed.await?.map_err(|error| refused(&error))?, Some(file)).await
}

/// Appends an act that has its signatures; leaves one that lacks some in a file for the next administrator.
async fn go_on(session: &Session, act: Act, file: Option<&Path>) -> Result<(), Failure> {
    let view = view(session, &act).await?;
    if view.missing == 0 {
        let answer = |event| match event {
            Event::ActAppended { position } => Some(position),
            _ => None,
        };
        let appended = session.ask(Verb::Act, move |core, _, _| core.append_act(act), answer).await?;
        // The next command goes by what this device has of the record.
        news(session, appended + 1).await?;
        if session.json {
            show::json(&json!({ "act": view, "position": appended }));
        } else {
            show::line(&format!("Act {} is in the public record, at {appended}.", view.number));
        }
        return Ok(());
    }
    let file = file.map_or_else(|| PathBuf::from(format!("act-{}.allod", view.number)), Path::to_owned);
    std::fs::write(&file, cbor::to_vec(&act))
        .map_err(|error| Failure::Usage(format!("{} cannot be written: {error}", file.display())))?;
    if session.json {
        show::json(&json!({ "act": view, "file": file }));
    } else {
        show::line(&format!(
            "Act {} needs {} more: give {} to another administrator, who says",
            view.number,
            view.missing,
            file.display()
        ));
        show::line(&format!("  allod admin sign {}", file.display()));
    }
    Ok(())
}

async fn view(session: &Session, act: &Act) -> Result<ActView, Failure> {
    let act = act.clone();
    session.client.look(move |core| core.act_view(&act)).await?.map_err(|error| refused(&error))
}

fn tell(view: &ActView) {
    show::line(&format!("Act {}:", view.number));
    for administrator in &view.added {
        show::line(&format!("  {} administers from now on", name(administrator)));
    }
    for administrator in &view.removed {
        show::line(&format!("  {} administers no more", name(administrator)));
    }
    for line in view.witnesses.iter().flat_map(|policy| policy.lines()) {
        show::line(&format!("  witness policy  {line}"));
    }
    if let Some(key) = &view.release_key {
        show::line(&format!("  releases count if this key signed them: {key}"));
    }
    for administrator in &view.signed {
        show::line(&format!("  signed by {}", name(administrator)));
    }
}

fn name(administrator: &AdministratorView) -> String {
    match (&administrator.address, administrator.own) {
        (Some(address), true) => format!("{address} (you)"),
        (Some(address), false) => address.to_string(),
        (None, _) => "somebody whom this device does not know".to_owned(),
    }
}

fn refused(error: &AdministrationError) -> Failure {
    let code = match error {
        AdministrationError::NoLedger => "no-ledger",
        AdministrationError::NotAnAdministrator => "not-allowed",
        AdministrationError::Unknown(_) => "unknown-person",
        AdministrationError::NothingToDo => "nothing-to-do",
        AdministrationError::Witnesses(_) => "witness-policy",
        AdministrationError::ReleaseKey => "release-key",
        AdministrationError::Act(_) => "stale-act",
        AdministrationError::Core(_) => "refused",
    };
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Failure::refused(code, message)
}
