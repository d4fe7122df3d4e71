//! What the interface shows, as signals. The actor writes them; views read them and write only where the user looks.

use std::collections::{BTreeMap, BTreeSet};

use allod_client_core::history::HistoryStep;
use allod_client_core::keeping::NewDeviceView;
use allod_client_core::ledger::LedgerView;
use allod_client_core::receipts::ReceiptView;
use allod_client_core::safety::SafetyView;
use allod_client_core::search::Found;
use allod_client_core::view::{ConversationSummary, FileView, MeView, MessageView, PersonView, Readers, State};
use allod_client_core::{Kind, Role};
use allod_wire::account::AccountRole;
use allod_wire::mimi::MessageId;
use allod_wire::{Address, DeviceId, EntryId, LogId, Position, UnixMillis, UserName};
use leptos::prelude::*;

use crate::dialog::{Dialog, Opened};
use crate::draft::{Draft, Place};
use crate::gesture::Point;
use crate::shell::Drawn;
use crate::strings::{Strings, Text, Words};

/// Which page has the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Looking at what this browser keeps.
    Starting,
    /// Another tab has the conversations.
    Elsewhere,
    /// Nothing is kept here, and there is no invitation.
    Uninvited,
    /// An invitation was opened.
    Invited(Offer),
    /// The device has joined: the panes.
    Ready,
    /// Stopped before anything could be lost.
    Broken(Fault),
}

/// Why the app stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The browser's storage.
    Storage,
    /// A mistake of ours.
    Bug,
}

/// What an invitation offers, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The organisation's domain.
    pub organisation: String,
    /// The only name that it is for.
    pub name: Option<UserName>,
    /// It adds a device to an account.
    pub adds_device: bool,
}

/// How far joining is.
#[derive(Debug, Clone)]
pub enum Joining {
    /// The user chooses.
    Choosing,
    /// Asked the server.
    Waiting,
    /// Reading a backup: so many percent.
    Restoring(u32),
    /// Did not work out; the text says what to do.
    Problem(Text),
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exporting {
    /// None is being written.
    No,
    /// So many percent, with so many files.
    Working(u32, u64),
    /// The archive was handed over, without so many files.
    Done(u64),
    /// It could not be put together.
    Failed,
}

/// How far a backup is.
#[derive(Debug, Clone)]
pub enum MakingBackup {
    /// None is being made.
    No,
    /// The words are there, to write down.
    Words(Vec<String>),
    /// So many percent are sealed.
    Working(u32),
    /// The file was handed over.
    Done,
    /// No file was made; the text says what to do.
    Failed(Text),
}

/// What a phone shows of the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The list.
    List,
    /// The conversation.
    Conversation,
    /// Who can read it.
    Details,
}

impl Pane {
    /// For the style sheet.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Conversation => "conversation",
            Self::Details => "details",
        }
    }
}

/// What stands in the pane of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The conversations.
    Conversations,
    /// The choice of people for a new one.
    New,
    /// Settings.
    Settings,
}

/// The connection to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Being made for the first time.
    Connecting,
    /// There.
    Online,
    /// Lost, or never there; being tried again.
    Offline,
    /// The account has this device no more: there will be none.
    Removed,
}

/// A text of the interface about somebody or something.
pub type About = fn(&Strings) -> fn(&str) -> String;

/// Something that the user should know of, until dismissed.
#[derive(Debug, Clone)]
pub struct Notice {
    /// What happened.
    pub what: NoticeText,
    /// Somebody else may be reading, or a record is wrong.
    pub alarm: bool,
}

/// The words of a notice, in whatever language is chosen.
#[derive(Debug, Clone)]
pub enum NoticeText {
    /// A text.
    Plain(Text),
    /// A text about this.
    About(About, String),
}

impl NoticeText {
    /// In these words.
    pub fn say(&self, words: &Strings) -> String {
        match self {
            Self::Plain(text) => text(words).to_owned(),
            Self::About(text, what) => text(words)(what),
        }
    }
}

/// A file on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// Names it for this run of the app.
    pub number: u64,
    /// Where.
    pub log: LogId,
    /// The thread into which it goes.
    pub thread: Option<MessageId>,
    /// The file's name.
    pub name: String,
    /// To the server, or from it.
    pub upload: bool,
    /// Halted by the user.
    pub paused: bool,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all.
    pub all: u64,
    /// The message that it belongs to, for a download.
    pub entry: Option<EntryId>,
}

impl Transfer {
    /// One of this file that has not begun, from or to nowhere.
    pub fn of(file: &FileView) -> Self {
        let (name, all) = (file.name.clone(), file.size);
        let log = LogId([0; 32]);
        Self { number: 0, log, thread: None, name, upload: false, paused: false, done: 0, all, entry: None }
    }
}

