//! The commands in README.md and docs/operating.md are run as they stand there, in a shell, by somebody new.
//!
//! Three things differ: `cargo xtask up` starts what `cargo xtask e2e` has built, on a free port and in a folder that is thrown
//! away; `…` in a link is the secret of the link that was printed; `cargo xtask test` is asked for its parts alone, since this test is
//! one of them. A command that the test does not know fails it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use allod_e2e::server::{program, run};
use anyhow::{Context, Result, bail, ensure};

const PATIENCE: Duration = Duration::from_secs(60);

/// A program in the background, ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing can be done about a process that does not end; the test is over anyway.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A shell in the repository, with the programs of this build in its path and profiles of its own.
struct Shell {
    home: tempfile::TempDir,
    listen: String,
}

impl Shell {
    fn new() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { home: tempfile::tempdir()?, listen: format!("127.0.0.1:{port}") })
    }

    fn path(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    fn command(&self, line: &str) -> Result<Command> {
        let programs = program("allod")?.parent().context("a program is in a folder")?.display().to_string();
        let path = format!("{programs}:{}", std::env::var("PATH")?);
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(repository()).stdin(Stdio::null());
        command.env("PATH", path).env("ALLOD_HOME", self.home.path().join("profiles"));
        command.env_remove("ALLOD_PASSPHRASE").env_remove("DBUS_SESSION_BUS_ADDRESS");
        Ok(command)
    }

    fn run(&self, line: &str) -> Result<String> {
        Ok(String::from_utf8(run(&mut self.command(line)?)?)?)
    }

    /// Starts a server in the place of the shell, and waits until it listens; gives the links that it printed before.
    fn serve(&self, line: &str) -> Result<(Running, Vec<String>)> {
        let mut command = self.command(&format!("exec {line}"))?;
        let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
        let begun = Instant::now();
        while TcpStream::connect(&self.listen).is_err() {
            ensure!(running.0.try_wait()?.is_none(), "{line} ended");
            ensure!(begun.elapsed() < PATIENCE, "{line} does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        let printed = BufReader::new(running.0.stdout.take().context("it is piped")?);
        let links = printed.lines().map_while(Result::ok).filter(|line| line.contains("invite link"));
        let expected = if line.contains("xtask up") { 2 } else { 0 };
        let words = |line: String| line.split_whitespace().last().map(str::to_owned);
        let links = links.take(expected).filter_map(words).collect();
        Ok((running, links))
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The lines of all blocks of shell commands.
fn blocks(document: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(repository().join(document))?;
    let parts = text.split("```sh\n").skip(1).filter_map(|part| part.split("```").next());
    let lines: Vec<String> = parts.flat_map(str::lines).map(str::to_owned).collect();
    ensure!(!lines.is_empty(), "{document} has no commands");
    Ok(lines)
}

/// The commands within the text.
fn inline(document: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(repository().join(document))?;
    let prose: String = text.split("```").step_by(2).collect();
    let is_command = |word: &&str| ["cargo xtask ", "allodd ", "allod "].iter().any(|start| word.starts_with(start));
    Ok(prose.split('`').skip(1).step_by(2).filter(is_command).map(str::to_owned).collect())
}

#[test]
fn the_readme_leads_from_nothing_to_a_conversation() -> Result<()> {
    let shell = Shell::new()?;
    let mut server = None;
    let mut links = Vec::new().into_iter();
    let mut printed = String::new();
    for line in blocks("README.md")? {
        printed = match line.as_str() {
            "cargo xtask up" => {
                let (data, listen) = (shell.path("data"), &shell.listen);
                let (running, made) = shell.serve(&format!("{line} --built --data {data} --listen {listen}"))?;
                ensure!(made.len() == 2, "up prints two links: {made:?}");
                (server, links) = (Some(running), made.into_iter());
                String::new()
            }
            "cargo xtask test" => {
                let parts = shell.run(&format!("{line} --help"))?;
                ensure!(["fmt", "unit", "sim", "e2e", "drill"].iter().all(|part| parts.contains(part)), "{parts}");
                parts
            }
            line if line.starts_with("allod ") => match line.split_once("'http://localhost:8480/#join/…'") {
                Some((before, after)) => {
                    let link = links.next().context("a link for everybody who joins")?;
                    shell.run(&format!("{before}'{link}'{after}"))?
                }
                None => shell.run(line)?,
            },
            _ => bail!("no test runs {line:?}"),
        };
        if line.contains(" read ") {
            assert!(printed.contains("The draft is ready."), "{printed}");
        }
    }
    ensure!(server.is_some() && links.next().is_none(), "the server was started and both links were used");
    assert!(printed.contains("alice@localhost") && printed.contains("bob@localhost"), "{printed}");

    let index = get(&shell.listen, "/")?;
    assert!(index.starts_with("HTTP/1.1 200 ") && index.contains("/app."), "the links open the web app: {index}");
    Ok(())
}

fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn the_operating_guide_can_be_followed() -> Result<()> {
    let shell = Shell::new()?;
    let here = |line: &str| line.replace("/var/lib/allod", &shell.path("data")).replace("0.0.0.0:443", &shell.listen);
    let mut server = None;
    for line in blocks("docs/operating.md")? {
        if line.starts_with("allodd serve ") {
            server = Some(shell.serve(&here(&line))?);
        } else if line.starts_with("allodd ") {
            shell.run(&here(&line))?;
        } else {
            bail!("no test runs {line:?}");
        }
    }
    ensure!(server.is_some(), "a server was started");
    let folder = |line: &str| {
        let (data, place, new) = (shell.path("data"), shell.path("backup"), shell.path("new"));
        line.replace("DIR", &data).replace("PLACE", &place).replace("NEW", &new)
    };
    let every_day = inline("docs/operating.md")?;
    for verb in ["doctor", "backup", "restore", "config"] {
        let line = every_day.iter().find(|line| line.starts_with(&format!("allodd {verb}")));
        let line = line.with_context(|| format!("the guide says how to {verb}"))?;
        let printed = shell.run(&folder(line)).or_else(|error| {
            // What it checks is this machine, and what it finds there is not the guide's fault.
            if verb == "doctor" { Ok(String::new()) } else { Err(error) }
        })?;
        ensure!(verb != "config" || printed.contains("retention_days"), "{printed}");
    }
    ensure!(Path::new(&shell.path("new")).join("allod.db").is_file(), "the backup was restored");
    Ok(())
}

#[test]
fn every_command_within_the_text_exists_with_its_options() -> Result<()> {
    let shell = Shell::new()?;
    let mut checked = 0;
    for document in ["README.md", "docs/operating.md", "docs/cli.md", "docs/building.md"] {
        for command in inline(document)? {
            for one in alternatives(&command) {
                let asked = if one.ends_with("help") { one } else { format!("{one} --help") };
                shell.run(&asked).with_context(|| format!("{document}: `{command}`"))?;
                checked += 1;
            }
        }
    }
    ensure!(checked > 10, "only {checked} commands were found");
    Ok(())
}

/// `a b|c` is `a b` and `a c`; which verb or command is the reader's to choose.
fn alternatives(command: &str) -> Vec<String> {
    let words: Vec<&str> = command.split_whitespace().filter(|word| !["VERB", "COMMAND"].contains(word)).collect();
    let Some(at) = words.iter().position(|word| word.contains('|')) else { return vec![words.join(" ")] };
    let with = |choice: &str| [&words[..at], &[choice], &words[at + 1..]].concat().join(" ");
    words[at].split('|').map(with).collect()
}
