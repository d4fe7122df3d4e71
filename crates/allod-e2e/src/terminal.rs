//! A person at a terminal: the real command line, with a home of its own for profiles.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::server::program;

/// A terminal; profiles that are made in it stay in its home.
pub struct Terminal {
    home: PathBuf,
    variables: Vec<(&'static str, String)>,
}

/// How a command of `allod` failed.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed {
    /// The exit status.
    pub status: i32,
    /// The word for programs.
    pub code: String,
}

impl Terminal {
    /// A terminal whose profiles are below `home`.
    pub fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), variables: Vec::new() }
    }

    /// The same terminal with one more variable.
    #[must_use]
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let variables = self.variables.iter().cloned().chain([(name, value.to_owned())]).collect();
        Self { home: self.home.clone(), variables }
    }

    /// Runs a command as `profile`, which must succeed; gives what it printed, a value for each line.
    ///
    /// # Errors
    /// If it fails: with what it said.
    pub fn run(&self, profile: &str, arguments: &[&str]) -> Result<Vec<Value>> {
        let output = self.output(profile, arguments)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "allod --as {profile} {arguments:?}: {}: {said}", output.status);
        let lines = String::from_utf8(output.stdout)?;
        Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    /// Runs a command as `profile`, which must fail.
    ///
    /// # Errors
    /// If it succeeds, or fails without saying why.
    pub fn fails(&self, profile: &str, arguments: &[&str]) -> Result<Failed> {
        let output = self.output(profile, arguments)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        ensure!(!output.status.success(), "allod --as {profile} {arguments:?} succeeds: {printed}");
        let said = String::from_utf8(output.stderr)?;
        let last: Value = serde_json::from_str(said.lines().last().unwrap_or_default())?;
        let code = last["error"]["code"].as_str().unwrap_or_default().to_owned();
        Ok(Failed { status: output.status.code().unwrap_or(-1), code })
    }

    /// The texts of a conversation as `profile` reads it, in order.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn texts(&self, profile: &str, conversation: &str) -> Result<Vec<String>> {
        let lines = self.run(profile, &["read", conversation])?;
        let texts = lines.iter().filter_map(|line| line["body"]["text"].as_str().map(str::to_owned));
        Ok(texts.collect())
    }

    /// What a command that must succeed prints for people.
    ///
    /// # Errors
    /// If it fails: with what it said.
    pub fn prints(&self, profile: &str, arguments: &[&str]) -> Result<String> {
        let output = self.command(profile)?.args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "allod --as {profile} {arguments:?}: {}: {said}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    fn output(&self, profile: &str, arguments: &[&str]) -> Result<Output> {
        Ok(self.command(profile)?.arg("--json").args(arguments).output()?)
    }

    fn command(&self, profile: &str) -> Result<Command> {
        let mut command = Command::new(program("allod")?);
        command.env("ALLOD_HOME", &self.home).env_remove("ALLOD_PASSPHRASE").env_remove("DBUS_SESSION_BUS_ADDRESS");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(["--as", profile]).stdin(std::process::Stdio::null());
        Ok(command)
    }
}
