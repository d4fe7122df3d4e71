//! Plays a world on a real server through real clients, and takes the loot twice: in the middle of it, and at the end.

use std::collections::BTreeMap;
use std::path::Path;

use allod_client::Metadata;
use allod_client_core::local::Draft;
use allod_client_core::search::SearchQuery;
use allod_client_core::{New, Poll, With};
use allod_e2e::{Person, Server};
use allod_wire::LogId;
use anyhow::{Context, Result};

use crate::attack::Claims;
use crate::loot::{self, Loot};
use crate::world::{Saying, What, World};

/// What the drill knows and the intruder does not.
pub(crate) struct Truth {
    /// For each user, its devices' ids.
    pub(crate) devices: Vec<(String, [u8; 16])>,
    /// For each conversation its log.
    pub(crate) logs: Vec<LogId>,
    /// Who is in which conversation.
    pub(crate) members: Claims,
    /// Who wrote which entry.
    pub(crate) senders: Claims,
    /// Keys of files.
    pub(crate) file_keys: Vec<[u8; 32]>,
    /// Texts that reached everybody whom they should.
    pub(crate) delivered: usize,
}

/// A world that was played.
pub(crate) struct Played {
    pub(crate) server: Server,
    pub(crate) truth: Truth,
    /// Taken under load.
    pub(crate) in_the_middle: Loot,
    pub(crate) at_the_end: Loot,
    /// A device without the key to it, and its backup without the words.
    pub(crate) stolen: Loot,
}

/// Plays `world` with everything under `folder`.
pub(crate) async fn play(world: &World, folder: &Path) -> Result<Played> {
    let server = Server::start(folder, None)?;
    let home = folder.join("home");
    let mut people = Vec::new();
    for (index, name) in world.users.iter().enumerate() {
        people.push(vec![Person::join(&home, name, &server.invite(index == 0)?, name).await?]);
    }
    for devices in people.iter_mut().take(world.size.second_devices) {
        let second = devices[0].add_device(&home, &format!("{}-second", devices[0].address.name)).await?;
        devices.push(second);
    }
    eprintln!("  {} people with {} devices have joined", people.len(), people.iter().map(Vec::len).sum::<usize>());
    let logs = start_talks(world, &people).await?;
    settle(&people).await?;
    eprintln!("  {} conversations have begun", logs.len());

    let files = folder.join("files");
    std::fs::create_dir_all(&files)?;
    let half = world.sayings.len() / 2;
    say_all(&world.sayings[..half], &people, &logs, &files).await?;
    let (data, log, process) = (server.data(), server.log(), server.process_id()?);
    let take = tokio::task::spawn_blocking(move || loot::take(&data, &log, process));
    say_all(&world.sayings[half..], &people, &logs, &files).await?;
    let in_the_middle = take.await??;
    settle(&people).await?;
    act_all(world, &people, &logs).await?;
    let backup = folder.join("first.backup");
    people[0][0].back_up(&backup).await?;
    settle(&people).await?;
    eprintln!("  {} messages and files were sent", world.sayings.len());
    let at_the_end = loot::take(&server.data(), &server.log(), server.process_id()?)?;
    let truth = truth(world, &people, logs).await?;
    let stolen = loot::stolen(people[0][0].folder(), &backup)?;
    Ok(Played { server, truth, in_the_middle, at_the_end, stolen })
}

async fn start_talks(world: &World, people: &[Vec<Person>]) -> Result<Vec<LogId>> {
    let mut logs = Vec::new();
    for talk in &world.talks {
        let others: Vec<_> = talk.people[1..].iter().map(|index| people[*index][0].address.clone()).collect();
        let new = match &talk.title {
            Some(title) => New::Group { title: title.clone(), people: others },
            None => New::Pair(others.into_iter().next().context("a pair has two people")?),
        };
        logs.push(people[talk.people[0]][0].start(new).await?);
    }
    for (talk, log) in world.talks.iter().zip(&logs) {
        for device in talk.people.iter().flat_map(|index| &people[*index]) {
            let log = *log;
            device.until("a conversation", move |core| core.conversation(log)).await?;
        }
    }
    Ok(logs)
}

