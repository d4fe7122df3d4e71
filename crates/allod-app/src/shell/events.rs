//! What the user asks becomes a verb of the core; what the core tells becomes what the interface shows.

use allod_client_core::history::HistoryStep;
use allod_client_core::ledger::LedgerFault;
use allod_client_core::view::MessageBody;
use allod_client_core::{AddFailure, ClientCore, CoreError, Effect, Event, Sent, Verb, With};
use allod_wire::DeviceId;
use allod_wire::account::AccountRole;
use allod_wire::error::{ErrorBody, ErrorCode};
use leptos::prelude::{GetUntracked, Set, Update};
use rand_core::OsRng;

use super::actor::Actor;
use super::lines::quoted;
use super::{Command, Input, Stop, clock, join, page, post};
use crate::draft::Place;
use crate::state::{Connection, MadeLink, NoticeText, Pane, Side};
use crate::strings::Text;
use crate::window;

/// An invitation for a person is good for so many days.
const INVITE_DAYS: u32 = 7;

type Done = Result<Vec<Effect>, CoreError>;

impl Actor {
    /// Does what the user asks.
    pub(super) async fn command(&mut self, command: Command) -> Result<Vec<Effect>, Stop> {
        match command {
            Command::UseLink(link) => self.use_link(link).await,
            Command::Join(name) => return Ok(self.join(&name)),
            Command::Open(log) => self.open(log).await?,
            Command::Search(text) => self.search(text).await?,
            Command::IndexHistory => self.index_history().await?,
            Command::Jump(log, position) => self.jump(log, position).await?,
            Command::OpenThread(log, root) => self.open_thread(log, root).await?,
            Command::LoadEarlier(first) => self.load_earlier(first).await?,
            Command::LoadLater(last) => self.load_later(last).await?,
            Command::LoadEnd => self.load_end().await?,
            Command::KeepDrafts => self.keep_drafts().await?,
            Command::Reconnect => self.hurry(),
            Command::PauseTransfer(number) => self.pause_transfer(number),
            Command::CancelTransfer(number) => return Ok(self.cancel_transfer(number)),
            Command::Start(new) => return self.start_conversation(new).await,
            Command::Forward(message, to) if matches!(message.body, MessageBody::File { .. }) => {
                self.forward_file(&message, to);
            }
            Command::SendFiles(log, files) => return self.send_files(log, files).await,
            Command::Download(log, entry, file) => self.download(log, entry, &file, false),
            Command::ShowSafety(person) => self.show_safety(&person),
            Command::Show(log, entry, file) => self.download(log, entry, &file, true),
            Command::BeginBackup => self.begin_backup(),
            Command::MakeBackup => return Ok(self.make_backup()),
            Command::WriteBackup(link) => self.make_backup_key(link),
            Command::Export { files } => self.begin_export(files),
            Command::CancelExport => self.cancel_export(),
            Command::ExportStep => self.export_step().await?,
            Command::PutOffBackup => {
                self.ui.backup_is_due.set(false);
                return Ok(self.with_core(|core| core.put_off_backup(clock::now())));
            }
            Command::Restore(file, words) => return self.restore(&file, &words).await,
            Command::ForgetRestore => self.vault.clear().await?,
            // At every stroke: nothing of what is shown here changes by it.
            Command::Typing(log, types) => {
                return Ok(self.with_core(|core| core.typing(log, types, clock::now(), &mut OsRng)));
            }
            Command::ReadersSeen(log) => {
                self.list_changed = true;
                return Ok(self.with_core(|core| core.readers_seen(log)));
            }
            other => {
                self.list_changed = true;
                self.open_changed = true;
                return Ok(self.verb(|core| change(core, other)));
            }
        }
        Ok(Vec::new())
    }

    /// Does something that the core may refuse, and then says why.
    pub(super) fn verb(&mut self, act: impl FnOnce(&mut ClientCore) -> Done) -> Vec<Effect> {
        match self.core.as_mut().map(act) {
            Some(Ok(effects)) => effects,
            Some(Err(CoreError::NothingToDo)) | None => Vec::new(),
            Some(Err(error)) => {
                self.ui.tell(NoticeText::Plain(refusal(error)), error == CoreError::Forked);
                Vec::new()
            }
        }
    }

    async fn start_conversation(&mut self, new: allod_client_core::New) -> Result<Vec<Effect>, Stop> {
        let Some(core) = &mut self.core else { return Ok(Vec::new()) };
        match core.start_conversation(new, clock::now(), &mut OsRng) {
            Ok((log, effects)) => {
                self.list_changed = true;
                self.carry_out(effects).await?;
                self.open(log).await?;
                self.ui.side.set(Side::Conversations);
            }
            Err(error) => self.ui.tell(NoticeText::Plain(refusal(error)), false),
        }
        Ok(Vec::new())
    }

    /// Shows the number of the user and that person; nothing if there is none.
    pub(super) fn show_safety(&self, person: &allod_wire::Address) {
        self.ui.safety.set(self.core.as_ref().and_then(|core| core.safety_number(person).ok()));
    }

