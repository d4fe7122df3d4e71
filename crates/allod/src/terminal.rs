//! Asks the person at the terminal.

use std::io::{IsTerminal, Write};

use allod_client::key::AskPassphrase;
use zeroize::Zeroizing;

/// The terminal, if there is one.
pub(crate) struct Terminal;

impl AskPassphrase for Terminal {
    fn new_passphrase(&self) -> Option<Zeroizing<String>> {
        if !is_interactive() {
            return None;
        }
        eprintln!("This system has no keyring. A passphrase protects your messages on this device.");
        eprintln!("Leave it empty to keep the key in a file that only you can read.");
        choose_passphrase()
    }

    fn passphrase(&self) -> Option<Zeroizing<String>> {
        if is_interactive() { ask_secret("Passphrase: ") } else { None }
    }

    fn prefers_passphrase(&self) -> bool {
        false
    }
}

/// Asks for a new passphrase, twice. `None` without a terminal, or if it is left empty.
pub(crate) fn choose_passphrase() -> Option<Zeroizing<String>> {
    if !is_interactive() {
        return None;
    }
    loop {
        let first = ask_secret("New passphrase: ")?;
        if first.is_empty() {
            return None;
        }
        if ask_secret("Again: ")? == first {
            return Some(first);
        }
        eprintln!("They differ. Once more.");
    }
}

/// Asks for a recovery phrase. `None` without a terminal.
pub(crate) fn ask_phrase() -> Option<Zeroizing<String>> {
    if is_interactive() { ask_secret("The twelve words: ") } else { None }
}

/// Asks for a line. `None` without a terminal, or when its end is reached.
pub(crate) fn ask_line(question: &str) -> Option<String> {
    if !is_interactive() {
        return None;
    }
    eprint!("{question}");
    std::io::stderr().flush().ok()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    Some(line.trim().to_owned())
}

/// Resolves when somebody wants the program to end.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return,
                _ = terminate.recv() => return,
            }
        }
    }
    // Without handlers the system ends the program by itself.
    let _ = tokio::signal::ctrl_c().await;
}

fn ask_secret(question: &str) -> Option<Zeroizing<String>> {
    rpassword::prompt_password(question).ok().map(Zeroizing::new)
}

/// Somebody can be asked.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
