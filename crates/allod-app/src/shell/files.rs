//! Files on their way: each transfer is a task of its own that moves bytes and tells the actor how far it is.
//!
//! Invariants:
//! - one file is sent at a time, in the order in which they were chosen; one that is halted lets the next one pass;
//! - what is kept of a file that is being sent goes when the message is in the outbox, and not before.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use allod_client_core::transfer::{
    Download, DownloadStep, FileInfo, FinishedUpload, TransferError, Upload, UploadStep,
};
use allod_client_core::view::{FileView, MessageBody, MessageView};
use allod_client_core::{ClientCore, CoreError, Effect};
use allod_wire::{BlobId, EntryId, LogId};
use js_sys::{Array, Uint8Array};
use leptos::prelude::{Update, WithUntracked};
use rand_core::OsRng;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use super::actor::Actor;
use super::fetch::fetch;
use super::idb::StorageError;
use super::vault::Vault;
use super::{Command, Input, Stop, ToSend, clock, post};
use crate::format;
use crate::state::{NoticeText, Transfer, Ui};

/// A download that fails so often in a row is given up.
const ATTEMPTS_MAX: u32 = 6;
const RETRY_MILLIS: u32 = 1_000;
const RETRY_MILLIS_MAX: u32 = 8_000;
/// A halted transfer looks so often whether it may go on.
const PAUSE_MILLIS: u32 = 200;
/// The browser has read a download from memory by then.
const URL_LIFE_MILLIS: u32 = 60_000;

/// What a transfer tells the actor.
pub(crate) enum FileInput {
    /// So many bytes are done.
    Progress(u64, u64),
    /// The server has it all.
    Uploaded(u64, Box<FinishedUpload>),
    /// It came, and is what was sent.
    Downloaded(u64, Blob),
    /// Given up.
    Failed(u64),
}

/// The transfers that run.
#[derive(Default)]
pub(super) struct Files {
    last: u64,
    running: BTreeMap<u64, Running>,
    /// Pictures and recordings that were asked for, so that none is asked for twice.
    shown: BTreeSet<EntryId>,
}

struct Running {
    name: String,
    control: Rc<Control>,
    kind: Kind,
}

/// What the user wants of a transfer.
#[derive(Default)]
pub(super) struct Control {
    paused: Cell<bool>,
    pub(super) cancelled: Cell<bool>,
}

impl Control {
    /// Waits while the transfer is halted; `false` once it is not wanted any more.
    async fn goes_on(&self) -> bool {
        while self.paused.get() && !self.cancelled.get() {
            clock::sleep(PAUSE_MILLIS).await;
        }
        !self.cancelled.get()
    }
}

enum Kind {
    /// With what it starts with, until it has started.
    Upload(BlobId, Option<Box<(Upload, Source)>>),
    Download,
    Shown(EntryId),
    /// To be sent to that conversation.
    Forward(LogId, Box<FileInfo>),
}

/// Where the plaintext of an upload is.
enum Source {
    /// Chosen just now.
    File(Blob),
    /// Kept from before the page was loaded anew.
    Kept(Vault, BlobId),
}

impl Files {
    fn add(&mut self, name: &str, kind: Kind) -> (u64, Rc<Control>) {
        self.last += 1;
        let control = Rc::new(Control::default());
        self.running.insert(self.last, Running { name: name.to_owned(), control: control.clone(), kind });
        (self.last, control)
    }

    /// Another conversation is opened: the pictures and recordings of the last one go from memory.
    pub(super) fn forget_shown(&mut self, ui: Ui) {
        self.shown.clear();
        ui.shown.update(|shown| {
            for url in std::mem::take(shown).values() {
                drop(Url::revoke_object_url(url));
            }
        });
    }
}

impl Actor {
    /// Starts to send files; each becomes a message when the server has it.
    pub(super) async fn send_files(&mut self, log: LogId, files: Vec<ToSend>) -> Result<Vec<Effect>, Stop> {
        for ToSend { file, info } in files {
            let Some(core) = &mut self.core else { break };
            match core.start_upload(log, info, &mut OsRng) {
                Ok((upload, effects)) => {
                    self.carry_out(effects).await?;
                    self.add_upload(log, upload, Source::File(file));
                }
                Err(error) => drop(self.verb(|_| Err::<Vec<Effect>, CoreError>(error))),
            }
        }
        self.start_next_upload();
        Ok(Vec::new())
    }