async fn say_all(sayings: &[Saying], people: &[Vec<Person>], logs: &[LogId], files: &Path) -> Result<()> {
    for saying in sayings {
        let devices = &people[saying.sender];
        let device = devices.get(usize::from(saying.second_device)).unwrap_or(&devices[0]);
        let log = logs[saying.talk];
        match &saying.what {
            What::Text(text) => {
                device.verb(move |core, now, rng| Ok(core.typing(log, true, now, rng))).await?;
                device.say(log, text).await?;
            }
            What::File { name, content } => {
                let path = files.join(name);
                std::fs::write(&path, content)?;
                device
                    .client
                    .send_file(log, &path, "text/plain".into(), String::new(), Metadata::Strip, &mut |_, _| {})
                    .await?;
            }
        }
    }
    Ok(())
}

/// What people do besides saying something: in each conversation one begins a message, asks, reacts, and looks for something.
async fn act_all(world: &World, people: &[Vec<Person>], logs: &[LogId]) -> Result<()> {
    for (talk, log) in world.talks.iter().zip(logs) {
        let (device, log) = (&people[talk.people[0]][0], *log);
        let draft = Draft { text: talk.draft.clone(), in_reply_to: None };
        device.verb(move |core, _, _| core.set_draft(log, None, draft)).await?;
        let poll =
            Poll { question: talk.poll.clone(), options: ["soon", "never"].map(str::to_owned).into(), several: false };
        device.act(move |core, now, rng| core.send_poll(log, &poll, With::default(), now, rng)).await?;
        let said = device.history(log).await?.into_iter().rev().find_map(|line| line.message_id);
        if let Some(said) = said {
            let reaction = talk.reaction.clone();
            device.act(move |core, now, rng| core.react(log, said, &reaction, now, rng)).await?;
        }
        let query = SearchQuery { text: "point".into(), ..SearchQuery::default() };
        device.client.search(query, &mut |_| {}).await?;
    }
    Ok(())
}

async fn settle(people: &[Vec<Person>]) -> Result<()> {
    for device in people.iter().flatten() {
        device.settle().await?;
    }
    Ok(())
}

async fn truth(world: &World, people: &[Vec<Person>], logs: Vec<LogId>) -> Result<Truth> {
    let mut truth = Truth {
        devices: Vec::new(),
        members: Claims::new(),
        senders: Claims::new(),
        file_keys: Vec::new(),
        delivered: 0,
        logs,
    };
    for (user, devices) in world.users.iter().zip(people) {
        for device in devices {
            truth.devices.push((
                user.clone(),
                device.client.look(|core| core.me_view()).await?.context("it has joined")?.device.0,
            ));
        }
    }
    for (index, (talk, log)) in world.talks.iter().zip(&truth.logs).enumerate() {
        truth.members.extend(talk.people.iter().map(|person| (world.users[*person].clone(), log.0.to_vec())));
        let mut texts: BTreeMap<&str, usize> = BTreeMap::new();
        for saying in world.sayings.iter().filter(|saying| saying.talk == index) {
            if let What::Text(text) = &saying.what {
                texts.insert(text, 0);
            }
        }
        let devices: Vec<&Person> = talk.people.iter().flat_map(|person| &people[*person]).collect();
        for device in &devices {
            for text in device.texts(*log).await? {
                texts.entry(world_text(world, &text)).and_modify(|count| *count += 1);
            }
        }
        truth.delivered += texts.values().filter(|count| **count == devices.len()).count();
        for message in devices[0].history(*log).await? {
            truth.senders.insert((message.sender.name.to_string(), message.id.0.to_vec()));
        }
        truth.file_keys.extend(devices[0].files(*log).await?.iter().map(|file| file.blob.key.0));
    }
    Ok(truth)
}

/// The world's own copy of a text that somebody read; empty for anything else.
fn world_text<'a>(world: &'a World, text: &str) -> &'a str {
    let same = |saying: &'a Saying| match &saying.what {
        What::Text(ours) if ours == text => Some(ours.as_str()),
        _ => None,
    };
    world.sayings.iter().find_map(same).unwrap_or_default()
}
