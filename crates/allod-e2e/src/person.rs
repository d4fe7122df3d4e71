//! A person with a device: the real native client, with the verbs that tests and drills need.

use std::path::Path;
use std::time::Duration;

use allod_client::key::AskNobody;
use allod_client::{Client, Manners, Options, Profile, Random, Waited};
use allod_client_core::view::{ConversationSummary, FileView, MessageBody, MessageView};
use allod_client_core::{ClientCore, CoreError, Effect, Event, New, With};
use allod_crypto::recovery::RecoveryPhrase;
use allod_wire::account::AccountRole;
use allod_wire::link::Link;
use allod_wire::{Address, LogId, UnixMillis};
use anyhow::{Context, Result, bail};

/// How long anything may take: a slow machine under load.
const PATIENCE: Duration = Duration::from_secs(60);
const OPTIONS: Options<'static> = Options { patience: Duration::from_secs(5), manners: Manners::Wait, ask: &AskNobody };

/// Somebody's device.
pub struct Person {
    /// The client.
    pub client: Client,
    /// Who it is.
    pub address: Address,
    profile: Profile,
}

impl Person {
    /// Joins by a link; `home` holds the profiles, `device` names this one's.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn join(home: &Path, device: &str, link: &Link, name: &str) -> Result<Self> {
        let profile = Profile::new(device, Some(home.to_owned()))?;
        let client = Client::join(&profile, link, Some(name.parse()?), None, &OPTIONS).await?;
        let address = client.look(ClientCore::me_view).await?.context("it has joined")?.address;
        let person = Self { client, address, profile };
        person.settle().await?;
        Ok(person)
    }

    /// Leaves the device and takes it up again, as after a restart.
    ///
    /// # Errors
    /// If the profile does not open.
    pub async fn restart(self) -> Result<Self> {
        self.client.close().await;
        let client = Client::open(&self.profile, &OPTIONS).await?;
        Ok(Self { client, address: self.address, profile: self.profile })
    }

    /// Waits until nothing is under way and everything has been read.
    ///
    /// # Errors
    /// If that does not come about in a minute.
    pub async fn settle(&self) -> Result<()> {
        match self.client.wait_until(|now| now.connected && now.quiet && now.synced, PATIENCE).await? {
            Waited::Done => Ok(()),
            Waited::Late(why) => bail!("{} does not settle: {}", self.address, why.unwrap_or_default()),
        }
    }

    async fn link(
        &self,
        ask: impl FnOnce(&mut ClientCore) -> Result<Vec<Effect>, CoreError> + Send + 'static,
    ) -> Result<String> {
        let mut events = self.client.events().await?;
        self.verb(move |core, _, _| ask(core)).await?;
        loop {
            match tokio::time::timeout(PATIENCE, events.recv()).await?.context("the client stopped")? {
                Event::DeviceLink { link } | Event::RecoveryLink { link } | Event::InviteCreated { link } => {
                    return Ok(link);
                }
                Event::Refused { error, .. } => bail!("no link: {error}"),
                _ => {}
            }
        }
    }

    /// A link by which so many people can join.
    ///
    /// # Errors
    /// If this is not an administrator, or the server refuses.
    pub async fn invite(&self, uses: u32) -> Result<Link> {
        let link = self.link(move |core| core.invite_person(None, AccountRole::Member, uses, 1)).await?;
        Ok(link.parse()?)
    }

    /// Writes a backup under a fresh phrase to `path`; gives the phrase.
    ///
    /// # Errors
    /// If the server gives no link, or the file cannot be written.
    pub async fn back_up(&self, path: &Path) -> Result<RecoveryPhrase> {
        let link = self.link(ClientCore::recovery_link).await?;
        let phrase = self.act(|_, _, rng| Ok((RecoveryPhrase::random(rng), Vec::new()))).await?;
        self.client.back_up(path, link, &phrase).await?;
        Ok(phrase)
    }

    /// Where the device keeps what it has.
    pub fn folder(&self) -> &Path {
        self.profile.folder()
    }

    /// One more device of the same person.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn add_device(&self, home: &Path, device: &str) -> Result<Self> {
        let link = self.link(ClientCore::new_device_link).await?.parse::<Link>()?;
        Self::join_as_device(home, device, &link).await
    }

    /// One more device of the person who made the link.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn join_as_device(home: &Path, device: &str, link: &Link) -> Result<Self> {
        let profile = Profile::new(device, Some(home.to_owned()))?;
        let client = Client::join(&profile, link, None, None, &OPTIONS).await?;
        let address = client.look(ClientCore::me_view).await?.context("it has joined")?.address;
        let person = Self { client, address, profile };
        person.settle().await?;
        Ok(person)
    }

    /// Starts a conversation.
    ///
    /// # Errors
    /// If the core refuses.
    pub async fn start(&self, new: New) -> Result<LogId> {
        self.act(move |core, now, rng| core.start_conversation(new, now, rng)).await
    }

    /// Says something.
    ///
    /// # Errors
    /// If the core refuses.
    pub async fn say(&self, log: LogId, text: &str) -> Result<()> {
        let text = text.to_owned();
        self.act(move |core, now, rng| core.send_text(log, &text, With::default(), now, rng)).await?;
        Ok(())
    }

    /// A verb that gives something besides its effects.
    ///
    /// # Errors
    /// If the core refuses.
    pub async fn act<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut ClientCore, UnixMillis, &mut dyn Random) -> Result<(T, Vec<Effect>), CoreError>
        + Send
        + 'static,
    ) -> Result<T> {
        let result = self.client.act(move |core, now, rng| match verb(core, now, rng) {
            Ok((value, effects)) => (Ok(value), effects),
            Err(error) => (Err(error), Vec::new()),
        });
        Ok(result.await??)
    }

    /// A verb that gives its effects alone.
    ///
    /// # Errors
    /// If the core refuses.
    pub async fn verb(
        &self,
        verb: impl FnOnce(&mut ClientCore, UnixMillis, &mut dyn Random) -> Result<Vec<Effect>, CoreError> + Send + 'static,
    ) -> Result<()> {
        self.act(move |core, now, rng| verb(core, now, rng).map(|effects| ((), effects))).await
    }

    /// The conversation with this title, once it is there.
    ///
    /// # Errors
    /// If it does not come in a minute.
    pub async fn conversation(&self, title: &str) -> Result<ConversationSummary> {
        let wanted = title.to_owned();
        self.until(&format!("a conversation {title}"), move |core| {
            core.conversations().into_iter().find(|conversation| conversation.title == wanted)
        })
        .await
    }

    /// Asks the core until it answers.
    ///
    /// # Errors
    /// If it does not in a minute; `what` was waited for.
    pub async fn until<T: Send + 'static>(
        &self,
        what: &str,
        question: impl Fn(&ClientCore) -> Option<T> + Clone + Send + 'static,
    ) -> Result<T> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if let Some(answer) = self.client.look(question.clone()).await? {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        bail!("{} waited for {what} in vain", self.address)
    }

    /// Everything in a conversation, in order.
    ///
    /// # Errors
    /// If the vault cannot be read.
    pub async fn history(&self, log: LogId) -> Result<Vec<MessageView>> {
        let mut history = self.client.history(log, None, u32::MAX).await?;
        history.sort_by_key(|message| message.position);
        Ok(history)
    }

    /// The texts of a conversation, in order.
    ///
    /// # Errors
    /// If the vault cannot be read.
    pub async fn texts(&self, log: LogId) -> Result<Vec<String>> {
        let text = |message: MessageView| match message.body {
            MessageBody::Text { text, .. } => Some(text),
            _ => None,
        };
        Ok(self.history(log).await?.into_iter().filter_map(text).collect())
    }

    /// Waits until a text is there.
    ///
    /// # Errors
    /// If it does not come in a minute.
    pub async fn hears(&self, log: LogId, text: &str) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if self.texts(log).await?.iter().any(|heard| heard == text) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        bail!("{} did not hear {text:?}; has {:?}", self.address, self.texts(log).await?)
    }

    /// The files of a conversation, in order.
    ///
    /// # Errors
    /// If the vault cannot be read.
    pub async fn files(&self, log: LogId) -> Result<Vec<FileView>> {
        let file = |message: MessageView| match message.body {
            MessageBody::File { file, .. } => Some(file),
            _ => None,
        };
        Ok(self.history(log).await?.into_iter().filter_map(file).collect())
    }
}
