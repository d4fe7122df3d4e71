//! The program as an operator uses it.

mod common;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use allod_wire::account::{AccountRole, InviteOffer, LookUpInvite};
use allod_wire::cbor;
use allod_wire::link::{Link, LinkKind};

fn allodd(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_allodd")).args(arguments).output().unwrap()
}

#[track_caller]
fn succeeds(arguments: &[&str]) -> String {
    let output = allodd(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fails(arguments: &[&str]) -> String {
    let output = allodd(arguments);
    assert!(!output.status.success(), "{arguments:?} succeeds");
    String::from_utf8(output.stderr).unwrap()
}

/// A server in a process of its own; killed when the test ends.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Serving {
    fn start(config: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_allodd"));
        let mut child = command.args(["serve", "--config", config]).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for line in lines {
            let line = line.unwrap();
            if line.contains("serving") {
                return Self(child);
            }
        }
        panic!("it does not serve: {:?}", child.wait());
    }

    fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
            if let Some(status) = self.0.try_wait().unwrap() {
                assert!(status.success());
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not stop");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn from_nothing_to_a_backup_that_serves() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (data, listen) = (text(&data), free_address());
    succeeds(&["init", "--data", data, "--domain", "localhost", "--listen", &listen]);
    let again = fails(&["init", "--data", data, "--domain", "localhost"]);
    assert!(again.contains("not empty"), "{again}");
    for (file, mode) in [("", 0o700), ("hub.key", 0o600), ("allod.db", 0o600), ("allodd.toml", 0o600)] {
        let found = std::fs::metadata(Path::new(data).join(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{file}");
    }
    let config = format!("{data}/allodd.toml");
    let serving = Serving::start(&config);
    let json = succeeds(&["invite", "--data", data, "--admin", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let link: Link = json["link"].as_str().unwrap().parse().unwrap();
    assert_eq!(link.server, format!("http://localhost:{}", listen.rsplit(':').next().unwrap()));
    let LinkKind::Join(secret) = link.kind else { panic!("{link}") };
    let offer = look_up(&listen, &LookUpInvite { secret: secret.clone() });
    assert_eq!(offer.role, AccountRole::Administrator);
    let plain = succeeds(&["invite", "--data", data, "--name", "alice", "--uses", "1", "--days", "2"]);
    assert!(plain.trim().parse::<Link>().is_ok());

    let users: serde_json::Value =
        serde_json::from_str(&succeeds(&["user", "list", "--data", data, "--json"])).unwrap();
    assert_eq!(users["users"].as_array().unwrap().len(), 0);
    assert!(fails(&["user", "disable", "nobody", "--data", data]).contains("no such account"));
    let doctor = succeeds(&["doctor", "--data", data]);
    assert!(doctor.contains("✓ store") && doctor.contains("a server runs") && !doctor.contains('✗'), "{doctor}");

    let backup = folder.path().join("backup");
    succeeds(&["backup", "--data", data, "--to", text(&backup)]);
    serving.stop();
    let restored = folder.path().join("restored");
    succeeds(&["restore", "--from", text(&backup), "--data", text(&restored)]);
    let config = format!("{}/allodd.toml", restored.display());
    let serving = Serving::start(&config);
    assert_eq!(
        look_up(&listen, &LookUpInvite { secret }).role,
        AccountRole::Administrator,
        "the link is in the backup"
    );
    serving.stop();
}

#[test]
fn doctor_says_what_is_wrong_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    succeeds(&["init", "--data", data, "--domain", "localhost", "--listen", &free_address()]);
    let key = folder.path().join("hub.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = allodd(&["doctor", "--data", data]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("✗ receipt key") && said.contains("chmod 600"), "{said}");
}

#[test]
fn an_unknown_key_in_the_configuration_is_told_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("allodd.toml");
    std::fs::write(&path, "domain = \"localhost\"\nwebroot = \"x\"\n").unwrap();
    let said = fails(&["serve", "--config", text(&path)]);
    assert!(said.contains("line 2: there is no key `webroot`; did you mean `web_root`?"), "{said}");
}

#[test]
fn the_printed_configuration_is_one() {
    let printed = succeeds(&["config"]);
    assert!(allodd::config::Config::parse(&printed).is_ok());
    assert!(printed.contains("retention_days"));
}

fn look_up(listen: &str, request: &LookUpInvite) -> InviteOffer {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(async {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(listen).await.unwrap();
        let body = cbor::to_vec(request);
        let head = format!(
            "POST /v1/invites/look-up HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        common::read_answer(&mut stream).await
    });
    answer.value()
}
