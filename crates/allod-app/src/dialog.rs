//! What stands over the window until it is closed: one dialog at a time.

use allod_client_core::view::MessageView;
use allod_wire::LogId;

use crate::draft::Place;
use crate::gesture::Point;

/// A dialog: about a conversation, or a message of the open one.
#[derive(Debug, Clone, PartialEq)]
pub enum Dialog {
    /// What one can do with a conversation.
    Conversation(LogId),
    /// What one can do to it.
    Menu(Box<MessageView>),
    /// More reactions than the menu shows.
    Reactions(Box<MessageView>),
    /// When it was sent, and what it said before.
    Details(Box<MessageView>),
    /// Where it is to be forwarded.
    Forward(Box<MessageView>),
    /// What can be added to the next message there.
    Plus(Place),
    /// A poll that is made there.
    Poll(Place),
    /// Whether it is to be deleted for everyone.
    Delete(Box<MessageView>),
}

/// A dialog, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Which.
    pub dialog: Dialog,
    /// A desk shows it here, and else in the middle; a phone always at its lower edge.
    pub at: Option<Point>,
}
