//! `allod backup` and `allod restore`

use std::path::Path;

use allod_client::{Client, RecoveryPhrase};
use allod_client_core::{Event, Verb};
use rand_core::OsRng;
use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::session::{Session, asker, options, profile};
use crate::{show, terminal};

/// `allod backup`
pub(crate) async fn backup(cli: &Cli, file: &Path, force: bool) -> Result<(), Failure> {
    if file.exists() && !force {
        let message = format!("{} is there already: choose another name, or use --force", file.display());
        return Err(Failure::refused("exists", message));
    }
    let known = named_phrase()?;
    let session = Session::open_and_sync(cli).await?;
    let phrase = known.clone().unwrap_or_else(|| RecoveryPhrase::random(&mut OsRng));
    let answer = |event| match event {
        Event::RecoveryLink { link } => Some(link),
        _ => None,
    };
    let link = session.ask(Verb::DeviceLink, |core, _, _| core.recovery_link(), answer).await?;
    let made = session.client.back_up(file, link, &phrase).await?;
    let words = known.is_none().then(|| phrase.words());
    if session.json {
        let phrase = words.as_ref().map(|words| words.as_str());
        let (conversations, lines) = (made.conversations, made.lines);
        let path = file.display().to_string();
        show::json(&json!({ "path": path, "phrase": phrase, "conversations": conversations, "lines": lines }));
    } else {
        let summary = format!("conversations: {}, lines: {}", made.conversations, made.lines);
        show::line(&format!("{}: {summary}. Good once, within a year.", file.display()));
        if let Some(words) = words {
            show::line("Write these words down and keep them apart from the file. Nobody can tell you them again:");
            show::line(&format!("  {}", words.as_str()));
        }
    }
    session.close().await;
    Ok(())
}

/// `allod restore`
pub(crate) async fn restore(cli: &Cli, file: &Path, ca: Option<&Path>) -> Result<(), Failure> {
    let profile = profile(cli)?;
    if profile.exists() {
        let message = format!("profile {} is in use already: choose another one with --as NAME", profile.name());
        return Err(Failure::Profile(message));
    }
    let phrase = match named_phrase()? {
        Some(phrase) => phrase,
        None => parse(&terminal::ask_phrase().ok_or_else(|| {
            Failure::Usage("no recovery phrase: run in a terminal, or set ALLOD_RECOVERY_PHRASE".to_owned())
        })?)?,
    };
    let ask = asker();
    let (client, made) = Client::restore(&profile, file, &phrase, ca, &options(&*ask)).await?;
    let session = Session::new(client, cli);
    session.wait(|standing| standing.quiet && standing.connected).await?;
    let me = session.me().await?;
    if session.json {
        let (conversations, lines) = (made.conversations, made.lines);
        show::json(&json!({ "me": me, "profile": cli.profile, "conversations": conversations, "lines": lines }));
    } else {
        show::line(&format!("You are {} again, on a new device, in profile {}.", me.address, cli.profile));
        show::line(&format!("What is back: conversations: {}, lines: {}.", made.conversations, made.lines));
        show::notice(
            "New messages come as soon as somebody in each conversation is there to let the new device in. Remove the devices that you \
             lost (allod devices), and make a new backup: this one is used up.",
        );
    }
    session.close().await;
    Ok(())
}

fn named_phrase() -> Result<Option<RecoveryPhrase>, Failure> {
    let named = std::env::var("ALLOD_RECOVERY_PHRASE").ok().filter(|text| !text.is_empty()).map(Zeroizing::new);
    named.map(|text| parse(&text)).transpose()
}

fn parse(text: &str) -> Result<RecoveryPhrase, Failure> {
    RecoveryPhrase::parse(text).map_err(|error| Failure::Usage(error.to_string()))
}
