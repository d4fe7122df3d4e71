//! `allod poll …`

use allod_client_core::{Poll, With};

use super::act::{finish, on_line};
use crate::cli::{Cli, PollCommand};
use crate::failure::Failure;
use crate::session::Session;

/// `allod poll …`
pub(crate) async fn poll(cli: &Cli, command: &PollCommand) -> Result<(), Failure> {
    match command {
        PollCommand::Ask { conversation, question, answers, several } => {
            let poll = Poll { question: question.clone(), options: answers.clone(), several: *several };
            let session = Session::open_and_sync(cli).await?;
            let log = session.find(conversation).await?.log;
            let id = session.act(move |core, now, rng| core.send_poll(log, &poll, With::default(), now, rng)).await?;
            finish(session, log, id).await
        }
        PollCommand::Vote { poll, answers } => {
            let options: Vec<u8> = answers.iter().map(|number| number - 1).collect();
            on_line(cli, poll, move |core, line, now, rng| core.vote(line, &options, now, rng)).await
        }
        PollCommand::End(poll) => on_line(cli, poll, |core, line, now, rng| core.end_poll(line, now, rng)).await,
    }
}
