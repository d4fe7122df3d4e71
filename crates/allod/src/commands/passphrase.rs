//! `allod passphrase`

use allod_client::Client;
use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::session::{asker, options, profile};
use crate::{show, terminal};

/// Puts the profile's vault under a new passphrase. The server has no part in it.
pub(crate) fn passphrase(cli: &Cli) -> Result<(), Failure> {
    let profile = profile(cli)?;
    if !profile.exists() {
        return Err(Failure::Profile(format!("profile {} has not joined an organisation yet", profile.name())));
    }
    let new = new_passphrase()?;
    let ask = asker();
    let place = Client::change_passphrase(&profile, &new, &options(&*ask))?;
    if cli.json {
        show::json(&json!({ "profile": cli.profile, "key": place }));
    } else {
        show::line("Messages on this device are encrypted under the new passphrase. Nobody can give it back to you.");
    }
    Ok(())
}

fn new_passphrase() -> Result<Zeroizing<String>, Failure> {
    let named = std::env::var("ALLOD_NEW_PASSPHRASE").ok().filter(|text| !text.is_empty()).map(Zeroizing::new);
    let chosen = named.or_else(terminal::choose_passphrase);
    chosen.ok_or_else(|| Failure::Usage("no new passphrase: run in a terminal, or set ALLOD_NEW_PASSPHRASE".to_owned()))
}
