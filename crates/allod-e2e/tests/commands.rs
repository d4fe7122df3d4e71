//! The command line where people need it most: an identity that changed, a server that was caught, a passphrase, a lost device.

use allod_e2e::terminal::Failed;
use allod_e2e::{Server, Terminal};
use anyhow::{Context, Result};

fn joined(server: &Server, terminal: &Terminal, profile: &str, name: &str) -> Result<()> {
    let link = server.invite(name == "alice")?.to_string();
    terminal.run(profile, &["join", &link, "--name", name]).map(drop)
}

fn refused(code: &str) -> Failed {
    Failed { status: 1, code: code.to_owned() }
}

#[test]
fn a_person_who_comes_back_with_another_identity_is_taken_when_accepted_and_not_before_c_12() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), None)?;
    let terminal = Terminal::new(&folder.path().join("home"));
    joined(&server, &terminal, "alice", "alice")?;
    joined(&server, &terminal, "bob", "bob")?;
    terminal.run("alice", &["new", "bob"])?;
    terminal.run("alice", &["send", "bob", "hello"])?;
    assert_eq!(terminal.texts("bob", "alice")?, ["hello"]);

    server.administer(&["user", "remove", "bob"])?;
    joined(&server, &terminal, "bob-again", "bob")?;
    assert_eq!(terminal.fails("alice", &["new", "--title", "Again", "bob"])?, refused("could-not-add"));
    let accepted = terminal.run("alice", &["accept", "bob"])?;
    assert_eq!(accepted[0]["accepted"], "bob@localhost");
    assert_eq!(terminal.fails("alice", &["accept", "bob"])?, refused("nothing-to-do"));
    terminal.run("alice", &["new", "--title", "Once more", "bob"])?;
    terminal.run("alice", &["send", "Once more", "welcome back"])?;
    assert_eq!(terminal.texts("bob-again", "Once more")?, ["welcome back"]);
    Ok(())
}

#[test]
fn a_server_that_was_rolled_back_is_shown_and_the_user_decides_c_4() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(folder.path(), None)?;
    let terminal = Terminal::new(&folder.path().join("home"));
    for name in ["alice", "bob", "carol"] {
        joined(&server, &terminal, name, name)?;
    }
    terminal.run("alice", &["new", "--title", "Budget", "bob", "carol"])?;
    for name in ["bob", "carol"] {
        assert_eq!(terminal.texts(name, "Budget")?, [""; 0]);
    }
    let backup = folder.path().join("backup");
    server.administer(&["backup", "--to", backup.to_str().context("a path of text")?])?;
    terminal.run("alice", &["send", "Budget", "what is taken back"])?;
    assert_eq!(terminal.texts("bob", "Budget")?, ["what is taken back"]);
    server.roll_back(&backup)?;

    // Carol has not seen it, and her message comes into its place.
    terminal.run("carol", &["send", "Budget", "what stands there now"])?;
    assert_eq!(state(&terminal, "carol")?, "active");
    for name in ["alice", "bob"] {
        assert_eq!(state(&terminal, name)?, "forked");
        assert_eq!(terminal.fails(name, &["send", "Budget", "into the dark"])?, refused("forked"));
    }
    let decided = terminal.run("alice", &["decide", "Budget", "go-on"])?;
    assert_eq!(decided[0]["conversation"]["state"], "active");
    assert_eq!(terminal.fails("alice", &["decide", "Budget", "go-on"])?, refused("nothing-to-do"));
    terminal.run("alice", &["send", "Budget", "we go on"])?;
    assert_eq!(terminal.texts("carol", "Budget")?, ["what stands there now", "we go on"]);
    let decided = terminal.run("bob", &["decide", "Budget", "leave"])?;
    assert_eq!(decided[0]["conversation"]["state"], "left");
    Ok(())
}

fn state(terminal: &Terminal, profile: &str) -> Result<String> {
    let list = terminal.run(profile, &["list"])?;
    Ok(list[0]["conversations"][0]["state"].as_str().context("a state")?.to_owned())
}

