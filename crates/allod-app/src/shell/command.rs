//! What the user can ask for.

use std::fmt;

use allod_client_core::transfer::FileInfo;
use allod_client_core::view::{FileView, MessageView};
use allod_client_core::{ForkChoice, New, Poll, Role, With};
use allod_wire::mimi::MessageId;
use allod_wire::{Address, DeviceId, EntryId, LogId, Position, UnixMillis};
use zeroize::Zeroizing;

use crate::draft::Place;

/// What the user asks for. The actor does it, or says why not.
pub enum Command {
    /// Look at this link.
    UseLink(String),
    /// Spend the invitation that was opened, with this name.
    Join(String),
    /// Show a conversation.
    Open(LogId),
    /// Show earlier messages of the open conversation, if this is the first position that is shown.
    LoadEarlier(Option<u64>),
    /// Show later ones, if this is the last position that is shown.
    LoadLater(Option<u64>),
    /// Show the end of the open conversation.
    LoadEnd,
    /// Show what is found by these words; by none, nothing.
    Search(String),
    /// Index a part of the history that is older than search.
    IndexHistory,
    /// Show a message in its conversation.
    Jump(LogId, Position),
    /// The readers were looked at.
    ReadersSeen(LogId),
    /// Ask the server who is there.
    AskPeople,
    /// Start a conversation.
    Start(New),
    /// Send text.
    SendText(LogId, String, With),
    /// React to a message.
    React(LogId, MessageId, String),
    /// Take an own reaction to a message back.
    TakeBack {
        /// Where.
        log: LogId,
        /// The message.
        message: MessageId,
        /// The reaction.
        own: MessageId,
    },
    /// Let an own message say this.
    Edit(Box<MessageView>, String),
    /// Ask a question with answers to choose from.
    SendPoll(Place, Poll),
    /// Choose these options of a poll, instead of those before.
    Vote(Box<MessageView>, Vec<u8>),
    /// End a poll.
    EndPoll(Box<MessageView>),
    /// Give the acknowledgement that a message asks for.
    Acknowledge(Box<MessageView>),
    /// Say in a conversation what a message says; a file is fetched, and a copy of it sent.
    Forward(Box<MessageView>, LogId),
    /// Show the thread that began with a message.
    OpenThread(LogId, MessageId),
    /// The user writes in a conversation's field, or nothing is left in it.
    Typing(LogId, bool),
    /// Tell others that the user types, and be told; or neither.
    SetTyping(bool),
    /// Tell others what was read, and be told; or neither.
    SetReceipts(bool),
    /// Delete a message for everyone.
    Delete(Box<MessageView>),
    /// Take away a message that the server will not take.
    Discard(LogId, EntryId),
    /// Send files.
    SendFiles(LogId, Vec<ToSend>),
    /// Halt a file on its way, or let it go on.
    PauseTransfer(u64),
    /// Stop sending or fetching a file.
    CancelTransfer(u64),
    /// Fetch a file and hand it to the browser's downloads.
    Download(LogId, EntryId, FileView),
    /// Fetch a picture or a recording, to show or play it in its message.
    Show(LogId, EntryId, FileView),
    /// Add people.
    Add(LogId, Vec<Address>),
    /// Remove somebody with all devices.
    Remove(LogId, Address),
    /// Change somebody's role.
    SetRole(LogId, Address, Role),
    /// Whether plain members add people.
    SetMembersAdd(LogId, bool),
    /// Leave.
    Leave(LogId),
    /// Give a conversation another title.
    Rename(LogId, String),
    /// Decide after the server was caught.
    ResolveFork(LogId, ForkChoice),
    /// Show the safety number with somebody.
    ShowSafety(Address),
    /// The user compared this number with that person.
    ConfirmSafety(Address, String),
    /// That person does not count as compared any more.
    UndoSafety(Address),
    /// Keep a conversation on top, or not.
    Pin(LogId, bool),
    /// No notices of a conversation before this time, or notices again.
    Mute(LogId, Option<UnixMillis>),
    /// Put a conversation away, or back.
    Archive(LogId, bool),
    /// Keep what was begun and not sent.
    KeepDrafts,
    /// Delete a conversation that is over from this device.
    Forget(LogId),
    /// Make an invitation.
    Invite {
        /// Only for this name.
        name: Option<String>,
        /// For an administrator.
        administrator: bool,
    },
    /// Make a link for another own device.
    NewDeviceLink,
    /// Make the words for a backup, and show them.
    BeginBackup,
    /// Make the backup under the words that were shown.
    MakeBackup,
    /// Write it, with this link in it.
    WriteBackup(String),
    /// Write all that is here into an archive for the downloads.
    Export {
        /// With the files in messages.
        files: bool,
    },
    /// Leave it.
    CancelExport,
    /// Go on with that.
    ExportStep,
    /// Do not remind of a backup for a while.
    PutOffBackup,
    /// Come back with a backup and its words.
    Restore(web_sys::File, Zeroizing<String>),
    /// Delete what an attempt to come back left here.
    ForgetRestore,
    /// This own device is known.
    DeviceKnown(DeviceId),
    /// Remove an own device.
    RemoveDevice(DeviceId),
    /// Try the connection now.
    Reconnect,
}

/// A file to send, as it leaves the device.
#[derive(Clone)]
pub struct ToSend {
    /// The file.
    pub file: web_sys::Blob,
    /// What is said of it.
    pub info: FileInfo,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Command")
    }
}
