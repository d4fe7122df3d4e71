//! A new device of a person, and what was said before it came.

use allod_client_core::{ClientCore, New};
use allod_e2e::{Person, Server};
use anyhow::Result;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_device_gets_the_history_and_a_third_one_too() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let server = Server::start(folder.path(), None)?;
    let alice = Person::join(&home, "alice", &server.invite(true)?, "alice").await?;
    let bob = Person::join(&home, "bob", &server.invite(false)?, "bob").await?;
    let pair = alice.start(New::Pair(bob.address.clone())).await?;
    let group = bob.start(New::Group { title: "Plan".into(), people: vec![alice.address.clone()] }).await?;
    alice.conversation("Plan").await?;
    for number in 1..=300 {
        bob.say(group, &format!("message {number}")).await?;
    }
    alice.say(pair, "between the two of us").await?;
    bob.hears(pair, "between the two of us").await?;
    alice.hears(group, "message 300").await?;

    let laptop = alice.add_device(&home, "alice-laptop").await?;
    laptop.hears(pair, "between the two of us").await?;
    laptop.hears(group, "message 1").await?;
    bob.say(group, "to all devices").await?;
    laptop.hears(group, "to all devices").await?;
    assert_eq!(laptop.texts(group).await?, alice.texts(group).await?);
    let unread = laptop.client.look(move |core| core.conversation(group).map(|one| one.unread)).await?;
    assert_eq!(unread, Some(1), "what was said before it came is not news");

    // The first device is off: the third one gets the history from the second.
    alice.client.close().await;
    let tablet = laptop.add_device(&home, "alice-tablet").await?;
    tablet.hears(group, "message 300").await?;
    tablet.hears(pair, "between the two of us").await?;
    assert_eq!(tablet.texts(group).await?, laptop.texts(group).await?);
    let tablet = tablet.restart().await?;
    assert_eq!(tablet.texts(group).await?.len(), 301, "and keeps it");
    assert!(tablet.client.look(ClientCore::histories).await?.is_empty());
    Ok(())
}
