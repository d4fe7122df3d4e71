//! The auditor's program beside a real server: what is in order, and what a server cannot hide from it. Spec: `spec/ledger.md`, `spec/directory.md`.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use allod_e2e::server::program;
use allod_e2e::{Person, Server, Terminal};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What a look says, and the exit status.
fn look(server: &Server, data: &Path) -> Result<(Value, i32)> {
    let mut follow = Command::new(program("allod-audit")?);
    let output = follow.args(["follow", &server.url(), "--once", "--json", "--data"]).arg(data).output()?;
    let status = output.status.code().context("it ended")?;
    let said = String::from_utf8(output.stdout)?;
    let said = said.lines().last().with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((serde_json::from_str(said)?, status))
}

/// Looks until there are so many epochs of the directory, all in order; how many statements there are then.
fn until(server: &Server, data: &Path, epochs: u64) -> Result<u64> {
    let begun = Instant::now();
    loop {
        if let Ok((said, status)) = look(server, data) {
            ensure!(status == 0, "{said}");
            if said["epochs"].as_u64() >= Some(epochs) {
                return said["statements"].as_u64().context("a number");
            }
        }
        ensure!(begun.elapsed() < Duration::from_secs(30), "no epoch {epochs}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn verify(file: &str) -> Result<(String, i32)> {
    let output = Command::new(program("allod-audit")?).args(["evidence", "verify", file]).output()?;
    Ok((String::from_utf8(output.stdout)?, output.status.code().context("it ended")?))
}

/// The file that an alarm names.
fn file_of(said: &Value) -> Result<String> {
    let alarm = said["alarms"][0].as_str().context("an alarm")?;
    let (_, file) = alarm.rsplit_once('(').with_context(|| format!("no file in {alarm}"))?;
    Ok(file.trim_end_matches(')').to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_follows_a_ledger_and_finds_one_that_goes_back_or_forks_g_8_y_10() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (home, data, backup) = (folder.path().join("home"), folder.path().join("audit"), folder.path().join("backup"));
    let mut server = Server::start(folder.path(), None)?;
    Person::join(&home, "alice", &server.invite(true)?, "alice").await?;
    let before = until(&server, &data, 1)?;
    server.administer(&["backup", "--to", backup.to_str().context("a path")?])?;
    Person::join(&home, "bob", &server.invite(false)?, "bob").await?;
    let after = until(&server, &data, 2)?;
    let (said, status) = look(&server, &data)?;
    assert_eq!((said["administrators"].as_u64(), said["witnesses"].as_u64(), status), (Some(1), Some(0), 0));

    // The operator takes back that Bob ever joined.
    server.roll_back(&backup)?;
    let (said, status) = look(&server, &data)?;
    let alarm = said["alarms"][0].as_str().context("an alarm")?;
    assert!(status == 3 && alarm.contains(&format!("had {after} entries and has {before}")), "{alarm}");
    assert_eq!(said["statements"].as_u64(), Some(after), "what was read stays");
    let (verdict, status) = verify(&file_of(&said)?)?;
    assert!(status == 0 && verdict.contains("Open"), "{verdict}");

    // In his place comes somebody else: the ledger is as long as before, and another one.
    Person::join(&home, "mallory", &server.invite(false)?, "mallory").await?;
    until(&server, &folder.path().join("newcomer"), 2)?;
    let (said, status) = look(&server, &data)?;
    assert_eq!(status, 3);
    let (verdict, status) = verify(&file_of(&said)?)?;
    assert!(status == 3 && verdict.contains("two different heads"), "{verdict}");
    Ok(())
}
#[test]
fn two_administrators_make_an_act_on_the_command_line_and_one_does_not_g_6() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), None)?;
    let terminal = Terminal::new(&folder.path().join("home"));
    for name in ["alice", "bob"] {
        let link = server.invite(name == "alice")?.to_string();
        terminal.run(name, &["join", &link, "--name", name])?;
    }
    terminal.run("alice", &["new", "bob"])?;
    terminal.run("bob", &["sync"])?;
    let act = folder.path().join("act");
    let act = act.to_str().context("a path")?;
    assert_eq!(terminal.fails("bob", &["admin", "add", "bob"])?.code, "not-allowed");
    let added = terminal.run("alice", &["admin", "add", "bob"])?;
    assert!(added[0]["position"].is_u64(), "the only administrator decides alone: {added:?}");
    let status = terminal.run("bob", &["admin", "status"])?;
    assert_eq!(status[0]["administration"]["signatures_needed"], 2);

    let drawn_up = terminal.run("alice", &["admin", "remove", "bob", "--file", act])?;
    assert_eq!((&drawn_up[0]["act"]["missing"], &drawn_up[0]["position"]), (&1.into(), &Value::Null));
    let again = terminal.run("alice", &["admin", "sign", act, "--yes"])?;
    assert_eq!(again[0]["act"]["missing"], 1, "signing twice is signing once");
    assert_eq!(terminal.fails("bob", &["admin", "sign", act])?.code, "not-confirmed");
    let signed = terminal.run("bob", &["admin", "sign", act, "--yes"])?;
    assert!(signed[0]["position"].is_u64(), "{signed:?}");
    assert_eq!(terminal.fails("bob", &["admin", "add", "bob"])?.code, "not-allowed");
    assert_eq!(terminal.fails("alice", &["admin", "sign", act, "--yes"])?.code, "stale-act");
    Ok(())
}
