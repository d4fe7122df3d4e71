//! `allodd user`

use std::path::PathBuf;

use allod_server_core::Store;
use allod_wire::UserName;
use allod_wire::account::AccountRole;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Opened, print_json};

/// Shows and manages accounts.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  allodd user list --data /var/lib/allod\n  allodd user disable alice --data /var/lib/allod"
)]
pub(super) struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All accounts.
    List {
        /// The data folder.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// One line of JSON: `users`, each with `name`, `role`, `devices`, `disabled`.
        #[arg(long)]
        json: bool,
    },
    /// Ends an account's sessions and lets nobody contact it. Its conversations' members must remove it themselves.
    Disable(Named),
    /// Takes that back.
    Enable(Named),
    /// Removes an account with its devices and all that waits for them. The name becomes free.
    Remove(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// Whose.
    name: UserName,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl User {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.action {
            Action::List { data, json } => list(&Opened::new(&data)?, json),
            Action::Disable(of) => set_disabled(&of, true),
            Action::Enable(of) => set_disabled(&of, false),
            Action::Remove(of) => {
                let opened = Opened::new(&of.data)?;
                opened.runtime.block_on(opened.store.remove_user(of.name.clone()))?;
                println!("{} is removed.", of.name.as_str());
                Ok(())
            }
        }
    }
}

fn set_disabled(of: &Named, disabled: bool) -> anyhow::Result<()> {
    let opened = Opened::new(&of.data)?;
    opened.runtime.block_on(opened.store.set_disabled(of.name.clone(), disabled))?;
    println!("{} is {}.", of.name.as_str(), if disabled { "disabled" } else { "enabled" });
    Ok(())
}

fn list(opened: &Opened, json: bool) -> anyhow::Result<()> {
    let users = opened.runtime.block_on(opened.store.users())?;
    let role = |role| if role == AccountRole::Administrator { "administrator" } else { "member" };
    if json {
        let users = users.iter().map(|user| {
            json!({ "name": user.name.as_str(), "role": role(user.role), "devices": user.devices, "disabled": user.disabled })
        });
        print_json(&json!({ "users": users.collect::<Vec<_>>() }));
        return Ok(());
    }
    for user in users {
        let disabled = if user.disabled { "disabled" } else { "" };
        println!("{:<32} {:<14} {:>2} devices  {disabled}", user.name.as_str(), role(user.role), user.devices);
    }
    Ok(())
}
