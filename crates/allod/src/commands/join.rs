//! `allod join`

use allod_client::Client;
use allod_client::key::KeyPlace;
use allod_wire::link::{Link, LinkKind};
use allod_wire::{Domain, UserName};
use serde_json::json;

use crate::cli::{Cli, Join};
use crate::failure::Failure;
use crate::session::{Session, asker, options, profile};
use crate::{show, terminal};

/// Joins by a link.
pub(crate) async fn join(cli: &Cli, join: &Join) -> Result<(), Failure> {
    let link: Link = join.link.parse().map_err(|error| Failure::Usage(format!("{error}")))?;
    let profile = profile(cli)?;
    let ca = join.ca.as_deref();
    let name = match &link.kind {
        LinkKind::Contact { .. } => {
            return Err(Failure::Usage("this link is for first contact with a person, not for joining".to_owned()));
        }
        LinkKind::Device { .. } => None,
        LinkKind::Join(_) if join.name.is_some() || profile.exists() => join.name.clone(),
        LinkKind::Join(_) => {
            let offer = Client::look_up(&link, ca).await?;
            let offered = offer.as_ref().and_then(|offer| offer.name.clone());
            Some(choose_name(offered, offer.map(|offer| offer.organisation.domain))?)
        }
    };
    let ask = asker();
    let client = Client::join(&profile, &link, name, ca, &options(&*ask)).await?;
    let place = client.key_place().clone();
    let session = Session::new(client, cli);
    // The first key packages and tickets; without them nobody can write to us.
    session.wait(|standing| standing.quiet && standing.connected).await?;
    let me = session.me().await?;
    if cli.json {
        show::json(&json!({ "me": me, "profile": cli.profile, "key": place }));
    } else {
        show::line(&format!("You are {} on this device, in profile {}.", me.address, cli.profile));
        show::line(key_sentence(&place));
    }
    session.close().await;
    Ok(())
}

fn choose_name(offered: Option<UserName>, domain: Option<Domain>) -> Result<UserName, Failure> {
    if let Some(name) = offered {
        return Ok(name);
    }
    let place = domain.map_or_else(String::new, |domain| format!(" in {domain}"));
    let Some(name) = terminal::ask_line(&format!("Your name{place}: ")) else {
        return Err(Failure::Usage("choose a name: --name NAME".to_owned()));
    };
    name.parse().map_err(|error| Failure::Usage(format!("{error}")))
}

/// Where the key is, honestly.
fn key_sentence(place: &KeyPlace) -> &'static str {
    match place {
        KeyPlace::Keyring { .. } => "Messages on this device are encrypted; the key is in the keyring of your system.",
        KeyPlace::Passphrase { .. } => "Messages on this device are encrypted under your passphrase.",
        KeyPlace::File => {
            "Messages on this device are encrypted, but the key lies in a file beside them: whoever can read your files can read \
             your messages. Set ALLOD_PASSPHRASE before you join to have a passphrase instead."
        }
    }
}