    /// Goes on with what was being sent when the page went; says what is lost.
    pub(super) async fn resume_uploads(&mut self) -> Result<(), Stop> {
        let begun = self.core.as_ref().map(ClientCore::uploads).unwrap_or_default();
        let blobs: Vec<BlobId> = begun.iter().map(|(_, blob, _)| *blob).collect();
        self.vault.forget_files_but(&blobs).await?;
        for (log, blob, info) in begun {
            let kept = self.vault.keeps_file(blob, info.size).await?;
            let resumed = self.core.as_mut().filter(|_| kept).and_then(|core| core.resume_upload(blob));
            if let Some(upload) = resumed {
                self.add_upload(log, upload, Source::Kept(self.vault.clone(), blob));
                continue;
            }
            self.ui.tell(NoticeText::About(|words| words.upload_lost, info.name), false);
            self.vault.forget_file(blob).await?;
            let effects = self.with_core(|core| core.cancel_upload(blob));
            self.carry_out(effects).await?;
        }
        self.start_next_upload();
        Ok(())
    }

    fn add_upload(&mut self, log: LogId, upload: Upload, source: Source) {
        let (name, all, blob) = (upload.info().name.clone(), upload.info().size, upload.blob());
        let thread = upload.info().thread;
        let kind = Kind::Upload(blob, Some(Box::new((upload, source))));
        let (number, _) = self.files.add(&name, kind);
        let transfer = Transfer { number, log, thread, name, upload: true, paused: false, done: 0, all, entry: None };
        self.ui.transfers.update(|transfers| transfers.push(transfer));
    }

