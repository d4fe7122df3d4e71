//! Files on their way: each transfer is a task of its own that moves bytes and tells the actor how far it is.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use allod_client_core::transfer::{
    Download, DownloadStep, FileInfo, FinishedUpload, TransferError, Upload, UploadStep,
};
use allod_client_core::view::FileView;
use allod_client_core::{CoreError, Effect};
use allod_wire::{BlobId, EntryId, LogId};
use js_sys::{Array, Uint8Array};
use leptos::prelude::Update;
use rand_core::OsRng;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File, HtmlAnchorElement, Url};

use super::actor::Actor;
use super::fetch::fetch;
use super::{Input, Stop, clock, post};
use crate::format;
use crate::state::{NoticeText, Transfer, Ui};

/// A transfer that fails so often in a row is given up.
const ATTEMPTS_MAX: u32 = 6;
const RETRY_MILLIS: u32 = 1_000;
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
    /// Pictures that were asked for, so that none is asked for twice.
    pictures: BTreeSet<EntryId>,
}

struct Running {
    name: String,
    cancelled: Rc<Cell<bool>>,
    kind: Kind,
}

enum Kind {
    Upload(BlobId),
    Download,
    Picture(EntryId),
}

impl Files {
    fn add(&mut self, name: &str, kind: Kind) -> (u64, Rc<Cell<bool>>) {
        self.last += 1;
        let cancelled = Rc::new(Cell::new(false));
        self.running.insert(self.last, Running { name: name.to_owned(), cancelled: cancelled.clone(), kind });
        (self.last, cancelled)
    }

    /// Another conversation is opened: the pictures of the last one go from memory.
    pub(super) fn forget_pictures(&mut self, ui: Ui) {
        self.pictures.clear();
        ui.pictures.update(|pictures| {
            for url in std::mem::take(pictures).values() {
                drop(Url::revoke_object_url(url));
            }
        });
    }
}

impl Actor {
    /// Starts to send files; each becomes a message when the server has it.
    pub(super) async fn send_files(&mut self, log: LogId, files: Vec<File>) -> Result<Vec<Effect>, Stop> {
        for file in files {
            let (name, size) = (file.name(), file.size() as u64);
            let info = FileInfo { name: name.clone(), media_type: file.type_(), size, ..FileInfo::default() };
            let Some(core) = &mut self.core else { break };
            let server = core.server().to_owned();
            match core.start_upload(log, info, &mut OsRng) {
                Ok((upload, effects)) => {
                    self.carry_out(effects).await?;
                    let (number, cancelled) = self.files.add(&name, Kind::Upload(upload.blob()));
                    let transfer = Transfer { number, log, name, upload: true, done: 0, all: size, entry: None };
                    self.ui.transfers.update(|transfers| transfers.push(transfer));
                    wasm_bindgen_futures::spawn_local(async move {
                        let end = send(number, upload, &file, &server, &cancelled).await;
                        post(Input::File(
                            end.map_or(FileInput::Failed(number), |done| FileInput::Uploaded(number, Box::new(done))),
                        ));
                    });
                }
                Err(error) => drop(self.verb(|_| Err::<Vec<Effect>, CoreError>(error))),
            }
        }
        Ok(Vec::new())
    }

    /// Starts to fetch a file.
    pub(super) fn download(&mut self, log: LogId, entry: EntryId, file: &FileView, picture: bool) {
        let Some(core) = &mut self.core else { return };
        if picture && !self.files.pictures.insert(entry) {
            return;
        }
        let server = core.server().to_owned();
        let download = match core.start_download(log, file) {
            Ok(download) => download,
            Err(error) => return drop(self.verb(|_| Err::<Vec<Effect>, CoreError>(error))),
        };
        let kind = if picture { Kind::Picture(entry) } else { Kind::Download };
        let media_type = format::picture_type(&file.media_type).filter(|_| picture);
        let (number, cancelled) = self.files.add(&file.name, kind);
        let (name, all) = (file.name.clone(), file.size);
        let transfer = Transfer { number, log, name, upload: false, done: 0, all, entry: Some(entry) };
        self.ui.transfers.update(|transfers| transfers.push(transfer));
        wasm_bindgen_futures::spawn_local(async move {
            let end = receive(number, download, &server, &cancelled).await;
            let blob = end.and_then(|parts| blob_of(&parts, media_type.unwrap_or("application/octet-stream")).ok());
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
        match (input, running.kind) {
            (FileInput::Uploaded(_, done), _) => {
                let now = clock::now();
                self.list_changed = true;
                self.verb(|core| core.send_file(*done, now, &mut OsRng).map(|(_, effects)| effects))
            }
            (FileInput::Downloaded(_, blob), Kind::Picture(entry)) => {
                if let Ok(url) = Url::create_object_url_with_blob(&blob) {
                    self.ui.pictures.update(|pictures| drop(pictures.insert(entry, url)));
                }
                Vec::new()
            }
            (FileInput::Downloaded(_, blob), _) => {
                drop(save(&blob, &running.name));
                Vec::new()
            }
            (_, Kind::Upload(blob)) => {
                self.ui.tell(NoticeText::About(|words| words.upload_failed, running.name), false);
                self.with_core(|core| core.cancel_upload(blob))
            }
            (_, Kind::Picture(_)) => Vec::new(),
            (_, Kind::Download) => {
                self.ui.tell(NoticeText::About(|words| words.download_failed, running.name), false);
                Vec::new()
            }
        }
    }

    /// The user does not want it any more.
    pub(super) fn cancel_transfer(&mut self, number: u64) -> Vec<Effect> {
        let Some(running) = self.end_transfer(number) else { return Vec::new() };
        running.cancelled.set(true);
        match running.kind {
            Kind::Upload(blob) => self.with_core(|core| core.cancel_upload(blob)),
            Kind::Download | Kind::Picture(_) => Vec::new(),
        }
    }

    fn end_transfer(&mut self, number: u64) -> Option<Running> {
        self.ui.transfers.update(|transfers| transfers.retain(|one| one.number != number));
        self.files.running.remove(&number)
    }
}

async fn send(
    number: u64,
    mut upload: Upload,
    file: &File,
    server: &str,
    cancelled: &Cell<bool>,
) -> Option<FinishedUpload> {
    let mut failures = 0;
    while !cancelled.get() && failures < ATTEMPTS_MAX {
        let request = match upload.next() {
            UploadStep::Ask(request) => request,
            UploadStep::Finished => return upload.finish(),
            UploadStep::Plain { offset, len } => {
                let plain = slice(file, offset, len).await.ok()?;
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
                clock::sleep(RETRY_MILLIS * failures).await;
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

async fn receive(number: u64, mut download: Download, server: &str, cancelled: &Cell<bool>) -> Option<Array> {
    let parts = Array::new();
    let mut failures = 0;
    while !cancelled.get() && failures < ATTEMPTS_MAX {
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
            clock::sleep(RETRY_MILLIS * *failures).await;
            Some(false)
        }
        Err(_) => None,
    }
}

pub(super) async fn slice(file: &File, offset: u64, len: usize) -> Result<Vec<u8>, JsValue> {
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
