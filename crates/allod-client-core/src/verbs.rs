//! What the user does with a conversation. Each verb is refused at once if the role does not allow it, and else becomes an
//! intent or an outgoing message, which survives anything.

use std::sync::Arc;

use allod_crypto::{Random, random_bytes};
use allod_wire::mimi::MimiContent;
use allod_wire::{Address, EntryId, LogId, UnixMillis, cbor};

use crate::conversation::{Membership, Standing};
use crate::core::ClientCore;
use crate::effect::{Effect, Event};
use crate::error::CoreError;
use crate::intent::Intent;
use crate::message::{CONTENT_BYTES_MAX, stamped};
use crate::outbox::Outgoing;
use crate::roles::Actor;
use crate::rows;
use crate::state::{Kind, Role, TITLE_BYTES_MAX};
use crate::view::Status;

/// What to do about a server that was caught (rule C-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForkChoice {
    /// Go on with what the server shows us.
    GoOn,
    /// Have nothing more to do with this conversation.
    Leave,
}

impl ClientCore {
    /// Sends any content.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn send_content(
        &mut self,
        log: LogId,
        content: MimiContent,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<(EntryId, Vec<Effect>), CoreError> {
        let conversation = self.member_of(log)?;
        if conversation.row.forked {
            return Err(CoreError::Forked);
        }
        let content = cbor::to_vec(&stamped(content, now));
        if content.len() > CONTENT_BYTES_MAX {
            return Err(CoreError::TooLong);
        }
        let id = EntryId(random_bytes(rng));
        let content = content.into();
        let outgoing = Outgoing { id, time: now, content, sealed: None, failed: false, leaves: false, former: None };
        self.note_waiting(log, &outgoing.content);
        self.enqueue(log, outgoing);
        self.has_typed(log);
        self.event(Event::Outbox { log, id, status: Status::Sending });
        self.advance(log, now, rng);
        Ok((id, self.done()))
    }

    /// Takes a failed message out of the outbox.
    pub fn discard(&mut self, log: LogId, id: EntryId) -> Vec<Effect> {
        if let Some(conversation) = self.conversations.get_mut(&log) {
            let failed = conversation.outbox.iter().find(|(_, outgoing)| outgoing.failed && outgoing.id == id);
            if let Some(number) = failed.map(|(number, _)| *number) {
                conversation.outbox.remove(&number);
                self.writes.delete(rows::outgoing(log, number));
                self.event(Event::ConversationChanged(log));
            }
        }
        self.done()
    }

    /// Adds people, with all their devices.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn add_people(
        &mut self,
        log: LogId,
        people: Vec<Address>,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<Vec<Effect>, CoreError> {
        let (membership, role) = self.standing_in(log)?;
        let may = role >= Role::Admin || membership.state.members_add;
        if membership.state.kind == Kind::Pair || !may {
            return Err(CoreError::NotAllowed);
        }
        for person in &people {
            self.check_domain(person)?;
            if self.contacts.has_changed(person) {
                return Err(CoreError::IdentityChanged);
            }
        }
        let people: Vec<_> = people.into_iter().filter(|person| !membership.people.contains(person)).collect();
        if people.is_empty() {
            return Err(CoreError::NothingToDo);
        }
        self.intend(log, Intent::Add { people, founding: false }, now, rng)
    }

    /// Removes a person with all devices, from the log and from what is said next, in one commit.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn remove_person(
        &mut self,
        log: LogId,
        person: &Address,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<Vec<Effect>, CoreError> {
        let (membership, role) = self.standing_in(log)?;
        let me = self.me().ok_or(CoreError::NotJoined)?;
        if !membership.people.contains(person) {
            return Err(CoreError::UnknownPerson);
        }
        if *person == me {
            return self.leave(log, now, rng);
        }
        let actor = Actor { address: &me, role };
        let allowed = actor.may_remove(&membership.state, &membership.people, person);
        if membership.state.kind == Kind::Pair || allowed.is_err() {
            return Err(CoreError::NotAllowed);
        }
        self.intend(log, Intent::RemovePerson(person.clone()), now, rng)
    }

