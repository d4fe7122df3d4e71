//! One command's time with a profile: opens it, waits for the server as long as makes sense, finds what the user named, closes it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use allod_client::key::{AskPassphrase, KnownPassphrase};
use allod_client::{Client, ClientError, Events, Manners, Options, Profile, Standing, Waited};
use allod_client_core::view::{ConversationSummary, MeView, State};
use allod_client_core::{ClientCore, CoreError, Effect, Event, Verb};
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::{Address, Domain, UnixMillis};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::cli::{Cli, Person};
use crate::failure::{Failure, away};
use crate::show;
use crate::terminal::Terminal;

/// A verb of the core with its arguments.
pub(crate) type Randomness<'a> = &'a mut dyn allod_client::Random;

/// An open profile.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) json: bool,
    pub(crate) profile: String,
    patience: Duration,
    /// The server was found to be away: it is not waited for again and again.
    is_away: AtomicBool,
}

/// The profile that the command line names.
pub(crate) fn profile(cli: &Cli) -> Result<Profile, Failure> {
    let home = std::env::var_os("ALLOD_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    Profile::new(&cli.profile, home).map_err(|error| Failure::Profile(error.to_string()))
}

/// Whom to ask for a passphrase: the environment, or else the terminal.
pub(crate) fn asker() -> Box<dyn AskPassphrase> {
    match std::env::var("ALLOD_PASSPHRASE") {
        Ok(passphrase) if !passphrase.is_empty() => Box::new(KnownPassphrase(Zeroizing::new(passphrase))),
        _ => Box::new(Terminal),
    }
}

/// How a profile is opened.
pub(crate) fn options(ask: &dyn AskPassphrase) -> Options<'_> {
    Options { patience: LOCK_PATIENCE, manners: Manners::Ask, ask }
}

impl Session {
    /// Opens the profile that the command line names.
    pub(crate) async fn open(cli: &Cli) -> Result<Self, Failure> {
        let ask = asker();
        Self::open_with(cli, &options(&*ask)).await
    }

    /// Opens it with other manners than a short command's.
    pub(crate) async fn open_with(cli: &Cli, options: &Options<'_>) -> Result<Self, Failure> {
        let profile = profile(cli)?;
        let client = Client::open(&profile, options).await.map_err(|error| not_opened(&profile, error))?;
        Ok(Self::new(client, cli))
    }

    pub(crate) fn new(client: Client, cli: &Cli) -> Self {
        let patience = Duration::from_secs(cli.wait);
        Self { client, json: cli.json, profile: cli.profile.clone(), patience, is_away: AtomicBool::new(false) }
    }

    /// Opens, and reads what is new. A server that is away is no reason to fail: what is here can be read.
    pub(crate) async fn open_and_sync(cli: &Cli) -> Result<Self, Failure> {
        let session = Self::open(cli).await?;
        if let Waited::Late(reason) = session.wait(|standing| standing.synced).await? {
            let why = session.refusal().map_or_else(|| away(reason), |failure| failure.to_string());
            show::notice(&format!("{why}: this is what was here before"));
        }
        Ok(session)
    }

    /// Waits until things stand as wanted. Gives up early when the server is known to be away.
    pub(crate) async fn wait(&self, wanted: impl Fn(&Standing) -> bool) -> Result<Waited, Failure> {
        let started = Instant::now();
        let away_patience = if self.is_away.load(Ordering::Relaxed) { Duration::ZERO } else { AWAY_PATIENCE };
        let known_away = |standing: &Standing| standing.away.is_some() && started.elapsed() >= away_patience;
        loop {
            let step = Duration::from_millis(200).min(self.patience);
            let waited = self.client.wait_until(&wanted, step).await?;
            let standing = self.client.standing().borrow().clone();
            if waited == Waited::Done
                || standing.refused.is_some()
                || known_away(&standing)
                || started.elapsed() >= self.patience
            {
                self.is_away.store(standing.away.is_some(), Ordering::Relaxed);
                return Ok(waited);
            }
        }
    }

