//! The positive control: an archiver in the manner of the product whose breach Allod answers. It keeps messages, names, groups, times
//! and files in clear, in a database, in a log and in memory. If the drill does not find nearly everything here, it is the drill that is broken.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use rusqlite::Connection;

use crate::attack::Claims;
use crate::loot::{self, Loot};
use crate::world::{What, World};

/// What is known of the control's world.
pub(crate) struct Control {
    pub(crate) loot: Loot,
    pub(crate) members: Claims,
    pub(crate) senders: Claims,
    pub(crate) groups: Vec<Vec<u8>>,
    pub(crate) messages: Vec<Vec<u8>>,
}

/// Lets the archiver keep `world` under `folder`, and takes the loot.
pub(crate) fn play(world: &World, folder: &Path) -> Result<Control> {
    let data = folder.join("data");
    std::fs::create_dir_all(&data)?;
    let db = Connection::open(data.join("archive.db"))?;
    db.execute_batch("CREATE TABLE messages (id TEXT, sender TEXT, conversation TEXT, title TEXT, sent_ms INTEGER, body TEXT, file BLOB)")?;
    let mut archiver = start_archiver()?;
    let mut memory = archiver.stdin.take().context("it has an input")?;
    let mut log = Vec::new();
    let (mut members, mut senders) = (Claims::new(), Claims::new());
    let group = |talk: usize| format!("conversation-{talk:08}");
    let message = |number: usize| format!("message-{number:08}");
    for (number, saying) in world.sayings.iter().enumerate() {
        let (user, talk) = (&world.users[saying.sender], &world.talks[saying.talk]);
        let (body, file) = match &saying.what {
            What::Text(text) => (text, None),
            What::File { name, content } => (name, Some(content.as_bytes())),
        };
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let (id, conversation) = (message(number), group(saying.talk));
        db.execute(
            "INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (&id, user, &conversation, &talk.title, now, body, file),
        )?;
        writeln!(memory, "{id} {user} {conversation} {} {now} {body}", talk.title.as_deref().unwrap_or_default())?;
        writeln!(log, "{now} INFO archived {id} from {user} to {conversation}: {body}")?;
        senders.insert((user.clone(), id.into_bytes()));
        members.insert((user.clone(), conversation.into_bytes()));
    }
    for talk in &world.talks {
        writeln!(memory, "{} {} {}", talk.draft, talk.poll, talk.reaction)?;
        writeln!(log, "INFO archived {} {} {}", talk.draft, talk.poll, talk.reaction)?;
    }
    std::fs::write(folder.join("archiver.log"), log)?;
    memory.flush()?;
    let loot = loot::take(&data, &folder.join("archiver.log"), archiver.id());
    drop(memory);
    archiver.wait()?;
    Ok(Control {
        loot: loot?,
        members,
        senders,
        groups: (0..world.talks.len()).map(|talk| group(talk).into_bytes()).collect(),
        messages: (0..world.sayings.len()).map(|number| message(number).into_bytes()).collect(),
    })
}

fn start_archiver() -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    Ok(command.arg("archiver").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?)
}

/// The archiver's process: keeps in memory what it is told, until its input ends.
pub(crate) fn archiver() -> Result<()> {
    let kept: Vec<String> = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    println!("{} messages were kept", kept.len());
    Ok(())
}
