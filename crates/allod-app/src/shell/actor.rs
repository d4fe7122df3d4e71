//! The actor: holds the core, hands it one input after the other, and carries out what it answers.

use allod_client_core::{ClientCore, Effect, Plane, RestoreError};
use allod_crypto::recovery::RecoveryPhrase;
use allod_wire::link::Link;
use allod_wire::mimi::MessageId;
use allod_wire::{BlobId, LogId, Position, UnixMillis, cbor};
use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;
use leptos::prelude::{GetUntracked, Set, WithUntracked};
use rand_core::OsRng;

use super::export::Export;
use super::fetch::fetch;
use super::files::Files;
use super::lines::quoted;
use super::socket::Socket;
use super::vault::Vault;
use super::{Command, Input, Stop, clock, join, page, post};
use crate::draft::Place;
use crate::state::{Connection, Joining, NoticeText, Pane, Phase, Ui};

/// Lines of history that are loaded at a time.
pub(super) const PAGE_LINES: u32 = 60;

/// See the module.
pub(super) struct Actor {
    pub(super) ui: Ui,
    pub(super) vault: Vault,
    pub(super) core: Option<ClientCore>,
    pub(super) files: Files,
    /// The invitation that was opened.
    link: Option<Link>,
    /// The words of the backup that is being made.
    pub(super) phrase: Option<RecoveryPhrase>,
    /// The export that is being written.
    pub(super) export: Option<Export>,
    /// How many exports were begun.
    pub(super) exports: u64,
    /// The device that joins comes back with a backup.
    pub(super) restoring: bool,
    account_socket: Option<Socket>,
    log_socket: Option<Socket>,
    /// The time for which a timer runs, and which one it is.
    timer: (Option<UnixMillis>, u64),
    /// What the interface shows is behind.
    pub(super) list_changed: bool,
    pub(super) open_changed: bool,
    pub(super) history_came: bool,
    /// What is looked for.
    pub(super) sought: String,
    pub(super) changed: Vec<(LogId, MessageId)>,
    /// A file that is kept no longer once the effects of this input are carried out.
    pub(super) sent: Option<BlobId>,
    /// How far the open conversation is known to be read.
    marked: Position,
}

impl Actor {
    pub(super) fn new(ui: Ui, vault: Vault) -> Self {
        Self {
            ui,
            vault,
            core: None,
            files: Files::default(),
            link: None,
            phrase: None,
            export: None,
            exports: 0,
            restoring: false,
            account_socket: None,
            log_socket: None,
            timer: (None, 0),
            list_changed: true,
            open_changed: false,
            history_came: false,
            sought: String::new(),
            changed: Vec::new(),
            sent: None,
            marked: Position(0),
        }
    }

    /// Runs until something stops it.
    pub(super) async fn run(mut self, mut inputs: UnboundedReceiver<Input>) -> Stop {
        if let Err(stop) = self.begin().await {
            return stop;
        }
        while let Some(input) = inputs.next().await {
            if let Err(stop) = self.handle(input).await {
                return stop;
            }
        }
        Stop::Closed
    }

    /// Picks up what this browser keeps, or shows how to join.
    async fn begin(&mut self) -> Result<(), Stop> {
        page::on_new_link(self.ui, |link| post(Input::Command(Command::UseLink(link))));
        match ClientCore::restore(self.vault.state().await?) {
            Ok(core) => {
                self.core = Some(core);
                let effects = self.with_core(|core| core.start(clock::now(), &mut OsRng));
                self.carry_out(effects).await?;
                if self.core.as_ref().is_some_and(ClientCore::is_joined) {
                    self.joined();
                    self.look_at_backups().await?;
                    self.resume_uploads().await?;
                    if let Some(link) = page::link_in_address() {
                        self.use_link(link).await;
                    }
                }
            }
            Err(RestoreError::Empty) => match page::link_in_address() {
                Some(link) => self.use_link(link).await,
                None => self.ui.phase.set(Phase::Uninvited),
            },
            Err(error) => return Err(error.into()),
        }
        self.settle().await
    }

