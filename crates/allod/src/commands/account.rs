//! What concerns the account: `whoami`, `people`, `invite`, `devices`, `accept`, `sync`.

use allod_client_core::{ClientCore, Event, Verb};
use allod_wire::account::AccountRole;
use serde_json::json;

use crate::cli::{Cli, DeviceCommand, Invite, Person};
use crate::failure::{Failure, away};
use crate::session::Session;
use crate::show;

/// `allod whoami`
pub(crate) async fn whoami(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open(cli).await?;
    let me = session.me().await?;
    if session.json {
        show::json(&json!({ "me": me, "profile": session.profile, "key": session.client.key_place() }));
    } else {
        show::line(&format!("{}  {}", me.address, account_role(me.role)));
        show::line(&format!("server {}, keeps messages for {} days at most", me.server, me.retention_days));
        show::line(&format!("device {}, profile {}", show::short_id(&me.device.to_string()), session.profile));
    }
    session.close().await;
    Ok(())
}

/// `allod people`
pub(crate) async fn people(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open(cli).await?;
    let answer = |event| match event {
        Event::People(people) => Some(people),
        _ => None,
    };
    let people = session.ask(Verb::People, |core, _, _| core.ask_people(), answer).await?;
    if session.json {
        show::json(&json!({ "people": people }));
    } else {
        for person in people {
            let own = if person.own { "  (you)" } else { "" };
            show::line(&format!("{}  {}{own}", person.address, account_role(person.role)));
        }
    }
    session.close().await;
    Ok(())
}

/// `allod invite`
pub(crate) async fn invite(cli: &Cli, invite: &Invite) -> Result<(), Failure> {
    let session = Session::open(cli).await?;
    let role = if invite.admin { AccountRole::Administrator } else { AccountRole::Member };
    let (name, uses, days) = (invite.name.clone(), invite.uses, invite.days);
    let answer = |event| match event {
        Event::InviteCreated { link } => Some(link),
        _ => None,
    };
    let link = session.ask(Verb::Invite, move |core, _, _| core.invite_person(name, role, uses, days), answer).await?;
    print_link(&session, &link);
    session.close().await;
    Ok(())
}

/// `allod devices …`
pub(crate) async fn devices(cli: &Cli, command: Option<&DeviceCommand>) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    match command {
        None => {
            let me = session.me().await?;
            let histories = session.client.look(ClientCore::histories).await?;
            if session.json {
                let histories = histories.iter().map(|(other, step)| show::history_json(*other, *step));
                show::json(&json!({ "devices": me.devices, "histories": histories.collect::<Vec<_>>() }));
            } else {
                for device in &me.devices {
                    show::line(&show::device(device));
                    let step = histories.iter().find(|(other, _)| *other == device.device);
                    if let Some((_, step)) = step {
                        show::line(&format!("  {}", show::history(*step)));
                    }
                }
            }
        }
        Some(DeviceCommand::Link) => {
            let answer = |event| match event {
                Event::DeviceLink { link } => Some(link),
                _ => None,
            };
            let link = session.ask(Verb::DeviceLink, |core, _, _| core.new_device_link(), answer).await?;
            print_link(&session, &link);
            if !session.json {
                show::notice("Open it on the new device and nowhere else: whoever has it is you.");
            }
        }
        Some(DeviceCommand::Remove { device }) => remove_device(&session, device).await?,
    }
    session.close().await;
    Ok(())
}

async fn remove_device(session: &Session, prefix: &str) -> Result<(), Failure> {
    let me = session.me().await?;
    let named: Vec<_> = me.devices.iter().filter(|one| one.device.to_string().starts_with(prefix)).collect();
    let device = match named[..] {
        [one] => one.device,
        [] => return Err(Failure::NotFound(format!("no device of yours begins with {prefix}: allod devices"))),
        _ => return Err(Failure::NotFound(format!("several devices of yours begin with {prefix}: type more of it"))),
    };
    if device == me.device {
        return Err(Failure::refused(
            "this-device",
            "this is the device that you are using: remove it from another one",
        ));
    }
    session.change(move |core, _, _| core.remove_device(device).map(|effects| ((), effects))).await?;
    if session.json {
        show::json(&json!({ "removed": device.to_string() }));
    } else {
        show::line("Removed.");
    }
    Ok(())
}

/// `allod accept`
pub(crate) async fn accept(cli: &Cli, person: &Person) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let address = session.address(person.clone()).await?;
    let accepted = address.clone();
    session.change(move |core, now, _| core.accept_identity(&accepted, now).map(|effects| ((), effects))).await?;
    if session.json {
        show::json(&json!({ "accepted": address.to_string() }));
    } else {
        show::line(&format!("The identity that {address} presents now is the one known from here on."));
    }
    session.close().await;
    Ok(())
}

/// `allod sync`
pub(crate) async fn sync(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open(cli).await?;
    let waited = session.wait(|standing| standing.synced && standing.quiet).await?;
    if let allod_client::Waited::Late(reason) = waited {
        return Err(session.refusal().unwrap_or_else(|| Failure::Away(away(reason))));
    }
    let conversations = session.conversations().await?;
    let unread: usize = conversations.iter().map(|one| one.unread).sum();
    if session.json {
        show::json(&json!({ "conversations": conversations.len(), "unread": unread }));
    } else {
        show::line(&format!("{} conversations, {unread} new messages", conversations.len()));
    }
    session.close().await;
    Ok(())
}

fn print_link(session: &Session, link: &str) {
    if session.json {
        show::json(&json!({ "link": link }));
    } else {
        show::line(link);
    }
}

fn account_role(role: AccountRole) -> &'static str {
    match role {
        AccountRole::Member => "member",
        AccountRole::Administrator => "administrator",
    }
}