    /// Starts with the next file whose conversation the server has, if none is on its way.
    pub(super) fn start_next_upload(&mut self) {
        let Some(core) = &self.core else { return };
        let server = core.server().to_owned();
        let going = |one: &Running| matches!(one.kind, Kind::Upload(_, None)) && !one.control.paused.get();
        if self.files.running.values().any(going) {
            return;
        }
        let mut waiting = self.files.running.iter_mut().filter(|(_, one)| !one.control.paused.get());
        let next = waiting.find_map(|(number, one)| match &mut one.kind {
            Kind::Upload(_, start) => {
                let start = start.take_if(|start| core.takes_files(start.0.log()))?;
                Some((*number, one.control.clone(), start))
            }
            _ => None,
        });
        let Some((number, control, start)) = next else { return };
        let vault = self.vault.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let (upload, source) = *start;
            if let Source::File(file) = &source {
                // Without it the file is sent as well, only not after the page is loaded anew.
                vault.keep_file(upload.blob(), file).await;
            }
            let end = send(number, upload, &source, &server, &control).await;
            post(Input::File(
                end.map_or(FileInput::Failed(number), |done| FileInput::Uploaded(number, Box::new(done))),
            ));
        });
    }

    /// Starts to fetch a file.
    pub(super) fn download(&mut self, log: LogId, entry: EntryId, file: &FileView, shown: bool) {
        if shown && !self.files.shown.insert(entry) {
            return;
        }
        let kind = if shown { Kind::Shown(entry) } else { Kind::Download };
        let known = format::picture_type(&file.media_type).or_else(|| format::sound_type(&file.media_type));
        let media_type = known.filter(|_| shown).unwrap_or("application/octet-stream");
        let about = Transfer { log, upload: false, entry: Some(entry), ..Transfer::of(file) };
        self.fetch_file(log, file, kind, media_type, about);
    }

    /// Starts to fetch the file of a message, to send a copy of it elsewhere: it is shown as on its way there from now on.
    pub(super) fn forward_file(&mut self, message: &MessageView, to: LogId) {
        let MessageBody::File { file, caption } = &message.body else { return };
        let info = Box::new(FileInfo::forwarding(file, caption));
        let about = Transfer { log: to, upload: true, ..Transfer::of(file) };
        self.fetch_file(message.log, file, Kind::Forward(to, info), "application/octet-stream", about);
    }

    fn fetch_file(&mut self, log: LogId, file: &FileView, kind: Kind, media_type: &'static str, about: Transfer) {
        let Some(core) = &mut self.core else { return };
        let server = core.server().to_owned();
        let download = match core.start_download(log, file) {
            Ok(download) => download,
            Err(error) => return drop(self.verb(|_| Err::<Vec<Effect>, CoreError>(error))),
        };
        let (number, control) = self.files.add(&file.name, kind);
        self.ui.transfers.update(|transfers| transfers.push(Transfer { number, ..about }));
        wasm_bindgen_futures::spawn_local(async move {
            let end = receive(number, download, &server, &control).await;
            let blob = end.and_then(|parts| blob_of(&parts, media_type).ok());
            post(Input::File(blob.map_or(FileInput::Failed(number), |blob| FileInput::Downloaded(number, blob))));
        });
    }

    /// A transfer goes on, or ends.
    pub(super) fn file(&mut self, input: FileInput) -> Vec<Effect> {
        let number = match &input {
            FileInput::Progress(number, done) => {
                self.ui.transfers.update(|transfers| {
                    transfers.iter_mut().filter(|one| one.number == *number).for_each(|one| one.done = *done);
                });
                return Vec::new();
            }
            FileInput::Uploaded(number, _) | FileInput::Downloaded(number, _) | FileInput::Failed(number) => *number,
        };
        let Some(running) = self.end_transfer(number) else { return Vec::new() };
        let effects = match (input, running.kind) {
            (FileInput::Uploaded(_, done), Kind::Upload(blob, _)) => {
                let now = clock::now();
                self.list_changed = true;
                self.sent = Some(blob);
                self.verb(|core| core.send_file(*done, now, &mut OsRng).map(|(_, effects)| effects))
            }
            (FileInput::Downloaded(_, blob), Kind::Shown(entry)) => {
                if let Ok(url) = Url::create_object_url_with_blob(&blob) {
                    self.ui.shown.update(|shown| drop(shown.insert(entry, url)));
                }
                Vec::new()
            }
            (FileInput::Downloaded(_, file), Kind::Forward(to, info)) => {
                post(Input::Command(Command::SendFiles(to, vec![ToSend { file, info: *info }])));
                Vec::new()
            }
            (FileInput::Downloaded(_, blob), _) => {
                drop(save(&blob, &running.name));
                Vec::new()
            }
            (_, Kind::Upload(blob, _)) => {
                self.ui.tell(NoticeText::About(|words| words.upload_failed, running.name), false);
                self.give_up(blob)
            }
            (_, Kind::Shown(_)) => Vec::new(),
            (_, Kind::Download | Kind::Forward(..)) => {
                self.ui.tell(NoticeText::About(|words| words.download_failed, running.name), false);
                Vec::new()
            }
        };
        self.start_next_upload();
        effects
    }

    /// The user wants it to wait, or to go on.
    pub(super) fn pause_transfer(&mut self, number: u64) {
        let Some(running) = self.files.running.get(&number) else { return };
        let paused = !running.control.paused.get();
        running.control.paused.set(paused);
        self.ui.transfers.update(|transfers| {
            transfers.iter_mut().filter(|one| one.number == number).for_each(|one| one.paused = paused);
        });
        self.start_next_upload();
    }

    /// The user does not want it any more.
    pub(super) fn cancel_transfer(&mut self, number: u64) -> Vec<Effect> {
        let Some(running) = self.end_transfer(number) else { return Vec::new() };
        running.control.cancelled.set(true);
        let effects = match running.kind {
            Kind::Upload(blob, _) => self.give_up(blob),
            Kind::Download | Kind::Shown(_) | Kind::Forward(..) => Vec::new(),
        };
        self.start_next_upload();
        effects
    }

    fn give_up(&mut self, blob: BlobId) -> Vec<Effect> {
        self.sent = Some(blob);
        self.with_core(|core| core.cancel_upload(blob))
    }

    /// The conversation is gone, and the core has forgotten what was to go there.
    pub(super) fn drop_uploads(&mut self, log: LogId) {
        let is_gone = |one: &&Transfer| one.upload && one.log == log;
        let gone: Vec<u64> =
            self.ui.transfers.with_untracked(|all| all.iter().filter(is_gone).map(|one| one.number).collect());
        for running in gone.into_iter().filter_map(|number| self.end_transfer(number)).collect::<Vec<_>>() {
            running.control.cancelled.set(true);
        }
        self.start_next_upload();
    }

    fn end_transfer(&mut self, number: u64) -> Option<Running> {
        self.ui.transfers.update(|transfers| transfers.retain(|one| one.number != number));
        self.files.running.remove(&number)
    }
}

