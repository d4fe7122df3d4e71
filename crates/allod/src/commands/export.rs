//! `allod export`: the history of this device as pages and JSON in a folder.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use allod_client_core::export::{self, ENGLISH, ExportWords, FilePlace, Listed, Voice};
use allod_client_core::view::{ConversationSummary, MessageBody, MessageView};
use allod_client_core::{ClientCore, SystemEvent};
use allod_wire::{Position, UnixMillis};
use serde_json::json;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::session::Session;
use crate::show;

/// English, in the calendar of this machine.
struct English;

impl Voice for English {
    fn words(&self) -> &ExportWords {
        &ENGLISH
    }

    fn event(&self, event: &SystemEvent) -> String {
        show::system_event(event)
    }

    fn moment(&self, at: UnixMillis) -> String {
        show::time(at)
    }
}

/// What came of one conversation.
#[derive(Default)]
struct Written {
    lines: u64,
    files: u64,
    /// Files that are not there any more, or did not come.
    missing: u64,
}

/// `allod export`
pub(crate) async fn export(cli: &Cli, folder: &Path, files: bool) -> Result<(), Failure> {
    make_empty(folder)?;
    let session = Session::open_and_sync(cli).await?;
    let me = session.me().await?;
    let conversations = session.conversations().await?;
    let (mut listed, mut all) = (Vec::new(), Written::default());
    for (place, conversation) in conversations.iter().enumerate() {
        let stem = export::stem(place, conversation);
        let progress = format!("{} of {}: {}", place + 1, conversations.len(), show::clean_line(&conversation.title));
        show::notice(&progress);
        let written = write(&session, folder, &stem, conversation, files).await?;
        listed.push(Listed { stem, title: conversation.title.clone(), lines: written.lines });
        all.lines += written.lines;
        all.files += written.files;
        all.missing += written.missing;
    }
    let now = session.act(|_, now, _| Ok((now, Vec::new()))).await?;
    put(&folder.join("index.html"), &export::index(&English, &me.address, now, &listed))?;
    put(&folder.join("account.json"), &session.client.look(ClientCore::export_account).await?)?;
    put(&folder.join("contacts.json"), &session.client.look(ClientCore::export_contacts).await?)?;
    let Written { lines, files, missing } = all;
    if session.json {
        let path = folder.display().to_string();
        let conversations = listed.len();
        let export =
            json!({ "path": path, "conversations": conversations, "lines": lines, "files": files, "missing": missing });
        show::json(&export);
    } else {
        let summary = format!("conversations: {}, lines: {lines}, files: {files}", listed.len());
        show::line(&format!("{}: {summary}. Open index.html; none of it is encrypted.", folder.display()));
        if missing > 0 {
            show::notice(&format!("{missing} files are not there: the server has them no more, or did not answer."));
        }
    }
    session.close().await;
    Ok(())
}

async fn write(
    session: &Session,
    folder: &Path,
    stem: &str,
    conversation: &ConversationSummary,
    files: bool,
) -> Result<Written, Failure> {
    let (page_path, lines_path) = (folder.join(format!("{stem}.html")), folder.join(format!("{stem}.jsonl")));
    let (mut page, mut lines) = (create(&page_path)?, create(&lines_path)?);
    let mut written = Written::default();
    append(&mut page, &page_path, &export::page_head(&English, conversation))?;
    let mut next = Some(Position(0));
    while let Some(from) = next {
        let (history, behind) = session.client.history_from(conversation.log, from, PAGE).await?;
        next = behind;
        for line in history {
            let file = if files { fetch(session, folder, stem, &line, &mut written).await? } else { None };
            append(&mut lines, &lines_path, &export::json_line(&line))?;
            let place = match &file {
                Some(path) => FilePlace::Here(path),
                None if files => FilePlace::Gone,
                None => FilePlace::Left,
            };
            append(&mut page, &page_path, &export::page_line(&English, &line, place))?;
            written.lines += 1;
        }
    }
    append(&mut page, &page_path, &export::page_foot())?;
    Ok(written)
}

/// Fetches the file of a message, if it has one; gives its path below the folder.
async fn fetch(
    session: &Session,
    folder: &Path,
    stem: &str,
    line: &MessageView,
    written: &mut Written,
) -> Result<Option<String>, Failure> {
    let MessageBody::File { file, .. } = &line.body else { return Ok(None) };
    let below = format!("files/{stem}/{}", export::file_name(line.position.unwrap_or_default(), &file.name));
    let target = folder.join(&below);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(|error| disk(parent, &error))?;
    }
    if session.client.fetch_file(line.log, file, &target, &mut |_, _| {}).await.is_err() {
        written.missing += 1;
        return Ok(None);
    }
    written.files += 1;
    Ok(Some(below))
}

/// Makes the folder, which only its owner can read; one with something in it is left alone.
fn make_empty(folder: &Path) -> Result<(), Failure> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => {
            let message = format!("{} is not empty: name a new folder", folder.display());
            return Err(Failure::refused("exists", message));
        }
        Ok(false) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(disk(folder, &error)),
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| disk(folder, &error))
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    append(&mut create(path)?, path, text)
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create_new(path).map_err(|error| disk(path, &error))
}

fn append(file: &mut File, path: &Path, text: &str) -> Result<(), Failure> {
    file.write_all(text.as_bytes()).map_err(|error| disk(path, &error))
}

fn disk(path: &Path, error: &std::io::Error) -> Failure {
    Failure::refused("file", format!("{}: {error}", path.display()))
}

/// Rows at a time.
const PAGE: u32 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        make_empty(&folder).unwrap();
        make_empty(&folder).unwrap();
        put(&folder.join("x"), "kept").unwrap();
        assert_eq!(make_empty(&folder).unwrap_err().code(), "exists");
        assert!(put(&folder.join("x"), "other").is_err());
        assert_eq!(fs::read_to_string(folder.join("x")).unwrap(), "kept");
    }
}