    /// Why the server gives this device no session, if it does not.
    pub(crate) fn refusal(&self) -> Option<Failure> {
        self.client.standing().borrow().refused.clone().map(not_known)
    }

    /// Who this profile is.
    pub(crate) async fn me(&self) -> Result<MeView, Failure> {
        let me = self.client.look(ClientCore::me_view).await?;
        me.ok_or_else(|| Failure::Profile("this device has not joined an organisation yet".to_owned()))
    }

    /// All conversations.
    pub(crate) async fn conversations(&self) -> Result<Vec<ConversationSummary>, Failure> {
        Ok(self.client.look(ClientCore::conversations).await?)
    }

    /// The conversation that the user named.
    pub(crate) async fn find(&self, name: &str) -> Result<ConversationSummary, Failure> {
        let me = self.me().await?;
        find(self.conversations().await?, name, &me.address.domain)
    }

    /// The address of a person as typed.
    pub(crate) async fn address(&self, person: Person) -> Result<Address, Failure> {
        Ok(person.at(&self.me().await?.address.domain))
    }

    /// The addresses of people as typed.
    pub(crate) async fn addresses(&self, people: Vec<Person>) -> Result<Vec<Address>, Failure> {
        let domain = self.me().await?.address.domain;
        Ok(people.into_iter().map(|person| person.at(&domain)).collect())
    }

    /// Does what changes a conversation, and waits until the server has it. What the server refuses meanwhile is an error.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut ClientCore, UnixMillis, Randomness<'_>) -> Result<(T, Vec<Effect>), CoreError>
        + Send
        + 'static,
    ) -> Result<T, Failure> {
        let mut events = self.client.events().await?;
        let value = self.act(verb).await?;
        let waited = self.wait(|standing| standing.quiet).await?;
        while let Ok(event) = events.try_recv() {
            if let Some(failure) = refusal(&event) {
                return Err(failure);
            }
        }
        match (waited, self.refusal()) {
            (Waited::Done, _) => Ok(value),
            (Waited::Late(_), Some(failure)) => Err(failure),
            (Waited::Late(reason), None) => {
                Err(Failure::Queued(format!("{}: it is done as soon as the server is back", away(reason))))
            }
        }
    }

    /// Does something at once.
    pub(crate) async fn act<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut ClientCore, UnixMillis, Randomness<'_>) -> Result<(T, Vec<Effect>), CoreError>
        + Send
        + 'static,
    ) -> Result<T, Failure> {
        let verb = |core: &mut ClientCore, now: UnixMillis, rng: Randomness<'_>| match verb(core, now, rng) {
            Ok((value, effects)) => (Ok(value), effects),
            Err(error) => (Err(error), Vec::new()),
        };
        Ok(self.client.act(verb).await??)
    }

    /// Asks the server something, and waits for the event that answers.
    pub(crate) async fn ask<T>(
        &self,
        asked: Verb,
        verb: impl FnOnce(&mut ClientCore, UnixMillis, Randomness<'_>) -> Result<Vec<Effect>, CoreError> + Send + 'static,
        answer: impl Fn(Event) -> Option<T>,
    ) -> Result<T, Failure> {
        let mut events = self.client.events().await?;
        self.act(|core, now, rng| verb(core, now, rng).map(|effects| ((), effects))).await?;
        let started = Instant::now();
        loop {
            match tokio::time::timeout(Duration::from_millis(200), events.recv()).await {
                Ok(Some(Event::Refused { verb, error })) if verb == asked => return Err(not_known(error)),
                Ok(Some(event)) => {
                    if let Some(value) = answer(event) {
                        return Ok(value);
                    }
                }
                Ok(None) => return Err(Failure::Bug("the client stopped".to_owned())),
                Err(_) => {
                    if let Some(failure) = self.refusal() {
                        return Err(failure);
                    }
                    let reason = self.client.standing().borrow().away.clone();
                    let is_away = reason.is_some() && started.elapsed() >= AWAY_PATIENCE;
                    if is_away || started.elapsed() >= self.patience {
                        return Err(Failure::Away(away(reason)));
                    }
                }
            }
        }
    }

    /// What happens from now on.
    pub(crate) async fn events(&self) -> Result<Events, Failure> {
        Ok(self.client.events().await?)
    }

    /// Takes leave of the server, and closes the profile.
    ///
    /// What others wait for (an own new device that is to be added, somebody who wants to leave) is done on the way.
    pub(crate) async fn close(self) {
        let is_connected = self.client.standing().borrow().connected;
        if is_connected {
            // Whatever is not done in time is done with the next command.
            let _ = self.client.wait_until(|standing| standing.quiet || !standing.connected, LAST_PATIENCE).await;
        }
        self.client.close().await;
    }
}

