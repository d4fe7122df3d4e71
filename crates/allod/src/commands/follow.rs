//! A profile kept open for long: gives way to other commands of the same profile, and misses nothing while it is closed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use allod_client::{Events, Manners, Options, Profile, profile_is_wanted};
use allod_client_core::Event;
use allod_wire::{LogId, Position};

use crate::cli::Cli;
use crate::failure::Failure;
use crate::session::{Session, asker, profile};

/// A session that goes on until it is closed.
pub(crate) struct Follower<'a> {
    cli: &'a Cli,
    profile: Profile,
    /// `None` only while another command has the profile.
    open: Option<(Session, Events)>,
    /// The last line of each conversation that was reported.
    seen: BTreeMap<LogId, u64>,
    /// Lines that came while the profile was closed.
    missed: VecDeque<Event>,
    /// The profile was closed, and those lines were not looked for yet.
    is_behind: bool,
}

impl<'a> Follower<'a> {
    /// Goes on with `session`. What its conversations hold already counts as reported.
    pub(crate) async fn new(cli: &'a Cli, session: Session) -> Result<Self, Failure> {
        let events = session.events().await?;
        let mut follower = Self {
            cli,
            profile: profile(cli)?,
            open: Some((session, events)),
            seen: BTreeMap::new(),
            missed: VecDeque::new(),
            is_behind: false,
        };
        follower.note_lines(false).await?;
        Ok(follower)
    }

    /// The session, if no other command has the profile just now.
    fn session(&self) -> Result<&Session, Failure> {
        self.open.as_ref().map(|(session, _)| session).ok_or_else(|| Failure::Bug("the profile is closed".to_owned()))
    }

    /// The session, opened again if another command has had the profile meanwhile.
    pub(crate) async fn opened(&mut self) -> Result<&Session, Failure> {
        if self.open.is_none() {
            self.reopen().await?;
        }
        if self.is_behind {
            self.note_lines(true).await?;
            self.is_behind = false;
        }
        self.session()
    }

    /// The next event. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            self.opened().await?;
            if let Some(event) = self.missed.pop_front() {
                return Ok(event);
            }
            if profile_is_wanted(&self.profile)
                && let Some((session, _)) = self.open.take()
            {
                session.close().await;
                continue;
            }
            let Some((_, events)) = &mut self.open else { continue };
            match tokio::time::timeout(LOOK_EVERY, events.recv()).await {
                Ok(Some(event)) if self.is_new(&event) => return Ok(event),
                Ok(None) => return Err(Failure::Bug("the client stopped".to_owned())),
                Ok(Some(_)) | Err(_) => {}
            }
        }
    }

    /// Closes the profile.
    pub(crate) async fn close(self) {
        if let Some((session, _)) = self.open {
            session.close().await;
        }
    }

    async fn reopen(&mut self) -> Result<(), Failure> {
        let ask = asker();
        let manners = Options { patience: Duration::ZERO, manners: Manners::Wait, ask: &*ask };
        let session = loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if profile_is_wanted(&self.profile) {
                continue;
            }
            match Session::open_with(self.cli, &manners).await {
                Ok(session) => break session,
                Err(Failure::Busy(_)) => {}
                Err(failure) => return Err(failure),
            }
        };
        let events = session.events().await?;
        self.open = Some((session, events));
        self.is_behind = true;
        Ok(())
    }

    /// Whether a line was not reported yet; other events always are.
    fn is_new(&mut self, event: &Event) -> bool {
        let Event::Message(line) = event else { return true };
        let Some(position) = line.position else { return true };
        let seen = self.seen.entry(line.log).or_insert(0);
        let is_new = position > *seen;
        *seen = position.max(*seen);
        is_new
    }

    /// Notes the last line of each conversation; `report` the lines that came since.
    async fn note_lines(&mut self, report: bool) -> Result<(), Failure> {
        let mut missed = Vec::new();
        {
            let session = self.session()?;
            for one in session.conversations().await? {
                let seen = self.seen.get(&one.log).copied().unwrap_or(0);
                let limit = if report { u32::MAX } else { 1 };
                missed.extend(session.client.history_after(one.log, Position(seen), limit).await?);
            }
        }
        missed.sort_by_key(|line| (line.log, line.position));
        for line in missed {
            let event = Event::Message(Box::new(line));
            if self.is_new(&event) && report {
                self.missed.push_back(event);
            }
        }
        Ok(())
    }
}

/// How often to look whether another command wants the profile.
const LOOK_EVERY: Duration = Duration::from_millis(150);
