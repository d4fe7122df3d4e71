//! `allod`: talk from the command line. Each command opens the profile, fetches what is new, does its work, waits for the server
//! to confirm it, and closes the profile.

mod cli;
mod commands;
mod failure;
mod session;
mod show;
mod terminal;

use std::process::ExitCode;

use allod_client::Metadata;
use clap::{CommandFactory, Parser};

use crate::cli::{Cli, Command, FileCommand};
use crate::commands::message::ReadOptions;
use crate::commands::{
    account, act, admin, backup, conversation, export, file, join, ledger, local, message, passphrase, poll, search,
    verify, watch,
};
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("allod: {error}");
            return ExitCode::from(70);
        }
    };
    let done = runtime.block_on(run(&cli));
    // What is under way in the background is on disk already, or is asked for again next time.
    runtime.shutdown_timeout(SHUTDOWN);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if cli.json {
                eprintln!("{}", failure.to_json());
            } else {
                eprintln!("allod: {failure}");
            }
            ExitCode::from(failure.exit_status())
        }
    }
}

async fn run(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Join(args) => join::join(cli, args).await,
        Command::New { title, people } => conversation::new(cli, title.as_deref(), people).await,
        Command::List => conversation::list(cli).await,
        Command::Read { conversation, follow, since, limit, peek } => {
            let options = ReadOptions { follow: *follow, since: *since, limit: *limit, peek: *peek };
            message::read(cli, conversation, &options).await
        }
        Command::Send { conversation, text, ask } => message::send(cli, conversation, text, *ask).await,
        Command::Reply { to, text, thread } => act::reply(cli, to, text, *thread).await,
        Command::Thread(root) => act::thread(cli, root).await,
        Command::React { to, text, remove } => act::react(cli, to, text, *remove).await,
        Command::Edit { to, text } => act::edit(cli, to, text).await,
        Command::Delete(target) => act::delete(cli, target).await,
        Command::Forward { message, to } => act::forward(cli, message, to).await,
        Command::Acknowledge(target) => act::acknowledge(cli, target).await,
        Command::Poll(command) => poll::poll(cli, command).await,
        Command::Receipts(args) => local::receipts(cli, args).await,
        Command::Mute { conversation, hours, off } => local::mute(cli, conversation, *hours, *off).await,
        Command::Pin(switch) => local::pin(cli, switch).await,
        Command::Archive(switch) => local::archive(cli, switch).await,
        Command::Search(args) => search::search(cli, args).await,
        Command::File(FileCommand::Send { conversation, path, caption, keep_metadata }) => {
            let metadata = if *keep_metadata { Metadata::Keep } else { Metadata::Strip };
            file::send(cli, conversation, path, caption, metadata).await
        }
        Command::File(FileCommand::Get { conversation, message, output, force }) => {
            file::get(cli, conversation, message, output.as_deref(), *force).await
        }
        Command::Who { conversation } => conversation::who(cli, conversation).await,
        Command::Members { conversation } => conversation::members(cli, conversation).await,
        Command::Add { conversation, people } => conversation::add(cli, conversation, people).await,
        Command::Remove { conversation, person } => conversation::remove(cli, conversation, person).await,
        Command::Leave { conversation } => conversation::leave(cli, conversation).await,
        Command::Rename { conversation, title } => conversation::rename(cli, conversation, title).await,
        Command::Role { conversation, person, role } => conversation::role(cli, conversation, person, *role).await,
        Command::Accept { person } => account::accept(cli, person).await,
        Command::Verify { person, confirm, undo } => verify::verify(cli, person, confirm.as_deref(), *undo).await,
        Command::Decide { conversation, choice } => conversation::decide(cli, conversation, *choice).await,
        Command::People => account::people(cli).await,
        Command::Invite(args) => account::invite(cli, args).await,
        Command::Devices { command } => account::devices(cli, command.as_ref()).await,
        Command::Whoami => account::whoami(cli).await,
        Command::Ledger => ledger::ledger(cli).await,
        Command::Admin(command) => admin::admin(cli, command).await,
        Command::Backup { file, force } => backup::backup(cli, file, *force).await,
        Command::Export { folder, files } => export::export(cli, folder, *files).await,
        Command::Restore { file, ca } => backup::restore(cli, file, ca.as_deref()).await,
        Command::Passphrase => passphrase::passphrase(cli),
        Command::Sync => account::sync(cli).await,
        Command::Watch { commands } => watch::watch(cli, *commands).await,
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "allod", &mut std::io::stdout());
            Ok(())
        }
    }
}

const SHUTDOWN: std::time::Duration = std::time::Duration::from_millis(500);