/// A thread of the open conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Thread {
    /// The message that began it.
    pub root: MessageView,
    /// Its answers, oldest first.
    pub answers: Vec<MessageView>,
}

/// A file that was chosen to be sent.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Names it for this run of the app.
    pub number: u64,
    /// The thread into which it goes.
    pub thread: Option<MessageId>,
    /// The file as it was chosen.
    pub file: web_sys::File,
    /// What is sent instead, for a picture.
    pub picture: Picture,
}

/// What became of a chosen file's picture.
#[derive(Debug, Clone)]
pub enum Picture {
    /// It is none that is drawn anew.
    None,
    /// Being drawn.
    Drawing,
    /// Drawn anew.
    Drawn(Drawn),
    /// This browser cannot read it.
    Unreadable,
}

/// A link that was made, to pass on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MadeLink {
    /// For a person.
    Invitation(String),
    /// For an own device.
    Device(String),
}

/// All of it. Copies are handles to the same signals.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// The words, in the language chosen.
    pub words: Words,
    /// Which page.
    pub phase: RwSignal<Phase>,
    /// How far joining is.
    pub joining: RwSignal<Joining>,
    /// The user.
    pub me: RwSignal<Option<MeView>>,
    /// Newest first.
    pub conversations: RwSignal<Vec<ConversationSummary>>,
    /// The open conversation.
    pub open: RwSignal<Option<LogId>>,
    /// What a phone shows.
    pub pane: RwSignal<Pane>,
    /// What stands in the pane of the list.
    pub side: RwSignal<Side>,
    /// The readers are shown.
    pub details: RwSignal<bool>,
    /// The history of the open conversation that is loaded, oldest first.
    pub lines: RwSignal<Vec<MessageView>>,
    /// There is earlier history that is not loaded.
    pub earlier: RwSignal<bool>,
    /// There is later history that is not loaded.
    pub later: RwSignal<bool>,
    /// Where the first message stands that was not read when the conversation was opened.
    pub unread_from: RwSignal<Option<u64>>,
    /// What was written in the open conversation and is not in its log yet.
    pub waiting: RwSignal<Vec<MessageView>>,
    /// What was found, while something is looked for.
    pub found: RwSignal<Option<Found>>,
    /// A line of the open conversation to bring into sight.
    pub jump: RwSignal<Option<Position>>,
    /// The thread that stands beside the open conversation.
    pub thread: RwSignal<Option<Thread>>,
    /// How far the others are in the open conversation, as far as they tell.
    pub receipts: RwSignal<Vec<ReceiptView>>,
    /// Who can read the open conversation.
    pub readers: RwSignal<Option<Readers>>,
    /// The safety number that is looked at.
    pub safety: RwSignal<Option<SafetyView>>,
    /// The people of the organisation, once the server told.
    pub people: RwSignal<Option<Vec<PersonView>>>,
    /// Files on their way.
    pub transfers: RwSignal<Vec<Transfer>>,
    /// Files that were chosen, before they are sent.
    pub chosen: RwSignal<Vec<Chosen>, LocalStorage>,
    /// Pictures and recordings that were fetched, as URLs of this page.
    pub shown: RwSignal<BTreeMap<EntryId, String>>,
    /// The picture that is looked at on the whole screen.
    pub viewed: RwSignal<Option<EntryId>>,
    /// The recording that is played.
    pub played: RwSignal<Option<EntryId>>,
    /// Histories on their way between this device and others of the account.
    pub histories: RwSignal<Vec<(DeviceId, HistoryStep)>>,
    /// The connection.
    pub connection: RwSignal<Connection>,
    /// Own devices that came, about which the user said nothing yet.
    pub new_devices: RwSignal<Vec<NewDeviceView>>,
    /// How things stand with the organisation's ledger; none where it has none.
    pub ledger: RwSignal<Option<LedgerView>>,
    /// When this device last made a backup.
    pub last_backup: RwSignal<Option<UnixMillis>>,
    /// It is time to make one.
    pub backup_is_due: RwSignal<bool>,
    /// The export that is being written.
    pub exporting: RwSignal<Exporting>,
    /// The backup that is being made.
    pub backup: RwSignal<MakingBackup>,
    /// Something to know.
    pub notice: RwSignal<Option<Notice>>,
    /// A link that was made.
    pub link: RwSignal<Option<MadeLink>>,
    /// What was begun and not sent.
    pub drafts: RwSignal<BTreeMap<Place, Draft>>,
    /// What stands over the window.
    pub dialog: RwSignal<Option<Opened>>,
    /// Another version of the app waits to be taken into use.
    pub update: RwSignal<bool>,
    /// The browser promised to keep what we store.
    pub storage_is_safe: RwSignal<bool>,
}

