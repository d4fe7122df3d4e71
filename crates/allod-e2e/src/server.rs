//! A real `allodd` on a free port of this machine, with a data folder of its own.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use allod_wire::link::Link;
use anyhow::{Context, Result, bail, ensure};

/// How long a start may take: a slow machine under load.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// A server that runs, until it is dropped.
pub struct Server {
    folder: PathBuf,
    port: u16,
    process: Option<Child>,
}

/// A program of this workspace, beside the one that runs (or its tests).
///
/// # Errors
/// If it is not built: says how.
pub fn program(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let beside = here.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    beside.with_context(|| format!("{name} is not built: cargo build -p {name}"))
}

impl Server {
    /// Makes a data folder under `folder` and starts a server on it; `web_root` is the built web app, if it is to be served.
    ///
    /// # Errors
    /// If the program is not built or does not start.
    pub fn start(folder: &Path, web_root: Option<&Path>) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = Self { folder: folder.to_owned(), port, process: None };
        let (listen, url) = (format!("127.0.0.1:{port}"), server.url());
        let mut init = Command::new(program("allodd")?);
        init.args(["init", "--domain", "localhost", "--listen", &listen, "--public-url", &url, "--data"])
            .arg(server.data());
        if let Some(web_root) = web_root {
            init.arg("--web-root").arg(web_root);
        }
        run(&mut init)?;
        server.restart()?;
        Ok(server)
    }

    /// Starts it on the same folder and port, after [`Self::kill`] or [`Self::stop`].
    ///
    /// # Errors
    /// If it does not come up.
    pub fn restart(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "it runs already");
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut serve = Command::new(program("allodd")?);
        serve.arg("serve").arg("--config").arg(self.data().join("allodd.toml"));
        serve.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut process = serve.spawn()?;
        let deadline = Instant::now() + START_PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = process.try_wait()? {
                bail!("allodd ended with {status}: {}", std::fs::read_to_string(self.log())?);
            }
            ensure!(Instant::now() < deadline, "allodd does not listen after {START_PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process = Some(process);
        Ok(())
    }

    /// Starts it anew with more at the end of its configuration.
    ///
    /// # Errors
    /// If it does not come up with that.
    pub fn with_config(mut self, more: &str) -> Result<Self> {
        self.kill()?;
        let file = self.data().join("allodd.toml");
        let mut config = std::fs::read_to_string(&file)?;
        let tables: Vec<&str> = more.lines().filter(|line| line.starts_with('[')).collect();
        config = config.lines().filter(|line| !tables.contains(line)).collect::<Vec<_>>().join("\n");
        std::fs::write(&file, config + "\n" + more)?;
        self.restart()?;
        Ok(self)
    }

    /// Ends it at once, as a power cut would: `SIGKILL`.
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().context("it does not run")?;
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// The process.
    ///
    /// # Errors
    /// If it does not run.
    pub fn process_id(&self) -> Result<u32> {
        Ok(self.process.as_ref().context("it does not run")?.id())
    }

    /// Where people reach it.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What it prints.
    pub fn log(&self) -> PathBuf {
        self.folder.join("allodd.log")
    }

    /// A command of `allodd` about this server's data folder, such as `user remove NAME`.
    ///
    /// # Errors
    /// If the program refuses.
    pub fn administer(&self, arguments: &[&str]) -> Result<()> {
        run(Command::new(program("allodd")?).args(arguments).arg("--data").arg(self.data())).map(drop)
    }

    /// Puts a backup in the place of the data folder, as an operator would after a loss, or to hide something.
    ///
    /// # Errors
    /// If the program refuses.
    pub fn roll_back(&mut self, backup: &Path) -> Result<()> {
        self.kill()?;
        std::fs::remove_dir_all(self.data())?;
        run(Command::new(program("allodd")?).arg("restore").arg("--from").arg(backup).arg("--data").arg(self.data()))?;
        self.restart()
    }

    /// An invite link for one person.
    ///
    /// # Errors
    /// If the program refuses.
    pub fn invite(&self, administrator: bool) -> Result<Link> {
        let mut invite = Command::new(program("allodd")?);
        invite.arg("invite").arg("--json").arg("--data").arg(self.data());
        if administrator {
            invite.arg("--admin");
        }
        let printed: serde_json::Value = serde_json::from_slice(&run(&mut invite)?)?;
        let link = printed.get("link").and_then(|link| link.as_str()).context("the answer has no link")?;
        Ok(link.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.is_some() {
            // Nothing can be done about a process that does not end; the test is over anyway.
            let _ = self.kill();
        }
    }
}

/// Runs a program to its end, and gives what it printed.
///
/// # Errors
/// If it fails: with what it said.
pub fn run(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}{}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}
