//! `kill -9` in a loop under load: nothing that the server acknowledged is lost or doubled.
//!
//! `ALLOD_KILL_ROUNDS` sets how often; 50 by default, 1,000 by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use allod_client_core::New;
use allod_e2e::{Person, Server};
use anyhow::Result;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed_l_7() -> Result<()> {
    let rounds: usize = std::env::var("ALLOD_KILL_ROUNDS").map_or(Ok(50), |rounds| rounds.parse())?;
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(folder.path(), None)?;
    let home = folder.path().join("home");
    let alice = Person::join(&home, "alice", &server.invite(true)?, "alice").await?;
    let bob = Person::join(&home, "bob", &server.invite(false)?, "bob").await?;
    let log = alice.start(New::Pair(bob.address.clone())).await?;
    alice.say(log, "first").await?;
    bob.hears(log, "first").await?;

    let mut said = vec!["first".to_owned()];
    for round in 0..rounds {
        for number in 0..4 {
            let text = format!("round {round}, number {number}");
            let speaker = if number % 2 == 0 { &alice } else { &bob };
            speaker.say(log, &text).await?;
            said.push(text);
            // Kills fall before, within and after the server's write.
            tokio::time::sleep(Duration::from_millis((round * 7 + number * 3) as u64 % 12)).await;
        }
        server.kill()?;
        server.restart()?;
    }
    for text in said.iter().rev().take(4) {
        alice.hears(log, text).await?;
        bob.hears(log, text).await?;
    }
    alice.settle().await?;
    bob.settle().await?;
    for person in [&alice, &bob] {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for text in person.texts(log).await? {
            *times.entry(text).or_default() += 1;
        }
        for text in &said {
            assert_eq!(times.get(text), Some(&1), "{} has {text:?} another number of times", person.address);
        }
    }
    assert_eq!(alice.texts(log).await?, bob.texts(log).await?, "both see one order");
    Ok(())
}
