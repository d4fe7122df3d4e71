//! `allodd ledger`

use std::path::PathBuf;

use allod_crypto::ledger::NoteKeyKind;
use allod_ledger::checkpoint::CheckpointIn;
use allod_ledger::key::NoteKey;
use allod_server_core::LedgerStore;
use clap::Args;
use serde_json::json;

use super::{Opened, print_json};
use crate::key_file::Keys;

/// Shows the ledger's keys and how far it is.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  allodd ledger --data /var/lib/allod\n\n\
    Give the log key to the organisations that witness you (`witness.logs` in their configuration), and the witness key to those\n\
    whose ledger you witness (a `witness` line in their policy, with the address).")]
pub(super) struct Ledger {
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// One line of JSON: `log_key`, `witness_key`, `witness_url`, `statements`, `published`.
    #[arg(long)]
    json: bool,
}

impl Ledger {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let opened = Opened::new(&self.data)?;
        let (keys, domain) = (Keys::read(&opened.config.data)?, &opened.config.domain);
        let key = |name: &str, kind, public| {
            NoteKey::new(name, kind, public).expect("a domain has neither spaces nor pluses")
        };
        let log = key(&allod_ledger::origin(domain), NoteKeyKind::Log, keys.ledger.public());
        let witness = key(&allod_ledger::witness_name(domain), NoteKeyKind::Witness, keys.witness.public());
        let url = format!("{}/witness", opened.config.public_url());
        let statements = opened.runtime.block_on(opened.store.ledger_size())?;
        let published = opened.runtime.block_on(opened.store.published_checkpoint())?;
        let published = match published {
            Some(bytes) => CheckpointIn::decode(&bytes)?.verify(&log)?.size(),
            None => 0,
        };
        if self.json {
            print_json(&json!({
                "log_key": log.to_string(), "witness_key": witness.to_string(), "witness_url": url,
                "statements": statements, "published": published,
            }));
            return Ok(());
        }
        println!("log key      {log}\nwitness key  {witness}\nwitness at   {url}");
        match statements {
            0 => println!("No statement yet: the ledger begins when the first administrator joins."),
            _ => println!("{statements} statements, {published} of them under the published head"),
        }
        Ok(())
    }
}