    /// Shows what the core tells.
    pub(super) fn note(&mut self, event: Event) {
        let ui = self.ui;
        let open = ui.open.get_untracked();
        match event {
            Event::Joined => self.joined(),
            Event::JoinFailed(error) => self.join_failed(&error),
            Event::ConversationChanged(log) | Event::ReadersChanged { log, .. } => {
                self.list_changed = true;
                self.open_changed |= open == Some(log);
                self.start_next_upload();
            }
            Event::ReceiptsChanged(log) => self.open_changed |= open == Some(log),
            Event::ConversationGone(log) => {
                self.list_changed = true;
                self.drop_uploads(log);
                if open == Some(log) {
                    ui.open.set(None);
                    ui.details.set(false);
                    ui.pane.set(Pane::List);
                }
            }
            Event::Message(view) => {
                self.list_changed = true;
                self.open_changed |= open == Some(view.log);
                if open == Some(view.log) {
                    // Once more with what it answers, and what acted on it before it came.
                    self.changed.extend(view.message_id.map(|id| (view.log, id)));
                    let later = ui.later.get_untracked();
                    let beyond = ui.lines.try_update(|lines| {
                        let [line] = quoted([*view], lines);
                        window::take_in(lines, line, later)
                    });
                    if beyond == Some(true) {
                        ui.later.set(true);
                    }
                }
            }
            Event::MessageChanged { log, message_id } => {
                self.list_changed = true;
                self.changed.push((log, message_id));
            }
            Event::Outbox { .. } => self.list_changed = true,
            Event::IdentityChanged { person, verified } => {
                self.open_changed = true;
                let text: crate::state::About =
                    if verified { |words| words.safety.changed_verified } else { |words| words.safety.changed };
                ui.tell(NoticeText::About(text, ui.name_of(&person)), true);
            }
            Event::ForkDetected(_) => {
                self.list_changed = true;
                ui.tell(NoticeText::Plain(|words| words.state_forked), true);
            }
            Event::HubMisbehaved { what, .. } => {
                ui.tell(NoticeText::About(|words| words.hub_misbehaved, what.to_owned()), true);
            }
            Event::LedgerChanged { fault } => {
                self.show_account();
                if fault.is_some_and(LedgerFault::is_evidence) {
                    ui.tell(NoticeText::Plain(|words| words.public_record.accused), true);
                }
            }
            Event::CouldNotAdd { person, why, .. } => {
                let text: crate::state::About = match why {
                    AddFailure::Refused(error) if error.code == ErrorCode::ContactRefused => {
                        |words| words.could_not_add_contact
                    }
                    AddFailure::Refused(_) => |words| words.could_not_add,
                    AddFailure::IdentityChanged => |words| words.safety.changed,
                    AddFailure::NoDevice => |words| words.could_not_add_device,
                    AddFailure::NotInRecord => |words| words.public_record.not_added,
                    AddFailure::RecordNotChecked => |words| words.public_record.not_checked_not_added,
                };
                ui.tell(NoticeText::About(text, ui.name_of(&person)), false);
            }
            Event::ChangeDropped { .. } => ui.tell(NoticeText::Plain(|words| words.change_dropped), false),
            Event::People(people) => ui.people.set(Some(people)),
            Event::InviteCreated { link } => ui.link.set(Some(MadeLink::Invitation(link))),
            Event::RecoveryLink { link } => post(Input::Command(Command::WriteBackup(link))),
            Event::DeviceLink { link } => ui.link.set(Some(MadeLink::Device(link))),
            Event::History { device, step } => self.note_history(device, step),
            // The web app makes no acts: who made one has `allod admin`.
            Event::AccountChanged | Event::ActAppended { .. } => self.show_account(),
            Event::Refused { verb, error } => self.refused(verb, &error),
        }
    }

    /// The history goes from one own device to another.
    fn note_history(&mut self, device: DeviceId, step: HistoryStep) {
        self.ui.histories.set(self.core.as_ref().map(ClientCore::histories).unwrap_or_default());
        match step {
            HistoryStep::Sending { .. } | HistoryStep::Asked | HistoryStep::Coming { .. } => {}
            HistoryStep::Sent => self.ui.tell(NoticeText::Plain(|words| words.history_sent), false),
            HistoryStep::Here { lines } => {
                self.history_came = true;
                self.list_changed = true;
                if lines > 0 {
                    self.ui.tell(NoticeText::Plain(|words| words.history_here), false);
                }
            }
            HistoryStep::Failed => self.ui.tell(NoticeText::Plain(|words| words.history_failed), false),
            HistoryStep::Refused => {
                page::report(&format!("a history refused: {device}"));
                self.ui.tell(NoticeText::Plain(|words| words.history_refused), true);
            }
        }
    }

    /// Shows who the user is, with which devices, and when the last backup was made.
    pub(super) fn show_account(&self) {
        let Some(core) = &self.core else { return };
        self.ui.me.set(core.me_view());
        self.ui.new_devices.set(core.new_devices());
        self.ui.last_backup.set(core.last_backup());
        self.ui.ledger.set(core.ledger(clock::now()));
    }

