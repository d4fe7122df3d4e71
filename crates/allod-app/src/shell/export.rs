//! The user's own export: step by step, so that the page lives on meanwhile, into one archive for the downloads.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::Write;
use std::rc::Rc;

use allod_client_core::export::{self, ExportWords, FilePlace, Listed, Voice};
use allod_client_core::view::{ConversationSummary, FileView, MessageBody, MessageView};
use allod_client_core::{ClientCore, SystemEvent, rows};
use allod_wire::{LogId, Position, UnixMillis};
use js_sys::{Array, Uint8Array};
use leptos::prelude::{GetUntracked, Set};
use wasm_bindgen::JsValue;
use web_sys::Blob;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};
use zip::{CompressionMethod, result::ZipResult};

use super::actor::Actor;
use super::files::{Control, receive};
use super::{Command, Input, Stop, clock, files, post};
use crate::format;
use crate::state::{Exporting, Ui};
use crate::views::sentence;

/// Rows that are written between two turns of the page.
const ROWS_AT_ONCE: u32 = 200;

/// So many parts become one of the browser's own, which it may keep on disk.
const PARTS_AT_ONCE: u32 = 32;
/// Transfers that are shown have other numbers.
const NOT_SHOWN: u64 = 0;

/// An export that is being written.
pub(super) struct Export {
    number: u64,
    files: bool,
    control: Rc<Control>,
    zip: ZipWriter<StreamWriter<Out>>,
    out: Out,
    /// What was handed to the browser already.
    parts: Array,
    waiting: VecDeque<ConversationSummary>,
    all: usize,
    open: Option<Open>,
    listed: Vec<Listed>,
    fetched: u64,
    missing: u64,
}

/// The conversation that is being written. Its page and its lines of JSON are entries behind those of its files.
struct Open {
    conversation: ConversationSummary,
    stem: String,
    /// Where its next rows begin; none behind the last one.
    next: Option<Position>,
    /// Read and not written yet.
    read: VecDeque<MessageView>,
    page: String,
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
    pub(super) fn begin_export(&mut self, files: bool) {
        let Some(core) = &self.core else { return };
        let (waiting, out) = (VecDeque::from(core.conversations()), Out::default());
        self.exports += 1;
        self.export = Some(Export {
            number: self.exports,
            files,
            control: Rc::default(),
            zip: ZipWriter::new_stream(out.clone()),
            out,
            parts: Array::new(),
            all: waiting.len(),
            waiting,
            open: None,
            listed: Vec::new(),
            fetched: 0,
            missing: 0,
        });
        self.ui.exporting.set(Exporting::Working(0, 0));
        post(Input::Command(Command::ExportStep));
    }

    /// The user does not want it any more.
    pub(super) fn cancel_export(&mut self) {
        if let Some(export) = self.export.take() {
            export.control.cancelled.set(true);
        }
        self.ui.exporting.set(Exporting::No);
    }

    /// Goes on with a part; the next one comes behind whatever else waits.
    pub(super) async fn export_step(&mut self) -> Result<(), Stop> {
        let Some(mut export) = self.export.take() else { return Ok(()) };
        let voice = Spoken(self.ui);
        if export.open.is_none() && !export.open_next(&voice) {
            let missing = export.missing;
            let done = self.core.as_ref().is_some_and(|core| export.finish(&voice, core).is_ok());
            self.ui.exporting.set(if done { Exporting::Done(missing) } else { Exporting::Failed });
            return Ok(());
        }
        let asked = export.open.as_ref().filter(|open| open.read.is_empty());
        if let Some((log, from)) = asked.and_then(|open| Some((open.conversation.log, open.next?))) {
            let to = rows::history_key(log, Position(u64::MAX));
            let rows = self.vault.first_rows(&rows::history_key(log, from), &to, ROWS_AT_ONCE).await?;
            let next = rows.last().and_then(|(key, _)| rows::history_position(key)).map(Position::next);
            export.take_in(self.read_lines(&rows).await?, next);
        }
        let done = export.all - export.waiting.len();
        self.ui.exporting.set(Exporting::Working((done * 99 / export.all.max(1)) as u32, export.fetched));
        match export.write(&voice) {
            Ok(None) => post(Input::Command(Command::ExportStep)),
            Ok(Some((log, file))) => self.fetch_exported(&export, log, &file),
            Err(_) => {
                self.ui.exporting.set(Exporting::Failed);
                return Ok(());
            }
        }
        self.export = Some(export);
        Ok(())
    }