    async fn handle(&mut self, input: Input) -> Result<(), Stop> {
        let now = clock::now();
        let effects = match input {
            Input::Command(command) => self.command(command).await?,
            Input::Answered(id, Some(answer)) => {
                self.with_core(|core| core.handle_response(id, answer.status, &answer.body, now, &mut OsRng))
            }
            Input::Answered(id, None) => self.with_core(|core| core.handle_request_failed(id, now, &mut OsRng)),
            Input::Rows(id, rows) => self.with_core(|core| core.handle_rows(id, &rows, now, &mut OsRng)),
            Input::SocketOpened(plane, attempt) if self.is_current(plane, attempt) => {
                if let Some(socket) = self.socket(plane) {
                    socket.opened();
                }
                self.with_core(|core| core.handle_socket_opened(plane, now, &mut OsRng))
            }
            Input::SocketClosed(plane, attempt) if self.is_current(plane, attempt) => {
                if let Some(socket) = self.socket(plane) {
                    socket.closed();
                }
                if self.ui.connection.get_untracked() != Connection::Removed {
                    self.ui.connection.set(Connection::Offline);
                }
                self.with_core(|core| core.handle_socket_closed(plane, now))
            }
            Input::Frame(plane, attempt, bytes) if self.is_current(plane, attempt) => {
                self.with_core(|core| core.handle_frame(plane, &bytes, now, &mut OsRng))
            }
            Input::SocketOpened(..) | Input::SocketClosed(..) | Input::Frame(..) => Vec::new(),
            Input::Reconnect(plane) => {
                if let Some(socket) = self.socket(plane) {
                    socket.connect();
                }
                Vec::new()
            }
            Input::NetworkBack => {
                self.hurry();
                Vec::new()
            }
            Input::VisibilityChanged => {
                if page::is_visible() {
                    self.hurry();
                } else {
                    // It may be the last that the page can do.
                    self.keep_drafts().await?;
                }
                Vec::new()
            }
            Input::Timeout(timer) if timer == self.timer.1 => {
                self.timer.0 = None;
                self.with_core(|core| core.handle_timeout(now, &mut OsRng))
            }
            Input::Timeout(_) => Vec::new(),
            Input::File(input) => self.file(input),
            Input::Backup(input) => self.backup(input, now),
            Input::Exported(number, parts) => {
                self.put_exported(number, parts.as_ref());
                Vec::new()
            }
        };
        self.carry_out(effects).await?;
        if let Some(blob) = self.sent.take() {
            self.vault.forget_file(blob).await?;
        }
        self.settle().await
    }