    fn refused(&mut self, verb: Verb, error: &ErrorBody) {
        page::report(&format!("refused: {verb:?}, {}", error.code));
        if (verb, error.code) == (Verb::Session, ErrorCode::BadSignature) {
            return self.ui.connection.set(Connection::Removed);
        }
        if verb == Verb::DeviceLink && self.phrase.is_some() {
            self.backup_failed(join::problem(error));
        }
        let text = match error.code {
            ErrorCode::TooMany => NoticeText::Plain(|words| words.refused_too_many),
            ErrorCode::NotAllowed => NoticeText::Plain(|words| words.refused_not_allowed),
            ErrorCode::Full => NoticeText::Plain(|words| words.refused_full),
            ErrorCode::ClockSkew => NoticeText::Plain(|words| words.refused_clock),
            ErrorCode::Unavailable | ErrorCode::Internal => NoticeText::Plain(|words| words.offline),
            _ => NoticeText::About(|words| words.refused, error.code.as_str().to_owned()),
        };
        self.ui.tell(text, false);
    }
}

/// The verbs that change something and bring nothing back at once.
fn change(core: &mut ClientCore, command: Command) -> Done {
    let (now, rng) = (clock::now(), &mut OsRng);
    match command {
        Command::SendText(log, text, with) => sent(core.send_text(log, &text, with, now, rng)),
        Command::React(log, message, text) => sent(core.react(log, message, &text, now, rng)),
        Command::TakeBack { log, message, own } => sent(core.take_back(log, message, own, now, rng)),
        Command::Edit(message, text) => sent(core.edit(&message, &text, now, rng)),
        Command::SendPoll(Place { log, thread }, poll) => {
            sent(core.send_poll(log, &poll, With { thread, ..With::default() }, now, rng))
        }
        Command::Vote(poll, options) => sent(core.vote(&poll, &options, now, rng)),
        Command::EndPoll(poll) => sent(core.end_poll(&poll, now, rng)),
        Command::Acknowledge(message) => sent(core.acknowledge(&message, now, rng)),
        Command::Forward(message, to) => sent(core.forward(&message, to, now, rng)),
        Command::Delete(message) => sent(core.delete_for_everyone(&message, now, rng)),
        Command::Discard(log, id) => Ok(core.discard(log, id)),
        Command::AskPeople => core.ask_people(),
        Command::Add(log, people) => core.add_people(log, people, now, rng),
        Command::Remove(log, person) => core.remove_person(log, &person, now, rng),
        Command::SetRole(log, person, role) => core.set_role(log, &person, role, now, rng),
        Command::SetMembersAdd(log, allowed) => core.set_members_add(log, allowed, now, rng),
        Command::Leave(log) => core.leave(log, now, rng),
        Command::Rename(log, title) => core.rename(log, &title, now, rng),
        Command::ResolveFork(log, choice) => core.resolve_fork(log, choice, now, rng),
        Command::ConfirmSafety(person, number) => core.confirm_safety(&person, &number, now),
        Command::UndoSafety(person) => core.undo_safety(&person),
        Command::Pin(log, pinned) => core.set_pinned(log, pinned),
        Command::Mute(log, until) => core.set_muted(log, until),
        Command::Archive(log, archived) => core.set_archived(log, archived),
        Command::SetReceipts(told) => Ok(core.set_receipts(told)),
        Command::SetTyping(told) => Ok(core.set_typing(told)),
        Command::Forget(log) => core.forget_conversation(log),
        Command::Invite { name, administrator } => {
            let name = match name.map(|name| name.parse()).transpose() {
                Ok(name) => name,
                Err(_) => return Err(CoreError::NameMissing),
            };
            let role = if administrator { AccountRole::Administrator } else { AccountRole::Member };
            core.invite_person(name, role, 1, INVITE_DAYS)
        }
        Command::NewDeviceLink => core.new_device_link(),
        Command::DeviceKnown(device) => Ok(core.device_known(device)),
        Command::RemoveDevice(device) => core.remove_device(device),
        // The others are not for the core, or bring something back.
        _ => Err(CoreError::NothingToDo),
    }
}

fn sent(sent: Sent) -> Done {
    sent.map(|(_, effects)| effects)
}

fn refusal(error: CoreError) -> Text {
    match error {
        CoreError::NotAPoll => |words| words.talk.poll_wrong,
        CoreError::NotAReaction => |words| words.talk.reaction_wrong,
        CoreError::Leaving => |words| words.core_leaving,
        CoreError::NotAllowed => |words| words.core_not_allowed,
        CoreError::Forked => |words| words.core_forked,
        CoreError::TooLong => |words| words.core_too_long,
        CoreError::IdentityChanged => |words| words.core_identity,
        CoreError::OtherNumber => |words| words.safety.given_other,
        CoreError::FileTooLarge => |words| words.file_too_large,
        CoreError::NotAMember | CoreError::UnknownConversation => |words| words.core_not_member,
        CoreError::NameMissing => |words| words.name_wrong,
        _ => |words| words.core_bug,
    }
}
