//! The shell: drives the client core in the browser. One actor, one input at a time, effects strictly in order.
//!
//! Invariants:
//! - nothing of an operation leaves the page before what it persists is on disk;
//! - the core is touched by the actor alone; requests, transfers and timers only post inputs to it;
//! - when the storage fails, the actor stops: it shows that, and does nothing more.

mod actor;
mod backup;
mod clock;
mod command;
mod drafts;
mod events;
mod export;
mod fetch;
mod files;
mod idb;
mod join;
mod js;
mod kept;
mod lines;
mod lock;
mod page;
pub(crate) mod pictures;
pub(crate) mod record;
mod restore;
mod scan;
mod seal;
mod search;
mod socket;
pub mod stretch;
mod threads;
mod vault;
mod window;

use std::cell::RefCell;

use allod_client_core::{Plane, RequestId};
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use leptos::prelude::Set;

pub(crate) use clock::now;
pub use command::{Command, ToSend};
pub use page::{Theme, choose_language, choose_theme, chosen_language, chosen_theme, copy, reload, take_update};
pub use pictures::Drawn;
pub use scan::{can_scan, scan};

use crate::state::{Fault, Phase, Ui};
use backup::BackupInput;
use fetch::Answer;
use files::FileInput;

/// What the actor is told.
pub(crate) enum Input {
    /// The user wants something.
    Command(Command),
    /// A request was answered, or was not.
    Answered(RequestId, Option<Answer>),
    /// Rows that the core asked for.
    Rows(RequestId, Vec<vault::Row>),
    /// A socket's attempt has succeeded.
    SocketOpened(Plane, u64),
    /// A socket said something.
    Frame(Plane, u64, Vec<u8>),
    /// A socket's attempt is over.
    SocketClosed(Plane, u64),
    /// It is time to connect again.
    Reconnect(Plane),
    /// The browser says that the network is back.
    NetworkBack,
    /// The page is shown again, or hidden.
    VisibilityChanged,
    /// A time that the core named has come.
    Timeout(u64),
    /// A backup goes on.
    Backup(BackupInput),
    /// A transfer goes on.
    File(FileInput),
    /// A file for the export with this number came, in parts, or did not.
    Exported(u64, Option<js_sys::Array>),
}

thread_local! {
    /// The page has one actor, and this leads to it.
    static ACTOR: RefCell<Option<UnboundedSender<Input>>> = const { RefCell::new(None) };
}

/// Asks the actor for something.
pub fn ask(command: Command) {
    post(Input::Command(command));
}

/// Tells the actor something.
pub(crate) fn post(input: Input) {
    ACTOR.with_borrow(|actor| {
        if let Some(actor) = actor {
            // Closed only once the actor has stopped, and then nobody waits for it.
            drop(actor.unbounded_send(input));
        }
    });
}

/// Starts everything behind the interface.
pub fn start(ui: Ui) {
    let (sender, inputs) = unbounded();
    ACTOR.set(Some(sender));
    page::listen(ui);
    wasm_bindgen_futures::spawn_local(run(ui, inputs));
}

async fn run(ui: Ui, inputs: UnboundedReceiver<Input>) {
    if !lock::take().await {
        ui.phase.set(Phase::Elsewhere);
        lock::wait().await;
        page::reload();
        return;
    }
    let fault = match vault::Vault::open().await {
        Ok(vault) => actor::Actor::new(ui, vault).run(inputs).await,
        Err(error) => Stop::from(error),
    };
    page::report(&fault.to_string());
    ui.phase.set(Phase::Broken(fault.shown()));
}

/// Why the actor stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] idb::StorageError),
    /// What is stored cannot be read.
    #[error("what is stored cannot be read: {0}")]
    Restore(#[from] allod_client_core::RestoreError),
    /// The page goes away.
    #[error("the page is closed")]
    Closed,
}

impl Stop {
    fn shown(&self) -> Fault {
        match self {
            Self::Storage(_) => Fault::Storage,
            Self::Restore(_) | Self::Closed => Fault::Bug,
        }
    }
}