    /// Leaves with all own devices.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn leave(&mut self, log: LogId, now: UnixMillis, rng: &mut dyn Random) -> Result<Vec<Effect>, CoreError> {
        let conversation = self.member_of(log)?;
        match conversation.row.standing {
            Standing::Creating => self.forget(log),
            Standing::Rejoining => self.left(log),
            _ => return self.intend(log, Intent::Leave, now, rng),
        }
        Ok(self.done())
    }

    /// Changes the title of a group.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn rename(
        &mut self,
        log: LogId,
        title: &str,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<Vec<Effect>, CoreError> {
        let (membership, role) = self.standing_in(log)?;
        if membership.state.kind == Kind::Pair || role < Role::Admin {
            return Err(CoreError::NotAllowed);
        }
        if title.len() > TITLE_BYTES_MAX {
            return Err(CoreError::TooLong);
        }
        self.intend(log, Intent::Rename(title.to_owned()), now, rng)
    }

    /// Changes somebody's role in a group.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn set_role(
        &mut self,
        log: LogId,
        person: &Address,
        to: Role,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<Vec<Effect>, CoreError> {
        let (membership, role) = self.standing_in(log)?;
        if membership.state.kind == Kind::Pair || role < Role::Owner {
            return Err(CoreError::NotAllowed);
        }
        if !membership.people.contains(person) {
            return Err(CoreError::UnknownPerson);
        }
        let owns = |address: &Address| membership.state.roles.get(address) == Some(&Role::Owner);
        let others_own = membership.people.iter().any(|other| other != person && owns(other));
        if to != Role::Owner && owns(person) && !others_own {
            return Err(CoreError::NotAllowed); // C-5: somebody has to be owner.
        }
        self.intend(log, Intent::SetRole(person.clone(), to), now, rng)
    }

    /// Lets plain members add people, or not.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn set_members_add(
        &mut self,
        log: LogId,
        allowed: bool,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<Vec<Effect>, CoreError> {
        let (membership, role) = self.standing_in(log)?;
        if membership.state.kind == Kind::Pair || role < Role::Owner {
            return Err(CoreError::NotAllowed);
        }
        self.intend(log, Intent::SetMembersAdd(allowed), now, rng)
    }

    /// The user has seen who can read.
    pub fn readers_seen(&mut self, log: LogId) -> Vec<Effect> {
        let conversation = self.conversations.get_mut(&log).filter(|one| one.row.unseen_reader_change);
        if let Some(conversation) = conversation {
            conversation.row.unseen_reader_change = false;
            self.event(Event::ConversationChanged(log));
        }
        self.done()
    }

    /// The user's decision about a server that was caught (rule C-4).
    ///
    /// # Errors
    /// [`CoreError::NothingToDo`] if it was not.
    pub fn resolve_fork(
        &mut self,
        log: LogId,
        choice: ForkChoice,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<Vec<Effect>, CoreError> {
        let conversation = self.member_of(log)?;
        if !conversation.row.forked {
            return Err(CoreError::NothingToDo);
        }
        conversation.row.forked = false;
        match choice {
            ForkChoice::GoOn => {
                // What the server shows from here on is the log; what was known of its chain no longer counts.
                conversation.row.head = None;
                let old = std::mem::take(&mut conversation.heads);
                conversation.live.subscribed = false;
                conversation.live.caught_up = false;
                old.keys().for_each(|position| self.writes.delete(rows::head(log, *position)));
                self.event(Event::ConversationChanged(log));
                self.advance(log, now, rng);
            }
            ForkChoice::Leave => self.left(log),
        }
        Ok(self.done())
    }

    /// Forgets a conversation that we are no longer in. The shell deletes its history (`rows::history_prefix`).
    ///
    /// # Errors
    /// [`CoreError::NotAllowed`] if we are in it still.
    pub fn forget_conversation(&mut self, log: LogId) -> Result<Vec<Effect>, CoreError> {
        let conversation = self.conversations.get(&log).ok_or(CoreError::UnknownConversation)?;
        if conversation.is_member() {
            return Err(CoreError::NotAllowed);
        }
        self.forget(log);
        Ok(self.done())
    }

    /// Who is there, and our own role.
    fn standing_in(&mut self, log: LogId) -> Result<(Arc<Membership>, Role), CoreError> {
        let me = self.me().ok_or(CoreError::NotJoined)?;
        let conversation = self.member_of(log)?;
        if conversation.row.forked {
            return Err(CoreError::Forked);
        }
        let membership = conversation.membership().ok_or(CoreError::Bug("a conversation without a group"))?;
        let role = membership.role(&me);
        Ok((membership, role))
    }

    fn intend(
        &mut self,
        log: LogId,
        intent: Intent,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<Vec<Effect>, CoreError> {
        let conversation = self.member_of(log)?;
        if conversation.row.forked {
            return Err(CoreError::Forked);
        }
        if conversation.is_leaving() {
            return Err(CoreError::Leaving);
        }
        if !conversation.row.intents.contains(&intent) {
            conversation.row.intents.push(intent);
        }
        self.event(Event::ConversationChanged(log));
        self.advance(log, now, rng);
        self.pump_stock(now);
        Ok(self.done())
    }
}
