//! A person with many conversations and a long history, and how they come into a browser: as people do, by messages that went through the
//! server, a backup, and its file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use allod_client_core::testing::texts::texts;
use allod_client_core::{ClientCore, New, With};
use allod_e2e::{Browser, Person, Server};
use allod_wire::LogId;
use anyhow::{Result, ensure};

/// Conversations of Alice, all of them with Bob.
pub(super) const CONVERSATIONS: usize = 200;
/// What is said between two looks at whether it went out.
const PART: usize = 1_000;
/// How long a browser may take to read a backup, and to be let into all conversations.
const PATIENCE: Duration = Duration::from_secs(900);

/// In a conversation in the end: of Bob, the one that made the backup, and the browser.
const DEVICES: usize = 3;

/// What was said.
pub(super) struct Filled {
    /// Who said it, and is there still.
    pub(super) bob: Person,
    /// The logs, the long one first.
    pub(super) logs: Vec<LogId>,
    /// Alice's backup, and its phrase.
    backup: PathBuf,
    words: String,
}

/// The title of the conversation of that number.
pub(super) fn title(number: usize) -> String {
    format!("Conversation {number:03}")
}

/// Bob says so many things to Alice: `few` in each conversation, all others in the first. What stands there last is its number in `<>`.
pub(super) async fn fill(server: &Server, home: &Path, messages: usize, few: usize) -> Result<Filled> {
    let alice = Person::join(home, "alice", &server.invite(true)?, "alice").await?;
    let bob = Person::join(home, "bob", &server.invite(true)?, "bob").await?;
    let mut logs = Vec::new();
    for number in 0..CONVERSATIONS {
        logs.push(bob.start(New::Group { title: title(number), people: vec![alice.address.clone()] }).await?);
        bob.settle().await?;
    }
    let mut said = texts(1);
    for (number, log) in logs.iter().enumerate() {
        let count = if number == 0 { messages - few * (CONVERSATIONS - 1) } else { few };
        let texts: Vec<String> = said.by_ref().take(count).zip(1..).map(|(text, n)| format!("<{n}> {text}")).collect();
        for part in texts.chunks(PART) {
            say_all(&bob, *log, part.to_vec()).await?;
        }
        let last = format!("<{count}>");
        alice
            .until(&last.clone(), {
                let log = *log;
                move |core| core.conversation(log)?.last.filter(|said| said.text.starts_with(&last))
            })
            .await?;
    }
    let backup = home.join("alice.backup");
    let words = alice.back_up(&backup).await?.words().to_string();
    alice.client.close().await;
    Ok(Filled { bob, logs, backup, words })
}

async fn say_all(who: &Person, log: LogId, texts: Vec<String>) -> Result<()> {
    who.act(move |core, now, rng| {
        let mut effects = Vec::new();
        for text in texts {
            effects.extend(core.send_text(log, &text, With::default(), now, rng)?.1);
        }
        Ok(((), effects))
    })
    .await?;
    who.settle().await
}

impl Filled {
    /// Alice comes back in this browser, and is let into all conversations.
    pub(super) async fn restore(&self, server: &Server, browser: &Browser) -> Result<()> {
        browser.open(&server.url()).await?;
        browser.press("restore-open").await?;
        browser.write("restore-file", &self.backup.display().to_string()).await?;
        browser.write("phrase-input", &self.words).await?;
        browser.press("restore").await?;
        let is_there = "return document.querySelector('[data-test=app]') !== null";
        ensure!(browser.until_within(PATIENCE, is_there).await?, "the backup was not read");
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !self.is_in().await? {
            ensure!(tokio::time::Instant::now() < deadline, "the browser was not let into the conversations");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// Bob sees Alice's browser in the long conversation and in nearly all others: where an asking was lost, it is said again after a minute.
    async fn is_in(&self) -> Result<bool> {
        let long = self.logs[0];
        let look = move |core: &ClientCore| {
            let conversations = core.conversations();
            let inside = conversations.iter().filter(|conversation| conversation.device_count == DEVICES);
            inside.clone().any(|conversation| conversation.log == long) && inside.count() >= CONVERSATIONS * 19 / 20
        };
        Ok(self.bob.client.look(look).await?)
    }
}
