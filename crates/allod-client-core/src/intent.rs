//! What the user (or the client for its user) wants changed in a conversation, until it is so. Spec: rules C-5 to C-8.
//!
//! An intent names people and devices, never leaves: it is planned anew against the group of the moment, however often a
//! commit is lost to somebody faster.

use allod_wire::inbox::InboxMessage;
use allod_wire::{Address, DeviceId};
use minicbor::{Decode, Encode};

use crate::effect::Verb;
use crate::state::Role;

/// A change that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Intent {
    /// These people in, with all their devices, and our own other devices.
    #[n(0)]
    Add {
        #[n(0)]
        people: Vec<Address>,
        /// The first members: if nobody can be added to a pair, the conversation is undone.
        #[n(1)]
        founding: bool,
    },
    /// These own devices in.
    #[n(1)]
    AddOwnDevices(#[n(0)] Vec<DeviceId>),
    /// A person out, with all devices.
    #[n(2)]
    RemovePerson(#[n(0)] Address),
    /// Devices of one person out: own ones, or such as asked to leave.
    #[n(3)]
    RemoveDevices(#[n(0)] Vec<DeviceId>),
    /// Another title.
    #[n(4)]
    Rename(#[n(0)] String),
    /// Another role for somebody.
    #[n(5)]
    SetRole(#[n(0)] Address, #[n(1)] Role),
    /// Whether plain members add people.
    #[n(6)]
    SetMembersAdd(#[n(0)] bool),
    /// Out ourselves, with all our devices.
    #[n(7)]
    Leave,
    /// Grant what others asked for: pending wishes to leave, and repairs of tokens.
    #[n(8)]
    Tidy,
    /// A device that lost the thread in again (rule C-11).
    #[n(9)]
    Readd(#[n(0)] Box<InboxMessage>),
}

impl Intent {
    /// Which verb of the user this came from.
    pub(crate) fn verb(&self) -> Verb {
        match self {
            Self::Add { founding: true, .. } => Verb::Start,
            Self::Add { .. } => Verb::Add,
            Self::AddOwnDevices(_) | Self::Readd(_) => Verb::AddDevice,
            Self::RemovePerson(_) => Verb::Remove,
            Self::RemoveDevices(_) => Verb::RemoveDevice,
            Self::Rename(_) | Self::SetRole(..) | Self::SetMembersAdd(_) | Self::Tidy => Verb::Configure,
            Self::Leave => Verb::Leave,
        }
    }
}
