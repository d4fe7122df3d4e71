//! Real server, real clients: people join by link, talk, send files, leave, and come back.

use std::fs;
use std::time::Duration;

use allod_client::Metadata;
use allod_client_core::search::SearchQuery;
use allod_client_core::{New, view::State};
use allod_e2e::{Person, Server};
use anyhow::Result;

async fn people<const N: usize>(folder: &std::path::Path, names: [&str; N]) -> Result<(Server, [Person; N])> {
    let server = Server::start(folder, None)?;
    let mut people = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        people.push(Person::join(&folder.join("home"), name, &server.invite(index == 0)?, name).await?);
    }
    Ok((server, people.try_into().unwrap_or_else(|_| unreachable!("as many people as names"))))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_and_find_everything_after_a_restart() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, [alice, bob]) = people(folder.path(), ["alice", "bob"]).await?;
    let log = alice.start(New::Pair(bob.address.clone())).await?;
    alice.say(log, "hello bob").await?;
    bob.hears(log, "hello bob").await?;
    bob.say(log, "hello alice").await?;
    alice.hears(log, "hello alice").await?;

    server.kill()?;
    alice.say(log, "while the server is away").await?;
    server.restart()?;
    bob.hears(log, "while the server is away").await?;
    let alice = alice.restart().await?;
    alice.settle().await?;
    assert_eq!(alice.texts(log).await?, ["hello bob", "hello alice", "while the server is away"]);
    assert_eq!(alice.texts(log).await?, bob.texts(log).await?);

    server.kill()?;
    let alice = alice.restart().await?;
    let query = SearchQuery { text: "hello from:bob".into(), limit: 10, ..SearchQuery::default() };
    let found = alice.client.search(query, &mut |_| {}).await?;
    assert!(found.complete && found.count == 1, "without the server, from the vault alone");
    assert_eq!(found.hits[0].snippet[0].text, "hello");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_sends_a_file_and_a_removed_member_gets_nothing_more() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_server, [alice, bob, carol]) = people(folder.path(), ["alice", "bob", "carol"]).await?;
    let members = vec![bob.address.clone(), carol.address.clone()];
    let log = alice.start(New::Group { title: "Budget".into(), people: members }).await?;
    carol.conversation("Budget").await?;

    let content: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
    let (source, target) = (folder.path().join("plan.bin"), folder.path().join("got.bin"));
    fs::write(&source, &content)?;
    alice
        .client
        .send_file(log, &source, "application/octet-stream".into(), String::new(), Metadata::Strip, &mut |_, _| {})
        .await?;
    alice.say(log, "the plan").await?;
    carol.hears(log, "the plan").await?;
    let file = carol.files(log).await?.remove(0);
    assert_eq!(file.name, "plan.bin");
    carol.client.fetch_file(log, &file, &target, &mut |_, _| {}).await?;
    assert!(fs::read(&target)? == content);

    let gone = carol.address.clone();
    alice.verb(move |core, now, rng| core.remove_person(log, &gone, now, rng)).await?;
    alice.settle().await?;
    alice.say(log, "carol has left").await?;
    bob.hears(log, "carol has left").await?;
    carol.until("her removal", move |core| core.conversation(log).filter(|c| c.state == State::Removed)).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!carol.texts(log).await?.contains(&"carol has left".to_owned()));
    let readers = bob.client.look(move |core| core.readers(log)).await?.expect("bob is a member");
    assert_eq!(readers.people.len(), 2);
    Ok(())
}