#[test]
fn a_passphrase_is_set_changed_and_asked_for() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), None)?;
    let terminal = Terminal::new(&folder.path().join("home"));
    joined(&server, &terminal, "alice", "alice")?;
    assert!(folder.path().join("home/alice/vault.key").exists());
    assert_eq!(terminal.fails("alice", &["passphrase"])?.status, 2, "nobody can be asked for the new one");

    let set = terminal.with("ALLOD_NEW_PASSPHRASE", "first").run("alice", &["passphrase"])?;
    assert_eq!(set[0]["key"]["key"], "passphrase");
    assert!(!folder.path().join("home/alice/vault.key").exists(), "the old key is gone");
    let profile = |code: &str| Failed { status: 5, code: code.to_owned() };
    assert_eq!(terminal.fails("alice", &["whoami"])?, profile("profile"));
    let first = terminal.with("ALLOD_PASSPHRASE", "first");
    first.with("ALLOD_NEW_PASSPHRASE", "second").run("alice", &["passphrase"])?;
    assert_eq!(first.fails("alice", &["whoami"])?, profile("profile"));
    let me = terminal.with("ALLOD_PASSPHRASE", "second").run("alice", &["whoami"])?;
    assert_eq!(me[0]["me"]["address"], "alice@localhost");
    Ok(())
}

#[test]
fn who_lost_every_device_comes_back_with_the_file_and_the_words_k_6() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), None)?;
    let terminal = Terminal::new(&folder.path().join("home"));
    for name in ["alice", "bob"] {
        joined(&server, &terminal, name, name)?;
    }
    terminal.run("alice", &["new", "bob"])?;
    for text in ["one", "two"] {
        terminal.run("alice", &["send", "bob", text])?;
    }
    assert_eq!(terminal.texts("bob", "alice")?, ["one", "two"]);
    let file = folder.path().join("bob.backup");
    let file = file.to_str().context("a path of text")?;
    let made = terminal.run("bob", &["backup", file])?.remove(0);
    assert_eq!(made["conversations"], 1);
    let words = made["phrase"].as_str().context("twelve words")?;
    assert_eq!(terminal.fails("bob", &["backup", file])?, refused("exists"));
    std::fs::remove_dir_all(folder.path().join("home/bob"))?;

    let knowing = terminal.with("ALLOD_RECOVERY_PHRASE", words);
    let other = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let guessing = terminal.with("ALLOD_RECOVERY_PHRASE", other);
    assert_eq!(guessing.fails("again", &["restore", file])?, refused("backup"));
    assert_eq!(knowing.fails("alice", &["restore", file])?.code, "profile", "a profile in use is not overwritten");
    let back = knowing.run("again", &["restore", file])?;
    assert_eq!(back[0]["me"]["address"], "bob@localhost");
    assert_eq!(knowing.fails("third", &["restore", file])?, refused("spent"), "a backup lets in once");
    assert!(!folder.path().join("home/third").exists(), "and leaves nothing behind");
    assert_eq!(terminal.texts("again", "alice")?, ["one", "two"]);

    // Alice's device lets the new one in, and shows it.
    terminal.run("alice", &["sync"])?;
    terminal.run("alice", &["send", "bob", "welcome back"])?;
    assert_eq!(terminal.texts("again", "alice")?, ["one", "two", "welcome back"]);
    let readers = terminal.run("alice", &["who", "bob"])?;
    let people = readers[0]["people"].as_array().context("readers")?;
    let bob = people.iter().find(|person| person["address"] == "bob@localhost").context("bob")?;
    let devices = bob["devices"].as_array().context("devices")?;
    assert_eq!(devices.len(), 2);
    assert!(devices.iter().all(|device| device["in_record"] == "named"), "in the public record: {devices:?}");
    assert_eq!(bob["identity_changed"], false);
    let ledger = &terminal.run("alice", &["ledger"])?[0]["ledger"];
    assert_eq!((&ledger["is_current"], &ledger["administrators"]), (&true.into(), &1.into()));
    Ok(())
}