/// The server's refusal of something that needs the account. It takes no signature of a device that was removed.
fn not_known(error: ErrorBody) -> Failure {
    match error.code {
        ErrorCode::BadSignature => Failure::refused("no-session", "the server does not know this device any more"),
        _ => error.into(),
    }
}

/// Names the profiles that there are, if the one named has not joined.
fn not_opened(profile: &Profile, error: ClientError) -> Failure {
    let others = profile.others();
    match Failure::from(error) {
        Failure::Profile(message) if !profile.exists() && !others.is_empty() => {
            Failure::Profile(format!("{message} (or use --as with one of: {})", others.join(", ")))
        }
        failure => failure,
    }
}

/// Whether an event says that what the user asked will not be done.
pub(crate) fn refusal(event: &Event) -> Option<Failure> {
    match event {
        Event::Refused { error, .. } => Some(error.clone().into()),
        Event::CouldNotAdd { person, why, .. } => {
            Some(Failure::refused("could-not-add", show::add_failure(person, why)))
        }
        Event::ChangeDropped { .. } => Some(Failure::refused(
            "dropped",
            "somebody else changed the conversation first, and it makes no sense any more",
        )),
        _ => None,
    }
}

/// Finds by title, by person, or by the beginning of the id; in this order.
fn find(all: Vec<ConversationSummary>, name: &str, domain: &Domain) -> Result<ConversationSummary, Failure> {
    let address = name.parse::<Person>().ok().map(|person| person.at(domain));
    let is_pair = |one: &ConversationSummary| matches!(&one.people[..], [other] if Some(other) == address.as_ref());
    let ways: [&dyn Fn(&ConversationSummary) -> bool; 4] = [
        &|one| one.title == name,
        &|one| one.kind == allod_client_core::Kind::Pair && is_pair(one),
        &|one| one.title.to_lowercase() == name.to_lowercase(),
        &|one| name.len() >= ID_CHARS_MIN && one.log.to_string().starts_with(name),
    ];
    for way in ways {
        let mut found: Vec<&ConversationSummary> = all.iter().filter(|one| way(one)).collect();
        if found.len() > 1 {
            // One that goes on is meant rather than one that was left.
            found.retain(|one| !matches!(one.state, State::Left | State::Removed));
        }
        match found[..] {
            [] => {}
            [one] => return Ok(one.clone()),
            _ => {
                let ids: Vec<String> = found.iter().map(|one| show::short_id(&one.log.to_string())).collect();
                let ids = ids.join(", ");
                return Err(Failure::NotFound(format!(
                    "several conversations are called {name}: use the beginning of an id: {ids}"
                )));
            }
        }
    }
    let hint = if address.is_some() { format!(" (allod new {name} starts one)") } else { String::new() };
    Err(Failure::NotFound(format!("no conversation is called {name}{hint}: allod list")))
}

/// Commands of one profile wait for each other.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// A server that could not be reached at first gets this long to come back.
const AWAY_PATIENCE: Duration = Duration::from_secs(2);
/// What is under way when a command is done gets this long.
const LAST_PATIENCE: Duration = Duration::from_secs(2);
const ID_CHARS_MIN: usize = 4;
