//! Time, and the turn of everything that waits.

use allod_crypto::Random;
use allod_wire::{LogId, UnixMillis};

use crate::conversation::Standing;
use crate::core::ClientCore;
use crate::effect::Effect;
use crate::pending::{AccountCall, Pending};

impl ClientCore {
    /// Takes up what was under way when the program ended. Once, after [`Self::restore`].
    pub fn start(&mut self, now: UnixMillis, rng: &mut dyn Random) -> Vec<Effect> {
        self.pump(now, rng);
        self.done()
    }

    /// When [`Self::handle_timeout`] is to be called, if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<UnixMillis> {
        let is_asking = self.is_pending(|pending| {
            matches!(
                pending,
                Pending::LookUp
                    | Pending::Join
                    | Pending::Renew
                    | Pending::Account(AccountCall::Account | AccountCall::Count | AccountCall::Upload(_))
            )
        });
        let stock = if is_asking { None } else { Some(self.stock.due()).filter(|_| self.is_joined()) };
        let joining = self.stock.retry_at.filter(|_| !is_asking && !self.is_joined());
        let invitations = self.invitations.values().filter_map(|invitation| invitation.retry_at);
        let conversations = self.conversations.values().flat_map(|conversation| {
            let live = &conversation.live;
            let rejoin = live.rejoin.due().filter(|_| conversation.row.standing == Standing::Rejoining);
            // Nothing is asked before either of the two.
            let rejoin = rejoin.map(|due| due.max(live.retry_at.unwrap_or(due)));
            let duty = live.duty_at.filter(|_| conversation.can_append());
            let passed = live.passed_due.filter(|_| live.subscribed);
            let receipt = live.receipt_at.filter(|_| conversation.can_append());
            [live.retry_at, rejoin, duty, passed, receipt, live.typing.due()]
        });
        stock
            .into_iter()
            .chain(self.histories_due())
            .chain(self.news_due())
            .chain(self.looks_due().filter(|_| self.ledger.can_look_up()))
            .chain(joining)
            .chain(invitations)
            .chain(conversations.flatten())
            .min()
    }

    /// The time that [`Self::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: UnixMillis, rng: &mut dyn Random) -> Vec<Effect> {
        for invitation in self.invitations.values_mut() {
            invitation.retry_at = invitation.retry_at.filter(|at| *at > now);
        }
        self.end_typing(now);
        self.pump(now, rng);
        self.say_passed(now);
        self.done()
    }

    pub(crate) fn pump(&mut self, now: UnixMillis, rng: &mut dyn Random) {
        let invited: Vec<LogId> = self.invitations.keys().copied().collect();
        for log in invited {
            self.advance_invitation(log, now);
        }
        let logs: Vec<LogId> = self.conversations.keys().copied().collect();
        for log in logs {
            self.advance(log, now, rng);
        }
        self.advance_histories(now, rng);
        self.pump_stock(now);
        self.ask_news(now);
        self.look_people_up(now);
        self.ask_own_history(now);
    }

    /// The inbox and every log have been read to their ends since the sockets opened.
    pub fn is_synced(&self) -> bool {
        // Where the server was caught, nothing is read before the user decides.
        let is_read = |conversation: &&crate::conversation::Conversation| {
            conversation.row.standing == Standing::Active && !conversation.row.forked
        };
        let read = self.conversations.values().filter(is_read);
        self.is_joined()
            && self.inbox_read
            && self.invitations.is_empty()
            && read.into_iter().all(|conversation| conversation.live.caught_up)
    }

    /// Nothing waits for the server: everything is sent, changed and delivered that the user asked for. What waits for
    /// somebody else (a wish to leave that others grant, an answer after a long absence) does not count.
    pub fn is_quiet(&self) -> bool {
        let is_idle = |conversation: &crate::conversation::Conversation| {
            let waits = conversation.outbox.values().any(|outgoing| !outgoing.failed);
            conversation.job.is_none() && conversation.row.intents.is_empty() && !waits
        };
        let at_rest = self.conversations.values().all(|conversation| {
            is_idle(conversation)
                || conversation.row.forked
                || matches!(conversation.row.standing, Standing::Removed | Standing::Left | Standing::Rejoining)
        });
        self.is_synced() && self.requests.is_empty() && self.stock.waiting.is_empty() && at_rest
    }

    /// Whether something is left to do in a conversation that nobody asked for, now or after a while: own devices in or out, wishes
    /// to leave, repairs (rules C-7, C-14); or a history to be sent or asked for. A device that is quiet may have duties still; another
    /// device may do them first.
    pub fn has_duties(&self) -> bool {
        let active = self.conversations.values().filter(|conversation| conversation.row.standing == Standing::Active);
        active.into_iter().any(|conversation| conversation.live.duty_at.is_some()) || self.histories_due().is_some()
    }
}
