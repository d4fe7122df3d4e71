//! The user's own export: step by step, so that the page lives on meanwhile, into one archive for the downloads.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::Write;
use std::rc::Rc;

use allod_client_core::export::{self, ExportWords, Listed, Voice};
use allod_client_core::view::{ConversationSummary, MessageView};
use allod_client_core::{ClientCore, SystemEvent, rows};
use allod_wire::{Position, UnixMillis};
use js_sys::{Array, Uint8Array};
use leptos::prelude::{GetUntracked, Set};
use wasm_bindgen::JsValue;
use web_sys::Blob;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};
use zip::{CompressionMethod, result::ZipResult};

use super::actor::Actor;
use super::{Command, Input, Stop, clock, files, post};
use crate::format;
use crate::state::{Exporting, Ui};
use crate::views::sentence;

/// Rows that are written between two turns of the page.
const ROWS_AT_ONCE: u32 = 200;

/// An export that is being written.
pub(super) struct Export {
    zip: ZipWriter<StreamWriter<Out>>,
    out: Out,
    /// What was handed to the browser already.
    parts: Array,
    waiting: VecDeque<ConversationSummary>,
    all: usize,
    open: Option<Open>,
    listed: Vec<Listed>,
}

/// The conversation that is being written.
struct Open {
    conversation: ConversationSummary,
    stem: String,
    next: Position,
    /// Its lines of JSON: an entry of their own, behind the page.
    json: String,
    lines: u64,
}

/// What the archive's writer has written and nobody has taken yet.
#[derive(Clone, Default)]
struct Out(Rc<RefCell<Vec<u8>>>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The language and the calendar of the interface.
struct Spoken(Ui);

impl Voice for Spoken {
    fn words(&self) -> &ExportWords {
        &self.0.words.get().export
    }

    fn event(&self, event: &SystemEvent) -> String {
        sentence(self.0, event)
    }

    fn moment(&self, at: UnixMillis) -> String {
        format::full_moment(at, self.0.words.language())
    }
}

impl Actor {
    /// Begins.
    pub(super) fn begin_export(&mut self) {
        let Some(core) = &self.core else { return };
        let (waiting, out) = (VecDeque::from(core.conversations()), Out::default());
        let zip = ZipWriter::new_stream(out.clone());
        let (all, parts) = (waiting.len(), Array::new());
        self.export = Some(Export { zip, out, parts, waiting, all, open: None, listed: Vec::new() });
        self.ui.exporting.set(Exporting::Working(0));
        post(Input::Command(Command::ExportStep));
    }

    /// Goes on with a part; the next one comes behind whatever else waits.
    pub(super) async fn export_step(&mut self) -> Result<(), Stop> {
        let Some(mut export) = self.export.take() else { return Ok(()) };
        let voice = Spoken(self.ui);
        if export.open.is_none() && !export.open_next(&voice) {
            let core = self.core.as_ref();
            let done = core.is_some_and(|core| export.finish(&voice, core).is_ok());
            self.ui.exporting.set(if done { Exporting::Done } else { Exporting::Failed });
            return Ok(());
        }
        if let Some(open) = &export.open {
            let (log, from) = (open.conversation.log, open.next);
            let to = rows::history_key(log, Position(u64::MAX));
            let rows = self.vault.first_rows(&rows::history_key(log, from), &to, ROWS_AT_ONCE).await?;
            let next = rows.last().and_then(|(key, _)| rows::history_position(key)).map(Position::next);
            let lines = self.read_lines(&rows).await?;
            if export.write(&voice, &lines, next).is_err() {
                self.ui.exporting.set(Exporting::Failed);
                return Ok(());
            }
        }
        let done = export.all - export.waiting.len();
        self.ui.exporting.set(Exporting::Working((done * 99 / export.all.max(1)) as u32));
        self.export = Some(export);
        post(Input::Command(Command::ExportStep));
        Ok(())
    }
}

impl Export {
    /// Begins the page of the next conversation; `false` if there is none, or it cannot be begun.
    fn open_next(&mut self, voice: &Spoken) -> bool {
        let Some(conversation) = self.waiting.pop_front() else { return false };
        let stem = export::stem(self.listed.len(), &conversation);
        let head = export::page_head(voice, &conversation);
        let begun = self.entry(&format!("{stem}.html"), &head).is_ok();
        self.open = Some(Open { conversation, stem, next: Position(0), json: String::new(), lines: 0 });
        begun
    }

    /// Writes lines of the open conversation, and ends it if nothing follows.
    fn write(&mut self, voice: &Spoken, lines: &[MessageView], next: Option<Position>) -> ZipResult<()> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        for line in lines {
            self.zip.write_all(export::page_line(voice, line, None).as_bytes())?;
            open.json.push_str(&export::json_line(line));
            open.lines += 1;
        }
        match next {
            Some(next) => {
                open.next = next;
                self.open = Some(open);
            }
            None => {
                self.zip.write_all(export::page_foot().as_bytes())?;
                self.entry(&format!("{}.jsonl", open.stem), &open.json)?;
                let title = open.conversation.title.clone();
                self.listed.push(Listed { stem: open.stem, title, lines: open.lines });
            }
        }
        self.hand_over();
        Ok(())
    }

    /// The list, the account and the people; then the download.
    fn finish(mut self, voice: &Spoken, core: &ClientCore) -> Result<(), JsValue> {
        let failed = |error: zip::result::ZipError| JsValue::from_str(&error.to_string());
        let me = voice.0.me.get_untracked().map(|me| me.address).ok_or(JsValue::NULL)?;
        let index = export::index(voice, &me, clock::now(), &self.listed);
        self.entry("index.html", &index).map_err(failed)?;
        self.entry("account.json", &core.export_account()).map_err(failed)?;
        self.entry("contacts.json", &core.export_contacts()).map_err(failed)?;
        let Self { zip, out, parts, .. } = self;
        zip.finish().map_err(failed)?;
        parts.push(&Uint8Array::from(out.0.take().as_slice()));
        let blob = Blob::new_with_blob_sequence(&parts)?;
        files::save(&blob, &format!("allod-{}-{}.zip", me.name, clock::date()))
    }

    fn entry(&mut self, name: &str, text: &str) -> ZipResult<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        self.zip.start_file(name, options)?;
        Ok(self.zip.write_all(text.as_bytes())?)
    }

    /// What was written so far becomes the browser's, which may keep it on disk.
    fn hand_over(&mut self) {
        let written = self.out.0.take();
        if !written.is_empty() {
            self.parts.push(&Uint8Array::from(written.as_slice()));
        }
    }
}