#[test]
fn a_group_asks_answers_and_acknowledges_from_the_command_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), None)?;
    let terminal = Terminal::new(&folder.path().join("home"));
    for name in ["alice", "bob", "carol"] {
        joined(&server, &terminal, name, name)?;
    }
    terminal.run("alice", &["new", "--title", "Budget", "bob", "carol"])?;
    terminal.run("alice", &["send", "Budget", "**Final** figures. @bob, please check.", "--ask"])?;
    terminal.run("alice", &["poll", "ask", "Budget", "When do we meet?", "Monday", "Tuesday"])?;
    let ends = ["poll", "ask", "Budget", "When?", "Monday", "Monday"];
    assert_eq!(terminal.fails("alice", &ends)?.status, 2, "two answers alike");

    let list = terminal.run("bob", &["list"])?;
    assert_eq!(
        (&list[0]["conversations"][0]["mentions"], &list[0]["conversations"][0]["unread"]),
        (&1.into(), &2.into())
    );
    let lines = terminal.run("bob", &["read", "Budget"])?;
    let place = |kind: &str| {
        let line = lines.iter().find(|line| line["body"]["kind"] == kind);
        Ok::<_, anyhow::Error>(line.and_then(|line| line["position"].as_u64()).context("a place")?.to_string())
    };
    let (said, poll) = (place("text")?, place("poll")?);
    terminal.run("bob", &["acknowledge", "Budget", &said])?;
    assert_eq!(terminal.fails("bob", &["acknowledge", "Budget", &said])?, refused("nothing-to-do"));
    terminal.run("bob", &["reply", "Budget", &said, "The third is wrong.", "--thread"])?;
    terminal.run("bob", &["poll", "vote", "Budget", &poll, "2"])?;
    terminal.run("carol", &["poll", "vote", "Budget", &poll, "1"])?;
    terminal.run("carol", &["poll", "vote", "Budget", &poll, "2"])?;
    assert_eq!(terminal.fails("carol", &["poll", "end", "Budget", &poll])?, refused("not-allowed"));
    terminal.run("alice", &["poll", "end", "Budget", &poll])?;
    assert_eq!(terminal.fails("bob", &["poll", "vote", "Budget", &poll, "1"])?.status, 2);

    let shown = terminal.prints("carol", &["read", "Budget"])?;
    for words in [
        "alice: Final figures. @bob, please check.",
        "[asks to be acknowledged] bob did",
        "[thread: 1 by bob, last ",
        "alice asks: When do we meet?",
        "1  Monday  (0)",
        "2  Tuesday  (2): bob, carol",
        "[this poll has ended]",
    ] {
        assert!(shown.contains(words), "{words} is missing in\n{shown}");
    }
    let new =
        || Ok::<_, anyhow::Error>(terminal.run("alice", &["list"])?[0]["conversations"][0]["new_answers"].clone());
    assert_eq!(new()?, 1);
    let thread = terminal.run("alice", &["thread", "Budget", &said])?;
    assert_eq!(new()?, 0, "she has looked at it");
    let texts: Vec<_> = thread.iter().map(|line| line["body"]["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(texts[1..], ["The third is wrong."]);

    terminal.run("bob", &["new", "carol"])?;
    terminal.run("bob", &["forward", "Budget", &said, "carol"])?;
    assert_eq!(terminal.run("carol", &["read", "bob"])?.pop().context("a line")?["forwarded"], true);
    terminal.run("bob", &["forward", "Budget", &poll, "carol"])?;
    let asked = terminal.run("carol", &["read", "bob"])?.pop().context("a line")?;
    assert_eq!((&asked["body"]["kind"], &asked["poll_ended"]), (&"poll".into(), &false.into()));
    let plan = folder.path().join("plan.txt");
    std::fs::write(&plan, "the plan")?;
    terminal.run("alice", &["file", "send", "Budget", &plan.display().to_string(), "--caption", "as agreed"])?;
    terminal.run("bob", &["forward", "Budget", "last", "carol"])?;
    let file = terminal.run("carol", &["read", "bob"])?.pop().context("a line")?;
    assert_eq!((&file["forwarded"], &file["body"]["caption"]), (&true.into(), &"as agreed".into()));
    let got = folder.path().join("got.txt");
    terminal.run("carol", &["file", "get", "bob", "last", "-o", &got.display().to_string()])?;
    assert_eq!(std::fs::read_to_string(&got)?, "the plan");
    assert_eq!(terminal.fails("carol", &["react", "bob", "last", " "])?.status, 2, "no reaction");
    let pinned = terminal.run("bob", &["pin", "Budget"])?;
    assert_eq!(pinned[0]["conversation"]["local"]["pinned"], true);
    terminal.run("bob", &["archive", "carol"])?;
    terminal.run("bob", &["mute", "carol", "--hours", "8"])?;
    let shown = terminal.prints("bob", &["list"])?;
    assert!(shown.find("Budget") < shown.find("carol"), "{shown}");
    assert!(shown.contains("[pinned]") && shown.contains("[muted]  [archived]"), "{shown}");
    assert_eq!(terminal.run("bob", &["receipts", "--off"])?[0]["receipts"], false);
    Ok(())
}
