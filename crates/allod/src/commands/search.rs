//! `allod search`

use std::io::IsTerminal;

use allod_client_core::search::{SearchHit, SearchQuery, SnippetPart};
use serde_json::json;

use crate::cli::{Cli, Search};
use crate::failure::Failure;
use crate::session::Session;
use crate::show;

/// `allod search`: what is on this device, without waiting for the server.
pub(crate) async fn search(cli: &Cli, args: &Search) -> Result<(), Failure> {
    let text = args.words.join(" ");
    if text.trim().is_empty() && args.conversation.is_none() && args.from.is_none() {
        return Err(Failure::Usage("say what to look for".to_owned()));
    }
    let session = Session::open(cli).await?;
    let log = match &args.conversation {
        Some(name) => Some(session.find(name).await?.log),
        None => None,
    };
    let from = match &args.from {
        Some(person) => Some(session.address(person.clone()).await?),
        None => None,
    };
    let query = SearchQuery { text, log, from, limit: args.limit as usize };
    let mut told = false;
    let found = session
        .client
        .search(query, &mut |left| {
            if !std::mem::replace(&mut told, true) {
                show::notice(&format!(
                    "This history is searched for the first time: {left} entries are looked through."
                ));
            }
        })
        .await?;
    if session.json {
        show::json(&json!({ "found": found }));
    } else {
        let titles = session.conversations().await?;
        for hit in found.hits.iter().rev() {
            let title = titles.iter().find(|one| one.log == hit.log).map_or("", |one| one.title.as_str());
            show::line(&line(hit, title, std::io::stdout().is_terminal()));
        }
        show::notice(&counted(found.hits.len(), found.count));
    }
    session.close().await;
    Ok(())
}

fn line(hit: &SearchHit, title: &str, bold: bool) -> String {
    let sender = if hit.own { "you".to_owned() } else { hit.sender.name.to_string() };
    let part = |part: &SnippetPart| {
        let text = show::clean_line(&part.text);
        if part.found && bold { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text }
    };
    let said: String = hit.snippet.iter().map(part).collect();
    format!("{:>5}  {}  {}  {sender}: {said}", hit.position, show::time(hit.time), show::clean_line(title))
}

fn counted(shown: usize, count: usize) -> String {
    match count {
        0 => "Nothing found.".to_owned(),
        1 => "1 message.".to_owned(),
        _ if shown < count => format!("{count} messages; the best {shown} are shown, the best last."),
        _ => format!("{count} messages, the best last."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_bold_on_a_terminal_and_cannot_act_on_it() {
        let hit = SearchHit {
            log: allod_wire::LogId([1; 32]),
            position: 7,
            sender: "alice@a.example".parse().unwrap(),
            own: false,
            time: allod_wire::UnixMillis(u64::MAX),
            snippet: vec![
                SnippetPart { text: "a ".into(), found: false },
                SnippetPart { text: "b\u{1b}[2J".into(), found: true },
            ],
        };
        assert_eq!(line(&hit, "Plan", false), "    7  ?  Plan  alice: a b\u{fffd}[2J");
        assert_eq!(line(&hit, "Plan", true), "    7  ?  Plan  alice: a \u{1b}[1mb\u{fffd}[2J\u{1b}[0m");
    }

    #[test]
    fn the_count_says_whether_some_are_left_out() {
        assert_eq!(counted(0, 0), "Nothing found.");
        assert_eq!(counted(20, 31), "31 messages; the best 20 are shown, the best last.");
        assert_eq!(counted(3, 3), "3 messages, the best last.");
    }
}