async fn send(
    number: u64,
    mut upload: Upload,
    source: &Source,
    server: &str,
    control: &Control,
) -> Option<FinishedUpload> {
    let mut failures = 0;
    // What the network does is waited out: what the user sent is sent.
    while control.goes_on().await {
        let request = match upload.next() {
            UploadStep::Ask(request) => request,
            UploadStep::Finished => return upload.finish(),
            UploadStep::Plain { offset, len } => {
                let plain = source.read(offset, len).await.ok()?;
                match upload.supply(&plain).ok()? {
                    Some(request) => request,
                    None => continue,
                }
            }
        };
        let outcome = match fetch(server, &request).await {
            Some(answer) => upload.handle_response(answer.status, &answer.body),
            None => {
                upload.handle_request_failed();
                failures += 1;
                clock::sleep((RETRY_MILLIS * failures).min(RETRY_MILLIS_MAX)).await;
                continue;
            }
        };
        if !went_on(outcome, &mut failures).await? {
            continue;
        }
        post(Input::File(FileInput::Progress(number, upload.progress().0)));
    }
    None
}

impl Source {
    async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, StorageError> {
        match self {
            Self::File(file) => slice(file, offset, len).await,
            Self::Kept(vault, blob) => vault.kept_part(*blob, offset, len).await,
        }
    }
}

/// Fetches a file in parts; tells how far it is under this number.
pub(super) async fn receive(number: u64, mut download: Download, server: &str, control: &Control) -> Option<Array> {
    let parts = Array::new();
    let mut failures = 0;
    while failures < ATTEMPTS_MAX && control.goes_on().await {
        let request = match download.next().ok()? {
            DownloadStep::Ask(request) => request,
            DownloadStep::Finished => return Some(parts),
        };
        let Some(answer) = fetch(server, &request).await else {
            failures += 1;
            clock::sleep(RETRY_MILLIS * failures).await;
            continue;
        };
        let outcome = download.handle_response(answer.status, &answer.body).map(|plain| {
            parts.push(&Uint8Array::from(plain.as_slice()));
        });
        if went_on(outcome, &mut failures).await? {
            post(Input::File(FileInput::Progress(number, download.progress().0)));
        }
    }
    None
}

/// Whether a step worked; waits after one that may yet; `None` when there is no use in going on.
async fn went_on(outcome: Result<(), TransferError>, failures: &mut u32) -> Option<bool> {
    match outcome {
        Ok(()) => {
            *failures = 0;
            Some(true)
        }
        Err(error) if error.may_pass() => {
            *failures += 1;
            clock::sleep((RETRY_MILLIS * *failures).min(RETRY_MILLIS_MAX)).await;
            Some(false)
        }
        Err(_) => None,
    }
}

/// A part of a file.
pub(super) async fn slice(file: &Blob, offset: u64, len: usize) -> Result<Vec<u8>, StorageError> {
    let part = file.slice_with_f64_and_f64(offset as f64, (offset + len as u64) as f64)?;
    Ok(Uint8Array::new(&JsFuture::from(part.array_buffer()).await?).to_vec())
}

fn blob_of(parts: &Array, media_type: &str) -> Result<Blob, JsValue> {
    let properties = BlobPropertyBag::new();
    properties.set_type(media_type);
    Blob::new_with_buffer_source_sequence_and_options(parts, &properties)
}

/// Hands the file to the browser's downloads.
pub(super) fn save(blob: &Blob, name: &str) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
    let anchor: HtmlAnchorElement = document.create_element("a")?.dyn_into()?;
    anchor.set_href(&url);
    anchor.set_download(&format::safe_file_name(name));
    anchor.click();
    clock::after(URL_LIFE_MILLIS, move || drop(Url::revoke_object_url(&url)));
    Ok(())
}
