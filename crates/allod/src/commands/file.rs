//! `allod file send` and `allod file get`

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use allod_client::Metadata;
use allod_client_core::view::{FileView, MessageBody, MessageView};
use allod_wire::{LogId, Position};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::cli::Cli;
use crate::commands::message::{report_sent, wait_sent};
use crate::failure::Failure;
use crate::session::Session;
use crate::show;

/// `allod file send`
pub(crate) async fn send(cli: &Cli, name: &str, path: &Path, caption: &str, metadata: Metadata) -> Result<(), Failure> {
    if !path.exists() {
        return Err(Failure::NotFound(format!("{}: no such file", path.display())));
    }
    let session = Session::open_and_sync(cli).await?;
    let log = session.find(name).await?.log;
    let bar = bar(&session);
    let mut progress = |done, all| show_progress(&bar, done, all);
    let media_type = media_type(path).to_owned();
    let sent = session.client.send_file(log, path, media_type, caption.to_owned(), metadata, &mut progress).await;
    bar.finish_and_clear();
    let id = sent?;
    let sent = wait_sent(&session, log, id).await;
    report_sent(&session, log, id, sent)?;
    session.close().await;
    Ok(())
}

/// `allod file get`
pub(crate) async fn get(
    cli: &Cli,
    name: &str,
    message: &str,
    output: Option<&Path>,
    force: bool,
) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let log = session.find(name).await?.log;
    let file = find_file(&session, log, message).await?;
    let target = target(output, &file);
    if target.exists() && !force {
        return Err(Failure::refused(
            "exists",
            format!("{} is there already: name another with -o, or use --force", target.display()),
        ));
    }
    let bar = bar(&session);
    let mut progress = |done, all| show_progress(&bar, done, all);
    let fetched = session.client.fetch_file(log, &file, &target, &mut progress).await;
    bar.finish_and_clear();
    fetched?;
    if session.json {
        show::json(&json!({ "file": file, "path": target.display().to_string() }));
    } else {
        show::line(&target.display().to_string());
    }
    session.close().await;
    Ok(())
}

async fn find_file(session: &Session, log: LogId, named: &str) -> Result<FileView, Failure> {
    let position: Option<u64> = named.parse().ok();
    let is_named =
        |line: &MessageView| named == "last" || line.position == position || line.id.to_string().starts_with(named);
    let mut before = None;
    loop {
        let page = session.client.history(log, before, PAGE).await?;
        for line in page.iter().rev() {
            match &line.body {
                MessageBody::File { file, .. } if is_named(line) => return Ok(file.clone()),
                _ if named != "last" && position.is_some() && line.position == position => {
                    return Err(Failure::NotFound(format!("message {named} has no file")));
                }
                _ => {}
            }
        }
        match page.first().and_then(|line| line.position) {
            Some(first) if page.len() == PAGE as usize => before = Some(Position(first)),
            _ => return Err(Failure::NotFound(format!("no message {named} with a file in this conversation"))),
        }
    }
}

/// Where a file goes. The name that its sender gave it is only ever a name, never a path.
fn target(output: Option<&Path>, file: &FileView) -> PathBuf {
    match output {
        Some(path) if path.is_dir() => path.join(safe_name(&file.name)),
        Some(path) => path.to_owned(),
        None => PathBuf::from(safe_name(&file.name)),
    }
}

fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = show::clean_line(last).chars().filter(|c| !r#"<>:"|?*"#.contains(*c)).take(120).collect();
    let cleaned = cleaned.trim().trim_start_matches('.');
    if cleaned.is_empty() { "file".to_owned() } else { cleaned.to_owned() }
}

/// What a file's name says of its kind. A guess for the reader's interface; nothing is decided by it.
fn media_type(path: &Path) -> &'static str {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "txt" | "log" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "ogg" | "opus" => "audio/ogg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "odt" => "application/vnd.oasis.opendocument.text",
        _ => "application/octet-stream",
    }
}

/// A bar on standard error, if somebody looks.
pub(crate) fn bar(session: &Session) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left");
    let target = if std::io::stderr().is_terminal() && !session.json {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    ProgressBar::with_draw_target(None, target).with_style(style.expect("the template is a good one"))
}

pub(crate) fn show_progress(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}

const PAGE: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_senders_name_for_a_file_is_never_a_path() {
        assert_eq!(safe_name("plan.pdf"), "plan.pdf");
        assert_eq!(safe_name("../../.ssh/authorized_keys"), "authorized_keys");
        assert_eq!(safe_name("C:\\windows\\win.ini"), "win.ini");
        assert_eq!(safe_name(".bashrc"), "bashrc");
        assert_eq!(safe_name("a\u{1b}[2J\nb"), "a\u{fffd}[2J b");
        for name in ["", "..", "/", "...", "  "] {
            assert_eq!(safe_name(name), "file");
        }
    }
}