    fn fetch_exported(&mut self, export: &Export, log: LogId, file: &FileView) {
        let (number, control) = (export.number, export.control.clone());
        let begun = self.core.as_mut().map(|core| (core.server().to_owned(), core.start_download(log, file)));
        wasm_bindgen_futures::spawn_local(async move {
            let parts = match begun {
                Some((server, Ok(download))) => receive(NOT_SHOWN, download, &server, &control).await,
                _ => None,
            };
            post(Input::Exported(number, parts));
        });
    }

    /// The file of the line that is next to be written came, or did not.
    pub(super) fn put_exported(&mut self, number: u64, parts: Option<&Array>) {
        let Some(export) = self.export.as_mut().filter(|export| export.number == number) else { return };
        if export.write_file(&Spoken(self.ui), parts).is_ok() {
            post(Input::Command(Command::ExportStep));
        } else {
            self.export = None;
            self.ui.exporting.set(Exporting::Failed);
        }
    }
}

impl Export {
    /// Begins the page of the next conversation; `false` if there is none.
    fn open_next(&mut self, voice: &Spoken) -> bool {
        let Some(conversation) = self.waiting.pop_front() else { return false };
        let stem = export::stem(self.listed.len(), &conversation);
        let (page, next) = (export::page_head(voice, &conversation), Some(Position(0)));
        let (read, json) = (VecDeque::new(), String::new());
        self.open = Some(Open { conversation, stem, next, read, page, json, lines: 0 });
        true
    }

    fn take_in(&mut self, lines: Vec<MessageView>, next: Option<Position>) {
        if let Some(open) = &mut self.open {
            open.read.extend(lines);
            open.next = next;
        }
    }

    /// Writes what was read, up to a line whose file is to be fetched first; ends the conversation if nothing follows.
    fn write(&mut self, voice: &Spoken) -> ZipResult<Option<(LogId, FileView)>> {
        let Some(open) = &mut self.open else { return Ok(None) };
        while let Some(line) = open.read.front() {
            if let (MessageBody::File { file, .. }, true) = (&line.body, self.files) {
                return Ok(Some((line.log, file.clone())));
            }
            open.put(voice, FilePlace::Left);
        }
        if open.next.is_none()
            && let Some(open) = self.open.take()
        {
            self.entry(&format!("{}.html", open.stem), &(open.page + &export::page_foot()))?;
            self.entry(&format!("{}.jsonl", open.stem), &open.json)?;
            self.listed.push(Listed { stem: open.stem, title: open.conversation.title, lines: open.lines });
        }
        self.hand_over();
        Ok(None)
    }

    /// Writes the next line with its file, if that came.
    fn write_file(&mut self, voice: &Spoken, parts: Option<&Array>) -> ZipResult<()> {
        let Some(line) = self.open.as_ref().and_then(|open| open.read.front()) else { return Ok(()) };
        let MessageBody::File { file, .. } = &line.body else { return Ok(()) };
        let name = export::file_name(line.position.unwrap_or_default(), &file.name);
        let path = self.open.as_ref().map(|open| format!("files/{}/{name}", open.stem)).unwrap_or_default();
        if let Some(parts) = parts {
            self.begin_entry(&path)?;
            for part in parts.iter() {
                self.zip.write_all(&Uint8Array::new(&part).to_vec())?;
                self.hand_over();
            }
        }
        let is_here = parts.is_some();
        self.fetched += u64::from(is_here);
        self.missing += u64::from(!is_here);
        if let Some(open) = &mut self.open {
            open.put(voice, if is_here { FilePlace::Here(&path) } else { FilePlace::Gone });
        }
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
        self.begin_entry(name)?;
        Ok(self.zip.write_all(text.as_bytes())?)
    }

    fn begin_entry(&mut self, name: &str) -> ZipResult<()> {
        self.zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored))
    }

    /// What was written so far becomes the browser's, which may keep it on disk.
    fn hand_over(&mut self) {
        let written = self.out.0.take();
        if !written.is_empty() {
            self.parts.push(&Uint8Array::from(written.as_slice()));
        }
        if self.parts.length() >= PARTS_AT_ONCE
            && let Ok(blob) = Blob::new_with_blob_sequence(&self.parts)
        {
            self.parts = Array::of1(&blob);
        }
    }
}

impl Open {
    /// Writes the next line that was read.
    fn put(&mut self, voice: &Spoken, file: FilePlace<'_>) {
        let Some(line) = self.read.pop_front() else { return };
        self.page.push_str(&export::page_line(voice, &line, file));
        self.json.push_str(&export::json_line(&line));
        self.lines += 1;
    }
}
