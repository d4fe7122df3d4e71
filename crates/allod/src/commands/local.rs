//! `allod mute`, `allod pin`, `allod archive` and `allod receipts`: what the user chose, and nobody is told.

use allod_client_core::local::FOR_EVER;
use allod_client_core::{ClientCore, CoreError, Effect};
use allod_wire::{LogId, UnixMillis};
use serde_json::json;

use crate::cli::{Cli, Receipts, Switch};
use crate::failure::Failure;
use crate::session::Session;
use crate::show;

const HOUR_MILLIS: u64 = 3_600_000;

/// `allod mute`
pub(crate) async fn mute(cli: &Cli, name: &str, hours: Option<u32>, off: bool) -> Result<(), Failure> {
    let until = move |now: UnixMillis| {
        let end = hours.map_or(FOR_EVER, |hours| now.plus(u64::from(hours) * HOUR_MILLIS));
        (!off).then_some(end)
    };
    choose(cli, name, move |core, log, now| core.set_muted(log, until(now))).await
}

/// `allod pin`
pub(crate) async fn pin(cli: &Cli, switch: &Switch) -> Result<(), Failure> {
    let on = !switch.off;
    choose(cli, &switch.conversation, move |core, log, _| core.set_pinned(log, on)).await
}

/// `allod archive`
pub(crate) async fn archive(cli: &Cli, switch: &Switch) -> Result<(), Failure> {
    let on = !switch.off;
    choose(cli, &switch.conversation, move |core, log, _| core.set_archived(log, on)).await
}

/// `allod receipts`
pub(crate) async fn receipts(cli: &Cli, args: &Receipts) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    if let Some(name) = &args.conversation {
        let log = session.find(name).await?.log;
        let receipts = session.client.look(move |core| core.receipts(log)).await?;
        if session.json {
            show::json(&json!({ "receipts": receipts }));
        } else if receipts.is_empty() {
            show::notice("Nobody has told anything here.");
        } else {
            for one in &receipts {
                show::line(&format!("{}  has up to {}, has read up to {}", one.person, one.had, one.read));
            }
        }
    } else {
        if args.on || args.off {
            let told = args.on;
            session.act(move |core, _, _| Ok(((), core.set_receipts(told)))).await?;
        }
        let told = session.client.look(|core| core.me_view()).await?.is_some_and(|me| me.receipts);
        if session.json {
            show::json(&json!({ "receipts": told }));
        } else if told {
            show::line("Others are told what you received and read, and you are told what they did.");
        } else {
            show::line("Nobody is told what you received and read, and you are told nothing of others.");
        }
    }
    session.close().await;
    Ok(())
}

async fn choose(
    cli: &Cli,
    name: &str,
    verb: impl FnOnce(&mut ClientCore, LogId, UnixMillis) -> Result<Vec<Effect>, CoreError> + Send + 'static,
) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let log = session.find(name).await?.log;
    session.act(move |core, now, _| Ok(((), verb(core, log, now)?))).await?;
    let one = session.client.look(move |core| core.conversation(log)).await?;
    if let Some(one) = one {
        if session.json {
            show::json(&json!({ "conversation": one }));
        } else {
            show::line(&show::conversation(&one));
        }
    }
    session.close().await;
    Ok(())
}
