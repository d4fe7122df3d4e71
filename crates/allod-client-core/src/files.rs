//! Files: what the core knows of transfers that the shell carries out ([`crate::transfer`]).

use allod_crypto::blob::{random_key, sealed_len};
use allod_crypto::{Random, random_bytes};
use allod_wire::mimi::MimiContent;
use allod_wire::{BlobId, EntryId, LogId, UnixMillis};

use crate::content::mark_forwarded;
use crate::conversation::{Conversation, Standing};
use crate::core::ClientCore;
use crate::effect::Effect;
use crate::error::CoreError;
use crate::rows;
use crate::transfer::{Download, FileInfo, FinishedUpload, Upload, UploadRow};
use crate::view::FileView;

impl ClientCore {
    /// Begins to send a file; it is finished by [`Self::send_file`].
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn start_upload(
        &mut self,
        log: LogId,
        info: FileInfo,
        rng: &mut dyn Random,
    ) -> Result<(Upload, Vec<Effect>), CoreError> {
        let bytes_max = self.joined()?.organisation.blob_bytes_max;
        let conversation = self.member_of(log)?;
        let token = conversation.token().ok_or(CoreError::NotAMember)?;
        let sealed = sealed_len(info.size).map_err(|_| CoreError::FileTooLarge)?;
        if sealed > bytes_max {
            return Err(CoreError::FileTooLarge);
        }
        let blob = BlobId(random_bytes(rng));
        let row = UploadRow { log, blob, key: random_key(rng), info };
        let upload = Upload::new(row.clone(), token, true).map_err(|_| CoreError::FileTooLarge)?;
        self.writes.put(rows::upload(blob), &row);
        self.uploads.insert(blob, row);
        Ok((upload, self.done()))
    }

    /// Whether the server has the conversation, so that a file can go there: a new one is made when its people were looked up. Until then
    /// [`crate::Event::ConversationChanged`] says when it has, or [`crate::Event::ConversationGone`] that it never will.
    pub fn takes_files(&self, log: LogId) -> bool {
        self.conversations.get(&log).is_some_and(|conversation| conversation.row.standing != Standing::Creating)
    }

    /// Of a conversation that is no longer there.
    pub(crate) fn forget_uploads(&mut self, log: LogId) {
        for (blob, _) in self.uploads.extract_if(.., |_, row| row.log == log) {
            self.writes.delete(rows::upload(blob));
        }
    }

    /// Uploads that were begun and not finished or cancelled.
    pub fn uploads(&self) -> Vec<(LogId, BlobId, FileInfo)> {
        self.uploads.values().map(|row| (row.log, row.blob, row.info.clone())).collect()
    }

    /// Goes on with an upload after a restart.
    pub fn resume_upload(&mut self, blob: BlobId) -> Option<Upload> {
        let row = self.uploads.get(&blob)?.clone();
        let token = self.conversations.get_mut(&row.log).and_then(Conversation::token)?;
        Upload::new(row, token, false).ok()
    }

    /// Gives an upload up; what the server has of it goes by itself.
    pub fn cancel_upload(&mut self, blob: BlobId) -> Vec<Effect> {
        if self.uploads.remove(&blob).is_some() {
            self.writes.delete(rows::upload(blob));
        }
        self.done()
    }

    /// Fetches a file.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn start_download(&mut self, log: LogId, file: &FileView) -> Result<Download, CoreError> {
        let token = self.member_of(log)?.token().ok_or(CoreError::NotAMember)?;
        Download::new(log, token, file.blob.clone()).map_err(|_| CoreError::FileTooLarge)
    }

    /// Sends a file that was uploaded.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn send_file(
        &mut self,
        upload: FinishedUpload,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<(EntryId, Vec<Effect>), CoreError> {
        let blob = upload.file.blob.blob;
        self.uploads.remove(&blob);
        self.writes.delete(rows::upload(blob));
        let mut content = MimiContent::new(random_bytes(rng), upload.file.to_part(&upload.caption));
        content.topic = upload.thread.map(|root| root.to_vec()).unwrap_or_default();
        if upload.forwarded {
            mark_forwarded(&mut content);
        }
        self.send_content(upload.log, content, now, rng)
    }
}
