//! Runs the transcripts in `tests/transcripts`: what is typed, and what comes back, with the exit status. None of them needs a server.
//!
//! A transcript has `$ allod …` lines, each followed by what the program prints (standard output, then standard error), and `[exit N]`
//! if it fails. `…` at the end of a line stands for any rest of it. All commands of one transcript share a fresh `ALLOD_HOME`.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn what_is_typed_gives_what_the_transcripts_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no transcripts");
    let failures: Vec<String> = files.iter().filter_map(|file| play(file)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// What differs, if anything does.
fn play(file: &Path) -> Option<String> {
    let expected = fs::read_to_string(file).unwrap();
    let home = tempfile::tempdir().unwrap();
    let commands: Vec<&str> = expected.lines().filter_map(|line| line.strip_prefix("$ allod")).collect();
    assert!(!commands.is_empty(), "{} has no commands", file.display());
    let found: String = commands.iter().map(|command| run(command, home.path())).collect();
    let same = expected.lines().count() == found.lines().count()
        && expected.lines().zip(found.lines()).all(|(expected, found)| match expected.strip_suffix('…') {
            Some(start) => found.starts_with(start),
            None => expected == found,
        });
    (!same).then(|| format!("{} differs; the program now says:\n{found}", file.display()))
}

fn run(command: &str, home: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_allod"))
        .args(words(command))
        .env_clear()
        .env("ALLOD_HOME", home)
        .env("COLUMNS", "100")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let mut text = format!("$ allod{command}\n");
    for stream in [&output.stdout, &output.stderr] {
        text.push_str(&String::from_utf8_lossy(stream));
    }
    match output.status.code() {
        Some(0) => {}
        code => text.push_str(&format!("[exit {}]\n", code.unwrap_or(-1))),
    }
    text
}

/// Splits at spaces, but not within quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in command.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}
