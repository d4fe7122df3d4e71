//! Starting a conversation. Spec: rules C-1, C-2, L-1.
//!
//! It is there at once, with ourselves as its only member; claiming, creating the log and adding the others are steps of its first job.

use allod_crypto::token::{LogSecret, TokenSecret};
use allod_crypto::{Random, random_bytes};
use allod_mls::Group;
use allod_wire::{Address, Commits, LogId, UnixMillis};

use crate::account::Seed;
use crate::conversation::{Conversation, ConversationRow, Standing};
use crate::core::ClientCore;
use crate::effect::{Effect, Event};
use crate::error::CoreError;
use crate::intent::Intent;
use crate::roster::Arrival;
use crate::state::{GroupState, Kind, Role, STATE_VERSION, TITLE_BYTES_MAX};

/// What to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum New {
    /// With one person. If there is such a conversation already, it is that one.
    Pair(Address),
    /// With any number, none included.
    Group {
        /// What to call it.
        title: String,
        /// Who else.
        people: Vec<Address>,
    },
}

impl ClientCore {
    /// Starts a conversation, or finds the pair that is there already.
    ///
    /// # Errors
    /// [`CoreError`].
    pub fn start_conversation(
        &mut self,
        new: New,
        now: UnixMillis,
        rng: &mut dyn Random,
    ) -> Result<(LogId, Vec<Effect>), CoreError> {
        let me = self.me().ok_or(CoreError::NotJoined)?;
        let (kind, title, people) = match new {
            New::Pair(person) => {
                if let Some(log) = self.pair_with(&person) {
                    return Ok((log, Vec::new()));
                }
                (Kind::Pair, String::new(), vec![person])
            }
            New::Group { title, people } => (Kind::Group, title, people),
        };
        let mut people: Vec<Address> = people.into_iter().filter(|person| *person != me).collect();
        people.sort();
        people.dedup();
        if title.len() > TITLE_BYTES_MAX {
            return Err(CoreError::TooLong);
        }
        if kind == Kind::Pair && people.is_empty() {
            return Err(CoreError::UnknownPerson);
        }
        for person in &people {
            self.check_domain(person)?;
            if self.contacts.has_changed(person) {
                return Err(CoreError::IdentityChanged);
            }
        }
        let mut owners = vec![me.clone()];
        if kind == Kind::Pair {
            owners.extend(people.iter().cloned());
        }
        let secret = LogSecret::random(rng);
        let state = GroupState {
            version: STATE_VERSION,
            kind,
            title,
            hub: me.domain.clone(),
            log_secret: secret.to_wire(),
            roles: owners.into_iter().map(|owner| (owner, Role::Owner)).collect(),
            members_add: false,
        };
        let log = self.create_group(&state, now, rng)?;
        if let Some(conversation) = self.conversations.get_mut(&log).filter(|_| !people.is_empty()) {
            conversation.row.intents.push(Intent::Add { people, founding: true });
        }
        self.event(Event::ConversationChanged(log));
        self.advance(log, now, rng);
        self.pump_stock(now);
        Ok((log, self.done()))
    }

    fn create_group(&mut self, state: &GroupState, now: UnixMillis, rng: &mut dyn Random) -> Result<LogId, CoreError> {
        let log = LogId(random_bytes(rng));
        let token = TokenSecret::random(rng);
        let (me, own_device) = (self.me().ok_or(CoreError::NotJoined)?, self.my_device());
        let suite = self.account.suite();
        let device = self.device.as_ref().ok_or(CoreError::NotJoined)?;
        let group = Group::create(&mut self.store, device, suite, log, token.public(), state.encode());
        let group = group.map_err(|_| CoreError::Bug("a group cannot be made"))?;
        let row = ConversationRow {
            commits: Some(Commits(0)),
            ..ConversationRow::new(log, Standing::Creating, Seed(*token.to_bytes()), now)
        };
        self.ledger.people.changed = true;
        let mut conversation = Conversation::new(row, group);
        conversation.roster.devices.insert(own_device, Arrival { since: Some(now), added_by: Some(me) });
        self.conversations.insert(log, conversation);
        Ok(log)
    }

    /// The conversation of two with this person that we are in.
    pub(crate) fn pair_with(&mut self, person: &Address) -> Option<LogId> {
        let is_it = |conversation: &mut Conversation| {
            conversation.is_member()
                && conversation
                    .membership()
                    .is_some_and(|here| here.state.kind == Kind::Pair && here.state.roles.contains_key(person))
        };
        let me = self.me()?;
        if *person == me {
            return None;
        }
        self.conversations.iter_mut().find_map(|(log, conversation)| is_it(conversation).then_some(*log))
    }
}
