//! `allodd invite`

use std::path::PathBuf;

use allod_server_core::Store;
use allod_server_core::invite::Inviter;
use allod_wire::UserName;
use allod_wire::account::{AccountRole, NewInvite};
use allod_wire::link::{Link, LinkKind};
use allod_wire::secrets::InviteSecret;
use clap::Args;
use serde_json::json;

use super::{Opened, print_json};
use crate::server::fresh;

/// Makes an invite link.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  allodd invite --data /var/lib/allod --admin\n  allodd invite --data /var/lib/allod --name alice --days 2"
)]
pub(super) struct Invite {
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The account may invite people and manage accounts. It reads nobody's conversations.
    #[arg(long)]
    admin: bool,
    /// Only for this name.
    #[arg(long)]
    name: Option<UserName>,
    /// How often the link can be used.
    #[arg(long, default_value_t = 1)]
    uses: u32,
    /// For how many days.
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// One line of JSON: `link`, `expires` (days since 1970-01-01), `role`.
    #[arg(long)]
    json: bool,
}

impl Invite {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let opened = Opened::new(&self.data)?;
        let role = if self.admin { AccountRole::Administrator } else { AccountRole::Member };
        let request = NewInvite::Person { name: self.name, role, uses: self.uses, days: self.days };
        let secret = InviteSecret(fresh()?);
        let made = opened.store.create_invite(Inviter::Operator, request, secret.clone(), opened.clock.now());
        let expires = opened.runtime.block_on(made)?;
        let link = Link { server: opened.config.public_url(), kind: LinkKind::Join(secret) }.to_string();
        if self.json {
            let role = if self.admin { "administrator" } else { "member" };
            print_json(&json!({ "link": link, "expires": expires.0, "role": role }));
        } else {
            println!("{link}");
        }
        Ok(())
    }
}
