//! The organisation's public record: what this device knows of the ledger, and what it refused.

use allod_client_core::ledger::{LedgerFault, LedgerView};
use allod_wire::UnixMillis;
use serde_json::json;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::session::Session;
use crate::show;

/// `allod ledger`
pub(crate) async fn ledger(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let (ledger, now) = session.client.act(|core, now, _| ((core.ledger(now), now), Vec::new())).await?;
    if session.json {
        show::json(&json!({ "ledger": ledger }));
    } else {
        lines(ledger.as_ref(), now).iter().for_each(|line| show::line(line));
    }
    session.close().await;
    Ok(())
}

fn lines(ledger: Option<&LedgerView>, now: UnixMillis) -> Vec<String> {
    let Some(ledger) = ledger else { return vec![NONE.to_owned()] };
    let mut lines = Vec::new();
    if let Some(seen) = ledger.seen {
        let hours = now.0.saturating_sub(seen.0) / 3_600_000;
        lines.push(format!(
            "The public record has {} statements; last seen {} ({hours} hours ago).",
            ledger.statements,
            show::time(seen)
        ));
        lines.push(match ledger.witnesses {
            0 => "It has no witnesses: only the server vouches for it.".to_owned(),
            all => format!("{} of its {all} witnesses saw it so.", ledger.seen_by),
        });
        let alone = if ledger.administrators == 1 { ": one person decides alone" } else { "" };
        lines.push(format!(
            "{} administrators change whom it trusts{alone}; they did {} times.",
            ledger.administrators, ledger.acts
        ));
    }
    lines.push(if ledger.is_current { "It is checked." } else { "It is NOT checked: nobody can be added." }.to_owned());
    lines.extend(ledger.fault.map(|fault| format!("The server's last answer was refused: {}.", in_words(fault))));
    let evidence = ledger.evidence.iter();
    lines.extend(
        evidence.map(|one| format!("WARNING, {}: {}. The proof is kept.", show::time(one.at), in_words(one.fault))),
    );
    lines
}

const NONE: &str = "The organisation keeps no public record: that the devices are the right ones is the server's word.";

fn in_words(fault: LedgerFault) -> &'static str {
    match fault {
        LedgerFault::NotThere => "there is no public record",
        LedgerFault::BadAnswer => "it does not show what it says",
        LedgerFault::TooFewWitnesses => "too few witnesses saw it",
        LedgerFault::TooOld => "it is older than a day",
        LedgerFault::Ahead => "the witnesses' clocks are ahead of this device's",
        LedgerFault::Shrank => "statements were taken out of the public record",
        LedgerFault::Forked => "the server shows different people different public records",
        LedgerFault::OutOfOrder => "the public record breaks its own rules",
    }
}