    /// Does what the core asks, in this order.
    pub(super) async fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), Stop> {
        if !effects.is_empty() {
            // What the user wrote is on the screen before it is on the disk.
            self.show_waiting();
        }
        for effect in effects {
            match effect {
                Effect::Persist(set) => self.vault.write(&set).await?,
                Effect::Request { id, request } => {
                    let Some(server) = self.core.as_ref().map(|core| core.server().to_owned()) else { continue };
                    wasm_bindgen_futures::spawn_local(async move {
                        post(Input::Answered(id, fetch(&server, &request).await));
                    });
                }
                Effect::Read { id, from, to, limit } => {
                    let vault = self.vault.clone();
                    wasm_bindgen_futures::spawn_local(async move {
                        // If the storage has failed, the next write says so.
                        if let Ok(rows) = vault.first_rows(&from, &to, limit).await {
                            post(Input::Rows(id, rows));
                        }
                    });
                }
                Effect::Send { plane, frame } => {
                    if let Some(socket) = self.socket(plane) {
                        socket.send(&cbor::to_vec(&frame));
                    }
                }
                Effect::Event(event) => self.note(event),
            }
        }
        Ok(())
    }

    /// After each input: what was read is marked, the interface is brought up to date, the timer set.
    async fn settle(&mut self) -> Result<(), Stop> {
        if let (Some(log), true) = (self.ui.open.get_untracked(), page::is_visible()) {
            let last = self.ui.lines.with_untracked(|lines| lines.last().and_then(|line| line.position));
            let last = Position(last.unwrap_or(0));
            if last > self.marked {
                self.marked = last;
                self.list_changed = true;
                let effects = self.verb(|core| core.mark_read(log, last, clock::now(), &mut OsRng));
                self.carry_out(effects).await?;
            }
        }
        if page::is_visible() {
            self.mark_thread().await?;
        }
        if std::mem::take(&mut self.history_came) {
            self.load_end().await?;
        }
        self.refresh_changed().await?;
        self.show();
        self.set_timer();
        Ok(())
    }

    fn show(&mut self) {
        let Some(core) = self.core.as_ref().filter(|core| core.is_joined()) else { return };
        let sockets = [&self.account_socket, &self.log_socket];
        let online = sockets.iter().all(|socket| socket.as_ref().is_some_and(Socket::is_open));
        if online && self.ui.connection.get_untracked() != Connection::Online {
            self.ui.connection.set(Connection::Online);
        }
        if std::mem::take(&mut self.list_changed) {
            let conversations = core.conversations();
            page::set_title(conversations.iter().map(|conversation| conversation.unread).sum());
            self.ui.conversations.set(conversations);
        }
        if std::mem::take(&mut self.open_changed) {
            let readers = self.ui.open.get_untracked().and_then(|log| core.readers(log));
            // What did not change is not drawn anew, and with it what the user has begun there.
            if self.ui.readers.with_untracked(|shown| *shown != readers) {
                self.ui.readers.set(readers);
            }
            self.show_receipts();
            if let Some(shown) = self.ui.safety.get_untracked() {
                self.show_safety(&shown.person);
            }
        }
        self.show_waiting();
    }

    fn show_receipts(&self) {
        let (Some(core), Some(log)) = (&self.core, self.ui.open.get_untracked()) else { return };
        let receipts = core.receipts(log);
        if self.ui.receipts.with_untracked(|shown| *shown != receipts) {
            self.ui.receipts.set(receipts);
        }
    }

    fn show_waiting(&self) {
        let (Some(core), Some(log)) = (&self.core, self.ui.open.get_untracked()) else { return };
        let waiting = self.ui.lines.with_untracked(|lines| quoted(core.outbox(log), lines));
        if self.ui.waiting.with_untracked(|shown| *shown != waiting) {
            self.ui.waiting.set(waiting);
        }
    }

    /// A link was opened or pasted.
    pub(super) async fn use_link(&mut self, text: String) {
        if self.core.as_ref().is_some_and(ClientCore::is_joined) {
            page::clear_address();
            self.ui.tell(join::of_no_use(&text), false);
            return;
        }
        match join::read_link(&text) {
            Ok(link) => {
                self.core = None;
                join::show_offer(self.ui, &link).await;
                self.link = Some(link);
            }
            Err(why) => {
                self.ui.joining.set(Joining::Problem(why));
                self.ui.phase.set(Phase::Uninvited);
            }
        }
    }

    /// Spends the invitation that was opened.
    pub(super) fn join(&mut self, name: &str) -> Vec<Effect> {
        if let Some(core) = &mut self.core {
            match name.trim().to_lowercase().parse() {
                Ok(name) => {
                    self.ui.joining.set(Joining::Waiting);
                    return core.join_as(name);
                }
                Err(_) => self.ui.joining.set(Joining::Problem(|words| words.name_wrong)),
            }
            return Vec::new();
        }
        let Some(link) = &self.link else { return Vec::new() };
        match join::spend(link, name) {
            Ok((core, effects)) => {
                self.core = Some(core);
                self.ui.joining.set(Joining::Waiting);
                effects
            }
            Err(problem) => {
                self.ui.joining.set(Joining::Problem(problem));
                Vec::new()
            }
        }
    }

    /// The invitation was refused: says so, and keeps the core only where another name may help.
    pub(super) fn join_failed(&mut self, error: &allod_wire::error::ErrorBody) {
        if std::mem::take(&mut self.restoring) {
            self.core = None;
            self.ui.joining.set(Joining::Problem(join::restore_problem(error)));
            return post(Input::Command(Command::ForgetRestore));
        }
        self.ui.joining.set(Joining::Problem(join::problem(error)));
        if self.link.is_none() {
            self.core = None;
            match page::link_in_address() {
                Some(link) => post(Input::Command(Command::UseLink(link))),
                None => self.ui.phase.set(Phase::Uninvited),
            }
        }
    }

    /// From now on there is an account: shows the panes, and connects.
    pub(super) fn joined(&mut self) {
        let Some(core) = &self.core else { return };
        let server = core.server().to_owned();
        self.show_account();
        self.ui.histories.set(core.histories());
        self.ui.phase.set(Phase::Ready);
        self.list_changed = true;
        self.greet();
        self.account_socket = Some(Socket::new(Plane::Account, &server));
        self.log_socket = Some(Socket::new(Plane::Log, &server));
        self.hurry();
        let ui = self.ui;
        wasm_bindgen_futures::spawn_local(async move { ui.storage_is_safe.set(page::keep_storage().await) });
    }

    /// Says to a device that was restored whose it is again, and what is to be done.
    fn greet(&mut self) {
        if self.link.take().is_some() {
            page::clear_address();
        }
        if std::mem::take(&mut self.restoring) {
            let address = self.ui.me.get_untracked().map(|me| me.address.to_string()).unwrap_or_default();
            self.ui.tell(NoticeText::About(|words| words.keeping.restored, address), false);
        }
    }

    /// Shows a conversation with the end of its history.
    pub(super) async fn open(&mut self, log: LogId) -> Result<(), Stop> {
        if self.ui.open.get_untracked() != Some(log) {
            self.keep_drafts().await?;
            self.take_up_draft(Place::conversation(log)).await?;
            let page = self.vault.history(log, None, PAGE_LINES).await?;
            let lines = self.read_lines(&page.rows).await?;
            let Some(core) = &self.core else { return Ok(()) };
            self.marked = Position(0);
            if self.ui.thread.with_untracked(Option::is_some) {
                self.ui.thread.set(None);
                self.ui.details.set(false);
            }
            self.files.forget_shown(self.ui);
            self.ui.unread_from.set(core.first_unread(log).map(|position| position.0));
            self.ui.lines.set(lines);
            self.ui.earlier.set(page.more);
            self.ui.later.set(false);
            self.ui.waiting.set(self.ui.lines.with_untracked(|lines| quoted(core.outbox(log), lines)));
            self.ui.readers.set(core.readers(log));
            self.ui.open.set(Some(log));
            self.show_receipts();
        }
        self.ui.pane.set(Pane::Conversation);
        Ok(())
    }

    /// Connects at once.
    pub(super) fn hurry(&mut self) {
        for socket in [&mut self.account_socket, &mut self.log_socket].into_iter().flatten() {
            socket.hurry();
        }
    }

    pub(super) fn with_core(&mut self, act: impl FnOnce(&mut ClientCore) -> Vec<Effect>) -> Vec<Effect> {
        self.core.as_mut().map(act).unwrap_or_default()
    }

    fn set_timer(&mut self) {
        let wanted = self.core.as_ref().and_then(ClientCore::poll_timeout);
        if wanted == self.timer.0 {
            return;
        }
        self.timer = (wanted, self.timer.1 + 1);
        if let (Some(time), number) = self.timer {
            clock::at(time, move || post(Input::Timeout(number)));
        }
    }

    fn socket(&mut self, plane: Plane) -> Option<&mut Socket> {
        match plane {
            Plane::Account => self.account_socket.as_mut(),
            Plane::Log => self.log_socket.as_mut(),
            Plane::Open => None,
        }
    }

    fn is_current(&mut self, plane: Plane, attempt: u64) -> bool {
        self.socket(plane).is_some_and(|socket| socket.is_current(attempt))
    }
}
