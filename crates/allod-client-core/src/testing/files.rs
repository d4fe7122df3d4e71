//! Files, as a shell moves them.

use allod_wire::LogId;

use super::{Who, World};
use crate::transfer::{DownloadStep, FileInfo, Upload, UploadStep};
use crate::view::FileView;

impl World {
    /// Sends a file.
    pub fn send_file(&mut self, who: Who, log: LogId, name: &str, bytes: &[u8]) {
        let (size, caption) = (bytes.len() as u64, "here".to_owned());
        let info =
            FileInfo { name: name.into(), media_type: "text/plain".into(), size, caption, ..FileInfo::default() };
        self.send_file_as(who, log, info, bytes);
    }

    /// Begins to send a file, and no more.
    pub fn begin_upload(&mut self, who: Who, log: LogId, info: FileInfo) -> Upload {
        let (upload, effects) = self.peers[who.0].core.start_upload(log, info, &mut self.rng).expect("fits");
        self.take(who, effects);
        upload
    }

    /// Sends a file with all that is said of it.
    pub fn send_file_as(&mut self, who: Who, log: LogId, info: FileInfo, bytes: &[u8]) {
        let mut upload = self.begin_upload(who, log, info);
        loop {
            let request = match upload.next() {
                UploadStep::Ask(request) => Some(request),
                UploadStep::Plain { offset, len } => {
                    upload.supply(&bytes[offset as usize..offset as usize + len]).expect("the file is as promised")
                }
                UploadStep::Finished => break,
            };
            if let Some(request) = request {
                let (status, body) = self.hub.handle(&request, self.now);
                upload.handle_response(status, &body).expect("taken");
            }
        }
        let finished = upload.finish().expect("finished");
        let sent = self.peers[who.0].core.send_file(finished, self.now, &mut self.rng);
        self.take(who, sent.expect("may speak").1);
        self.settle();
    }

    /// Fetches a file.
    pub fn fetch(&mut self, who: Who, log: LogId, file: &FileView) -> Vec<u8> {
        let mut download = self.peers[who.0].core.start_download(log, file).expect("a member");
        let mut bytes = Vec::new();
        while let DownloadStep::Ask(request) = download.next().expect("not damaged") {
            let (status, body) = self.hub.handle(&request, self.now);
            bytes.extend(download.handle_response(status, &body).expect("opens"));
        }
        bytes
    }
}