impl Ui {
    /// At the start.
    pub fn new(words: Words) -> Self {
        Self {
            words,
            phase: RwSignal::new(Phase::Starting),
            joining: RwSignal::new(Joining::Choosing),
            me: RwSignal::new(None),
            conversations: RwSignal::new(Vec::new()),
            open: RwSignal::new(None),
            pane: RwSignal::new(Pane::List),
            side: RwSignal::new(Side::Conversations),
            details: RwSignal::new(false),
            lines: RwSignal::new(Vec::new()),
            earlier: RwSignal::new(false),
            later: RwSignal::new(false),
            unread_from: RwSignal::new(None),
            waiting: RwSignal::new(Vec::new()),
            found: RwSignal::new(None),
            jump: RwSignal::new(None),
            thread: RwSignal::new(None),
            receipts: RwSignal::new(Vec::new()),
            readers: RwSignal::new(None),
            safety: RwSignal::new(None),
            people: RwSignal::new(None),
            transfers: RwSignal::new(Vec::new()),
            chosen: RwSignal::new_local(Vec::new()),
            shown: RwSignal::new(BTreeMap::new()),
            viewed: RwSignal::new(None),
            played: RwSignal::new(None),
            histories: RwSignal::new(Vec::new()),
            connection: RwSignal::new(Connection::Connecting),
            new_devices: RwSignal::new(Vec::new()),
            ledger: RwSignal::new(None),
            last_backup: RwSignal::new(None),
            backup_is_due: RwSignal::new(false),
            exporting: RwSignal::new(Exporting::No),
            backup: RwSignal::new(MakingBackup::No),
            notice: RwSignal::new(None),
            link: RwSignal::new(None),
            drafts: RwSignal::new(BTreeMap::new()),
            dialog: RwSignal::new(None),
            update: RwSignal::new(false),
            storage_is_safe: RwSignal::new(true),
        }
    }

    /// Whether this is the user.
    pub fn is_me(self, address: &Address) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| me.address == *address))
    }

    /// What to call somebody: the name alone within the own organisation.
    pub fn name_of(self, address: &Address) -> String {
        let at_home = self.me.with(|me| me.as_ref().is_some_and(|me| me.address.domain == address.domain));
        if at_home { address.name.to_string() } else { address.to_string() }
    }

    /// As [`Self::name_of`], but "You" for the user.
    pub fn name_or_you(self, address: &Address) -> String {
        if self.is_me(address) { self.words.get().you.to_owned() } else { self.name_of(address) }
    }

    /// What to call a conversation.
    pub fn title_of(self, conversation: &ConversationSummary) -> String {
        match conversation.title.parse::<Address>() {
            Ok(address) if conversation.people.contains(&address) => self.name_of(&address),
            _ => conversation.title.clone(),
        }
    }

    /// The summary of the open conversation.
    pub fn current(self) -> Option<ConversationSummary> {
        let open = self.open.get()?;
        self.conversations.with(|all| all.iter().find(|one| one.log == open).cloned())
    }

    /// Whether the user manages accounts.
    pub fn is_administrator(self) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| me.role == AccountRole::Administrator))
    }

    /// Tells the user something.
    pub fn tell(self, what: NoticeText, alarm: bool) {
        self.notice.set(Some(Notice { what, alarm }));
    }

    /// Opens a dialog, in place of the one that is open.
    pub fn show(self, dialog: Dialog, at: Option<Point>) {
        self.dialog.set(Some(Opened { dialog, at }));
    }

    /// The people of the open conversation, the user among them.
    pub fn people_here(self) -> BTreeSet<Address> {
        let me = self.me.with(|me| me.as_ref().map(|me| me.address.clone()));
        self.current().map(|current| current.people).unwrap_or_default().into_iter().chain(me).collect()
    }

    /// What the user may do in the open conversation: write, and act on messages.
    pub fn can_write(self) -> bool {
        self.current().is_some_and(|current| matches!(current.state, State::Creating | State::Active))
    }

    /// Whether the user may delete what others wrote in the open conversation: owners and admins of a group.
    pub fn is_chief(self) -> bool {
        self.current().is_some_and(|current| current.kind == Kind::Group && current.my_role >= Role::Admin)
    }

    /// How many steps the user is away from the list of conversations.
    pub fn depth(self) -> usize {
        let panes = match self.pane.get() {
            Pane::List => 0,
            Pane::Conversation => 1,
            Pane::Details => 2,
        };
        panes + usize::from(self.side.get() != Side::Conversations)
    }

    /// Goes back one step: from details to the conversation, from there to the list.
    pub fn go_back(self) {
        if self.side.get_untracked() != Side::Conversations {
            return self.side.set(Side::Conversations);
        }
        match self.pane.get_untracked() {
            Pane::Details => {
                self.details.set(false);
                self.pane.set(Pane::Conversation);
            }
            Pane::Conversation if self.details.get_untracked() => self.details.set(false),
            Pane::Conversation => self.pane.set(Pane::List),
            Pane::List => {}
        }
    }
}
